//! What varies by site is data: a profile. `docs/profiles.md` describes the language.

mod error;
mod explain;
mod local;
mod path;
mod read;
mod tables;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use hl7v2::Charset;
use jiff::tz::TimeZone;
use serde::Serialize;
use sha2::{Digest, Sha256};

pub use error::{Problem, ProfileError};
pub use explain::Line;
pub(crate) use local::{Element, Local, Owner, Part, Value};
pub(crate) use path::{Override, Path, Take};

use crate::datatype::cwe::Meaning;
use crate::matching::Matching;

/// How one kind of sender is to be read. Everything has a default: the standard.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Profile {
    name: String,
    version: u32,
    extends: Option<String>,
    zone: Option<Zone>,
    charset: Option<String>,
    /// Identifier systems by assigning authority, as received (`HCHB`, `2.16.840.1.113883.19`).
    pub(crate) authorities: BTreeMap<String, String>,
    /// Type (table 0203) of identifiers that name none, by assigning authority.
    authority_types: BTreeMap<String, String>,
    default_system: Option<String>,
    /// PID-3 types (table 0203) that name the patient, best first.
    pub(crate) patient_id_types: Vec<String>,
    /// PID-3 types that never name the patient while there is any other identifier.
    pub(crate) secondary_id_types: Vec<String>,
    /// Where the visit's number stands, best first.
    pub(crate) visit_id: Vec<VisitId>,
    /// Where the number of the episode of care stands, best first.
    pub(crate) episode_id: Vec<EpisodeId>,
    /// By table, then by code as sent: what it means, on top of the standard's tables.
    tables: BTreeMap<String, BTreeMap<String, Meaning>>,
    /// Segments of which a message holds all there are, so that what it leaves out is gone. For the
    /// others a message holds only what it wants to say.
    pub(crate) snapshot: BTreeSet<String>,
    triggers: Triggers,
    matching: Matching,
    /// By segment, what stands in its fields instead of what was sent.
    pub(crate) fields: BTreeMap<String, Vec<Override>>,
    /// By segment, what local fields become.
    pub(crate) local: BTreeMap<String, Vec<Local>>,
    /// All of this, digested.
    #[serde(skip)]
    digest: [u8; 32],
}

/// Which messages are read. A pattern is `ADT^A08` or `ADT^*`.
#[derive(Clone, Default, PartialEq, Debug, Serialize)]
struct Triggers {
    /// Only these; empty: all that there are rules for.
    serve: Vec<String>,
    /// Not these.
    ignore: Vec<String>,
}

/// A zone with the name by which it was asked for.
#[derive(Clone, PartialEq, Debug, Serialize)]
struct Zone {
    name: String,
    #[serde(skip)]
    zone: TimeZone,
}

/// A field that may hold the visit's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum VisitId {
    /// The visit number.
    #[serde(rename = "PV1-19")]
    VisitNumber,
    /// The patient account number, which some senders use as the visit's.
    #[serde(rename = "PID-18")]
    AccountNumber,
    /// The alternate visit id.
    #[serde(rename = "PV1-50")]
    AlternateVisitId,
}

/// A field that may hold the episode's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum EpisodeId {
    /// The service episode identifier, which names an episode of which the visit is a part.
    #[serde(rename = "PV1-54")]
    ServiceEpisode,
    /// The visit number, where a visit is an episode.
    #[serde(rename = "PV1-19")]
    VisitNumber,
    /// The alternate visit id, where a visit is an episode.
    #[serde(rename = "PV1-50")]
    AlternateVisitId,
}

impl VisitId {
    const ALL: [(&'static str, Self); 3] = [
        ("PV1-19", Self::VisitNumber),
        ("PV1-50", Self::AlternateVisitId),
        ("PID-18", Self::AccountNumber),
    ];
}

impl EpisodeId {
    const ALL: [(&'static str, Self); 3] = [
        ("PV1-54", Self::ServiceEpisode),
        ("PV1-50", Self::AlternateVisitId),
        ("PV1-19", Self::VisitNumber),
    ];
}

impl Default for Profile {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Self {
            name: "generic".to_owned(),
            version: 1,
            extends: None,
            zone: None,
            charset: None,
            authorities: BTreeMap::new(),
            authority_types: BTreeMap::new(),
            default_system: None,
            patient_id_types: words(&["MR", "MRN", "PI", "PT", "EI", "U", "AN"]),
            secondary_id_types: words(&[
                "SS", "SB", "DL", "PPN", "NI", "NH", "MA", "MC", "MI", "MB", "BC", "TAX", "NPI",
            ]),
            visit_id: vec![VisitId::VisitNumber, VisitId::AlternateVisitId],
            episode_id: vec![EpisodeId::ServiceEpisode],
            tables: BTreeMap::new(),
            snapshot: BTreeSet::new(),
            triggers: Triggers::default(),
            matching: Matching::default(),
            fields: BTreeMap::new(),
            local: BTreeMap::new(),
            digest: [0; 32],
        }
        .digested()
    }
}

/// The profiles that this build ships, with their text.
const TEXTS: [&str; 6] = [
    include_str!("../profiles/generic.toml"),
    include_str!("../profiles/hchb.toml"),
    include_str!("../profiles/epic.toml"),
    include_str!("../profiles/oracle-health.toml"),
    include_str!("../profiles/meditech.toml"),
    include_str!("../profiles/athenahealth.toml"),
];

static SHIPPED: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let shipped =
        |text: &&str| read::profile(text, &|_| None).expect("a test reads every shipped profile");
    TEXTS.iter().map(shipped).collect()
});

impl Profile {
    /// Reads a profile from TOML. Every mistake is named with its line.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        read::profile(text, &|name| Self::named(name).cloned())
    }

    /// A profile that this build ships.
    pub fn named(name: &str) -> Option<&'static Self> {
        SHIPPED.iter().find(|profile| profile.name == name)
    }

    /// The text of a profile that this build ships, with its comments.
    pub fn text(name: &str) -> Option<&'static str> {
        let at = SHIPPED.iter().position(|profile| profile.name == name)?;
        TEXTS.get(at).copied()
    }

    /// The names of the shipped profiles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|profile| profile.name.as_str())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version, which its author raises.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// What it says, digested: two profiles of one name and version may still differ.
    pub const fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// With the digest of what it says by now.
    fn digested(mut self) -> Self {
        let text = serde_json::to_vec(&self).expect("a profile holds only what JSON can say");
        self.digest = Sha256::digest(text).into();
        self
    }

    /// The zone of times that name none, where it is not the interface's.
    pub fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref().map(|zone| &zone.zone)
    }

    /// The character set of messages that name none, where it is not the interface's.
    pub fn charset(&self) -> Option<Charset> {
        self.charset.as_deref().and_then(Charset::parse)
    }

    /// When two identities are one person.
    pub const fn matching(&self) -> &Matching {
        &self.matching
    }

    /// Whether messages of this type (MSH-9.1 and 9.2) are left alone by agreement.
    pub fn ignores(&self, code: &str, trigger: &str) -> bool {
        let Triggers { serve, ignore } = &self.triggers;
        if serve.is_empty() && ignore.is_empty() {
            return false;
        }
        let (code, trigger) = (code.trim(), trigger.trim());
        let is_meant = |pattern: &String| {
            let (wanted, event) = pattern.split_once('^').unwrap_or((pattern, "*"));
            wanted == code && (event == "*" || event == trigger)
        };
        ignore.iter().any(is_meant) || (!serve.is_empty() && !serve.iter().any(is_meant))
    }

    /// What a code means here, if the profile says so. `table` is a number (`0069`), or the name of a
    /// local table.
    pub(crate) fn meaning(&self, table: &str, code: &str) -> Option<Meaning> {
        self.tables.get(table)?.get(code.trim()).copied()
    }

    /// Whether any code means something else here than by the standard's tables.
    pub(crate) fn has_tables(&self) -> bool {
        !self.tables.is_empty()
    }

    /// The system of identifiers that name nobody, where it is agreed.
    pub(crate) fn default_system(&self) -> Option<&str> {
        self.default_system.as_deref()
    }

    /// The type (table 0203) of an identifier: what the sender's word for it means; else that of its
    /// authority, which is asked for only where there are any.
    pub(crate) fn identifier_type<'t>(
        &'t self,
        sent: &'t str,
        authority: impl FnOnce() -> [String; 2],
    ) -> &'t str {
        if !sent.is_empty() {
            return self
                .meaning("0203", sent)
                .map_or(sent, |meaning| meaning.code);
        }
        if self.authority_types.is_empty() {
            return "";
        }
        let names = authority();
        let known = names
            .iter()
            .find_map(|name| self.authority_types.get(name.as_str()));
        known.map_or("", String::as_str)
    }

    /// Whether any field is read from elsewhere than where it stands.
    pub fn changes_fields(&self) -> bool {
        !self.fields.is_empty()
    }
}

#[cfg(test)]
mod tests;
