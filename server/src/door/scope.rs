//! SMART scopes: what a token allows, per resource type and interaction.

use std::fmt;

use fhir::ResourceType;

/// What a scope lets a caller do (SMART App Launch 2, "Scopes for requesting FHIR resources").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permission {
    /// `c`: create.
    Create,
    /// `r`: read, vread, the history of an instance.
    Read,
    /// `u`: update and patch.
    Update,
    /// `d`: delete.
    Delete,
    /// `s`: search, the history of a type.
    Search,
}

impl Permission {
    /// In the order in which SMART v2 demands the letters.
    const ORDER: [Self; 5] = [
        Self::Create,
        Self::Read,
        Self::Update,
        Self::Delete,
        Self::Search,
    ];

    const fn letter(self) -> char {
        match self {
            Self::Create => 'c',
            Self::Read => 'r',
            Self::Update => 'u',
            Self::Delete => 'd',
            Self::Search => 's',
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// On whose behalf a scope acts, from the narrowest to the widest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// `patient/`: the compartment of the token's patient.
    Patient,
    /// `user/`: what the token's user may see.
    User,
    /// `system/`: what the client may see.
    System,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::User => "user",
            Self::System => "system",
        }
    }
}

/// One scope on FHIR resources, in the form of SMART v2.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope {
    level: Level,
    /// `None` is `*`.
    kind: Option<ResourceType>,
    /// The bits of [`Permission`].
    permissions: u8,
    /// What follows `?`: only rows that match it.
    filter: Option<String>,
}

/// Why a text is no scope that can be granted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScopeError {
    /// Nothing was asked for.
    #[error("no scope was given; for example: system/Patient.rs system/DocumentReference.cruds")]
    Empty,
    /// It has the form of no scope.
    #[error(
        "'{0}' is no scope; the form is system/Patient.rs (patient|user|system, a type or *, letters of cruds)"
    )]
    Form(String),
    /// Its resource type is not one of R4.
    #[error("'{scope}': R4 has no resource type '{name}'")]
    UnknownType {
        /// The scope.
        scope: String,
        /// The type as written.
        name: String,
    },
    /// The letters after the dot are wrong.
    #[error(
        "'{0}': the letters after the dot are some of c, r, u, d, s in this order (or read, write, *)"
    )]
    Letters(String),
    /// It narrows by search parameters.
    #[error(
        "'{0}': scopes that narrow by search parameters can't be granted yet; leave out what follows '?'"
    )]
    Narrowing(String),
    /// A `patient/` scope without a patient.
    #[error("a patient/ scope needs the patient whose chart it opens: --patient ID")]
    NoPatient,
}

impl Scope {
    /// Reads one scope, v2 (`patient/Observation.rs?category=…`) or v1 (`patient/Observation.read`).
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let form = || ScopeError::Form(text.to_owned());
        let (level, rest) = text.split_once('/').ok_or_else(form)?;
        let level = match level {
            "patient" => Level::Patient,
            "user" => Level::User,
            "system" => Level::System,
            _ => return Err(form()),
        };
        let (rest, filter) = match rest.split_once('?') {
            Some((rest, filter)) if !filter.is_empty() => (rest, Some(filter.to_owned())),
            Some(_) => return Err(form()),
            None => (rest, None),
        };
        let (name, letters) = rest.split_once('.').ok_or_else(form)?;
        let kind = match name {
            "*" => None,
            name => Some(
                ResourceType::parse(name).ok_or_else(|| ScopeError::UnknownType {
                    scope: text.to_owned(),
                    name: name.to_owned(),
                })?,
            ),
        };
        let permissions =
            permissions(letters).ok_or_else(|| ScopeError::Letters(text.to_owned()))?;
        Ok(Self {
            level,
            kind,
            permissions,
            filter,
        })
    }

    fn grants(&self, kind: ResourceType, permission: Permission) -> bool {
        // A filter that is not applied must not grant: it would show more than was granted.
        self.filter.is_none()
            && self.kind.is_none_or(|granted| granted == kind)
            && self.permissions & permission.bit() != 0
    }
}

/// The letters of v2, in order and each once; or a word of v1 (SMART App Launch 2, "Scopes v1").
fn permissions(letters: &str) -> Option<u8> {
    match letters {
        "read" => return Some(Permission::Read.bit() | Permission::Search.bit()),
        "write" => {
            let write = [Permission::Create, Permission::Update, Permission::Delete];
            return Some(
                write
                    .into_iter()
                    .fold(0, |bits, permission| bits | permission.bit()),
            );
        }
        "*" => {
            return Some(
                Permission::ORDER
                    .into_iter()
                    .fold(0, |bits, p| bits | p.bit()),
            );
        }
        "" => return None,
        _ => {}
    }
    let mut order = Permission::ORDER.into_iter();
    letters.chars().try_fold(0, |bits, letter| {
        let permission = order.find(|permission| permission.letter() == letter)?;
        Some(bits | permission.bit())
    })
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.map_or("*", ResourceType::name);
        write!(f, "{}/{kind}.", self.level.as_str())?;
        for permission in Permission::ORDER {
            if self.permissions & permission.bit() != 0 {
                write!(f, "{}", permission.letter())?;
            }
        }
        match &self.filter {
            Some(filter) => write!(f, "?{filter}"),
            None => Ok(()),
        }
    }
}

/// All scopes of a token.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Words that SMART and `OpenID` Connect give a meaning of their own; they open no resource.
    const WORDS: [&str; 7] = [
        "openid",
        "fhirUser",
        "profile",
        "launch",
        "launch/patient",
        "offline_access",
        "online_access",
    ];

    /// Reads what an operator or a client asks for: every scope must be one that can be granted.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let mut scopes = Vec::new();
        for word in text
            .split_whitespace()
            .filter(|word| !Self::WORDS.contains(word))
        {
            let scope = Scope::parse(word)?;
            if scope.filter.is_some() {
                return Err(ScopeError::Narrowing(word.to_owned()));
            }
            scopes.push(scope);
        }
        if text.split_whitespace().next().is_none() {
            return Err(ScopeError::Empty);
        }
        Ok(Self(scopes))
    }

    /// Reads what was granted. A scope that this build can't read grants nothing.
    pub fn granted(text: &str) -> Self {
        Self(
            text.split_whitespace()
                .filter_map(|word| Scope::parse(word).ok())
                .collect(),
        )
    }

    /// The widest level at which this is allowed.
    pub fn level(&self, kind: ResourceType, permission: Permission) -> Option<Level> {
        let granting = self.0.iter().filter(|scope| scope.grants(kind, permission));
        granting.map(|scope| scope.level).max()
    }

    /// Whether a scope acts for one patient.
    pub fn needs_patient(&self) -> bool {
        self.0.iter().any(|scope| scope.level == Level::Patient)
    }

    /// The scope that would have to be granted for this, at the level that the token has.
    pub fn wanted(&self, kind: ResourceType, permission: Permission) -> String {
        let level = self
            .0
            .iter()
            .map(|scope| scope.level)
            .max()
            .unwrap_or(Level::System);
        let letter = permission.letter();
        format!("{}/{kind}.{letter}", level.as_str())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, scope) in self.0.iter().enumerate() {
            if n != 0 {
                f.write_str(" ")?;
            }
            write!(f, "{scope}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, normal: &str) {
        assert_eq!(Scope::parse(text).unwrap().to_string(), normal, "{text}");
    }

    #[test]
    fn both_versions_of_smart_are_read_into_one_form() {
        check("system/Patient.rs", "system/Patient.rs");
        check("user/*.cruds", "user/*.cruds");
        check("patient/Observation.read", "patient/Observation.rs");
        check(
            "patient/DocumentReference.write",
            "patient/DocumentReference.cud",
        );
        check("patient/*.*", "patient/*.cruds");
        check(
            "patient/Observation.rs?category=a|b",
            "patient/Observation.rs?category=a|b",
        );
    }

    #[test]
    fn letters_out_of_order_twice_or_unknown_are_refused() {
        for text in [
            "system/Patient.sr",
            "system/Patient.rr",
            "system/Patient.x",
            "system/Patient.",
        ] {
            assert_eq!(
                Scope::parse(text),
                Err(ScopeError::Letters(text.to_owned()))
            );
        }
    }

    #[test]
    fn what_is_no_scope_is_refused_with_the_form_that_is() {
        for text in [
            "Patient.rs",
            "admin/Patient.rs",
            "system/Patient",
            "system/Patient.rs?",
        ] {
            assert_eq!(Scope::parse(text), Err(ScopeError::Form(text.to_owned())));
        }
        assert!(matches!(
            Scope::parse("system/Nobody.rs"),
            Err(ScopeError::UnknownType { .. })
        ));
        assert_eq!(Scopes::parse("  "), Err(ScopeError::Empty));
        assert!(matches!(
            Scopes::parse("system/Condition.rs?category=x"),
            Err(ScopeError::Narrowing(_))
        ));
    }

    #[test]
    fn the_widest_level_that_grants_counts() {
        let scopes = Scopes::parse("openid patient/*.rs user/Patient.r").unwrap();
        let level = |kind, permission| scopes.level(kind, permission);
        assert_eq!(
            level(ResourceType::Patient, Permission::Read),
            Some(Level::User)
        );
        assert_eq!(
            level(ResourceType::Patient, Permission::Search),
            Some(Level::Patient)
        );
        assert_eq!(level(ResourceType::Encounter, Permission::Create), None);
        assert_eq!(
            scopes.wanted(ResourceType::Task, Permission::Create),
            "user/Task.c"
        );
    }

    #[test]
    fn a_scope_that_narrows_grants_nothing_until_it_is_applied() {
        let scopes = Scopes::granted("system/Condition.rs?category=x nonsense");
        assert_eq!(
            scopes.level(ResourceType::Condition, Permission::Read),
            None
        );
    }
}
