//! The `CapabilityStatement`: what is served, from the same tables that serve it.

use serde_json::{Value, json};

use crate::{ResourceType, params};

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
    /// Operations on one resource: name (without `$`) and canonical URL of the definition.
    pub operations: &'static [(&'static str, &'static str)],
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

/// The `CapabilityStatement` as a JSON value.
pub fn statement(server: &Server<'_>) -> Value {
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": server.date.to_string(),
        "kind": "instance",
        "software": { "name": "Drawbridge", "version": server.version },
        "implementation": {
            "description": "Drawbridge: FHIR R4 in front of HL7 v2",
            "url": server.url,
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{
            "mode": "server",
            "security": security(server),
            "resource": server.served.iter().map(resource).collect::<Vec<_>>(),
        }],
    })
}

impl Interaction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Vread => "vread",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::HistoryInstance => "history-instance",
            Self::HistoryType => "history-type",
            Self::Create => "create",
            Self::SearchType => "search-type",
        }
    }
}

/// The OAuth endpoints as SMART's extension says them (SMART App Launch 1.0, section 4).
fn security(server: &Server<'_>) -> Value {
    let endpoint =
        |name: &str, url: Option<&str>| url.map(|url| json!({ "url": name, "valueUri": url }));
    let endpoints: Vec<Value> = [
        endpoint("token", server.token_url),
        endpoint("authorize", server.authorize_url),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut security = json!({
        "cors": true,
        "service": [{
            "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                "code": "SMART-on-FHIR",
            }],
        }],
        "description": "Every request but this one needs a bearer token of this installation.",
    });
    if let (false, Some(security)) = (endpoints.is_empty(), security.as_object_mut()) {
        let extension = json!([{
            "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
            "extension": endpoints,
        }]);
        security.insert("extension".into(), extension);
    }
    security
}

fn resource(served: &Served) -> Value {
    let has = |interaction| served.interactions.contains(&interaction);
    let interactions = served
        .interactions
        .iter()
        .map(|i| json!({ "code": i.as_str() }));
    let mut resource = json!({
        "type": served.kind.name(),
        "profile": format!("http://hl7.org/fhir/StructureDefinition/{}", served.kind),
        "interaction": interactions.collect::<Vec<_>>(),
        "versioning": if has(Interaction::Vread) { "versioned" } else { "no-version" },
        "readHistory": has(Interaction::Vread),
        "conditionalCreate": served.conditional_create,
    });
    if let (false, Some(resource)) = (served.operations.is_empty(), resource.as_object_mut()) {
        let operation =
            |(name, definition): &(&str, &str)| json!({ "name": name, "definition": definition });
        let operations: Vec<Value> = served.operations.iter().map(operation).collect();
        resource.insert("operation".into(), operations.into());
    }
    if let (true, Some(resource)) = (has(Interaction::SearchType), resource.as_object_mut()) {
        let common = [
            json!({
                "name": "_id",
                "definition": "http://hl7.org/fhir/SearchParameter/Resource-id",
                "type": "token",
            }),
            json!({
                "name": "_lastUpdated",
                "definition": "http://hl7.org/fhir/SearchParameter/Resource-lastUpdated",
                "type": "date",
            }),
        ];
        let own = params(served.kind).iter().map(|param| {
            json!({
                "name": param.code,
                "definition": format!("http://hl7.org/fhir/SearchParameter/{}", param.definition),
                "type": param.kind.as_str(),
            })
        });
        resource.insert(
            "searchParam".into(),
            common.into_iter().chain(own).collect(),
        );
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served() -> Vec<Served> {
        let interactions = vec![
            Interaction::Read,
            Interaction::Vread,
            Interaction::SearchType,
        ];
        ResourceType::all()
            .map(|kind| Served {
                kind,
                interactions: interactions.clone(),
                conditional_create: false,
                operations: &[("lineage", "urn:drawbridge:operation:lineage")],
            })
            .collect()
    }

    fn of(served: &[Served]) -> Value {
        statement(&Server {
            url: "https://bridge.example/fhir",
            version: "0.1.0",
            date: jiff::Timestamp::UNIX_EPOCH,
            token_url: Some("https://bridge.example/oauth/token"),
            authorize_url: None,
            served,
        })
    }

    #[test]
    fn a_statement_about_every_type_is_good_r4() {
        let statement = of(&served());
        assert_eq!(
            crate::check(&statement, Some(ResourceType::CapabilityStatement)),
            []
        );
    }

    #[test]
    fn parameters_are_told_only_where_searches_are_served() {
        let read_only = Served {
            kind: ResourceType::Patient,
            interactions: vec![Interaction::Read],
            conditional_create: false,
            operations: &[],
        };
        let statement = of(&[read_only]);
        assert_eq!(statement.pointer("/rest/0/resource/0/searchParam"), None);
        let statement = of(&served());
        let params = statement
            .pointer("/rest/0/resource/102/searchParam")
            .unwrap()
            .as_array()
            .unwrap();
        let names: Vec<&str> = params.iter().filter_map(|p| p["name"].as_str()).collect();
        assert!(
            ["_id", "_lastUpdated", "identifier", "birthdate"]
                .iter()
                .all(|n| names.contains(n))
        );
    }
}
