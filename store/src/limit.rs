//! What Postgres alone does with the same rows on the same cluster: the limits that `drawbridge bench`
//! prints beside its own figures. Nothing here is used by a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use model::{ResourceId, Tenant, Timestamp};
use tokio::task::JoinSet;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

use crate::{Result, StoreError, connect};

/// How often something was done, and how long each took.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    /// One per operation, in no order.
    pub latencies: Vec<Duration>,
    /// From the first start to the last end.
    pub elapsed: Duration,
}

/// One-row commits, as `pgbench` makes them: each connection inserts one row of the journal's shape
/// (a copy of the table with its indexes), waits for the commit, and goes on until `time` is over.
pub async fn journal_commits(
    url: &str,
    connections: usize,
    raw: &[u8],
    time: Duration,
) -> Result<Rate> {
    let client = connect(url).await?;
    client
        .batch_execute(
            "drop table if exists limit_journal;
             create table limit_journal (like journal including all)",
        )
        .await?;
    let sql = "insert into limit_journal (
            id, received_at, seq, tenant, writer, size, interface, peer, sending_application,
            sending_facility, message_type, control_id, digest, chain, raw
        ) values ($1, $2, $1, 1, 1, $3, 1, '127.0.0.1:50000', 'HCHB', 'BRANCH1', 'ADT^A01', $4,
            $5, $5, $6)";
    let raw = raw.to_vec();
    let size = i32::try_from(raw.len()).unwrap_or(i32::MAX);
    let parameters = move |turn| -> Vec<Parameter> {
        vec![
            Box::new(turn),
            Box::new(Timestamp::UNIX_EPOCH),
            Box::new(size),
            Box::new(format!("B{turn}")),
            Box::new(vec![7_u8; 32]),
            Box::new(raw.clone()),
        ]
    };
    let operation = Operation {
        sql,
        parameters: Box::new(parameters),
    };
    let rate = each_connection(url, connections, time, operation).await;
    client.batch_execute("drop table limit_journal").await?;
    rate
}

/// Prepared selects of one resource by its id: the limit of FHIR reads.
pub async fn point_selects(
    url: &str,
    connections: usize,
    tenant: Tenant,
    kind: i16,
    ids: &[ResourceId],
    time: Duration,
) -> Result<Rate> {
    let sql = "select body, version, updated_at from resource
        where tenant = $1 and type = $2 and id = $3";
    let n_ids = i64::try_from(ids.len()).unwrap_or(i64::MAX).max(1);
    let ids = ids.to_vec();
    let parameters = move |turn: i64| -> Vec<Parameter> {
        let chosen = usize::try_from(turn.wrapping_mul(7919).rem_euclid(n_ids)).unwrap_or_default();
        let id = ids.get(chosen).map_or_else(uuid::Uuid::nil, |id| id.0);
        vec![Box::new(tenant.0), Box::new(kind), Box::new(id)]
    };
    let operation = Operation {
        sql,
        parameters: Box::new(parameters),
    };
    each_connection(url, connections, time, operation).await
}

/// One-row commits of a resource's body (a copy of the table with its indexes): the limit of creates.
pub async fn resource_commits(
    url: &str,
    connections: usize,
    body: &str,
    time: Duration,
) -> Result<Rate> {
    let client = connect(url).await?;
    client
        .batch_execute(
            "drop table if exists limit_resource;
             create table limit_resource (like resource including all)",
        )
        .await?;
    let sql = "insert into limit_resource (
            rid, updated_at, id, patient, content, tenant, version, type, index_version, origin, body
        ) values ($1, now(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, 1, 1, 1,
            'app', $2)";
    let body = body.to_owned();
    let parameters = move |turn| -> Vec<Parameter> { vec![Box::new(turn), Box::new(body.clone())] };
    let operation = Operation {
        sql,
        parameters: Box::new(parameters),
    };
    let rate = each_connection(url, connections, time, operation).await;
    client.batch_execute("drop table limit_resource").await?;
    rate
}

/// The bytes of all journalled messages as they came.
pub async fn journal_raw_bytes(url: &str) -> Result<u64> {
    let row = connect(url)
        .await?
        .query_one("select sum(size)::bigint from journal", &[])
        .await?;
    Ok(row
        .get::<_, Option<i64>>(0)
        .and_then(|n| u64::try_from(n).ok())
        .unwrap_or(0))
}

/// The ids of a tenant's resources of one type: what reads are measured with.
pub async fn ids(url: &str, tenant: Tenant, kind: i16) -> Result<Vec<ResourceId>> {
    let sql = "select id from resource where tenant = $1 and type = $2";
    let rows = connect(url).await?.query(sql, &[&tenant.0, &kind]).await?;
    Ok(rows.iter().map(|row| ResourceId(row.get(0))).collect())
}

type Parameter = Box<dyn ToSql + Sync + Send>;

/// One statement, and its parameters for the n-th execution.
struct Operation {
    sql: &'static str,
    parameters: Box<dyn Fn(i64) -> Vec<Parameter> + Send + Sync>,
}

/// Runs `operation` on each of `connections` (a task each) until `time` is over.
async fn each_connection(
    url: &str,
    connections: usize,
    time: Duration,
    operation: Operation,
) -> Result<Rate> {
    let operation = Arc::new(operation);
    let next = Arc::new(AtomicI64::new(1));
    let mut clients = Vec::with_capacity(connections);
    for _ in 0..connections {
        let client = connect(url).await?;
        let statement = client.prepare(operation.sql).await?;
        clients.push((client, statement));
    }
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (client, statement) in clients {
        let (operation, next) = (Arc::clone(&operation), Arc::clone(&next));
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            while start.elapsed() < time {
                let parameters = (operation.parameters)(next.fetch_add(1, Ordering::Relaxed));
                let began = Instant::now();
                let borrowed: Vec<&(dyn ToSql + Sync)> = parameters
                    .iter()
                    .map(|it| it.as_ref() as &(dyn ToSql + Sync))
                    .collect();
                client.query_opt(&statement, &borrowed).await?;
                latencies.push(began.elapsed());
            }
            Ok::<_, tokio_postgres::Error>(latencies)
        });
    }
    let mut rate = Rate::default();
    while let Some(ended) = tasks.join_next().await {
        let latencies = ended.map_err(|_| StoreError::Inconsistent("a measuring task panicked"))?;
        rate.latencies.extend(latencies?);
    }
    rate.elapsed = start.elapsed();
    Ok(rate)
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = connect::parse(url)?.connect(NoTls).await?;
    tokio::spawn(async move {
        // A broken connection shows in the next statement.
        drop(connection.await);
    });
    Ok(client)
}
