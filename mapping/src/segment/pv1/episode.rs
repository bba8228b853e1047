//! The episode of care that a visit belongs to: PV1-54 and 53, and where the profile says so the visit's own
//! numbers.

use fhirbolt::model::r4::resources::{Encounter, EpisodeOfCare};
use fhirbolt::model::r4::types::{Code, Identifier, Period, Reference};
use hl7v2::datatype::Cx;
use hl7v2::{Message, Repetition, Segment};
use model::{IdentityKind, SourceIdentity, Trigger};

use crate::datatype::xon::refer;
use crate::datatype::{cx, dtm, ext, text};
use crate::facts::Place;
use crate::identity;
use crate::inbound::trigger::Rules;
use crate::inbound::{EntityKind, Reading, Seg, Voice};
use crate::json;
use crate::profile::EpisodeId;
use crate::ties::Relation;

use super::{blank as blank_encounter, stay};

const DESCRIPTION: &str = "http://hl7.org/fhir/StructureDefinition/resource-instance-description";

pub(in crate::segment) fn blank() -> EpisodeOfCare {
    EpisodeOfCare {
        status: Code::default(),
        patient: Box::new(Reference::default()),
        ..EpisodeOfCare::default()
    }
}

/// States which episode the visit is part of, and what is said of the episode.
pub(super) fn state(
    pv1: &Seg<'_>,
    message: &Message<'_>,
    rules: Rules,
    subject: Option<Reference>,
    visit: &mut Voice<'_, '_>,
) {
    let reading = visit.reading;
    let Some((number, is_of_visit)) = number(pv1, reading) else {
        return;
    };
    let identity = identity(number, message, reading);
    let Some(identity) = identity else { return };
    let mut episode = Voice::new(reading, EntityKind::Episode, identity);
    let place = pv1.place(54);
    let part_of = Encounter {
        episode_of_care: vec![refer("EpisodeOfCare", episode.entity.0, None)],
        ..blank_encounter()
    };
    visit.turn_to_whole();
    visit.state(place, json::fragment(&part_of));
    reading.at(place);
    let identifier: Vec<Identifier> = cx::identifier(Cx::new(number), None, reading)
        .into_iter()
        .collect();
    let about = EpisodeOfCare {
        patient: Box::new(subject.unwrap_or_default()),
        ..blank()
    };
    episode.state(pv1.place(0), json::fragment(&about));
    let named = EpisodeOfCare {
        identifier,
        ..blank()
    };
    episode.state(place, json::fragment(&named));
    episode.one(pv1, 53, |sent| {
        let words = text::text(&sent.full_text())?;
        Some(EpisodeOfCare {
            extension: vec![ext::words(DESCRIPTION, words)],
            ..blank()
        })
    });
    if is_of_visit {
        lasting(pv1, rules, &mut episode);
        if let Some(event) = stay::event(pv1, message, rules, None, reading) {
            episode.happen(event);
        }
    }
    episode.close();
}

/// A visit that is the episode begins and ends with it.
fn lasting(pv1: &Seg<'_>, rules: Rules, episode: &mut Voice<'_, '_>) {
    let reading = episode.reading;
    let within = |period: Period| EpisodeOfCare {
        period: Some(Box::new(period)),
        ..blank()
    };
    episode.one(pv1, 44, |sent| {
        let start = Some(dtm::date_time(&sent.text(), reading)?);
        Some(within(Period {
            start,
            ..Period::default()
        }))
    });
    if rules.event == Some(Trigger::CancelDischarge) {
        return episode.delete(pv1.place(45));
    }
    episode.one(pv1, 45, |sent| {
        let end = Some(dtm::date_time(&sent.text(), reading)?);
        Some(within(Period {
            end,
            ..Period::default()
        }))
    });
}

/// The episode's number, and whether it is the visit's own.
fn number<'m>(pv1: &Seg<'m>, reading: &Reading<'_>) -> Option<(Repetition<'m>, bool)> {
    let in_field = |n| {
        let field = pv1.raw().field(n);
        field
            .repetitions()
            .find(|sent| text::text(&sent.text()).is_some())
    };
    let found = reading.profile().episode_id.iter().find_map(|place| {
        let (n, is_of_visit) = match place {
            EpisodeId::ServiceEpisode => (54, false),
            EpisodeId::VisitNumber => (19, true),
            EpisodeId::AlternateVisitId => (50, true),
        };
        Some((in_field(n)?, is_of_visit))
    });
    pv1.skip(&[54]);
    found
}

/// A visit that is its episode takes it along to another number.
pub(in crate::segment) fn renumbered(
    pv1: &Segment<'_>,
    mrg: &Segment<'_>,
    message: &Message<'_>,
    reading: &Reading<'_>,
) {
    let entity = |sent| Some(reading.entity(&identity(sent, message, reading)?));
    let present = number(&Seg::new("PV1", *pv1), reading);
    let present = present.filter(|(_, is_of_visit)| *is_of_visit);
    let Some(present) = present.and_then(|(sent, _)| entity(sent)) else {
        return;
    };
    for n in [5, 6] {
        let before = mrg.field(usize::from(n)).repetitions().filter_map(entity);
        for before in before.filter(|before| *before != present) {
            let ends = [before, present];
            let place = Place::new("MRG", n);
            reading.link(EntityKind::Episode, ends, Relation::Merged, place);
        }
    }
}

/// The episode that a visit names.
pub(super) fn named(
    pv1: &Seg<'_>,
    message: &Message<'_>,
    reading: &Reading<'_>,
) -> Option<SourceIdentity> {
    let (number, _) = number(pv1, reading)?;
    identity(number, message, reading)
}

fn identity(
    number: Repetition<'_>,
    message: &Message<'_>,
    reading: &Reading<'_>,
) -> Option<SourceIdentity> {
    let named = Cx::new(number);
    let id = text::text(&named.id())?;
    let authority = identity::of(IdentityKind::Part, named, &message.msh()).authority;
    let authority = if authority.is_empty() {
        reading.sender()
    } else {
        authority
    };
    Some(SourceIdentity {
        kind: IdentityKind::Part,
        authority,
        type_code: "episode".to_owned(),
        value: format!("episode:{id}"),
    })
}
