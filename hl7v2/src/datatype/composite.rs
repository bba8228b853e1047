//! A value with parts, at whatever level it stands.

use std::borrow::Cow;

use crate::{Component, Repetition, Subcomponent};

/// A repetition with components, a component with subcomponents, or a subcomponent, which has
/// only one part. A type that is nested one level deeper than expected still reads its first part.
#[derive(Clone, Copy, Debug)]
pub enum Composite<'m> {
    /// The parts are components.
    Repetition(Repetition<'m>),
    /// The parts are subcomponents.
    Component(Component<'m>),
    /// The only part is the value itself.
    Subcomponent(Subcomponent<'m>),
}

impl<'m> Composite<'m> {
    /// Part `n`, counted from 1; `None` below the smallest level.
    pub fn part(self, n: usize) -> Option<Composite<'m>> {
        match self {
            Self::Repetition(repetition) => Some(Self::Component(repetition.component(n))),
            Self::Component(component) => Some(Self::Subcomponent(component.subcomponent(n))),
            Self::Subcomponent(_) => (n == 1).then_some(self),
        }
    }

    /// The first value in the part `n` as text; empty if it is not there.
    pub fn text(self, n: usize) -> Cow<'m, str> {
        match self.part(n) {
            None => Cow::Borrowed(""),
            Some(part) => part.first_text(),
        }
    }

    /// The part `n` as text with separators kept as characters.
    pub fn full_text(self, n: usize) -> Cow<'m, str> {
        match self.part(n) {
            None => Cow::Borrowed(""),
            Some(Self::Repetition(part)) => part.full_text(),
            Some(Self::Component(part)) => part.full_text(),
            Some(Self::Subcomponent(part)) => part.full_text(),
        }
    }

    /// The first value in it as text.
    pub fn first_text(self) -> Cow<'m, str> {
        match self {
            Self::Repetition(repetition) => repetition.text(),
            Self::Component(component) => component.text(),
            Self::Subcomponent(subcomponent) => subcomponent.text(),
        }
    }

    /// The bytes and what separates its parts; `None` if it has only one, or is so long that it is
    /// searched when it is asked for.
    fn raw_and_separator(&self) -> Option<(&'m [u8], u8)> {
        let (raw, separator) = match self {
            Self::Repetition(repetition) => (repetition.raw(), repetition.separator()),
            Self::Component(component) => (component.raw(), component.separator()),
            Self::Subcomponent(_) => return None,
        };
        (raw.len() < usize::from(u16::MAX)).then_some((raw, separator))
    }

    /// A part of it whose bytes were found.
    fn with_part(&self, raw: &'m [u8]) -> Option<Self> {
        match self {
            Self::Repetition(repetition) => Some(Self::Component(repetition.with_component(raw))),
            Self::Component(component) => {
                Some(Self::Subcomponent(component.with_subcomponent(raw)))
            }
            Self::Subcomponent(_) => None,
        }
    }

    /// Says nothing.
    pub fn is_empty(self) -> bool {
        match self {
            Self::Repetition(repetition) => repetition.is_empty(),
            Self::Component(component) => component.is_empty(),
            Self::Subcomponent(subcomponent) => subcomponent.is_empty(),
        }
    }

    /// Exactly two quotes: delete.
    pub fn is_null(self) -> bool {
        match self {
            Self::Repetition(repetition) => repetition.is_null(),
            Self::Component(component) => component.is_null(),
            Self::Subcomponent(subcomponent) => subcomponent.is_null(),
        }
    }

    /// Whether part `n` is null: the sender deletes that part alone.
    pub fn is_part_null(self, n: usize) -> bool {
        self.part(n).is_some_and(Self::is_null)
    }
}

/// A value and where its parts end. Views ask for many parts of one value, most of which are not
/// there: it is searched once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'m> {
    value: Composite<'m>,
    ends: [u16; ENDS_MAX],
    n_ends: usize,
}

/// More than any view has texts (XCN.23).
const ENDS_MAX: usize = 24;

impl<'m> Parts<'m> {
    pub(super) fn new(value: Composite<'m>) -> Self {
        let mut ends = [0; ENDS_MAX];
        let mut n_ends = 0;
        if let Some((raw, separator)) = value.raw_and_separator() {
            let bytes = (0_u16..).zip(raw);
            let found = bytes.filter(|(_, byte)| **byte == separator);
            for (end, (at, _)) in ends.iter_mut().zip(found) {
                *end = at;
                n_ends += 1;
            }
        }
        Self {
            value,
            ends,
            n_ends,
        }
    }

    pub(super) fn value(self) -> Composite<'m> {
        self.value
    }

    /// Part `n`, counted from 1; `None` below the smallest level.
    pub(super) fn part(&self, n: usize) -> Option<Composite<'m>> {
        match self.value {
            Composite::Subcomponent(_) => self.value.part(n),
            Composite::Repetition(_) | Composite::Component(_) => match self.raw(n) {
                Some(raw) => self.value.with_part(raw),
                None => self.value.part(n),
            },
        }
    }

    /// The first value in part `n` as text; empty if it is not there.
    pub(super) fn text(&self, n: usize) -> Cow<'m, str> {
        match (self.raw(n), &self.value) {
            (Some([]), _) => Cow::Borrowed(""),
            (Some(raw), Composite::Repetition(value)) => value.with_component(raw).text(),
            (Some(raw), Composite::Component(value)) => value.with_subcomponent(raw).text(),
            _ => self.value.text(n),
        }
    }

    /// The bytes of part `n`; `None` if its place was not noted.
    fn raw(&self, n: usize) -> Option<&'m [u8]> {
        let (raw, _) = self.value.raw_and_separator()?;
        let end = |n: usize| {
            self.ends
                .get(..self.n_ends)?
                .get(n)
                .copied()
                .map(usize::from)
        };
        let start = match n {
            0 => return None,
            1 => 0,
            _ => match end(n - 2) {
                Some(end) => end + 1,
                None if self.n_ends < ENDS_MAX => return Some(&[]),
                None => return None,
            },
        };
        let end = match end(n - 1) {
            Some(end) => end,
            None if self.n_ends < ENDS_MAX => raw.len(),
            None => return None,
        };
        raw.get(start..end)
    }
}

impl<'m> From<Repetition<'m>> for Composite<'m> {
    fn from(repetition: Repetition<'m>) -> Self {
        Self::Repetition(repetition)
    }
}

impl<'m> From<Component<'m>> for Composite<'m> {
    fn from(component: Component<'m>) -> Self {
        Self::Component(component)
    }
}

impl<'m> From<Subcomponent<'m>> for Composite<'m> {
    fn from(subcomponent: Subcomponent<'m>) -> Self {
        Self::Subcomponent(subcomponent)
    }
}

/// Declares a view: how it is made from what it stands on, its parts that are texts, and its parts
/// that are views themselves. The number is the part's position in the standard.
macro_rules! view {
    (
        $(#[$doc:meta])* $name:ident
        texts { $($(#[$text_doc:meta])* $text:ident = $text_n:literal;)* }
        views { $($(#[$view_doc:meta])* $view:ident: $view_type:ident = $view_n:literal;)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'m>(Option<$crate::datatype::composite::Parts<'m>>);

        impl<'m> $name<'m> {
            /// Reads the value as this type.
            pub fn new(value: impl Into<$crate::datatype::Composite<'m>>) -> Self {
                Self::of_part(Some(value.into()))
            }

            /// The value that the view stands on; `None` if the view is of a part that can't be.
            pub fn composite(self) -> Option<$crate::datatype::Composite<'m>> {
                self.0.map($crate::datatype::composite::Parts::value)
            }

            /// Says nothing.
            pub fn is_empty(self) -> bool {
                self.composite().is_none_or($crate::datatype::Composite::is_empty)
            }

            /// Exactly two quotes: delete.
            pub fn is_null(self) -> bool {
                self.composite().is_some_and($crate::datatype::Composite::is_null)
            }

            /// Whether part `n` alone is null.
            pub fn is_part_null(self, n: usize) -> bool {
                self.0
                    .as_ref()
                    .and_then(|parts| parts.part(n))
                    .is_some_and($crate::datatype::Composite::is_null)
            }

            /// The first value in part `n`, counted from 1.
            pub fn text(self, n: usize) -> std::borrow::Cow<'m, str> {
                match &self.0 {
                    Some(parts) => parts.text(n),
                    None => std::borrow::Cow::Borrowed(""),
                }
            }

            $($(#[$text_doc])*
            pub fn $text(self) -> std::borrow::Cow<'m, str> {
                self.text($text_n)
            })*

            $($(#[$view_doc])*
            pub fn $view(self) -> $view_type<'m> {
                $view_type::of_part(self.0.as_ref().and_then(|parts| parts.part($view_n)))
            })*

            /// Reads a part as this type; without a part the view is empty.
            pub fn of_part(part: Option<$crate::datatype::Composite<'m>>) -> Self {
                Self(part.map($crate::datatype::composite::Parts::new))
            }
        }

        impl<'m, T: Into<$crate::datatype::Composite<'m>>> From<T> for $name<'m> {
            fn from(value: T) -> Self {
                Self::new(value)
            }
        }
    };
}

pub(super) use view;
