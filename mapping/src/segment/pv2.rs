//! PV2 → Encounter.

use fhirbolt::model::r4::resources::{Encounter, EncounterLocation};
use fhirbolt::model::r4::types::{Decimal, Duration, ExtensionValue, Meta};
use hl7v2::datatype::{Cwe, Nm, Xon};

use crate::datatype::{cwe, dtm, ext, pl, text, xcn, xon};
use crate::inbound::{Seg, Voice};
use crate::table::find;
use crate::table::visit::VISIT_PRIORITY;

use super::pv1::{blank, participant};

/// States what PV2 says of the visit.
pub(super) fn state(pv2: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    voice.turn_to_whole();
    let reading = voice.reading;
    voice.one(pv2, 3, |sent| {
        let reason = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(Encounter {
            reason_code: vec![reason],
            ..blank()
        })
    });
    for (n, what) in [(8, "plannedStartDate"), (9, "plannedEndDate")] {
        voice.one(pv2, n, |sent| {
            let when = dtm::date_time(&sent.text(), reading)?;
            Some(extended(
                &format!("{R5}extension-Encounter.{what}"),
                ExtensionValue::DateTime(when),
            ))
        });
    }
    voice.one(pv2, 11, |sent| {
        let days = Nm::parse(sent.text())?;
        let length = Duration {
            value: Some(Decimal {
                value: Some(days.json_digits()),
                ..Decimal::default()
            }),
            unit: Some("days".into()),
            system: Some("http://unitsofmeasure.org".into()),
            code: Some("d".into()),
            ..Duration::default()
        };
        Some(Encounter {
            length: Some(Box::new(length)),
            ..blank()
        })
    });
    voice.each(
        pv2,
        13,
        |sent| {
            Some(participant(
                xcn::reference(sent, reading)?,
                "REF",
                "referrer",
            ))
        },
        |participant| Encounter {
            participant,
            ..blank()
        },
    );
    voice.one(pv2, 23, |sent| {
        let clinic = xon::reference(Xon::new(sent), reading)?;
        Some(Encounter {
            service_provider: Some(Box::new(clinic)),
            ..blank()
        })
    });
    voice.one(pv2, 25, |sent| {
        let sent = Cwe::new(sent);
        let meaning = find(VISIT_PRIORITY, sent.code().trim());
        let priority = cwe::mapped(meaning, sent, Some("0217"), reading)?;
        Some(Encounter {
            priority: Some(Box::new(priority)),
            ..blank()
        })
    });
    protected(pv2, voice);
    described(pv2, voice);
}

/// PV2-22.
fn protected(pv2: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    voice.one(pv2, 22, |sent| {
        let is_protected = sent.text().trim() == "Y";
        is_protected.then(|| Encounter {
            meta: Some(Box::new(Meta {
                security: vec![RESTRICTED.coding(), PROTECTED.coding()],
                ..Meta::default()
            })),
            ..blank()
        })
    });
}

/// PV2-22: what FHIR calls a visit of which nobody may be told, and what was sent.
const RESTRICTED: cwe::Meaning = cwe::Meaning {
    code: "R",
    display: "restricted",
    system: "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
};

const PROTECTED: cwe::Meaning = cwe::Meaning {
    code: "Y",
    display: "Yes",
    system: "http://terminology.hl7.org/CodeSystem/v2-0136",
};

/// PV2-1, 12 and 38: where the patient was to come to, what the visit is about, how they came.
fn described(pv2: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(pv2, 1, |sent| {
        let location = pl::reference(sent, reading)?;
        Some(Encounter {
            location: vec![EncounterLocation {
                location: Box::new(location),
                status: Some("planned".into()),
                ..EncounterLocation::default()
            }],
            ..blank()
        })
    });
    voice.one(pv2, 12, |sent| {
        let words = text::text(&sent.full_text())?;
        Some(extended(DESCRIPTION, ExtensionValue::String(words.into())))
    });
    voice.one(pv2, 38, |sent| {
        let mode = cwe::codings(Cwe::new(sent), Some("0430"), reading);
        let mode = ExtensionValue::Coding(Box::new(mode.into_iter().next()?));
        Some(extended(MODE_OF_ARRIVAL, mode))
    });
}

const R5: &str = "http://hl7.org/fhir/5.0/StructureDefinition/";
const MODE_OF_ARRIVAL: &str = "http://hl7.org/fhir/StructureDefinition/encounter-modeOfArrival";
const DESCRIPTION: &str = "http://hl7.org/fhir/StructureDefinition/resource-instance-description";

fn extended(url: &str, value: ExtensionValue) -> Encounter {
    Encounter {
        extension: vec![ext::valued(url, value)],
        ..blank()
    }
}
