//! Rows turned into columns: a set-based statement takes one array per column (`unnest`).

use std::borrow::Cow;

/// Text that Postgres can hold: a NUL, which it can't, becomes U+FFFD.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// One column of some rows.
pub(crate) fn column<'a, R, T>(rows: &'a [R], cell: impl FnMut(&'a R) -> T) -> Vec<T> {
    rows.iter().map(cell).collect()
}
