//! Running a search.

use deadpool_postgres::Object;
use model::{Access, Rid};
use tokio_postgres::Row;

use super::lead::{self, Lead};
use super::source::probe;
use super::texts::{Want, compose};
use super::{Criterion, Cursor, Page, Search, Total, TotalWanted};
use crate::resource::read::stored;
use crate::text::Text;
use crate::{Result, Store, StoreError, Tx};

/// How far the candidates of a possible lead are counted before it is taken for a large one.
const PROBE_MAX: i64 = 1_000;
/// Texts with more criteria are planned each time: the kept ones must not grow without bound.
const KEPT_CRITERIA_MAX: usize = 2;

/// A page of what matches and the caller may see.
pub async fn search(store: &Store, access: &Access, search: &Search) -> Result<Page> {
    let client = store.readers().get().await?;
    on(&client, store, access, search).await
}

/// The same, inside a transaction: sees what the transaction has written.
pub(crate) async fn search_in(tx: &Tx, access: &Access, search: &Search) -> Result<Page> {
    let page = on(tx.client()?, tx.store(), access, search).await;
    page.inspect_err(|_| tx.fail())
}

/// How the server would run the page of a search, line by line: for operators, and for the tests that
/// keep plans from falling off a cliff.
pub async fn plan(store: &Store, access: &Access, search: &Search) -> Result<Vec<String>> {
    let client = store.readers().get().await?;
    let lead = match lead::without_choice(access, search, store.clock().now()) {
        Some(lead) => lead,
        None => choose(&client, access, search).await?,
    };
    let mut text = compose(access, search, &lead, Want::Page);
    text.sql.insert_str(0, "explain ");
    let rows = run(&client, &text, false).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn on(client: &Object, store: &Store, access: &Access, search: &Search) -> Result<Page> {
    if Search::CRITERIA_MAX < search.criteria.len() {
        return Err(StoreError::Overloaded("a search has too many criteria"));
    }
    if search.criteria.iter().any(matches_nothing) {
        let total = (search.total != TotalWanted::No).then_some(Total {
            n: 0,
            at_least: false,
        });
        return Ok(Page {
            entries: Vec::new(),
            next: None,
            total,
        });
    }
    let lead = match lead::without_choice(access, search, store.clock().now()) {
        Some(lead) => lead,
        None => choose(client, access, search).await?,
    };
    let kept = search.criteria.len() <= KEPT_CRITERIA_MAX;
    let mut rows = if search.limit == 0 {
        Vec::new()
    } else {
        run(client, &compose(access, search, &lead, Want::Page), kept).await?
    };
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    let more = limit < rows.len();
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| Cursor {
        rid: Rid(row.get(6)),
        key: row.get(7),
    });
    let total = total(client, access, search, &lead, kept).await?;
    Ok(Page {
        entries: rows.iter().map(stored).collect(),
        next,
        total,
    })
}

fn matches_nothing(criterion: &Criterion) -> bool {
    match criterion {
        Criterion::Tokens(hashes) | Criterion::Coded { hashes, .. } => hashes.is_empty(),
        Criterion::Id(ids) => ids.is_empty(),
        Criterion::String { params, values } => params.is_empty() || values.is_empty(),
        Criterion::Date { ranges, .. } | Criterion::LastUpdated(ranges) => ranges.is_empty(),
        Criterion::NotTokens(_) => false,
    }
}

/// The criterion with the fewest candidates, counted up to a bound; among large ones the first that
/// can be walked in order.
async fn choose(client: &Object, access: &Access, search: &Search) -> Result<Lead> {
    let mut best: Option<(i64, usize)> = None;
    for place in lead::eligible(search) {
        let Some(criterion) = search.criteria.get(place) else {
            continue;
        };
        let rows = run(client, &probe(access.tenant.0, criterion, PROBE_MAX), true).await?;
        let n: i64 = rows.first().map_or(0, |row| row.get(0));
        if best.is_none_or(|(fewest, _)| n < fewest) {
            best = Some((n, place));
        }
    }
    Ok(best.map_or(Lead::Everything, |(_, place)| Lead::Criterion(place)))
}

async fn total(
    client: &Object,
    access: &Access,
    search: &Search,
    lead: &Lead,
    kept: bool,
) -> Result<Option<Total>> {
    let max = match search.total {
        TotalWanted::No => return Ok(None),
        TotalWanted::Estimate => i64::from(Search::ESTIMATE_MAX),
        TotalWanted::Exact => i64::MAX - 1,
    };
    let text = compose(access, search, lead, Want::Count(max));
    let rows = run(client, &text, kept).await?;
    let n: i64 = rows.first().map_or(0, |row| row.get(0));
    Ok(Some(Total {
        n: u64::try_from(n).unwrap_or(0),
        at_least: n == max,
    }))
}

async fn run(client: &Object, text: &Text, kept: bool) -> Result<Vec<Row>> {
    let statement = if kept {
        client.prepare_cached(&text.sql).await?
    } else {
        client.prepare(&text.sql).await?
    };
    Ok(client.query(&statement, &text.params()).await?)
}
