//! The orders of a message: ORC and what it is about, with all that stands below.
//!
//! Segments are gathered first, because what one of them means depends on those around it: a comment
//! belongs to the segment that it follows, a text goes on in the next segment.

mod immunization;
mod prescription;
mod report;
mod request;

use std::collections::HashMap;

use fhirbolt::model::r4::types::Reference;
use hl7v2::Segment;
use hl7v2::datatype::Cwe;
use model::{IdentityKind, SourceIdentity};

use crate::datatype::text;
use crate::inbound::trigger::Purpose;
use crate::inbound::{EntityKind, Reading, Seg, Voice};

use super::obx::{self, About, Rest};
use super::orc::{Number, Numbers};
use super::{Group, dg1, prt, unread};

/// An observation with what follows it.
pub(super) struct Observed<'m> {
    obx: Segment<'m>,
    notes: Vec<Segment<'m>>,
    participants: Vec<Segment<'m>>,
    /// The specimen below which it stands, counted from 0.
    specimen: Option<usize>,
}

/// A specimen with what follows it.
struct Taken<'m> {
    spm: Segment<'m>,
    containers: Vec<Segment<'m>>,
    notes: Vec<Segment<'m>>,
}

/// One order.
#[derive(Default)]
struct Order<'m> {
    orc: Option<Segment<'m>>,
    /// OBR, RXO or RXA.
    detail: Option<Segment<'m>>,
    timing: Vec<Segment<'m>>,
    notes: Vec<Segment<'m>>,
    diagnoses: Vec<Segment<'m>>,
    participants: Vec<Segment<'m>>,
    routes: Vec<Segment<'m>>,
    observations: Vec<Observed<'m>>,
    specimens: Vec<Taken<'m>>,
}

/// What a comment or participant would belong to.
#[derive(Clone, Copy, Default)]
enum Last {
    #[default]
    Nothing,
    /// An observation of the patient, outside of orders.
    OfPatient,
    Order,
    Observation,
    Specimen,
}

/// The orders that were gathered so far.
pub(super) struct Orders<'m> {
    purpose: Option<Purpose>,
    list: Vec<Order<'m>>,
    of_patient: Vec<Observed<'m>>,
    last: Last,
    names: Names,
}

/// What names were given in a message, so that two things never share one.
#[derive(Default)]
struct Names {
    /// Numbers, each with the codes of what was ordered by it.
    numbers: HashMap<String, Vec<String>>,
    /// Observations, each with how many of them there were.
    observations: HashMap<Vec<u8>, usize>,
    /// All observations: their order.
    n_observations: usize,
}

impl<'m> Orders<'m> {
    pub(super) fn new(purpose: Option<Purpose>) -> Self {
        Self {
            purpose,
            list: Vec::new(),
            of_patient: Vec::new(),
            last: Last::default(),
            names: Names::default(),
        }
    }

    /// Takes a segment that belongs to an order. False: it does not.
    pub(super) fn take(&mut self, segment: Segment<'m>) -> bool {
        if self.purpose.is_none() {
            return false;
        }
        match segment.name() {
            "ORC" => self.list.push(Order {
                orc: Some(segment),
                ..Order::default()
            }),
            "OBR" | "RXO" | "RXA" => self.begin(segment),
            "OBX" => return self.observe(segment),
            "NTE" | "PRT" => return self.follow(segment),
            name => return self.belong(name, segment),
        }
        self.last = Last::Order;
        true
    }

    /// What is ordered or done: of the ORC before it, if that has nothing yet.
    fn begin(&mut self, detail: Segment<'m>) {
        match self.list.last_mut() {
            Some(order) if order.detail.is_none() => order.detail = Some(detail),
            _ => self.list.push(Order {
                detail: Some(detail),
                ..Order::default()
            }),
        }
    }

    fn observe(&mut self, obx: Segment<'m>) -> bool {
        let specimen = self
            .list
            .last()
            .and_then(|order| order.specimens.len().checked_sub(1));
        let observed = Observed {
            obx,
            notes: Vec::new(),
            participants: Vec::new(),
            specimen,
        };
        if let Some(order) = self.list.last_mut() {
            order.observations.push(observed);
            self.last = Last::Observation;
        } else {
            self.of_patient.push(observed);
            self.last = Last::OfPatient;
        }
        true
    }

    /// A comment or participant belongs to what it follows.
    fn follow(&mut self, segment: Segment<'m>) -> bool {
        let is_note = segment.name() == "NTE";
        let order = self.list.last_mut();
        let list = match (self.last, order) {
            (Last::OfPatient, _) => self.of_patient.last_mut().map(|it| it.list(is_note)),
            (Last::Order, Some(order)) if is_note => Some(&mut order.notes),
            (Last::Observation, Some(order)) => {
                order.observations.last_mut().map(|it| it.list(is_note))
            }
            (Last::Specimen, Some(order)) if is_note => {
                order.specimens.last_mut().map(|it| &mut it.notes)
            }
            (Last::Order | Last::Specimen, Some(order)) => Some(&mut order.participants),
            _ => None,
        };
        let Some(list) = list else { return false };
        list.push(segment);
        true
    }

    fn belong(&mut self, name: &str, segment: Segment<'m>) -> bool {
        let Some(order) = self.list.last_mut() else {
            self.last = Last::Nothing;
            return false;
        };
        match name {
            "SPM" => {
                order.specimens.push(Taken {
                    spm: segment,
                    containers: Vec::new(),
                    notes: Vec::new(),
                });
                self.last = Last::Specimen;
            }
            "SAC" if !order.specimens.is_empty() => {
                if let Some(taken) = order.specimens.last_mut() {
                    taken.containers.push(segment);
                }
            }
            "TQ1" => order.timing.push(segment),
            "RXR" => order.routes.push(segment),
            "DG1" => {
                order.diagnoses.push(segment);
                self.last = Last::Nothing;
            }
            _ => {
                self.last = Last::Nothing;
                return false;
            }
        }
        true
    }

    /// Reads what was gathered of one patient.
    pub(super) fn close<'r, 'a>(&mut self, group: &mut Group<'r, 'a>, reading: &'r Reading<'a>) {
        let Some(purpose) = self.purpose else { return };
        let about = About {
            subject: group.subject(),
            encounter: group.encounter(),
            ..About::default()
        };
        let of_patient = std::mem::take(&mut self.of_patient);
        if let Some(owner) = group.owner() {
            for run in runs(&of_patient) {
                observe(run, &about, &mut self.names, false, owner);
            }
        }
        for order in std::mem::take(&mut self.list) {
            let reasons = order
                .diagnoses
                .iter()
                .filter_map(|dg1| reason(*dg1, group, reading))
                .collect();
            let context = Context {
                orc: order.orc.map(|orc| Seg::new("ORC", orc)),
                detail: order
                    .detail
                    .map(|detail| Seg::new(detail_name(&detail), detail)),
                order: &order,
                reasons,
                about: about.clone(),
                reading,
            };
            state(purpose, &context, &mut self.names);
            context.close();
        }
        self.last = Last::Nothing;
    }
}

fn detail_name(segment: &Segment<'_>) -> &'static str {
    match segment.name() {
        "RXA" => "RXA",
        "RXO" => "RXO",
        _ => "OBR",
    }
}

fn state(purpose: Purpose, context: &Context<'_, '_, '_>, names: &mut Names) {
    let detail = context.order.detail.as_ref().map(detail_name);
    match (detail, purpose) {
        (Some("RXA"), _) => immunization::state(context, names),
        (Some("RXO"), _) => prescription::state(context, names),
        (Some(_), Purpose::Result) => report::state(context, names),
        (Some(_), _) => request::state(context, names),
        (None, Purpose::Request) if context.numbers().any().is_some() => {
            request::state(context, names);
        }
        (None, _) => context.leave_unread(),
    }
}

/// A diagnosis that is the reason of an order, as the patient's.
fn reason(dg1: Segment<'_>, group: &mut Group<'_, '_>, reading: &Reading<'_>) -> Option<Reference> {
    let subject = group.subject();
    let owner = group.patient.as_mut().or(group.visit.as_mut())?;
    let seg = Seg::new("DG1", dg1);
    let condition = dg1::state(&seg, subject, None, owner);
    seg.close(reading);
    condition
}

/// An order that is being read.
struct Context<'c, 'm, 'a> {
    order: &'c Order<'m>,
    orc: Option<Seg<'m>>,
    /// OBR, RXO or RXA.
    detail: Option<Seg<'m>>,
    /// The diagnoses that it is for.
    reasons: Vec<Reference>,
    about: About,
    reading: &'c Reading<'a>,
}

impl<'c, 'm, 'a> Context<'c, 'm, 'a> {
    /// The numbers of ORC, else those of OBR.
    fn numbers(&self) -> Numbers {
        let obr = self.order.detail.filter(|detail| detail.name() == "OBR");
        Numbers::read(self.order.orc.as_ref(), obr.as_ref(), self.reading)
    }

    /// A thing that is known by a number; where there is none, by what else tells it from others.
    fn voice(
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
    fn stand_in(&self, what: &str) -> String {
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
    fn what(&self, n: usize) -> String {
        let sent = self.order.detail.map(|detail| detail.field(n).first());
        let Some(sent) = sent.map(Cwe::new) else {
            return String::new();
        };
        let code = text::text(&sent.code()).or_else(|| text::text(&sent.alternate_code()));
        let words = code.or_else(|| text::text(&sent.display()));
        words.unwrap_or_default()
    }

    /// Nothing of it can be said: no service and no number.
    fn leave_unread(&self) {
        let order = self.order;
        let observations = order.observations.iter().map(|observed| observed.obx);
        let specimens = order.specimens.iter().map(|taken| taken.spm);
        let all = [
            &order.timing,
            &order.routes,
            &order.notes,
            &order.participants,
        ];
        let all = all.into_iter().flatten().copied();
        for segment in observations.chain(specimens).chain(all) {
            unread(segment.name(), segment, self.reading);
        }
    }

    fn close(&self) {
        for seg in [&self.orc, &self.detail].into_iter().flatten() {
            seg.close(self.reading);
        }
    }
}

impl<'m> Observed<'m> {
    fn list(&mut self, is_note: bool) -> &mut Vec<Segment<'m>> {
        if is_note {
            &mut self.notes
        } else {
            &mut self.participants
        }
    }

    /// Whether the segment goes on with the text of the one before it.
    fn continues(&self, before: &Self) -> bool {
        let is_text = |it: &Self| matches!(it.obx.field(2).text().trim(), "TX" | "FT");
        let is_same = |n: usize| self.obx.field(n).raw() == before.obx.field(n).raw();
        is_text(self)
            && is_text(before)
            && before.notes.is_empty()
            && before.participants.is_empty()
            && self.specimen == before.specimen
            && is_same(3)
            && is_same(21)
    }
}

/// Runs of segments that make one text each; all others stand alone.
fn runs<'o, 'm>(observations: &'o [Observed<'m>]) -> impl Iterator<Item = &'o [Observed<'m>]> {
    observations.chunk_by(|before, next| next.continues(before))
}

/// States a run as an observation of `owner` and gives its name. One without a code has none: it can't
/// be told from others.
fn observe<'m>(
    run: &[Observed<'m>],
    about: &About,
    names: &mut Names,
    is_ordered: bool,
    owner: &mut Voice<'_, '_>,
) -> Option<String> {
    let reading = owner.reading;
    let ([first, others @ ..], Some(last)) = (run, run.last()) else {
        return None;
    };
    let Some(name) = obx::name(&first.obx) else {
        for observed in run {
            unread("OBX", observed.obx, reading);
        }
        return None;
    };
    let name = obx::nth(name, owner, &mut names.observations);
    names.n_observations += 1;
    let lines: Vec<Segment<'m>> = others.iter().map(|observed| observed.obx).collect();
    let rest = Rest {
        lines: &lines,
        notes: &last.notes,
        order: is_ordered.then_some(names.n_observations),
    };
    let seg = Seg::new("OBX", first.obx);
    obx::state(&seg, about, &name, &rest, owner);
    seg.close(reading);
    prt::of_observation(&last.participants, owner);
    Some(name)
}
