//! NK1 → `RelatedPerson`, which also stands in `Patient.contact`; an organization is only a contact.

use fhirbolt::model::r4::resources::{
    Patient, PatientContact, RelatedPerson, RelatedPersonCommunication,
};
use fhirbolt::model::r4::types::{CodeableConcept, Reference};
use hl7v2::Repetition;
use hl7v2::datatype::{Cwe, Cx, Xad, Xon, Xpn, Xtn};

use crate::datatype::{cwe, cx, dtm, text, xad, xon, xpn, xtn};
use crate::inbound::{Reading, Seg, Voice};
use crate::table::administrative::CONTACT_ROLE;
use crate::table::find;

use super::gt1::{self, Fields, blank};

/// States what NK1 says of somebody near the patient. Later messages find the same person by NK1-33,
/// else by name and relationship.
pub(super) fn state(nk1: &Seg<'_>, subject: Option<Reference>, patient: &mut Voice<'_, '_>) {
    nk1.skip(&[1, 9]);
    // The role stands in NK1-7; the guide looks for it in NK1-3.
    let is_of_organization = |n| matches!(nk1.field(n).text().trim(), "E" | "F" | "I" | "S");
    let is_organization = is_of_organization(7) || is_of_organization(3);
    let has_person = !nk1.field(2).is_empty();
    if is_organization && !has_person {
        return organization(nk1, patient);
    }
    let Some(name) = name(nk1) else { return };
    patient.turn_to_part("RelatedPerson", &name);
    gt1::about(subject, nk1.place(0), patient);
    gt1::who(nk1, &FIELDS, patient);
    who(nk1, patient);
    reached(nk1, patient);
    represented(nk1, patient);
}

/// NK1-30 to 32 and 37: the person through whom the person is reached.
fn represented(nk1: &Seg<'_>, patient: &mut Voice<'_, '_>) {
    let reading = patient.reading;
    patient.each(
        nk1,
        30,
        |sent| xpn::name(Xpn::new(sent), reading),
        |name| RelatedPerson { name, ..blank() },
    );
    patient.each(
        nk1,
        31,
        |sent| xtn::contact(Xtn::new(sent), None, reading),
        |telecom| RelatedPerson { telecom, ..blank() },
    );
    patient.each(
        nk1,
        32,
        |sent| xad::address(Xad::new(sent), reading),
        |address| RelatedPerson { address, ..blank() },
    );
    patient.one(nk1, 37, |sent| {
        Some(RelatedPerson {
            identifier: vec![cx::social_security(&sent.text())?],
            ..blank()
        })
    });
}

/// Where NK1 keeps what other segments say of a person, too.
const FIELDS: Fields = Fields {
    name: 2,
    address: 4,
    telecom: [(5, "home"), (6, "work")],
    born: 16,
    sex: 15,
    relationship: 3,
};

/// The rest of who the person is.
fn who(nk1: &Seg<'_>, patient: &mut Voice<'_, '_>) {
    let reading = patient.reading;
    patient.coded(nk1, 7, |sent| {
        Some(RelatedPerson {
            relationship: vec![role(sent.first(), reading)?],
            ..blank()
        })
    });
    for n in [12, 33] {
        patient.each(
            nk1,
            n,
            |sent| cx::identifier(Cx::new(sent), None, reading),
            |identifier| RelatedPerson {
                identifier,
                ..blank()
            },
        );
    }
    patient.one(nk1, 20, |sent| {
        let language = cwe::concept(Cwe::new(sent), Some("0296"), reading)?;
        Some(RelatedPerson {
            communication: vec![RelatedPersonCommunication {
                language: Box::new(language),
                ..RelatedPersonCommunication::default()
            }],
            ..blank()
        })
    });
}

/// The rest of how and when the person is reached.
fn reached(nk1: &Seg<'_>, patient: &mut Voice<'_, '_>) {
    let reading = patient.reading;
    for n in [40, 41] {
        patient.each(
            nk1,
            n,
            |sent| xtn::contact(Xtn::new(sent), None, reading),
            |telecom| RelatedPerson { telecom, ..blank() },
        );
    }
    let end = nk1.field(9).text();
    patient.one(nk1, 8, |start| {
        let period = dtm::period(&start.text(), &end, reading)?;
        Some(RelatedPerson {
            period: Some(period),
            ..blank()
        })
    });
}

/// An employer, agency or insurer.
fn organization(nk1: &Seg<'_>, patient: &mut Voice<'_, '_>) {
    let reading = patient.reading;
    let words = nk1.field(13).text();
    let role_code = nk1.field(7).text();
    let Some(words) = text::text(&words) else {
        return;
    };
    patient.turn_to_part("contact", &format!("{words}|{}", role_code.trim()));
    let contact = |part: PatientContact| Patient {
        contact: vec![part],
        ..Patient::default()
    };
    patient.one(nk1, 13, |sent| {
        let organization = Some(Box::new(xon::reference(Xon::new(sent), reading)?));
        Some(contact(PatientContact {
            organization,
            ..PatientContact::default()
        }))
    });
    patient.one(nk1, 7, |sent| {
        let relationship = vec![role(sent, reading)?];
        Some(contact(PatientContact {
            relationship,
            ..PatientContact::default()
        }))
    });
    patient.one(nk1, 4, |sent| {
        let address = Some(Box::new(xad::address(Xad::new(sent), reading)?));
        Some(contact(PatientContact {
            address,
            ..PatientContact::default()
        }))
    });
    patient.each(
        nk1,
        5,
        |sent| xtn::contact(Xtn::new(sent), Some("work"), reading),
        |telecom| {
            contact(PatientContact {
                telecom,
                ..PatientContact::default()
            })
        },
    );
}

/// NK1-7, table 0131.
fn role(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<CodeableConcept> {
    let sent = Cwe::new(sent);
    cwe::mapped(
        find(CONTACT_ROLE, sent.code().trim()),
        sent,
        Some("0131"),
        reading,
    )
}

/// What names the person among the patient's people.
fn name(nk1: &Seg<'_>) -> Option<String> {
    if let Some(id) = text::text(&nk1.field(33).text()) {
        return Some(format!("id|{id}"));
    }
    let person = Xpn::new(nk1.field(2).first());
    let family = text::text(&person.family().surname()).unwrap_or_default();
    let given = text::text(&person.given()).unwrap_or_default();
    if family.is_empty() && given.is_empty() {
        return None;
    }
    let (relationship, role) = (nk1.field(3).text(), nk1.field(7).text());
    Some(format!(
        "{family}|{given}|{}|{}",
        relationship.trim(),
        role.trim()
    ))
}
