//! Which rows of code tables a piece of work used. Only tracing asks; all else pays for one check.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::catalog::code_tables;

/// A row of a table: its table's place in the catalog, and its own in the table.
pub(crate) type Used = (usize, usize);

thread_local! {
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
    static USED: RefCell<BTreeMap<Used, usize>> = const { RefCell::new(BTreeMap::new()) };
}

/// A row was found.
#[inline]
pub(super) fn note<T>(table: &[(&str, T)], at: usize) {
    if IS_WATCHED.get() {
        remember(table, at);
    }
}

#[cold]
fn remember<T>(table: &[(&str, T)], at: usize) {
    // A constant has no address of its own: a table is known by its codes.
    let is_this = |known: &super::CodeTable| {
        known.rows.len() == table.len()
            && known
                .rows
                .iter()
                .zip(table)
                .all(|(row, (sent, _))| row.sent == *sent)
    };
    if let Some(known) = code_tables().iter().position(is_this) {
        USED.with_borrow_mut(|used| *used.entry((known, at)).or_default() += 1);
    }
}

/// Whether the work in hand is watched.
pub(crate) fn is_watched() -> bool {
    IS_WATCHED.get()
}

/// Does the work and tells which rows it used, and how often.
pub(crate) fn watched<R>(work: impl FnOnce() -> R) -> (R, BTreeMap<Used, usize>) {
    struct Watch;

    impl Drop for Watch {
        fn drop(&mut self) {
            IS_WATCHED.set(false);
        }
    }

    USED.with_borrow_mut(BTreeMap::clear);
    IS_WATCHED.set(true);
    let watch = Watch;
    let done = work();
    drop(watch);
    (done, USED.take())
}
