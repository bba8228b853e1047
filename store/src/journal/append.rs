//! Appending: one statement, one round trip, one commit for whatever waits.

use std::collections::HashMap;
use std::time::Duration;

use model::JournalId;
use postgres_types::ToSql;
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::batch::Batch;
use super::statement::Form;
use super::{AppendError, Appended, Chains, Receipt};
use crate::direct::Direct;
use crate::{Store, StoreError};

/// Journals what waits, in order, and commits: one answer for each receipt. After `deadline` the
/// statement is given up and its outcome is unknown. A row that can't be stored never fails its
/// neighbours: they are then appended singly.
pub async fn append(
    store: &Store,
    chains: &mut Chains,
    batch: &[Receipt],
    deadline: Duration,
) -> Vec<Result<Appended, AppendError>> {
    let until = Instant::now() + deadline;
    match append_together(store, chains, batch, until).await {
        Ok(appended) => appended.into_iter().map(Ok).collect(),
        Err(AppendError::Row(_)) if 1 < batch.len() => {
            let mut answers = Vec::with_capacity(batch.len());
            for receipt in batch {
                let one = std::slice::from_ref(receipt);
                let answer = append_together(store, chains, one, until).await;
                answers.push(answer.and_then(|appended| {
                    let lost = StoreError::Inconsistent("an append answered no row");
                    appended.into_iter().next().ok_or(AppendError::Failed(lost))
                }));
            }
            answers
        }
        Err(error) => batch.iter().map(|_| Err(error.clone())).collect(),
    }
}

async fn append_together(
    store: &Store,
    chains: &mut Chains,
    batch: &[Receipt],
    until: Instant,
) -> Result<Vec<Appended>, AppendError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    if chains.broken {
        chains.renew(store).await.map_err(AppendError::Failed)?;
    }
    let batch = Batch::of(store, chains, batch);
    let form = Form::for_batch(&batch, chains.is_wary());
    match send(store, chains, &batch, form, until).await {
        Err(Unsent::Resend) => {
            chains.beware();
            send(store, chains, &batch, form.wary(), until)
                .await
                .map_err(Unsent::into_error)
        }
        sent => sent.map_err(Unsent::into_error),
    }
}

/// Why a statement did not append.
enum Unsent {
    /// The form that takes every message for a new one met a resend; nothing was written.
    Resend,
    Error(AppendError),
}

async fn send(
    store: &Store,
    chains: &mut Chains,
    batch: &Batch<'_>,
    form: Form,
    until: Instant,
) -> Result<Vec<Appended>, Unsent> {
    let mut connection = connection(store, chains, until)
        .await
        .map_err(Unsent::Error)?;
    let statement = connection.prepare(form.sql()).await;
    let statement = statement.map_err(|error| Unsent::Error(AppendError::Failed(error)))?;
    let columns = form.columns(chains, batch);
    let params: Vec<&(dyn ToSql + Sync)> = columns
        .iter()
        .map(|column| -> &(dyn ToSql + Sync) { column.as_ref() })
        .collect();
    // True until the outcome is certain, also when the caller gives up in the middle.
    chains.broken = true;
    let answer = tokio::time::timeout_at(until, connection.query(&statement, &params)).await;
    match answer {
        Ok(Ok(answers)) => {
            chains.advance(&batch.heads);
            chains.keep(connection);
            Ok(in_order(batch, &answers))
        }
        Ok(Err(error)) if form.meets_resends_as_errors() && is_resend(&error) => {
            chains.keep(connection);
            Err(Unsent::Resend)
        }
        Ok(Err(error)) => {
            let error = classify(error);
            if !matches!(error, AppendError::Unknown) {
                chains.keep(connection);
            }
            Err(Unsent::Error(error))
        }
        // The connection ends here: what is on its way must not meet another batch.
        Err(_elapsed) => Err(Unsent::Error(AppendError::Unknown)),
    }
}

/// The task's connection, or a new one. It is taken out of the chains: when a caller gives up in the
/// middle of a statement, it ends with the statement.
async fn connection(
    store: &Store,
    chains: &mut Chains,
    until: Instant,
) -> Result<Direct, AppendError> {
    if let Some(mut connection) = chains.connection.take()
        && connection.is_good()
    {
        return Ok(connection);
    }
    let connecting = Direct::connect(store.config(), store.statement_timeout());
    match tokio::time::timeout_at(until, connecting).await {
        Ok(connected) => connected.map_err(AppendError::Failed),
        Err(_elapsed) => {
            let late = StoreError::Unreachable("no connection in time".to_owned());
            Err(AppendError::Failed(late))
        }
    }
}

impl Unsent {
    fn into_error(self) -> AppendError {
        match self {
            Self::Error(error) => error,
            Self::Resend => AppendError::Failed(StoreError::Retry("a resend was met twice")),
        }
    }
}

fn is_resend(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|db| {
        *db.code() == SqlState::UNIQUE_VIOLATION && db.constraint() == Some("seen_pkey")
    })
}

/// An answer of the server about the statement is certain: it was rolled back. A broken connection,
/// or a server that goes down (57P01 and its kin), may have committed before.
fn classify(error: tokio_postgres::Error) -> AppendError {
    let going_down = error
        .as_db_error()
        .is_some_and(|db| db.code().code().starts_with("57P"));
    let error = StoreError::from(error);
    if error.is_about_the_row() {
        AppendError::Row(error)
    } else if going_down || matches!(error, StoreError::Unreachable(_)) {
        AppendError::Unknown
    } else {
        AppendError::Failed(error)
    }
}

/// One answer for each receipt. The server names only the messages that repeat others, or whose
/// control id came before: of the others there is nothing to say.
fn in_order(batch: &Batch<'_>, answers: &[Row]) -> Vec<Appended> {
    let odd: HashMap<i64, (Option<i64>, bool)> = answers
        .iter()
        .map(|row| (row.get(0), (row.get(1), row.get(2))))
        .collect();
    let appended = batch.ids.iter().map(|id| {
        let (duplicate_of, reused) = odd.get(id).copied().unwrap_or_default();
        Appended {
            id: JournalId(*id),
            duplicate_of: duplicate_of.map(JournalId),
            reused_control_id: reused,
        }
    });
    appended.collect()
}
