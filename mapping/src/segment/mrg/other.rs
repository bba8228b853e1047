//! MRG for accounts and visits, and the links that name two patients without MRG.

use fhirbolt::model::r4::resources::{Account, Encounter, Patient};
use fhirbolt::model::r4::types::{Code, Identifier, Reference};
use hl7v2::{Message, Segment};
use model::{IdentityKind, SourceIdentity};

use crate::datatype::cx;
use crate::datatype::xon::refer;
use crate::identity;
use crate::inbound::trigger::IdentityRule;
use crate::inbound::{EntityKind, Reading, Seg, Voice};
use crate::json;
use crate::segment::pv1;

use super::{link, retired};

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
    let before = Account {
        status: if is_replaced { "inactive" } else { "unknown" }.into(),
        subject: vec![refer("Patient", patient.entity.0, None)],
        ..blank()
    };
    voice.state(mrg.place(3), json::fragment(&before));
    let identifier: Vec<Identifier> = cx::identifier(cx, Some("AN"), reading)
        .into_iter()
        .collect();
    let named = Account {
        identifier,
        ..blank()
    };
    voice.turn_to_part("prior", "MRG");
    voice.state(mrg.place(3), json::fragment(&named));
    voice.close();
}

fn blank() -> Account {
    Account {
        status: Code::default(),
        ..Account::default()
    }
}

/// MRG-5 and 6: the visit before. The present one has its number as an old one; a visit under that number
/// was heard of in error.
pub(in crate::segment) fn visit(
    mrg: &Segment<'_>,
    message: &Message<'_>,
    reading: &Reading<'_>,
    present: &mut Voice<'_, '_>,
) {
    let msh = message.msh();
    let mrg = Seg::new("MRG", *mrg);
    let sent: Vec<_> = [5, 6]
        .into_iter()
        .flat_map(|n| identity::valued(mrg.field(n)))
        .collect();
    let Some(first) = sent.first() else { return };
    let mut before = Voice::new(
        reading,
        EntityKind::Visit,
        identity::of(IdentityKind::Visit, *first, &msh),
    );
    if before.entity == present.entity {
        return;
    }
    let identifiers = sent
        .iter()
        .filter_map(|cx| cx::identifier(*cx, Some("VN"), reading));
    let kept = Encounter {
        identifier: identifiers.map(retired).collect(),
        ..pv1::blank()
    };
    present.turn_to_part("merge", &before.entity.to_string());
    present.state(mrg.place(5), json::fragment(&kept));
    present.turn_to_whole();
    let gone = Encounter {
        status: "entered-in-error".into(),
        ..pv1::blank()
    };
    before.turn_to_part("gone", "MRG");
    before.state(mrg.place(5), json::fragment(&gone));
    before.close();
}

/// Two patients are one person (A24), or are not after all (A37).
pub(in crate::segment) fn linked(
    first: &SourceIdentity,
    second: &SourceIdentity,
    rule: IdentityRule,
    reading: &Reading<'_>,
) {
    for (own, other) in [(first, second), (second, first)] {
        let mut voice = Voice::new(reading, EntityKind::Patient, own.clone());
        let other = reading.entity(other);
        if voice.entity == other {
            return;
        }
        let place = crate::facts::Place::new("PID", 3);
        voice.turn_to_part("link", &other.to_string());
        if rule == IdentityRule::Unlink {
            voice.delete(place);
        } else {
            let other: Reference = refer("Patient", other.0, None);
            let linked = Patient {
                link: vec![link(other, "seealso")],
                ..Patient::default()
            };
            voice.state(place, json::fragment(&linked));
        }
        voice.close();
    }
}
