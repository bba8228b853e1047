//! Where a page ends: sealed, so that a next link shows nothing and can't be made up.
//!
//! The link carries the search itself in the seal. A `POST _search` therefore pages by GET without
//! its parameters standing in a URL, and a cursor can't be moved to another search.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fhir::ResourceType;
use model::{IdentityKey, Rid, Timestamp};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// A search that was interrupted at the end of a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Cursor {
    /// The search's parameters, as a query string.
    pub query: String,
    /// Where the page ended.
    pub after: store::resource::Cursor,
}

/// Seals the cursors of one tenant. Every server of an installation has the same keys.
pub(super) struct Sealer(LessSafeKey);

impl Sealer {
    /// The sealer of the tenant whose key this is.
    pub(super) fn new(key: &IdentityKey) -> Self {
        let secret = key.subkey("search cursor");
        let key = UnboundKey::new(&AES_256_GCM, &secret).expect("the key has the cipher's length");
        Self(LessSafeKey::new(key))
    }

    /// The text of a cursor.
    pub(super) fn seal(&self, kind: ResourceType, cursor: &Cursor) -> String {
        // Random nonces: 2^32 cursors of a tenant stay far from a collision that matters.
        let nonce: [u8; NONCE_LEN] = rand::random();
        // The last row and the time that it was ordered by (the smallest number says that there is
        // none): both of fixed length, before the query.
        let key = cursor.after.key.map_or(i64::MIN, Timestamp::as_microsecond);
        let mut sealed = cursor.after.rid.0.to_be_bytes().to_vec();
        sealed.extend_from_slice(&key.to_be_bytes());
        sealed.extend_from_slice(cursor.query.as_bytes());
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(kind.name()),
                &mut sealed,
            )
            .expect("a query string is shorter than the cipher's limit");
        let mut text = nonce.to_vec();
        text.append(&mut sealed);
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Reads a cursor that this tenant's sealer made for a search of this type.
    pub(super) fn open(&self, kind: ResourceType, text: &str) -> Option<Cursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self
            .0
            .open_in_place(nonce, Aad::from(kind.name()), &mut sealed)
            .ok()?;
        let (rid, rest) = opened.split_first_chunk()?;
        let (key, query) = rest.split_first_chunk()?;
        let rid = Rid(i64::from_be_bytes(*rid));
        let key = Timestamp::from_microsecond(i64::from_be_bytes(*key)).ok();
        let query = std::str::from_utf8(query).ok()?.to_owned();
        Some(Cursor {
            query,
            after: store::resource::Cursor { rid, key },
        })
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(key: Option<Timestamp>) -> Cursor {
        let after = store::resource::Cursor { rid: Rid(7), key };
        Cursor {
            query: "family=Marker&_count=2".to_owned(),
            after,
        }
    }

    #[test]
    fn a_cursor_shows_nothing_and_opens_only_where_it_was_made() {
        let sealer = Sealer::new(&IdentityKey::PUBLIC);
        let cursor = at(Some(Timestamp::UNIX_EPOCH));
        let text = sealer.seal(ResourceType::Patient, &cursor);
        assert_eq!(
            sealer.open(ResourceType::Patient, &text),
            Some(cursor.clone())
        );
        assert_eq!(sealer.open(ResourceType::Encounter, &text), None);
        let other = Sealer::new(&IdentityKey::new([9; 32]));
        assert_eq!(other.open(ResourceType::Patient, &text), None);
        assert_ne!(sealer.seal(ResourceType::Patient, &cursor), text);
    }

    #[test]
    fn a_changed_cursor_is_no_cursor() {
        let sealer = Sealer::new(&IdentityKey::PUBLIC);
        let cursor = at(None);
        assert_eq!(
            sealer.open(
                ResourceType::Patient,
                &sealer.seal(ResourceType::Patient, &cursor)
            ),
            Some(cursor.clone())
        );
        let text = sealer.seal(ResourceType::Patient, &cursor);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last character has spare bits, which the decoder refuses or ignores.
            assert_eq!(sealer.open(ResourceType::Patient, &changed), None, "{at}");
        }
        assert_eq!(sealer.open(ResourceType::Patient, "x"), None);
        assert_eq!(sealer.open(ResourceType::Patient, ""), None);
    }
}
