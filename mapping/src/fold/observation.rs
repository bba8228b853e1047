//! Observations, which patients, visits, orders, reports and immunizations own.

use std::fmt::Write as _;

use fhir::ResourceType;
use model::EntityId;

use crate::segment::RESULT_ORDER;

use super::{Builder, Draft, FoldContext, Parts, Said};

const KIND: ResourceType = ResourceType::Observation;

/// What an observation has from what it belongs to, as fragments.
#[derive(Clone, Copy)]
pub(super) struct Owner<'o> {
    /// Whose it is, whatever it says itself: a visit may have moved to another patient.
    pub(super) subject: Option<&'o str>,
    /// When it was made, if it does not say so itself.
    pub(super) effective: Option<&'o str>,
}

/// All observations of an entity. `effective`: when those were made that don't say it.
pub(super) fn all<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    effective: Option<&str>,
    ctx: &FoldContext<'_>,
) -> Vec<Draft<'f>> {
    let owner = Owner {
        subject: None,
        effective,
    };
    parts
        .of_kind(KIND.name())
        .map(|(name, said)| one(entity, name, said, owner, ctx))
        .collect()
}

/// One observation, of that name.
pub(super) fn one<'f>(
    entity: EntityId,
    name: &str,
    said: &[Said<'f>],
    owner: Owner<'_>,
    ctx: &FoldContext<'_>,
) -> Draft<'f> {
    let id = ctx.key.part(entity, &[KIND.name(), name]);
    let mut builder = Builder::new(KIND, id.into());
    if let Some(subject) = owner.subject {
        builder.add_computed(subject);
    }
    for said in said {
        if said.field != RESULT_ORDER {
            builder.add(*said);
        }
    }
    let has = |builder: &Builder<'_, '_>, prefix: &str| {
        builder
            .assembly
            .names()
            .any(|name| name.starts_with(prefix))
    };
    if !has(&builder, "status") {
        builder.add_computed(r#"{"status":"unknown"}"#);
    }
    if let Some(effective) = owner.effective.filter(|_| !has(&builder, "effective")) {
        builder.add_computed(effective);
    }
    // FHIR: a reason for the absence of a value stands only where none is (obs-6).
    if has(&builder, "value") || has(&builder, "component") {
        builder.remove("dataAbsentReason");
    }
    builder.finish()
}

/// A list of references to the observations that stand in an order, in that order; none if there are
/// none. It is made at once: twenty thousand results would take long one by one.
pub(super) fn references(
    entity: EntityId,
    element: &str,
    parts: &Parts<'_>,
    ctx: &FoldContext<'_>,
) -> Option<String> {
    let mut ordered: Vec<(u64, &str)> = parts
        .of_kind(KIND.name())
        .filter_map(|(name, said)| Some((place(said)?, name)))
        .collect();
    if ordered.is_empty() {
        return None;
    }
    ordered.sort_unstable();
    let mut list = format!("{{\"{element}\":[");
    for (at, (_, name)) in ordered.iter().enumerate() {
        let id = ctx.key.part(entity, &[KIND.name(), name]).0;
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(list, "{comma}{{\"reference\":\"{}/{id}\"}}", KIND.name());
    }
    list.push_str("]}");
    Some(list)
}

/// The place of an observation among its like.
fn place(said: &[Said<'_>]) -> Option<u64> {
    let said = said.iter().find(|said| said.field == RESULT_ORDER)?;
    said.fragment.element("at")?.parse().ok()
}
