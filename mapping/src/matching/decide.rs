//! What becomes of an identity that may be somebody who is known.

use super::score::Score;
use super::weights::Thresholds;

/// An identity that may be the same person.
#[derive(Clone, Debug)]
pub struct Candidate<'s, P> {
    /// Tells the persons of candidates apart: identities that are linked have the same.
    pub person: P,
    /// How much it agrees with the identity that is decided about.
    pub score: &'s Score,
    /// The most points that it has without a veto with anybody else, that is with an identity that is
    /// neither decided about nor of its own person.
    pub rival: Option<i32>,
}

/// What becomes of the identity. Numbers are places in the list of candidates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It is that one's person.
    Link(usize),
    /// A person must look; the best candidate first.
    Review(Vec<usize>),
    /// It is nobody who is known.
    New,
}

/// Links only the mutual best: above the threshold, by a margin before everybody else from both sides,
/// without a veto against any identity of that person. Everything else above the lower threshold is
/// left to people.
pub fn decide<P: PartialEq>(candidates: &[Candidate<'_, P>], thresholds: &Thresholds) -> Decision {
    let mut likely: Vec<(usize, &Candidate<'_, P>)> = candidates
        .iter()
        .enumerate()
        .filter(|(_, candidate)| thresholds.review <= candidate.score.total)
        .collect();
    // Equal ones keep their order: a decision is a review then.
    likely.sort_by_key(|(_, candidate)| -candidate.score.total);
    let Some(&(at, best)) = likely.first() else {
        return Decision::New;
    };
    if thresholds.automatic && is_clear(best, candidates, thresholds) {
        return Decision::Link(at);
    }
    Decision::Review(likely.into_iter().map(|(at, _)| at).collect())
}

fn is_clear<P: PartialEq>(
    best: &Candidate<'_, P>,
    candidates: &[Candidate<'_, P>],
    thresholds: &Thresholds,
) -> bool {
    let total = best.score.total;
    let is_far = |points: i32| points <= total.saturating_sub(thresholds.margin);
    let (own, others): (Vec<_>, Vec<_>) = candidates
        .iter()
        .partition(|candidate| candidate.person == best.person);
    let is_vetoed = own.iter().any(|candidate| candidate.score.veto.is_some());
    // Whom a veto excludes is no rival, however near: that is the other twin.
    let is_alone = others
        .iter()
        .all(|candidate| candidate.score.veto.is_some() || is_far(candidate.score.total));
    let is_free = own
        .iter()
        .all(|candidate| candidate.rival.is_none_or(is_far));
    thresholds.link <= total && !is_vetoed && is_alone && is_free
}
