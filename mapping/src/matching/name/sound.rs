//! How names sound.

use rphonetic::{DoubleMetaphone, Encoder};

use super::joined;

/// How a name sounds; a name in another script sounds as it is written.
pub(in crate::matching) fn sound(name: &str) -> String {
    let letters = joined(name);
    if !letters.is_ascii() {
        return letters;
    }
    let letters: String = letters.chars().filter(char::is_ascii_alphabetic).collect();
    let sound = DoubleMetaphone::default().encode(&letters);
    if sound.is_empty() { letters } else { sound }
}
