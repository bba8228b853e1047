//! What varies by site is data: a profile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How one kind of sender is to be read. Everything has a default: the standard.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    name: String,
    version: u32,
    /// Identifier systems by assigning authority, as received (`HCHB`, `2.16.840.1.113883.19`).
    pub authorities: BTreeMap<String, String>,
    /// PID-3 types (table 0203) that name the patient, best first.
    pub patient_id_types: Vec<String>,
    /// PID-3 types that never name the patient while there is any other identifier.
    pub secondary_id_types: Vec<String>,
    /// Where the visit's number stands, best first.
    pub visit_id: Vec<VisitId>,
    /// Where the number of the episode of care stands, best first.
    pub episode_id: Vec<EpisodeId>,
    /// PV1-2 to a code of v3-ActCode, on top of the standard's table.
    pub classes: BTreeMap<String, String>,
    /// PV1-36 to a code of discharge-disposition, on top of the standard's table.
    pub discharge_dispositions: BTreeMap<String, String>,
    /// Segments of which a message holds all there are, so that what it leaves out is gone. For the
    /// others a message holds only what it wants to say.
    pub snapshot: BTreeSet<String>,
}

/// A field that may hold the visit's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
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

impl Default for Profile {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Self {
            name: "generic".to_owned(),
            version: 1,
            authorities: BTreeMap::new(),
            patient_id_types: words(&["MR", "MRN", "PI", "PT", "EI", "U", "AN"]),
            secondary_id_types: words(&[
                "SS", "SB", "DL", "PPN", "NI", "NH", "MA", "MC", "MI", "MB", "BC", "TAX", "NPI",
            ]),
            visit_id: vec![VisitId::VisitNumber, VisitId::AlternateVisitId],
            episode_id: vec![EpisodeId::ServiceEpisode],
            classes: BTreeMap::new(),
            discharge_dispositions: BTreeMap::new(),
            snapshot: BTreeSet::new(),
        }
    }
}

/// A profile's text is not a profile.
#[derive(Debug, thiserror::Error)]
#[error("the profile can't be read")]
pub struct ProfileError(#[from] toml::de::Error);

static SHIPPED: LazyLock<[Profile; 2]> = LazyLock::new(|| {
    [
        include_str!("../profiles/generic.toml"),
        include_str!("../profiles/hchb.toml"),
    ]
    .map(|text| Profile::parse(text).expect("a test reads every shipped profile"))
});

impl Profile {
    /// Reads a profile from TOML.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        Ok(toml::from_str(text)?)
    }

    /// A profile that this build ships.
    pub fn named(name: &str) -> Option<&'static Self> {
        SHIPPED.iter().find(|profile| profile.name == name)
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
    ///
    /// # Panics
    /// Never: a profile holds only what JSON can say.
    pub fn digest(&self) -> [u8; 32] {
        let text = serde_json::to_vec(self).expect("a profile holds only what JSON can say");
        Sha256::digest(text).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_profile_reads_and_has_its_name() {
        assert_eq!(Profile::names().collect::<Vec<_>>(), ["generic", "hchb"]);
        assert_eq!(Profile::named("hchb").unwrap().classes["I"], "HH");
        assert!(Profile::named("nobody").is_none());
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_the_line() {
        let error = Profile::parse("name = \"x\"\nclases = {}").unwrap_err();
        assert!(error.0.to_string().contains("clases"));
    }

    #[test]
    fn a_changed_profile_has_another_digest() {
        let generic = Profile::default();
        let mut other = generic.clone();
        other.classes.insert("I".to_owned(), "HH".to_owned());
        assert_ne!(generic.digest(), other.digest());
    }
}
