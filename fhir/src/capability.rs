//! The CapabilityStatement: what is served, from the same tables that serve it.

use serde_json::Value;

use crate::ResourceType;

/// What can be done with a resource type (R4 value set `restful-interaction`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Interaction {
    /// Read the current version.
    Read,
    /// Read a version by its number.
    Vread,
    /// Replace.
    Update,
    /// Change parts.
    Patch,
    /// Delete.
    Delete,
    /// The versions of one resource.
    HistoryInstance,
    /// The versions of all resources of the type.
    HistoryType,
    /// Create.
    Create,
    /// Search.
    SearchType,
}

/// How one resource type is served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Served {
    /// The type.
    pub kind: ResourceType,
    /// What can be done with it. Its search parameters are those of [`crate::params`] when
    /// [`Interaction::SearchType`] is among them.
    pub interactions: Vec<Interaction>,
    /// Whether `If-None-Exist` works on create.
    pub conditional_create: bool,
}

/// What the caller knows about the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server<'a> {
    /// The FHIR base URL.
    pub url: &'a str,
    /// The program's version.
    pub version: &'a str,
    /// When the statement last changed: the start of the server will do.
    pub date: jiff::Timestamp,
    /// The OAuth token endpoint, where there is one.
    pub token_url: Option<&'a str>,
    /// The OAuth authorization endpoint, where there is one.
    pub authorize_url: Option<&'a str>,
    /// The types that are served.
    pub served: &'a [Served],
}

/// The CapabilityStatement as a JSON value.
pub fn statement(server: &Server<'_>) -> Value {
    let _ = server;
    Value::Null
}
