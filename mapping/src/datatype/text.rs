//! Text as FHIR wants it: never empty, never with control characters.

/// The text, if it says anything.
pub(crate) fn text(sent: &str) -> Option<String> {
    let trimmed = trimmed(sent);
    if trimmed.is_empty() || trimmed == "\"\"" {
        return None;
    }
    if trimmed.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Some(trimmed.to_owned());
    }
    // FHIR R4, datatypes.html#string: no characters below 32 but tab, CR and LF.
    let allowed = |c: &char| !c.is_control() || matches!(c, '\t' | '\r' | '\n');
    if trimmed.chars().all(|c| allowed(&c)) {
        return Some(trimmed.to_owned());
    }
    let clean: String = trimmed.chars().filter(allowed).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// Without the blanks around it. Most texts have none, which two bytes show.
fn trimmed(sent: &str) -> &str {
    match sent.as_bytes() {
        [] => "",
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => sent,
        _ => sent.trim(),
    }
}

/// A code: single spaces inside, none around (FHIR R4, datatypes.html#code).
pub(crate) fn code(sent: &str) -> Option<String> {
    let text = text(sent)?;
    let is_other_space = |c: char| c != ' ' && c.is_whitespace();
    let regular = !text.contains("  ") && !text.contains(is_other_space);
    Some(if regular {
        text
    } else {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_blanks_and_null_say_nothing() {
        assert_eq!(text("  "), None);
        assert_eq!(text("\"\""), None);
        assert_eq!(text(" a\u{1}b "), Some("ab".to_owned()));
        assert_eq!(text("\u{1} a\u{1} "), Some("a".to_owned()));
    }

    #[test]
    fn a_code_has_single_spaces() {
        assert_eq!(code(" a  b\tc "), Some("a b c".to_owned()));
        assert_eq!(code("a\u{a0}b"), Some("a b".to_owned()));
    }
}
