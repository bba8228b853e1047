//! What becomes one resource, with all that it owns: mostly the facts of one entity, sometimes those of
//! several that are one (merged patients, a visit that got another number).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fhir::ResourceType;
use model::{EntityId, IdentityKey};
use serde_json::Value;

use crate::facts::{Facts, Place, RegisterKey, Source};
use crate::inbound::{CLAIM, EntityKind, MOVED, NOBODY};
use crate::ties::{Link, Maker, Relation, Ties};

use super::{
    Draft, FoldContext, Parts, Said, account, appointment, binary, document, episode, order,
    patient, visit,
};

/// What is said of an entity in the name of one patient.
#[derive(Clone, Debug)]
pub struct Row<'f> {
    /// Of what.
    pub entity: EntityId,
    /// What kind of thing that is.
    pub kind: EntityKind,
    /// In whose name ([`crate::inbound::Statement::owner`]).
    pub owner: EntityId,
    /// What is said.
    pub facts: Cow<'f, Facts>,
}

/// What becomes one resource.
#[derive(Debug)]
pub struct Whole<'f> {
    kind: EntityKind,
    /// The entity that leads, and the id of its resource: another one where the first is taken.
    lead: EntityId,
    id: EntityId,
    /// Whose facts, the one that leads first.
    members: Vec<(EntityId, Cow<'f, Facts>)>,
    /// All that is said of it as one; none where the only member says it all.
    joined: Option<Facts>,
    /// What references to some entities mean here.
    means: BTreeMap<EntityId, EntityId>,
    /// In whose name it is said: the leads of the patients, at last of the one who has it.
    owners: Vec<EntityId>,
    /// Spoken of in the name of patients who are not one: whose it is, and who else claims it.
    claimed: Option<(EntityId, EntityId)>,
}

/// Sorts rows into wholes, in the order of the rows; what they become does not depend on it.
pub fn wholes<'f>(
    rows: impl IntoIterator<Item = Row<'f>>,
    ties: &Ties,
    key: &IdentityKey,
) -> Vec<Whole<'f>> {
    let rows = rows.into_iter();
    let (n_rows, _) = rows.size_hint();
    let mut units: Vec<(EntityKind, EntityId, Vec<Row<'f>>)> = Vec::with_capacity(n_rows);
    let mut places: HashMap<(EntityKind, EntityId), usize> = HashMap::with_capacity(n_rows);
    for row in rows {
        let (kind, lead) = (row.kind, ties.lead(row.entity));
        let at = *places.entry((kind, lead)).or_insert(units.len());
        match units.get_mut(at) {
            Some((_, _, rows)) => rows.push(row),
            None => units.push((kind, lead, vec![row])),
        }
    }
    let wholes = |(kind, lead, rows)| unit(kind, lead, rows, ties, key);
    let mut wholes: Vec<Whole<'f>> = units.into_iter().flat_map(wholes).collect();
    refer_to_own(&mut wholes);
    wholes
}

/// What a patient's resources say of a thing that another patient has means the patient's own one.
fn refer_to_own(wholes: &mut [Whole<'_>]) {
    let mut own: BTreeMap<EntityId, BTreeMap<EntityId, EntityId>> = BTreeMap::new();
    for whole in wholes.iter() {
        let Some((_, claimant)) = whole.claimed else {
            continue;
        };
        // Only things: a patient to whom one thing was moved is still oneself elsewhere.
        let things = || whole.means.iter().filter(|(_, meant)| **meant != claimant);
        for owner in &whole.owners {
            own.entry(*owner).or_default().extend(things());
        }
    }
    if own.is_empty() {
        return;
    }
    for whole in wholes {
        // The last one has it, to whomever it belonged before.
        let owner = whole.owners.last();
        for (id, meant) in owner.and_then(|owner| own.get(owner)).into_iter().flatten() {
            whole.means.entry(*id).or_insert(*meant);
        }
    }
}

/// The wholes of rows that have one lead: one, unless patients who are not one claim it.
fn unit<'f>(
    kind: EntityKind,
    lead: EntityId,
    mut rows: Vec<Row<'f>>,
    ties: &Ties,
    key: &IdentityKey,
) -> Vec<Whole<'f>> {
    if rows.len() < 2 || kind == EntityKind::Patient || kind.shared() {
        let owner = rows.first().map(|row| row.owner);
        let owner = owner.filter(|owner| *owner != NOBODY);
        let mut whole = Whole::of(kind, lead, rows);
        whole.owners.extend(owner.map(|owner| ties.lead(owner)));
        return vec![whole];
    }
    rows.sort_by(|one, other| {
        let first = first_said(&one.facts).cmp(&first_said(&other.facts));
        first.then_with(|| (one.owner, one.entity).cmp(&(other.owner, other.entity)))
    });
    let moves = moves(&rows, ties);
    let moves = Ties::of(&moves);
    let person = |row: &Row<'_>| moves.lead(ties.lead(row.owner));
    let mut groups: Vec<(EntityId, Vec<Row<'f>>)> = Vec::new();
    let (nobodys, owned): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.owner == NOBODY);
    for row in owned {
        let person = person(&row);
        match groups.iter_mut().find(|(known, _)| *known == person) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((person, vec![row])),
        }
    }
    match groups.first_mut() {
        Some((_, rows)) => rows.extend(nobodys),
        None => groups.push((NOBODY, nobodys)),
    }
    let holder = groups.first().map_or(NOBODY, |(person, _)| *person);
    let whole = |(nth, (person, rows)): (usize, (EntityId, Vec<Row<'f>>))| {
        let owners = rows.iter().map(|row| row.owner);
        let owners: Vec<EntityId> = owners.filter(|owner| *owner != NOBODY).collect();
        let mut whole = Whole::of(kind, lead, rows);
        whole.owners = owners.iter().map(|owner| ties.lead(*owner)).collect();
        whole.owners.push(person);
        let renamed = owners.into_iter();
        whole.means.extend(renamed.map(|owner| (owner, person)));
        if nth != 0 {
            whole.stand_apart(person, key);
            whole.claimed = Some((holder, person));
        }
        whole
    };
    groups.into_iter().enumerate().map(whole).collect()
}

/// When a thing was first spoken of.
fn first_said(facts: &Facts) -> Option<&Arc<Source>> {
    let mut claims = facts.observed().filter(|(key, ..)| *key.part == *CLAIM);
    claims.next().map(|(_, _, source)| source)
}

/// Which patients' claims were given to other patients by a message that says so (A44, A45).
fn moves(rows: &[Row<'_>], ties: &Ties) -> Vec<Link> {
    let moved = |row: &Row<'_>| {
        let owner = ties.lead(row.owner);
        let registers = row.facts.registers().filter_map(move |(key, register)| {
            let before = key.part.strip_prefix(MOVED)?.strip_prefix('/')?;
            Some(Link {
                kind: EntityKind::Patient,
                from: ties.lead(before.parse().ok()?),
                to: owner,
                relation: Relation::Moved,
                maker: Maker::Message,
                source: Arc::clone(&register.source),
                field: Some(key.field),
            })
        });
        registers.collect::<Vec<_>>()
    };
    let links = rows.iter().flat_map(moved);
    links.filter(|link| link.from != link.to).collect()
}

impl<'f> Whole<'f> {
    /// What one row says, tied to nothing.
    pub fn one(entity: EntityId, kind: EntityKind, facts: &'f Facts) -> Self {
        Self {
            kind,
            lead: entity,
            id: entity,
            members: vec![(entity, Cow::Borrowed(facts))],
            joined: None,
            means: BTreeMap::new(),
            owners: Vec::new(),
            claimed: None,
        }
    }

    fn of(kind: EntityKind, lead: EntityId, rows: Vec<Row<'f>>) -> Self {
        let mut members: Vec<(EntityId, Cow<'f, Facts>)> = Vec::with_capacity(1);
        for row in rows {
            match members.iter_mut().find(|(known, _)| *known == row.entity) {
                Some((_, facts)) => {
                    facts.to_mut().join(&row.facts);
                }
                None => members.push((row.entity, row.facts)),
            }
        }
        if members.iter().all(|(entity, _)| *entity != lead) {
            // Nobody in whose name this is said spoke of the one that leads: it leads all the same.
            members.push((lead, Cow::Owned(Facts::new())));
        }
        members.sort_by_key(|(entity, _)| (*entity != lead, *entity));
        let joined = (1 < members.len()).then(|| joined(kind, &members));
        Self {
            kind,
            lead,
            id: lead,
            members,
            joined,
            means: BTreeMap::new(),
            owners: Vec::new(),
            claimed: None,
        }
    }

    /// Takes ids of its own, and what it owns with it: another whole has those of its members.
    fn stand_apart(&mut self, person: EntityId, key: &IdentityKey) {
        let own = |entity: EntityId| key.part(entity, &["of", &person.to_string()]);
        self.id = own(self.lead);
        for (entity, facts) in &mut self.members {
            let apart = own(*entity);
            let parts = facts.registers();
            let parts = parts.filter_map(|(key, _)| key.part.split_once('/'));
            let moved = parts.map(|part| {
                let [before, after] =
                    [*entity, apart].map(|owner| key.part(owner, &[part.0, part.1]));
                (before, after)
            });
            self.means.extend(moved);
            self.means.insert(*entity, self.id);
            *entity = apart;
        }
    }

    /// What kind of thing it is.
    pub fn kind(&self) -> EntityKind {
        self.kind
    }

    /// The entity that leads it.
    pub fn entity(&self) -> EntityId {
        self.lead
    }

    /// The patient whose it is and the one who claims it too, where these are not one: somebody must
    /// decide.
    pub fn claimed(&self) -> Option<(EntityId, EntityId)> {
        self.claimed
    }

    fn facts(&self) -> &Facts {
        static NOTHING: Facts = Facts::nothing();
        let only = || self.members.first().map(|(_, facts)| facts.as_ref());
        self.joined.as_ref().or_else(only).unwrap_or(&NOTHING)
    }

    /// Its resources as text: whoever finds a text unchanged need not read it.
    pub fn drafts<'d>(&'d self, ctx: &FoldContext<'d>) -> Vec<Draft<'d>> {
        let facts = self.facts();
        let (id, parts) = (self.id, Parts::of(facts));
        let mut drafts = match self.kind {
            EntityKind::Patient => self.patients(&parts, ctx),
            EntityKind::Visit => self.visits(&parts, ctx),
            EntityKind::Practitioner => parts.whole(ResourceType::Practitioner, id),
            EntityKind::Organization => parts.whole(ResourceType::Organization, id),
            EntityKind::Location => parts.whole(ResourceType::Location, id),
            EntityKind::Account => self.accounts(),
            EntityKind::Appointment => appointment::fold(id, &parts),
            EntityKind::Document => document::fold(id, &parts, ctx),
            EntityKind::Charge => parts.whole(ResourceType::ChargeItem, id),
            EntityKind::Episode => self.episodes(&parts, ctx),
            EntityKind::Order => order::request(id, &parts, ctx),
            EntityKind::Prescription => order::prescription(id, &parts, ctx),
            EntityKind::Report => order::report(id, &parts, ctx),
            EntityKind::Specimen => parts.whole(ResourceType::Specimen, id),
            EntityKind::Immunization => order::immunization(id, &parts, ctx),
            EntityKind::PractitionerRole => parts.whole(ResourceType::PractitionerRole, id),
        };
        if !(self.means.is_empty() && ctx.ties.is_empty()) {
            for draft in &mut drafts {
                self.name_anew(draft, ctx.ties);
            }
        }
        let files = drafts.iter_mut();
        let files: Vec<Draft<'d>> = files
            .flat_map(|draft| binary::take_out(draft, ctx))
            .collect();
        drafts.extend(files);
        drafts
    }

    fn patients<'d>(&'d self, parts: &Parts<'d>, ctx: &FoldContext<'d>) -> Vec<Draft<'d>> {
        let others = self.members.get(1..).unwrap_or_default();
        let others: Vec<(EntityId, &Facts)> = others
            .iter()
            .map(|(entity, facts)| (*entity, facts.as_ref()))
            .collect();
        let mut drafts: Vec<Draft<'d>> = patient::person(self.id, parts, &others, ctx)
            .into_iter()
            .collect();
        if self.is_one() {
            drafts.extend(patient::owned(self.id, parts, ctx));
        } else {
            for (entity, facts) in self.each() {
                let own = Parts::of(facts);
                if *entity != self.id {
                    drafts.extend(patient::other(*entity, &own, ctx));
                }
                drafts.extend(patient::owned(*entity, &own, ctx));
            }
        }
        drafts.extend(patient::care_team(self.id, parts, ctx));
        drafts
    }

    fn visits<'d>(&'d self, parts: &Parts<'d>, ctx: &FoldContext<'d>) -> Vec<Draft<'d>> {
        let others = self.members.get(1..).unwrap_or_default();
        let others: Vec<&Facts> = others.iter().map(|(_, facts)| facts.as_ref()).collect();
        let mut drafts: Vec<Draft<'d>> = visit::encounter(self.id, parts, self.facts(), &others)
            .into_iter()
            .collect();
        if self.is_one() {
            drafts.extend(patient::owned(self.id, parts, ctx));
            return drafts;
        }
        for (entity, facts) in self.each() {
            let own = Parts::of(facts);
            if *entity != self.id {
                drafts.extend(visit::other(*entity, &own));
            }
            drafts.extend(patient::owned(*entity, &own, ctx));
        }
        drafts
    }

    fn episodes<'d>(&'d self, parts: &Parts<'d>, ctx: &FoldContext<'d>) -> Vec<Draft<'d>> {
        let others = self.members.get(1..).unwrap_or_default();
        let facts: Vec<&Facts> = others.iter().map(|(_, facts)| facts.as_ref()).collect();
        let episode = episode::fold(self.id, parts, self.facts(), &facts, ctx.ties);
        let others = others
            .iter()
            .filter_map(|(entity, facts)| episode::other(*entity, &Parts::of(facts)));
        episode.into_iter().chain(others).collect()
    }

    /// An account that another one replaces says so itself.
    fn accounts(&self) -> Vec<Draft<'_>> {
        let each = self.each();
        each.flat_map(|(entity, facts)| account::fold(*entity, &Parts::of(facts)))
            .collect()
    }

    /// Whether the only member is the one whose id the whole has: all that is said of it is the whole's.
    fn is_one(&self) -> bool {
        matches!(self.members.as_slice(), [(entity, _)] if *entity == self.id)
    }

    fn each(&self) -> impl Iterator<Item = (&EntityId, &Facts)> {
        self.members
            .iter()
            .map(|(entity, facts)| (entity, facts.as_ref()))
    }

    /// References to what was merged lead to what it was merged into. Only Patient resources speak of
    /// merged patients by their own ids.
    fn name_anew(&self, draft: &mut Draft<'_>, ties: &Ties) {
        if draft.kind == ResourceType::Patient {
            return;
        }
        let lead = |id: EntityId| {
            let meant = self.means.get(&id).copied().unwrap_or(id);
            let lead = ties.lead(meant);
            (lead != id).then_some(lead)
        };
        if let Some(text) = renamed(&draft.text, lead) {
            draft.text = text;
        }
    }
}

/// All that is said of several entities that are one. The identifiers of those that do not lead are old
/// ones: they are added apart. What one message says of several of them holds of each: the one that leads
/// keeps its own.
fn joined(kind: EntityKind, members: &[(EntityId, Cow<'_, Facts>)]) -> Facts {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of the other kinds none has a number that gets old"
    )]
    let names: &[Place] = match kind {
        EntityKind::Patient => &patient::NAMES,
        EntityKind::Visit => &visit::NAMES,
        EntityKind::Episode => &episode::NAMES,
        _ => &[],
    };
    let mut all = Facts::new();
    let lead = members.first().map(|(_, facts)| facts.as_ref());
    for (nth, (_, facts)) in members.iter().enumerate() {
        let is_of_lead = |key: &RegisterKey| {
            let own = lead.and_then(|lead| lead.register(key));
            let other = facts.register(key);
            own.is_some_and(|own| other.is_some_and(|other| own.source == other.source))
        };
        let is_kept = |key: &RegisterKey| {
            let is_name = key.part.is_empty() && names.contains(&key.field);
            nth == 0 || !(is_name || is_of_lead(key))
        };
        all.join_some(facts, is_kept);
    }
    all
}

/// How one that is the same as another is called: the fields that say it, and the identifiers that they give
/// the other.
pub(super) fn numbers_of<'f>(
    facts: &'f Facts,
    own: impl Fn(&Parts<'f>) -> Vec<Said<'f>>,
    old: bool,
) -> Vec<(Said<'f>, Option<String>)> {
    let own = own(&Parts::of(facts)).into_iter();
    own.map(|said| (said, identifiers_of(said.fragment, old)))
        .collect()
}

/// The identifiers that a field gives, as a fragment; those that are not used any more say so.
fn identifiers_of(fragment: &str, old: bool) -> Option<String> {
    if !old {
        return Some(fragment.to_owned());
    }
    let mut said: Value = serde_json::from_str(fragment).ok()?;
    for identifier in said.get_mut("identifier")?.as_array_mut()? {
        let fields = identifier.as_object_mut()?;
        fields.insert("use".to_owned(), "old".into());
    }
    let identifier = said.get("identifier")?;
    Some(format!("{{\"identifier\":{identifier}}}"))
}

/// A text in which references name other ids; none where nothing changed.
fn renamed(text: &str, lead: impl Fn(EntityId) -> Option<EntityId>) -> Option<String> {
    const MARK: &str = "\"reference\":\"";
    const ID_CHARS: usize = 36;
    let mut out = String::new();
    let mut written = 0;
    for (at, _) in text.match_indices(MARK) {
        let start = at + MARK.len();
        let target = text.get(start..).unwrap_or_default();
        let n_letters = target.bytes().take_while(u8::is_ascii_alphabetic).count();
        let id_at = start + n_letters + 1;
        let id = text.get(id_at..id_at + ID_CHARS);
        let Some(id) = id.and_then(|id| id.parse().ok()).and_then(&lead) else {
            continue;
        };
        out.push_str(text.get(written..id_at).unwrap_or_default());
        out.push_str(&id.to_string());
        written = id_at + ID_CHARS;
    }
    (written != 0).then(|| {
        out.push_str(text.get(written..).unwrap_or_default());
        out
    })
}
