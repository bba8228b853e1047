//! The values of a resource, each with its path.

use serde_json::Value;

/// A value in a resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Leaf {
    /// `name[0].family`
    pub(super) path: String,
    /// The element of the resource that it is in: `name`.
    pub(super) element: String,
    /// Which of them, where the element is a list.
    pub(super) item: Option<usize>,
    /// The value as text.
    pub(super) value: String,
}

/// All values of a resource, in their order. What is the same in every resource is left out.
pub(super) fn of(resource: &Value) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for (element, value) in resource.as_object().into_iter().flatten() {
        match value {
            _ if element == "resourceType" => {}
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    let path = format!("{element}[{at}]");
                    walk(path, item, &mut |path, value| {
                        leaves.push(leaf(path, element, Some(at), value));
                    });
                }
            }
            Value::Object(_)
            | Value::String(_)
            | Value::Number(_)
            | Value::Bool(_)
            | Value::Null => walk(element.clone(), value, &mut |path, value| {
                if !path.starts_with("meta.tag") {
                    leaves.push(leaf(path, element, None, value));
                }
            }),
        }
    }
    leaves
}

fn leaf(path: String, element: &str, item: Option<usize>, value: String) -> Leaf {
    Leaf {
        path,
        // Extensions of a primitive stand beside it.
        element: element.to_owned(),
        item,
        value,
    }
}

fn walk(path: String, value: &Value, out: &mut impl FnMut(String, String)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                walk(format!("{path}.{name}"), value, out);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(format!("{path}[{at}]"), item, out);
            }
        }
        Value::String(text) => out(path, text.clone()),
        Value::Null => {}
        value @ (Value::Bool(_) | Value::Number(_)) => out(path, value.to_string()),
    }
}

/// Whether an element reads like what was sent: the same text, or a date's same digits.
pub(super) fn same(value: &str, sent: &str) -> bool {
    let sent = sent.trim();
    if sent.is_empty() {
        return false;
    }
    let is_date = 4 <= sent.len() && sent.bytes().take(4).all(|byte| byte.is_ascii_digit());
    value == sent || (is_date && value.contains('-') && begins_alike(value, sent))
}

/// `1960-01-02` and `19600102…`.
fn begins_alike(value: &str, sent: &str) -> bool {
    let digits = |text: &str| -> String {
        let date = text.bytes().take_while(|byte| !b"T+Z".contains(byte));
        date.filter(u8::is_ascii_digit)
            .take(8)
            .map(char::from)
            .collect()
    };
    digits(value) == digits(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_path_that_fhir_writes() {
        let patient = serde_json::json!({
            "resourceType": "Patient",
            "meta": {"tag": [{"code": "emr"}]},
            "name": [{"family": "DOE", "given": ["JANE", "Q"]}],
            "active": true,
        });
        let leaves = of(&patient);
        let paths: Vec<&str> = leaves.iter().map(|leaf| leaf.path.as_str()).collect();
        let expected = [
            "name[0].family",
            "name[0].given[0]",
            "name[0].given[1]",
            "active",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn a_date_reads_like_its_digits() {
        assert!(same("1960-01-02", "196001020315"));
        assert!(same("DOE", "DOE"));
        assert!(!same("1960-01-03", "19600102"));
        assert!(!same("", ""));
    }
}
