//! Lineage in few bytes: for each element of a version the field that it came from and the message,
//! in terms of a dictionary.
//!
//! A version's lineage is a list of triples of varints (LEB128): the element's term, the field's
//! term, and which message: 0 none, 1 the message of the version, else 2 + its id.

use std::collections::HashMap;

use store::{Store, StoreError, lineage};

use super::chart::Wanted;

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
            let ids = lineage::intern(store, &unknown).await?;
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
                varint(u64::try_from(term).unwrap_or_default(), &mut out);
            }
            let message = match line.journal {
                None => 0,
                Some(journal) if journal == wanted.journal => 1,
                Some(journal) => u64::try_from(journal.0)
                    .unwrap_or_default()
                    .saturating_add(2),
            };
            varint(message, &mut out);
        }
        out
    }
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while 0x80 <= value {
        out.push(u8::try_from(value & 0x7F).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_take_one_byte() {
        let mut out = Vec::new();
        for value in [0, 127, 128, 300, u64::MAX] {
            varint(value, &mut out);
        }
        assert_eq!(out.get(..6).unwrap(), [0, 127, 0x80, 1, 0xAC, 2]);
        assert_eq!(out.len(), 6 + 10);
    }
}
