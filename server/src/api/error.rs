//! Every error of the FHIR face, and the one place where it becomes a status and an
//! `OperationOutcome`.

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fhir::search::SearchError;
use fhir::{Fault, IssueCode, OperationOutcome, ResourceType};
use store::StoreError;

use super::media;
use crate::door::Refusal;

/// Why a request has no better answer. It names places and ids, never a value that was sent.
#[derive(Debug, thiserror::Error)]
pub enum FhirError {
    /// The door stays shut.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The path names no tenant that the caller can see.
    #[error(
        "there is no FHIR service here: the base is /fhir, or /TENANT/fhir with a token of that tenant"
    )]
    UnknownBase,
    /// The path is none of FHIR's.
    #[error(
        "no FHIR interaction has this path: [base]/metadata, [base]/Type, [base]/Type/id, [base]/Type/id/_history and [base]/Type/id/_history/version have one"
    )]
    UnknownPath,
    /// The path is outside everything that is served.
    #[error(
        "nothing is served here: FHIR is at /fhir, health at /health/live and /health/ready, metrics at /metrics"
    )]
    UnknownRoute,
    /// A place that a later release fills.
    #[error(
        "{what} is not served by this release; tokens come from the command 'drawbridge token'"
    )]
    NotYet {
        /// What would be here.
        what: &'static str,
    },
    /// Not a resource type, or one that this server does not have.
    #[error("this server has no resource type of that name; it has {known}")]
    UnknownType {
        /// The types that it has.
        known: String,
    },
    /// The type is served, this is not.
    #[error("{method} is not served here; allowed: {allow}")]
    NotServed {
        /// What was asked for.
        method: Method,
        /// The methods that are served.
        allow: &'static str,
    },
    /// The EMR owns this type.
    #[error(
        "{kind} comes from the EMR: apps may read it, not write it. Change it in the EMR, whose next message changes it here"
    )]
    EmrOwned {
        /// The type.
        kind: ResourceType,
    },
    /// The server owns this type.
    #[error("{kind} is written by the server itself: apps may read it, not write it")]
    ServerOwned {
        /// The type.
        kind: ResourceType,
    },
    /// No such resource, or none that the caller may see: which of these is not told.
    #[error("there is no {kind} with this id that you may see")]
    NotFound {
        /// The type.
        kind: ResourceType,
    },
    /// No such review.
    #[error("there is no review of this number; GET /TENANT/review lists the open ones")]
    UnknownReview,
    /// It was decided by somebody else, or never decided.
    #[error("the review is not in that state any more: look at it again")]
    ReviewNotOpen,
    /// No such version.
    #[error("this {kind} has no version of that number; GET {kind}/id/_history lists them")]
    NoVersion {
        /// The type.
        kind: ResourceType,
    },
    /// It was deleted.
    #[error("this {kind} was deleted; GET {kind}/id/_history shows what it was")]
    Gone {
        /// The type.
        kind: ResourceType,
        /// The version that deleted it.
        version: i32,
    },
    /// The caller takes nothing that we have.
    #[error(
        "this server answers application/fhir+json only: say so in Accept or _format, or leave both out"
    )]
    NotAcceptable,
    /// The body is in another format.
    #[error("the body must be application/fhir+json: say so in Content-Type")]
    UnsupportedMediaType,
    /// The parameters of a search are in another format.
    #[error(
        "the parameters of a search by POST must be application/x-www-form-urlencoded: say so in Content-Type"
    )]
    UnsupportedForm,
    /// The body can't be read as JSON.
    #[error("the body can't be read: {}", .0.what)]
    Unreadable(Fault),
    /// The connection broke in the middle of the body.
    #[error("the body broke off: send it again")]
    BrokenOff,
    /// The body is larger than the limit.
    #[error(
        "the body is larger than {limit} bytes, the largest that is taken (http.body_bytes_max)"
    )]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// An attachment is larger than the limit.
    #[error(
        "the attachment at {path} is larger than {limit} bytes, the largest that is taken inline"
    )]
    AttachmentTooLarge {
        /// Where it stands.
        path: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The resource is not as R4 or this server's rules demand.
    #[error("the resource has {} faults", .0.len())]
    Invalid(Vec<Fault>),
    /// A search parameter is wrong.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// Several parameters of a search are wrong, or one beside the search proper.
    #[error("{what}")]
    BadRequest {
        /// What is wrong and what would be right.
        what: String,
    },
    /// If-None-Exist found several.
    #[error(
        "several resources match If-None-Exist, so it can't say which one is meant: make it narrower"
    )]
    MultipleMatches,
    /// If-None-Exist found one that the caller may not see.
    #[error("something that you may not see matches If-None-Exist: nothing was stored")]
    HiddenMatch,
    /// It took too long.
    #[error(
        "the request took longer than {seconds} s and was given up; nothing was written unless an answer said so"
    )]
    Timeout {
        /// The limit.
        seconds: u64,
    },
    /// The body came too slowly.
    #[error("the body did not arrive within {seconds} s: send it again")]
    SlowBody {
        /// The limit.
        seconds: u64,
    },
    /// It is not known whether a write happened.
    #[error(
        "the connection to the database broke in the middle of the commit: it may have been stored. Look for it, or send it again with If-None-Exist"
    )]
    UnknownOutcome,
    /// Too much at once.
    #[error("the server has as much to do as it can take: send the request again in a moment")]
    Overloaded,
    /// The search is too expensive.
    #[error("the search took too long and was given up: make it narrower, for example by patient")]
    TooCostly,
    /// The database is away.
    #[error("the database can't be reached: send the request again in a moment")]
    Unavailable,
    /// Something broke on this side; the log has it.
    #[error(
        "something broke on this side; the server's log has it under the answer's X-Request-Id"
    )]
    Broken,
}

impl FhirError {
    /// The status; this is the only place of this face that chooses one for an error.
    pub const fn status(&self) -> StatusCode {
        self.kind().0
    }

    /// Status and issue type of each error.
    const fn kind(&self) -> (StatusCode, IssueCode) {
        use Refusal::{InsufficientScope, InvalidToken, NoToken, SeveralTokens, TokenInUrl};
        match self {
            Self::Refused(NoToken | InvalidToken) => (StatusCode::UNAUTHORIZED, IssueCode::Login),
            Self::Refused(TokenInUrl | SeveralTokens) => {
                (StatusCode::BAD_REQUEST, IssueCode::Security)
            }
            Self::Refused(InsufficientScope { .. })
            | Self::EmrOwned { .. }
            | Self::ServerOwned { .. } => (StatusCode::FORBIDDEN, IssueCode::Forbidden),
            Self::UnknownBase
            | Self::UnknownPath
            | Self::UnknownRoute
            | Self::NotFound { .. }
            | Self::UnknownReview
            | Self::NoVersion { .. } => (StatusCode::NOT_FOUND, IssueCode::NotFound),
            Self::NotYet { .. } | Self::UnknownType { .. } => {
                (StatusCode::NOT_FOUND, IssueCode::NotSupported)
            }
            Self::NotServed { .. } => (StatusCode::METHOD_NOT_ALLOWED, IssueCode::NotSupported),
            Self::ReviewNotOpen => (StatusCode::CONFLICT, IssueCode::Conflict),
            Self::Gone { .. } => (StatusCode::GONE, IssueCode::Deleted),
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, IssueCode::NotSupported),
            Self::UnsupportedMediaType | Self::UnsupportedForm => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, IssueCode::NotSupported)
            }
            Self::Unreadable(fault) => (StatusCode::BAD_REQUEST, fault.code),
            Self::BrokenOff => (StatusCode::BAD_REQUEST, IssueCode::Incomplete),
            Self::Search(_) | Self::BadRequest { .. } => {
                (StatusCode::BAD_REQUEST, IssueCode::Invalid)
            }
            Self::TooLarge { .. } | Self::AttachmentTooLarge { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, IssueCode::TooLong)
            }
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, IssueCode::Structure),
            Self::MultipleMatches => (StatusCode::PRECONDITION_FAILED, IssueCode::MultipleMatches),
            Self::HiddenMatch => (StatusCode::PRECONDITION_FAILED, IssueCode::Duplicate),
            Self::SlowBody { .. } => (StatusCode::REQUEST_TIMEOUT, IssueCode::Timeout),
            Self::Timeout { .. } => (StatusCode::SERVICE_UNAVAILABLE, IssueCode::Timeout),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, IssueCode::Throttled),
            Self::TooCostly => (StatusCode::SERVICE_UNAVAILABLE, IssueCode::TooCostly),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, IssueCode::Transient),
            Self::UnknownOutcome => (StatusCode::INTERNAL_SERVER_ERROR, IssueCode::Incomplete),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, IssueCode::Exception),
        }
    }

    fn outcome(&self) -> OperationOutcome {
        if let Self::Invalid(faults) = self {
            return OperationOutcome::from_faults(faults);
        }
        let (_, code) = self.kind();
        let outcome = OperationOutcome::error(code, self.to_string());
        if let Self::AttachmentTooLarge { path, .. } = self {
            return outcome.at(path);
        }
        if let Self::Search(error) = self {
            return outcome.at(format!("http.{}", error.param));
        }
        outcome
    }

    /// What a caller's machine needs beside the status.
    fn hint(&self) -> Option<(header::HeaderName, HeaderValue)> {
        if let Self::Refused(refusal) = self {
            let challenge = HeaderValue::from_str(&refusal.challenge()).ok()?;
            return Some((header::WWW_AUTHENTICATE, challenge));
        }
        if let Self::NotServed { allow, .. } = self {
            return Some((header::ALLOW, HeaderValue::from_static(allow)));
        }
        if let Self::Gone { version, .. } = self {
            return Some((header::ETAG, super::version::etag(*version)));
        }
        let passes = matches!(self, Self::Overloaded | Self::Unavailable);
        passes.then(|| (header::RETRY_AFTER, HeaderValue::from_static("1")))
    }
}

impl From<StoreError> for FhirError {
    /// A store's failure becomes an answer, and is logged, here.
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::UnknownCommit) {
            tracing::error!(%error, "a write");
            return Self::UnknownOutcome;
        }
        // 57014: the statement ran into its time-out.
        if matches!(&error, StoreError::Refused { code, .. } if code == "57014") {
            tracing::warn!(%error, "a query took too long");
            return Self::TooCostly;
        }
        if error.is_transient() {
            tracing::warn!(%error, "the store can't answer");
            return Self::Unavailable;
        }
        tracing::error!(%error, "the store failed");
        Self::Broken
    }
}

impl IntoResponse for FhirError {
    fn into_response(self) -> Response {
        let body = self.outcome().to_json();
        let mut response = (self.status(), media::FHIR_JSON_HEADER, body).into_response();
        if let Some((name, value)) = self.hint() {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
