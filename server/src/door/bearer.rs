//! Where a token may stand in a request: in the `Authorization` header and nowhere else.

use axum::http::{HeaderMap, Uri, header};

use super::{Refusal, Token};

/// The token of a request (RFC 6750 §2.1).
pub fn bearer(headers: &HeaderMap, uri: &Uri) -> Result<Token, Refusal> {
    let query = uri.query().unwrap_or_default();
    // RFC 6750 §5.3: a token in a URL ends in logs and histories; it must be thought of as leaked.
    if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token") {
        return Err(Refusal::TokenInUrl);
    }
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = given.next() else {
        return Err(Refusal::NoToken);
    };
    if given.next().is_some() {
        return Err(Refusal::SeveralTokens);
    }
    let text = value.to_str().map_err(|_| Refusal::InvalidToken)?;
    let Some((scheme, token)) = text.split_once(' ') else {
        return Err(Refusal::NoToken);
    };
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(Refusal::NoToken);
    }
    Token::parse(token.trim()).ok_or(Refusal::InvalidToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(authorization: &[&str], uri: &str, expected: &Result<&str, Refusal>) {
        let mut headers = HeaderMap::new();
        for value in authorization {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        let found = bearer(&headers, &uri.parse().unwrap());
        assert_eq!(
            found.as_ref().map(Token::expose),
            expected.as_ref().copied()
        );
    }

    #[test]
    fn the_header_holds_one_bearer_token() {
        check(&["Bearer abc"], "/fhir/Patient", &Ok("abc"));
        check(&["bearer abc"], "/fhir/Patient", &Ok("abc"));
        check(&[], "/fhir/Patient", &Err(Refusal::NoToken));
        check(&["Basic abc"], "/fhir/Patient", &Err(Refusal::NoToken));
        check(
            &["Bearer a b"],
            "/fhir/Patient",
            &Err(Refusal::InvalidToken),
        );
        check(
            &["Bearer a", "Bearer b"],
            "/fhir/Patient",
            &Err(Refusal::SeveralTokens),
        );
    }

    #[test]
    fn a_token_in_the_url_is_refused_even_beside_a_good_one() {
        check(
            &["Bearer abc"],
            "/fhir/Patient?access_token=abc",
            &Err(Refusal::TokenInUrl),
        );
        check(
            &[],
            "/fhir/Patient?access%5Ftoken=abc",
            &Err(Refusal::TokenInUrl),
        );
    }
}
