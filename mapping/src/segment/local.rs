//! Local segments (Z…): what the profile says of their fields.

use fhirbolt::model::r4::resources::{
    AllergyIntolerance, Condition, Coverage, Encounter, Observation, Patient, Procedure,
};
use fhirbolt::model::r4::types::{
    CodeableConcept, Extension, ExtensionValue, Identifier, Reference,
};
use hl7v2::datatype::Cwe;
use hl7v2::{Repetition, Segment};

use crate::datatype::{cwe, cx, dtm, ext, text};
use crate::facts::Place;
use crate::inbound::{Reading, Voice, valued};
use crate::json::{self, Fragment};
use crate::profile::{Element, Local, Owner, Part, Value};

use super::{al1, blank_encounter, in1, obx, pid, pr1};

/// What the segment before became: a part of the patient's facts or of the visit's.
pub(super) struct Before {
    pub(super) part: Part,
    pub(super) name: String,
    pub(super) is_of_patient: bool,
}

/// Whom a local segment may speak of.
pub(super) struct Near<'n, 'r, 'a> {
    pub(super) patient: Option<&'n mut Voice<'r, 'a>>,
    pub(super) visit: Option<&'n mut Voice<'r, 'a>>,
    pub(super) before: Option<&'n Before>,
}

impl<'r, 'a> Near<'_, 'r, 'a> {
    /// The voice of an owner, turned to what is spoken of; none if the message names no such thing.
    fn voice(&mut self, owner: Owner) -> Option<&mut Voice<'r, 'a>> {
        let before = self.before.filter(|it| owner == Owner::Part(it.part));
        let is_of_patient = match owner {
            Owner::Patient => true,
            Owner::Visit => false,
            Owner::Part(_) => before?.is_of_patient,
        };
        let voice = if is_of_patient {
            self.patient.as_deref_mut()?
        } else {
            self.visit.as_deref_mut()?
        };
        match before {
            Some(before) => voice.turn_to_part(before.part.name(), &before.name),
            None => voice.turn_to_whole(),
        }
        Some(voice)
    }
}

/// States what the fields become. What belongs to something that the message does not name before it, and
/// every field that the profile says nothing of, counts as not mapped.
pub(super) fn state(
    segment: &Segment<'_>,
    locals: &[Local],
    mut near: Near<'_, '_, '_>,
    reading: &Reading<'_>,
) {
    for (n, field) in (1..=u8::MAX).zip(segment.fields()) {
        if field.is_empty() {
            continue;
        }
        let place = Place::new(segment.name(), n);
        reading.at(place);
        let here: Vec<&Local> = locals.iter().filter(|it| it.from.field == n).collect();
        let mut owners: Vec<Owner> = Vec::new();
        for local in &here {
            if !owners.contains(&local.to.owner()) {
                owners.push(local.to.owner());
            }
        }
        let mut is_read = false;
        for owner in owners {
            let Some(voice) = near.voice(owner) else {
                continue;
            };
            is_read = true;
            let meant: Vec<&Local> = here
                .iter()
                .filter(|local| local.to.owner() == owner)
                .copied()
                .collect();
            if field.is_null() {
                voice.delete(place);
                continue;
            }
            let fragment = match owner {
                Owner::Patient => json::fragment(&of_patient(field, &meant, reading)),
                Owner::Visit => json::fragment(&of_visit(field, &meant, reading)),
                Owner::Part(part) => of_part(part, field, &meant, reading),
            };
            voice.state(place, fragment);
        }
        if !is_read {
            reading.not_mapped(place);
        }
    }
}

fn of_patient(field: hl7v2::Field<'_>, locals: &[&Local], reading: &Reading<'_>) -> Patient {
    let mut patient = pid::extended(extensions(field, locals, reading));
    patient.identifier = identifiers(field, locals);
    for (local, sent) in each(field, locals) {
        if local.to == Element::PatientMaritalStatus {
            patient.marital_status = concept(sent, local, reading).map(Box::new);
        }
    }
    patient
}

fn of_visit(field: hl7v2::Field<'_>, locals: &[&Local], reading: &Reading<'_>) -> Encounter {
    let mut visit = Encounter {
        extension: extensions(field, locals, reading),
        identifier: identifiers(field, locals),
        ..blank_encounter()
    };
    for (local, sent) in each(field, locals) {
        let concept = || concept(sent, local, reading);
        match local.to {
            Element::EncounterType => visit.r#type.extend(concept()),
            Element::EncounterReasonCode => visit.reason_code.extend(concept()),
            Element::EncounterServiceType => visit.service_type = concept().map(Box::new),
            // These are said already, or are not the visit's.
            Element::PatientExtension
            | Element::PatientIdentifier
            | Element::PatientMaritalStatus
            | Element::EncounterExtension
            | Element::EncounterIdentifier
            | Element::Extension(_)
            | Element::Identifier(_) => {}
        }
    }
    visit
}

/// What is said of what the segment before became.
fn of_part(
    part: Part,
    field: hl7v2::Field<'_>,
    locals: &[&Local],
    reading: &Reading<'_>,
) -> Option<Fragment> {
    let (extension, identifier) = (
        extensions(field, locals, reading),
        identifiers(field, locals),
    );
    match part {
        Part::AllergyIntolerance => json::fragment(&AllergyIntolerance {
            extension,
            identifier,
            ..al1::blank()
        }),
        Part::Condition => json::fragment(&Condition {
            extension,
            identifier,
            subject: Box::new(Reference::default()),
            ..Condition::default()
        }),
        Part::Coverage => json::fragment(&Coverage {
            extension,
            identifier,
            ..in1::blank()
        }),
        Part::Observation => json::fragment(&Observation {
            extension,
            identifier,
            ..obx::blank()
        }),
        Part::Procedure => json::fragment(&Procedure {
            extension,
            identifier,
            ..pr1::blank()
        }),
    }
}

fn extensions(field: hl7v2::Field<'_>, locals: &[&Local], reading: &Reading<'_>) -> Vec<Extension> {
    each(field, locals)
        .filter(|(local, _)| local.to.is_extension())
        .filter_map(|(local, sent)| extension(sent, local, reading))
        .collect()
}

fn identifiers(field: hl7v2::Field<'_>, locals: &[&Local]) -> Vec<Identifier> {
    each(field, locals)
        .filter(|(local, _)| local.to.is_identifier())
        .filter_map(|(local, sent)| identifier(sent, local))
        .collect()
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
