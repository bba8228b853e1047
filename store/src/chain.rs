//! Keyed digest chains: each link is an HMAC over the link before it and a row, so that neither a
//! changed, removed nor inserted row goes unseen by who has the key.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The secret of an installation's chains: a file outside the database.
#[derive(Clone, PartialEq, Eq)]
pub struct ChainKey([u8; 32]);

/// One link of a chain.
pub(crate) type Link = [u8; 32];

/// What stands before the first link.
pub(crate) const ORIGIN: Link = [0; 32];

/// What is wrong with a link: an entry of the journal, or a row of the trail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Broken {
    /// Its bytes are not those that were received.
    Bytes,
    /// Its chain value does not follow from the one before it: one of the two was changed.
    Link,
    /// What was before it is missing.
    Gap,
    /// It is not the one that an exported head names.
    Head,
    /// An exported head names it, and its chain ends before it.
    Tail,
    /// An exported head names it, and nothing is left of its chain.
    Missing,
    /// The record by which it was dropped or expunged is not sealed with our key.
    Record,
}

impl Broken {
    /// What is wrong where nothing stands at a head's place, in a chain that ends at another.
    pub(crate) fn lost(seq: i64, end: Option<i64>) -> Self {
        match end {
            None => Self::Missing,
            // The chain went past the place.
            Some(end) if seq <= end => Self::Head,
            Some(_) => Self::Tail,
        }
    }
}

impl ChainKey {
    /// A key from its secret bytes.
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// A name for the key that does not give it away; stands in the writer's row.
    pub fn id(&self) -> String {
        let link = self.link(&[b"drawbridge chain key id"]);
        let shown = link.first_chunk().copied().unwrap_or_default();
        format!("{:016x}", u64::from_be_bytes(shown))
    }

    /// Seals something that is kept or handed out beside the chains. `what` tells one kind of thing
    /// from another, so that a seal fits nothing else.
    pub fn seal(&self, what: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut sealed: Vec<&[u8]> = vec![b"drawbridge seal", what.as_bytes()];
        sealed.extend(parts);
        self.link(&sealed)
    }

    /// The link over some parts, each with its length before it.
    pub(crate) fn link(&self, parts: &[&[u8]]) -> Link {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChainKey({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_between_parts_counts() {
        let key = ChainKey::new([7; 32]);
        assert_ne!(key.link(&[b"ab", b"c"]), key.link(&[b"a", b"bc"]));
    }

    #[test]
    fn debug_does_not_show_the_key() {
        let shown = format!("{:?}", ChainKey::new([0xab; 32]));
        assert!(!shown.contains("abab"));
    }
}
