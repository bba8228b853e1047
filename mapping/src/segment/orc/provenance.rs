//! ORC → Provenance: who entered, verified, ordered and did what happened to an order.

use fhirbolt::model::r4::resources::{Provenance, ProvenanceAgent, ProvenanceOccurred};
use fhirbolt::model::r4::types::{Instant, Reference};
use hl7v2::datatype::Cwe;

use crate::datatype::cwe::Meaning;
use crate::datatype::{dtm, xcn, xon};
use crate::inbound::{Reading, Seg, Voice, valued};
use crate::json;
use crate::table::find;
use crate::table::order::ACTIVITIES;

const AGENT: &str = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";

/// States who entered, verified, ordered and did what ORC tells of.
pub(in crate::segment) fn provenance(orc: &Seg<'_>, target: Reference, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let agents = [
        (10, "enterer", "Enterer"),
        (11, "verifier", "Verifier"),
        (12, "author", "Author"),
        (19, "performer", "Performer"),
    ];
    let agent: Vec<ProvenanceAgent> = agents
        .into_iter()
        .flat_map(|(n, code, display)| {
            reading.at(orc.place(n));
            let kind = Meaning {
                code,
                display,
                system: AGENT,
            };
            valued(orc.field(n))
                .filter_map(move |sent| Some((n, kind, xcn::reference(sent, reading)?)))
        })
        .map(|(n, kind, who)| ProvenanceAgent {
            r#type: Some(Box::new(kind.concept())),
            who: Box::new(who),
            on_behalf_of: (n == 10)
                .then(|| entering(orc, reading))
                .flatten()
                .map(Box::new),
            ..ProvenanceAgent::default()
        })
        .collect();
    if agent.is_empty() {
        return;
    }
    let (control, at) = (orc.field(1).text(), orc.field(9).text());
    let recorded = dtm::lenient(&at).map(|at| dtm::When::new(at, &reading.zone).instant());
    let stated = || dtm::instant(reading.source.stamp.stated);
    let provenance = Provenance {
        target: vec![target],
        occurred: dtm::date_time(&at, reading).map(ProvenanceOccurred::DateTime),
        recorded: Instant::from(recorded.unwrap_or_else(stated).as_str()),
        activity: find(ACTIVITIES, control.trim()).map(|meaning| Box::new(meaning.concept())),
        agent,
        ..Provenance::default()
    };
    voice.turn_to_part("Provenance", &format!("{}|{}", control.trim(), at.trim()));
    voice.state(orc.place(1), json::fragment(&provenance));
    voice.turn_to_whole();
}

/// ORC-17: for whom it was entered.
fn entering(orc: &Seg<'_>, reading: &Reading<'_>) -> Option<Reference> {
    let sent = valued(orc.field(17)).next()?;
    xon::of_code(Cwe::new(sent), reading)
}
