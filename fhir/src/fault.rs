//! What is wrong with a resource, and where.

use std::fmt;

/// One thing that is wrong. It names the place and what to do, never the content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Where, as a `FHIRPath`: `Patient.name[0].use`.
    pub path: String,
    /// Which kind of fault.
    pub code: IssueCode,
    /// What is wrong and what to do about it.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

macro_rules! issue_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal,)*) => {
        /// The kinds of issue, R4 value set `issue-type`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum IssueCode {
            $($(#[$doc])* $variant,)*
        }

        impl IssueCode {
            /// The code as it stands in `OperationOutcome.issue.code`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }
        }
    };
}

issue_codes! {
    /// Content that breaks the specification in a way that no other code says.
    Invalid = "invalid",
    /// An element that R4 doesn't know, a list where one value belongs, and the like.
    Structure = "structure",
    /// An element that must be there is missing.
    Required = "required",
    /// A value that its type doesn't allow.
    Value = "value",
    /// A rule between elements is broken.
    Invariant = "invariant",
    /// Something about who the caller is.
    Security = "security",
    /// The caller must log in.
    Login = "login",
    /// The caller is not known.
    Unknown = "unknown",
    /// The session is over.
    Expired = "expired",
    /// The caller may not do this.
    Forbidden = "forbidden",
    /// Some information was withheld.
    Suppressed = "suppressed",
    /// Processing failed.
    Processing = "processing",
    /// The server does not serve this.
    NotSupported = "not-supported",
    /// There already is one.
    Duplicate = "duplicate",
    /// Several match where one was meant.
    MultipleMatches = "multiple-matches",
    /// There is none.
    NotFound = "not-found",
    /// There was one.
    Deleted = "deleted",
    /// Longer, deeper or larger than the limit.
    TooLong = "too-long",
    /// A code that its value set doesn't have.
    CodeInvalid = "code-invalid",
    /// An extension that can't be accepted.
    Extension = "extension",
    /// The work would cost too much.
    TooCostly = "too-costly",
    /// A rule of this server, not of the standard.
    BusinessRule = "business-rule",
    /// The version named is not the current one.
    Conflict = "conflict",
    /// May pass: the same request can be sent again.
    Transient = "transient",
    /// A lock could not be had.
    LockError = "lock-error",
    /// No store at the moment.
    NoStore = "no-store",
    /// Something broke on this side.
    Exception = "exception",
    /// Took too long.
    Timeout = "timeout",
    /// Could not be completed in time.
    Incomplete = "incomplete",
    /// Too many requests.
    Throttled = "throttled",
    /// Nothing is wrong.
    Informational = "informational",
}
