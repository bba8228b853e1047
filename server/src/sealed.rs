//! Files that are handed out and come back: lines of JSON, closed by a seal over all of them, so that
//! neither a changed, removed nor added line goes unseen by who has the chain key.

use std::io::{self, BufRead, Read as _, Write};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::ChainKey;

/// The longest line that is read: the largest message in Base64, and more.
const LINE_BYTES_MAX: u64 = 512 << 20;

/// The last line.
#[derive(Debug, Deserialize, Serialize)]
struct End {
    lines: u64,
    seal: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct Closing {
    end: End,
}

/// Writes a sealed file.
pub struct SealedWriter<W> {
    out: W,
    digest: Sha256,
    n_lines: u64,
}

impl<W: Write> SealedWriter<W> {
    /// Begins with nothing.
    pub fn new(out: W) -> Self {
        Self {
            out,
            digest: Sha256::new(),
            n_lines: 0,
        }
    }

    /// Adds a line.
    pub fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.digest.update(&line);
        self.n_lines += 1;
        self.out.write_all(&line)
    }

    /// Seals what was written; `what` says what kind of file it is.
    pub fn finish(mut self, key: &ChainKey, what: &str) -> io::Result<W> {
        let closing = Closing {
            end: End {
                lines: self.n_lines,
                seal: HEXLOWER.encode(&key.seal(what, &[&self.digest.finalize()])),
            },
        };
        serde_json::to_writer(&mut self.out, &closing)?;
        self.out.write_all(b"\n")?;
        Ok(self.out)
    }
}

impl<W> std::fmt::Debug for SealedWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedWriter({} lines)", self.n_lines)
    }
}

/// What became of a file's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It is there, and the seal fits.
    Whole,
    /// There is none: the file was cut off.
    Cut,
    /// The seal does not fit the lines.
    Forged,
}

/// Reads a sealed file.
pub struct SealedReader<R> {
    input: R,
    digest: Sha256,
    n_lines: u64,
    line: Vec<u8>,
    ending: Option<End>,
}

impl<R: BufRead> SealedReader<R> {
    /// Begins at the first line.
    pub fn new(input: R) -> Self {
        Self {
            input,
            digest: Sha256::new(),
            n_lines: 0,
            line: Vec::new(),
            ending: None,
        }
    }

    /// The next line; none at the end, or where the file breaks off. What is no JSON is an error.
    pub fn next_line(&mut self) -> io::Result<Option<Value>> {
        if self.ending.is_some() {
            return Ok(None);
        }
        self.line.clear();
        let mut line = self.input.by_ref().take(LINE_BYTES_MAX);
        match line.read_until(b'\n', &mut self.line) {
            Ok(_) if self.line.ends_with(b"\n") => {}
            // The end without an end, or half a line.
            Ok(_) => return Ok(None),
            // A compressed file that breaks off.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        if self.line.starts_with(b"{\"end\":") {
            let Closing { end } = serde_json::from_slice(&self.line)?;
            self.ending = Some(end);
            return Ok(None);
        }
        self.digest.update(&self.line);
        self.n_lines += 1;
        Ok(Some(serde_json::from_slice(&self.line)?))
    }

    /// After the last line: whether the seal fits.
    pub fn ending(mut self, key: &ChainKey, what: &str) -> Ending {
        let Some(end) = self.ending else {
            return Ending::Cut;
        };
        let seal = HEXLOWER.encode(&key.seal(what, &[&self.digest.finalize()]));
        // Nothing stands behind the end.
        let rest = self.input.read_until(b'\n', &mut self.line);
        let is_last = matches!(rest, Ok(0));
        if is_last && (end.lines, end.seal) == (self.n_lines, seal) {
            Ending::Whole
        } else {
            Ending::Forged
        }
    }
}

impl<R> std::fmt::Debug for SealedReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedReader({} lines)", self.n_lines)
    }
}

/// Bytes as lower-case hexadecimal digits, in JSON.
pub mod hex {
    use data_encoding::HEXLOWER;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// Writes.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(bytes))
    }

    /// Reads.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        HEXLOWER.decode(text.as_bytes()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: ChainKey = ChainKey::new([7; 32]);

    fn written() -> String {
        let mut out = SealedWriter::new(Vec::new());
        out.line(&json!({"n": 1})).unwrap();
        out.line(&json!({"n": 2})).unwrap();
        String::from_utf8(out.finish(&KEY, "test").unwrap()).unwrap()
    }

    fn ending(text: &str, key: &ChainKey, what: &str) -> Ending {
        let mut lines = SealedReader::new(text.as_bytes());
        while lines.next_line().unwrap().is_some() {}
        lines.ending(key, what)
    }

    #[test]
    fn what_was_written_is_read_and_every_change_shows() {
        let text = written();
        assert_eq!(ending(&text, &KEY, "test"), Ending::Whole);
        assert_eq!(ending(&text, &KEY, "other"), Ending::Forged);
        assert_eq!(
            ending(&text, &ChainKey::new([8; 32]), "test"),
            Ending::Forged
        );
        assert_eq!(
            ending(&text.replace("{\"n\":2}\n", ""), &KEY, "test"),
            Ending::Forged
        );
        assert_eq!(
            ending(&text.replace("\"n\":2", "\"n\":3"), &KEY, "test"),
            Ending::Forged
        );
        assert_eq!(
            ending(&format!("{text}{{\"n\":3}}\n"), &KEY, "test"),
            Ending::Forged
        );
        let cut = text.len() - 5;
        assert_eq!(ending(text.get(..cut).unwrap(), &KEY, "test"), Ending::Cut);
    }
}
