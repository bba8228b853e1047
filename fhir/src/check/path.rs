//! Where the walk is: a chain on the stack, written out only for a fault.

use std::fmt;

/// One step of the way down, with the way above it.
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'a str,
    index: Option<usize>,
}

impl<'a> Path<'a> {
    pub(super) fn root(name: &'a str) -> Self {
        Self {
            parent: None,
            name,
            index: None,
        }
    }

    pub(super) fn child<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path {
            parent: Some(self),
            name,
            index: None,
        }
    }

    /// The same step with the place in its list.
    pub(super) fn at(&self, index: usize) -> Path<'a> {
        Path {
            parent: self.parent,
            name: self.name,
            index: Some(index),
        }
    }

    pub(super) fn is_root(&self) -> bool {
        self.parent.is_none()
    }

    pub(super) fn root_name(&self) -> &str {
        let mut here = self;
        while let Some(parent) = here.parent {
            here = parent;
        }
        here.name
    }

    pub(super) fn ends_with(&self, name: &str) -> bool {
        self.name == name
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        f.write_str(self.name)?;
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}
