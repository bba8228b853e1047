//! OBR → `ServiceRequest` and `DiagnosticReport`.

use fhirbolt::model::r4::resources::{
    DiagnosticReport, DiagnosticReportEffective, ServiceRequest, ServiceRequestOccurrence,
};
use fhirbolt::model::r4::types::{
    Code, CodeableConcept, Extension, ExtensionValue, Identifier, Reference, String as FhirString,
};
use hl7v2::Repetition;
use hl7v2::datatype::{Cwe, Cx, Xtn};

use crate::datatype::{cwe, cx, dtm, ext, ndl, text, xtn};
use crate::inbound::{Reading, Seg, Voice};
use crate::json;
use crate::table::find;
use crate::table::order::{PRIORITY, REPORT_STATUS};

use super::obx::logical;
use super::orc::blank;

const CALLBACK: &str =
    "http://hl7.org/fhir/StructureDefinition/servicerequest-order-callback-phone-number";

const SUPPORTING: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-ServiceRequest.supportingInfo";

/// States what OBR says of the request. `has_specimen`: what is said of a specimen has its place there.
pub(super) fn of_request(obr: &Seg<'_>, has_specimen: bool, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(obr, 4, |sent| {
        let code = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(ServiceRequest {
            code: Some(Box::new(code)),
            ..blank()
        })
    });
    voice.one(obr, 5, |sent| {
        Some(ServiceRequest {
            priority: Some(priority(&sent.text(), reading)?.into()),
            ..blank()
        })
    });
    voice.one(obr, 6, |sent| {
        let at = dtm::date_time(&sent.text(), reading)?;
        Some(ServiceRequest {
            occurrence: Some(ServiceRequestOccurrence::DateTime(at)),
            ..blank()
        })
    });
    // An add-on (A) is an order like others; FHIR has a word for reflex orders alone.
    if obr.field(11).text().trim() == "G" {
        let request = ServiceRequest {
            intent: "reflex-order".into(),
            ..blank()
        };
        voice.state(obr.place(11), json::fragment(&request));
    }
    voice.one(obr, 24, |sent| {
        Some(ServiceRequest {
            category: vec![section(sent, reading)?],
            ..blank()
        })
    });
    details(obr, has_specimen, voice);
}

/// Whether OBR-13 says how long the patient had not eaten (table 0916), which is said of the specimen.
pub(super) fn is_fasting(sent: Repetition<'_>) -> bool {
    let sent = Cwe::new(sent);
    sent.system().trim() == "HL70916" && matches!(sent.code().trim(), "F" | "NF" | "NG")
}

/// What a concept is called.
fn shown(concept: CodeableConcept) -> Option<FhirString> {
    let first = concept.coding.into_iter().next();
    let first = first.and_then(|coding| {
        let code = || Some(coding.code?.value?.into());
        coding.display.or_else(code)
    });
    concept.text.or(first)
}

/// OBR-13: words that R4 has a place for, and codes that R5 has one for.
fn relevant(concepts: Vec<CodeableConcept>) -> ServiceRequest {
    let is_coded = |it: &&CodeableConcept| it.coding.iter().any(|coding| coding.system.is_some());
    let extension = concepts.iter().filter(is_coded);
    let extension = extension.map(|concept| {
        let value = ExtensionValue::CodeableConcept(Box::new(concept.clone()));
        ext::nested(SUPPORTING, vec![ext::valued("concept", value)])
    });
    ServiceRequest {
        extension: extension.collect(),
        supporting_info: concepts
            .into_iter()
            .filter_map(|concept| {
                Some(Reference {
                    display: Some(shown(concept)?),
                    ..Reference::default()
                })
            })
            .collect(),
        ..blank()
    }
}

fn details(obr: &Seg<'_>, has_specimen: bool, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let coded = |sent: Repetition<'_>| cwe::concept(Cwe::new(sent), None, reading);
    voice.each(
        obr,
        13,
        |sent| {
            let is_of_specimen = has_specimen && is_fasting(sent);
            coded(sent).filter(|_| !is_of_specimen)
        },
        relevant,
    );
    voice.one(obr, 29, |sent| {
        let parents = cx::pair(sent, ["PLAC", "FILL"], reading);
        // OBR-50 says of what service the parent is.
        let service = cwe::concept(Cwe::new(obr.field(50).first()), None, reading);
        let service = service.and_then(shown);
        let based_on = parents
            .into_iter()
            .map(|parent| Reference {
                display: service.clone(),
                ..logical("ServiceRequest", parent)
            })
            .collect();
        Some(ServiceRequest {
            based_on,
            ..blank()
        })
    });
    voice.each(obr, 31, coded, |reason_code| ServiceRequest {
        reason_code,
        ..blank()
    });
    for n in [46, 47] {
        voice.each(obr, n, coded, |order_detail| ServiceRequest {
            order_detail,
            ..blank()
        });
    }
    voice.each(
        obr,
        53,
        |sent| cx::of_kind(Cx::new(sent), "PLAC", reading),
        |identifier: Vec<Identifier>| ServiceRequest {
            identifier,
            ..blank()
        },
    );
}

/// OBR-17, else ORC-14: whom to call back.
pub(super) fn callback(seg: &Seg<'_>, n: u8, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.each(
        seg,
        n,
        |sent| {
            let contact = xtn::contact(Xtn::new(sent), Some("work"), reading)?;
            let value = ExtensionValue::ContactPoint(Box::new(contact));
            Some(ext::valued(CALLBACK, value))
        },
        |extension: Vec<Extension>| ServiceRequest {
            extension,
            ..blank()
        },
    );
}

/// A priority; one that FHIR has no word for is only counted.
pub(super) fn priority(sent: &str, reading: &Reading<'_>) -> Option<&'static str> {
    let code = sent.trim().to_ascii_uppercase();
    let priority = find(PRIORITY, code.as_str());
    if priority.is_none() && !code.is_empty() {
        reading.issue("no priority of FHIR's");
    }
    priority
}

/// OBR-24, table 0074.
fn section(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<CodeableConcept> {
    cwe::concept(Cwe::new(sent), Some("0074"), reading)
}

pub(super) fn blank_report() -> DiagnosticReport {
    DiagnosticReport {
        status: Code::default(),
        code: Box::new(CodeableConcept::default()),
        ..DiagnosticReport::default()
    }
}

/// States what OBR says of the report.
pub(super) fn of_report(obr: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(obr, 4, |sent| {
        let code = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(DiagnosticReport {
            code: Box::new(code),
            ..blank_report()
        })
    });
    effective(obr, voice);
    voice.one(obr, 22, |sent| {
        let issued = dtm::When::read(&sent.text(), reading)?.instant();
        Some(DiagnosticReport {
            issued: Some(issued.as_str().into()),
            ..blank_report()
        })
    });
    voice.one(obr, 24, |sent| {
        Some(DiagnosticReport {
            category: vec![section(sent, reading)?],
            ..blank_report()
        })
    });
    voice.one(obr, 25, |sent| {
        let status = reading.code("0123", REPORT_STATUS, sent.text().trim());
        if status.is_none() {
            reading.issue("not a status of a report in table 0123");
        }
        Some(DiagnosticReport {
            status: status?.into(),
            ..blank_report()
        })
    });
    voice.one(obr, 53, |sent| {
        Some(DiagnosticReport {
            identifier: vec![cx::of_kind(Cx::new(sent), "PLAC", reading)?],
            ..blank_report()
        })
    });
    people(obr, voice);
}

/// OBR-7 and OBR-8.
fn effective(obr: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let end = obr.field(8).text();
    if text::text(&end).is_none() {
        return voice.one(obr, 7, |sent| {
            let at = dtm::date_time(&sent.text(), reading)?;
            Some(DiagnosticReport {
                effective: Some(DiagnosticReportEffective::DateTime(at)),
                ..blank_report()
            })
        });
    }
    let start = obr.field(7).text();
    reading.at(obr.place(7));
    if let Some(period) = dtm::period(&start, &end, reading) {
        let report = DiagnosticReport {
            effective: Some(DiagnosticReportEffective::Period(period)),
            ..blank_report()
        };
        voice.state(obr.place(7), json::fragment(&report));
    }
}

const FUNCTION: &str = "http://hl7.org/fhir/StructureDefinition/event-performerFunction";
const V3_PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

/// OBR-32, 34 and 35.
fn people(obr: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.each(
        obr,
        32,
        |sent| ndl::reference(sent, reading),
        |results_interpreter| DiagnosticReport {
            results_interpreter,
            ..blank_report()
        },
    );
    for (n, code, display) in [
        (34, "SPRF", "secondary performer"),
        (35, "TRANS", "Transcriber"),
    ] {
        let function = cwe::Meaning {
            code,
            display,
            system: V3_PARTICIPATION,
        };
        voice.each(
            obr,
            n,
            |sent| {
                let mut person = ndl::reference(sent, reading)?;
                let value = ExtensionValue::CodeableConcept(Box::new(function.concept()));
                person.extension = vec![ext::valued(FUNCTION, value)];
                Some(person)
            },
            |performer| DiagnosticReport {
                performer,
                ..blank_report()
            },
        );
    }
}

/// States what ORC says of the report.
pub(super) fn orc_of_report(orc: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    const REASON: &str = "http://hl7.org/fhir/StructureDefinition/event-statusReason";
    let reading = voice.reading;
    voice.one(orc, 4, |sent| {
        Some(DiagnosticReport {
            identifier: super::orc::group_numbers(sent, reading),
            ..blank_report()
        })
    });
    voice.one(orc, 16, |sent| {
        let reason = cwe::concept(Cwe::new(sent), None, reading)?;
        let value = ExtensionValue::CodeableConcept(Box::new(reason));
        Some(DiagnosticReport {
            extension: vec![ext::valued(REASON, value)],
            ..blank_report()
        })
    });
    voice.one(orc, 28, |sent| {
        Some(DiagnosticReport {
            meta: Some(super::orc::security(sent, reading)?),
            ..blank_report()
        })
    });
}
