//! Searches see through links: who asks for a patient means the person, whichever of the person's ids a
//! resource names. What the EMR sent names the one who leads; what apps posted names whom they knew.

use std::collections::HashMap;

use fhir::search::{self, Criterion};
use fhir::{ParamKind, ResourceType};
use model::{EntityId, ResourceId};

use super::super::FhirError;
use super::super::call::Call;
use super::asked::Asked;

/// The criteria of a search, each patient named by all ids of the person.
pub(super) async fn seen_through(
    call: &Call,
    kind: ResourceType,
    asked: &Asked,
) -> Result<Vec<Criterion>, FhirError> {
    let is_reference = |name: &str| {
        let name = name.split(':').next().unwrap_or(name);
        let params = fhir::params(kind).iter();
        params
            .filter(|param| param.code == name)
            .any(|param| param.kind == ParamKind::Reference)
    };
    let pairs = asked.pairs.iter();
    let about: Vec<&(String, String)> = pairs.filter(|(name, _)| is_reference(name)).collect();
    let named = about.iter().flat_map(|(name, value)| patients(name, value));
    let named: Vec<EntityId> = named.map(|(_, id)| id).collect();
    if named.is_empty() {
        return Ok(asked.query.criteria.clone());
    }
    let persons = store::link::persons(call.store(), call.access.tenant, &named).await?;
    if persons.is_empty() {
        return Ok(asked.query.criteria.clone());
    }
    let mut others: HashMap<EntityId, Vec<EntityId>> = HashMap::new();
    for (one, lead) in &persons {
        let same = persons
            .iter()
            .filter(|(other, of)| of == lead && other != one);
        others.insert(*one, same.map(|(other, _)| *other).collect());
    }
    let seen = |(name, value): &(String, String)| {
        let value = if is_reference(name) {
            widened(name, value, &others)
        } else {
            value.clone()
        };
        (name.clone(), value)
    };
    let pairs: Vec<(String, String)> = asked.pairs.iter().map(seen).collect();
    Ok(search::parse(kind, &pairs)?.criteria)
}

/// The value with an alternative for each other id of a person.
fn widened(name: &str, value: &str, others: &HashMap<EntityId, Vec<EntityId>>) -> String {
    let mut value = value.to_owned();
    for (before, id) in patients(name, &value.clone()) {
        for other in others.get(&id).into_iter().flatten() {
            value.push(',');
            value.push_str(&before);
            value.push_str(&other.to_string());
        }
    }
    value
}

/// The patients that a value names, each with what stands before its id.
fn patients(name: &str, value: &str) -> Vec<(String, EntityId)> {
    let means_patient = ["patient", "subject"].contains(&name) || name.ends_with(":Patient");
    let patient = |alternative: &str| {
        let (before, id) = match alternative.rsplit_once("Patient/") {
            Some((before, id)) => (format!("{before}Patient/"), id),
            None if means_patient => (String::new(), alternative),
            None => return None,
        };
        let id: ResourceId = id.parse().ok()?;
        Some((before, EntityId(id.0)))
    };
    value.split(',').filter_map(patient).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_patient_gets_the_other_ids_in_the_same_form() {
        let [one, other] = [1_u128, 2].map(|n| EntityId(uuid::Uuid::from_u128(n)));
        let others = HashMap::from([(one, vec![other])]);
        let check = |name: &str, before: &str| {
            let value = widened(name, &format!("{before}{one}"), &others);
            assert_eq!(value, format!("{before}{one},{before}{other}"));
        };
        check("patient", "");
        check("subject", "Patient/");
        check("subject:Patient", "");
        check("individual", "http://127.0.0.1/fhir/Patient/");
        assert_eq!(
            widened("encounter", &one.to_string(), &others),
            one.to_string()
        );
    }
}
