//! Dead letters: messages that are safe with us but could not be mapped.

use jiff::Timestamp;
use model::{JournalId, LaneId, Tenant};
use tokio_postgres::Row;

use crate::{Result, Store, Tx, lanes};

/// A dead letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeadLetter {
    /// The message.
    pub journal: JournalId,
    /// Its lane.
    pub lane: LaneId,
    /// The second one of a merge or move.
    pub other_lane: Option<LaneId>,
    /// When it was given up.
    pub at: Timestamp,
    /// How often it was tried.
    pub attempts: i16,
    /// A short word for the cause.
    pub reason: String,
    /// The segment or field.
    pub place: Option<String>,
    /// In words.
    pub diagnostics: String,
    /// When an operator dealt with it.
    pub settled_at: Option<Timestamp>,
    /// `retried` or `discarded`.
    pub settled_as: Option<String>,
}

/// What an operator does with a dead letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Settled {
    /// It goes back to the queue.
    Retried,
    /// It is never applied.
    Discarded,
}

const COLUMNS: &str =
    "journal, lane, at, attempts, reason, place, diagnostics, settled_at, settled_as, other_lane";

/// Open dead letters, the oldest first, after `after`.
pub async fn list(
    store: &Store,
    tenant: Tenant,
    after: Option<JournalId>,
    limit: u32,
) -> Result<Vec<DeadLetter>> {
    let sql = format!(
        "select {COLUMNS} from dead_letter
        where tenant = $1 and settled_at is null and $2 < journal
        order by journal
        limit $3"
    );
    let client = store.readers().get().await?;
    let after = after.map_or(0, |id| id.0);
    let rows = client
        .query(&sql, &[&tenant.0, &after, &i64::from(limit)])
        .await?;
    Ok(rows.iter().map(dead_letter).collect())
}

/// The dead letter of a message, settled or not.
pub async fn get(store: &Store, tenant: Tenant, journal: JournalId) -> Result<Option<DeadLetter>> {
    let sql = format!("select {COLUMNS} from dead_letter where tenant = $1 and journal = $2");
    let client = store.readers().get().await?;
    Ok(client
        .query_opt(&sql, &[&tenant.0, &journal.0])
        .await?
        .as_ref()
        .map(dead_letter))
}

/// Settles an open dead letter: requeues the message with its lanes, or marks it discarded. False when
/// it was not open. Lanes of a message that is tried again stay incomplete until it is applied.
pub async fn settle(tx: &mut Tx, journal: JournalId, how: Settled) -> Result<bool> {
    let tenant = tx.tenant().0;
    let now = tx.store().clock().now();
    let word = match how {
        Settled::Retried => "retried",
        Settled::Discarded => "discarded",
    };
    let sql = "update dead_letter set settled_at = $3, settled_as = $4
        where tenant = $1 and journal = $2 and settled_at is null
        returning lane, other_lane";
    let rows = tx.query(sql, &[&tenant, &journal.0, &now, &word]).await?;
    let Some(row) = rows.first() else {
        return Ok(false);
    };
    let (lane, other): (uuid::Uuid, Option<uuid::Uuid>) = (row.get(0), row.get(1));
    match how {
        Settled::Retried => {
            let sql = "insert into queue (journal, lane, other_lane, tenant, interface)
                select j.id, $3, $4, j.tenant, j.interface from journal j
                where j.tenant = $1 and j.id = $2
                on conflict (tenant, journal) do update set attempts = 0, due_at = '-infinity'";
            tx.execute(sql, &[&tenant, &journal.0, &lane, &other])
                .await?;
        }
        Settled::Discarded => {
            let sql = "update applied set disposition = 'discarded', at = $3
                where tenant = $1 and journal = $2";
            tx.execute(sql, &[&tenant, &journal.0, &now]).await?;
        }
    }
    lanes::complete(tx, journal).await?;
    Ok(true)
}

fn dead_letter(row: &Row) -> DeadLetter {
    DeadLetter {
        journal: JournalId(row.get(0)),
        lane: LaneId(row.get(1)),
        at: row.get(2),
        attempts: row.get(3),
        reason: row.get(4),
        place: row.get(5),
        diagnostics: row.get(6),
        settled_at: row.get(7),
        settled_as: row.get(8),
        other_lane: row.get::<_, Option<uuid::Uuid>>(9).map(LaneId),
    }
}
