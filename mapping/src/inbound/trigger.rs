//! Which message types this build has rules for, and what each trigger means.

use model::Trigger;

/// What a message type means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rules {
    /// What happened to the visit; none for an update.
    pub(crate) event: Option<Trigger>,
    /// What it says of identities.
    pub(crate) identity: IdentityRule,
}

/// Triggers whose structure has room for diagnoses, allergies, contacts and insurance: where a profile
/// agrees on snapshots, these hold them.
const FULL: &[&str] = &[
    "A01", "A03", "A04", "A05", "A06", "A07", "A08", "A13", "A14", "A28", "A31",
];

/// Whether a message of that trigger can hold everything there is.
pub(crate) fn is_full(trigger: &str) -> bool {
    FULL.contains(&trigger.trim())
}

/// What a message says of who is who.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum IdentityRule {
    /// Nothing.
    Keep,
    /// MRG names a patient that PID replaces.
    MergePatients,
    /// MRG names an identifier that belongs to PID's patient, and to nobody else any more (A43).
    MovePatient,
    /// The account of PID-18 was that of MRG's patient (A44).
    MoveAccount,
    /// The visits of the message were those of MRG's patient (A45).
    MoveVisits,
    /// Two patients are named, each for themselves (A17).
    Two,
    /// Two patients are named who are one person (A24).
    Link,
    /// Two patients are named who are not one person after all (A37).
    Unlink,
    /// MRG names a visit that PV1 replaces.
    MergeVisits,
    /// MRG names an account that PID-18 replaces.
    MergeAccounts,
    /// The visit should not be in the record (A23).
    DeleteVisit,
    /// The person should not be in the record (A29).
    DeletePatient,
    /// The person is in the record, maybe again (A28).
    AddPatient,
    /// The pending transfer was called off (A26).
    CancelPendingTransfer,
}

const fn visit(event: Trigger) -> Rules {
    Rules {
        event: Some(event),
        identity: IdentityRule::Keep,
    }
}

const UPDATE: Rules = Rules {
    event: None,
    identity: IdentityRule::Keep,
};

const MERGE: Rules = Rules {
    event: None,
    identity: IdentityRule::MergePatients,
};

const fn identity(identity: IdentityRule) -> Rules {
    Rules {
        event: None,
        identity,
    }
}

/// Table 0003 for ADT, as far as there are rules. MSH-9.3 takes no part: it is often empty, and wrong.
const ADT: &[(&str, Rules)] = &[
    ("A01", visit(Trigger::Admit)),
    ("A02", visit(Trigger::Transfer)),
    ("A03", visit(Trigger::Discharge)),
    ("A04", visit(Trigger::Register)),
    ("A05", visit(Trigger::PreAdmit)),
    ("A06", visit(Trigger::ChangeClass)),
    ("A07", visit(Trigger::ChangeClass)),
    ("A08", UPDATE),
    ("A09", UPDATE),
    ("A10", UPDATE),
    ("A11", visit(Trigger::CancelAdmit)),
    ("A12", visit(Trigger::CancelTransfer)),
    ("A13", visit(Trigger::CancelDischarge)),
    ("A14", visit(Trigger::PreAdmit)),
    ("A15", UPDATE),
    ("A16", UPDATE),
    (
        "A17",
        Rules {
            event: Some(Trigger::Transfer),
            identity: IdentityRule::Two,
        },
    ),
    ("A18", MERGE),
    ("A21", visit(Trigger::StartLeave)),
    ("A22", visit(Trigger::EndLeave)),
    ("A23", identity(IdentityRule::DeleteVisit)),
    ("A24", identity(IdentityRule::Link)),
    ("A25", UPDATE),
    ("A26", identity(IdentityRule::CancelPendingTransfer)),
    ("A27", visit(Trigger::CancelPreAdmit)),
    ("A28", identity(IdentityRule::AddPatient)),
    ("A29", identity(IdentityRule::DeletePatient)),
    ("A30", MERGE),
    ("A31", UPDATE),
    ("A32", UPDATE),
    ("A33", UPDATE),
    ("A34", MERGE),
    ("A35", identity(IdentityRule::MergeAccounts)),
    ("A36", MERGE),
    ("A37", identity(IdentityRule::Unlink)),
    ("A38", visit(Trigger::CancelPreAdmit)),
    ("A39", MERGE),
    ("A40", MERGE),
    ("A41", identity(IdentityRule::MergeAccounts)),
    ("A42", identity(IdentityRule::MergeVisits)),
    ("A43", identity(IdentityRule::MovePatient)),
    ("A44", identity(IdentityRule::MoveAccount)),
    ("A45", identity(IdentityRule::MoveVisits)),
    ("A46", MERGE),
    ("A47", MERGE),
    ("A49", identity(IdentityRule::MergeAccounts)),
    ("A50", identity(IdentityRule::MergeVisits)),
    ("A51", UPDATE),
    ("A52", visit(Trigger::CancelLeave)),
    ("A53", visit(Trigger::CancelReturn)),
    ("A54", UPDATE),
    ("A55", UPDATE),
    ("A60", UPDATE),
    ("A61", UPDATE),
    ("A62", UPDATE),
];

/// Results: R01, from a device (R30 to R32), and the query's unsolicited kin.
const ORU: &[(&str, Rules)] = &[
    ("R01", UPDATE),
    ("R03", UPDATE),
    ("R30", UPDATE),
    ("R31", UPDATE),
    ("R32", UPDATE),
];

/// Orders of any service.
const ORM: &[(&str, Rules)] = &[("O01", UPDATE)];

/// Orders of clinical services.
const OMG: &[(&str, Rules)] = &[("O19", UPDATE)];

/// Orders of laboratory services.
const OML: &[(&str, Rules)] = &[("O21", UPDATE)];

/// Immunizations.
const VXU: &[(&str, Rules)] = &[("V04", UPDATE)];

/// What orders in a message are there for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// To order something.
    Request,
    /// To report what came of it.
    Result,
    /// To tell of an immunization.
    Immunization,
}

/// What orders in messages of a type are there for; none where this build does not read them.
pub(crate) fn purpose(code: &str) -> Option<Purpose> {
    match code.trim() {
        "ORM" | "OMG" | "OML" | "MDM" | "DFT" => Some(Purpose::Request),
        "ORU" => Some(Purpose::Result),
        "VXU" => Some(Purpose::Immunization),
        _ => None,
    }
}

/// Messages of which the trigger says nothing of the visit: what it says of the appointment, document or
/// charge is read where that is read.
const ABOUT_OTHERS: &[(&str, &[&str])] = &[
    ("DFT", &["P03", "P11"]),
    (
        "MDM",
        &[
            "T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T11",
        ],
    ),
    (
        "SIU",
        &[
            "S12", "S13", "S14", "S15", "S16", "S17", "S18", "S19", "S20", "S21", "S22", "S23",
            "S24", "S26",
        ],
    ),
];

/// Every message type that there are rules for, with its trigger.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str, Rules)> {
    let tables = [
        ("ADT", ADT),
        ("OMG", OMG),
        ("OML", OML),
        ("ORM", ORM),
        ("ORU", ORU),
        ("VXU", VXU),
    ];
    let tables = tables
        .into_iter()
        .flat_map(|(code, table)| table.iter().map(move |(name, rules)| (code, *name, *rules)));
    let others = ABOUT_OTHERS
        .iter()
        .flat_map(|(code, triggers)| triggers.iter().map(move |name| (*code, *name, UPDATE)));
    tables.chain(others)
}

/// The rules for a message type, if there are any.
pub(crate) fn rules(code: &str, trigger: &str) -> Option<Rules> {
    let (code, trigger) = (code.trim(), trigger.trim());
    let others = ABOUT_OTHERS.iter().find(|(known, _)| *known == code);
    if let Some((_, triggers)) = others {
        return triggers.contains(&trigger).then_some(UPDATE);
    }
    let table = match code {
        "ADT" => ADT,
        "OMG" => OMG,
        "OML" => OML,
        "ORM" => ORM,
        "ORU" => ORU,
        "VXU" => VXU,
        _ => return None,
    };
    let at = table
        .binary_search_by(|(name, _)| (*name).cmp(trigger))
        .ok()?;
    table.get(at).map(|(_, rules)| *rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_trigger_is_found() {
        for (code, table) in [("ADT", ADT), ("ORU", ORU)] {
            for (name, expected) in table {
                assert_eq!(rules(code, name), Some(*expected), "{name}");
            }
        }
        assert_eq!(rules("ADT", "A99"), None);
        assert_eq!(rules("XYZ", "A01"), None);
    }
}
