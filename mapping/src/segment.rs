//! Segments as statements: one file each. A segment belongs to the patient or visit whose group it
//! stands in, which is that of the PID and PV1 before it.

mod al1;
mod dg1;
mod in1;
mod mrg;
mod nk1;
mod nte;
mod obr;
mod obx;
mod orc;
mod orders;
mod pd1;
mod pid;
mod pr1;
mod prt;
mod pv1;
mod pv2;
mod rxa;
mod rxo;
mod spm;
mod tq1;

pub(crate) use obx::ORDER as RESULT_ORDER;
pub(crate) use pv1::blank as blank_encounter;

use std::collections::HashMap;

use fhirbolt::model::r4::types::Reference;
use hl7v2::{Message, Segment};
use model::{IdentityKind, SourceIdentity};

use crate::datatype::xon::refer;
use crate::facts::Place;
use crate::identity;
use crate::inbound::trigger::{self, IdentityRule, Rules};
use crate::inbound::{EntityKind, Reading, Seg, Unmappable, Voice};

use orders::Orders;

/// The patient and visit of whom the next segment speaks.
struct Group<'r, 'a> {
    patient: Option<Voice<'r, 'a>>,
    visit: Option<Voice<'r, 'a>>,
    /// Segments that were read, to tell the second of two equal ones from the first.
    seen: HashMap<Vec<u8>, usize>,
}

impl<'r, 'a> Group<'r, 'a> {
    fn close(&mut self) {
        self.close_visit();
        if let Some(voice) = self.patient.take() {
            voice.close();
        }
    }

    fn close_visit(&mut self) {
        if let Some(voice) = self.visit.take() {
            voice.close();
        }
    }

    /// A reference to the patient.
    fn subject(&self) -> Option<Reference> {
        let patient = self.patient.as_ref()?;
        Some(refer("Patient", patient.entity.0, None))
    }

    /// A reference to the visit.
    fn encounter(&self) -> Option<Reference> {
        let visit = self.visit.as_ref()?;
        Some(refer("Encounter", visit.entity.0, None))
    }

    /// Who owns what happens in a visit: the visit, else the patient.
    fn owner(&mut self) -> Option<&mut Voice<'r, 'a>> {
        self.visit.as_mut().or(self.patient.as_mut())
    }

    /// How many segments with the same content but for the set id there were before.
    fn nth(&mut self, segment: &Segment<'_>) -> usize {
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

/// Reads every segment that there are rules for.
pub(crate) fn read(
    message: &Message<'_>,
    rules: Rules,
    reading: &Reading<'_>,
) -> Result<(), Unmappable> {
    if message.segment("PID").is_none() && message.segment("PV1").is_none() {
        return Err(Unmappable {
            place: Place::new("PID", 0),
            what: "no patient and no visit",
        });
    }
    let mut group = Group {
        patient: None,
        visit: None,
        seen: HashMap::new(),
    };
    let mut orders = Orders::new(trigger::purpose(&message.message_type().code()));
    for segment in message.segments() {
        if orders.take(segment) {
            continue;
        }
        match segment.name() {
            "PID" => {
                orders.close(&mut group, reading);
                group.close();
                group.patient = Some(patient(segment, message, reading));
            }
            "PV1" => {
                group.close_visit();
                group.visit = visit(segment, message, rules, &group, reading);
            }
            "MRG" if rules.identity == IdentityRule::MergePatients => {
                if let Some(survivor) = &mut group.patient {
                    with("MRG", segment, reading, |seg| {
                        mrg::state(seg, message, reading, survivor);
                    });
                }
            }
            name => rest(name, segment, &mut group, reading),
        }
    }
    orders.close(&mut group, reading);
    group.close();
    Ok(())
}

/// The segments that say more of the patient and visit of their group.
fn rest(name: &str, segment: Segment<'_>, group: &mut Group<'_, '_>, reading: &Reading<'_>) {
    match name {
        "PV2" => {
            if let Some(visit) = &mut group.visit {
                with("PV2", segment, reading, |seg| pv2::state(seg, visit));
            } else {
                unread(name, segment, reading);
            }
        }
        "PD1" | "NK1" | "AL1" | "IAM" | "IN1" => of_patient(name, segment, group, reading),
        "DG1" | "PR1" | "OBX" => of_visit(name, segment, group, reading),
        // What these say is in the stamp, the events and the bundle's header.
        "MSH" | "EVN" | "SFT" | "UAC" => {}
        name => unread(name, segment, reading),
    }
}

/// A segment without rules: everything in it counts as not mapped.
fn unread(name: &str, segment: Segment<'_>, reading: &Reading<'_>) {
    for (n, field) in (1..=u8::MAX).zip(segment.fields()) {
        if !field.is_empty() {
            reading.not_mapped(Place::new(name, n));
        }
    }
}

/// What belongs to the patient, whatever the visit.
fn of_patient(name: &str, segment: Segment<'_>, group: &mut Group<'_, '_>, reading: &Reading<'_>) {
    let subject = group.subject();
    let Some(patient) = &mut group.patient else {
        return;
    };
    match name {
        "PD1" => with("PD1", segment, reading, |seg| pd1::state(seg, patient)),
        "NK1" => with("NK1", segment, reading, |seg| {
            nk1::state(seg, subject, patient);
        }),
        "AL1" => with("AL1", segment, reading, |seg| {
            al1::state(seg, subject, patient);
        }),
        "IAM" => with("IAM", segment, reading, |seg| {
            al1::state_iam(seg, subject, patient);
        }),
        _ => with("IN1", segment, reading, |seg| {
            in1::state(seg, subject, patient);
        }),
    }
}

/// What belongs to the visit, or to the patient where there is none.
fn of_visit(name: &str, segment: Segment<'_>, group: &mut Group<'_, '_>, reading: &Reading<'_>) {
    let (subject, encounter) = (group.subject(), group.encounter());
    let nth = group.nth(&segment);
    let Some(owner) = group.visit.as_mut().or(group.patient.as_mut()) else {
        return;
    };
    match name {
        "DG1" => with("DG1", segment, reading, |seg| {
            dg1::state(seg, subject, encounter, owner);
        }),
        "PR1" => {
            with("PR1", segment, reading, |seg| {
                pr1::state(seg, subject, encounter, nth, owner);
            });
        }
        _ => {
            let about = obx::About {
                subject,
                encounter,
                ..obx::About::default()
            };
            with("OBX", segment, reading, |seg| {
                if let Some(name) = obx::name(&segment) {
                    let name = obx::nth(name, owner, &mut group.seen);
                    obx::state(seg, &about, &name, &obx::Rest::default(), owner);
                }
            });
        }
    }
}

fn with<'m>(
    name: &'static str,
    segment: Segment<'m>,
    reading: &Reading<'_>,
    state: impl FnOnce(&Seg<'m>),
) {
    let seg = Seg::new(name, segment);
    state(&seg);
    seg.close(reading);
}

fn patient<'r, 'a>(
    pid: Segment<'_>,
    message: &Message<'_>,
    reading: &'r Reading<'a>,
) -> Voice<'r, 'a> {
    let msh = message.msh();
    let kind = EntityKind::Patient;
    let mut voice = match identity::patient(&pid, &msh, reading.profile()) {
        Some(identity) => Voice::new(reading, kind, identity),
        None => Voice::unidentified(reading, kind, unnamed(&pid, message, reading)),
    };
    with("PID", pid, reading, |seg| pid::state(seg, &msh, &mut voice));
    voice
}

/// A patient without an identifier is nobody else's: known by the visit, else by the message alone.
fn unnamed(pid: &Segment<'_>, message: &Message<'_>, reading: &Reading<'_>) -> SourceIdentity {
    let msh = message.msh();
    let visit = message
        .segment("PV1")
        .and_then(|pv1| identity::visit(&pv1, Some(pid), &msh, reading.profile()));
    let value = match visit {
        Some(visit) => format!("visit:{}|{}", visit.authority, visit.value),
        None => format!("message:{}", identity::hex(&reading.ctx.digest)),
    };
    SourceIdentity {
        kind: IdentityKind::Patient,
        authority: reading.sender(),
        type_code: String::new(),
        value,
    }
}

fn visit<'r, 'a>(
    pv1: Segment<'_>,
    message: &Message<'_>,
    rules: Rules,
    group: &Group<'_, '_>,
    reading: &'r Reading<'a>,
) -> Option<Voice<'r, 'a>> {
    let msh = message.msh();
    let pid = message.segment("PID");
    let named = identity::visit(&pv1, pid.as_ref(), &msh, reading.profile());
    let kind = EntityKind::Visit;
    let mut voice = match named {
        Some(identity) => Voice::new(reading, kind, identity),
        None if pv1::says_nothing(&pv1) => return None,
        None => Voice::unidentified(reading, kind, unnumbered(&pv1, group, reading)?),
    };
    with("PV1", pv1, reading, |seg| {
        pv1::state(seg, message, rules, group.subject(), &mut voice);
    });
    Some(voice)
}

/// A visit without a number is the patient's visit of that admission, else the one that is open: its
/// later messages must find it, and no message may make a second one.
fn unnumbered(
    pv1: &Segment<'_>,
    group: &Group<'_, '_>,
    reading: &Reading<'_>,
) -> Option<SourceIdentity> {
    let patient = group.patient.as_ref()?.entity;
    let admitted = pv1.field(44).text();
    let admitted = admitted.trim();
    let since = if admitted.is_empty() {
        "open"
    } else {
        admitted
    };
    Some(SourceIdentity {
        kind: IdentityKind::Visit,
        authority: reading.sender(),
        type_code: String::new(),
        value: format!("patient:{patient}|{since}"),
    })
}
