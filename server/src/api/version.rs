//! Versions and times in headers (R4 http.html#versioning, RFC 9110 §13).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

static HTTP_DATE: DateTimePrinter = DateTimePrinter::new();

/// `W/"3"`
pub(super) fn etag(version: i32) -> HeaderValue {
    HeaderValue::from_str(&format!("W/\"{version}\"")).expect("digits and quotes are header text")
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`; `None` for a time that the format can't say.
pub(super) fn http_date(at: Timestamp) -> Option<HeaderValue> {
    let text = HTTP_DATE.timestamp_to_rfc9110_string(&at).ok()?;
    HeaderValue::from_str(&text).ok()
}

/// `ETag` and Last-Modified of a version.
pub(super) fn headers(
    version: i32,
    updated_at: Timestamp,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let modified = http_date(updated_at).map(|date| (header::LAST_MODIFIED, date));
    std::iter::once((header::ETAG, etag(version))).chain(modified)
}

/// Whether the caller's copy is the current one: If-None-Match, else If-Modified-Since.
pub(super) fn is_known(headers: &HeaderMap, version: i32, updated_at: Timestamp) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        let tags = headers
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|v| v.to_str().ok());
        return tags
            .flat_map(|tags| tags.split(','))
            .any(|tag| names(tag.trim(), version));
    }
    let since = headers
        .get(header::IF_MODIFIED_SINCE)
        .and_then(|value| value.to_str().ok());
    // The header counts in whole seconds.
    since
        .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
        .is_some_and(|since| updated_at.as_second() <= since.timestamp().as_second())
}

/// The weak comparison of RFC 9110 §8.8.3.2; a bare number is what some FHIR clients send.
fn names(tag: &str, version: i32) -> bool {
    let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    tag == "*" || tag.parse() == Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: HeaderName, value: &'static str, expected: bool) {
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
        let updated_at = Timestamp::from_microsecond(784_111_777_500_000).unwrap();
        assert_eq!(is_known(&headers, 3, updated_at), expected, "{value}");
    }

    #[test]
    fn a_version_is_known_by_its_tag() {
        check(header::IF_NONE_MATCH, "W/\"3\"", true);
        check(header::IF_NONE_MATCH, "W/\"1\", \"3\"", true);
        check(header::IF_NONE_MATCH, "*", true);
        check(header::IF_NONE_MATCH, "W/\"33\"", false);
        check(header::IF_NONE_MATCH, "W/\"x\"", false);
    }

    #[test]
    fn a_version_is_known_by_its_time_to_the_second() {
        check(
            header::IF_MODIFIED_SINCE,
            "Sun, 06 Nov 1994 08:49:37 GMT",
            true,
        );
        check(
            header::IF_MODIFIED_SINCE,
            "Sun, 06 Nov 1994 08:49:36 GMT",
            false,
        );
        check(header::IF_MODIFIED_SINCE, "yesterday", false);
    }

    #[test]
    fn times_are_written_as_http_wants_them() {
        let at = Timestamp::from_second(784_111_777).unwrap();
        assert_eq!(http_date(at).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(etag(12), "W/\"12\"");
    }
}
