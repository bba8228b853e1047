//! `OperationOutcome`: how every error is told to an app.

use serde_json::{Map, Value, json};

use crate::fault::{Fault, IssueCode};

/// How bad an issue is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The action failed and no further checking was possible.
    Fatal,
    /// The action failed.
    Error,
    /// The action went on.
    Warning,
    /// Nothing is wrong.
    Information,
}

impl Severity {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

/// One issue of an outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issue {
    /// How bad it is.
    pub severity: Severity,
    /// Which kind it is.
    pub code: IssueCode,
    /// What, where and what to do, in words; no patient data.
    pub diagnostics: String,
    /// The `FHIRPath`s of the elements that it is about.
    pub expression: Vec<String>,
}

/// An `OperationOutcome` in the making; it always has an issue, as R4 demands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperationOutcome {
    issues: Vec<Issue>,
}

impl OperationOutcome {
    /// An outcome of one error.
    pub fn error(code: IssueCode, diagnostics: impl Into<String>) -> Self {
        Self::of(Severity::Error, code, diagnostics)
    }

    /// An outcome that says that all is well.
    pub fn information(diagnostics: impl Into<String>) -> Self {
        Self::of(Severity::Information, IssueCode::Informational, diagnostics)
    }

    /// An outcome of one issue.
    pub fn of(severity: Severity, code: IssueCode, diagnostics: impl Into<String>) -> Self {
        let issue = Issue {
            severity,
            code,
            diagnostics: diagnostics.into(),
            expression: Vec::new(),
        };
        Self {
            issues: vec![issue],
        }
    }

    /// An outcome of the faults that [`crate::check()`] found; without faults it says that all is well.
    pub fn from_faults(faults: &[Fault]) -> Self {
        if faults.is_empty() {
            return Self::information("no faults were found");
        }
        Self {
            issues: faults.iter().map(Issue::from).collect(),
        }
    }

    /// Adds an issue.
    #[must_use]
    pub fn with(mut self, issue: Issue) -> Self {
        self.issues.push(issue);
        self
    }

    /// Names the element that the last issue is about.
    #[must_use]
    pub fn at(mut self, expression: impl Into<String>) -> Self {
        if let Some(issue) = self.issues.last_mut() {
            issue.expression.push(expression.into());
        }
        self
    }

    /// The issues.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// The resource as a JSON value.
    pub fn to_value(&self) -> Value {
        let issues: Vec<Value> = self.issues.iter().map(Issue::to_value).collect();
        json!({ "resourceType": "OperationOutcome", "issue": issues })
    }

    /// The resource as JSON text.
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }
}

impl Issue {
    fn to_value(&self) -> Value {
        let mut issue = Map::new();
        issue.insert("severity".into(), self.severity.as_str().into());
        issue.insert("code".into(), self.code.as_str().into());
        // R4: a string is never empty.
        if !self.diagnostics.is_empty() {
            issue.insert("diagnostics".into(), self.diagnostics.clone().into());
        }
        if !self.expression.is_empty() {
            issue.insert("expression".into(), self.expression.clone().into());
        }
        Value::Object(issue)
    }
}

impl From<&Fault> for Issue {
    fn from(fault: &Fault) -> Self {
        Self {
            severity: Severity::Error,
            code: fault.code,
            diagnostics: fault.to_string(),
            expression: vec![fault.path.clone()],
        }
    }
}
