//! The structure check: is this JSON a resource as R4 says?
//!
//! Walks the value once, along the tables. A fault is written down with its path and the walk goes on.

mod contained;
mod path;
mod primitive;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::schema::{Codes, Field, Holds, Schema, TypeDef, schema};
use crate::{Fault, IssueCode, Reference, ResourceType};
use contained::Scope;
use path::Path;

/// How many objects and arrays may lie inside each other. Deeper bodies are refused: by
/// [`check`], and before that by `serde_json`, whose own limit is 128.
pub const MAX_DEPTH: usize = 100;

/// More faults than this are not listed: a body can hold millions.
const FAULTS_MAX: usize = 100;

type Object = Map<String, Value>;

/// Everything that is wrong with a resource, all at once; empty when it is as R4 says.
/// `expected` is the type of the URL, where there is one.
pub fn check(resource: &Value, expected: Option<ResourceType>) -> Vec<Fault> {
    let mut walk = Walk {
        schema: schema(),
        faults: Vec::new(),
        depth: 0,
        scopes: Vec::new(),
    };
    let name = expected.map_or("Resource", ResourceType::name);
    walk.resource(resource, expected, &Path::root(name), Place::Whole);
    walk.faults
}

/// Where a resource stands: contained ones have rules of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Whole,
    Contained,
}

struct Walk {
    schema: &'static Schema,
    faults: Vec<Fault>,
    depth: usize,
    /// One per resource that is not contained: an entry of a Bundle lies inside the Bundle.
    scopes: Vec<Scope>,
}

impl Walk {
    fn fault(&mut self, path: &Path<'_>, code: IssueCode, what: impl Into<String>) {
        match self.faults.len() {
            0..FAULTS_MAX => {
                self.faults.push(Fault {
                    path: path.to_string(),
                    code,
                    what: what.into(),
                });
            }
            FAULTS_MAX => {
                let what =
                    format!("there are more than {FAULTS_MAX} faults; the rest is not listed");
                let path = path.root_name().to_owned();
                self.faults.push(Fault {
                    path,
                    code: IssueCode::TooLong,
                    what,
                });
            }
            _ => {}
        }
    }

    fn resource(
        &mut self,
        value: &Value,
        expected: Option<ResourceType>,
        path: &Path<'_>,
        place: Place,
    ) {
        let Value::Object(object) = value else {
            let what = format!("must be a resource in {{}}, not {}", kind_of(value));
            return self.fault(path, IssueCode::Structure, what);
        };
        let Some(kind) = self.resource_type(object, expected, path) else {
            return;
        };
        let Some(def) = self.schema.resource(kind) else {
            return;
        };
        let root = Path::root(kind.name());
        let path = if path.is_root() { &root } else { path };
        match place {
            Place::Whole => {
                self.scopes.push(Scope::of(object));
                self.object(def, object, path);
                self.leave_scope(path);
            }
            Place::Contained => {
                self.contained_rules(object, path);
                self.object(def, object, path);
            }
        }
    }

    fn resource_type(
        &mut self,
        object: &Object,
        expected: Option<ResourceType>,
        path: &Path<'_>,
    ) -> Option<ResourceType> {
        let Some(name) = object.get("resourceType") else {
            self.fault(
                path,
                IssueCode::Required,
                "resourceType is missing: it names the resource's type",
            );
            return expected;
        };
        let Some(kind) = name.as_str().and_then(ResourceType::parse) else {
            let what = "resourceType is not a resource type of R4; names are case-sensitive";
            self.fault(path, IssueCode::Structure, what);
            return None;
        };
        if let Some(expected) = expected.filter(|expected| *expected != kind) {
            let what = format!("resourceType is {kind}, but a {expected} belongs here");
            self.fault(path, IssueCode::Invalid, what);
        }
        Some(kind)
    }

    fn object(&mut self, def: &'static TypeDef, object: &Object, path: &Path<'_>) {
        if self.depth >= MAX_DEPTH {
            let what = format!("lies more than {MAX_DEPTH} levels deep, which is not read");
            return self.fault(path, IssueCode::TooLong, what);
        }
        self.depth += 1;
        let is_resource = def.is_resource();
        let extends = object.keys().any(|key| key.starts_with('_'));
        let mut seen = Seen::default();
        for (key, value) in object {
            if is_resource && key == "resourceType" {
                continue;
            }
            self.member(def, object, key, value, extends, &mut seen, path);
        }
        if object.is_empty() {
            let what = "is empty: leave it out, or give it content";
            self.fault(path, IssueCode::Structure, what);
        }
        for (at, element) in def.required() {
            if !seen.has(at) {
                let what = format!("{} is missing: {} must have it", element.name, def.name);
                self.fault(&path.child(element.path_name()), IssueCode::Required, what);
            }
        }
        for rule in def.rules {
            if !rule.holds(object) {
                self.fault(
                    path,
                    IssueCode::Invariant,
                    format!("{} ({})", rule.what, rule.key),
                );
            }
        }
        self.depth -= 1;
    }

    #[expect(clippy::too_many_arguments, reason = "one call, in the loop above")]
    fn member(
        &mut self,
        def: &'static TypeDef,
        object: &Object,
        key: &str,
        value: &Value,
        extends: bool,
        seen: &mut Seen,
        path: &Path<'_>,
    ) {
        let bare = key.strip_prefix('_');
        let field = def.field(bare.unwrap_or(key));
        let field = field.filter(|f| bare.is_none() || matches!(f.holds, Holds::Primitive(_)));
        let Some((field, element)) = field.and_then(|f| def.element(f).map(|e| (f, e))) else {
            return self.unknown(def, key, path);
        };
        let here = path.child(element.path_name());
        let again = seen.mark(field.element);
        if let Some(other) = again.then(|| other_choice(def, object, field)).flatten() {
            let what = format!(
                "{other} and {} are there: {} is given once",
                field.name, element.name
            );
            self.fault(&here, IssueCode::Structure, what);
        }
        // `birthDate` and `_birthDate` are one element: looked at together, at whichever has the value.
        let (value, companion) = match bare {
            Some(bare) if object.contains_key(bare) => return,
            Some(_) => (None, Some(value)),
            None if extends && matches!(field.holds, Holds::Primitive(_)) => {
                (Some(value), object.get(&format!("_{key}")))
            }
            None => (Some(value), None),
        };
        match value {
            _ if companion.is_some() => self.extended(field, element.list, value, companion, &here),
            Some(value) if element.list => self.list(field, value, &here),
            Some(value) => self.single(field, value, &here),
            None => {}
        }
    }

    fn unknown(&mut self, def: &TypeDef, key: &str, path: &Path<'_>) {
        let name: String = key.chars().filter(|c| !c.is_control()).take(64).collect();
        let hint = def
            .nearest(&name)
            .map(|near| format!("; did you mean {near}?"))
            .unwrap_or_default();
        let what = format!("{} has no such element in R4{hint}", def.name);
        self.fault(&path.child(&name), IssueCode::Structure, what);
    }

    fn list(&mut self, field: &Field, value: &Value, path: &Path<'_>) {
        let Value::Array(items) = value else {
            let what = format!("{} is a list: put it in []", field.name);
            return self.fault(path, IssueCode::Structure, what);
        };
        if items.is_empty() {
            return self.fault(path, IssueCode::Structure, "is an empty list: leave it out");
        }
        self.depth += 1;
        for (at, item) in items.iter().enumerate() {
            self.item(field, item, &path.at(at));
        }
        self.depth -= 1;
    }

    fn single(&mut self, field: &Field, value: &Value, path: &Path<'_>) {
        if value.is_array() {
            let what = format!("{} is a single value: take it out of []", field.name);
            return self.fault(path, IssueCode::Structure, what);
        }
        self.item(field, value, path);
    }

    fn item(&mut self, field: &Field, value: &Value, path: &Path<'_>) {
        if value.is_null() {
            let what = "is null: leave the element out";
            return self.fault(path, IssueCode::Structure, what);
        }
        match &field.holds {
            Holds::Primitive(primitive) => self.primitive(*primitive, field.codes, value, path),
            Holds::Resource if path.ends_with("contained") => {
                self.resource(value, None, path, Place::Contained);
            }
            Holds::Resource => self.resource(value, None, path, Place::Whole),
            Holds::Complex(id) => {
                if let Some(def) = self.schema.type_at(*id) {
                    self.complex(def, field.codes, value, path);
                }
            }
            Holds::Reference(targets) => {
                if let Some(def) = self.schema.type_named("Reference") {
                    self.complex(def, None, value, path);
                    self.reference(targets, value, path);
                }
            }
        }
    }

    fn complex(
        &mut self,
        def: &'static TypeDef,
        codes: Option<&'static Codes>,
        value: &Value,
        path: &Path<'_>,
    ) {
        let Value::Object(object) = value else {
            let what = format!("must be a {} in {{}}, not {}", def.name, kind_of(value));
            return self.fault(path, IssueCode::Structure, what);
        };
        self.object(def, object, path);
        if let Some(codes) = codes {
            self.bound(def, codes, object, path);
        }
    }

    /// A required binding of a concept: one of its codings is from the value set.
    fn bound(&mut self, def: &TypeDef, codes: &Codes, object: &Object, path: &Path<'_>) {
        let fits = |coding: &Object| {
            let text = |name| coding.get(name).and_then(Value::as_str);
            let (system, code) = (text("system"), text("code"));
            system.is_some_and(|url| code.is_some_and(|code| codes.has_coding(url, code)))
        };
        let good = match def.name {
            "CodeableConcept" => {
                let codings = object.get("coding").and_then(Value::as_array);
                codings.is_some_and(|c| c.iter().filter_map(Value::as_object).any(fits))
            }
            "Coding" => fits(object),
            _ => true,
        };
        if !good {
            let systems: Vec<&str> = codes.systems.iter().map(|system| system.url).collect();
            let what = format!(
                "must have a coding of the system {} with {}",
                systems.join(" or "),
                codes.listed()
            );
            self.fault(path, IssueCode::CodeInvalid, what);
        }
    }

    fn reference(&mut self, targets: &[ResourceType], value: &Value, path: &Path<'_>) {
        let Some(text) = value.get("reference").and_then(Value::as_str) else {
            return;
        };
        let here = path.child("reference");
        let Some(reference) = Reference::parse(text, None) else {
            let what =
                "must be Type/id, an absolute URL, urn:uuid:… or #id of a contained resource";
            return self.fault(&here, IssueCode::Value, what);
        };
        // Only the entries of a transaction may search for what they refer to.
        if matches!(reference, Reference::Conditional { .. }) && self.scopes.len() < 2 {
            let what =
                "a search can't be referred to here: find the resource first, and give Type/id";
            return self.fault(&here, IssueCode::Value, what);
        }
        let kind = if let Reference::Contained(id) = &reference {
            self.use_contained(id, &here)
        } else {
            reference.kind()
        };
        let fits = kind.is_none_or(|kind| targets.is_empty() || targets.contains(&kind));
        if !fits {
            let names: Vec<&str> = targets.iter().map(|target| target.name()).collect();
            let what = format!("must refer to {}", names.join(" or "));
            self.fault(&here, IssueCode::Structure, what);
        }
    }
}

/// Which elements of an object were there: a bit for each.
#[derive(Default)]
struct Seen(u128);

impl Seen {
    /// Marks an element; whether it was marked before.
    fn mark(&mut self, element: usize) -> bool {
        let before = self.has(element);
        self.0 |= 1 << element;
        before
    }

    fn has(&self, element: usize) -> bool {
        self.0 >> element & 1 == 1
    }
}

/// The other name that a choice was made by in the same object.
fn other_choice(def: &TypeDef, object: &Object, field: &Field) -> Option<&'static str> {
    let names = object
        .keys()
        .map(|key| key.strip_prefix('_').unwrap_or(key));
    let same = |other: &&Field| other.element == field.element && other.name != field.name;
    names
        .filter_map(|name| def.field(name))
        .find(same)
        .map(|other| other.name)
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
