//! MRG for accounts and visits, and the links that name two patients without MRG.

use fhirbolt::model::r4::resources::{Account, Encounter};
use fhirbolt::model::r4::types::{Code, Identifier};
use hl7v2::{Message, Segment};
use model::{IdentityKind, SourceIdentity};

use crate::datatype::cx;
use crate::datatype::xon::refer;
use crate::facts::Place;
use crate::identity;
use crate::inbound::trigger::IdentityRule;
use crate::inbound::{EntityKind, Reading, Seg, Voice};
use crate::json;
use crate::segment::pv1;
use crate::ties::Relation;

/// MRG-3: the account before, which is not in use any more where the message replaces it. What becomes of
/// it otherwise nobody says.
pub(in crate::segment) fn account(
    mrg: &Seg<'_>,
    message: &Message<'_>,
    rule: IdentityRule,
    patient: &Voice<'_, '_>,
    present: Option<&SourceIdentity>,
) {
    let reading = patient.reading;
    let msh = message.msh();
    let Some(cx) = identity::valued(mrg.field(3)).next() else {
        return;
    };
    let identity = identity::of(IdentityKind::Account, cx, &msh);
    let named = |identity: &SourceIdentity| reading.entity(identity);
    if present.is_some_and(|present| named(present) == named(&identity)) {
        return;
    }
    let is_replaced = present.is_some() && rule == IdentityRule::MergeAccounts;
    let mut voice = Voice::new(reading, EntityKind::Account, identity);
    if let Some(present) = present.filter(|_| is_replaced) {
        let ends = [voice.entity, named(present)];
        reading.link(EntityKind::Account, ends, Relation::Merged, mrg.place(3));
    }
    let before = Account {
        status: if is_replaced { "inactive" } else { "unknown" }.into(),
        subject: vec![refer("Patient", patient.entity.0, None)],
        ..blank()
    };
    voice.state(mrg.place(3), json::fragment(&before));
    let identifier: Vec<Identifier> = cx::identifier(cx, Some("AN"), reading)
        .into_iter()
        .collect();
    let before = Account {
        identifier,
        ..blank()
    };
    voice.turn_to_part("prior", "MRG");
    voice.state(mrg.place(3), json::fragment(&before));
    voice.close();
}

fn blank() -> Account {
    Account {
        status: Code::default(),
        ..Account::default()
    }
}

/// MRG-5 and 6: the number that the visit had before.
pub(in crate::segment) fn visit(
    mrg: &Segment<'_>,
    message: &Message<'_>,
    reading: &Reading<'_>,
    present: &Voice<'_, '_>,
) {
    let msh = message.msh();
    let mrg = Seg::new("MRG", *mrg);
    let sent: Vec<_> = [5, 6]
        .into_iter()
        .flat_map(|n| identity::valued(mrg.field(n)))
        .collect();
    let Some(first) = sent.first() else { return };
    let identity = identity::of(IdentityKind::Visit, *first, &msh);
    let mut before = Voice::new(reading, EntityKind::Visit, identity);
    if before.entity == present.entity {
        return;
    }
    let ends = [before.entity, present.entity];
    reading.link(EntityKind::Visit, ends, Relation::Merged, mrg.place(5));
    let identifiers = sent
        .iter()
        .filter_map(|cx| cx::identifier(*cx, Some("VN"), reading));
    let named = Encounter {
        identifier: identifiers.collect(),
        ..pv1::blank()
    };
    // A number alone is no visit: it becomes one when somebody speaks of it.
    before.turn_to_part("named", "MRG");
    before.state(mrg.place(5), json::fragment(&named));
    before.close();
}

/// Two patients are one person (A24), or are not after all (A37).
pub(in crate::segment) fn linked(
    first: &SourceIdentity,
    second: &SourceIdentity,
    rule: IdentityRule,
    reading: &Reading<'_>,
) {
    let ends = [first, second].map(|identity| reading.entity(identity));
    if ends[0] == ends[1] {
        return;
    }
    let relation = if rule == IdentityRule::Unlink {
        Relation::Apart
    } else {
        Relation::Same
    };
    reading.link(EntityKind::Patient, ends, relation, Place::new("PID", 3));
}
