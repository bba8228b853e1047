//! The facts of orders, reports and immunizations become resources.

use fhir::ResourceType;
use model::EntityId;

use crate::facts::Place;

use super::observation;
use super::patient::owned;
use super::{Builder, Draft, FoldContext, Parts, Said};

/// Fields that say where an order stands, the better one first.
const ORDER_STATUS: &[Place] = &[Place::new("ORC", 5), Place::new("ORC", 1)];

/// An order with what was observed for it.
pub(super) fn request<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    ctx: &FoldContext<'_>,
) -> Vec<Draft<'f>> {
    ordered(
        entity,
        ResourceType::ServiceRequest,
        "supportingInfo",
        parts,
        ctx,
    )
}

/// An order of a medication with what was observed for it.
pub(super) fn prescription<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    ctx: &FoldContext<'_>,
) -> Vec<Draft<'f>> {
    let kind = ResourceType::MedicationRequest;
    ordered(entity, kind, "supportingInformation", parts, ctx)
}

fn ordered<'f>(
    entity: EntityId,
    kind: ResourceType,
    element: &str,
    parts: &Parts<'f>,
    ctx: &FoldContext<'_>,
) -> Vec<Draft<'f>> {
    let observed = observation::references(entity, element, parts, ctx);
    let Some(mut builder) = begun(kind, entity, parts, ORDER_STATUS) else {
        return owned(entity, parts, ctx);
    };
    for (_, said) in parts.of_kind("event") {
        builder.add_all(said);
    }
    if let Some(observed) = &observed {
        builder.add_computed(observed);
    }
    // A timing says more than the date that was requested.
    if builder.assembly.has("occurrenceTiming") {
        builder.remove("occurrenceDateTime");
    }
    // FHIR: details are those of a code (prr-1).
    if builder.assembly.has("orderDetail") && !builder.assembly.has("code") {
        builder.add_computed(r#"{"code":{"text":"unknown"}}"#);
    }
    let mut drafts = vec![builder.finish()];
    drafts.extend(owned(entity, parts, ctx));
    drafts
}

/// A report with its results.
pub(super) fn report<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    ctx: &FoldContext<'_>,
) -> Vec<Draft<'f>> {
    let results = observation::references(entity, "result", parts, ctx);
    let Some(mut builder) = begun(ResourceType::DiagnosticReport, entity, parts, &[]) else {
        return owned(entity, parts, ctx);
    };
    if let Some(results) = &results {
        builder.add_computed(results);
    }
    // HL7 v2.5.1 ch. 7.4.2: an observation that names no time was made at that of OBR-7.
    let effective = ["effectiveDateTime", "effectivePeriod"]
        .iter()
        .find_map(|name| {
            let value = builder.assembly.get(name)?;
            Some(format!("{{\"{name}\":{value}}}"))
        });
    let mut drafts = vec![builder.finish()];
    drafts.extend(observation::all(entity, parts, effective.as_deref(), ctx));
    drafts
}

/// An immunization with what was observed of it.
pub(super) fn immunization<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    ctx: &FoldContext<'_>,
) -> Vec<Draft<'f>> {
    let Some(mut builder) = begun(ResourceType::Immunization, entity, parts, &[]) else {
        return owned(entity, parts, ctx);
    };
    let status = builder.assembly.get("status");
    let is_done = status.is_none_or(|status| status != "\"not-done\"");
    for (name, told) in parts.of_kind("told") {
        // Why somebody needs no vaccine is no reason of one that was given.
        if !(is_done && name == "reason") {
            builder.add_all(told);
        }
    }
    let mut drafts = vec![builder.finish()];
    drafts.extend(owned(entity, parts, ctx));
    drafts
}

/// A resource with what is said of it; none of what others only named. Of fields that say one and the
/// same element only the latest counts, of one message the first in the list.
fn begun<'f: 'c, 'c>(
    kind: ResourceType,
    entity: EntityId,
    parts: &Parts<'f>,
    alternatives: &[Place],
) -> Option<Builder<'f, 'c>> {
    let said = parts.itself();
    if said.is_empty() {
        return None;
    }
    let mut builder = Builder::new(kind, entity.into());
    let rank = |said: &&Said<'f>| {
        let at = alternatives.iter().position(|field| *field == said.field);
        (said.source, std::cmp::Reverse(at))
    };
    let latest = said
        .iter()
        .filter(|said| alternatives.contains(&said.field))
        .max_by_key(rank)
        .map(|said| said.field);
    for said in said {
        if alternatives.contains(&said.field) && Some(said.field) != latest {
            continue;
        }
        builder.add(*said);
    }
    Some(builder)
}
