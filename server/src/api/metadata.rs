//! `GET metadata`: the `CapabilityStatement`, from the tables that serve.

use fhir::capability::{Server, statement};

use super::call::{Answer, Touched};
use super::{Inner, served};

pub(super) fn metadata(face: &Inner, base: &str) -> Answer {
    let statement = statement(&Server {
        url: base,
        version: env!("CARGO_PKG_VERSION"),
        date: face.started_at,
        token_url: None,
        authorize_url: None,
        served: &served::statement_rows(),
    });
    Answer::json(statement.to_string(), Touched::default())
}
