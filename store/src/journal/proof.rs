//! Proving entries one by one: every digest, every link, no gap, no lost end. Pure: whether they come
//! from the database or from an archive makes no difference.

use std::collections::{BTreeMap, HashMap};

use model::{JournalId, Tenant, WriterId};
use sha2::{Digest, Sha256};

use super::Kept;
use super::chains::Place;
use crate::retention::DroppedChain;
use crate::{Broken, ChainKey, InterfaceId};

/// The end of one chain; kept elsewhere, it proves that nothing was cut off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The interface.
    pub interface: InterfaceId,
    /// The writing task.
    pub writer: WriterId,
    /// The last entry.
    pub journal: JournalId,
    /// Its place, from 1.
    pub seq: i64,
    /// Its chain value.
    pub chain: Vec<u8>,
}

/// What a verification found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Entries that were looked at.
    pub n_entries: u64,
    /// Those among them whose bytes were expunged by order.
    pub n_expunged: u64,
    /// Entries that were dropped by a recorded policy.
    pub n_dropped: u64,
    /// Chains that they are in.
    pub n_chains: usize,
    /// The first entry that is not as it was written, and what is wrong with it.
    pub first_broken: Option<(JournalId, Broken)>,
}

type Chain = (InterfaceId, WriterId);

/// A proof while it is made: give it the entries in the order of their ids.
#[derive(Debug)]
pub struct Proof<'k> {
    key: &'k ChainKey,
    tenant: Tenant,
    ends: HashMap<Chain, (Place, JournalId)>,
    /// By place; entries strike them out.
    heads: HashMap<Chain, BTreeMap<i64, Head>>,
    /// Chains are taken up where they stand.
    begins_late: bool,
    report: Report,
}

impl<'k> Proof<'k> {
    /// A proof of a tenant's entries. `dropped` is what a retention policy took, `heads` were exported
    /// before.
    pub fn new(
        key: &'k ChainKey,
        tenant: Tenant,
        dropped: &[DroppedChain],
        heads: &[Head],
        begins_late: bool,
    ) -> Self {
        let mut proof = Self {
            key,
            tenant,
            ends: HashMap::new(),
            heads: HashMap::new(),
            begins_late,
            report: Report::default(),
        };
        for head in heads {
            let chain = proof
                .heads
                .entry((head.interface, head.writer))
                .or_default();
            chain.insert(head.seq, head.clone());
        }
        let mut dropped: Vec<&DroppedChain> = dropped.iter().collect();
        dropped.sort_unstable_by_key(|part| part.last);
        for part in dropped {
            proof.pass_over(part);
        }
        proof
    }

    /// A chain that is not taken up at its beginning: what stands before its first entry.
    pub fn take_up(&mut self, interface: InterfaceId, writer: WriterId, seq: i64, chain: &[u8]) {
        if let Ok(link) = chain.try_into() {
            let end = (Place { seq, link }, JournalId(0));
            self.ends.entry((interface, writer)).or_insert(end);
        }
    }

    fn pass_over(&mut self, part: &DroppedChain) {
        let chain = (part.interface, part.writer);
        self.report.n_dropped += u64::try_from(part.n_entries).unwrap_or(0);
        let Ok(link) = part.chain.as_slice().try_into() else {
            self.find(part.last, Some(Broken::Record));
            return;
        };
        let before = self.ends.get(&chain).map(|(place, _)| place.seq);
        let follows = before.unwrap_or(0) + 1 == part.first_seq;
        let mut broken = if !part.is_sealed(self.key) {
            Some(Broken::Record)
        } else if follows || before.is_none() && self.begins_late {
            None
        } else {
            Some(Broken::Gap)
        };
        if let Some(heads) = self.heads.get_mut(&chain) {
            // Heads of before the end of the part can't be held against it, only the last one can.
            let last = heads.remove(&part.last_seq);
            heads.retain(|seq, _| part.last_seq < *seq);
            if last.is_some_and(|head| head.chain != part.chain) {
                broken = broken.or(Some(Broken::Head));
            }
        }
        let seq = part.last_seq;
        self.ends.insert(chain, (Place { seq, link }, part.last));
        self.find(part.last, broken);
    }

    /// Looks at the next entry. False once something is broken: what comes after proves nothing.
    pub fn entry(&mut self, entry: &Kept) -> bool {
        self.report.n_entries += 1;
        let mut broken = self.bytes(entry).err();
        let link = self.link(entry).err();
        broken = broken.or(link);
        let chain = (entry.interface, entry.writer);
        let head = self.heads.get_mut(&chain);
        if let Some(head) = head.and_then(|heads| heads.remove(&entry.seq)) {
            let same = head.chain == entry.chain && head.journal == entry.id;
            broken = broken.or((!same).then_some(Broken::Head));
        }
        self.find(entry.id, broken);
        self.report.first_broken.is_none()
    }

    fn bytes(&mut self, entry: &Kept) -> Result<(), Broken> {
        let id = (entry.id, entry.digest.as_slice());
        match (&entry.raw, &entry.expunged) {
            (Some(raw), _) if Sha256::digest(raw).as_slice() == entry.digest => Ok(()),
            (None, Some(order)) => {
                self.report.n_expunged += 1;
                let sealed = order.is_sealed(self.key, self.tenant, id);
                sealed.then_some(()).ok_or(Broken::Record)
            }
            _ => Err(Broken::Bytes),
        }
    }

    fn link(&mut self, entry: &Kept) -> Result<(), Broken> {
        let link = entry.chain.as_slice().try_into();
        let link = link.map_err(|_| Broken::Link)?;
        let place = Place {
            seq: entry.seq,
            link,
        };
        let chain = (entry.interface, entry.writer);
        let known = self.ends.insert(chain, (place, entry.id));
        if known.is_none() && self.begins_late {
            return Ok(());
        }
        let before = known.map_or(Place::START, |(place, _)| place);
        if before.seq + 1 != entry.seq {
            return Err(Broken::Gap);
        }
        let expected = before.after(self.key, entry.received_at, &entry.digest);
        (expected.link == link).then_some(()).ok_or(Broken::Link)
    }

    fn find(&mut self, id: JournalId, broken: Option<Broken>) {
        if self.report.first_broken.is_none() {
            self.report.first_broken = broken.map(|broken| (id, broken));
        }
    }

    /// Where each chain ends, as far as entries were looked at.
    pub fn ends(&self) -> Vec<Head> {
        let head = |((interface, writer), (place, id)): (&Chain, &(Place, JournalId))| Head {
            interface: *interface,
            writer: *writer,
            journal: *id,
            seq: place.seq,
            chain: place.link.to_vec(),
        };
        let mut heads: Vec<Head> = self.ends.iter().map(head).collect();
        heads.sort_unstable_by_key(|head| (head.interface, head.writer));
        heads
    }

    /// What is said, after the last entry, of where the chains end.
    pub fn expect_ends(&mut self, heads: &[Head]) {
        let ends = self.ends();
        for head in heads.iter().filter(|head| !ends.contains(head)) {
            let chain = (head.interface, head.writer);
            let heads = self.heads.entry(chain).or_default();
            heads.insert(head.seq, head.clone());
        }
    }

    /// After the last entry: what no head was found for is lost.
    pub fn finish(mut self) -> Report {
        let lost = self.heads.iter().filter_map(|(chain, heads)| {
            let head = heads.values().next()?;
            let end = self.ends.get(chain).map(|(end, _)| end.seq);
            Some((head.journal, Broken::lost(head.seq, end)))
        });
        let lost = lost.min_by_key(|(id, _)| *id);
        if self.report.first_broken.is_none() {
            self.report.first_broken = lost;
        }
        self.report.n_chains = self.ends.len();
        self.report
    }
}
