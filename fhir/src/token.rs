//! The 64-bit hashes that tokens, references and uris are searched by.

use sha2::{Digest, Sha256};

use crate::ResourceType;

/// The hash of one form of a token. Stable for ever: it stands in database rows.
///
/// It is the first eight bytes, big-endian, of the SHA-256 of
/// `type ␟ parameter ␟ form ␟ system ␟ code` (␟ is the byte 0x1F), where the form is `sc` for
/// `system|code`, `c` for `code` in any system, `nc` for `|code` in no system and `s` for any code of
/// a system. PostgreSQL's `sha256` gives the same, so a row can be explained without this program.
///
/// | `system` | `code` | form |
/// | --- | --- | --- |
/// | a system | a code | `sc` |
/// | `None` | a code | `c` |
/// | `Some("")` | a code | `nc` |
/// | a system | `None` | `s` |
///
/// References and uris have no system: `token_hash(kind, "subject", None, Some("Patient/…"))`.
pub fn token_hash(
    kind: ResourceType,
    param_code: &str,
    system: Option<&str>,
    code: Option<&str>,
) -> i64 {
    const SEPARATOR: [u8; 1] = [0x1F];
    let form = match (system, code) {
        (Some(""), _) => "nc",
        (Some(_), Some(_)) => "sc",
        (Some(_), None) => "s",
        (None, _) => "c",
    };
    let mut hasher = Sha256::new();
    for part in [kind.name(), param_code, form, system.unwrap_or_default()] {
        hasher.update(part.as_bytes());
        hasher.update(SEPARATOR);
    }
    hasher.update(code.unwrap_or_default().as_bytes());
    let digest = hasher.finalize();
    let mut first = [0; 8];
    first
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    i64::from_be_bytes(first)
}
