//! Segments as statements: one file each. A segment belongs to the patient or visit whose group it
//! stands in, which is that of the PID and PV1 before it.

mod al1;
mod dg1;
mod ft1;
mod group;
mod gt1;
mod in1;
mod local;
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
mod rol;
mod rxa;
mod rxo;
mod sch;
mod spm;
mod tq1;
mod txa;

pub(crate) use obx::ORDER as RESULT_ORDER;
pub(crate) use pv1::blank as blank_encounter;
pub(crate) use pv1::financial::NAME as FINANCIAL_CLASS;

use hl7v2::{Message, Segment};
use model::{IdentityKind, SourceIdentity};

use crate::datatype::xon::refer;
use crate::facts::Place;
use crate::identity;
use crate::inbound::trigger::{self, IdentityRule, Rules};
use crate::inbound::{EntityKind, Reading, Seg, Unmappable, Voice};
use crate::profile::Part;
use crate::ties::Relation;

pub(crate) use group::After;
use group::Group;
use orders::Orders;

/// Reads every segment that there are rules for.
pub(crate) fn read(
    message: &Message<'_>,
    rules: Rules,
    reading: &Reading<'_>,
) -> Result<(), Unmappable> {
    let about = ["PID", "PV1", "SCH"];
    if about.iter().all(|name| message.segment(name).is_none()) {
        return Err(Unmappable {
            place: Place::new("PID", 0),
            what: "no patient and no visit",
        });
    }
    let mut group = Group::new();
    let code = message.message_type().code();
    let is_financial = code.trim() == "DFT";
    let mut orders = Orders::new(trigger::purpose(&code));
    for segment in message.segments() {
        group.go_past(segment.name());
        // A charge's diagnosis is the visit's, even where orders stand between them.
        let is_of_visit = is_financial && segment.name() == "DG1";
        if group.takes(segment) || (!is_of_visit && orders.take(segment)) {
            continue;
        }
        match segment.name() {
            "PID" => {
                orders.close(&mut group, reading);
                group.close();
                group.patient = Some(patient(segment, message, rules, reading));
                group.account = pid::account_of(&segment, message, reading);
                group.after = After::Patient;
                second(&segment, message, rules, &mut group, reading);
                let subject = group.subject();
                if let Some(schedule) = &mut group.schedule {
                    schedule.patient(subject);
                }
            }
            "PV1" => {
                group.close_visit();
                group.visit = visit(segment, message, rules, &group, reading);
                group.episode = pv1::episode_of(&segment, message, reading);
                let subject = group.subject();
                if let Some(patient) = &mut group.patient {
                    pv1::financial::state(segment, subject, patient);
                }
                group.after = After::Visit;
                if let (Some(schedule), Some(visit)) = (&group.schedule, &mut group.visit) {
                    schedule.visit(visit);
                }
            }
            "SCH" => {
                if let Some(before) = group.schedule.take() {
                    before.close();
                }
                group.schedule = Some(sch::open(segment, message, reading));
            }
            "TXA" => {
                if let Some(before) = group.document.take() {
                    before.close();
                }
                group.document = Some(document(segment, message, &group, reading));
            }
            "FT1" => charge(segment, message, &mut group, reading),
            "MRG" => merge(segment, message, rules, &mut group, reading),
            name => rest(name, segment, &mut group, reading),
        }
    }
    orders.close(&mut group, reading);
    group.end();
    Ok(())
}

/// MRG: what was before, of the patient, the account and the visit.
fn merge(
    mrg: Segment<'_>,
    message: &Message<'_>,
    rules: Rules,
    group: &mut Group<'_, '_>,
    reading: &Reading<'_>,
) {
    let Some(patient) = &mut group.patient else {
        return unread("MRG", mrg, reading);
    };
    with("MRG", mrg, reading, |seg| {
        mrg::other::account(
            seg,
            message,
            rules.identity,
            patient,
            group.account.as_ref(),
        );
        if rules.identity == IdentityRule::MergePatients {
            mrg::state(seg, message, Relation::Merged, patient);
        }
        if rules.identity == IdentityRule::MovePatient {
            mrg::state(seg, message, Relation::Moved, patient);
        }
        if matches!(
            rules.identity,
            IdentityRule::MoveAccount | IdentityRule::MoveVisits
        ) {
            // PID-18 and PV1 take them.
            seg.skip(&[1, 4]);
        }
        if rules.identity == IdentityRule::MergeVisits {
            // PV1, which follows, takes them.
            seg.skip(&[5, 6]);
        }
    });
}

/// The second of two patients who are one, or are not after all.
fn second(
    pid: &Segment<'_>,
    message: &Message<'_>,
    rules: Rules,
    group: &mut Group<'_, '_>,
    reading: &Reading<'_>,
) {
    if !matches!(rules.identity, IdentityRule::Link | IdentityRule::Unlink) {
        return;
    }
    let named = identity::patient(pid, &message.msh(), reading.profile());
    match (&group.first, named) {
        (Some(first), Some(second)) => {
            mrg::other::linked(first, &second, rules.identity, reading);
        }
        (None, named) => group.first = named,
        (Some(_), None) => {}
    }
}

fn document<'r, 'a>(
    txa: Segment<'_>,
    message: &Message<'_>,
    group: &Group<'_, '_>,
    reading: &'r Reading<'a>,
) -> txa::Document<'r, 'a> {
    let about = txa::About {
        subject: group.subject(),
        encounter: group.encounter(),
        patient: group.patient.as_ref().map(|patient| patient.entity),
    };
    txa::open(txa, message, about, reading)
}

fn charge(
    ft1: Segment<'_>,
    message: &Message<'_>,
    group: &mut Group<'_, '_>,
    reading: &Reading<'_>,
) {
    let nth = group.nth(&ft1);
    let about = ft1::About {
        subject: group.subject(),
        encounter: group.encounter(),
        account: group
            .account
            .as_ref()
            .map(|account| refer("Account", reading.entity(account).0, None)),
        owner: group.owner().map(|owner| owner.entity),
        nth,
    };
    with("FT1", ft1, reading, |seg| {
        ft1::state(seg, message, about, reading);
    });
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
        "PD1" | "NK1" | "AL1" | "IAM" | "IN1" | "IN2" | "IN3" | "GT1" => {
            of_patient(name, segment, group, reading);
        }
        "ROL" | "PRT" => role(name, segment, group, reading),
        "DG1" | "PR1" | "OBX" => of_visit(name, segment, group, reading),
        // What these say is in the stamp, the events and the bundle's header.
        "MSH" | "EVN" | "SFT" | "UAC" => {}
        name => match reading.profile().local.get(name) {
            Some(locals) => {
                let near = local::Near {
                    patient: group.patient.as_mut(),
                    visit: group.visit.as_mut(),
                    before: group.before.as_ref(),
                };
                local::state(&segment, locals, near, reading);
            }
            None => unread(name, segment, reading),
        },
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
        return unread(name, segment, reading);
    };
    if name != "PD1" {
        group.after = After::Patient;
    }
    let mut before = None;
    match name {
        "PD1" => with("PD1", segment, reading, |seg| {
            pd1::state(seg, subject, patient);
        }),
        "NK1" => with("NK1", segment, reading, |seg| {
            nk1::state(seg, subject, patient);
        }),
        "AL1" => with("AL1", segment, reading, |seg| {
            al1::state(seg, subject, patient);
            before = al1::name_of(seg).map(|name| (Part::AllergyIntolerance, name));
        }),
        "IAM" => with("IAM", segment, reading, |seg| {
            al1::state_iam(seg, subject, patient);
            before = al1::name_of_iam(seg).map(|name| (Part::AllergyIntolerance, name));
        }),
        "GT1" => with("GT1", segment, reading, |seg| {
            gt1::state(seg, subject, group.account.as_ref(), patient);
        }),
        "IN1" => with("IN1", segment, reading, |seg| {
            group.coverage = in1::state(seg, subject, patient);
            let named = group.coverage.as_ref();
            before = named.map(|named| (Part::Coverage, named.name().to_owned()));
        }),
        _ => match (&group.coverage, name) {
            (Some(coverage), "IN2") => with("IN2", segment, reading, |seg| {
                in1::state_in2(seg, coverage, patient);
            }),
            (Some(_), _) => with("IN3", segment, reading, |seg| {
                in1::state_in3(seg, patient);
            }),
            (None, _) => unread(name, segment, reading),
        },
    }
    if let Some((part, name)) = before {
        group.before = Some(local::Before {
            part,
            name,
            is_of_patient: true,
        });
    }
}

/// ROL and PRT.
fn role(name: &str, segment: Segment<'_>, group: &mut Group<'_, '_>, reading: &Reading<'_>) {
    let owner = match group.after {
        After::Patient => group.patient.as_mut(),
        After::Visit => group.visit.as_mut(),
        After::Procedure(_) => group.visit.as_mut().or(group.patient.as_mut()),
    };
    let Some(owner) = owner else {
        return unread(name, segment, reading);
    };
    if name == "ROL" {
        with("ROL", segment, reading, |seg| {
            rol::state(seg, &group.after, owner);
        });
    } else {
        with("PRT", segment, reading, |seg| {
            rol::state_prt(seg, &group.after, owner);
        });
    }
}

/// What belongs to the visit, or to the patient where there is none.
fn of_visit(name: &str, segment: Segment<'_>, group: &mut Group<'_, '_>, reading: &Reading<'_>) {
    let (subject, encounter) = (group.subject(), group.encounter());
    let nth = group.nth(&segment);
    let Some(owner) = group.visit.as_mut().or(group.patient.as_mut()) else {
        return;
    };
    let mut before = None;
    match name {
        "DG1" => with("DG1", segment, reading, |seg| {
            seg.skip(&[1]);
            let Some(name) = dg1::name(seg) else { return };
            let condition = dg1::state(seg, &name, subject, encounter.clone(), owner);
            if let (Some(episode), Some(encounter)) = (&group.episode, encounter) {
                dg1::of_episode(seg, [condition, encounter], episode, reading);
            }
            before = Some((Part::Condition, name));
        }),
        "PR1" => {
            let mut name = None;
            with("PR1", segment, reading, |seg| {
                name = pr1::state(seg, subject, encounter, nth, owner);
            });
            before = name.clone().map(|name| (Part::Procedure, name));
            group.after = name.map_or(After::Patient, After::Procedure);
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
                    before = Some((Part::Observation, name));
                }
            });
            if let Some(patient) = &mut group.patient {
                pid::birth_sex(&Seg::new("OBX", segment), patient);
            }
        }
    }
    group.before = before.map(|(part, name)| local::Before {
        part,
        name,
        is_of_patient: group.visit.is_none(),
    });
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
    rules: Rules,
    reading: &'r Reading<'a>,
) -> Voice<'r, 'a> {
    let msh = message.msh();
    let kind = EntityKind::Patient;
    let mut voice = match identity::patient(&pid, &msh, reading.profile()) {
        Some(identity) => Voice::new(reading, kind, identity),
        None => Voice::unidentified(reading, kind, unnamed(&pid, message, reading)),
    };
    reading.turn_to_patient(voice.entity);
    with("PID", pid, reading, |seg| {
        pid::state(seg, message, rules.identity, &mut voice);
    });
    pid::record(rules.identity, &mut voice);
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
    if rules.identity == IdentityRule::MergeVisits
        && let Some(mrg) = message.segment("MRG")
    {
        mrg::other::visit(&mrg, message, reading, &voice);
        pv1::renumbered_episode(&pv1, &mrg, message, reading);
    }
    if rules.identity == IdentityRule::MoveVisits {
        mrg::moved(message, &mut voice);
    }
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
