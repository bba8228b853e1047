//! `GET Type/id/_history`: the versions of one resource, the newest first.

use fhir::ResourceType;
use model::{Reach, ResourceId, VersionId};
use store::resource::Stored;

use super::FhirError;
use super::bundle::{Bundle, Entry};
use super::call::{Answer, Call, Touched};

/// How many versions a page has when the caller does not say, and at most.
const COUNT: u32 = 50;
const COUNT_MAX: u32 = 1_000;

/// What the parameters ask for.
struct Asked {
    count: u32,
    before: Option<VersionId>,
}

pub(super) async fn history(
    call: &Call,
    kind: ResourceType,
    id: Option<ResourceId>,
) -> Result<Answer, FhirError> {
    let id = id.ok_or(FhirError::NotFound { kind })?;
    let asked = Asked::parse(&call.parameters)?;
    let page = store::resource::history(
        call.store(),
        &call.access,
        kind.code(),
        id,
        asked.before,
        asked.count,
    )
    .await?;
    let newest = page.versions.first().ok_or(FhirError::NotFound { kind })?;
    let (newest, at) = (newest.version.0, newest.updated_at);

    let here = format!("{}/_history", call.url(kind, id));
    let count = asked.count;
    let mut links = vec![("self", link(&here, count, asked.before))];
    if page.before.is_some() {
        links.push(("next", link(&here, count, page.before)));
    }
    // R4 http.html#history: total is the number of versions; known when this page has them all.
    let is_whole = asked.before.is_none() && page.before.is_none();
    let total = is_whole.then_some(page.versions.len() as u64);
    let mut bundle = Bundle::new("history", call.store().clock().now(), total, &links);
    for stored in &page.versions {
        push(&mut bundle, call, kind, stored);
    }
    let patient = match call.access.reach {
        Reach::Patient(patient) => Some(patient),
        Reach::All => page.versions.iter().find_map(|stored| stored.patient),
    };
    let touched = Touched {
        resource: Some(id),
        patient,
        ..Touched::default()
    };
    Ok(Answer::json(bundle.finish(), touched).versioned(newest, at))
}

fn push(bundle: &mut Bundle, call: &Call, kind: ResourceType, stored: &Stored) {
    let instance = format!("{kind}/{}", stored.id);
    let (method, request, status) = match stored.version {
        _ if stored.deleted => ("DELETE", instance.as_str(), "204"),
        VersionId::FIRST => ("POST", kind.name(), "201"),
        _ => ("PUT", instance.as_str(), "200"),
    };
    bundle.push(Entry::Version {
        url: &call.url(kind, stored.id),
        body: (!stored.deleted).then_some(stored.body.as_str()),
        method,
        request,
        status,
        version: stored.version.0,
        at: stored.updated_at,
    });
}

fn link(here: &str, count: u32, before: Option<VersionId>) -> String {
    match before {
        None => format!("{here}?_count={count}"),
        Some(before) => format!("{here}?_count={count}&_before={before}"),
    }
}

impl Asked {
    fn parse(parameters: &[(String, String)]) -> Result<Self, FhirError> {
        let mut asked = Self {
            count: COUNT,
            before: None,
        };
        for (name, value) in parameters {
            let wrong = |what: &str| FhirError::BadRequest {
                what: format!("{name}: {what}"),
            };
            match name.as_str() {
                "_format" | "_pretty" => {}
                "_count" => {
                    let count: u32 = value.parse().map_err(|_| wrong("must be a number"))?;
                    asked.count = count.clamp(1, COUNT_MAX);
                }
                "_before" => {
                    asked.before = Some(value.parse().map_err(|_| wrong("must be a version"))?);
                }
                _ => return Err(wrong("is not served on _history; _count is")),
            }
        }
        Ok(asked)
    }
}
