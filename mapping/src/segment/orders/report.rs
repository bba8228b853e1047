//! ORC and OBR → `DiagnosticReport` with its results, and the order that it answers.

use fhirbolt::model::r4::resources::DiagnosticReport;
use fhirbolt::model::r4::types::{
    Annotation, Attachment, CodeableConcept, ExtensionValue, Identifier, Reference,
};
use hl7v2::datatype::Cwe;

use crate::datatype::xon::refer;
use crate::datatype::{attachment, ext, text};
use crate::facts::Place;
use crate::inbound::{EntityKind, Seg, Voice, valued};
use crate::json;
use crate::table::find;
use crate::table::order::SECTION;

use super::super::obr::blank_report;
use super::super::obx::{self, About};
use super::super::{nte, obr, orc, prt};
use super::{Context, Names, Observed, observe, request, runs};

const NOTE: &str = "http://hl7.org/fhir/5.0/StructureDefinition/extension-DiagnosticReport.note";

/// States a report.
pub(super) fn state(context: &Context<'_, '_, '_>, names: &mut Names) {
    let Some(obr) = &context.detail else { return };
    let numbers = context.numbers();
    let is_ordered =
        context.orc.is_some() || numbers.is_placed() || !obr.raw().field(16).is_empty();
    let request = is_ordered.then(|| request::of_report(context, names));
    let specimens = request::specimens(context, request.as_ref().unwrap_or(&Reference::default()));
    let what = context.what(4);
    let mut voice = context.voice(EntityKind::Report, numbers.filled(), &what, names);
    obr.skip(&[1]);
    let constant = DiagnosticReport {
        based_on: request.into_iter().collect(),
        subject: context.about.subject.clone().map(Box::new),
        encounter: context.about.encounter.clone().map(Box::new),
        ..blank_report()
    };
    voice.state(obr.place(0), json::fragment(&constant));
    let identified = |identifier: Vec<Identifier>| DiagnosticReport {
        identifier,
        ..blank_report()
    };
    orc::identifiers(context.orc.as_ref(), Some(obr), &mut voice, identified);
    if let Some(orc) = &context.orc {
        obr::orc_of_report(orc, &mut voice);
    }
    obr::of_report(obr, &mut voice);
    let taken = DiagnosticReport {
        specimen: specimens.clone(),
        ..blank_report()
    };
    voice.state(Place::new("SPM", 0), json::fragment(&taken));
    participants(context, &mut voice);
    notes(context, &mut voice);
    results(context, &specimens, names, &mut voice);
    voice.close();
}

/// PRT: who interpreted, and who did what was done.
fn participants(context: &Context<'_, '_, '_>, voice: &mut Voice<'_, '_>) {
    let participants = &context.order.participants;
    let reading = voice.reading;
    let report = DiagnosticReport {
        results_interpreter: prt::having(participants, &["PRI"], reading),
        performer: prt::having(participants, &["ARI", "TN", "TR"], reading),
        ..blank_report()
    };
    voice.state(prt::PERSON, json::fragment(&report));
}

/// The comments on the report: R4 has no element for them, R5 has.
fn notes(context: &Context<'_, '_, '_>, voice: &mut Voice<'_, '_>) {
    let extended = |notes: Vec<Annotation>| {
        let value = |note| ExtensionValue::Annotation(Box::new(note));
        DiagnosticReport {
            extension: notes
                .into_iter()
                .map(|note| ext::valued(NOTE, value(note)))
                .collect(),
            ..blank_report()
        }
    };
    nte::state(&context.order.notes, voice, extended);
}

/// States the results in their order. Documents are presented by the report; so are texts that have no
/// code, which can't be observations.
fn results(
    context: &Context<'_, '_, '_>,
    specimens: &[Reference],
    names: &mut Names,
    voice: &mut Voice<'_, '_>,
) {
    let category = category(context, specimens);
    let mut forms: Vec<Attachment> = Vec::new();
    // Answers that the order came with are not results.
    let mut supporting: Vec<Reference> = Vec::new();
    for run in runs(&context.order.observations) {
        let is_named = run
            .first()
            .is_some_and(|first| obx::name(&first.obx).is_some());
        forms.extend(presented(run, is_named, voice));
        if !is_named {
            continue;
        }
        let about = About {
            specimen: request::specimen_of(run, specimens),
            category: category.clone(),
            is_presented: true,
            ..context.about.clone()
        };
        let supports = run
            .first()
            .is_some_and(|first| matches!(first.obx.field(29).text().trim(), "QST" | "SCI"));
        let name = observe(run, &about, names, !supports, voice);
        if let Some(name) = name.filter(|_| supports) {
            let id = voice.part_id("Observation", &name);
            supporting.push(refer("Observation", id, None));
        }
    }
    if !supporting.is_empty() {
        request::support(context, names, voice.entity, supporting);
    }
    voice.turn_to_whole();
    let report = DiagnosticReport {
        presented_form: forms,
        ..blank_report()
    };
    voice.state(Place::new("OBX", 5), json::fragment(&report));
}

/// What a run gives the report to present.
fn presented(run: &[Observed<'_>], is_named: bool, voice: &Voice<'_, '_>) -> Vec<Attachment> {
    let reading = voice.reading;
    let Some(first) = run.first() else {
        return Vec::new();
    };
    reading.at(Place::new("OBX", 5));
    let field = first.obx.field(5);
    match first.obx.field(2).text().trim() {
        "ED" => valued(field)
            .filter_map(|sent| attachment::enclosed(sent, reading))
            .collect(),
        "RP" => valued(field).filter_map(attachment::referred).collect(),
        "TX" | "FT" | "ST" | "" if !is_named => {
            let lines: Vec<String> = run
                .iter()
                .map(|line| obx::text_of(line.obx.field(5)))
                .collect();
            let text = text::text(&lines.join("\n"));
            for line in run {
                let seg = Seg::new("OBX", line.obx);
                seg.skip(&[1, 2, 5, 11]);
                seg.close(reading);
            }
            text.map(|text| attachment::plain(&text))
                .into_iter()
                .collect()
        }
        _ if is_named => Vec::new(),
        _ => {
            for line in run {
                super::super::unread("OBX", line.obx, reading);
            }
            Vec::new()
        }
    }
}

/// What the section of the laboratory or of imaging says of all results; a specimen says it too.
fn category(context: &Context<'_, '_, '_>, specimens: &[Reference]) -> Option<CodeableConcept> {
    let section = context.order.detail.map(|obr| obr.field(24).first());
    let code = section.map(|sent| Cwe::new(sent).code().trim().to_owned());
    let meaning = find(SECTION, code.as_deref().unwrap_or_default());
    let meaning = meaning.or_else(|| find(SECTION, "LAB").filter(|_| !specimens.is_empty()));
    meaning.map(crate::datatype::cwe::Meaning::concept)
}
