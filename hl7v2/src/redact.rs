//! A `Debug` that shows sizes and never content: what a message says is a patient's business.

/// Implements `Debug` for a view over bytes as `Name(12 bytes)`.
macro_rules! debug_as_size {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({} bytes)"), self.raw().len())
            }
        }
    )+};
}

pub(crate) use debug_as_size;
