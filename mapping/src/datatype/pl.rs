//! PL → a chain of Locations, each part of the next: bed, room, floor, point of care, building,
//! facility. A bed's code alone is not unique, so each is known by the whole path above it.

use fhirbolt::model::r4::resources::Location;
use fhirbolt::model::r4::types::{Address, Coding, Identifier, Reference};
use hl7v2::Repetition;
use hl7v2::datatype::{Hd, Pl};
use model::{IdentityKind, SourceIdentity};

use crate::facts::Place;
use crate::inbound::{EntityKind, Reading, Sort, Voice};
use crate::json;
use crate::table::location::PHYSICAL_TYPE;

use super::xon::refer;
use super::{cwe, cx, hd, text};

const LOCATION: Place = Place::new("PL_", 1);
const ADDRESS: Place = Place::new("XAD", 1);
const BED_STATUS: Place = Place::new("PV1", 40);
const DESTINATION: Place = Place::new("DLD", 1);

struct Level {
    word: &'static str,
    kind: (&'static str, &'static str),
    value: String,
    system: Option<String>,
    description: Option<String>,
    further: Option<Identifier>,
}

/// What other fields say of the most granular place.
#[derive(Default)]
pub(crate) struct Extra {
    pub(crate) address: Option<Address>,
    /// Whether the bed is free (table 0116).
    pub(crate) bed_status: Option<Coding>,
}

/// A reference to the most granular place, about which and about whose surroundings is said what the
/// field says.
pub(crate) fn reference(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<Reference> {
    reading.named(Sort::Place, sent.raw(), || {
        described(Pl::new(sent), Extra::default(), reading)
    })
}

/// The most granular place, with what stands of it in other fields.
pub(crate) fn described(pl: Pl<'_>, extra: Extra, reading: &Reading<'_>) -> Option<Reference> {
    let mut levels = levels(pl, reading);
    if let Some(last) = levels.last_mut() {
        last.description = text::text(&pl.description());
        last.further = further(pl, reading);
    }
    let own = |level: &Level| matches!(level.word, "bed" | "room");
    let Extra {
        address,
        bed_status,
    } = extra;
    let bed_status = bed_status.filter(|_| levels.last().is_some_and(own));
    chain(levels, reading, |voice| {
        let located = Location {
            address: address.map(Box::new),
            ..Location::default()
        };
        voice.state(ADDRESS, json::fragment(&located));
        let made = Location {
            operational_status: bed_status.map(Box::new),
            ..Location::default()
        };
        // A bed is free and taken again: only the latest word counts.
        voice.state_latest(BED_STATUS, json::fragment(&made));
    })
}

/// NDL.4 to 11: where somebody worked. PL has the same parts, at other places.
pub(crate) fn of_ndl(ndl: Repetition<'_>, reading: &Reading<'_>) -> Option<Reference> {
    let hd = |n| Hd::new(ndl.component(n));
    let levels = [
        ("facility", 7),
        ("building", 10),
        ("point-of-care", 4),
        ("floor", 11),
        ("room", 5),
        ("bed", 6),
    ];
    let levels = levels.map(|(word, n)| level(word, hd(n), reading));
    chain(levels.into_iter().flatten().collect(), reading, |_| {})
}

/// PL.10 and 11: what else the place is known by, and who says so.
fn further(pl: Pl<'_>, reading: &Reading<'_>) -> Option<Identifier> {
    let mut identifier = cx::entity_identifier(pl.comprehensive_id(), reading)?;
    let authority = pl.authority();
    let name = text::text(&authority.namespace());
    identifier.assigner = name.map(|name| {
        Box::new(Reference {
            display: Some(name.into()),
            ..Reference::default()
        })
    });
    Some(identifier)
}

/// Speaks of each level as part of the one before it; `describe` says more of the last.
fn chain(
    levels: Vec<Level>,
    reading: &Reading<'_>,
    describe: impl FnOnce(&mut Voice<'_, '_>),
) -> Option<Reference> {
    let n_levels = levels.len();
    let mut describe = Some(describe);
    let mut path = String::with_capacity(64);
    let mut whole: Option<Reference> = None;
    for (at, level) in levels.into_iter().enumerate() {
        let border = if at == 0 { "" } else { "/" };
        path.extend([border, level.word, "=", &level.value]);
        let (kind, sender) = (EntityKind::Location, reading.sender_name());
        let mut voice = Voice::stand_in(reading, kind, sender, &path);
        let reference = refer("Location", voice.entity.0, Some(level.value.clone()));
        voice.state(LOCATION, json::fragment(&location(level, whole.take())));
        if at + 1 == n_levels
            && let Some(describe) = describe.take()
        {
            describe(&mut voice);
        }
        voice.close();
        whole = Some(reference);
    }
    whole
}

fn location(level: Level, part_of: Option<Reference>) -> Location {
    let (code, display) = level.kind;
    let identifier = Identifier {
        system: level.system.map(Into::into),
        value: Some(level.value.as_str().into()),
        ..Identifier::default()
    };
    Location {
        status: Some("active".into()),
        mode: Some("instance".into()),
        identifier: [identifier].into_iter().chain(level.further).collect(),
        name: Some(level.value.into()),
        description: level.description.map(Into::into),
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
    [
        ("facility", pl.facility()),
        ("building", pl.building()),
        ("point-of-care", pl.point_of_care()),
        ("floor", pl.floor()),
        ("room", pl.room_hd()),
        ("bed", pl.bed_hd()),
    ]
    .into_iter()
    .filter_map(|(word, hd)| level(word, hd, reading))
    .collect()
}

fn level(word: &'static str, hd: Hd<'_>, reading: &Reading<'_>) -> Option<Level> {
    let value = text::text(&hd.namespace()).or_else(|| text::text(&hd.universal_id()))?;
    let own = !hd.universal_id().is_empty();
    let system = if own {
        hd::system(hd, reading)
    } else {
        hd::sender_system(reading)
    };
    let kind = match word {
        "facility" => ("si", "Site"),
        "building" => ("bu", "Building"),
        "point-of-care" => ("wa", "Ward"),
        "floor" => ("lvl", "Level"),
        "room" => ("ro", "Room"),
        _ => ("bd", "Bed"),
    };
    Some(Level {
        word,
        kind,
        value,
        system,
        description: None,
        further: None,
    })
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
