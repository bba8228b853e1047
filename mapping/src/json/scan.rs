//! Splits JSON that we wrote: no white space outside texts, no escapes in names.

use memchr::memchr2;

/// An object's members in the order in which they stand; empty objects and lists, which stand for
/// required elements that a fragment leaves out, are skipped.
pub(crate) fn members(object: &str) -> Members<'_> {
    Members::of(object, None)
}

/// One member of an object.
pub(crate) fn element<'t>(object: &'t str, named: &str) -> Option<&'t str> {
    let (_, value) = members(object).find(|(name, _)| *name == named)?;
    Some(value)
}

/// See [`members`].
pub(crate) struct Members<'t> {
    rest: &'t str,
    /// Where the rest begins.
    start: usize,
    commas: Option<std::slice::Iter<'t, usize>>,
}

impl<'t> Members<'t> {
    /// The members of an object, with the places of the commas between them where they are known.
    pub(crate) fn of(object: &'t str, commas: Option<&'t [usize]>) -> Self {
        let inside = object
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        Self {
            rest: inside.unwrap_or_default(),
            start: 1,
            commas: commas.map(<[usize]>::iter),
        }
    }

    /// The next member as it stands.
    fn text(&mut self) -> Option<&'t str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = match &mut self.commas {
            Some(commas) => commas.next().map(|comma| comma - self.start),
            None => comma(self.rest.as_bytes()),
        };
        let end = end.unwrap_or(self.rest.len());
        let text = self.rest.get(..end)?;
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        self.start += end + 1;
        Some(text)
    }
}

impl<'t> Iterator for Members<'t> {
    type Item = (&'t str, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (name, value) = member(self.text()?)?;
            if !matches!(value, "{}" | "[]") {
                return Some((name, value));
            }
        }
    }
}

/// A member's name and value.
fn member(member: &str) -> Option<(&str, &str)> {
    let rest = member.strip_prefix('"')?;
    let end = rest.bytes().position(|byte| byte == b'"')?;
    Some((rest.get(..end)?, rest.get(end + 2..)?))
}

/// The elements of a list or object that stands without its brackets: split where a comma is neither
/// inside an element nor inside a text.
pub(crate) fn elements(inside: &str) -> Elements<'_> {
    Elements { rest: inside }
}

/// See [`elements`].
pub(crate) struct Elements<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Elements<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        if self.rest.is_empty() {
            return None;
        }
        let (element, rest) = match comma(self.rest.as_bytes()) {
            Some(at) => {
                let (element, rest) = self.rest.split_at(at);
                (element, rest.get(1..).unwrap_or_default())
            }
            None => (self.rest, ""),
        };
        self.rest = rest;
        Some(element)
    }
}

/// Where the first comma outside of everything stands.
fn comma(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_u32);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_text(bytes, at + 1)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where the quote that ends a text stands; `at` is behind the one that begins it.
fn end_of_text(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let next = at + memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(next) == Some(&b'"') {
            return Some(next);
        }
        at = next + 2;
    }
}

/// A list without its brackets; none if nothing is in it.
pub(crate) fn inside_of_list(list: &str) -> Option<&str> {
    let inside = list.strip_prefix('[')?.strip_suffix(']')?;
    (!inside.is_empty()).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_hide_what_stands_in_them() {
        let object = r#"{"a":"x,\"}]","b":[1,{"c":"\\"}],"d":{},"e":2}"#;
        assert_eq!(
            members(object).collect::<Vec<_>>(),
            [("a", r#""x,\"}]""#), ("b", r#"[1,{"c":"\\"}]"#), ("e", "2")]
        );
    }
}
