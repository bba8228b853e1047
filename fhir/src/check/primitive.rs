//! Primitive values, alone and with what `_name` adds to them (R4 json.html#primitive).

use serde_json::Value;

use super::path::Path;
use super::{Walk, kind_of};
use crate::IssueCode;
use crate::primitive::Primitive;
use crate::schema::{Codes, Field, Holds};

impl Walk {
    pub(super) fn primitive(
        &mut self,
        primitive: Primitive,
        codes: Option<&'static Codes>,
        value: &Value,
        path: &Path<'_>,
    ) {
        if let Some(what) = primitive.fault(value) {
            let code = if is_text(value) == takes_text(primitive) {
                IssueCode::Value
            } else {
                IssueCode::Structure
            };
            return self.fault(path, code, what);
        }
        let Some(text) = value.as_str() else { return };
        if let Some(codes) = codes.filter(|codes| primitive == Primitive::Code && !codes.has(text))
        {
            self.fault(
                path,
                IssueCode::CodeInvalid,
                format!("must be {}", codes.listed()),
            );
        }
        if matches!(
            primitive,
            Primitive::Uri | Primitive::Url | Primitive::Canonical
        ) {
            self.note_fragment(text);
        }
    }

    /// A primitive with its `_name`: together they are one element, or one list of elements.
    pub(super) fn extended(
        &mut self,
        field: &Field,
        list: bool,
        value: Option<&Value>,
        companion: Option<&Value>,
        path: &Path<'_>,
    ) {
        if !list {
            return self.extended_item(field, value, companion, path);
        }
        let (Some(values), Some(companions)) = (items(value), items(companion)) else {
            let what = format!("{0} and _{0} are lists: put both in []", field.name);
            return self.fault(path, IssueCode::Structure, what);
        };
        let unequal = value.is_some() && companion.is_some() && values.len() != companions.len();
        if unequal {
            let what = format!(
                "{0} and _{0} must be equally long, with null where one has nothing",
                field.name
            );
            self.fault(path, IssueCode::Structure, what);
        }
        let n_items = values.len().max(companions.len());
        if n_items == 0 {
            return self.fault(path, IssueCode::Structure, "is an empty list: leave it out");
        }
        for at in 0..n_items {
            self.extended_item(field, values.get(at), companions.get(at), &path.at(at));
        }
    }

    fn extended_item(
        &mut self,
        field: &Field,
        value: Option<&Value>,
        companion: Option<&Value>,
        path: &Path<'_>,
    ) {
        let value = value.filter(|value| !value.is_null());
        let companion = companion.filter(|companion| !companion.is_null());
        if value.is_none() && companion.is_none() {
            return self.fault(path, IssueCode::Structure, "is null: leave the element out");
        }
        if let Some(value) = value {
            if value.is_array() {
                let what = format!("{} is a single value: take it out of []", field.name);
                return self.fault(path, IssueCode::Structure, what);
            }
            if let Holds::Primitive(primitive) = field.holds {
                self.primitive(primitive, field.codes, value, path);
            }
        }
        match companion {
            None => {}
            // What is beside a primitive has an id and extensions, as every element.
            Some(Value::Object(object)) => {
                if let Some(def) = self.schema.type_named("Element") {
                    self.object(def, object, path);
                }
            }
            Some(other) => {
                let what = format!(
                    "_{} holds an object with id and extension, not {}",
                    field.name,
                    kind_of(other)
                );
                self.fault(path, IssueCode::Structure, what);
            }
        }
    }
}

/// The items of a list; an absent one has none. `None` when it is no list.
fn items(value: Option<&Value>) -> Option<&[Value]> {
    match value {
        None => Some(&[]),
        Some(Value::Array(items)) => Some(items),
        Some(_) => None,
    }
}

fn is_text(value: &Value) -> bool {
    value.is_string()
}

fn takes_text(primitive: Primitive) -> bool {
    !matches!(
        primitive,
        Primitive::Boolean
            | Primitive::Decimal
            | Primitive::Integer
            | Primitive::UnsignedInt
            | Primitive::PositiveInt
    )
}
