//! `Jr`, `Sr`, `III`: which of the bearers of one name.

/// Which son or daughter of the name: what is written, what it means.
const SUFFIXES: [(&str, &str); 12] = [
    ("JR", "JR"),
    ("JUNIOR", "JR"),
    ("SR", "SR"),
    ("SENIOR", "SR"),
    ("I", "SR"),
    ("II", "II"),
    ("2ND", "II"),
    ("III", "III"),
    ("3RD", "III"),
    ("IV", "IV"),
    ("4TH", "IV"),
    ("V", "V"),
];

/// What a word means as a suffix.
pub(super) fn meaning(word: &str) -> Option<&'static str> {
    let known = SUFFIXES.iter().find(|(written, _)| *written == word);
    known.map(|(_, meaning)| *meaning)
}

/// Whether two suffixes name different generations. `Jr` and `II` are written for each other.
pub(in crate::matching) fn is_other_generation(one: &str, other: &str) -> bool {
    let is_second = |suffix: &str| matches!(suffix, "JR" | "II");
    let is_said = !one.is_empty() && !other.is_empty();
    is_said && one != other && !(is_second(one) && is_second(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junior_and_the_second_are_written_for_each_other() {
        assert!(is_other_generation("JR", "SR") && !is_other_generation("JR", "II"));
        assert!(!is_other_generation("JR", ""));
    }
}
