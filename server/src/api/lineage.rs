//! `GET Type/id/$lineage`: which field of which message each element of the current version came from.
//!
//! Places and numbers only, no value; still access is checked as for a read, because where a value
//! came from tells that there is one.

use std::collections::{HashMap, HashSet};

use fhir::ResourceType;
use ingest::lineage::{Line, decode};
use model::{JournalId, ResourceId};
use serde_json::{Value, json};

use super::FhirError;
use super::call::{Answer, Call, Touched};

pub(super) async fn lineage(
    call: &Call,
    kind: ResourceType,
    id: Option<ResourceId>,
) -> Result<Answer, FhirError> {
    let id = id.ok_or(FhirError::NotFound { kind })?;
    let told = store::lineage::of(call.store(), &call.access, kind.code(), id).await?;
    let told = told.ok_or(FhirError::NotFound { kind })?;
    let version = told.version;
    if told.deleted {
        let version = version.0;
        return Err(FhirError::Gone { kind, version });
    }
    let lines = decode(told.lineage.as_deref().unwrap_or_default(), told.journal);
    let words = Words::of(call, &lines).await?;
    let mut parameters = vec![
        json!({"name": "resource", "valueReference": {"reference": format!("{kind}/{id}")}}),
        json!({"name": "version", "valueString": version.to_string()}),
    ];
    parameters.extend(lines.iter().map(|line| words.element(kind, line)));
    let body = json!({"resourceType": "Parameters", "parameter": parameters});
    let touched = Touched {
        resource: Some(id),
        version: Some(version),
        patient: told.patient,
        recorded: false,
    };
    Ok(Answer::json(body.to_string(), touched).versioned(version.0, told.updated_at))
}

/// What the numbers in a version's lineage stand for.
struct Words {
    terms: HashMap<i32, String>,
    messages: HashMap<JournalId, (Option<i16>, Option<String>)>,
    /// Messages that can still be looked up.
    kept: HashSet<JournalId>,
}

impl Words {
    async fn of(call: &Call, lines: &[Line]) -> Result<Self, FhirError> {
        let terms: Vec<i32> = lines
            .iter()
            .flat_map(|line| [line.element, line.field])
            .collect();
        let mut journals: Vec<JournalId> = lines.iter().filter_map(|line| line.journal).collect();
        journals.sort_unstable();
        journals.dedup();
        let (store, tenant) = (call.store(), call.access.tenant);
        let terms = store::lineage::words(store, &terms).await?;
        let versions = store::lineage::versions(store, tenant, &journals).await?;
        let kept = store::lineage::kept(store, tenant, &journals).await?;
        let messages = versions
            .into_iter()
            .map(|(journal, mapping, profile)| (journal, (mapping, profile)));
        Ok(Self {
            terms: terms.into_iter().collect(),
            messages: messages.collect(),
            kept: kept.into_iter().collect(),
        })
    }

    /// One element as a parameter.
    fn element(&self, kind: ResourceType, line: &Line) -> Value {
        let word = |term: i32| self.terms.get(&term).map_or("?", String::as_str);
        let mut part = vec![
            json!({"name": "path", "valueString": format!("{kind}.{}", word(line.element))}),
            json!({"name": "field", "valueString": word(line.field)}),
        ];
        if let Some(journal) = line.journal {
            let uri = format!("urn:drawbridge:journal:{journal}");
            part.push(json!({"name": "journal", "valueUri": uri}));
            if !self.kept.contains(&journal) {
                // Dropped by retention, or expunged: the chart does not rest on it.
                part.push(json!({"name": "messageKept", "valueBoolean": false}));
            }
            let known = self.messages.get(&journal);
            if let Some(version) = known.and_then(|(mapping, _)| *mapping) {
                part.push(json!({"name": "mappingVersion", "valueInteger": version}));
            }
            if let Some(profile) = known.and_then(|(_, profile)| profile.as_deref()) {
                part.push(json!({"name": "profile", "valueString": profile}));
            }
        }
        json!({"name": "element", "part": part})
    }
}
