//! HD → the system of an identifier.

use std::borrow::Cow;

use hl7v2::datatype::Hd;

use crate::inbound::Reading;
use crate::profile::Profile;

/// The system of identifiers that an authority assigns: by the profile, else what the authority says
/// of itself (OID, UUID, URI), else a name of our own that is stable for the sender's word.
pub(crate) fn system(hd: Hd<'_>, reading: &Reading<'_>) -> Option<String> {
    let namespace = hd.namespace();
    let universal = hd.universal_id();
    let (namespace, universal) = (namespace.trim(), universal.trim());
    let configured = |word: &str| reading.profile().authorities.get(word).cloned();
    configured(universal)
        .or_else(|| configured(namespace))
        .or_else(|| uri(universal, hd.universal_id_type().trim()))
        .or_else(|| uri(namespace, ""))
        .or_else(|| local(namespace))
        .or_else(|| local(universal))
}

/// The system of identifiers whose assigner was not named: the sender's own (MSH-4), as
/// [`crate::identity::sender`] gives it.
pub(crate) fn of_sender(sender: &str, profile: &Profile) -> Option<String> {
    let mut parts = sender.split('&').map(str::trim);
    let (namespace, universal) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let kind = parts.next().unwrap_or("");
    let configured = |word: &str| profile.authorities.get(word).cloned();
    configured(universal)
        .or_else(|| configured(namespace))
        .or_else(|| uri(universal, kind))
        .or_else(|| local(namespace))
}

/// [`of_sender`] for the message that is being read.
pub(crate) fn sender_system(reading: &Reading<'_>) -> Option<String> {
    reading.sender_system.clone()
}

/// A universal id as a URI.
pub(crate) fn uri(id: &str, kind: &str) -> Option<String> {
    if id.is_empty() || id.contains(char::is_whitespace) {
        return None;
    }
    if is_oid(id) {
        return Some(format!("urn:oid:{id}"));
    }
    if is_uuid(id) {
        return Some(format!("urn:uuid:{}", id.to_ascii_lowercase()));
    }
    let is_uri = ["http://", "https://", "urn:"]
        .iter()
        .any(|scheme| id.starts_with(scheme));
    (is_uri || (kind == "URI" && id.contains(':'))).then(|| id.to_owned())
}

/// A name of our own for an authority that only has a local word.
pub(crate) fn local(word: &str) -> Option<String> {
    (!word.is_empty()).then(|| ["urn:drawbridge:authority:", &encoded(word)].concat())
}

/// A word as part of a URN: everything but letters, digits and `-._~` is percent-encoded.
pub(crate) fn encoded(word: &str) -> Cow<'_, str> {
    use std::fmt::Write as _;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if word.bytes().all(is_plain) {
        return Cow::Borrowed(word);
    }
    let mut out = String::with_capacity(3 * word.len());
    for byte in word.bytes() {
        if is_plain(byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Cow::Owned(out)
}

/// RFC 3061 by way of FHIR's `oid`: 0, 1 or 2, then numbers without leading zeros.
pub(crate) fn is_oid(id: &str) -> bool {
    let mut arcs = id.split('.');
    let root = arcs
        .next()
        .is_some_and(|root| matches!(root, "0" | "1" | "2"));
    let number = |arc: &str| {
        !arc.is_empty()
            && arc.bytes().all(|byte| byte.is_ascii_digit())
            && (arc == "0" || !arc.starts_with('0'))
    };
    root && id.contains('.') && arcs.all(number)
}

fn is_uuid(id: &str) -> bool {
    id.len() == 36 && uuid::Uuid::try_parse(id).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_that_names_itself_is_believed() {
        assert_eq!(
            uri("2.16.840.1.113883.19", "ISO").unwrap(),
            "urn:oid:2.16.840.1.113883.19"
        );
        assert_eq!(uri("http://x.org/ids", "URI").unwrap(), "http://x.org/ids");
        assert_eq!(uri("HCHB", "L"), None);
        assert_eq!(uri("1.Edu", "ISO"), None);
    }

    #[test]
    fn a_local_word_becomes_a_stable_urn() {
        assert_eq!(
            local("GOOD HEALTH").unwrap(),
            "urn:drawbridge:authority:GOOD%20HEALTH"
        );
    }
}
