//! Request bodies: read within limits, then read as JSON.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use fhir::{Fault, IssueCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::FhirError;

/// Memory for bodies is handed out in pieces of this size.
const PIECE: usize = 64 << 10;

/// How much memory the bodies of all requests may take at a time.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    pieces: Arc<Semaphore>,
    body_bytes_max: usize,
}

/// A body and its part of the budget, given back when both are dropped.
pub(super) struct Held {
    pub(super) bytes: Bytes,
    _pieces: OwnedSemaphorePermit,
}

impl Budget {
    /// `bytes` for all bodies, of which one takes at most `body_bytes_max`.
    pub(super) fn new(bytes: usize, body_bytes_max: usize) -> Self {
        let pieces = bytes.max(body_bytes_max) / PIECE + 1;
        Self {
            pieces: Arc::new(Semaphore::new(pieces)),
            body_bytes_max,
        }
    }

    /// Reads a body whole.
    pub(super) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        patience: Duration,
    ) -> Result<Held, FhirError> {
        let limit = self.body_bytes_max;
        let too_large = || FhirError::TooLarge { limit };
        let said = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok());
        let said = said.and_then(|text| text.parse::<usize>().ok());
        if said.is_some_and(|said| limit < said) {
            return Err(too_large());
        }
        // A body that does not say its length may become as long as the limit.
        let n_pieces = u32::try_from(said.unwrap_or(limit) / PIECE + 1).unwrap_or(u32::MAX);
        let pieces = Arc::clone(&self.pieces).acquire_many_owned(n_pieces);
        let pieces = tokio::time::timeout(patience, pieces).await;
        let Ok(Ok(pieces)) = pieces else {
            return Err(FhirError::Overloaded);
        };
        let read = tokio::time::timeout(patience, Limited::new(body, limit).collect()).await;
        match read {
            Ok(Ok(whole)) => Ok(Held {
                bytes: whole.to_bytes(),
                _pieces: pieces,
            }),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(FhirError::BrokenOff),
            Err(_) => Err(FhirError::SlowBody {
                seconds: patience.as_secs(),
            }),
        }
    }
}

/// Reads a resource's JSON. A refusal names line and column, never the content.
pub(super) fn json(bytes: &[u8]) -> Result<Value, FhirError> {
    let value = fhir::parse(bytes).map_err(FhirError::Unreadable)?;
    if value.is_object() {
        return Ok(value);
    }
    Err(FhirError::Unreadable(Fault {
        path: "Resource".to_owned(),
        code: IssueCode::Structure,
        what: "a resource is a JSON object".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> String {
        json(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_json_object_is_refused_with_its_place_and_without_its_content() {
        assert!(complaint("{\"a\":\n Marker}").contains("line 2, column 2"));
        assert!(!complaint("{\"a\":\n Marker}").contains("Marker"));
        assert!(complaint("").contains("ends too early"));
        assert!(complaint("{\"a\":1,\"a\":2}").contains("twice"));
        assert!(complaint("[]").contains("JSON object"));
        assert!(json(b"\xEF\xBB\xBF{}").is_ok());
    }

    #[test]
    fn two_hundred_levels_are_too_deep() {
        let text = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        assert!(complaint(&text).contains("deep inside"));
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_whether_it_says_its_length_or_not() {
        let budget = Budget::new(1 << 20, 10);
        let patience = Duration::from_secs(1);
        let mut headers = HeaderMap::new();
        let read = async |headers: &HeaderMap, text: &'static str| {
            budget
                .read(headers, Body::from(text), patience)
                .await
                .map(|held| held.bytes.len())
        };
        assert_eq!(read(&headers, "0123456789").await.unwrap(), 10);
        assert!(matches!(
            read(&headers, "0123456789a").await,
            Err(FhirError::TooLarge { .. })
        ));
        headers.insert(header::CONTENT_LENGTH, 11.into());
        assert!(matches!(
            read(&headers, "0").await,
            Err(FhirError::TooLarge { .. })
        ));
    }
}
