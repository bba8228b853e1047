//! Reading the trail, and proving it.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use jiff::Timestamp;
use model::{AuditId, IdSource, ResourceId, Tenant, VersionId, WriterId};
use tokio_postgres::Row;
use uuid::Uuid;

use super::AuditRow;
use super::rows::Place;
use crate::chain::ORIGIN;
use crate::text::Text;
use crate::{Broken, ChainKey, Result, Store, connect};

/// Which rows to list, the newest first.
#[derive(Clone, Copy, Default, Debug)]
pub struct Filter {
    /// Only of this patient's compartment.
    pub patient: Option<ResourceId>,
    /// Only of this resource.
    pub resource: Option<ResourceId>,
    /// Not before this instant.
    pub since: Option<Timestamp>,
    /// Only what stands before this row.
    pub before: Option<AuditId>,
}

/// The end of one chain of the trail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The writing task.
    pub writer: WriterId,
    /// The last row.
    pub id: AuditId,
    /// Its place, from 1.
    pub seq: i64,
    /// Its chain value.
    pub chain: Vec<u8>,
}

/// What a verification found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Rows that were looked at.
    pub n_rows: u64,
    /// Chains that they are in.
    pub n_chains: usize,
    /// The first row that is not as it was written.
    pub first_broken: Option<(AuditId, Broken)>,
}

const COLUMNS: &str = "id, writer, actor_kind::text, actor, action::text, outcome, interaction,
    type, resource, version, patient, request, seq, chain, tenant";

/// A page of the trail, the newest first.
pub async fn list(
    store: &Store,
    tenant: Tenant,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<AuditRow>> {
    let mut text = Text::default();
    let mut conditions = vec![
        format!("tenant = {}", text.bind(tenant.0)),
        format!(
            "{} <= id",
            text.bind(filter.since.map_or(0, IdSource::floor))
        ),
        format!(
            "id < {}",
            text.bind(filter.before.map_or(i64::MAX, |id| id.0))
        ),
    ];
    if let Some(patient) = filter.patient {
        conditions.push(format!("patient = {}", text.bind(patient.0)));
    }
    if let Some(resource) = filter.resource {
        conditions.push(format!("resource = {}", text.bind(resource.0)));
    }
    let limit = text.bind(i64::from(limit));
    text.sql = format!(
        "select {COLUMNS} from audit where {} order by id desc limit {limit}",
        conditions.join(" and ")
    );
    let client = store.readers().get().await?;
    let statement = client.prepare_cached(&text.sql).await?;
    let rows = client.query(&statement, &text.params()).await?;
    Ok(rows.iter().map(audit_row).collect())
}

/// The ends of all chains of the trail: they run across tenants.
pub async fn heads(store: &Store) -> Result<Vec<Head>> {
    let client = connect::single(store.config()).await?;
    let sql = "select distinct on (writer) writer, id, seq, chain from audit
        order by writer, seq desc";
    let rows = client.query(sql, &[]).await?;
    let head = |row: &Row| Head {
        writer: WriterId(row.get(0)),
        id: AuditId(row.get(1)),
        seq: row.get(2),
        chain: row.get(3),
    };
    Ok(rows.iter().map(head).collect())
}

/// Recomputes every link of the trail since `from`, oldest first, and stops at the first row that is
/// not as it was written. Chains run across tenants, so all are read. `known_heads` were exported
/// before: each must still be there.
pub async fn verify(
    store: &Store,
    key: &ChainKey,
    known_heads: &[Head],
    from: Option<AuditId>,
) -> Result<Report> {
    let mut report = Report::default();
    let mut ends: HashMap<i32, Place> = HashMap::new();
    let low = from.map_or(0, |id| id.0);
    let mut heads: HashMap<(i32, i64), &Head> = known_heads
        .iter()
        .filter(|head| low <= head.id.0)
        .map(|head| ((head.writer.0, head.seq), head))
        .collect();
    let client = connect::single(store.config()).await?;
    let sql = format!("select {COLUMNS} from audit where $1 <= id order by id");
    let stream = client.query_raw(&sql, [low]).await?;
    let mut stream = std::pin::pin!(stream);
    while let Some(row) = stream.try_next().await? {
        report.n_rows += 1;
        let mut checked = check_link(key, &mut ends, &row, from.is_some());
        if let Some(head) = heads.remove(&(row.get(1), row.get(12))) {
            let same = head.id.0 == row.get::<_, i64>(0) && head.chain == row.get::<_, &[u8]>(13);
            checked = checked.and(same.then_some(()).ok_or(Broken::Head));
        }
        if let Err(what) = checked {
            report.first_broken = Some((AuditId(row.get(0)), what));
            break;
        }
    }
    report.n_chains = ends.len();
    report.first_broken = report.first_broken.or_else(|| lost(&heads, &ends));
    Ok(report)
}

/// The first row that a head names and that is not there.
fn lost(
    heads: &HashMap<(i32, i64), &Head>,
    ends: &HashMap<i32, Place>,
) -> Option<(AuditId, Broken)> {
    let head = heads.values().min_by_key(|head| head.id)?;
    let end = ends.get(&head.writer.0).map(|end| end.seq);
    Some((head.id, Broken::lost(head.seq, end)))
}

fn check_link(
    key: &ChainKey,
    ends: &mut HashMap<i32, Place>,
    row: &Row,
    may_begin_late: bool,
) -> Result<(), Broken> {
    let (seq, stored, tenant): (i64, &[u8], i32) = (row.get(12), row.get(13), row.get(14));
    let audit_row = audit_row(row);
    let mut link = ORIGIN;
    let kept = link.get_mut(..stored.len()).ok_or(Broken::Link)?;
    kept.copy_from_slice(stored);
    let known = ends.insert(audit_row.writer.0, Place { seq, link });
    if known.is_none() && may_begin_late {
        return Ok(());
    }
    let before = known.unwrap_or(Place::START);
    if before.seq + 1 != seq {
        return Err(Broken::Gap);
    }
    let expected = before.after(key, tenant, &audit_row);
    if expected.kept() == stored {
        Ok(())
    } else {
        Err(Broken::Link)
    }
}

fn audit_row(row: &Row) -> AuditRow {
    let letter = |text: &str| text.chars().next().unwrap_or(' ');
    let id: i64 = row.get(0);
    AuditRow {
        id: AuditId(id),
        at: IdSource::instant(id),
        writer: WriterId(row.get(1)),
        actor_kind: letter(row.get(2)),
        actor: row.get(3),
        action: letter(row.get(4)),
        outcome: row.get(5),
        interaction: row.get(6),
        resource_type: row.get(7),
        resource: row.get::<_, Option<Uuid>>(8).map(ResourceId),
        version: row.get::<_, Option<i32>>(9).map(VersionId),
        patient: row.get::<_, Option<Uuid>>(10).map(ResourceId),
        request: row.get(11),
    }
}
