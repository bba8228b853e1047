//! The digest chains of one writing task: one for each interface.

use std::collections::HashMap;

use jiff::Timestamp;
use model::{Tenant, WriterId};

use crate::chain::{ChainKey, Link, ORIGIN};
use crate::direct::Direct;
use crate::{InterfaceId, Result, Store};

/// The chains of one intake task. It advances only when a commit is certain; after an unknown commit
/// [`Chains::renew`] begins new ones, so that the old end where they are known to end.
pub struct Chains {
    pub(crate) tenant: Tenant,
    pub(crate) writer: WriterId,
    heads: HashMap<InterfaceId, Place>,
    /// An append's outcome is unknown: the chains must not be continued.
    pub(crate) broken: bool,
    /// How many batches yet to take for such as hold resends: they come in swarms.
    wary_for: u32,
    /// The task's own connection; none before the first append and after a failure.
    pub(crate) connection: Option<Direct>,
}

impl std::fmt::Debug for Chains {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Chains({}, {})", self.tenant, self.writer)
    }
}

/// The end of a chain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) seq: i64,
    pub(crate) link: Link,
}

impl Place {
    pub(crate) const START: Self = Self {
        seq: 0,
        link: ORIGIN,
    };

    /// The place of the next message.
    pub(crate) fn after(self, key: &ChainKey, at: Timestamp, digest: &[u8]) -> Self {
        let seq = self.seq + 1;
        let parts: [&[u8]; 4] = [
            &self.link,
            &seq.to_be_bytes(),
            &at.as_microsecond().to_be_bytes(),
            digest,
        ];
        Self {
            seq,
            link: key.link(&parts),
        }
    }
}

impl Chains {
    const WARY_FOR: u32 = 64;

    /// New chains for a writing task of a tenant.
    pub async fn begin(store: &Store, tenant: Tenant) -> Result<Self> {
        Ok(Self {
            tenant,
            writer: store.new_writer("intake").await?,
            heads: HashMap::new(),
            broken: false,
            wary_for: 0,
            connection: None,
        })
    }

    /// Leaves the chains where they are and begins new ones. [`super::append()`] does so by itself.
    pub async fn renew(&mut self, store: &Store) -> Result<()> {
        *self = Self::begin(store, self.tenant).await?;
        Ok(())
    }

    /// The tenant whose messages go into these chains.
    pub const fn tenant(&self) -> Tenant {
        self.tenant
    }

    pub(crate) fn head(&self, interface: InterfaceId) -> Place {
        self.heads.get(&interface).copied().unwrap_or(Place::START)
    }

    /// A statement's outcome is certain: the chains and the connection go on.
    pub(crate) fn keep(&mut self, connection: Direct) {
        self.broken = false;
        self.connection = Some(connection);
    }

    /// A resend was met.
    pub(crate) fn beware(&mut self) {
        self.wary_for = Self::WARY_FOR;
    }

    /// Whether the next batch is to be taken for one that holds resends.
    pub(crate) fn is_wary(&mut self) -> bool {
        let wary = 0 < self.wary_for;
        self.wary_for = self.wary_for.saturating_sub(1);
        wary
    }

    pub(crate) fn advance(&mut self, heads: &HashMap<InterfaceId, Place>) {
        self.heads.extend(heads);
    }
}
