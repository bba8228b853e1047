//! What lies between a sender and us: networks that reorder and interfaces that resend.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::FeedMessage;

/// The same messages in an order that depends on the seed alone.
pub fn shuffled(mut messages: Vec<FeedMessage>, seed: u64) -> Vec<FeedMessage> {
    messages.shuffle(&mut ChaCha12Rng::seed_from_u64(seed ^ 0x5eed));
    messages
}

/// The messages with some sent again, byte for byte, up to twenty places later. `probability` is
/// between 0 and 1; what lies outside counts as the nearer of the two.
pub fn duplicated(messages: Vec<FeedMessage>, probability: f64, seed: u64) -> Vec<FeedMessage> {
    let mut rng = ChaCha12Rng::seed_from_u64(seed ^ 0xd0b1e);
    let probability = probability.clamp(0.0, 1.0);
    let mut placed: Vec<(usize, FeedMessage)> = Vec::with_capacity(messages.len());
    for (n, message) in messages.into_iter().enumerate() {
        if rng.random_bool(probability) {
            placed.push((n + rng.random_range(1..=20), message.clone()));
        }
        placed.push((n, message));
    }
    // Stable: an original stays before its copy, and equal places keep their order.
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, message)| message).collect()
}
