//! The separators of one message: MSH-1 and MSH-2 of that very message say them.

/// The characters that structure a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Separators {
    /// MSH-1, `|` by habit.
    pub field: u8,
    /// First character of MSH-2, `^` by habit.
    pub component: u8,
    /// Second character of MSH-2, `~` by habit.
    pub repetition: u8,
    /// Third character of MSH-2, `\` by habit.
    pub escape: u8,
    /// Fourth character of MSH-2, `&` by habit.
    pub subcomponent: u8,
    /// Fifth character of MSH-2, `#` by habit: marks a shortened value (since v2.7).
    pub truncation: Option<u8>,
}

impl Default for Separators {
    fn default() -> Self {
        Self {
            field: b'|',
            component: b'^',
            repetition: b'~',
            escape: b'\\',
            subcomponent: b'&',
            truncation: None,
        }
    }
}

impl Separators {
    /// Reads MSH-1 and MSH-2. A short MSH-2 leaves the missing characters at their habit; more
    /// than five are read as five. `None` if one of the first four can't be a separator.
    pub fn parse(field: u8, msh_2: &[u8]) -> Option<Self> {
        if !can_separate(field) {
            return None;
        }
        let habit = Self::default();
        let at = |position: usize, habit: u8| match msh_2.get(position) {
            None => Some(habit),
            Some(&byte) => can_separate(byte).then_some(byte),
        };
        Some(Self {
            field,
            component: at(0, habit.component)?,
            repetition: at(1, habit.repetition)?,
            escape: at(2, habit.escape)?,
            subcomponent: at(3, habit.subcomponent)?,
            truncation: msh_2.get(4).copied().filter(|&byte| can_separate(byte)),
        })
    }

    /// MSH-2 as it is written.
    pub fn encoding_characters(self) -> impl Iterator<Item = u8> {
        [
            self.component,
            self.repetition,
            self.escape,
            self.subcomponent,
        ]
        .into_iter()
        .chain(self.truncation)
    }

    /// Whether the byte splits a field into parts.
    pub(crate) fn splits_fields(self, byte: u8) -> bool {
        byte == self.component || byte == self.subcomponent || byte == self.repetition
    }
}

/// A letter or digit as a separator means that MSH-1 or MSH-2 is missing, not that somebody
/// separates by letters; a control character or a byte of a multi-byte character can't be meant.
fn can_separate(byte: u8) -> bool {
    byte.is_ascii_punctuation()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_characters_are_the_usual_ones() {
        assert_eq!(
            Separators::parse(b'|', br"^~\&"),
            Some(Separators::default())
        );
    }

    #[test]
    fn the_fifth_character_is_truncation() {
        let separators = Separators::parse(b'|', br"^~\&#").unwrap();
        assert_eq!(separators.truncation, Some(b'#'));
        assert_eq!(
            separators.encoding_characters().collect::<Vec<_>>(),
            br"^~\&#"
        );
    }

    #[test]
    fn a_short_msh_2_keeps_what_it_says_and_defaults_the_rest() {
        let separators = Separators::parse(b'|', b"@").unwrap();
        assert_eq!((separators.component, separators.repetition), (b'@', b'~'));
        assert_eq!(Separators::parse(b'|', b""), Some(Separators::default()));
    }

    #[test]
    fn a_letter_is_no_separator() {
        assert_eq!(Separators::parse(b'A', br"^~\&"), None);
        assert_eq!(Separators::parse(b'|', b"HOME"), None);
    }

    #[test]
    fn text_after_the_fourth_character_is_ignored() {
        assert_eq!(
            Separators::parse(b'|', br"^~\&amp;").unwrap().truncation,
            None
        );
    }
}
