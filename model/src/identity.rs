//! Who and what the EMR means: source identities and the keyed ids that stand for them.

use std::sync::LazyLock;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::id::{EntityId, LaneId};

/// What kind of thing an identity names; part of its key, so that a visit and a patient with the
/// same number differ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityKind {
    /// A patient of one assigning authority (PID-3).
    Patient,
    /// A visit (PV1-19), named by the visit's authority, not by the patient.
    Visit,
    /// A person who cares (XCN).
    Practitioner,
    /// An organization (XON, HD).
    Organization,
    /// A place (PL), the whole path.
    Location,
    /// A financial account (PID-18).
    Account,
    /// A diagnosis, coverage, allergy …: what a patient or visit owns and names by a key of its own.
    Part,
}

impl IdentityKind {
    /// The word that stands in keys. It never changes: ids are derived from it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Visit => "visit",
            Self::Practitioner => "practitioner",
            Self::Organization => "organization",
            Self::Location => "location",
            Self::Account => "account",
            Self::Part => "part",
        }
    }
}

/// An identifier as its source said it: `(assigning authority as received, type, value)`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceIdentity {
    /// What it names.
    pub kind: IdentityKind,
    /// CX.4 (or its stand-in, MSH-4) exactly as received, components joined by `^`→`&`.
    pub authority: String,
    /// CX.5, empty when the sender gave none.
    pub type_code: String,
    /// CX.1, trimmed; leading zeros and case kept.
    pub value: String,
}

impl std::fmt::Debug for SourceIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SourceIdentity({}, ..)", self.kind.as_str())
    }
}

/// A tenant's secret: resource ids are keyed with it, so that an identifier can't be guessed from an id.
#[derive(Clone)]
pub struct IdentityKey(Keyed);

/// A hash that has taken in the key: a message needs a dozen ids, and the key is half the work of one.
#[derive(Clone)]
enum Keyed {
    Public,
    Secret(Box<Secret>),
}

#[derive(Clone)]
struct Secret {
    hash: Hmac<Sha256>,
    /// What the key makes of a fixed word: equal keys make the same of it.
    mark: [u8; 32],
}

static PUBLIC: LazyLock<Hmac<Sha256>> =
    LazyLock::new(|| keyed(b"drawbridge map: a public key 001"));

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

impl IdentityKey {
    /// The public key of `drawbridge map`, whose ids are stable but not secret.
    pub const PUBLIC: Self = Self(Keyed::Public);

    /// A tenant's key, from its 32 secret bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        let hash = keyed(&secret);
        let mark = digest(hash.clone(), &["mark"]);
        Self(Keyed::Secret(Box::new(Secret { hash, mark })))
    }

    /// The entity that an identity names.
    pub fn entity(&self, identity: &SourceIdentity) -> EntityId {
        // The type is left out: senders give CX.5 in one message and omit it in the next.
        self.named(identity.kind, &identity.authority, &identity.value)
    }

    /// [`IdentityKey::entity`] by what of the identity counts.
    pub fn named(&self, kind: IdentityKind, authority: &str, value: &str) -> EntityId {
        EntityId(self.derive(&[kind.as_str(), authority, value]))
    }

    /// A part of an entity that has a name of its own there (a diagnosis of a visit …).
    pub fn part(&self, owner: EntityId, name: &[&str]) -> EntityId {
        let mut buffer = Uuid::encode_buffer();
        let owner: &str = owner.0.hyphenated().encode_lower(&mut buffer);
        let path = [IdentityKind::Part.as_str(), owner];
        EntityId(self.derive(path.iter().chain(name)))
    }

    /// The lane of a source identity, or of whatever else `path` names.
    pub fn lane(&self, path: &[&str]) -> LaneId {
        LaneId(self.derive(["lane"].iter().chain(path)))
    }

    /// A number that stands for whatever `path` names, in an index that must not be readable.
    pub fn index(&self, path: &[&str]) -> i64 {
        let mut named = vec!["index"];
        named.extend_from_slice(path);
        let digest = self.digest(&named);
        i64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
    }

    /// A secret for another purpose, from which this key can't be found.
    pub fn subkey(&self, purpose: &str) -> [u8; 32] {
        self.digest(&["subkey", purpose])
    }

    /// HMAC-SHA-256 over the length-prefixed parts, as a version 8 UUID (RFC 9562 §5.8).
    fn derive<'p>(&self, parts: impl IntoIterator<Item = &'p &'p str>) -> Uuid {
        let digest = self.digest(parts);
        let half = digest.first_chunk().expect("32 bytes begin with 16");
        uuid::Builder::from_custom_bytes(*half).into_uuid()
    }

    fn digest<'p>(&self, parts: impl IntoIterator<Item = &'p &'p str>) -> [u8; 32] {
        let hash = match &self.0 {
            Keyed::Public => PUBLIC.clone(),
            Keyed::Secret(secret) => secret.hash.clone(),
        };
        digest(hash, parts)
    }
}

fn digest<'p>(mut hash: Hmac<Sha256>, parts: impl IntoIterator<Item = &'p &'p str>) -> [u8; 32] {
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into_bytes().into()
}

impl PartialEq for IdentityKey {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Keyed::Public, Keyed::Public) => true,
            (Keyed::Secret(one), Keyed::Secret(other)) => one.mark == other.mark,
            (Keyed::Public, Keyed::Secret(_)) | (Keyed::Secret(_), Keyed::Public) => false,
        }
    }
}

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(authority: &str, value: &str) -> SourceIdentity {
        SourceIdentity {
            kind: IdentityKind::Patient,
            authority: authority.to_owned(),
            type_code: "MR".to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn the_border_between_authority_and_value_counts() {
        let key = IdentityKey::PUBLIC;
        assert_ne!(
            key.entity(&identity("A", "B1")),
            key.entity(&identity("AB", "1"))
        );
    }

    #[test]
    fn the_type_code_does_not_change_the_entity() {
        let with = identity("HCHB", "1");
        let without = SourceIdentity {
            type_code: String::new(),
            ..with.clone()
        };
        assert_eq!(
            IdentityKey::PUBLIC.entity(&with),
            IdentityKey::PUBLIC.entity(&without)
        );
    }
}
