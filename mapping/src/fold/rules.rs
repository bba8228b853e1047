//! Which field's rule gave each element: more than a version's lineage keeps, for those who ask.

use serde_json::Value;

use crate::facts::Place;
use crate::json::{elements, inside_of_list};

use super::{Draft, binary};

/// One element, or one item of a list, and the field whose rule gave it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Rule {
    /// The element.
    pub(crate) element: String,
    /// Its place, where the element is a list.
    pub(crate) item: Option<usize>,
    /// The field that said it.
    pub(crate) field: Place,
}

impl Draft<'_> {
    /// The rule of each element, and of each item of a list, that a field said as a whole.
    pub(crate) fn rules(&self) -> Vec<Rule> {
        let body: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let mut rules: Vec<Rule> = Vec::new();
        // Items of which the file is elsewhere, and that were found already.
        let mut files: Vec<(&str, usize)> = Vec::new();
        for (element, said) in &self.lines {
            let member = said.fragment.members().find(|(name, _)| name == element);
            let Some((_, value)) = member else { continue };
            let rule = |item| Rule {
                element: (*element).to_owned(),
                item,
                field: said.field,
            };
            let Some(Value::Array(items)) = body.get(element) else {
                rules.push(rule(None));
                continue;
            };
            if value == "[]" {
                // Computed from a message that says who is one with whom.
                rules.push(rule(None));
            }
            for said in inside_of_list(value).into_iter().flat_map(elements) {
                let said: Value = serde_json::from_str(said).unwrap_or_default();
                let same = items.iter().position(|item| *item == said);
                let item = same.or_else(|| {
                    let of_file = |(at, item): &(usize, &Value)| {
                        binary::is_taken_out_of(item, &said) && !files.contains(&(*element, *at))
                    };
                    let (at, _) = items.iter().enumerate().find(of_file)?;
                    files.push((*element, at));
                    Some(at)
                });
                rules.extend(item.map(|item| rule(Some(item))));
            }
        }
        rules
    }
}
