//! What interpreting a message again would change. Nothing is locked, nothing is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use fhir::ResourceType;
use mapping::inbound::{Context, EntityKind, Interpretation, Statement, interpret};
use mapping::{Facts, FoldContext, Profile, fold};
use model::{EntityId, ResourceId};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use store::Store;
use store::fact::{FactRow, peek};
use store::journal::Entry;

use super::Reader;

/// What would come of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Preview {
    /// The chart already says what it says.
    Nothing,
    /// These resources would be written or deleted.
    Changes(Vec<(ResourceType, ResourceId)>),
    /// It can't be mapped: a place and a rule.
    Unmappable(String),
}

/// Interprets a message and joins what it says to the facts as they stand.
pub async fn preview(store: &Store, reader: &Reader, entry: &Entry) -> anyhow::Result<Preview> {
    let (statements, profile) = match statements(reader, entry) {
        Ok(read) => read,
        Err(what) => return Ok(Preview::Unmappable(what)),
    };
    let ids: Vec<EntityId> = statements
        .iter()
        .map(|statement| statement.entity)
        .collect();
    let mut tx = store.begin(reader.tenant).await?;
    let rows = peek(&mut tx, &ids).await?;
    tx.rollback().await?;
    let rows: BTreeMap<EntityId, FactRow> = rows.into_iter().map(|row| (row.entity, row)).collect();
    let context = FoldContext {
        profile: &profile,
        key: &reader.key,
    };
    let mut changed = Vec::new();
    for statement in &statements {
        changed.extend(changes(statement, rows.get(&statement.entity), &context)?);
    }
    Ok(if changed.is_empty() {
        Preview::Nothing
    } else {
        Preview::Changes(changed)
    })
}

fn statements(reader: &Reader, entry: &Entry) -> Result<(Vec<Statement>, Arc<Profile>), String> {
    said(reader, entry).map(|(read, profile)| (read.statements, profile))
}

/// What a message says by today's rules, and by which profile; else a place and a rule.
pub fn said(reader: &Reader, entry: &Entry) -> Result<(Interpretation, Arc<Profile>), String> {
    let settings = reader.settings(entry.summary.interface);
    let read = settings.parse(&entry.raw);
    let (message, profile) = read.map_err(|error| error.to_string())?;
    let context = Context {
        profile: &profile,
        key: &reader.key,
        zone: &settings.zone,
        received_at: entry.summary.received_at,
        journal: Some(entry.summary.id),
        digest: Sha256::digest(&entry.raw).into(),
    };
    let read = interpret(&message, &context).map_err(|unmappable| unmappable.to_string())?;
    Ok((read, profile))
}

/// The resources of one entity that its facts would yield otherwise than they do.
fn changes(
    statement: &Statement,
    row: Option<&FactRow>,
    context: &FoldContext<'_>,
) -> anyhow::Result<Vec<(ResourceType, ResourceId)>> {
    let before = row.map(|row| Facts::from_bytes(&row.body)).transpose()?;
    let Some(mut facts) = before.clone() else {
        let folded = fold(statement.entity, statement.kind, &statement.facts, context);
        return Ok(folded
            .into_iter()
            .map(|folded| (folded.kind, folded.id))
            .collect());
    };
    if !facts.join(&statement.facts) {
        return Ok(Vec::new());
    }
    let was = yielded(statement.entity, statement.kind, before.as_ref(), context);
    let is = yielded(statement.entity, statement.kind, Some(&facts), context);
    let differs = |key: &&(ResourceType, ResourceId)| was.get(*key) != is.get(*key);
    let mut changed: Vec<_> = was
        .keys()
        .chain(is.keys())
        .filter(differs)
        .copied()
        .collect();
    changed.sort_unstable();
    changed.dedup();
    Ok(changed)
}

fn yielded(
    entity: EntityId,
    kind: EntityKind,
    facts: Option<&Facts>,
    context: &FoldContext<'_>,
) -> BTreeMap<(ResourceType, ResourceId), Value> {
    let folded = facts
        .map(|facts| fold(entity, kind, facts, context))
        .unwrap_or_default();
    folded
        .into_iter()
        .map(|folded| ((folded.kind, folded.id), folded.body))
        .collect()
}
