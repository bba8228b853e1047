//! What interpreting a message again would change. Nothing stays written.

use std::sync::Arc;

use ingest::{Rehearsed, today};
use mapping::Profile;
use mapping::inbound::Interpretation;
use model::LaneId;
use store::Store;
use store::journal::Entry;

use super::Reader;

/// What would come of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Preview {
    /// These resources would be written or deleted; none where the chart says all that already.
    Changes(Vec<Rehearsed>),
    /// It can't be mapped: a place and a rule.
    Unmappable(String),
}

/// Interprets a message and joins what it says to the chart as it stands.
pub async fn preview(store: &Store, reader: &Reader, entry: &Entry) -> anyhow::Result<Preview> {
    let said = match said(reader, entry) {
        Ok((said, _)) => said,
        Err(what) => return Ok(Preview::Unmappable(what)),
    };
    let changes = ingest::rehearse(store, reader.tenant, &reader.key, vec![said]).await?;
    Ok(Preview::Changes(changes))
}

/// The lane of a message by today's rules; none for one that can't be read.
pub fn lane(reader: &Reader, entry: &Entry) -> Option<LaneId> {
    let settings = reader.settings(entry.summary.interface);
    let route = today::route(settings, &reader.key, &entry.raw);
    route.ok().map(|route| route.lane)
}

/// What a message says by today's rules, and by which profile; else a place and a rule.
pub fn said(reader: &Reader, entry: &Entry) -> Result<(Interpretation, Arc<Profile>), String> {
    let settings = reader.settings(entry.summary.interface);
    today::said(settings, &reader.key, (entry.summary.id, &entry.raw))
}
