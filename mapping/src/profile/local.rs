//! What fields of local segments (Z…) become.

use serde::Serialize;

use super::Path;

/// A local field and the element that it becomes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Local {
    pub(crate) from: Path,
    pub(crate) to: Element,
    /// The extension's URL; else the system of the identifier or code.
    pub(crate) system: Option<String>,
    /// The type of an extension's value.
    pub(crate) value: Value,
    /// The type (table 0203) of an identifier.
    pub(crate) identifier_type: Option<String>,
    /// The table that says what its codes mean.
    pub(crate) table: Option<String>,
}

/// An element that a local field may become.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(crate) enum Element {
    PatientExtension,
    PatientIdentifier,
    PatientMaritalStatus,
    EncounterExtension,
    EncounterIdentifier,
    EncounterType,
    EncounterReasonCode,
    EncounterServiceType,
    /// Of what the segment before it became.
    Extension(Part),
    Identifier(Part),
}

/// What a segment becomes that a local segment may follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(crate) enum Part {
    AllergyIntolerance,
    Condition,
    Coverage,
    Observation,
    Procedure,
}

/// Whose element it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owner {
    Patient,
    Visit,
    Part(Part),
}

/// The type of an extension's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(crate) enum Value {
    String,
    Code,
    Boolean,
    Integer,
    Date,
    DateTime,
}

impl Element {
    pub(crate) const ALL: [(&'static str, Self); 18] = [
        ("Patient.extension", Self::PatientExtension),
        ("Patient.identifier", Self::PatientIdentifier),
        ("Patient.maritalStatus", Self::PatientMaritalStatus),
        ("Encounter.extension", Self::EncounterExtension),
        ("Encounter.identifier", Self::EncounterIdentifier),
        ("Encounter.type", Self::EncounterType),
        ("Encounter.reasonCode", Self::EncounterReasonCode),
        ("Encounter.serviceType", Self::EncounterServiceType),
        (
            "AllergyIntolerance.extension",
            Self::Extension(Part::AllergyIntolerance),
        ),
        (
            "AllergyIntolerance.identifier",
            Self::Identifier(Part::AllergyIntolerance),
        ),
        ("Condition.extension", Self::Extension(Part::Condition)),
        ("Condition.identifier", Self::Identifier(Part::Condition)),
        ("Coverage.extension", Self::Extension(Part::Coverage)),
        ("Coverage.identifier", Self::Identifier(Part::Coverage)),
        ("Observation.extension", Self::Extension(Part::Observation)),
        (
            "Observation.identifier",
            Self::Identifier(Part::Observation),
        ),
        ("Procedure.extension", Self::Extension(Part::Procedure)),
        ("Procedure.identifier", Self::Identifier(Part::Procedure)),
    ];

    pub(crate) fn name(self) -> &'static str {
        let named = Self::ALL.iter().find(|(_, element)| *element == self);
        named.map_or("", |(name, _)| name)
    }

    pub(crate) const fn is_extension(self) -> bool {
        matches!(
            self,
            Self::PatientExtension | Self::EncounterExtension | Self::Extension(_)
        )
    }

    pub(crate) const fn is_identifier(self) -> bool {
        matches!(
            self,
            Self::PatientIdentifier | Self::EncounterIdentifier | Self::Identifier(_)
        )
    }

    pub(crate) const fn owner(self) -> Owner {
        match self {
            Self::PatientExtension | Self::PatientIdentifier | Self::PatientMaritalStatus => {
                Owner::Patient
            }
            Self::EncounterExtension
            | Self::EncounterIdentifier
            | Self::EncounterType
            | Self::EncounterReasonCode
            | Self::EncounterServiceType => Owner::Visit,
            Self::Extension(part) | Self::Identifier(part) => Owner::Part(part),
        }
    }
}

impl Part {
    /// The type of the resource, by which its facts are named too.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AllergyIntolerance => "AllergyIntolerance",
            Self::Condition => "Condition",
            Self::Coverage => "Coverage",
            Self::Observation => "Observation",
            Self::Procedure => "Procedure",
        }
    }
}

impl Value {
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("string", Self::String),
        ("code", Self::Code),
        ("boolean", Self::Boolean),
        ("integer", Self::Integer),
        ("date", Self::Date),
        ("dateTime", Self::DateTime),
    ];

    pub(crate) fn name(self) -> &'static str {
        let named = Self::ALL.iter().find(|(_, value)| *value == self);
        named.map_or("", |(name, _)| name)
    }
}
