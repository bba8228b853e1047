//! Where each element of a message's Bundle comes from, to the component, and by which rule.
//!
//! The mapping itself keeps no such books: they would cost more than the mapping. Instead the
//! message is mapped again, once for each value in it, with that value changed; what changes in the
//! Bundle came from there. So the answer is what the code did, whatever way a value took through it:
//! an identifier shows in every reference that follows from it, a trigger in the status that it led
//! to. That is some milliseconds for an admission, and only for those who ask.

mod leaves;
mod parts;
mod probe;

use std::collections::BTreeSet;
use std::fmt;

use fhir::ResourceType;
use model::ResourceId;

use crate::facts::Place;
use crate::fold::{FoldContext, wholes};
use crate::inbound::{Context, Issue, Unmappable, interpret};
use crate::table::code_tables;
use crate::ties::Ties;

use leaves::Leaf;
pub use parts::Spot;
use probe::{Influence, Outcome};

/// Values of a message beyond which it is not mapped again for each of them.
const VALUES_MAX: usize = 2_500;
/// Bytes of a message beyond which it is not mapped again.
const BYTES_MAX: usize = 256 << 10;

/// A message's Bundle, explained.
#[derive(Clone, PartialEq, Debug)]
pub struct Trace {
    /// Its resources, in the Bundle's order.
    pub resources: Vec<Explained>,
    /// What did not fit.
    pub issues: Vec<Issue>,
    /// Fields that had a value and were not read.
    pub unmapped: Vec<Place>,
    /// False: the message is too large to be mapped once for each value, so that elements are
    /// explained by their field alone.
    pub is_whole: bool,
}

/// A resource, element by element.
#[derive(Clone, PartialEq, Debug)]
pub struct Explained {
    /// Its type; `Bundle` for what stands in the Bundle itself.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its elements, in their order.
    pub elements: Vec<Element>,
}

/// An element with a value, and where that comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Element {
    /// Its path in the resource: `name[0].family`.
    pub path: String,
    /// The values of the message that gave it; none for what the rule says of itself.
    pub from: Vec<Spot>,
    /// By which rule it is there.
    pub rule: RuleId,
    /// The row of a code table that it was looked up in.
    pub row: Option<RowId>,
}

/// A rule, by a name that stays.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RuleId {
    /// The rule of a field (`PID-5`), or of a segment as a whole (`PV1`).
    Field(Place),
    /// What follows from several fields, messages or events: the element's own rule.
    Computed(String),
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The rule of a data type (`PL-1`) has a place of two letters.
            Self::Field(place) => f.write_str(&place.to_string().replace('_', "")),
            Self::Computed(element) => write!(f, "computed:{element}"),
        }
    }
}

/// A row of a code table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RowId {
    /// The table (`0004`).
    pub table: &'static str,
    /// What its codes become (`Encounter.class`).
    pub target: &'static str,
    /// The code that was sent.
    pub sent: &'static str,
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.table, self.sent)
    }
}

/// Explains a message's Bundle.
pub fn trace(bytes: &[u8], ctx: &Context<'_>) -> Result<Trace, Unmappable> {
    let unreadable = |_| Unmappable {
        place: Place::new("MSH", 0),
        what: "the header can't be read",
    };
    let message = hl7v2::Message::parse(bytes).map_err(unreadable)?;
    let said = interpret(&message, ctx)?;
    let base = Outcome::of(bytes, ctx)?;
    let parts = parts::of(&message);
    let is_whole = bytes.len() <= BYTES_MAX && parts.len() <= VALUES_MAX;
    let influences = if is_whole {
        probe::all(bytes, &base, &parts, ctx)
    } else {
        probe::none(&base)
    };
    let rules = Rules::of(&said, ctx);
    let explained = base.entries.iter().zip(&influences);
    let resources = explained
        .map(|(entry, influences)| Explained {
            kind: entry.kind.clone(),
            id: entry.id.clone(),
            elements: entry
                .leaves()
                .iter()
                .map(|leaf| match influences.get(&leaf.path) {
                    Some(influences) => element(leaf, entry, influences, &rules),
                    None if is_whole => {
                        element(leaf, entry, &rules.alike(entry, leaf, &parts), &rules)
                    }
                    None => element(leaf, entry, &[], &rules),
                })
                .collect(),
        })
        .collect();
    Ok(Trace {
        resources,
        issues: said.issues,
        unmapped: said.unmapped,
        is_whole,
    })
}

fn element(leaf: &Leaf, entry: &probe::Entry, influences: &[Influence], rules: &Rules) -> Element {
    let row = row(leaf, influences);
    let sent = row.map(|row| row.sent);
    // What reads like the element gave it; else all had a part in it.
    let gave = |influence: &&Influence| match sent {
        Some(sent) => influence.text.trim().eq_ignore_ascii_case(sent),
        None => leaves::same(&leaf.value, &influence.text),
    };
    let givers: Vec<&Influence> = influences.iter().filter(gave).collect();
    let chosen: BTreeSet<Spot> = if givers.is_empty() {
        influences.iter().map(|each| each.spot.clone()).collect()
    } else {
        let is_rule = |each: &&&Influence| rules.holds(entry, leaf, each.spot.place());
        let of_rule: Vec<_> = givers.iter().filter(is_rule).collect();
        let chosen = if of_rule.is_empty() {
            givers.iter().collect()
        } else {
            of_rule
        };
        chosen.into_iter().map(|each| each.spot.clone()).collect()
    };
    Element {
        path: leaf.path.clone(),
        from: chosen.into_iter().collect(),
        rule: rules.of_leaf(entry, leaf, influences),
        row,
    }
}

/// The row that an element's value stands in and that was used because of one of its influences.
fn row(leaf: &Leaf, influences: &[Influence]) -> Option<RowId> {
    let mut used = influences.iter().flat_map(|influence| {
        let text = influence.text.trim();
        influence.rows.iter().map(move |row| (text, *row))
    });
    used.find_map(|(text, (table, at))| {
        let table = code_tables().get(table)?;
        let row = table.rows.get(at)?;
        let is_it = row.gives(&leaf.value) && row.sent.eq_ignore_ascii_case(text);
        is_it.then_some(RowId {
            table: table.name,
            target: table.target,
            sent: row.sent,
        })
    })
}

/// The rules of all resources of a message.
struct Rules(Vec<(ResourceType, ResourceId, Vec<crate::fold::Rule>)>);

impl Rules {
    fn of(said: &crate::inbound::Interpretation, ctx: &Context<'_>) -> Self {
        let ties = Ties::of(&said.links);
        let fold = FoldContext {
            key: ctx.key,
            ties: &ties,
        };
        let wholes = wholes(said.rows(), &ties, ctx.key);
        let drafts = wholes.iter().flat_map(|whole| whole.drafts(&fold));
        Self(
            drafts
                .map(|draft| (draft.kind, draft.id, draft.rules()))
                .collect(),
        )
    }

    /// The fields whose rules gave the element that a leaf is in.
    fn places(&self, entry: &probe::Entry, leaf: &Leaf) -> Vec<Place> {
        let is_it = |(kind, id, _): &&(ResourceType, ResourceId, _)| {
            kind.name() == entry.kind && id.to_string() == entry.id
        };
        let Some((_, _, rules)) = self.0.iter().find(is_it) else {
            return Vec::new();
        };
        let of_element = rules.iter().filter(|rule| {
            let is_item = rule.item.is_none() || leaf.item.is_none() || rule.item == leaf.item;
            rule.element == leaf.element && is_item
        });
        of_element.map(|rule| rule.field).collect()
    }

    /// The values that read like an element, in the fields that said it: where two fields say the same,
    /// changing either changes nothing.
    fn alike(&self, entry: &probe::Entry, leaf: &Leaf, parts: &[parts::Part]) -> Vec<Influence> {
        let places = self.places(entry, leaf);
        let is_alike = |part: &&parts::Part| {
            places.contains(&part.spot.place()) && leaves::same(&leaf.value, &part.text)
        };
        let influence = |part: &parts::Part| Influence {
            spot: part.spot.clone(),
            text: part.text.clone(),
            rows: Vec::new(),
        };
        parts.iter().filter(is_alike).map(influence).collect()
    }

    fn holds(&self, entry: &probe::Entry, leaf: &Leaf, place: Place) -> bool {
        self.places(entry, leaf).contains(&place)
    }

    /// The rule of a leaf: the field that said its element and had a part in it, else the first that
    /// said it.
    fn of_leaf(&self, entry: &probe::Entry, leaf: &Leaf, influences: &[Influence]) -> RuleId {
        let places = self.places(entry, leaf);
        let had_part = |place: &&Place| influences.iter().any(|each| each.spot.place() == **place);
        let place = places.iter().find(had_part).or(places.first());
        place.map_or_else(
            || RuleId::Computed(format!("{}.{}", entry.kind, leaf.element)),
            |place| RuleId::Field(*place),
        )
    }
}
