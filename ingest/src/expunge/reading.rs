//! The message that is taken out, its resends, and what the other messages say of the same.

use std::collections::BTreeSet;

use hl7v2::Header;
use mapping::inbound::{Interpretation, NOBODY};
use model::{EntityId, IdSource, JournalId, LaneId, SignedDuration};
use store::journal::{self, Kept, Range, Scan};
use store::{StoreError, identity};
use uuid::Uuid;

use super::{ExpungeError, Expunging};
use crate::digest::first_half;
use crate::judge::{content_digest, seen_key};
use crate::today;
use crate::worker::{Back, Others, text_of};

/// Before a reading began, messages may have been journalled that it did not see yet.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// How long lanes may be held for reading what came meanwhile: far less than the database gives an idle
/// transaction.
const MOMENT: SignedDuration = SignedDuration::from_secs(10);
/// How often what came meanwhile is read before lanes are held after all.
const ROUNDS_MAX: u32 = 8;

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
    let raw = entry.raw.as_deref().unwrap_or_default();
    let route = today::route((site.settings)(entry.interface), site.key, raw);
    let lanes = route.map(|route| std::iter::once(route.lane).chain(route.other).collect());
    lanes.unwrap_or_default()
}

/// What a message says by today's rules; nothing where it can't be mapped.
fn said(site: &Expunging<'_>, entry: &Kept) -> Option<Interpretation> {
    let settings = (site.settings)(entry.interface);
    let said = today::said(settings, site.key, (entry.id, entry.raw.as_ref()?));
    said.ok().map(|(said, _)| said)
}

/// What the other messages say of the same, as far as they were read.
pub(super) struct Reading<'a, 's> {
    site: &'a Expunging<'s>,
    back: &'a Back,
    range: Range,
    /// What was read of what is read again.
    known: BTreeSet<JournalId>,
    pub(super) others: Others,
    pub(super) n_read: u64,
}

impl<'a, 's> Reading<'a, 's> {
    pub(super) async fn of(
        site: &'a Expunging<'s>,
        back: &'a Back,
        target: &Target,
    ) -> Result<Self, StoreError> {
        let range = Range {
            holding: holding(site, back, target).await?,
            applied: true,
            ..Range::default()
        };
        Ok(Self {
            site,
            back,
            range,
            known: BTreeSet::new(),
            others: Others::default(),
            n_read: 0,
        })
    }

    /// Reads until what came meanwhile takes a moment: the rest is read while lanes are held.
    pub(super) async fn catch_up(&mut self, looked: &mut impl FnMut()) -> Result<(), StoreError> {
        for _ in 0..ROUNDS_MAX {
            let began = self.site.store.clock().now();
            self.go_on(looked).await?;
            if self.site.store.clock().now().duration_since(began) < MOMENT {
                break;
            }
        }
        Ok(())
    }

    /// Reads what came since it read last.
    pub(super) async fn go_on(&mut self, looked: &mut impl FnMut()) -> Result<(), StoreError> {
        let back = self.back;
        if back.private.is_empty() && back.shared.is_empty() && back.links.is_empty() {
            return Ok(());
        }
        let began = self.site.store.clock().now();
        let mut entries = Scan::begin(self.site.store, self.site.tenant, &self.range).await?;
        while let Some(entry) = entries.next().await? {
            if back.messages.contains(&entry.id) || !self.known.insert(entry.id) {
                continue;
            }
            looked();
            self.n_read += 1;
            if let Some(said) = said(self.site, &entry) {
                self.others.take(said, back);
            }
        }
        self.range.since = began.saturating_sub(OVERLAP).ok();
        let least = self.range.since.map_or(0, IdSource::floor);
        self.known = self.known.split_off(&JournalId(least));
        Ok(())
    }
}

/// What a message must hold to speak of the same: an identifier, as it was sent. Nothing where that can't
/// be told, and every message has to be read.
async fn holding(
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
    // Who else gave an identifier may have spoken in another patient's name.
    let statements = target.said.iter().flat_map(|said| &said.statements);
    let given = statements.filter(|statement| 1 < statement.identities.len());
    let given = given.map(|statement| statement.entity);
    let entities: BTreeSet<EntityId> = named.chain(ends).chain(given).collect();
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
