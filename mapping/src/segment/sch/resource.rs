//! AIS, AIG, AIL and AIP → what an appointment needs: the service, things, places and persons.

use fhirbolt::model::r4::resources::{Appointment, AppointmentParticipant};
use fhirbolt::model::r4::types::{CodeableConcept, Identifier, Reference};
use hl7v2::datatype::Cwe;

use crate::datatype::{cwe, pl, text, xcn};
use crate::inbound::Seg;
use crate::json;
use crate::table::find;
use crate::table::schedule::APPOINTMENT_STATUS;

use super::timing::Fields;
use super::{Schedule, blank};

const SERVICE: Fields = Fields {
    start: 4,
    offset: 5,
    duration: 7,
};
const THING: Fields = Fields {
    start: 8,
    offset: 9,
    duration: 11,
};
const LOCATION: Fields = Fields {
    start: 6,
    offset: 7,
    duration: 9,
};
const PERSON: Fields = LOCATION;

impl Schedule<'_, '_> {
    /// AIS: the service, and the time where nothing better says it.
    pub(super) fn service(&mut self, ais: &Seg<'_>) {
        // AIS-10 is the service's status, which the appointment's says.
        ais.skip(&[1, 5, 6, 8, 10]);
        let reading = self.voice.reading;
        self.timing.add_service(ais, SERVICE, reading);
        let sent = Cwe::new(ais.field(3).first());
        let Some(name) = text::text(&sent.code()).or_else(|| text::text(&sent.display())) else {
            return;
        };
        self.voice
            .turn_to_part("service", &format!("{name}|{}", sent.system().trim()));
        if self.is_removed(ais) {
            self.voice.delete(ais.place(3));
        } else {
            self.voice.one(ais, 3, |sent| {
                let kind = cwe::concept(Cwe::new(sent), None, reading)?;
                Some(Appointment {
                    service_type: vec![kind],
                    ..blank()
                })
            });
        }
        self.voice.turn_to_whole();
    }

    /// AIG: equipment and the like, of which only an identifier and words are known.
    pub(super) fn thing(&mut self, aig: &Seg<'_>) {
        let reading = self.voice.reading;
        reading.at(aig.place(3));
        let sent = Cwe::new(aig.field(3).first());
        let coding = cwe::codings(sent, None, reading).into_iter().next();
        let code = text::code(&sent.code());
        let words = text::text(&sent.display()).or_else(|| code.clone());
        let actor = words.map(|words| Reference {
            identifier: coding.zip(code).map(|(coding, code)| {
                Box::new(Identifier {
                    system: coding.system,
                    value: Some(code.into()),
                    ..Identifier::default()
                })
            }),
            display: Some(words.into()),
            ..Reference::default()
        });
        let kind = cwe::concept(Cwe::new(aig.field(4).first()), None, reading);
        self.participant(aig, actor, kind, THING, 14);
    }

    /// AIL: a place.
    pub(super) fn location(&mut self, ail: &Seg<'_>) {
        let reading = self.voice.reading;
        reading.at(ail.place(3));
        let sent = ail.field(3).first();
        let actor = pl::reference(sent, reading);
        let kind = cwe::concept(Cwe::new(ail.field(4).first()), Some("0305"), reading);
        self.participant(ail, actor, kind, LOCATION, 12);
    }

    /// AIP: a person.
    pub(super) fn person(&mut self, aip: &Seg<'_>) {
        let reading = self.voice.reading;
        reading.at(aip.place(3));
        let sent = aip.field(3).first();
        let actor = xcn::reference(sent, reading);
        let kind = cwe::concept(Cwe::new(aip.field(4).first()), None, reading);
        self.participant(aip, actor, kind, PERSON, 12);
    }

    fn participant(
        &mut self,
        seg: &Seg<'_>,
        actor: Option<Reference>,
        kind: Option<CodeableConcept>,
        fields: Fields,
        status_field: u8,
    ) {
        let reading = self.voice.reading;
        let duration = fields.duration;
        seg.skip(&[1, duration + 2]);
        let period = self.timing.period(seg, fields, reading);
        let status = self.status_in(seg, status_field);
        let name = actor.as_ref().and_then(known_by);
        let Some(name) = name.or_else(|| kind.as_ref().and_then(called)) else {
            return;
        };
        self.voice.turn_to_part("participant", &name);
        if self.is_removed(seg) {
            self.voice.delete(seg.place(3));
        } else {
            let participant = AppointmentParticipant {
                r#type: kind.into_iter().collect(),
                actor: actor.map(Box::new),
                status: status.into(),
                period,
                ..AppointmentParticipant::default()
            };
            let appointment = Appointment {
                participant: vec![participant],
                ..blank()
            };
            self.voice.state(seg.place(3), json::fragment(&appointment));
        }
        self.voice.turn_to_whole();
    }

    /// The status of a resource, as far as it is one of a participant.
    fn status_in(&self, seg: &Seg<'_>, field: u8) -> &'static str {
        let sent = seg.field(field).text();
        let agreed = self.voice.reading.meaning("0278", &sent);
        let status = agreed.map(|meaning| meaning.code);
        match status.or_else(|| find(APPOINTMENT_STATUS, &sent.trim().to_ascii_uppercase())) {
            Some("pending" | "waitlist") => "needs-action",
            Some("cancelled" | "entered-in-error") => "declined",
            Some(_) => "accepted",
            None => self.participation,
        }
    }

    /// Whether the segment says that its resource is not needed any more: by its action code, else by an
    /// event that is about just these resources.
    fn is_removed(&mut self, seg: &Seg<'_>) -> bool {
        let action = seg.field(2).text();
        self.n_resources += 1;
        let action = action.trim();
        if matches!(action, "D" | "U" | "X") {
            self.lists_all = false;
        }
        let is_about_these = matches!(self.event.as_str(), "S20" | "S21" | "S22");
        action == "D" || (is_about_these && !matches!(action, "A" | "U" | "X"))
    }
}

/// What names a participant within the appointment.
fn known_by(actor: &Reference) -> Option<String> {
    let uri = actor.reference.as_ref().and_then(|uri| uri.value.clone());
    let id = || actor.identifier.as_ref()?.value.as_ref()?.value.clone();
    uri.or_else(id)
        .or_else(|| actor.display.as_ref()?.value.clone())
}

/// What names a participant of whom only the kind is known.
fn called(kind: &CodeableConcept) -> Option<String> {
    let code = kind
        .coding
        .first()
        .and_then(|coding| coding.code.as_ref()?.value.clone());
    code.or_else(|| kind.text.as_ref()?.value.clone())
}
