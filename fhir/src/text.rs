//! The form in which strings are searched.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower-case, without accents, white space folded to single spaces, trimmed: two strings that
/// search shall not tell apart become one (R4 search.html#string).
pub fn normalise(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        if word.is_ascii() {
            folded.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            fold_word(word, &mut folded);
        }
    }
    folded
}

/// Decomposed, so that marks can be dropped; the few letters that do not decompose by hand.
fn fold_word(word: &str, folded: &mut String) {
    for c in word
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
    {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            'þ' => folded.push_str("th"),
            // Lower-casing 'İ' gives a mark of its own.
            c if is_combining_mark(c) || c.is_control() => {}
            c => folded.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_spaces_make_no_difference() {
        let cases = [
            ("Müller", "muller"),
            ("  Anna\t Maria ", "anna maria"),
            ("O'Brien", "o'brien"),
            ("Łukasz Øre", "lukasz ore"),
            ("STRASSE", "strasse"),
            ("Straße", "strasse"),
            ("İstanbul", "istanbul"),
            ("", ""),
            ("   ", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(normalise(text), expected);
        }
    }
}
