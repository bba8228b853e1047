//! The message that is taken out, its resends, and what the other messages say of the same.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use bytes::Bytes;
use hl7v2::Header;
use mapping::inbound::{Context, Interpretation, NOBODY, interpret};
use model::{EntityId, IdSource, JournalId, LaneId};
use sha2::{Digest as _, Sha256};
use store::journal::{self, Kept, Range, Scan};
use store::{StoreError, identity};
use uuid::Uuid;

use super::{ExpungeError, Expunging};
use crate::InterfaceSettings;
use crate::digest::first_half;
use crate::judge::{content_digest, seen_key};
use crate::worker::{Back, Others, text_of};

/// The message that is taken out.
pub(super) struct Target {
    /// It and its resends: all of one content.
    pub(super) messages: Vec<Kept>,
    /// By which a resend is recognised.
    pub(super) fingerprint: (Uuid, Uuid),
    /// What it says by today's rules, each time that it came.
    pub(super) said: Vec<Interpretation>,
    /// The lanes that it goes to.
    pub(super) routed: Vec<LaneId>,
}

pub(super) async fn target(site: &Expunging<'_>, id: JournalId) -> Result<Target, ExpungeError> {
    let entry = journal::kept(site.store, site.tenant, id).await?;
    let entry = entry.ok_or(ExpungeError::NoEntry(id))?;
    if entry.expunged.is_some() {
        return Err(ExpungeError::Already(id));
    }
    let fingerprint = fingerprint(site, &entry).ok_or(ExpungeError::Lost(id))?;
    let mut target = Target {
        messages: Vec::new(),
        fingerprint,
        said: Vec::new(),
        routed: Vec::new(),
    };
    for like in journal::alike(site.store, site.tenant, &entry).await? {
        let like = journal::kept(site.store, site.tenant, like).await?;
        let Some(like) = like else { continue };
        if self::fingerprint(site, &like) == Some(fingerprint) {
            target.said.extend(said(site, &like));
            target.routed.extend(routed(site, &like));
            target.messages.push(like);
        }
    }
    Ok(target)
}

/// What resends have in common.
fn fingerprint(site: &Expunging<'_>, entry: &Kept) -> Option<(Uuid, Uuid)> {
    let raw = entry.raw.as_ref()?;
    let text = text_of(raw);
    let settings = (site.settings)(entry.interface);
    let header = Header::parse(&text, settings.charset).ok()?;
    let content = content_digest(&text, &header);
    Some((seen_key(&header), first_half(content)))
}

fn routed(site: &Expunging<'_>, entry: &Kept) -> Vec<LaneId> {
    let Some(raw) = &entry.raw else {
        return Vec::new();
    };
    let text = text_of(raw);
    let settings = (site.settings)(entry.interface);
    let Ok((message, profile)) = settings.parse(&text) else {
        return Vec::new();
    };
    let digest = Sha256::digest(raw).into();
    let route = mapping::route(&message, &profile, site.key, &digest);
    std::iter::once(route.lane).chain(route.other).collect()
}

/// What a message says by today's rules; nothing where it can't be mapped.
fn said(site: &Expunging<'_>, entry: &Kept) -> Option<Interpretation> {
    let raw = entry.raw.as_ref()?;
    let settings = (site.settings)(entry.interface);
    let attempt = || understand(site, settings, entry.id, raw);
    std::panic::catch_unwind(AssertUnwindSafe(attempt))
        .ok()
        .flatten()
}

fn understand(
    site: &Expunging<'_>,
    settings: &InterfaceSettings,
    id: JournalId,
    raw: &Bytes,
) -> Option<Interpretation> {
    let text = text_of(raw);
    let (message, profile) = settings.parse(&text).ok()?;
    let context = Context {
        profile: &profile,
        key: site.key,
        zone: &settings.zone,
        received_at: IdSource::instant(id.0),
        journal: Some(id),
        digest: Sha256::digest(raw).into(),
    };
    interpret(&message, &context).ok()
}

/// Reads the messages of a range again; answers how many.
pub(super) async fn collect(
    site: &Expunging<'_>,
    range: &Range,
    back: &Back,
    others: &mut Others,
    looked: &mut impl FnMut(),
) -> Result<u64, StoreError> {
    let mut n_read = 0;
    if back.private.is_empty() && back.shared.is_empty() && back.links.is_empty() {
        return Ok(n_read);
    }
    let mut entries = Scan::begin(site.store, site.tenant, range).await?;
    while let Some(entry) = entries.next().await? {
        if back.messages.contains(&entry.id) {
            continue;
        }
        looked();
        n_read += 1;
        if let Some(said) = said(site, &entry) {
            others.take(said, back);
        }
    }
    Ok(n_read)
}

/// What a message must hold to speak of the same: an identifier, as it was sent. Nothing where that can't
/// be told, and every message has to be read.
pub(super) async fn holding(
    site: &Expunging<'_>,
    back: &Back,
    target: &Target,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let moves_fields = target.messages.iter().any(|entry| {
        let choice = (site.settings)(entry.interface).profiles.now();
        choice.all().any(|profile| profile.changes_fields())
    });
    if moves_fields {
        return Ok(Vec::new());
    }
    let named = back.private.iter().chain(&back.shared);
    // What is said in a patient's name is said by messages that name the patient.
    let named = named.map(|(entity, owner)| if *owner == NOBODY { *entity } else { *owner });
    let ends = back.links.iter().flat_map(|link| [link.low, link.high]);
    let entities: BTreeSet<EntityId> = named.chain(ends).collect();
    let mut holding = BTreeSet::new();
    for entity in entities {
        let values = values(site, entity, target).await?;
        if values.is_empty() || !values.iter().all(|value| is_plain(value)) {
            return Ok(Vec::new());
        }
        holding.extend(values.into_iter().map(String::into_bytes));
    }
    Ok(holding.into_iter().collect())
}

async fn values(
    site: &Expunging<'_>,
    entity: EntityId,
    target: &Target,
) -> Result<BTreeSet<String>, StoreError> {
    let known = identity::of(site.store, site.tenant, entity).await?;
    let known = known.into_iter().map(|known| known.identity.value);
    let statements = target.said.iter().flat_map(|said| &said.statements);
    let said = statements.filter(|statement| statement.entity == entity);
    let said = said.flat_map(|statement| &statement.identities);
    Ok(known
        .chain(said.map(|identity| identity.value.clone()))
        .collect())
}

/// Written the same in every character set, and never with an escape.
fn is_plain(value: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !value.is_empty() && value.bytes().all(is_plain)
}
