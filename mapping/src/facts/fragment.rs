//! What a field says.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ops::Deref;

use crate::json::Members;

/// A JSON object with the elements of the resource that a field gives. Where one that we just wrote has
/// its commas is kept beside it: a resource is put together without reading the text again.
#[derive(Clone)]
pub struct Fragment {
    text: Box<str>,
    /// Behind each member but the last; `None` if nobody looked.
    commas: Option<Box<[usize]>>,
}

impl Fragment {
    /// A text whose members end at these commas.
    pub(crate) fn noted(text: &str, commas: &[usize]) -> Self {
        Self {
            text: text.into(),
            commas: Some(commas.into()),
        }
    }

    /// The elements in the order in which they stand.
    pub(crate) fn members(&self) -> Members<'_> {
        Members::of(&self.text, self.commas.as_deref())
    }

    /// One element.
    pub(crate) fn element(&self, name: &str) -> Option<&str> {
        let (_, value) = self.members().find(|(member, _)| *member == name)?;
        Some(value)
    }
}

impl<T: Into<Box<str>>> From<T> for Fragment {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            commas: None,
        }
    }
}

impl Deref for Fragment {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

// A map is asked for a fragment by its text: it must be equal and ordered as that.
impl Borrow<str> for Fragment {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Fragment {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Fragment {}

impl Ord for Fragment {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl PartialOrd for Fragment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

super::place::debug_as_count!(Fragment);
