//! How often something was so at each place of a message.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use mapping::facts::Place;

/// Places that are told apart; the rest counts as one, because places come from senders.
const PLACES_MAX: usize = 512;

/// What stands for the rest, and for what is no segment at all.
const OTHER: &str = "other";

/// Counters by place. No value ever gets here.
#[derive(Default, Debug)]
pub struct Places(Mutex<BTreeMap<String, u64>>);

impl Places {
    /// One more at each place.
    pub fn count(&self, places: impl Iterator<Item = Place>) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for place in places {
            let label = if mapping::is_segment(place.segment()) {
                place.to_string()
            } else {
                OTHER.to_owned()
            };
            let is_new = !counted.contains_key(&label);
            let label = if is_new && PLACES_MAX <= counted.len() {
                OTHER.to_owned()
            } else {
                label
            };
            *counted.entry(label).or_default() += 1;
        }
    }

    /// Every place with its number.
    pub fn each(&self) -> Vec<(String, u64)> {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted
            .iter()
            .map(|(place, n)| (place.clone(), *n))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_segment_is_not_a_label() {
        let places = Places::default();
        let counted = [("PID", 28), ("ZZ1", 2), ("DOE", 1), ("PID", 28)];
        places.count(
            counted
                .into_iter()
                .map(|(segment, n)| Place::new(segment, n)),
        );
        let expected = [("PID-28", 2), ("ZZ1-2", 1), ("other", 1)];
        assert_eq!(
            places.each(),
            expected.map(|(place, n)| (place.to_owned(), n))
        );
    }

    #[test]
    fn labels_are_bounded() {
        let places = Places::default();
        let of = |digit: char| (1..=200).map(move |n| Place::new(&format!("ZZ{digit}"), n));
        places.count("0123456789".chars().flat_map(of));
        assert_eq!(places.each().len(), PLACES_MAX + 1);
    }
}
