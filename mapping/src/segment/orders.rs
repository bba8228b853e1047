//! The orders of a message: ORC and what it is about, with all that stands below.
//!
//! Segments are gathered first, because what one of them means depends on those around it: a comment
//! belongs to the segment that it follows, a text goes on in the next segment.

mod context;
mod immunization;
mod observed;
mod prescription;
mod report;
mod request;

use fhirbolt::model::r4::types::Reference;
use hl7v2::Segment;

use crate::inbound::trigger::Purpose;
use crate::inbound::{Reading, Seg};

use super::obx::About;
use super::{Group, dg1};

use context::{Context, Names};
use observed::{Observed, observe, runs};

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
    /// OBR, RXO, RXE or RXA.
    detail: Option<Segment<'m>>,
    /// RXO, where RXE says the same better.
    replaced: Option<Segment<'m>>,
    timing: Vec<Segment<'m>>,
    notes: Vec<Segment<'m>>,
    diagnoses: Vec<Segment<'m>>,
    participants: Vec<Segment<'m>>,
    routes: Vec<Segment<'m>>,
    /// RXC: what a compound is made of.
    components: Vec<Segment<'m>>,
    observations: Vec<Observed<'m>>,
    specimens: Vec<Taken<'m>>,
}

impl Order<'_> {
    fn is_of(&self, name: &str) -> bool {
        self.detail.is_some_and(|detail| detail.name() == name)
    }
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
            "OBR" | "RXO" | "RXE" | "RXA" => self.begin(segment),
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
            // What the pharmacy made of the order says all of it again.
            Some(order) if detail.name() == "RXE" && order.is_of("RXO") => {
                order.replaced = order.detail.replace(detail);
            }
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
            "RXC" => order.components.push(segment),
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
        "RXE" => "RXE",
        _ => "OBR",
    }
}

fn state(purpose: Purpose, context: &Context<'_, '_, '_>, names: &mut Names) {
    let detail = context.order.detail.as_ref().map(detail_name);
    match (detail, purpose) {
        (Some("RXA"), _) => immunization::state(context, names),
        (Some("RXO" | "RXE"), _) => prescription::state(context, names),
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
    seg.skip(&[1]);
    let condition = dg1::name(&seg).map(|name| dg1::state(&seg, &name, subject, None, owner));
    seg.close(reading);
    condition
}
