//! What tokens stand for, looked up in the store and remembered for a moment.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use store::{Store, StoreError};

use super::{Caller, Refusal, Scopes, Token, TokenHash};

/// A revoked token is refused after this time at the latest.
pub const REVOKED_WITHIN: Duration = Duration::from_secs(5);

/// How long an answer of the store is used; what is left of [`REVOKED_WITHIN`] is for the requests
/// that were let in just before.
const KEPT_FOR: Duration = Duration::from_secs(2);

/// How many tokens are remembered at a time.
const KEPT_MAX: usize = 10_000;

/// Lets callers in. Cheap to clone.
#[derive(Clone)]
pub struct Grants {
    store: Store,
    kept: Arc<RwLock<HashMap<TokenHash, Kept>>>,
}

#[derive(Clone)]
struct Kept {
    /// `None`: the store knows no such token.
    caller: Option<Arc<Caller>>,
    until: Instant,
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum Closed {
    /// The token is not good.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not say.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Grants {
    /// Grants of a store.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            kept: Arc::default(),
        }
    }

    /// Whom a token lets in.
    pub async fn caller(&self, token: &Token) -> Result<Arc<Caller>, Closed> {
        let hash = token.hash();
        let caller = match self.remembered(&hash) {
            Some(kept) => kept.caller,
            None => self.look_up(hash).await?,
        };
        let now = self.store.clock().now();
        let caller = caller.filter(|caller| now < caller.expires_at);
        caller.ok_or(Closed::Refused(Refusal::InvalidToken))
    }

    fn remembered(&self, hash: &TokenHash) -> Option<Kept> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.get(hash)
            .filter(|kept| Instant::now() < kept.until)
            .cloned()
    }

    async fn look_up(&self, hash: TokenHash) -> Result<Option<Arc<Caller>>, StoreError> {
        // Counted from before the question: an answer on its way ages too.
        let until = Instant::now() + KEPT_FOR;
        let grant = store::token::find(&self.store, *hash.as_bytes()).await?;
        let good = grant.filter(|grant| grant.revoked_at.is_none());
        let caller = good.map(|grant| {
            Arc::new(Caller {
                tenant: grant.tenant,
                token: grant.id,
                scopes: Scopes::granted(&grant.scope),
                patient: grant.patient,
                expires_at: grant.expires_at,
            })
        });
        self.remember(
            hash,
            Kept {
                caller: caller.clone(),
                until,
            },
        );
        Ok(caller)
    }

    fn remember(&self, hash: TokenHash, answer: Kept) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if KEPT_MAX <= kept.len() {
            let now = Instant::now();
            kept.retain(|_, kept| now < kept.until);
        }
        // Still full: somebody tries tokens by the thousand. Forgetting costs them, not us.
        if KEPT_MAX <= kept.len() {
            kept.clear();
        }
        kept.insert(hash, answer);
    }
}

impl std::fmt::Debug for Grants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Grants(..)")
    }
}
