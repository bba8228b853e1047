//! `GET Type?…` and `POST Type/_search`: a page of matches, newest first unless another order is asked.

mod asked;
mod criteria;
mod persons;

use std::borrow::Cow;

use fhir::search::{Query, Summary, Total};
use fhir::{Issue, OperationOutcome, ResourceType, Severity};
use model::{Reach, ResourceId};
use store::resource::{Page, Search, TotalWanted};

use super::FhirError;
use super::bundle::{Bundle, Entry};
use super::call::{Answer, Call, Touched};
use super::cursor::Cursor;
use asked::Asked;

pub(super) use criteria::store_criteria;

/// How many matches a page has when the caller does not say.
const COUNT: u32 = 50;
/// How many it has at most.
const COUNT_MAX: u32 = 1_000;

pub(super) async fn search(call: &Call, kind: ResourceType) -> Result<Answer, FhirError> {
    let asked = Asked::parse(call, kind)?;
    let counts_only = asked.query.count == Some(0) || asked.query.summary == Summary::Count;
    let search = Search {
        kind: kind.code(),
        criteria: store_criteria(&persons::seen_through(call, kind, &asked).await?),
        order: criteria::order(&asked.query.sort)?,
        after: asked.after,
        limit: asked.query.count.unwrap_or(COUNT).clamp(1, COUNT_MAX),
        total: match asked.query.total {
            _ if counts_only => TotalWanted::Exact,
            Total::Accurate => TotalWanted::Exact,
            Total::Estimate => TotalWanted::Estimate,
            Total::Unsaid | Total::None => TotalWanted::No,
        },
    };
    let mut page = store::resource::search(call.store(), &call.access, &search).await?;
    if counts_only {
        page.entries.clear();
        page.next = None;
    }
    let bundle = render(call, kind, &asked, &page);
    Ok(Answer::json(bundle.finish(), touched(call, kind, &asked)))
}

fn render(call: &Call, kind: ResourceType, asked: &Asked, page: &Page) -> Bundle {
    let here = format!("{}/{kind}", call.base);
    let mut links = vec![("self", with_query(&here, &asked.shown))];
    if let Some(after) = page.next {
        let cursor = Cursor {
            query: asked.continued.clone(),
            after,
        };
        let text = call.tenant.sealer.seal(kind, &cursor);
        links.push(("next", with_query(&here, &format!("_cursor={text}"))));
    }
    let total = page.total.map(|total| total.n);
    let mut bundle = Bundle::new("searchset", call.store().clock().now(), total, &links);
    for stored in &page.entries {
        let url = call.url(kind, stored.id);
        let body = part(kind, &asked.query, &stored.body);
        bundle.push(Entry::Match {
            url: &url,
            body: &body,
        });
    }
    if let Some(outcome) = warnings(asked) {
        bundle.push(Entry::Outcome {
            body: &outcome.to_json(),
        });
    }
    bundle
}

/// The part of a stored text that was asked for; the whole is taken as it stands.
fn part<'a>(kind: ResourceType, query: &Query, body: &'a str) -> Cow<'a, str> {
    if query.summary == Summary::False && query.elements.is_empty() {
        return Cow::Borrowed(body);
    }
    serde_json::from_str(body).map_or(Cow::Borrowed(body), |resource| {
        Cow::Owned(fhir::subset(kind, &resource, query.summary, &query.elements).to_string())
    })
}

fn with_query(url: &str, query: &str) -> String {
    if query.is_empty() {
        url.to_owned()
    } else {
        format!("{url}?{query}")
    }
}

/// What was left out of a lenient search.
fn warnings(asked: &Asked) -> Option<OperationOutcome> {
    let mut issues = asked.ignored.iter().map(|param| Issue {
        severity: Severity::Warning,
        code: fhir::IssueCode::NotSupported,
        diagnostics: format!("the parameter {param} is not known and was left out"),
        expression: vec![format!("http.{param}")],
    });
    let first = issues.next()?;
    let outcome = OperationOutcome::of(first.severity, first.code, first.diagnostics);
    let outcome = first
        .expression
        .into_iter()
        .fold(outcome, OperationOutcome::at);
    Some(issues.fold(outcome, OperationOutcome::with))
}

/// The one patient whose chart was searched, where the search names one.
fn touched(call: &Call, kind: ResourceType, asked: &Asked) -> Touched {
    let named = || {
        let mut patients = asked
            .pairs
            .iter()
            .filter_map(|(name, value)| match name.as_str() {
                "patient" | "subject" => Some(value.strip_prefix("Patient/").unwrap_or(value)),
                "_id" if kind == ResourceType::Patient => Some(value.as_str()),
                _ => None,
            });
        let only = patients.next().filter(|_| patients.next().is_none())?;
        only.parse::<ResourceId>().ok()
    };
    let patient = match call.access.reach {
        Reach::Patient(patient) => Some(patient),
        Reach::All => named(),
    };
    Touched {
        patient,
        ..Touched::default()
    }
}
