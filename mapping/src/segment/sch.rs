//! SCH → Appointment, with the TQ1 and NTE that follow it and the resources of its RGS groups.

mod resource;
mod timing;

use fhirbolt::model::r4::resources::{
    Appointment, AppointmentParticipant, Encounter, ServiceRequest,
};
use fhirbolt::model::r4::types::{
    Code, CodeableConcept, Identifier, Reference, String as FhirString,
};
use hl7v2::datatype::{Cwe, Ei};
use hl7v2::{Message, Segment};
use model::{IdentityKind, SourceIdentity};

use crate::datatype::xon::refer;
use crate::datatype::{cwe, cx, ext, text, xcn};
use crate::facts::Place;
use crate::identity;
use crate::inbound::{EntityKind, Reading, Seg, Voice, valued};
use crate::json;
use crate::table::find;
use crate::table::schedule::{APPOINTMENT_REASON, APPOINTMENT_STATUS, FILLER, PLACER};

use super::orc::{self as order, Number};
use super::pv1;

/// An appointment while its message is read.
pub(super) struct Schedule<'r, 'a> {
    voice: Voice<'r, 'a>,
    event: String,
    timing: timing::Timing,
    /// How a participant who says nothing of it takes part.
    participation: &'static str,
    comments: Vec<String>,
    instructions: Vec<String>,
    /// Whether every resource was named without saying what is to be done with it: then these are all.
    lists_all: bool,
    n_resources: usize,
    /// The orders that it is made for.
    orders: Vec<Voice<'r, 'a>>,
}

/// An appointment of which nothing is set.
fn blank() -> Appointment {
    Appointment {
        status: Code::default(),
        ..Appointment::default()
    }
}

/// States what SCH says of the appointment, which the segments after it say more of.
pub(super) fn open<'r, 'a>(
    sch: Segment<'_>,
    message: &Message<'_>,
    reading: &'r Reading<'a>,
) -> Schedule<'r, 'a> {
    let msh = message.msh();
    let kind = EntityKind::Appointment;
    let voice = match identity::appointment(&sch, &msh) {
        Some(identity) => Voice::new(reading, kind, identity),
        None => Voice::unidentified(reading, kind, unnumbered(reading)),
    };
    let seg = Seg::new("SCH", sch);
    let event = message.message_type().trigger().trim().to_owned();
    let mut schedule = Schedule {
        lists_all: !matches!(event.as_str(), "S18" | "S19" | "S20" | "S21" | "S22"),
        event,
        timing: timing::Timing::of_sch(&seg, reading),
        voice,
        participation: "accepted",
        comments: Vec::new(),
        instructions: Vec::new(),
        n_resources: 0,
        orders: Vec::new(),
    };
    schedule.voice.exist(seg.place(0));
    schedule.status(&seg);
    schedule.identifiers(&seg);
    schedule.orders(&seg);
    schedule.what(&seg);
    schedule.contacts(&seg);
    schedule.timing.state_sch(&seg, &mut schedule.voice);
    seg.close(reading);
    schedule
}

fn unnumbered(reading: &Reading<'_>) -> SourceIdentity {
    SourceIdentity {
        kind: IdentityKind::Part,
        authority: reading.sender(),
        type_code: "appointment".to_owned(),
        value: format!("appointment:message:{}", identity::hex(&reading.ctx.digest)),
    }
}

impl Schedule<'_, '_> {
    /// SCH-25, else what the event says; an event that ends the appointment is believed against a status
    /// that the sender forgot to change.
    fn status(&mut self, sch: &Seg<'_>) {
        let reading = self.voice.reading;
        let by_event = status_of(&self.event);
        let field = sch.field(25);
        let place = sch.place(25);
        reading.at(place);
        let sent = Cwe::new(field.first());
        let code = text::code(&sent.code()).or_else(|| text::code(&sent.display()));
        let by_code = code.as_deref().and_then(|code| {
            let agreed = reading.meaning("0278", code).map(|meaning| meaning.code);
            agreed.or_else(|| find(APPOINTMENT_STATUS, &code.to_ascii_uppercase()))
        });
        if code.is_some() && by_code.is_none() {
            reading.issue("code is not in table 0278");
        }
        let ends = |status: &&str| matches!(*status, "cancelled" | "entered-in-error" | "noshow");
        let status = match (by_code, by_event.filter(ends)) {
            (Some(code), Some(event)) if !ends(&code) => Some(event),
            (Some(code), _) => Some(code),
            (None, _) => by_event,
        };
        if matches!(status, Some("pending" | "waitlist")) {
            self.participation = "needs-action";
        }
        let original = code.filter(|_| by_code.is_none()).and_then(|_| {
            let original = cwe::concept(sent, Some("0278"), reading)?;
            Some(ext::alternate_codes(original))
        });
        if status.is_none() && original.is_none() {
            return;
        }
        let status = Code {
            value: status.map(str::to_owned),
            extension: original.into_iter().collect(),
            ..Code::default()
        };
        let appointment = Appointment { status, ..blank() };
        self.voice.state(place, json::fragment(&appointment));
    }

    fn identifiers(&mut self, sch: &Seg<'_>) {
        let reading = self.voice.reading;
        for (n, kind) in [(1, PLACER), (2, FILLER), (4, "PGN")] {
            self.voice.one(sch, n, |sent| {
                Some(Appointment {
                    identifier: vec![typed(kind, Ei::new(sent), reading)?],
                    ..blank()
                })
            });
        }
        // SCH-3 tells occurrences apart: it is in the identity.
        sch.skip(&[3]);
    }

    /// SCH-26 and 27: the orders that the appointment is made for. The two name one order each time, by
    /// the placer's number and the filler's, as ORC does.
    fn orders(&mut self, sch: &Seg<'_>) {
        let reading = self.voice.reading;
        let sent = |n| valued(sch.field(n)).collect::<Vec<_>>();
        let (placers, fillers) = (sent(26), sent(27));
        let mut based_on = Vec::new();
        for at in 0..placers.len().max(fillers.len()) {
            let numbers = [(26, PLACER, placers.get(at)), (27, FILLER, fillers.get(at))];
            let named = numbers
                .iter()
                .find_map(|(_, _, sent)| Number::of(*(*sent)?, reading));
            let Some(number) = named else { continue };
            let mut order = Voice::unidentified(reading, EntityKind::Order, order::named(number));
            for (n, kind, sent) in numbers {
                let identifier = sent.and_then(|sent| typed(kind, Ei::new(*sent), reading));
                let request = ServiceRequest {
                    identifier: identifier.into_iter().collect(),
                    ..order::blank()
                };
                order.state(sch.place(n), json::fragment(&request));
            }
            let identifier = numbers
                .iter()
                .find_map(|(_, kind, sent)| typed(kind, Ei::new(*(*sent)?), reading));
            based_on.push(Reference {
                identifier: identifier.map(Box::new),
                ..refer("ServiceRequest", order.entity.0, None)
            });
            self.orders.push(order);
        }
        let appointment = Appointment {
            based_on,
            ..blank()
        };
        self.voice
            .state(sch.place(26), json::fragment(&appointment));
    }

    fn what(&mut self, sch: &Seg<'_>) {
        let reading = self.voice.reading;
        if matches!(self.event.as_str(), "S15" | "S16" | "S24" | "S26") {
            self.voice.turn_to_part("cancelation", "reason");
            self.voice.one(sch, 6, |sent| {
                let reason = cwe::concept(Cwe::new(sent), None, reading)?;
                Some(Appointment {
                    cancelation_reason: Some(Box::new(reason)),
                    ..blank()
                })
            });
            self.voice.turn_to_whole();
        }
        for n in [7, 8] {
            self.voice.one(sch, n, |sent| {
                let sent = Cwe::new(sent);
                // Senders put the one code where the other belongs: the table's name tells.
                let is_reason = match sent.system().trim() {
                    "HL70276" => true,
                    "HL70277" => false,
                    _ => n == 7,
                };
                Some(if is_reason {
                    reason(sent, reading)?
                } else {
                    kind(sent, reading)?
                })
            });
        }
    }

    /// SCH-12, 16 and 20: who asked, who granted, who typed it in.
    fn contacts(&mut self, sch: &Seg<'_>) {
        let reading = self.voice.reading;
        let participation = self.participation;
        for (n, words) in [
            (12, "placer contact"),
            (16, "filler contact"),
            (20, "enterer"),
        ] {
            self.voice.each(
                sch,
                n,
                |sent| {
                    let actor = xcn::reference(sent, reading)?;
                    let kind = match n {
                        20 => cwe::Meaning {
                            code: "enterer",
                            display: "Enterer",
                            system: PROVENANCE_PARTICIPANT,
                        }
                        .concept(),
                        _ => cwe::worded(words)?,
                    };
                    Some(participant(actor, vec![kind], participation))
                },
                |participant| Appointment {
                    participant,
                    ..blank()
                },
            );
        }
    }

    /// The patient of the group takes part.
    pub(super) fn patient(&mut self, patient: Option<Reference>) {
        let Some(patient) = patient else { return };
        for order in &mut self.orders {
            let request = ServiceRequest {
                subject: Box::new(patient.clone()),
                ..order::blank()
            };
            order.state(Place::new("SCH", 0), json::fragment(&request));
        }
        let uri = patient.reference.as_ref().and_then(|uri| uri.value.clone());
        let name = uri.unwrap_or_default();
        let participant = participant(patient, Vec::new(), self.participation);
        let appointment = Appointment {
            participant: vec![participant],
            ..blank()
        };
        self.voice.turn_to_part("subject", &name);
        self.voice
            .state(Place::new("PID", 3), json::fragment(&appointment));
        self.voice.turn_to_whole();
    }

    /// The visit of the group is the one that was planned.
    pub(super) fn visit(&self, visit: &mut Voice<'_, '_>) {
        let appointment = refer("Appointment", self.voice.entity.0, None);
        let encounter = Encounter {
            appointment: vec![appointment],
            ..pv1::blank()
        };
        visit.turn_to_whole();
        visit.state(Place::new("SCH", 0), json::fragment(&encounter));
    }

    /// TQ1, RGS, AIS, AIG, AIL, AIP and NTE. True if it was one of these.
    pub(super) fn takes(&mut self, name: &str, segment: Segment<'_>) -> bool {
        let reading = self.voice.reading;
        let (name, read): (_, fn(&mut Self, &Seg<'_>)) = match name {
            "TQ1" => ("TQ1", |own, seg| own.timing.state_tq1(seg, &mut own.voice)),
            // A group's set id, action code and id say nothing that its members don't say.
            "RGS" => ("RGS", |_, seg| seg.skip(&[1, 2, 3])),
            "AIS" => ("AIS", Self::service),
            "AIG" => ("AIG", Self::thing),
            "AIL" => ("AIL", Self::location),
            "AIP" => ("AIP", Self::person),
            "NTE" => ("NTE", Self::note),
            _ => return false,
        };
        let seg = Seg::new(name, segment);
        read(self, &seg);
        seg.close(reading);
        true
    }

    /// Every note of the message is about the appointment; what table 0364 calls the patient's
    /// instructions is for the patient.
    fn note(&mut self, nte: &Seg<'_>) {
        nte.skip(&[1, 2]);
        let lines: Vec<String> = crate::inbound::valued(nte.field(3))
            .filter_map(|line| text::text(&line.full_text()))
            .collect();
        if lines.is_empty() {
            return;
        }
        let is_instruction = nte.field(4).text().trim() == "PI";
        let notes = if is_instruction {
            &mut self.instructions
        } else {
            &mut self.comments
        };
        notes.push(lines.join("\n"));
    }

    /// Hands over what was said.
    pub(super) fn close(mut self) {
        let joined = |notes: &[String]| -> Option<FhirString> {
            (!notes.is_empty()).then(|| notes.join("\n").into())
        };
        let comment = Appointment {
            comment: joined(&self.comments),
            ..blank()
        };
        let instructions = Appointment {
            patient_instruction: joined(&self.instructions),
            ..blank()
        };
        self.voice.turn_to_whole();
        self.timing.state_ais(&mut self.voice);
        let (comments, patients) = (Place::new("NTE", 3), Place::new("NTE", 4));
        self.voice.state(comments, json::fragment(&comment));
        self.voice.state(patients, json::fragment(&instructions));
        if self.lists_all && 0 < self.n_resources {
            self.voice.list_all("participant", Place::new("RGS", 0));
            self.voice.list_all("service", Place::new("RGS", 0));
        }
        self.voice.close();
        for order in self.orders {
            order.close();
        }
    }
}

const PROVENANCE_PARTICIPANT: &str =
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type";

/// What an event makes of an appointment; an update leaves it as it is.
fn status_of(event: &str) -> Option<&'static str> {
    Some(match event {
        "S12" | "S13" | "S23" => "booked",
        "S15" | "S16" | "S24" => "cancelled",
        "S17" => "entered-in-error",
        "S26" => "noshow",
        _ => return None,
    })
}

fn typed(kind: &str, ei: Ei<'_>, reading: &Reading<'_>) -> Option<Identifier> {
    Some(Identifier {
        r#type: Some(Box::new(cx::typed(kind))),
        ..cx::entity_identifier(ei, reading)?
    })
}

fn reason(sent: Cwe<'_>, reading: &Reading<'_>) -> Option<Appointment> {
    let code = sent.code().trim().to_ascii_uppercase();
    let reason = cwe::mapped(find(APPOINTMENT_REASON, &code), sent, Some("0276"), reading)?;
    Some(Appointment {
        reason_code: vec![reason],
        ..blank()
    })
}

fn kind(sent: Cwe<'_>, reading: &Reading<'_>) -> Option<Appointment> {
    let kind = cwe::concept(sent, Some("0277"), reading)?;
    Some(Appointment {
        appointment_type: Some(Box::new(kind)),
        ..blank()
    })
}

fn participant(
    actor: Reference,
    kinds: Vec<CodeableConcept>,
    status: &'static str,
) -> AppointmentParticipant {
    AppointmentParticipant {
        r#type: kinds,
        actor: Some(Box::new(actor)),
        status: status.into(),
        ..AppointmentParticipant::default()
    }
}
