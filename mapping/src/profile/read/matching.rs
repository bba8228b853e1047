//! `[matching]`: from how many points on two identities are one person, and what is worth how many.

use crate::matching::What;

use super::super::Profile;
use super::super::tree::{Mistakes, Node};

const KEYS: [&str; 5] = ["automatic", "link", "review", "margin", "weights"];

pub(super) fn matching<'t>(profile: &mut Profile, node: &Node<'t>, mistakes: &mut Mistakes<'t>) {
    let Some(table) = mistakes.table("matching", node) else {
        return;
    };
    let thresholds = &mut profile.matching.thresholds;
    for (key, node) in table {
        let word: &str = key.get_ref();
        let points = match word {
            "automatic" => {
                if let Some(flag) = mistakes.flag(word, node) {
                    thresholds.automatic = flag;
                }
                continue;
            }
            "link" => &mut thresholds.link,
            "review" => &mut thresholds.review,
            "margin" => &mut thresholds.margin,
            "weights" => continue,
            _ => {
                mistakes.unknown(key.span(), "key", word, KEYS.into_iter());
                continue;
            }
        };
        if let Some(new) = mistakes.points(word, node) {
            *points = new;
        }
    }
    if thresholds.link < thresholds.review {
        mistakes.add(
            node.span(),
            "`link` is below `review`: what is linked is sure, what is reviewed is not",
        );
    }
    if thresholds.margin < 0 {
        mistakes.add(
            node.span(),
            "`margin` is how far behind others are; it is 0 or more",
        );
    }
    if let Some((_, node)) = table.get_key_value("weights") {
        weights(profile, node, mistakes);
    }
}

fn weights<'t>(profile: &mut Profile, node: &Node<'t>, mistakes: &mut Mistakes<'t>) {
    let Some(table) = mistakes.table("weights", node) else {
        return;
    };
    for (key, node) in table {
        let word: &str = key.get_ref();
        let Some(what) = What::named(word) else {
            let known = What::ALL.into_iter().map(What::as_str);
            mistakes.unknown(key.span(), "weight", word, known);
            continue;
        };
        if let Some(points) = mistakes.points(word, node) {
            profile.matching.weights.set(what, points);
        }
    }
}
