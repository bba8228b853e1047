//! How long to wait before a send is tried again.

use std::time::Duration;

use model::SignedDuration;

/// One wait per retry, growing, each moved by chance so that many deliveries that failed together
/// don't come back together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backoff {
    waits: Vec<Duration>,
}

/// Each wait lies within this share of its nominal length, in percent of it.
const JITTER_PERCENT: std::ops::RangeInclusive<u32> = 80..=120;

impl Backoff {
    /// As many retries as `waits`, whatever their length.
    pub const fn new(waits: Vec<Duration>) -> Self {
        Self { waits }
    }

    /// How many retries follow the first send.
    pub const fn n_retries(&self) -> usize {
        self.waits.len()
    }

    /// The waits, moved by chance; what [`model::Delivery::settle`] takes.
    pub fn draw(&self, rng: &mut impl rand::Rng) -> Vec<SignedDuration> {
        self.waits.iter().map(|wait| jittered(*wait, rng)).collect()
    }
}

impl Default for Backoff {
    /// Five retries within about 20 minutes.
    fn default() -> Self {
        Self::new([5, 15, 60, 300, 900].map(Duration::from_secs).into())
    }
}

/// A wait moved by chance.
pub fn jittered(wait: Duration, rng: &mut impl rand::Rng) -> SignedDuration {
    let moved = wait * rng.random_range(JITTER_PERCENT) / 100;
    SignedDuration::try_from(moved).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn each_wait_stays_near_its_length_and_no_two_draws_are_alike() {
        let mut rng = StdRng::seed_from_u64(1);
        let backoff = Backoff::default();
        let (first, second) = (backoff.draw(&mut rng), backoff.draw(&mut rng));
        assert_ne!(first, second);
        assert_eq!(first.len(), 5);
        for (drawn, nominal) in first.iter().zip([5, 15, 60, 300, 900]) {
            let nominal = SignedDuration::from_secs(nominal);
            assert!(nominal * 4 / 5 <= *drawn && *drawn <= nominal * 6 / 5);
        }
    }
}
