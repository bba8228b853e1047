//! Contained resources: what they may be and who refers to them (R4 references.html#contained).

use serde_json::Value;

use super::path::Path;
use super::{Object, Walk};
use crate::{IssueCode, ResourceType};

/// A resource with what it contains.
pub(super) struct Scope {
    contained: Vec<Contained>,
}

struct Contained {
    id: String,
    kind: Option<ResourceType>,
    used: bool,
}

impl Scope {
    pub(super) fn of(resource: &Object) -> Self {
        let items = resource.get("contained").and_then(Value::as_array);
        let contained = items.into_iter().flatten().map(|item| {
            let text = |name| item.get(name).and_then(Value::as_str);
            Contained {
                id: text("id").unwrap_or_default().to_owned(),
                kind: text("resourceType").and_then(ResourceType::parse),
                used: false,
            }
        });
        Self {
            contained: contained.collect(),
        }
    }
}

impl Walk {
    /// A reference to `#id`: it must be there. Gives its type.
    pub(super) fn use_contained(&mut self, id: &str, path: &Path<'_>) -> Option<ResourceType> {
        // `#` alone is the resource that contains.
        if id.is_empty() {
            return None;
        }
        let scope = self.scopes.last_mut();
        let target = scope.and_then(|scope| scope.contained.iter_mut().find(|c| c.id == id));
        let Some(target) = target else {
            let what = "names a contained resource that is not there (ref-1)";
            self.fault(path, IssueCode::Invariant, what);
            return None;
        };
        target.used = true;
        target.kind
    }

    /// A uri may refer to a contained resource too.
    pub(super) fn note_fragment(&mut self, text: &str) {
        let Some(id) = text.strip_prefix('#') else {
            return;
        };
        if let Some(scope) = self.scopes.last_mut() {
            scope
                .contained
                .iter_mut()
                .filter(|c| c.id == id)
                .for_each(|c| c.used = true);
        }
    }

    pub(super) fn leave_scope(&mut self, path: &Path<'_>) {
        let Some(scope) = self.scopes.pop() else {
            return;
        };
        let list = path.child("contained");
        for (at, _) in scope.contained.iter().enumerate().filter(|(_, c)| !c.used) {
            let what = "nothing refers to this contained resource: refer to it as #id, or leave it out (dom-3)";
            self.fault(&list.at(at), IssueCode::Invariant, what);
        }
    }

    pub(super) fn contained_rules(&mut self, resource: &Object, path: &Path<'_>) {
        if resource.contains_key("contained") {
            let what = "a contained resource contains no others (dom-2)";
            self.fault(path, IssueCode::Invariant, what);
        }
        if !resource.get("id").is_some_and(Value::is_string) {
            let what = "id is missing: a contained resource is referred to by it";
            self.fault(&path.child("id"), IssueCode::Required, what);
        }
        let Some(meta) = resource.get("meta") else {
            return;
        };
        if meta.get("versionId").is_some() || meta.get("lastUpdated").is_some() {
            let what = "a contained resource has no versionId and no lastUpdated (dom-4)";
            self.fault(&path.child("meta"), IssueCode::Invariant, what);
        }
        if meta.get("security").is_some() {
            let what = "a contained resource has no security labels (dom-5)";
            self.fault(&path.child("meta"), IssueCode::Invariant, what);
        }
    }
}
