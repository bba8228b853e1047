//! Binary resources whose content lies beside them: the stored JSON names the content by its digest
//! where the standard would have the Base64 (R4 binary.html; an extension of the element `data`).

use serde_json::{Map, Value, json};

/// The extension of `Binary.data` that holds the SHA-256 of the content in hexadecimal.
pub const CONTENT: &str = "urn:drawbridge:blob";

/// `Binary._data` for a content of this digest.
pub fn pointer(sha256: &[u8; 32]) -> Value {
    use std::fmt::Write as _;
    let hex = sha256
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    json!({ "extension": [{ "url": CONTENT, "valueString": hex }] })
}

/// The SHA-256 of a stored Binary's content.
pub fn content_digest(binary: &Value) -> Option<[u8; 32]> {
    let extensions = binary.pointer("/_data/extension")?.as_array()?;
    let pointer = extensions
        .iter()
        .find(|e| e.get("url").and_then(Value::as_str) == Some(CONTENT))?;
    let hex = pointer.get("valueString")?.as_str()?;
    let mut digest = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (n, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some(digest)
}

/// The stored Binary without what only the store needs: `data` is for the caller to add.
pub fn without_pointer(binary: Value) -> Map<String, Value> {
    let Value::Object(mut members) = binary else {
        return Map::new();
    };
    members.shift_remove("_data");
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_back() {
        let digest: [u8; 32] = std::array::from_fn(|n| u8::try_from(n * 7).unwrap());
        let binary = json!({ "resourceType": "Binary", "_data": pointer(&digest) });
        assert_eq!(content_digest(&binary), Some(digest));
        assert_eq!(without_pointer(binary).get("_data"), None);
    }

    #[test]
    fn what_is_no_pointer_is_none() {
        for data in [
            json!({}),
            json!({ "extension": [{ "url": CONTENT, "valueString": "é0" }] }),
        ] {
            assert_eq!(content_digest(&json!({ "_data": data })), None);
        }
        assert_eq!(content_digest(&json!({ "data": "AA==" })), None);
    }
}
