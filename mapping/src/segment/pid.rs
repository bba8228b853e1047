//! PID → Patient.

mod demographics;

use fhirbolt::model::r4::resources::{
    Account, Patient, Provenance, ProvenanceAgent, ProvenanceOccurred, RelatedPerson,
};
use fhirbolt::model::r4::types::{
    Code, CodeableConcept, Extension, ExtensionValue, HumanName, Identifier, Instant, Period,
    Reference,
};
use hl7v2::datatype::{Cx, Hd, Xad, Xpn, Xtn};
use hl7v2::{Message, Repetition, Segment};
use model::{IdentityKind, SourceIdentity};

use crate::datatype::xon::refer;
use crate::datatype::{cwe, cx, dtm, ext, hd, text, xad, xon, xpn, xtn};
use crate::facts::Place;
use crate::identity;
use crate::inbound::trigger::IdentityRule;
use crate::inbound::{EntityKind, ReadFor, Reading, Seg, Voice};
use crate::json;
use crate::matching::said;
use crate::profile::VisitId;

use super::mrg;

const MOTHERS_MAIDEN_NAME: &str =
    "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName";

/// States what PID says of the patient.
pub(super) fn state(
    pid: &Seg<'_>,
    message: &Message<'_>,
    rule: IdentityRule,
    voice: &mut Voice<'_, '_>,
) {
    pid.skip(&[1, 12]);
    identifiers(pid, &message.msh(), voice);
    names(pid, voice);
    contacts(pid, voice);
    demographics::state(pid, voice);
    account(pid, message, rule, voice);
    if voice.has_said_nothing() {
        voice.exist(pid.place(0));
    }
    if voice.reading.read_for == ReadFor::Keep {
        first(pid, &message.msh(), voice);
    }
    mother(pid, voice);
    update(pid, voice);
    voice.turn_to_whole();
}

/// What the patient will be recognised by.
fn first(pid: &Seg<'_>, msh: &Segment<'_>, voice: &mut Voice<'_, '_>) {
    let profile = voice.reading.profile();
    said::of_pid(pid.raw(), msh, profile, &mut |n, part, text| {
        voice.state_first(pid.place(n), part, text);
    });
}

/// PID-21 → `RelatedPerson`: the mother, of whom only identifiers are known.
fn mother(pid: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let patient = refer("Patient", voice.entity.0, None);
    voice.turn_to_part("mother", "PID");
    voice.each(
        pid,
        21,
        |sent| cx::identifier(Cx::new(sent), None, reading),
        |identifier| RelatedPerson {
            identifier,
            patient: Box::new(patient),
            relationship: vec![MOTHER.concept()],
            ..RelatedPerson::default()
        },
    );
}

const MOTHER: cwe::Meaning = cwe::Meaning {
    code: "MTH",
    display: "mother",
    system: "http://terminology.hl7.org/CodeSystem/v3-RoleCode",
};

/// The sex assigned at birth, which PID-8 is not: an OBX of LOINC 76689-9 says it.
pub(super) fn birth_sex(obx: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let code = obx.raw().field(3).text();
    if code.trim() != "76689-9" {
        return;
    }
    let sent = obx.raw().field(5).text();
    let sex = match sent.trim() {
        "F" | "LA3-6" => "F",
        "M" | "LA2-8" => "M",
        _ => "UNK",
    };
    let url = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex";
    let sex = ext::valued(url, ExtensionValue::Code(sex.into()));
    voice.turn_to_whole();
    voice.state(obx.place(5), json::fragment(&extended(vec![sex])));
}

/// PID-33 and 34 → Provenance: when and where the person's record was changed last.
fn update(pid: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    reading.at(pid.place(34));
    let Some(facility) = xon::of_hd(Hd::new(pid.field(34).first()), reading) else {
        return;
    };
    let patient = refer("Patient", voice.entity.0, None);
    voice.turn_to_part("Provenance", "PID");
    voice.one(pid, 33, |sent| {
        let at = dtm::When::read(&sent.text(), reading)?;
        let performer = cwe::Meaning {
            code: "performer",
            display: "Performer",
            system: "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
        };
        let agent = ProvenanceAgent {
            r#type: Some(Box::new(performer.concept())),
            who: Box::new(facility),
            ..ProvenanceAgent::default()
        };
        let update = cwe::Meaning {
            code: "UPDATE",
            display: "revise",
            system: "http://terminology.hl7.org/CodeSystem/v3-DataOperation",
        };
        Some(Provenance {
            target: vec![patient],
            occurred: Some(ProvenanceOccurred::DateTime(at.date_time().into())),
            recorded: Instant::from(at.instant()),
            activity: Some(Box::new(update.concept())),
            agent: vec![agent],
            ..Provenance::default()
        })
    });
}

fn identifiers(pid: &Seg<'_>, msh: &Segment<'_>, voice: &mut Voice<'_, '_>) {
    for n in [3, 2, 4] {
        let numbers = identity::valued(pid.field(n));
        voice.also(numbers.map(|id| identity::of(IdentityKind::Patient, id, msh)));
        let reading = voice.reading;
        let default_type = (n != 3).then_some("PT");
        voice.each(
            pid,
            n,
            |id| cx::identifier(Cx::new(id), default_type, reading),
            identified,
        );
    }
    let reading = voice.reading;
    voice.one(pid, 19, |ssn| {
        Some(identified(vec![cx::social_security(&ssn.text())?]))
    });
    voice.one(pid, 20, |licence| {
        Some(identified(vec![driving_licence(licence, reading)?]))
    });
}

/// The account that PID-18 names, unless the profile says that it is the visit's number.
pub(super) fn account_of(
    pid: &Segment<'_>,
    message: &Message<'_>,
    reading: &Reading<'_>,
) -> Option<SourceIdentity> {
    let is_visit = reading.profile().visit_id.contains(&VisitId::AccountNumber);
    identity::account(pid, &message.msh()).filter(|_| !is_visit)
}

/// A28 and A29: whether the person is in the record.
pub(super) fn record(rule: IdentityRule, voice: &mut Voice<'_, '_>) {
    let place = Place::new("EVN", 1);
    voice.turn_to_whole();
    match rule {
        IdentityRule::DeletePatient => {
            let gone = Patient {
                active: Some(false.into()),
                ..Patient::default()
            };
            voice.state(place, json::fragment(&gone));
        }
        IdentityRule::AddPatient => voice.delete(place),
        IdentityRule::Keep
        | IdentityRule::MergePatients
        | IdentityRule::MovePatient
        | IdentityRule::MoveAccount
        | IdentityRule::MoveVisits
        | IdentityRule::Two
        | IdentityRule::Link
        | IdentityRule::Unlink
        | IdentityRule::MergeVisits
        | IdentityRule::MergeAccounts
        | IdentityRule::DeleteVisit
        | IdentityRule::CancelPendingTransfer => {}
    }
}

/// PID-18 → Account, unless the profile says that it is the visit's number.
fn account(pid: &Seg<'_>, message: &Message<'_>, rule: IdentityRule, patient: &Voice<'_, '_>) {
    let msh = &message.msh();
    let reading = patient.reading;
    let is_visit = reading.profile().visit_id.contains(&VisitId::AccountNumber);
    let Some(identity) = identity::account(pid.raw(), msh) else {
        return;
    };
    pid.skip(&[18]);
    if is_visit {
        return;
    }
    let mut voice = Voice::new(reading, EntityKind::Account, identity);
    if rule == IdentityRule::MoveAccount {
        mrg::moved(message, &mut voice);
    }
    let blank = || Account {
        status: Code::default(),
        ..Account::default()
    };
    let about = Account {
        status: "active".into(),
        subject: vec![refer("Patient", patient.entity.0, None)],
        ..blank()
    };
    voice.state(pid.place(0), json::fragment(&about));
    voice.one(pid, 18, |sent| {
        let identifier = vec![cx::identifier(Cx::new(sent), Some("AN"), reading)?];
        Some(Account {
            identifier,
            ..blank()
        })
    });
    voice.close();
}

fn identified(identifier: Vec<Identifier>) -> Patient {
    Patient {
        identifier,
        ..Patient::default()
    }
}

/// DLN: number, issuer, expiry.
fn driving_licence(licence: Repetition<'_>, reading: &Reading<'_>) -> Option<Identifier> {
    let value = text::text(&licence.text())?;
    let issuer = text::text(&licence.component(2).text());
    let end = dtm::date_time(&licence.component(3).text(), reading);
    let word = issuer
        .as_deref()
        .map_or_else(String::new, |issuer| format!(":{}", hd::encoded(issuer)));
    Some(Identifier {
        r#type: Some(Box::new(cx::typed("DL"))),
        system: Some(format!("urn:drawbridge:driving-licence{word}").into()),
        value: Some(value.into()),
        period: end.map(|end| {
            Box::new(Period {
                end: Some(end),
                ..Period::default()
            })
        }),
        assigner: issuer.map(|issuer| {
            Box::new(Reference {
                display: Some(issuer.into()),
                ..Reference::default()
            })
        }),
        ..Identifier::default()
    })
}

fn names(pid: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let called = |each: Vec<Vec<HumanName>>| Patient {
        name: each.into_iter().flatten().collect(),
        ..Patient::default()
    };
    voice.each(
        pid,
        5,
        |sent| {
            let sent = Xpn::new(sent);
            let names: Vec<HumanName> = xpn::name(sent, reading)
                .into_iter()
                .chain(xpn::called_by(sent))
                .collect();
            (!names.is_empty()).then_some(names)
        },
        called,
    );
    voice.each(
        pid,
        9,
        |alias| {
            let mut name = xpn::name(Xpn::new(alias), reading)?;
            // PID-9 holds names that the patient was known by.
            name.r#use.get_or_insert_with(|| "old".into());
            Some(vec![name])
        },
        called,
    );
    voice.one(pid, 6, |mother| {
        let name = xpn::name(Xpn::new(mother), reading)?;
        let family = name.family.as_ref().and_then(|family| family.value.clone());
        let shown = family.or_else(|| crate::datatype::xcn::shown(&name))?;
        Some(extended(vec![ext::words(MOTHERS_MAIDEN_NAME, shown)]))
    });
}

fn contacts(pid: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let county = text::text(&pid.field(12).text());
    voice.whole(pid, 11, |field| {
        let sent: Vec<_> = crate::inbound::valued(field).collect();
        let is_only = sent.len() == 1;
        let mut address: Vec<_> = sent
            .into_iter()
            .filter_map(|sent| xad::address(Xad::new(sent), reading))
            .collect();
        if let (true, [only]) = (is_only, address.as_mut_slice()) {
            only.district = only.district.take().or_else(|| county.map(Into::into));
        }
        (!address.is_empty()).then(|| Patient {
            address,
            ..Patient::default()
        })
    });
    for (n, default_use) in [(13, "home"), (14, "work"), (40, "")] {
        let default_use = (!default_use.is_empty()).then_some(default_use);
        voice.each(
            pid,
            n,
            |sent| xtn::contact(Xtn::new(sent), default_use, reading),
            |telecom| Patient {
                telecom,
                ..Patient::default()
            },
        );
    }
}

pub(super) fn extended(extension: Vec<Extension>) -> Patient {
    Patient {
        extension,
        ..Patient::default()
    }
}

pub(super) fn boxed(concept: Option<CodeableConcept>) -> Option<Box<CodeableConcept>> {
    concept.map(Box::new)
}
