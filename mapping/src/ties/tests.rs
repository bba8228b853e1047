use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::facts::Stamp;

fn entity(n: u8) -> EntityId {
    EntityId(Uuid::from_u128(u128::from(n)))
}

fn link(from: u8, relation: Relation, to: u8, at: i64) -> Link {
    made(Maker::Message, from, relation, to, at)
}

fn made(maker: Maker, from: u8, relation: Relation, to: u8, at: i64) -> Link {
    let stamp = Stamp {
        stated: Timestamp::from_second(at).unwrap(),
        sequence: None,
        sent: None,
        control_id: String::new(),
        digest: 0,
    };
    Link {
        kind: EntityKind::Patient,
        from: entity(from),
        to: entity(to),
        relation,
        maker,
        source: Arc::new(Source {
            stamp,
            journal: None,
            mapping: 0,
        }),
        field: None,
    }
}

fn leads(links: &[Link]) -> Vec<(u8, u8)> {
    let ties = Ties::of(links);
    let number = |id: EntityId| u8::try_from(id.0.as_u128()).unwrap();
    ties.iter()
        .map(|(one, lead)| (number(one), number(lead)))
        .collect()
}

use Relation::{Apart, Merged, Moved, Same};

#[test]
fn a_chain_of_merges_ends_at_its_last_link_in_any_order() {
    let expected = vec![(1, 3), (2, 3), (3, 3)];
    assert_eq!(
        leads(&[link(1, Merged, 2, 10), link(2, Merged, 3, 20)]),
        expected
    );
    assert_eq!(
        leads(&[link(1, Merged, 2, 20), link(2, Merged, 3, 10)]),
        expected
    );
}

#[test]
fn of_two_merges_of_the_same_two_the_later_counts() {
    let links = [link(1, Merged, 2, 10), link(2, Merged, 1, 20)];
    // A store keeps one; whoever has both gets the same.
    assert_eq!(leads(&links), [(1, 1), (2, 1)]);
}

#[test]
fn what_was_merged_into_two_makes_them_one() {
    let links = [link(1, Merged, 2, 10), link(1, Merged, 3, 20)];
    assert_eq!(leads(&links), [(1, 3), (2, 3), (3, 3)]);
}

#[test]
fn what_was_moved_leaves_where_it_was() {
    let links = [link(1, Merged, 2, 10), link(1, Moved, 3, 20)];
    assert_eq!(leads(&links), [(1, 3), (3, 3)]);
}

#[test]
fn linked_records_lead_to_the_smallest_id() {
    assert_eq!(
        leads(&[link(2, Same, 1, 10), link(3, Same, 2, 5)]),
        [(1, 1), (2, 1), (3, 1)]
    );
}

#[test]
fn a_merge_leads_linked_records() {
    let links = [link(3, Merged, 2, 10), link(2, Same, 1, 20)];
    assert_eq!(leads(&links), [(1, 2), (2, 2), (3, 2)]);
}

#[test]
fn a_link_that_is_taken_back_leaves_nothing() {
    assert!(leads(&[link(1, Merged, 2, 10), link(1, Apart, 2, 20)]).is_empty());
    assert_eq!(
        leads(&[link(1, Apart, 2, 10), link(2, Merged, 1, 20)]),
        [(1, 1), (2, 1)]
    );
}

#[test]
fn a_match_counts_only_where_nobody_spoke() {
    let found = made(Maker::Match, 1, Same, 2, 99);
    assert_eq!(leads(std::slice::from_ref(&found)), [(1, 1), (2, 1)]);
    let kept = made(Maker::Person, 1, Apart, 2, 10);
    assert!(leads(&[found.clone(), kept.clone()]).is_empty());
    let others = [
        made(Maker::Match, 1, Same, 3, 5),
        made(Maker::Match, 3, Same, 2, 6),
        kept,
    ];
    assert_eq!(
        leads(&others),
        [(1, 1), (3, 1)],
        "no match brings together what is kept apart"
    );
}

#[test]
fn a_decision_that_is_taken_back_leaves_what_others_say() {
    let merged = link(1, Merged, 2, 10);
    let apart = made(Maker::Person, 1, Apart, 2, 20);
    let back = made(Maker::Person, 1, Relation::Nothing, 2, 30);
    assert!(leads(&[merged.clone(), apart]).is_empty());
    assert_eq!(leads(&[merged, back.clone()]), [(1, 2), (2, 2)]);
    let same = made(Maker::Person, 1, Same, 2, 20);
    assert!(
        leads(&[same, back]).is_empty(),
        "of one person the latest counts"
    );
}

#[test]
fn who_was_merged_away_is_retired() {
    let links = [link(1, Merged, 2, 10), link(3, Same, 2, 20)];
    let ties = Ties::of(&links);
    assert!(ties.tie(entity(1)).unwrap().retired);
    assert!(!ties.tie(entity(3)).unwrap().retired);
    assert!(ties.tie(entity(2)).is_none(), "it leads");
    assert_eq!(ties.group(entity(2)), [entity(2), entity(1), entity(3)]);
}

fn any_link() -> impl Strategy<Value = Link> {
    let nothing = Just(Relation::Nothing);
    let relation = prop_oneof![Just(Apart), Just(Same), Just(Merged), Just(Moved), nothing];
    let maker = prop_oneof![
        Just(Maker::Match),
        Just(Maker::Message),
        Just(Maker::Person)
    ];
    (0_u8..8, 1_u8..8, relation, maker, 0_i64..6).prop_map(|(from, off, relation, maker, at)| {
        made(maker, from, relation, (from + off) % 8, at)
    })
}

proptest! {
    /// Whatever messages say, in whatever order it comes.
    #[test]
    fn the_order_of_links_has_no_part(
        links in prop::collection::vec(any_link(), 0..12),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        seed in any::<u64>(),
    ) {
        let mut other = links.clone();
        if !links.is_empty() {
            other.extend(again.iter().map(|at| at.get(&links).clone()));
        }
        let n_links = other.len().max(1);
        for at in 0..other.len() {
            let to = usize::try_from(seed.rotate_left(u32::try_from(at).unwrap()) % 1000).unwrap() % n_links;
            other.swap(at, to);
        }
        prop_assert_eq!(leads(&links), leads(&other));
    }

    /// What the store keeps is enough: of each two the latest statement of each maker.
    #[test]
    fn what_a_maker_said_before_has_no_part(links in prop::collection::vec(any_link(), 0..12)) {
        let mut kept: Vec<Link> = Vec::new();
        for link in &links {
            let is_same = |held: &&mut Link| held.pair() == link.pair() && held.maker == link.maker;
            match kept.iter_mut().find(is_same) {
                Some(held) if !link.outweighs(held) => {}
                Some(held) => *held = link.clone(),
                None => kept.push(link.clone()),
            }
        }
        prop_assert_eq!(leads(&links), leads(&kept));
    }

    /// A lead leads itself, and a group holds whom it leads.
    #[test]
    fn leads_lead_themselves(links in prop::collection::vec(any_link(), 0..12)) {
        let ties = Ties::of(&links);
        for (one, lead) in ties.iter() {
            prop_assert_eq!(ties.lead(lead), lead);
            prop_assert!(ties.group(lead).contains(&one));
        }
    }
}
