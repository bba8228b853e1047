//! From the bytes of a request to a JSON value, and why they can't be one.

use memchr::{memchr_iter, memchr2};
use serde_json::Value;

use crate::check::MAX_DEPTH;
use crate::{Fault, IssueCode};

/// Reads JSON. Unlike `serde_json` alone it refuses an object that has a name twice, of which one would
/// be dropped without a word. A fault names line and column, never the content.
pub fn parse(body: &[u8]) -> Result<Value, Fault> {
    // RFC 8259 section 8.1 allows to ignore a byte order mark.
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let mut names = Names {
        body,
        at: 0,
        open: Vec::new(),
    };
    let found = names.read();
    let place = |at: usize| {
        let before = body.get(..at).unwrap_or(body);
        let line = memchr_iter(b'\n', before).count() + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        format!("at line {line}, column {column}")
    };
    match found {
        Some(Found::TooDeep(at)) => {
            let what = format!(
                "objects and lists lie more than {MAX_DEPTH} deep inside each other {}",
                place(at)
            );
            return Err(fault(IssueCode::TooLong, what));
        }
        Some(Found::Twice(at)) => {
            let what = format!(
                "an object has the same name twice: the second is {}",
                place(at)
            );
            return Err(fault(IssueCode::Structure, what));
        }
        None => {}
    }
    serde_json::from_slice(body).map_err(|error| {
        // serde_json's own words may quote what stands there.
        let what = if error.is_eof() {
            "the JSON ends too early"
        } else {
            "this is not JSON"
        };
        let what = format!("{what} at line {}, column {}", error.line(), error.column());
        fault(IssueCode::Structure, what)
    })
}

fn fault(code: IssueCode, what: String) -> Fault {
    Fault {
        path: "Resource".into(),
        code,
        what,
    }
}

enum Found {
    TooDeep(usize),
    Twice(usize),
}

/// One pass over the bytes that looks at nothing but names and nesting. What is not JSON at all is
/// left to `serde_json` to refuse.
struct Names<'a> {
    body: &'a [u8],
    at: usize,
    open: Vec<Level<'a>>,
}

/// An open object or list; the names that an object had so far, as they stand between the quotes.
struct Level<'a> {
    is_object: bool,
    awaits_name: bool,
    names: Vec<(&'a [u8], usize)>,
}

impl<'a> Names<'a> {
    fn read(&mut self) -> Option<Found> {
        while let Some(byte) = self.body.get(self.at) {
            let at = self.at;
            self.at += 1;
            match byte {
                b'{' | b'[' => {
                    if self.open.len() == MAX_DEPTH {
                        return Some(Found::TooDeep(at));
                    }
                    let is_object = *byte == b'{';
                    let level = Level {
                        is_object,
                        awaits_name: is_object,
                        names: Vec::new(),
                    };
                    self.open.push(level);
                }
                b'}' | b']' => {
                    if let Some(twice) = self.open.pop().and_then(Level::twice) {
                        return Some(Found::Twice(twice));
                    }
                }
                b',' => {
                    if let Some(level) = self.open.last_mut() {
                        level.awaits_name = level.is_object;
                    }
                }
                b'"' => {
                    let text = self.text()?;
                    if let Some(level) = self.open.last_mut().filter(|level| level.awaits_name) {
                        level.awaits_name = false;
                        level.names.push((text, at));
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// The bytes up to the closing quote, which is passed; `None` when there is none.
    fn text(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        loop {
            let rest = self.body.get(self.at..)?;
            let next = self.at + memchr2(b'"', b'\\', rest)?;
            if self.body.get(next) == Some(&b'"') {
                self.at = next + 1;
                return self.body.get(start..next);
            }
            self.at = next + 2;
        }
    }
}

impl Level<'_> {
    /// Where the second of two equal names stands.
    fn twice(mut self) -> Option<usize> {
        let is_escaped = |(name, _): &(&[u8], usize)| name.contains(&b'\\');
        if self.names.iter().any(is_escaped) {
            let mut plain: Vec<(Vec<u8>, usize)> = self
                .names
                .iter()
                .map(|(name, at)| (unescaped(name), *at))
                .collect();
            return second_of_two(&mut plain);
        }
        second_of_two(&mut self.names)
    }
}

/// Few names are compared each with each, many are sorted: a hostile body has a million.
fn second_of_two<T: Ord>(names: &mut [(T, usize)]) -> Option<usize> {
    const FEW: usize = 24;
    if names.len() > FEW {
        names.sort_unstable();
        let pairs = names.iter().zip(names.iter().skip(1));
        return pairs.filter(|(a, b)| a.0 == b.0).map(|(_, b)| b.1).min();
    }
    let mut rest = &*names;
    while let Some(((name, at), before)) = rest.split_last() {
        if before.iter().any(|(other, _)| other == name) {
            return Some(*at);
        }
        rest = before;
    }
    None
}

/// `\u0069d` is `id`. What can't be read so is left for `serde_json` to refuse.
fn unescaped(name: &[u8]) -> Vec<u8> {
    let quoted: Vec<u8> = [b"\"", name, b"\""].concat();
    serde_json::from_slice(&quoted).map_or_else(|_| name.to_vec(), String::into_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn complaint(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().what
    }

    #[test]
    fn good_json_is_read_as_it_is() {
        let text = "\u{FEFF} {\"a\": [1.10, \"x\\\"y\\\\\", {\"a\": {\"a\": null}}], \"b\": \"{\\\"a\\\":1,\\\"a\\\":2}\"} ";
        let value = parse(text.as_bytes()).unwrap();
        assert_eq!(value["a"][0].to_string(), "1.10");
        assert_eq!(value["b"], "{\"a\":1,\"a\":2}");
        assert_eq!(parse(b"[]").unwrap(), json!([]));
    }

    #[test]
    fn a_name_given_twice_is_refused_with_its_place() {
        assert!(complaint("{\"id\":1,\n \"id\":2}").contains("line 2, column 2"));
        assert!(complaint("[{\"a\":{\"b\":1,\"c\":[],\"b\":2}}]").contains("twice"));
        assert!(complaint("{\"id\":1,\"\\u0069d\":2}").contains("twice"));
        assert!(parse(b"{\"id\":1,\"\\u0069e\":2}").is_ok());
        let many: Vec<String> = (0..100).map(|n| format!("\"n{n}\":1")).collect();
        assert!(parse(format!("{{{}}}", many.join(",")).as_bytes()).is_ok());
        assert!(complaint(&format!("{{{},\"n7\":1}}", many.join(","))).contains("twice"));
    }

    #[test]
    fn what_is_not_json_is_refused_without_its_content() {
        for text in [
            "",
            "{",
            "{\"a\"",
            "\"",
            "\"\\",
            "Marker",
            "{\"a\": Marker}",
            "[1,]",
            "{}{}",
            "}",
            "][",
        ] {
            assert!(!complaint(text).contains("Marker"), "{text}");
        }
        assert!(complaint("{\"a\":\n Marker}").contains("line 2, column 2"));
        assert!(complaint("{\"a\": ").contains("ends too early"));
        assert!(parse(b"{\"a\":\"\xFF\"}").is_err());
    }

    #[test]
    fn two_hundred_levels_are_refused_at_their_place() {
        for (open, close) in [("{\"a\":", "}"), ("[", "]")] {
            let text = format!("{}1{}", open.repeat(200), close.repeat(200));
            assert!(complaint(&text).contains("deep"));
            let text = format!("{}1{}", open.repeat(MAX_DEPTH), close.repeat(MAX_DEPTH));
            assert!(parse(text.as_bytes()).is_ok());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = parse(&body);
        }

        #[test]
        fn what_serde_json_writes_is_read_back(texts in proptest::collection::btree_map("\\PC{0,6}", "\\PC{0,6}", 0..6)) {
            let value = json!(texts);
            prop_assert_eq!(parse(value.to_string().as_bytes()).unwrap(), value);
        }
    }
}
