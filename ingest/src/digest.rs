//! Digests as they stand in narrow columns.

use uuid::Uuid;

/// The first half of a SHA-256: 128 bits are enough to tell contents apart.
pub(crate) fn first_half(digest: [u8; 32]) -> Uuid {
    let half = digest.first_chunk().expect("32 bytes have a first half");
    Uuid::from_bytes(*half)
}
