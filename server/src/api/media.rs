//! Which format comes in and which goes out (R4 http.html#mime-type).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::FhirError;

/// The one format of this server.
pub(super) const FHIR_JSON: HeaderValue =
    HeaderValue::from_static("application/fhir+json; charset=utf-8");
/// The same as a header of an answer.
pub(super) const FHIR_JSON_HEADER: [(HeaderName, HeaderValue); 1] =
    [(header::CONTENT_TYPE, FHIR_JSON)];

/// What the caller of a Binary wants (R4 binary.html#rest).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BinaryForm {
    /// The resource, with the content in Base64.
    Resource,
    /// The content itself.
    Content,
}

/// Refuses a caller that takes no FHIR JSON. `_format` wins over Accept.
pub(super) fn check_accept(headers: &HeaderMap, format: Option<&str>) -> Result<(), FhirError> {
    let takes_json = match format {
        // '+' of a URL that was not escaped reads as a space.
        Some(format) => is_json(&format.replace(' ', "+")) || format == "*/*",
        None => accepted(headers).is_none_or(|mut ranges| ranges.any(|r| is_json(r) || is_any(r))),
    };
    if takes_json {
        Ok(())
    } else {
        Err(FhirError::NotAcceptable)
    }
}

/// Resource or content: FHIR JSON only where it is asked for by name, as R4 says.
pub(super) fn binary_form(headers: &HeaderMap, format: Option<&str>) -> BinaryForm {
    let names_json = match format {
        Some(format) => is_json(&format.replace(' ', "+")),
        None => accepted(headers).is_some_and(|mut ranges| ranges.any(is_json)),
    };
    if names_json {
        BinaryForm::Resource
    } else {
        BinaryForm::Content
    }
}

/// Whether the caller of a Binary's content takes this type.
pub(super) fn accepts(headers: &HeaderMap, content_type: &str) -> bool {
    let essence = essence(content_type);
    let family = essence.split('/').next().unwrap_or_default();
    let takes = |range: &str| {
        is_any(range)
            || range.eq_ignore_ascii_case(essence)
            || range
                .strip_suffix("/*")
                .is_some_and(|of| of.eq_ignore_ascii_case(family))
    };
    accepted(headers).is_none_or(|mut ranges| ranges.any(takes))
}

/// Refuses a body that is not said to be FHIR JSON.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), FhirError> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    match given {
        Some(value) if is_json(essence(value)) && is_utf8(value) => Ok(()),
        _ => Err(FhirError::UnsupportedMediaType),
    }
}

/// Refuses a `POST _search` whose parameters are not a form (R4 http.html#search).
pub(super) fn check_form(headers: &HeaderMap) -> Result<(), FhirError> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    match given {
        Some(value) if essence(value).eq_ignore_ascii_case("application/x-www-form-urlencoded") => {
            Ok(())
        }
        _ => Err(FhirError::UnsupportedForm),
    }
}

/// The media ranges of Accept that are not ruled out by `q=0`; `None` without the header.
fn accepted(headers: &HeaderMap) -> Option<impl Iterator<Item = &str>> {
    headers.contains_key(header::ACCEPT).then(|| {
        let values = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|v| v.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .filter(|range| !is_ruled_out(range))
            .map(essence)
    })
}

/// RFC 9110 §12.4.2: a weight of zero means "not this".
fn is_ruled_out(range: &str) -> bool {
    range
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.trim().split_once('='))
        .any(|(name, weight)| {
            name.eq_ignore_ascii_case("q") && weight.trim().parse::<f32>().is_ok_and(|q| q <= 0.0)
        })
}

fn essence(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

fn is_any(range: &str) -> bool {
    range == "*/*" || range == "application/*"
}

/// The names that R4 (http.html#mime-type) and its older apps use.
fn is_json(name: &str) -> bool {
    [
        "application/fhir+json",
        "application/json",
        "application/json+fhir",
        "json",
        "text/json",
    ]
    .iter()
    .any(|known| name.eq_ignore_ascii_case(known))
}

fn is_utf8(value: &str) -> bool {
    value
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.trim().split_once('='))
        .all(|(name, charset)| {
            !name.eq_ignore_ascii_case("charset")
                || charset.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    fn takes(accept: &'static str) -> bool {
        check_accept(&with(header::ACCEPT, accept), None).is_ok()
    }

    #[test]
    fn json_in_all_its_names_is_served_and_nothing_else() {
        for accept in [
            "application/fhir+json",
            "application/json; q=0.9, text/html",
            "application/fhir+json; fhirVersion=4.0",
            "*/*",
            "application/xml, */*;q=0.1",
        ] {
            assert!(takes(accept), "{accept}");
        }
        for accept in [
            "application/fhir+xml",
            "text/html",
            "application/json;q=0",
            "",
        ] {
            assert!(!takes(accept), "{accept}");
        }
        assert!(check_accept(&HeaderMap::new(), None).is_ok());
    }

    #[test]
    fn format_in_the_url_wins_over_accept() {
        let xml = with(header::ACCEPT, "application/xml");
        assert!(check_accept(&xml, Some("json")).is_ok());
        assert!(check_accept(&xml, Some("application/fhir json")).is_ok());
        assert!(check_accept(&HeaderMap::new(), Some("xml")).is_err());
    }

    #[test]
    fn a_body_must_say_that_it_is_json_in_utf_8() {
        let check = |value| check_content_type(&with(header::CONTENT_TYPE, value)).is_ok();
        assert!(check("application/fhir+json"));
        assert!(check("application/json; charset=UTF-8"));
        assert!(!check("application/json; charset=latin1"));
        assert!(!check("application/x-www-form-urlencoded"));
        assert!(check_content_type(&HeaderMap::new()).is_err());
    }

    #[test]
    fn a_binary_is_its_content_unless_json_is_named() {
        let form = |accept| binary_form(&with(header::ACCEPT, accept), None);
        assert_eq!(form("application/fhir+json"), BinaryForm::Resource);
        assert_eq!(form("*/*"), BinaryForm::Content);
        assert_eq!(form("application/pdf"), BinaryForm::Content);
        assert!(accepts(
            &with(header::ACCEPT, "text/*"),
            "text/plain; charset=utf-8"
        ));
        assert!(!accepts(&with(header::ACCEPT, "image/png"), "text/plain"));
    }
}
