//! What is wrong with a profile's text, and where.

use std::fmt;

/// One mistake.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Problem {
    /// Counted from one.
    pub line: usize,
    /// In characters, counted from one.
    pub column: usize,
    /// What is wrong, and what to do.
    pub what: String,
}

/// A profile's text is not a profile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileError {
    /// Every mistake that was found, in the order of the file.
    pub problems: Vec<Problem>,
}

impl ProfileError {
    /// The mistakes as `file:line:column: what`, one per line.
    pub fn in_file(&self, file: impl fmt::Display) -> String {
        let lines: Vec<String> = self
            .problems
            .iter()
            .map(|problem| format!("{file}:{problem}"))
            .collect();
        lines.join("\n")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.what)
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the profile can't be read")?;
        for problem in &self.problems {
            write!(f, "\n{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ProfileError {}
