//! PL → a chain of Locations, each part of the next: bed, room, floor, point of care, building,
//! facility. A bed's code alone is not unique, so each is known by the whole path above it.

use fhirbolt::model::r4::resources::Location;
use fhirbolt::model::r4::types::{Address, Identifier, Reference};
use hl7v2::Repetition;
use hl7v2::datatype::{Hd, Pl};
use model::{IdentityKind, SourceIdentity};

use crate::facts::Place;
use crate::inbound::{EntityKind, Reading, Voice};
use crate::json;
use crate::table::location::PHYSICAL_TYPE;

use super::xon::refer;
use super::{cwe, hd, text};

const LOCATION: Place = Place::new("PL_", 1);
const ADDRESS: Place = Place::new("XAD", 1);
const DESTINATION: Place = Place::new("DLD", 1);

struct Level {
    word: &'static str,
    kind: (&'static str, &'static str),
    value: String,
    system: Option<String>,
}

/// A reference to the most granular place, about which and about whose surroundings is said what the
/// field says.
pub(crate) fn reference(pl: Pl<'_>, reading: &Reading<'_>) -> Option<Reference> {
    addressed(pl, None, reading)
}

/// The most granular place, with an address that stands in another field.
pub(crate) fn addressed(
    pl: Pl<'_>,
    address: Option<Address>,
    reading: &Reading<'_>,
) -> Option<Reference> {
    let levels = levels(pl, reading);
    let n_levels = levels.len();
    let mut address = address.map(Box::new);
    let mut path = String::with_capacity(64);
    let mut whole: Option<Reference> = None;
    for (at, level) in levels.into_iter().enumerate() {
        let border = if at == 0 { "" } else { "/" };
        path.extend([border, level.word, "=", &level.value]);
        let (kind, sender) = (EntityKind::Location, reading.sender_name());
        let mut voice = Voice::stand_in(reading, kind, sender, &path);
        let reference = refer("Location", voice.entity.0, Some(level.value.clone()));
        voice.state(LOCATION, json::fragment(&location(level, whole.take(), pl)));
        if at + 1 == n_levels
            && let Some(address) = address.take()
        {
            let located = Location {
                address: Some(address),
                ..Location::default()
            };
            voice.state(ADDRESS, json::fragment(&located));
        }
        voice.close();
        whole = Some(reference);
    }
    whole
}

fn location(level: Level, part_of: Option<Reference>, pl: Pl<'_>) -> Location {
    let (code, display) = level.kind;
    let description = (level.word == "bed")
        .then(|| text::text(&pl.description()))
        .flatten();
    Location {
        status: Some("active".into()),
        mode: Some("instance".into()),
        identifier: vec![Identifier {
            system: level.system.map(Into::into),
            value: Some(level.value.as_str().into()),
            ..Identifier::default()
        }],
        name: Some(level.value.into()),
        description: description.map(Into::into),
        physical_type: Some(Box::new(
            cwe::Meaning {
                code,
                display,
                system: PHYSICAL_TYPE,
            }
            .concept(),
        )),
        part_of: part_of.map(Box::new),
        ..Location::default()
    }
}

/// The levels that are there, the widest first.
fn levels(pl: Pl<'_>, reading: &Reading<'_>) -> Vec<Level> {
    let level = |word, hd: Hd<'_>, code, display| {
        let value = text::text(&hd.namespace()).or_else(|| text::text(&hd.universal_id()))?;
        let own = !hd.universal_id().is_empty();
        let system = if own {
            hd::system(hd, reading)
        } else {
            hd::sender_system(reading)
        };
        Some(Level {
            word,
            kind: (code, display),
            value,
            system,
        })
    };
    [
        level("facility", pl.facility(), "si", "Site"),
        level("building", pl.building(), "bu", "Building"),
        level("point-of-care", pl.point_of_care(), "wa", "Ward"),
        level("floor", pl.floor(), "lvl", "Level"),
        level("room", pl.room_hd(), "ro", "Room"),
        level("bed", pl.bed_hd(), "bd", "Bed"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// DLD → a place where a patient was discharged to, of which only a code and words are known.
pub(crate) fn destination(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<Reference> {
    let place = sent.component(1);
    let (code, words) = (place.subcomponent(1).text(), place.subcomponent(2).text());
    let code = text::text(&code);
    let words = text::text(&words).or_else(|| code.clone())?;
    let identity = SourceIdentity {
        kind: IdentityKind::Location,
        authority: reading.sender(),
        type_code: "destination".to_owned(),
        value: format!("destination={}", code.as_deref().unwrap_or(&words)),
    };
    let mut voice = Voice::unidentified(reading, EntityKind::Location, identity);
    let identifier = code.map(|code| Identifier {
        system: hd::sender_system(reading).map(Into::into),
        value: Some(code.into()),
        ..Identifier::default()
    });
    let place = Location {
        status: Some("active".into()),
        identifier: identifier.into_iter().collect(),
        name: Some(words.as_str().into()),
        ..Location::default()
    };
    voice.state(DESTINATION, json::fragment(&place));
    let reference = refer("Location", voice.entity.0, Some(words));
    voice.close();
    Some(reference)
}
