//! What a journalled message says, and where it goes, by today's rules: for all who read it again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use hl7v2::{Header, HeaderError};
use mapping::inbound::{Context, Interpretation, interpret};
use mapping::{Profile, Route};
use model::{IdSource, IdentityKey, JournalId};
use sha2::{Digest as _, Sha256};

use crate::InterfaceSettings;
use crate::judge::content_digest;
use crate::worker::text_of;

/// The queue of a message, as intake would choose it now.
pub fn route(
    settings: &InterfaceSettings,
    key: &IdentityKey,
    raw: &[u8],
) -> Result<Route, HeaderError> {
    let text = text_of(raw);
    let (message, profile) = settings.parse(&text)?;
    let header = Header::parse(&text, settings.charset)?;
    let content = content_digest(&text, &header);
    Ok(mapping::route(&message, &profile, key, &content))
}

/// What a message says, and by which profile; else a place and a rule.
pub fn said(
    settings: &InterfaceSettings,
    key: &IdentityKey,
    (id, raw): (JournalId, &[u8]),
) -> Result<(Interpretation, Arc<Profile>), String> {
    let attempt = || {
        let text = text_of(raw);
        let read = settings.parse(&text);
        let (message, profile) = read.map_err(|error| error.to_string())?;
        let context = Context {
            profile: &profile,
            key,
            zone: &settings.zone,
            // As the workers have it: the row's own time may differ by the wait for the commit.
            received_at: IdSource::instant(id.0),
            journal: Some(id),
            digest: Sha256::digest(raw).into(),
        };
        let read = interpret(&message, &context).map_err(|unmappable| unmappable.to_string())?;
        Ok((read, Arc::clone(&profile)))
    };
    std::panic::catch_unwind(AssertUnwindSafe(attempt))
        .unwrap_or_else(|_| Err("the mapping failed on it".to_owned()))
}
