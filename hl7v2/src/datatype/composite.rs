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
        pub struct $name<'m>(Option<$crate::datatype::Composite<'m>>);

        impl<'m> $name<'m> {
            /// Reads the value as this type.
            pub fn new(value: impl Into<$crate::datatype::Composite<'m>>) -> Self {
                Self(Some(value.into()))
            }

            /// The value that the view stands on; `None` if the view is of a part that can't be.
            pub fn composite(self) -> Option<$crate::datatype::Composite<'m>> {
                self.0
            }

            /// Says nothing.
            pub fn is_empty(self) -> bool {
                self.0.is_none_or($crate::datatype::Composite::is_empty)
            }

            /// Exactly two quotes: delete.
            pub fn is_null(self) -> bool {
                self.0.is_some_and($crate::datatype::Composite::is_null)
            }

            /// Whether part `n` alone is null.
            pub fn is_part_null(self, n: usize) -> bool {
                self.0.is_some_and(|value| value.is_part_null(n))
            }

            /// The first value in part `n`, counted from 1.
            pub fn text(self, n: usize) -> std::borrow::Cow<'m, str> {
                self.0.map_or(std::borrow::Cow::Borrowed(""), |value| value.text(n))
            }

            $($(#[$text_doc])*
            pub fn $text(self) -> std::borrow::Cow<'m, str> {
                self.text($text_n)
            })*

            $($(#[$view_doc])*
            pub fn $view(self) -> $view_type<'m> {
                $view_type::of_part(self.0.and_then(|value| value.part($view_n)))
            })*

            /// Reads a part as this type; without a part the view is empty.
            pub fn of_part(part: Option<$crate::datatype::Composite<'m>>) -> Self {
                Self(part)
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
