//! What interpreting a message again would change. Nothing stays written.

use std::sync::Arc;

use ingest::Rehearsed;
use mapping::Profile;
use mapping::inbound::{Context, Interpretation, interpret};
use model::LaneId;
use sha2::{Digest as _, Sha256};
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
    let (message, profile) = settings.parse(&entry.raw).ok()?;
    let digest = Sha256::digest(&entry.raw).into();
    let route = mapping::route(&message, &profile, &reader.key, &digest);
    Some(route.lane)
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
