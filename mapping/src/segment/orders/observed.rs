//! Observations as they stand in a message: each with what follows it, and texts line by line.

use hl7v2::Segment;

use crate::inbound::{Seg, Voice};

use super::super::obx::{self, About, Rest};
use super::super::{prt, unread};
use super::Names;

/// An observation with what follows it.
pub(super) struct Observed<'m> {
    pub(super) obx: Segment<'m>,
    pub(super) notes: Vec<Segment<'m>>,
    pub(super) participants: Vec<Segment<'m>>,
    /// The specimen below which it stands, counted from 0.
    pub(super) specimen: Option<usize>,
}

impl<'m> Observed<'m> {
    pub(super) fn list(&mut self, is_note: bool) -> &mut Vec<Segment<'m>> {
        if is_note {
            &mut self.notes
        } else {
            &mut self.participants
        }
    }

    /// Whether the segment goes on with the text of the one before it.
    fn continues(&self, before: &Self) -> bool {
        let is_text = |it: &Self| matches!(it.obx.field(2).text().trim(), "TX" | "FT");
        let is_same = |n: usize| self.obx.field(n).raw() == before.obx.field(n).raw();
        is_text(self)
            && is_text(before)
            && before.notes.is_empty()
            && before.participants.is_empty()
            && self.specimen == before.specimen
            && is_same(3)
            && is_same(21)
    }
}

/// Runs of segments that make one text each; all others stand alone.
pub(super) fn runs<'o, 'm>(
    observations: &'o [Observed<'m>],
) -> impl Iterator<Item = &'o [Observed<'m>]> {
    observations.chunk_by(|before, next| next.continues(before))
}

/// States a run as an observation of `owner` and gives its name. One without a code has none: it can't
/// be told from others.
pub(super) fn observe<'m>(
    run: &[Observed<'m>],
    about: &About,
    names: &mut Names,
    is_ordered: bool,
    owner: &mut Voice<'_, '_>,
) -> Option<String> {
    let reading = owner.reading;
    let ([first, others @ ..], Some(last)) = (run, run.last()) else {
        return None;
    };
    let Some(name) = obx::name(&first.obx) else {
        for observed in run {
            unread("OBX", observed.obx, reading);
        }
        return None;
    };
    let name = obx::nth(name, owner, &mut names.observations);
    names.n_observations += 1;
    let lines: Vec<Segment<'m>> = others.iter().map(|observed| observed.obx).collect();
    let rest = Rest {
        lines: &lines,
        notes: &last.notes,
        order: is_ordered.then_some(names.n_observations),
    };
    let seg = Seg::new("OBX", first.obx);
    obx::state(&seg, about, &name, &rest, owner);
    seg.close(reading);
    prt::of_observation(&last.participants, owner);
    Some(name)
}
