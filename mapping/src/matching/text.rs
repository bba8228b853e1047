//! Texts in the plain form in which they are compared.

use unicode_normalization::UnicodeNormalization;

/// Four parts as one text, `A^B^C^D`; those at the end that are empty are left out.
pub(super) fn joined(parts: [&str; 4]) -> String {
    parts.join("^").trim_end_matches('^').to_owned()
}

/// The parts that [`joined`] wrote.
pub(super) fn parted(said: &str) -> [String; 4] {
    let mut parts = said.split('^').map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// More than any name or street has; comparing two texts takes time by the product of their lengths.
const CHARS_MAX: usize = 64;

/// Words in upper case without marks, separated by one space: `O'Brien-Núñez` is `OBRIEN NUNEZ`.
pub(super) fn words(sent: &str) -> String {
    let mut words = String::with_capacity(sent.len().min(CHARS_MAX));
    let mut is_apart = false;
    for char in sent.trim().nfkd().take(4 * CHARS_MAX) {
        if char.is_alphanumeric() {
            if is_apart && !words.is_empty() {
                words.push(' ');
            }
            is_apart = false;
            push_upper(char, &mut words);
        } else {
            // Marks and apostrophes belong to their letter.
            is_apart |= char.is_ascii() && !matches!(char, '\'' | '.' | '`');
        }
    }
    cut(&words)
}

/// Letters that are one letter with a stroke, or two, have no decomposition in Unicode.
fn push_upper(char: char, words: &mut String) {
    match char {
        'ß' => words.push_str("SS"),
        'Æ' | 'æ' => words.push_str("AE"),
        'Œ' | 'œ' => words.push_str("OE"),
        'Ø' | 'ø' => words.push('O'),
        'Ł' | 'ł' => words.push('L'),
        'Đ' | 'đ' => words.push('D'),
        _ => words.extend(char.to_uppercase()),
    }
}

fn cut(text: &str) -> String {
    let cut: String = text.chars().take(CHARS_MAX).collect();
    cut.trim_end().to_owned()
}

/// The letters and digits of an identifier, in upper case.
pub(super) fn code(sent: &str) -> String {
    sent.chars()
        .filter(|char| char.is_alphanumeric())
        .take(CHARS_MAX)
        .flat_map(char::to_uppercase)
        .collect()
}

/// The digits.
pub(super) fn digits(sent: &str) -> String {
    sent.chars()
        .filter(char::is_ascii_digit)
        .take(CHARS_MAX)
        .collect()
}

/// Whether all characters are the same.
pub(super) fn is_monotone(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    chars.all(|char| Some(char) == first)
}

/// Texts that differ by one character more, less, other or swapped with its neighbour.
pub(super) fn is_one_slip(one: &str, other: &str) -> bool {
    one != other && one.len().abs_diff(other.len()) <= 4 && strsim::osa_distance(one, other) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_no_case_no_marks_and_no_punctuation() {
        for (sent, expected) in [
            (" O'Brien-Núñez, jr. ", "OBRIEN NUNEZ JR"),
            ("de  la Cruz", "DE LA CRUZ"),
            ("Strauß", "STRAUSS"),
            ("Łukasz", "LUKASZ"),
            ("Иван", "ИВАН"),
            ("\"\"", ""),
        ] {
            assert_eq!(words(sent), expected);
        }
    }

    #[test]
    fn a_slip_is_one_edit_or_one_swap_of_neighbours() {
        assert!(is_one_slip("ROBERT", "ROBRET"));
        assert!(is_one_slip("ROBERT", "ROBRT"));
        assert!(!is_one_slip("ROBERT", "ROBERT"));
        assert!(!is_one_slip("ROBERT", "RUPERT"));
    }
}
