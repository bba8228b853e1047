//! Slips of the pen, of the ear and of the eye.

use rand::Rng;
use rand::seq::IndexedRandom;

/// Letters that are beside each other on a keyboard.
const NEIGHBOURS: [(char, &str); 26] = [
    ('a', "qsz"),
    ('b', "vgn"),
    ('c', "xdv"),
    ('d', "sfe"),
    ('e', "wrd"),
    ('f', "dgr"),
    ('g', "fht"),
    ('h', "gjy"),
    ('i', "uok"),
    ('j', "hku"),
    ('k', "jli"),
    ('l', "ko"),
    ('m', "n"),
    ('n', "bm"),
    ('o', "ipl"),
    ('p', "o"),
    ('q', "wa"),
    ('r', "etf"),
    ('s', "adw"),
    ('t', "ryg"),
    ('u', "yij"),
    ('v', "cbf"),
    ('w', "qes"),
    ('x', "zcs"),
    ('y', "tuh"),
    ('z', "xa"),
];

/// What is heard, and read, for each other.
const CONFUSED: [(&str, &str); 14] = [
    ("ph", "f"),
    ("ck", "k"),
    ("ei", "ie"),
    ("ll", "l"),
    ("nn", "n"),
    ("tt", "t"),
    ("y", "i"),
    ("ea", "ee"),
    ("ou", "u"),
    ("c", "k"),
    ("s", "z"),
    ("rn", "m"),
    ("cl", "d"),
    ("ss", "s"),
];

/// A word with one slip, spread as FEBRL spreads them.
pub(super) fn word(sent: &str, rng: &mut impl Rng) -> String {
    let mut chars: Vec<char> = sent.chars().collect();
    if chars.len() < 2 {
        return sent.to_owned();
    }
    if rng.random_bool(0.2) {
        return confused(sent, rng);
    }
    // The first letter is rarely wrong.
    let first = usize::from(rng.random_bool(0.9));
    let at = rng.random_range(first..chars.len());
    match rng.random_range(0..100) {
        0..25 => {
            chars.remove(at);
        }
        25..45 => {
            let letter = rng.random_range(b'a'..=b'z');
            chars.insert(at, char::from(letter));
        }
        45..75 => {
            let near = chars.get(at).map_or('e', |&char| beside(char, rng));
            if let Some(held) = chars.get_mut(at) {
                *held = near;
            }
        }
        _ => {
            let at = at.min(chars.len() - 2);
            chars.swap(at, at + 1);
        }
    }
    chars.into_iter().collect()
}

fn beside(char: char, rng: &mut impl Rng) -> char {
    let row = NEIGHBOURS
        .iter()
        .find(|(key, _)| *key == char.to_ascii_lowercase());
    let keys: Vec<char> = row.map_or("e", |(_, keys)| keys).chars().collect();
    keys.choose(rng).copied().unwrap_or('e')
}

fn confused(sent: &str, rng: &mut impl Rng) -> String {
    let fits: Vec<&(&str, &str)> = CONFUSED
        .iter()
        .filter(|(from, _)| sent.contains(from))
        .collect();
    fits.choose(rng)
        .map_or_else(|| sent.to_owned(), |(from, to)| sent.replacen(from, to, 1))
}

/// A number with one digit wrong, or two swapped.
pub(super) fn digits(sent: &str, rng: &mut impl Rng) -> String {
    let mut digits: Vec<char> = sent.chars().collect();
    if digits.len() < 2 {
        return sent.to_owned();
    }
    let at = rng.random_range(0..digits.len() - 1);
    if rng.random_bool(0.4) {
        digits.swap(at, at + 1);
    } else if let Some(digit) = digits.get_mut(at) {
        *digit = char::from(rng.random_range(b'0'..=b'9'));
    }
    digits.into_iter().collect()
}
