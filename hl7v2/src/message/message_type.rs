//! MSH-9, with what senders do to it.

use std::borrow::Cow;

use super::Field;

/// MSH-9: code, trigger, structure.
#[derive(Clone, Copy)]
pub struct MessageType<'m> {
    field: Field<'m>,
}

impl<'m> MessageType<'m> {
    pub(crate) fn of(field: Field<'m>) -> Self {
        Self { field }
    }

    /// MSH-9.1, such as `ADT`.
    pub fn code(self) -> Cow<'m, str> {
        self.field.first().component(1).text()
    }

    /// MSH-9.2, such as `A01`.
    pub fn trigger(self) -> Cow<'m, str> {
        self.field.first().component(2).text()
    }

    /// MSH-9.3, such as `ADT_A01`; often empty before v2.4.
    pub fn structure(self) -> Cow<'m, str> {
        self.field.first().component(3).text()
    }

    /// The whole field.
    pub fn field(self) -> Field<'m> {
        self.field
    }
}
