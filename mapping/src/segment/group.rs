//! The patient and visit that stand before a segment, and what else of the message is still open.

use std::collections::HashMap;

use fhirbolt::model::r4::types::Reference;
use hl7v2::Segment;
use model::SourceIdentity;

use crate::datatype::xon::refer;
use crate::inbound::Voice;

use super::{in1, local, sch, txa};

/// What stands before ROL and PRT: that is what the role is played in.
pub(crate) enum After {
    /// The patient, whatever the visit.
    Patient,
    /// The visit.
    Visit,
    /// A procedure, by its name.
    Procedure(String),
}

impl After {
    /// A word that tells the same person's roles apart.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Visit => "visit",
            Self::Procedure(_) => "procedure",
        }
    }
}

/// The patient and visit of whom the next segment speaks.
pub(super) struct Group<'r, 'a> {
    pub(super) patient: Option<Voice<'r, 'a>>,
    pub(super) visit: Option<Voice<'r, 'a>>,
    /// The appointment and the document of the message.
    pub(super) schedule: Option<sch::Schedule<'r, 'a>>,
    pub(super) document: Option<txa::Document<'r, 'a>>,
    /// The patient's account.
    pub(super) account: Option<SourceIdentity>,
    /// The episode of care that the visit belongs to.
    pub(super) episode: Option<SourceIdentity>,
    /// The coverage that IN2 and IN3 go on with.
    pub(super) coverage: Option<in1::Named>,
    /// What the segment before became, for a local segment that goes on with it.
    pub(super) before: Option<local::Before>,
    /// What a role is played in.
    pub(super) after: After,
    /// The first patient of a message that names two.
    pub(super) first: Option<SourceIdentity>,
    /// Segments that were read, to tell the second of two equal ones from the first.
    pub(super) seen: HashMap<Vec<u8>, usize>,
}

impl<'r, 'a> Group<'r, 'a> {
    pub(super) fn new() -> Self {
        Self {
            patient: None,
            visit: None,
            schedule: None,
            document: None,
            account: None,
            episode: None,
            coverage: None,
            before: None,
            after: After::Patient,
            first: None,
            seen: HashMap::new(),
        }
    }

    /// What a segment became is gone on with by local segments, comments and the rest of an insurance.
    pub(super) fn go_past(&mut self, next: &str) {
        if !next.starts_with('Z') && !matches!(next, "NTE" | "IN2" | "IN3") {
            self.before = None;
        }
    }

    /// Takes a segment that is part of the appointment or document of the message. False: it is not.
    pub(super) fn takes(&mut self, segment: Segment<'_>) -> bool {
        let name = segment.name();
        // What an order begins after a document is not the document's content.
        if matches!(name, "ORC" | "OBR")
            && let Some(document) = self.document.take()
        {
            document.close();
        }
        let schedule = self.schedule.as_mut();
        let document = self.document.as_mut();
        schedule.is_some_and(|schedule| schedule.takes(name, segment))
            || document.is_some_and(|document| document.takes(name, &segment))
    }

    /// Closes everything: the message is at its end.
    pub(super) fn end(mut self) {
        self.close();
        if let Some(schedule) = self.schedule.take() {
            schedule.close();
        }
        if let Some(document) = self.document.take() {
            document.close();
        }
    }

    pub(super) fn close(&mut self) {
        self.close_visit();
        self.episode = None;
        self.coverage = None;
        if let Some(voice) = self.patient.take() {
            voice.close();
        }
    }

    pub(super) fn close_visit(&mut self) {
        if let Some(voice) = self.visit.take() {
            voice.close();
        }
    }

    /// A reference to the patient.
    pub(super) fn subject(&self) -> Option<Reference> {
        let patient = self.patient.as_ref()?;
        Some(refer("Patient", patient.entity.0, None))
    }

    /// A reference to the visit.
    pub(super) fn encounter(&self) -> Option<Reference> {
        let visit = self.visit.as_ref()?;
        Some(refer("Encounter", visit.entity.0, None))
    }

    /// Who owns what happens in a visit: the visit, else the patient.
    pub(super) fn owner(&mut self) -> Option<&mut Voice<'r, 'a>> {
        self.visit.as_mut().or(self.patient.as_mut())
    }

    /// How many segments with the same content but for the set id there were before.
    pub(super) fn nth(&mut self, segment: &Segment<'_>) -> usize {
        let (name, set_id) = (segment.name_bytes(), segment.field(1).raw());
        let content = segment
            .raw()
            .get(name.len() + 1 + set_id.len()..)
            .unwrap_or_default();
        let n_seen = self.seen.entry([name, content].concat()).or_default();
        let nth = *n_seen;
        *n_seen += 1;
        nth
    }
}
