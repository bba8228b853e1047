//! Charts in memory: what messages said of whom, joined. What the store keeps in rows, for those who have
//! no store: one message's bundle, a preview, a test.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::{EntityId, IdentityKey};

use crate::facts::Facts;
use crate::fold::{FoldContext, Folded, Row, Whole, fold, wholes};
use crate::inbound::{EntityKind, Interpretation};
use crate::ties::{Link, Ties};

/// What is known of some entities.
#[derive(Clone, Default, Debug)]
pub struct Chart {
    facts: BTreeMap<(EntityId, EntityId), (EntityKind, Facts)>,
    links: Vec<Link>,
    ties: Ties,
}

impl Chart {
    /// Takes in what a message says.
    pub fn take(&mut self, said: Interpretation) {
        for statement in said.statements {
            let key = (statement.entity, statement.owner);
            let empty = || (statement.kind, Facts::new());
            let (_, facts) = self.facts.entry(key).or_insert_with(empty);
            facts.join(&statement.facts);
        }
        if !said.links.is_empty() {
            self.link(said.links);
        }
    }

    /// Takes in who is who.
    pub fn link(&mut self, links: impl IntoIterator<Item = Link>) {
        self.links.extend(links);
        self.ties = Ties::of(&self.links);
    }

    /// Who is one with whom.
    pub fn ties(&self) -> &Ties {
        &self.ties
    }

    /// Its resources.
    pub fn resources(&self, key: &IdentityKey) -> Vec<Folded> {
        let ties = &self.ties;
        let ctx = FoldContext { key, ties };
        let wholes = self.wholes(key);
        wholes.iter().flat_map(|whole| fold(whole, &ctx)).collect()
    }

    /// What becomes resources.
    pub fn wholes(&self, key: &IdentityKey) -> Vec<Whole<'_>> {
        let rows = self
            .facts
            .iter()
            .map(|((entity, owner), (kind, facts))| Row {
                entity: *entity,
                kind: *kind,
                owner: *owner,
                facts: Cow::Borrowed(facts),
            });
        wholes(rows, &self.ties, key)
    }
}
