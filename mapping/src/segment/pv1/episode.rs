//! The episode of care that a visit belongs to: PV1-54 and 53, and where the profile says so the visit's own
//! numbers.

use fhirbolt::model::r4::resources::{Encounter, EpisodeOfCare};
use fhirbolt::model::r4::types::{Code, Identifier, Period, Reference};
use hl7v2::datatype::Cx;
use hl7v2::{Message, Repetition, Segment};
use model::{EntityId, EpisodeStage, IdentityKind, SourceIdentity, Trigger};

use crate::datatype::xon::refer;
use crate::datatype::{cx, dtm, ext, text};
use crate::facts::Place;
use crate::identity;
use crate::inbound::trigger::{IdentityRule, Rules};
use crate::inbound::{EntityKind, Reading, Seg, Voice};
use crate::json;
use crate::profile::EpisodeId;
use crate::segment::mrg;
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
    let Some((n, number)) = number(pv1, reading) else {
        return;
    };
    let identity = identity(number, message, reading);
    let Some(identity) = identity else { return };
    let mut episode = Voice::new(reading, EntityKind::Episode, identity);
    let part_of = Encounter {
        episode_of_care: vec![refer("EpisodeOfCare", episode.entity.0, None)],
        ..blank_encounter()
    };
    visit.turn_to_whole();
    // Wherever the number stands: the other two may say who the visit is.
    visit.state(pv1.place(54), json::fragment(&part_of));
    let place = pv1.place(n);
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
    if is_of_visit(n) {
        lasting(pv1, rules, &mut episode);
        if let Some(event) = stay::event(pv1, message, rules, None, reading) {
            episode.happen(event);
        }
        if rules.identity == IdentityRule::MoveVisits {
            mrg::moved(message, &mut episode);
        }
        has(pv1, rules, visit.entity, &mut episode);
    }
    episode.close();
}

/// States that the episode has the visit, whether that is yet to come and whether it was deleted: where visits
/// share the number, an episode is what all of them say.
fn has(pv1: &Seg<'_>, rules: Rules, visit: EntityId, episode: &mut Voice<'_, '_>) {
    let name = format!("Encounter/{visit}");
    episode.turn_to_part("visit", &name);
    episode.exist(pv1.place(0));
    let class = text::code(&pv1.field(2).text());
    if let Some(class) = class {
        let stage = if class == "P" {
            EpisodeStage::Planned
        } else {
            EpisodeStage::Active
        };
        let stands = EpisodeOfCare {
            status: stage.status().into(),
            ..blank()
        };
        episode.state(pv1.place(2), json::fragment(&stands));
    }
    if rules.identity == IdentityRule::DeleteVisit {
        episode.turn_to_part("gone", &name);
        episode.exist(pv1.place(0));
    }
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

/// Whether a number in that field is the visit's own.
fn is_of_visit(n: u8) -> bool {
    n != 54
}

/// The episode's number, and the field in which it stands.
fn number<'m>(pv1: &Seg<'m>, reading: &Reading<'_>) -> Option<(u8, Repetition<'m>)> {
    let in_field = |n: u8| {
        let field = pv1.raw().field(n.into());
        field
            .repetitions()
            .find(|sent| text::text(&sent.text()).is_some())
    };
    let found = reading.profile().episode_id.iter().find_map(|place| {
        let n = match place {
            EpisodeId::ServiceEpisode => 54,
            EpisodeId::VisitNumber => 19,
            EpisodeId::AlternateVisitId => 50,
        };
        Some((n, in_field(n)?))
    });
    pv1.skip(&[54]);
    found
}

/// A visit that is its episode takes it along to another number: MRG-5 is the visit number of before, MRG-6
/// the alternate visit id.
pub(in crate::segment) fn renumbered(
    pv1: &Segment<'_>,
    mrg: &Segment<'_>,
    message: &Message<'_>,
    reading: &Reading<'_>,
) {
    let entity = |sent| Some(reading.entity(&identity(sent, message, reading)?));
    let (place, present) = match number(&Seg::new("PV1", *pv1), reading) {
        Some((19, sent)) => (Place::new("MRG", 5), entity(sent)),
        Some((50, sent)) => (Place::new("MRG", 6), entity(sent)),
        _ => return,
    };
    let Some(present) = present else { return };
    let before = mrg.field(place.field().into()).repetitions();
    for before in before.filter_map(entity).filter(|it| *it != present) {
        let ends = [before, present];
        reading.link(EntityKind::Episode, ends, Relation::Merged, place);
    }
}

/// The episode that a visit names.
pub(super) fn named(
    pv1: &Seg<'_>,
    message: &Message<'_>,
    reading: &Reading<'_>,
) -> Option<SourceIdentity> {
    let (_, number) = number(pv1, reading)?;
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
