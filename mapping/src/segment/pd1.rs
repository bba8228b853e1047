//! PD1 → Patient.

use fhirbolt::model::r4::resources::{Observation, ObservationValue, Patient};
use fhirbolt::model::r4::types::{ExtensionValue, Reference};
use hl7v2::datatype::{Cwe, Xon};

use crate::datatype::{cwe, ext, text, xcn, xon};
use crate::inbound::{Seg, Voice};

/// States what PD1 says of the patient.
pub(super) fn state(pd1: &Seg<'_>, subject: Option<Reference>, voice: &mut Voice<'_, '_>) {
    living_will(pd1, subject, voice);
    voice.turn_to_whole();
    let reading = voice.reading;
    let cared_for_by = |general_practitioner| Patient {
        general_practitioner,
        ..Patient::default()
    };
    voice.each(
        pd1,
        3,
        |sent| xon::reference(Xon::new(sent), reading),
        cared_for_by,
    );
    voice.each(pd1, 4, |sent| xcn::reference(sent, reading), cared_for_by);
    let extended = |name: &str, value| Patient {
        extension: vec![ext::valued(&format!("{BASE}{name}"), value)],
        ..Patient::default()
    };
    voice.one(pd1, 6, |sent| {
        let disability = cwe::concept(Cwe::new(sent), Some("0295"), reading)?;
        let disability = ExtensionValue::CodeableConcept(Box::new(disability));
        Some(extended("patient-disability", disability))
    });
    voice.one(pd1, 14, |sent| {
        let name = text::text(&Xon::new(sent).name())?;
        Some(extended(
            "patient-congregation",
            ExtensionValue::String(name.into()),
        ))
    });
}

const BASE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// PD1-7 → Observation: whether there is an advance directive.
fn living_will(pd1: &Seg<'_>, subject: Option<Reference>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let question = cwe::Meaning {
        code: "75320-2",
        display: "Advance directive",
        system: "http://loinc.org",
    };
    voice.turn_to_part("Observation", "PD1|living will");
    voice.one(pd1, 7, |sent| {
        let answer = cwe::concept(Cwe::new(sent), Some("0315"), reading)?;
        Some(Observation {
            status: "final".into(),
            code: Box::new(question.concept()),
            subject: subject.map(Box::new),
            value: Some(ObservationValue::CodeableConcept(Box::new(answer))),
            ..Observation::default()
        })
    });
}
