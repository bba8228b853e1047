//! Lineage in few bytes: for each element of a version the field that it came from and the message,
//! in terms of a dictionary ([`crate::lineage`] reads them).

use std::collections::HashMap;

use store::{Store, StoreError};

use super::chart::Wanted;
use crate::lineage::{named, write_varint};

/// The terms that this worker has met. A dictionary of element paths and field names stays small.
#[derive(Default, Debug)]
pub(crate) struct Terms(HashMap<String, i32>);

impl Terms {
    /// The lineage of each wanted resource. Terms that are new go to the store first, in a
    /// transaction of their own: a dictionary entry without a user does no harm.
    pub(super) async fn encode(
        &mut self,
        store: &Store,
        wanted: &[Wanted],
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let lines = || wanted.iter().flat_map(|wanted| &wanted.lineage);
        let words = lines().flat_map(|line| [line.element.as_str(), line.field.as_str()]);
        let mut unknown: Vec<&str> = words.filter(|word| !self.0.contains_key(*word)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        if !unknown.is_empty() {
            let ids = store::lineage::intern(store, &unknown).await?;
            self.0
                .extend(unknown.iter().map(|word| (*word).to_owned()).zip(ids));
        }
        Ok(wanted
            .iter()
            .map(|wanted| self.encode_one(wanted))
            .collect())
    }

    fn encode_one(&self, wanted: &Wanted) -> Vec<u8> {
        let mut out = Vec::with_capacity(wanted.lineage.len() * 3);
        for line in &wanted.lineage {
            for word in [&line.element, &line.field] {
                let term = self.0.get(word).copied().unwrap_or_default();
                write_varint(u64::try_from(term).unwrap_or_default(), &mut out);
            }
            let message = match line.journal {
                None => 0,
                Some(journal) if journal == wanted.journal => 1,
                Some(journal) => named(journal),
            };
            write_varint(message, &mut out);
        }
        out
    }
}
