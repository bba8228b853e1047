//! Links as the store keeps them, and who is one with whom before and after what a batch says.

use std::collections::BTreeSet;

use mapping::facts::Source;
use mapping::inbound::EntityKind;
use mapping::{Link, Maker, Relation, Ties};
use model::{EntityId, JournalId, LaneId};
use store::link::{self, LinkRow};
use store::{Tx, lanes};

use super::ChartError;
use super::chart::Poison;

/// The links around some entities, and what a batch says besides, or takes back.
pub(super) struct Tied {
    /// Whom they are looked for around.
    around: BTreeSet<EntityId>,
    held: Vec<Link>,
    said: Vec<Link>,
    withdrawn: Withdrawn,
}

/// Which links are taken back.
#[derive(Default)]
pub(super) struct Withdrawn {
    /// What these messages said.
    pub(super) messages: BTreeSet<JournalId>,
    /// Matches of patients of whom nobody speaks any more.
    pub(super) unknown: BTreeSet<EntityId>,
}

impl Withdrawn {
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.unknown.is_empty()
    }

    fn has(&self, link: &Link) -> bool {
        let said = link.source.journal;
        let is_unknown = |one: &EntityId| self.unknown.contains(one);
        match link.maker {
            Maker::Message => said.is_some_and(|journal| self.messages.contains(&journal)),
            Maker::Match => is_unknown(&link.from) || is_unknown(&link.to),
            Maker::Person => false,
        }
    }
}

impl Tied {
    pub(super) fn new(said: Vec<Link>) -> Self {
        Self {
            around: said.iter().flat_map(|link| [link.from, link.to]).collect(),
            held: Vec::new(),
            said,
            withdrawn: Withdrawn::default(),
        }
    }

    /// Links are taken back; `said` is what others say instead.
    pub(super) fn without(said: Vec<Link>, withdrawn: Withdrawn) -> Self {
        Self {
            withdrawn,
            ..Self::new(said)
        }
    }

    /// Looks for links, around more entities than before; answers whether that changed anything.
    pub(super) async fn look(
        &mut self,
        tx: &mut Tx,
        more: impl IntoIterator<Item = EntityId>,
    ) -> Result<bool, ChartError> {
        self.around.extend(more);
        let around: Vec<EntityId> = self.around.iter().copied().collect();
        let persons = link::leads(tx, &around).await?.into_iter();
        let mut reached: Vec<EntityId> = persons.map(|(entity, _)| entity).collect();
        reached.extend(ends(&self.said));
        if !self.withdrawn.is_empty() {
            // What keeps two apart makes no person, and is taken back as well.
            reached.extend(around);
        }
        let mut held = Vec::new();
        if !reached.is_empty() {
            held = read(link::around(tx, &reached).await?)?;
            held.sort_by_key(|link| (link.pair(), link.maker));
        }
        let changed = held != self.held;
        self.held = held;
        if self.is_changing() {
            lock(tx, &self.ends()).await?;
        }
        Ok(changed)
    }

    /// Whether anything is said or taken back.
    pub(super) fn is_changing(&self) -> bool {
        !self.said.is_empty() || !self.withdrawn.is_empty()
    }

    /// Who was one with whom, and who is.
    pub(super) fn ties(&self) -> (Ties, Ties) {
        (Ties::of(&self.held), Ties::of(&self.joined().0))
    }

    /// The links that stay or are said, and those of them that are new.
    fn joined(&self) -> (Vec<Link>, Vec<Link>) {
        let held = self.held.iter();
        let mut links: Vec<Link> = held
            .filter(|link| !self.withdrawn.has(link))
            .cloned()
            .collect();
        let mut news = Vec::new();
        for link in &self.said {
            let is_same = |held: &&mut Link| held.maker == link.maker && held.pair() == link.pair();
            match links.iter_mut().find(is_same) {
                Some(held) if !link.outweighs(held) => continue,
                Some(held) => *held = link.clone(),
                None => links.push(link.clone()),
            }
            news.push(link.clone());
        }
        (links, news)
    }

    /// Writes what was said and what was taken back, and what follows from it.
    pub(super) async fn save(&self, tx: &mut Tx) -> Result<(), ChartError> {
        let (links, news) = self.joined();
        let gone = self.held.iter().filter(|link| self.withdrawn.has(link));
        let gone: Vec<LinkRow> = gone.map(row).collect();
        if news.is_empty() && gone.is_empty() {
            return Ok(());
        }
        if !gone.is_empty() {
            link::remove(tx, &gone).await?;
        }
        let rows: Vec<LinkRow> = news.iter().map(row).collect();
        link::save(tx, &rows).await?;
        let reached: Vec<EntityId> = self.ends().into_iter().collect();
        let persons: Vec<_> = Ties::of(&links).iter().collect();
        link::lead(tx, &reached, &persons).await?;
        Ok(())
    }

    /// All that links reach, or reached.
    pub(super) fn ends(&self) -> BTreeSet<EntityId> {
        let mut all = ends(&self.held);
        all.extend(ends(&self.said));
        all
    }

    /// The last message that said anything.
    pub(super) fn journal(&self) -> Option<JournalId> {
        let said = self.said.iter();
        said.filter_map(|link| link.source.journal).max()
    }
}

fn ends(links: &[Link]) -> BTreeSet<EntityId> {
    links.iter().flat_map(|link| [link.from, link.to]).collect()
}

/// The locks of all that links reach, of patients these are their lanes: a batch that has not got them is
/// begun anew with them. Two batches that tie one thing must see each other's links.
pub(super) async fn lock(tx: &mut Tx, ends: &BTreeSet<EntityId>) -> Result<(), ChartError> {
    let lanes: Vec<LaneId> = ends.iter().map(|end| LaneId(end.0)).collect();
    if lanes::try_lock(tx, &lanes).await? {
        Ok(())
    } else {
        Err(ChartError::NeedsLanes(lanes))
    }
}

/// Who is one with others than before.
pub(super) fn turned<'t>(
    reached: Vec<EntityId>,
    before: &'t Ties,
    after: &'t Ties,
) -> impl Iterator<Item = EntityId> + 't {
    reached.into_iter().filter(move |one| {
        // Whose group changed is folded anew, although its own lead may be the same.
        let group = |ties: &Ties| ties.group(ties.lead(*one)).to_vec();
        before.lead(*one) != after.lead(*one) || group(before) != group(after)
    })
}

fn read(rows: Vec<LinkRow>) -> Result<Vec<Link>, Poison> {
    let link = |row: LinkRow| {
        let (from, to) = if row.from_low {
            (row.low, row.high)
        } else {
            (row.high, row.low)
        };
        let field = row.field.map(|field| field.parse()).transpose();
        Some(Link {
            kind: EntityKind::from_code(row.kind)?,
            from,
            to,
            relation: Relation::from_code(row.relation)?,
            maker: Maker::from_code(row.maker)?,
            source: Source::from_bytes(&row.source).ok()?.into(),
            field: field.ok()?,
        })
    };
    let links: Option<Vec<Link>> = rows.into_iter().map(link).collect();
    links.ok_or(Poison::UnreadableLink)
}

fn row(link: &Link) -> LinkRow {
    let (low, high) = link.pair();
    LinkRow {
        low,
        high,
        kind: link.kind.code(),
        maker: link.maker as i16,
        relation: link.relation as i16,
        from_low: link.from == low,
        stated_at: link.source.stamp.stated,
        journal: link.source.journal,
        field: link.field.map(|field| field.to_string()),
        source: link.source.to_bytes(),
    }
}
