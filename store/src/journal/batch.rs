//! A batch of receipts with what an append adds to them.

use std::collections::{HashMap, HashSet};

use super::chains::Place;
use super::{Chains, Receipt, Route};
use crate::columns::column;
use crate::{InterfaceId, Store};

/// Receipts, each with its id and its place in its chain.
pub(crate) struct Batch<'a> {
    pub(crate) receipts: &'a [Receipt],
    pub(crate) ids: Vec<i64>,
    pub(crate) places: Vec<Place>,
    /// First of its key and digest in this batch: a statement can't settle the same row twice.
    pub(crate) first: Vec<bool>,
    /// Another digest under the same key came earlier in this batch.
    pub(crate) reused: Vec<bool>,
    /// Where the chains end once this is committed.
    pub(crate) heads: HashMap<InterfaceId, Place>,
}

impl<'a> Batch<'a> {
    pub(crate) fn of(store: &Store, chains: &Chains, receipts: &'a [Receipt]) -> Self {
        let mut heads: HashMap<InterfaceId, Place> = HashMap::new();
        let places = column(receipts, |receipt| {
            let head = heads
                .entry(receipt.interface)
                .or_insert_with(|| chains.head(receipt.interface));
            *head = head.after(store.chain_key(), receipt.received_at, &receipt.digest);
            *head
        });
        let mut pairs = HashSet::with_capacity(receipts.len());
        let mut keys = HashSet::with_capacity(receipts.len());
        let fresh = column(receipts, |receipt| {
            let first = pairs.insert((receipt.seen_key, receipt.seen_digest));
            let new_key = keys.insert(receipt.seen_key);
            (first, first && !new_key)
        });
        Self {
            receipts,
            ids: column(receipts, |_| store.ids().journal().0),
            places,
            first: column(&fresh, |(first, _)| *first),
            reused: column(&fresh, |(_, reused)| *reused),
            heads,
        }
    }

    /// Whether no message repeats another one of the batch.
    pub(crate) fn is_free_of_repeats(&self) -> bool {
        self.first.iter().all(|first| *first)
    }

    /// Whether all of it waits to be applied.
    pub(crate) fn is_all_queued(&self) -> bool {
        self.receipts
            .iter()
            .all(|receipt| matches!(receipt.route, Route::Queue { .. }))
    }
}
