//! One order while it is read, and how what it speaks of is named.

use std::collections::HashMap;

use fhirbolt::model::r4::types::Reference;
use hl7v2::Segment;
use hl7v2::datatype::Cwe;
use model::{IdentityKind, SourceIdentity};

use crate::datatype::text;
use crate::inbound::{EntityKind, Reading, Seg, Voice};

use super::super::obx::About;
use super::super::orc::{Number, Numbers};
use super::super::unread;
use super::{Order, detail_name};

/// What names were given in a message, so that two things never share one.
#[derive(Default)]
pub(super) struct Names {
    /// Numbers, each with the codes of what was ordered by it.
    pub(super) numbers: HashMap<String, Vec<String>>,
    /// Observations, each with how many of them there were.
    pub(super) observations: HashMap<Vec<u8>, usize>,
    /// All observations: their order.
    pub(super) n_observations: usize,
}

/// An order that is being read.
pub(super) struct Context<'c, 'm, 'a> {
    pub(super) order: &'c Order<'m>,
    pub(super) orc: Option<Seg<'m>>,
    /// OBR, RXO or RXA.
    pub(super) detail: Option<Seg<'m>>,
    /// The diagnoses that it is for.
    pub(super) reasons: Vec<Reference>,
    pub(super) about: About,
    pub(super) reading: &'c Reading<'a>,
}

impl<'c, 'm, 'a> Context<'c, 'm, 'a> {
    /// The numbers of ORC, else those of OBR.
    pub(super) fn numbers(&self) -> Numbers {
        let obr = self.order.detail.filter(|detail| detail.name() == "OBR");
        Numbers::read(self.order.orc.as_ref(), obr.as_ref(), self.reading)
    }

    /// A thing that is known by a number; where there is none, by what else tells it from others.
    pub(super) fn voice(
        &self,
        kind: EntityKind,
        number: Option<&Number>,
        what: &str,
        names: &mut Names,
    ) -> Voice<'c, 'a> {
        let (authority, number) = match number {
            Some(number) => (number.authority.clone(), number.value.clone()),
            None => (self.reading.sender(), self.stand_in(what)),
        };
        let words = [
            (EntityKind::Report, "report"),
            (EntityKind::Prescription, "prescription"),
            (EntityKind::Immunization, "immunization"),
        ];
        let word = words.iter().find(|(known, _)| *known == kind);
        let word = word.map_or("order", |(_, word)| *word);
        // One number may stand for several reports, each of another service.
        let mut value = format!("{word}:{number}");
        if kind == EntityKind::Report {
            value = format!("{value}|{what}");
        } else {
            let codes = names
                .numbers
                .entry(format!("{value}|{authority}"))
                .or_default();
            // Nor does a sender that numbers two services alike mean one.
            let at = codes.iter().position(|code| code == what);
            if at.unwrap_or(codes.len()) != 0 {
                value = format!("{value}|{what}");
            }
            if at.is_none() {
                codes.push(what.to_owned());
            }
        }
        let identity = SourceIdentity {
            kind: IdentityKind::Part,
            authority,
            type_code: String::new(),
            value,
        };
        Voice::unidentified(self.reading, kind, identity)
    }

    /// What tells an order without number from the patient's others.
    pub(super) fn stand_in(&self, what: &str) -> String {
        let subject = self.about.subject.as_ref();
        let subject = subject.and_then(|it| it.reference.as_ref()?.value.clone());
        let text = |segment: Option<Segment<'m>>, n: usize| {
            segment.map(|segment| segment.field(n).first().full_text().trim().to_owned())
        };
        let (orc, detail) = (self.order.orc, self.order.detail);
        let times: &[usize] = match detail.as_ref().map(detail_name) {
            Some("RXA") => &[3],
            Some("OBR") => &[6, 7],
            _ => &[],
        };
        let mut parts = vec![subject, text(orc, 4), Some(what.to_owned())];
        parts.extend(times.iter().map(|n| text(detail, *n)));
        let parts: Vec<String> = parts.into_iter().map(Option::unwrap_or_default).collect();
        parts.join("|")
    }

    /// What was ordered, as words that tell it from others.
    pub(super) fn what(&self, n: usize) -> String {
        let sent = self.order.detail.map(|detail| detail.field(n).first());
        let Some(sent) = sent.map(Cwe::new) else {
            return String::new();
        };
        let code = text::text(&sent.code()).or_else(|| text::text(&sent.alternate_code()));
        let words = code.or_else(|| text::text(&sent.display()));
        words.unwrap_or_default()
    }

    /// Nothing of it can be said: no service and no number.
    pub(super) fn leave_unread(&self) {
        let order = self.order;
        let observations = order.observations.iter().map(|observed| observed.obx);
        let specimens = order.specimens.iter().map(|taken| taken.spm);
        let all = [
            &order.timing,
            &order.routes,
            &order.components,
            &order.notes,
            &order.participants,
        ];
        let all = all.into_iter().flatten().copied();
        for segment in observations.chain(specimens).chain(all) {
            unread(segment.name(), segment, self.reading);
        }
    }

    pub(super) fn close(&self) {
        for seg in [&self.orc, &self.detail].into_iter().flatten() {
            seg.close(self.reading);
        }
    }
}
