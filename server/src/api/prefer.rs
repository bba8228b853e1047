//! The `Prefer` header (RFC 7240; R4 http.html#return, search.html#errors).

use axum::http::HeaderMap;

/// What an answer to a write holds.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Return {
    /// Headers alone.
    Minimal,
    /// The resource as stored.
    #[default]
    Representation,
    /// What was thought of it.
    OperationOutcome,
}

/// What becomes of search parameters that the server does not know.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Handling {
    /// They are errors: a search that ignores a filter shows rows that nobody asked for.
    #[default]
    Strict,
    /// They are left out, and the answer says so.
    Lenient,
}

/// What the caller prefers; an unknown preference is ignored, as RFC 7240 §2 says.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Prefer {
    /// `return=…`
    pub returning: Return,
    /// `handling=…`
    pub handling: Handling,
}

impl Prefer {
    /// Reads the header.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let values = headers
            .get_all("prefer")
            .iter()
            .filter_map(|value| value.to_str().ok());
        let words = values
            .flat_map(|value| value.split([',', ';']))
            .map(str::trim);
        words.fold(Self::default(), |prefer, word| {
            match word.to_ascii_lowercase().as_str() {
                "return=minimal" => Self {
                    returning: Return::Minimal,
                    ..prefer
                },
                "return=representation" => Self {
                    returning: Return::Representation,
                    ..prefer
                },
                "return=operationoutcome" => Self {
                    returning: Return::OperationOutcome,
                    ..prefer
                },
                "handling=lenient" => Self {
                    handling: Handling::Lenient,
                    ..prefer
                },
                "handling=strict" => Self {
                    handling: Handling::Strict,
                    ..prefer
                },
                _ => prefer,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_stand_in_one_header_or_several() {
        let mut headers = HeaderMap::new();
        assert_eq!(Prefer::of(&headers), Prefer::default());
        headers.append(
            "prefer",
            "respond-async, return=OperationOutcome".parse().unwrap(),
        );
        headers.append("prefer", "handling=lenient".parse().unwrap());
        let expected = Prefer {
            returning: Return::OperationOutcome,
            handling: Handling::Lenient,
        };
        assert_eq!(Prefer::of(&headers), expected);
    }
}
