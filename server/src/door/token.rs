//! Access tokens: opaque, 256 bits, kept as a hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};

/// What a caller shows. It is printed once, when it is issued, and never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// What the database keeps of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl Token {
    /// Marks the token as ours, so that secret scanners and people recognise a leaked one.
    const PREFIX: &str = "dbt_";

    /// A new token from the operating system's randomness.
    pub fn random() -> Self {
        let mut bits = [0_u8; 32];
        rand::rngs::ThreadRng::default().fill_bytes(&mut bits);
        Self(format!("{}{}", Self::PREFIX, URL_SAFE_NO_PAD.encode(bits)))
    }

    /// Takes what stood after `Bearer`: RFC 6750 §2.1, `b64token`.
    pub fn parse(text: &str) -> Option<Self> {
        let body = text.trim_end_matches('=');
        let is_b64 = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
        (!body.is_empty() && text.len() <= 512 && body.bytes().all(is_b64))
            .then(|| Self(text.to_owned()))
    }

    /// The token itself, for the one who asked for it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its hash. A plain SHA-256 will do: 256 random bits can't be guessed.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl TokenHash {
    /// The bytes that the database keeps.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_is_long_readable_back_and_never_shown() {
        let token = Token::random();
        assert_ne!(token, Token::random());
        assert_eq!(token.expose().len(), Token::PREFIX.len() + 43);
        assert_eq!(Token::parse(token.expose()), Some(token.clone()));
        assert_eq!(
            format!("{token:?} {:?}", token.hash()),
            "Token(..) TokenHash(..)"
        );
    }

    #[test]
    fn what_is_no_b64token_is_none() {
        for text in ["", "=", "a b", "a\u{e9}", &"x".repeat(513)] {
            assert_eq!(Token::parse(text), None);
        }
    }
}
