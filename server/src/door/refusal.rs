//! Why the door stays shut, in the words of RFC 6750.

/// A caller that is not let in. [`crate::api::FhirError`] turns it into an answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// No token at all; RFC 6750 §3.1: then no error code either.
    #[error(
        "this needs an access token: send it as 'Authorization: Bearer TOKEN' (drawbridge token prints one)"
    )]
    NoToken,
    /// A token that is unknown, expired or revoked; which of these is not told.
    #[error("the access token is unknown, expired or revoked: ask for a new one")]
    InvalidToken,
    /// `?access_token=…`
    #[error(
        "an access token must not stand in a URL, where logs keep it: revoke it, and send the next one as 'Authorization: Bearer TOKEN'"
    )]
    TokenInUrl,
    /// Several `Authorization` headers.
    #[error("send one Authorization header, not several")]
    SeveralTokens,
    /// A good token whose scopes do not reach so far.
    #[error("the access token's scopes do not allow this: it needs {scope}")]
    InsufficientScope {
        /// The scope that would allow it.
        scope: String,
    },
}

impl Refusal {
    /// RFC 6750 §3: the challenge that goes with 400, 401 and 403.
    pub fn challenge(&self) -> String {
        const REALM: &str = "Bearer realm=\"drawbridge\"";
        match self {
            Self::NoToken => REALM.to_owned(),
            Self::InvalidToken => format!("{REALM}, error=\"invalid_token\""),
            Self::TokenInUrl | Self::SeveralTokens => format!("{REALM}, error=\"invalid_request\""),
            Self::InsufficientScope { scope } => {
                format!("{REALM}, error=\"insufficient_scope\", scope=\"{scope}\"")
            }
        }
    }
}
