//! A chart in memory: messages are interpreted, joined and folded as the server does it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use mapping::inbound::{Context, Interpretation, interpret};
use mapping::{Facts, Profile};
use model::{IdentityKey, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What was said of whom.
#[derive(Default)]
pub(crate) struct Chart(mapping::Chart);

pub(crate) fn profile() -> &'static Profile {
    Profile::named("generic").unwrap()
}

/// A message as bytes: one line per segment.
pub(crate) fn bytes(lines: &str) -> Vec<u8> {
    lines
        .trim()
        .lines()
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("\r")
        .into_bytes()
}

/// A segment of which only some fields are filled.
pub(crate) fn segment(name: &str, filled: &[(usize, &str)]) -> String {
    let last = filled.iter().map(|(n, _)| *n).max().unwrap_or_default();
    let mut fields = vec![name; last + 1];
    fields[1..].fill("");
    for (n, value) in filled {
        fields[*n] = value;
    }
    fields.join("|")
}

pub(crate) fn read_with(lines: &str, profile: &Profile) -> Interpretation {
    let bytes = bytes(lines);
    let message = hl7v2::Message::parse(&bytes).unwrap();
    interpret(&message, &context(&bytes, profile)).unwrap()
}

pub(crate) fn context<'a>(bytes: &[u8], profile: &'a Profile) -> Context<'a> {
    Context {
        profile,
        key: &IdentityKey::PUBLIC,
        zone: const { &TimeZone::UTC },
        received_at: "2030-01-01T00:00:00Z".parse::<Timestamp>().unwrap(),
        journal: None,
        digest: Sha256::digest(bytes).into(),
    }
}

impl Chart {
    /// The chart after messages that arrived in this order.
    pub(crate) fn of<M: AsRef<str>>(messages: &[M]) -> Self {
        Self::read(messages, profile())
    }

    /// [`Chart::of`] a site whose messages are read otherwise.
    pub(crate) fn read<M: AsRef<str>>(messages: &[M], profile: &Profile) -> Self {
        let mut chart = Self::default();
        for message in messages {
            chart.take(read_with(message.as_ref(), profile));
        }
        chart
    }

    pub(crate) fn take(&mut self, mut said: Interpretation) {
        for statement in &mut said.statements {
            // What is stored is read again before the next message.
            statement.facts = Facts::from_bytes(&statement.facts.to_bytes()).unwrap();
        }
        self.0.take(said);
    }

    /// All resources, by type and id.
    pub(crate) fn resources(&self) -> BTreeMap<String, Value> {
        let folded = self.0.resources(&IdentityKey::PUBLIC).into_iter();
        let named = folded.map(|one| (format!("{}/{}", one.kind.name(), one.id), one.body));
        let resources: BTreeMap<_, _> = named.clone().collect();
        assert_eq!(
            resources.len(),
            named.count(),
            "each resource is folded once"
        );
        resources
    }

    /// The only resource of a type.
    pub(crate) fn the(&self, kind: &str) -> Value {
        let mut all = self.all(kind);
        assert_eq!(all.len(), 1, "{kind}: {all:?}");
        all.remove(0)
    }

    /// The elements of the resources of a type, and the fields that they come from.
    pub(crate) fn lineage(&self, kind: &str) -> Vec<(String, String)> {
        let folded = self.0.resources(&IdentityKey::PUBLIC).into_iter();
        let lineage = folded
            .filter(|one| one.kind.name() == kind)
            .flat_map(|one| one.lineage);
        lineage.map(|line| (line.element, line.field)).collect()
    }

    /// The resources of a type.
    pub(crate) fn all(&self, kind: &str) -> Vec<Value> {
        let prefix = format!("{kind}/");
        let resources = self.resources();
        let of_kind = resources
            .into_iter()
            .filter(|(name, _)| name.starts_with(&prefix));
        of_kind.map(|(_, resource)| resource).collect()
    }
}

/// An ADT message of one made-up visit.
pub(crate) struct Adt {
    pub(crate) trigger: &'static str,
    /// EVN-2 and MSH-7.
    pub(crate) stated: &'static str,
    /// EVN-6.
    pub(crate) occurred: &'static str,
    pub(crate) class: &'static str,
    pub(crate) bed: &'static str,
    pub(crate) admitted: &'static str,
    pub(crate) discharged: &'static str,
    /// Lines after PV1.
    pub(crate) rest: &'static str,
}

impl Default for Adt {
    fn default() -> Self {
        Self {
            trigger: "A08",
            stated: "20240110120000",
            occurred: "",
            class: "I",
            bed: "",
            admitted: "",
            discharged: "",
            rest: "",
        }
    }
}

impl Adt {
    pub(crate) fn text(&self) -> String {
        let Self {
            trigger,
            stated,
            occurred,
            class,
            bed,
            admitted,
            discharged,
            rest,
        } = self;
        let place = if bed.is_empty() {
            String::new()
        } else {
            format!("W1^R1^{bed}^AGENCY")
        };
        let gap = "|".repeat(25);
        format!(
            "MSH|^~\\&|EMR|AGENCY|||{stated}||ADT^{trigger}|{trigger}{stated}|P|2.5.1\n\
             EVN||{stated}||||{occurred}\n\
             PID|1||77^^^EMR^MR||DOE^JANE||19600102|F\n\
             PV1|1|{class}|{place}||||||||||||||||V9^^^EMR^VN{gap}{admitted}|{discharged}\n\
             {rest}"
        )
    }
}
