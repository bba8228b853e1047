//! GT1 → `RelatedPerson` (or Organization) and `Account.guarantor`. It is about who pays, and never
//! touches the Patient.

use std::sync::LazyLock;

use fhirbolt::model::r4::resources::{
    Account, AccountGuarantor, RelatedPerson, RelatedPersonCommunication,
};
use fhirbolt::model::r4::types::{Code, Reference};
use hl7v2::datatype::{Cwe, Cx, Xad, Xon, Xpn, Xtn};
use model::SourceIdentity;

use crate::datatype::xon::refer;
use crate::datatype::{cwe, cx, dtm, text, xad, xcn, xon, xpn, xtn};
use crate::facts::Place;
use crate::inbound::{EntityKind, Reading, Seg, Voice};
use crate::json;
use crate::table::administrative::{GENDER, RELATIONSHIP};
use crate::table::find;

/// States what GT1 says of the guarantor; one who is the patient is not said again.
pub(super) fn state(
    gt1: &Seg<'_>,
    subject: Option<Reference>,
    account: Option<&SourceIdentity>,
    patient: &mut Voice<'_, '_>,
) {
    gt1.skip(&[1]);
    let reading = patient.reading;
    let relationship = gt1.field(11).text();
    let party = if is_self(&relationship) {
        subject
    } else if gt1.field(3).is_empty() {
        reading.at(gt1.place(21));
        xon::reference(Xon::new(gt1.field(21).first()), reading)
    } else {
        person(gt1, subject, patient)
    };
    if let (Some(account), Some(party)) = (account, party) {
        guarantee(gt1, account, party, reading);
    }
}

/// Whether the code says that the person is the patient.
pub(super) fn is_self(relationship: &str) -> bool {
    matches!(relationship.trim(), "SEL" | "S" | "SELF" | "18" | "01")
}

fn guarantee(gt1: &Seg<'_>, account: &SourceIdentity, party: Reference, reading: &Reading<'_>) {
    let mut voice = Voice::new(reading, EntityKind::Account, account.clone());
    let name = party.reference.as_ref().and_then(|uri| uri.value.clone());
    reading.at(gt1.place(13));
    let period = dtm::period(&gt1.field(13).text(), &gt1.field(14).text(), reading);
    let guarantor = AccountGuarantor {
        party: Box::new(party),
        period,
        ..AccountGuarantor::default()
    };
    let guaranteed = Account {
        status: Code::default(),
        guarantor: vec![guarantor],
        ..Account::default()
    };
    voice.turn_to_part("guarantor", &name.unwrap_or_default());
    voice.state(gt1.place(3), json::fragment(&guaranteed));
    voice.close();
}

fn person(
    gt1: &Seg<'_>,
    subject: Option<Reference>,
    patient: &mut Voice<'_, '_>,
) -> Option<Reference> {
    let reading = patient.reading;
    let name = name(gt1)?;
    let display = xpn::name(Xpn::new(gt1.field(3).first()), reading);
    let display = display.as_ref().and_then(xcn::shown);
    let id = patient.part_id("guarantor", &name);
    patient.turn_to_part("guarantor", &name);
    about(subject, gt1.place(0), patient);
    patient.each(
        gt1,
        2,
        |sent| cx::identifier(Cx::new(sent), None, reading),
        |identifier| RelatedPerson {
            identifier,
            ..blank()
        },
    );
    let fields = Fields {
        name: 3,
        address: 5,
        telecom: [(6, "home"), (7, "work")],
        born: 8,
        sex: 9,
        relationship: 11,
    };
    who(gt1, &fields, patient);
    patient.one(gt1, 12, |sent| {
        Some(RelatedPerson {
            identifier: vec![cx::social_security(&sent.text())?],
            ..blank()
        })
    });
    patient.one(gt1, 36, |sent| {
        let language = cwe::concept(Cwe::new(sent), Some("0296"), reading)?;
        Some(RelatedPerson {
            communication: vec![RelatedPersonCommunication {
                language: Box::new(language),
                ..RelatedPersonCommunication::default()
            }],
            ..blank()
        })
    });
    Some(refer("RelatedPerson", id, display))
}

/// What names the guarantor among the patient's.
fn name(gt1: &Seg<'_>) -> Option<String> {
    if let Some(id) = text::text(&gt1.field(2).text()) {
        return Some(format!("id|{id}"));
    }
    let person = Xpn::new(gt1.field(3).first());
    let family = text::text(&person.family().surname()).unwrap_or_default();
    let given = text::text(&person.given()).unwrap_or_default();
    let is_named = !(family.is_empty() && given.is_empty());
    is_named.then(|| format!("{family}|{given}"))
}

/// Where a segment keeps what it says of a person.
pub(super) struct Fields {
    pub(super) name: u8,
    pub(super) address: u8,
    pub(super) telecom: [(u8, &'static str); 2],
    pub(super) born: u8,
    pub(super) sex: u8,
    pub(super) relationship: u8,
}

/// A person of whom nothing is set.
pub(super) fn blank() -> RelatedPerson {
    static BLANK: LazyLock<RelatedPerson> = LazyLock::new(|| RelatedPerson {
        patient: Box::new(Reference::default()),
        ..RelatedPerson::default()
    });
    BLANK.clone()
}

/// States whose person it is.
pub(super) fn about(subject: Option<Reference>, place: Place, patient: &mut Voice<'_, '_>) {
    let about = RelatedPerson {
        patient: Box::new(subject.unwrap_or_default()),
        ..blank()
    };
    patient.state(place, json::fragment(&about));
}

/// States who a person is and how to reach them.
pub(super) fn who(seg: &Seg<'_>, fields: &Fields, patient: &mut Voice<'_, '_>) {
    let reading = patient.reading;
    patient.each(
        seg,
        fields.name,
        |sent| xpn::name(Xpn::new(sent), reading),
        |name| RelatedPerson { name, ..blank() },
    );
    patient.each(
        seg,
        fields.address,
        |sent| xad::address(Xad::new(sent), reading),
        |address| RelatedPerson { address, ..blank() },
    );
    for (n, default_use) in fields.telecom {
        if n == 0 {
            continue;
        }
        patient.each(
            seg,
            n,
            |sent| xtn::contact(Xtn::new(sent), Some(default_use), reading),
            |telecom| RelatedPerson { telecom, ..blank() },
        );
    }
    patient.one(seg, fields.born, |sent| {
        Some(RelatedPerson {
            birth_date: dtm::date(&sent.text(), reading),
            ..blank()
        })
    });
    patient.one(seg, fields.sex, |sent| {
        let gender = reading
            .code("0001", GENDER, sent.text().trim())
            .unwrap_or("unknown");
        Some(RelatedPerson {
            gender: Some(Code::from(gender)),
            ..blank()
        })
    });
    patient.coded(seg, fields.relationship, |sent| {
        let sent = Cwe::new(sent.first());
        let meaning = find(RELATIONSHIP, sent.code().trim());
        let relationship = cwe::mapped(meaning, sent, Some("0063"), reading)?;
        Some(RelatedPerson {
            relationship: vec![relationship],
            ..blank()
        })
    });
}
