//! The part of PID that says what kind of person the patient is.

use fhirbolt::model::r4::resources::{
    Patient, PatientCommunication, PatientDeceased, PatientMultipleBirth,
};
use fhirbolt::model::r4::types::{
    Address, Code, CodeableConcept, Coding, Date, Extension, ExtensionValue,
};
use hl7v2::datatype::Cwe;
use hl7v2::{Field, Repetition};

use crate::datatype::dtm::When;
use crate::datatype::{cwe, dtm, ext, text};
use crate::inbound::{Reading, Seg, Voice, valued};
use crate::table::administrative::{
    ETHNICITY, GENDER, LANGUAGES, MARITAL_STATUS, OMB_CATEGORIES, RELIGION,
};
use crate::table::find;

use super::{boxed, extended};

const RACE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race";
const ETHNIC: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity";
const CDC_RACE: &str = "urn:oid:2.16.840.1.113883.6.238";
const BCP_47: &str = "urn:ietf:bcp:47";

pub(super) fn state(pid: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(pid, 7, |sent| birth(sent, reading));
    voice.coded(pid, 8, |sent| gender(sent.first(), reading));
    voice.coded(pid, 10, |field| {
        categories((RACE, "0005"), field, RACE_MAX, reading)
    });
    voice.coded(pid, 22, |field| {
        categories((ETHNIC, "0189"), field, 1, reading)
    });
    voice.coded(pid, 15, |sent| language(Cwe::new(sent.first()), reading));
    voice.coded(pid, 16, |sent| {
        let sent = Cwe::new(sent.first());
        let meaning = find(MARITAL_STATUS, sent.code().trim());
        let marital_status = boxed(cwe::mapped(meaning, sent, Some("0002"), reading));
        Some(Patient {
            marital_status,
            ..Patient::default()
        })
    });
    voice.coded(pid, 17, |sent| {
        let sent = Cwe::new(sent.first());
        let meaning = find(RELIGION, sent.code().trim());
        let religion = cwe::mapped(meaning, sent, Some("0006"), reading)?;
        Some(extended(vec![concept(
            "http://hl7.org/fhir/StructureDefinition/patient-religion",
            religion,
        )]))
    });
    voice.one(pid, 23, |sent| {
        let place = Address {
            text: Some(text::text(&sent.text())?.into()),
            ..Address::default()
        };
        let value = ExtensionValue::Address(Box::new(place));
        Some(extended(vec![ext::valued(
            "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
            value,
        )]))
    });
    reliability(pid, voice);
    births_and_death(pid, voice);
    nationality(pid, voice);
    kinship(pid, voice);
}

/// PID-31 and 32: whether it is known who the patient is, and how sure that is.
fn reliability(pid: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(pid, 31, |sent| {
        let is_unknown = sent.text().trim() == "Y";
        let unknown = concept(
            "http://hl7.org/fhir/StructureDefinition/patient-unknownIdentity",
            cwe::concept(Cwe::new(sent), Some("0136"), reading)?,
        );
        is_unknown.then(|| extended(vec![unknown]))
    });
    voice.each(
        pid,
        32,
        |sent| {
            let code = cwe::concept(Cwe::new(sent), Some("0445"), reading)?;
            Some(concept("urn:drawbridge:identity-reliability", code))
        },
        extended,
    );
}

/// The OMB asks for up to five; newer US Core has six.
const RACE_MAX: usize = 6;

/// PID-7: the digits that were sent; a time of day goes beside the date.
fn birth(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<Patient> {
    let when = When::read(&sent.text(), reading)?;
    let time = when.has_time().then(|| {
        ext::valued(
            "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
            ExtensionValue::DateTime(when.date_time().into()),
        )
    });
    let birth_date = Date {
        value: Some(when.date()),
        extension: time.into_iter().collect(),
        ..Date::default()
    };
    Some(Patient {
        birth_date: Some(birth_date),
        ..Patient::default()
    })
}

/// PID-8: a code that FHIR does not have is unknown, and kept.
fn gender(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<Patient> {
    let code = text::code(&sent.text())?;
    let known = reading.code("0001", GENDER, &code);
    let known = known.or_else(|| find(GENDER, &code.to_ascii_uppercase()));
    let gender = if let Some(gender) = known {
        Code::from(gender)
    } else {
        reading.issue("code is not in table 0001");
        let original = cwe::concept(Cwe::new(sent), Some("0001"), reading)?;
        Code {
            value: Some("unknown".to_owned()),
            extension: vec![ext::valued(
                "http://hl7.org/fhir/StructureDefinition/alternate-codes",
                ExtensionValue::CodeableConcept(Box::new(original)),
            )],
            ..Code::default()
        }
    };
    Some(Patient {
        gender: Some(gender),
        ..Patient::default()
    })
}

/// PID-10 and PID-22: one extension, with OMB categories, other CDC codes as details, and words always.
fn categories(
    (url, table): (&'static str, &'static str),
    field: Field<'_>,
    omb_max: usize,
    reading: &Reading<'_>,
) -> Option<Patient> {
    let mut omb = Vec::new();
    let mut detailed = Vec::new();
    let mut words = Vec::new();
    for sent in valued(field).map(Cwe::new) {
        let code = text::code(&sent.code()).unwrap_or_default();
        let agreed = reading.meaning(table, &code);
        let code = match agreed {
            Some(meaning) => meaning.code.to_owned(),
            None if url == ETHNIC => find(ETHNICITY, &code).map_or(code, str::to_owned),
            None => code,
        };
        let display = find(OMB_CATEGORIES, &code);
        let agreed = agreed.map(|meaning| meaning.display);
        let known = display.or(agreed.filter(|display| !display.is_empty()));
        let said = text::text(&sent.display())
            .or_else(|| text::text(&sent.original_text()))
            .or_else(|| known.map(str::to_owned));
        words.extend(
            said.clone()
                .or_else(|| (!code.is_empty()).then(|| code.clone())),
        );
        if let Some(display) = display {
            omb.push(part("ombCategory", cwe::coding(CDC_RACE, &code, display)));
        } else if is_unknown(&code) {
            let unknown = cwe::coding(
                "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
                &code,
                "",
            );
            omb.push(part("ombCategory", unknown));
        } else if is_cdc(&code) {
            detailed.push(part(
                "detailed",
                cwe::coding(CDC_RACE, &code, said.as_deref().unwrap_or("")),
            ));
        } else if !code.is_empty() {
            reading.issue("not a CDC code of race or ethnicity");
        }
    }
    if words.is_empty() {
        return None;
    }
    omb.truncate(omb_max);
    omb.append(&mut detailed);
    omb.push(ext::words("text", words.join(", ")));
    Some(extended(vec![ext::nested(url, omb)]))
}

fn part(url: &str, coding: Coding) -> Extension {
    ext::valued(url, ExtensionValue::Coding(Box::new(coding)))
}

fn is_unknown(code: &str) -> bool {
    matches!(code, "UNK" | "ASKU")
}

/// Four digits, a dash and a check digit.
fn is_cdc(code: &str) -> bool {
    let Some((number, check)) = code.split_once('-') else {
        return false;
    };
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    digits(number, 4) && digits(check, 1)
}

fn language(sent: Cwe<'_>, reading: &Reading<'_>) -> Option<Patient> {
    let code = sent.code().trim().to_ascii_lowercase();
    let mut language = cwe::concept(sent, Some("0296"), reading)?;
    let tag = find(LANGUAGES, &code)
        .map(str::to_owned)
        .or_else(|| bcp_47(&code));
    if let Some(tag) = tag {
        language.coding.insert(0, cwe::coding(BCP_47, &tag, ""));
    }
    let communication = PatientCommunication {
        language: Box::new(language),
        ..PatientCommunication::default()
    };
    Some(Patient {
        communication: vec![communication],
        ..Patient::default()
    })
}

/// A tag that is one already: `en`, `en-US`.
fn bcp_47(code: &str) -> Option<String> {
    let (language, region) = match code.split_once(['-', '_']) {
        Some((language, region)) => (language, Some(region)),
        None => (code, None),
    };
    let letters = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_lowercase());
    match region {
        None if letters(language) => Some(language.to_owned()),
        Some(region) if letters(language) && letters(region) => {
            Some(format!("{language}-{}", region.to_ascii_uppercase()))
        }
        _ => None,
    }
}

fn births_and_death(pid: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let multiple = |birth| Patient {
        multiple_birth: Some(birth),
        ..Patient::default()
    };
    voice.one(pid, 24, |sent| {
        yes_or_no(&sent.text()).map(|yes| multiple(PatientMultipleBirth::Boolean(yes.into())))
    });
    voice.one(pid, 25, |sent| {
        let order: i32 = sent
            .text()
            .trim()
            .parse()
            .ok()
            .filter(|order| 0 <= *order)?;
        Some(multiple(PatientMultipleBirth::Integer(order.into())))
    });
    let deceased = |how| Patient {
        deceased: Some(how),
        ..Patient::default()
    };
    voice.one(pid, 29, |sent| {
        Some(deceased(PatientDeceased::DateTime(dtm::date_time(
            &sent.text(),
            reading,
        )?)))
    });
    voice.one(pid, 30, |sent| {
        yes_or_no(&sent.text()).map(|yes| deceased(PatientDeceased::Boolean(yes.into())))
    });
}

fn nationality(pid: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.each(
        pid,
        26,
        |sent| {
            let code = cwe::concept(Cwe::new(sent), Some("0171"), reading)?;
            let code = ext::valued("code", ExtensionValue::CodeableConcept(Box::new(code)));
            Some(ext::nested(
                "http://hl7.org/fhir/StructureDefinition/patient-citizenship",
                vec![code],
            ))
        },
        extended,
    );
    voice.one(pid, 28, |sent| {
        let code = cwe::concept(Cwe::new(sent), Some("0212"), reading)?;
        let code = ext::valued("code", ExtensionValue::CodeableConcept(Box::new(code)));
        Some(extended(vec![ext::nested(
            "http://hl7.org/fhir/StructureDefinition/patient-nationality",
            vec![code],
        )]))
    });
}

/// PID-35, 36 and 39: species and breed, where the patient is an animal; the tribe that a patient belongs to.
fn kinship(pid: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let breed = cwe::concept(Cwe::new(pid.field(36).first()), Some("0447"), reading);
    voice.one(pid, 35, |sent| {
        let species = cwe::concept(Cwe::new(sent), Some("0446"), reading)?;
        let part = |name: &str, concept| {
            ext::valued(name, ExtensionValue::CodeableConcept(Box::new(concept)))
        };
        let breed = breed.map(|breed| part("breed", breed));
        let parts: Vec<Extension> = std::iter::once(part("species", species))
            .chain(breed)
            .collect();
        Some(extended(vec![ext::nested(
            "http://hl7.org/fhir/StructureDefinition/patient-animal",
            parts,
        )]))
    });
    voice.each(
        pid,
        39,
        |sent| {
            let code = cwe::concept(Cwe::new(sent), Some("0171"), reading)?;
            let code = ext::valued("code", ExtensionValue::CodeableConcept(Box::new(code)));
            Some(ext::nested(
                "http://hl7.org/fhir/StructureDefinition/patient-citizenship",
                vec![code],
            ))
        },
        extended,
    );
}

fn concept(url: &str, concept: CodeableConcept) -> Extension {
    ext::valued(url, ExtensionValue::CodeableConcept(Box::new(concept)))
}

/// Table 0136.
fn yes_or_no(sent: &str) -> Option<bool> {
    match sent.trim() {
        "Y" | "y" | "YES" | "Yes" | "1" => Some(true),
        "N" | "n" | "NO" | "No" | "0" => Some(false),
        _ => None,
    }
}
