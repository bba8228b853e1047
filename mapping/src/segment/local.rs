//! Local segments (Z…): what the profile says of their fields.

use fhirbolt::model::r4::resources::{Encounter, Patient};
use fhirbolt::model::r4::types::{CodeableConcept, Extension, ExtensionValue, Identifier};
use hl7v2::datatype::Cwe;
use hl7v2::{Repetition, Segment};

use crate::datatype::{cwe, cx, dtm, ext, text};
use crate::facts::Place;
use crate::inbound::{Reading, Voice, valued};
use crate::json;
use crate::profile::{Element, Local, Value};

use super::{blank_encounter, pid};

/// States what the fields become. What belongs to a visit that the message does not name, and every
/// field that the profile says nothing of, counts as not mapped.
pub(super) fn state<'r, 'a>(
    segment: &Segment<'_>,
    locals: &[Local],
    patient: Option<&mut Voice<'r, 'a>>,
    visit: Option<&mut Voice<'r, 'a>>,
    reading: &Reading<'_>,
) {
    let mut voices = [(true, patient), (false, visit)];
    for (n, field) in (1..=u8::MAX).zip(segment.fields()) {
        if field.is_empty() {
            continue;
        }
        let place = Place::new(segment.name(), n);
        reading.at(place);
        let here = || locals.iter().filter(move |local| local.from.field == n);
        let mut is_read = false;
        for (is_of_patient, voice) in &mut voices {
            let meant: Vec<&Local> = here()
                .filter(|local| local.to.is_of_patient() == *is_of_patient)
                .collect();
            let (Some(voice), false) = (voice, meant.is_empty()) else {
                continue;
            };
            is_read = true;
            voice.turn_to_whole();
            if field.is_null() {
                voice.delete(place);
            } else if *is_of_patient {
                voice.state(place, json::fragment(&of_patient(field, &meant, reading)));
            } else {
                voice.state(place, json::fragment(&of_visit(field, &meant, reading)));
            }
        }
        if !is_read {
            reading.not_mapped(place);
        }
    }
}

fn of_patient(field: hl7v2::Field<'_>, locals: &[&Local], reading: &Reading<'_>) -> Patient {
    let mut patient = pid::extended(Vec::new());
    for (local, sent) in each(field, locals) {
        match local.to {
            Element::PatientExtension => {
                patient.extension.extend(extension(sent, local, reading));
            }
            Element::PatientIdentifier => patient.identifier.extend(identifier(sent, local)),
            Element::PatientMaritalStatus => {
                patient.marital_status = concept(sent, local, reading).map(Box::new);
            }
            // The visit has these.
            Element::EncounterExtension
            | Element::EncounterIdentifier
            | Element::EncounterType
            | Element::EncounterReasonCode
            | Element::EncounterServiceType => {}
        }
    }
    patient
}

fn of_visit(field: hl7v2::Field<'_>, locals: &[&Local], reading: &Reading<'_>) -> Encounter {
    let mut visit = blank_encounter();
    for (local, sent) in each(field, locals) {
        match local.to {
            Element::EncounterExtension => visit.extension.extend(extension(sent, local, reading)),
            Element::EncounterIdentifier => visit.identifier.extend(identifier(sent, local)),
            Element::EncounterType => visit.r#type.extend(concept(sent, local, reading)),
            Element::EncounterReasonCode => visit.reason_code.extend(concept(sent, local, reading)),
            Element::EncounterServiceType => {
                visit.service_type = concept(sent, local, reading).map(Box::new);
            }
            // The patient has these.
            Element::PatientExtension
            | Element::PatientIdentifier
            | Element::PatientMaritalStatus => {}
        }
    }
    visit
}

fn each<'l, 'm>(
    field: hl7v2::Field<'m>,
    locals: &'l [&'l Local],
) -> impl Iterator<Item = (&'l Local, Repetition<'m>)> {
    let repetitions = move |local: &&'l Local| {
        let local = *local;
        valued(field).map(move |sent| (local, sent))
    };
    locals.iter().flat_map(repetitions)
}

/// The text of the field or component.
fn words(sent: Repetition<'_>, local: &Local) -> Option<String> {
    match local.from.component {
        Some(n) => text::text(&sent.component(usize::from(n)).text()),
        None => text::text(&sent.text()),
    }
}

fn identifier(sent: Repetition<'_>, local: &Local) -> Option<Identifier> {
    let kind = local.identifier_type.as_deref();
    Some(Identifier {
        r#type: kind.map(|kind| Box::new(cx::typed(kind))),
        system: local.system.as_deref().map(Into::into),
        value: Some(words(sent, local)?.into()),
        ..Identifier::default()
    })
}

/// What the profile's table makes of the code, then the code as sent.
fn concept(sent: Repetition<'_>, local: &Local, reading: &Reading<'_>) -> Option<CodeableConcept> {
    let code = words(sent, local)?;
    let table = local.table.as_deref();
    let meaning = table.and_then(|table| reading.meaning(table, &code));
    let meaning = meaning.map(cwe::Meaning::coding);
    let is_extension = local.to.is_extension();
    if is_extension && local.from.component.is_none() {
        let mut concept = cwe::concept(Cwe::new(sent), None, reading)?;
        concept.coding.splice(0..0, meaning);
        return Some(concept);
    }
    let system = local.system.as_deref().filter(|_| !is_extension);
    let display = match local.from.component {
        Some(_) => None,
        None => text::text(&Cwe::new(sent).display()),
    };
    let mut own = cwe::coding("", &code, display.as_deref().unwrap_or(""));
    own.system = system.map(Into::into);
    Some(CodeableConcept {
        coding: meaning.into_iter().chain([own]).collect(),
        ..CodeableConcept::default()
    })
}

fn extension(sent: Repetition<'_>, local: &Local, reading: &Reading<'_>) -> Option<Extension> {
    let url = local.system.as_deref()?;
    let said = words(sent, local)?;
    let value = match local.value {
        Value::String => Some(ExtensionValue::String(said.into())),
        Value::Code => concept(sent, local, reading)
            .map(|concept| ExtensionValue::CodeableConcept(Box::new(concept))),
        Value::Boolean => yes_or_no(&said).map(|yes| ExtensionValue::Boolean(yes.into())),
        Value::Integer => {
            let number = said.trim().parse::<i32>().ok();
            number.map(|number| ExtensionValue::Integer(number.into()))
        }
        Value::Date => dtm::date(&said, reading).map(ExtensionValue::Date),
        Value::DateTime => dtm::date_time(&said, reading).map(ExtensionValue::DateTime),
    };
    if value.is_none() {
        reading.issue("the value is not of the type that the profile says");
    }
    Some(ext::valued(url, value?))
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text.trim().to_ascii_uppercase().as_str() {
        "Y" | "YES" | "T" | "TRUE" | "1" => Some(true),
        "N" | "NO" | "F" | "FALSE" | "0" => Some(false),
        _ => None,
    }
}
