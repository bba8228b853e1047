//! What is served: one table for routing, for the `CapabilityStatement` and for who may write what.

use fhir::ResourceType;
use fhir::capability::{Interaction, Served};

/// Who writes a type (docs: "Resources and who writes them").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    /// The EMR, by its messages.
    Emr,
    /// Apps.
    App,
    /// The server itself.
    Server,
}

/// One row of the table.
struct Row {
    kind: ResourceType,
    owner: Owner,
    interactions: &'static [Interaction],
}

use Interaction::{Create, HistoryInstance, Read, SearchType, Vread};

const READ: &[Interaction] = &[Read, Vread, HistoryInstance, SearchType];
const READ_AND_CREATE: &[Interaction] = &[Create, Read, Vread, HistoryInstance, SearchType];

/// In alphabetical order, as the `CapabilityStatement` shows it.
const TABLE: &[Row] = &[
    Row {
        kind: ResourceType::Account,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::AllergyIntolerance,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Appointment,
        owner: Owner::Emr,
        interactions: READ,
    },
    // The content of a document, of which another is another Binary: no versions to tell.
    Row {
        kind: ResourceType::Binary,
        owner: Owner::App,
        interactions: &[Read],
    },
    Row {
        kind: ResourceType::CareTeam,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::ChargeItem,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Condition,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Coverage,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::DiagnosticReport,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::DocumentReference,
        owner: Owner::App,
        interactions: READ_AND_CREATE,
    },
    Row {
        kind: ResourceType::Encounter,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::EpisodeOfCare,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Immunization,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Location,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::MedicationRequest,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Observation,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Organization,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Patient,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Practitioner,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::PractitionerRole,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Procedure,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Provenance,
        owner: Owner::Server,
        interactions: READ,
    },
    Row {
        kind: ResourceType::RelatedPerson,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::ServiceRequest,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Specimen,
        owner: Owner::Emr,
        interactions: READ,
    },
    Row {
        kind: ResourceType::Task,
        owner: Owner::Server,
        interactions: READ,
    },
];

fn row(kind: ResourceType) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.kind == kind)
}

/// Whether this server has the type at all.
pub(super) fn has(kind: ResourceType) -> bool {
    row(kind).is_some()
}

/// Whether this can be done with the type.
pub(super) fn serves(kind: ResourceType, interaction: Interaction) -> bool {
    row(kind).is_some_and(|row| row.interactions.contains(&interaction))
}

/// The operation that tells where a resource's elements came from.
const LINEAGE: &[(&str, &str)] = &[("lineage", "urn:drawbridge:operation:lineage")];

/// Whether messages make resources of the type, so that there is something to tell of where they came
/// from.
pub(super) fn has_lineage(kind: ResourceType) -> bool {
    // Documents come from both sides.
    let is_document = matches!(kind, ResourceType::DocumentReference | ResourceType::Binary);
    owner(kind) == Some(Owner::Emr) || is_document
}

/// Who writes the type.
pub(super) fn owner(kind: ResourceType) -> Option<Owner> {
    row(kind).map(|row| row.owner)
}

/// The names of the types that there are, for people who asked for another.
pub(super) fn names() -> String {
    let names: Vec<&str> = TABLE.iter().map(|row| row.kind.name()).collect();
    names.join(", ")
}

/// The rows as the `CapabilityStatement` tells them.
pub(super) fn statement_rows() -> Vec<Served> {
    let served = |row: &Row| Served {
        kind: row.kind,
        interactions: row.interactions.to_vec(),
        conditional_create: row.interactions.contains(&Create),
        operations: if has_lineage(row.kind) { LINEAGE } else { &[] },
    };
    TABLE.iter().map(served).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_one_row_and_only_apps_types_can_be_created() {
        assert!(TABLE.windows(2).all(|pair| pair[0].kind < pair[1].kind));
        for row in TABLE {
            let writes = serves(row.kind, Create);
            assert!(!writes || row.owner == Owner::App, "{}", row.kind);
        }
    }
}
