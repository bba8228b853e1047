//! Appending: one statement, one round trip, one commit for whatever waits.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use deadpool_postgres::Object;
use model::JournalId;
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use super::chains::Place;
use super::{AppendError, Appended, Chains, Raw, Receipt, Route};
use crate::columns::{column, storable};
use crate::tx::Params;
use crate::{Store, StoreError};

/// A statement outside a transaction is a transaction: this one commits by itself.
///
/// `known` settles who was first: the row that stands under a key and digest is this message's own,
/// or the one it repeats, also when that one is being committed right now (the conflict waits for it).
/// Rows go in sorted by key, so two writers can't wait for each other in a circle.
const APPEND: &str = "
    with input as materialized (
        select *
        from unnest(
            $3::bigint[], $4::timestamptz[], $5::bigint[], $6::int[], $7::smallint[], $8::text[],
            $9::text[], $10::text[], $11::text[], $12::text[], $13::bytea[], $14::bytea[],
            $15::bytea[], $16::uuid[], $17::uuid[], $18::bool[], $19::bool[], $20::uuid[],
            $21::uuid[]
        ) as t (
            id, received_at, seq, size, interface, peer,
            sending_application, sending_facility, message_type, control_id, digest, chain,
            raw, key, content, first, reused, lane, other_lane
        )
    ), kept as (
        insert into journal (
            id, received_at, seq, tenant, writer, size, interface, peer, sending_application,
            sending_facility, message_type, control_id, digest, chain, raw
        )
        select id, received_at, seq, $1::int, $2::int, size, interface, peer, sending_application,
            sending_facility, message_type, control_id, digest, chain, raw
        from input
    ), known as (
        insert into seen (tenant, key, digest, journal, at)
        select $1::int, key, content, id, received_at
        from input
        where first
        order by key, content
        on conflict (tenant, key, digest) do update set
            journal = case when seen.at < excluded.at - interval '48 hours'
                then excluded.journal else seen.journal end,
            at = case when seen.at < excluded.at - interval '48 hours'
                then excluded.at else seen.at end
        returning key, digest, journal
    ), fate as materialized (
        select i.id, i.received_at, i.interface, i.lane, i.other_lane,
            nullif(k.journal, i.id) as duplicate_of,
            i.reused or exists (
                select from seen s
                where s.tenant = $1 and s.key = i.key and s.digest <> i.content
                    and s.at >= i.received_at - interval '48 hours'
            ) as reused
        from input i
        join known k on k.key = i.key and k.digest = i.content
    ), waiting as (
        insert into queue (journal, lane, other_lane, tenant, interface, reused_control_id)
        select id, lane, other_lane, $1, interface, reused
        from fate
        where duplicate_of is null and lane is not null
    ), settled as (
        insert into applied (journal, at, tenant, disposition, reused_control_id)
        select id, received_at, $1,
            (case when duplicate_of is null then 'unrouted' else 'duplicate' end)::disposition,
            reused and duplicate_of is null
        from fate
        where duplicate_of is not null or lane is null
    )
    select id, duplicate_of, reused and duplicate_of is null from fate";

/// Journals what waits, in order, and commits: one answer for each receipt. After `deadline` the
/// statement is given up and its outcome is unknown. A row that can't be stored never fails its
/// neighbours: they are then appended singly.
pub async fn append(
    store: &Store,
    chains: &mut Chains,
    batch: &[Receipt],
    deadline: Duration,
) -> Vec<Result<Appended, AppendError>> {
    match append_together(store, chains, batch, deadline).await {
        Ok(appended) => appended.into_iter().map(Ok).collect(),
        Err(AppendError::Row(_)) if 1 < batch.len() => {
            let mut answers = Vec::with_capacity(batch.len());
            for receipt in batch {
                let one = std::slice::from_ref(receipt);
                let answer = append_together(store, chains, one, deadline).await;
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
    deadline: Duration,
) -> Result<Vec<Appended>, AppendError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    if chains.broken {
        chains.renew(store).await.map_err(AppendError::Failed)?;
    }
    let rows = Rows::of(store, chains, batch);
    let client = store
        .appenders()
        .get()
        .await
        .map_err(|error| AppendError::Failed(error.into()))?;
    let statement = client
        .prepare_cached(APPEND)
        .await
        .map_err(|error| AppendError::Failed(error.into()))?;
    let sent = rows.send(&client, &statement, chains);
    match tokio::time::timeout(deadline, sent).await {
        Ok(Ok(answers)) => {
            chains.advance(&rows.heads);
            in_order(&rows.ids, &answers)
        }
        Ok(Err(error)) => {
            let error = classify(error);
            chains.broken = matches!(error, AppendError::Unknown);
            Err(error)
        }
        Err(_elapsed) => {
            chains.broken = true;
            // Never back to the pool: what is on its way must not meet another caller.
            drop(Object::take(client));
            Err(AppendError::Unknown)
        }
    }
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

/// The answers in the order of the receipts.
fn in_order(ids: &[i64], answers: &[Row]) -> Result<Vec<Appended>, AppendError> {
    let fates: HashMap<i64, (Option<i64>, bool)> = answers
        .iter()
        .map(|row| (row.get(0), (row.get(1), row.get(2))))
        .collect();
    ids.iter()
        .map(|id| {
            let lost = AppendError::Failed(StoreError::Inconsistent("an append lost a row"));
            let (duplicate_of, reused_control_id) = *fates.get(id).ok_or(lost)?;
            Ok(Appended {
                id: JournalId(*id),
                duplicate_of: duplicate_of.map(JournalId),
                reused_control_id,
            })
        })
        .collect()
}

/// The batch as columns, with each message's id and place in its chain.
struct Rows<'a> {
    batch: &'a [Receipt],
    ids: Vec<i64>,
    places: Vec<Place>,
    /// First of its key and digest in this batch: a statement can't settle the same row twice.
    first: Vec<bool>,
    /// Another digest under the same key came earlier in this batch.
    reused: Vec<bool>,
    heads: HashMap<crate::InterfaceId, Place>,
}

impl<'a> Rows<'a> {
    fn of(store: &Store, chains: &Chains, batch: &'a [Receipt]) -> Self {
        let mut heads: HashMap<crate::InterfaceId, Place> = HashMap::new();
        let places = column(batch, |receipt| {
            let head = heads
                .entry(receipt.interface)
                .or_insert_with(|| chains.head(receipt.interface));
            *head = head.after(store.chain_key(), receipt.received_at, &receipt.digest);
            *head
        });
        let mut pairs = HashSet::with_capacity(batch.len());
        let mut keys = HashSet::with_capacity(batch.len());
        let fresh = column(batch, |receipt| {
            let first = pairs.insert((receipt.seen_key, receipt.seen_digest));
            let new_key = keys.insert(receipt.seen_key);
            (first, first && !new_key)
        });
        Self {
            batch,
            ids: column(batch, |_| store.ids().journal().0),
            places,
            first: column(&fresh, |(first, _)| *first),
            reused: column(&fresh, |(_, reused)| *reused),
            heads,
        }
    }

    async fn send(
        &self,
        client: &Object,
        statement: &Statement,
        chains: &Chains,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let rows = self.batch;
        let received_at = column(rows, |row| row.received_at);
        let seq = column(&self.places, |place| place.seq);
        let size = column(rows, |row| {
            i32::try_from(row.raw.size()).unwrap_or(i32::MAX)
        });
        let interface = column(rows, |row| row.interface.0);
        let peer = column(rows, |row| storable(&row.peer));
        let application = column(rows, |row| storable(&row.sending_application));
        let facility = column(rows, |row| storable(&row.sending_facility));
        let message_type = column(rows, |row| storable(&row.message_type));
        let control_id = column(rows, |row| storable(&row.control_id));
        let digest = column(rows, |row| row.digest.as_slice());
        let link = column(&self.places, |place| place.link.as_slice());
        let raw = column(rows, |row| match &row.raw {
            Raw::Inline(bytes) => Some(bytes.as_ref()),
            Raw::Staged(_) => None,
        });
        let key = column(rows, |row| row.seen_key);
        let content = column(rows, |row| row.seen_digest);
        let (lane, other): (Vec<Option<Uuid>>, Vec<Option<Uuid>>) =
            rows.iter().map(|row| row.route.lanes()).unzip();
        let params: Params<'_> = &[
            &chains.tenant.0,
            &chains.writer.0,
            &self.ids,
            &received_at,
            &seq,
            &size,
            &interface,
            &peer,
            &application,
            &facility,
            &message_type,
            &control_id,
            &digest,
            &link,
            &raw,
            &key,
            &content,
            &self.first,
            &self.reused,
            &lane,
            &other,
        ];
        client.query(statement, params).await
    }
}

impl Route {
    fn lanes(self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Queue { lane, other } => (Some(lane.0), other.map(|lane| lane.0)),
            Self::Unrouted => (None, None),
        }
    }
}
