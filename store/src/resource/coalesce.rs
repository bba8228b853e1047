//! Single writes of many requests that share a commit.

use model::{Access, AuditEvent, Reach, Tenant};
use tokio::sync::{mpsc, oneshot};

use super::search::search_in;
use super::{Search, Stored, Write, write};
use crate::audit::AuditChain;
use crate::{Result, Store, StoreError, Tx, audit, delivery};

/// Submissions that wait at most.
const QUEUE_MAX: usize = 1_024;
/// Submissions that share a commit at most.
const BATCH_MAX: usize = 64;

/// What one request writes.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The tenant.
    pub tenant: Tenant,
    /// Nothing is written when this finds something.
    pub condition: Option<Condition>,
    /// The resources.
    pub writes: Vec<Write>,
    /// The deliveries that follow from them.
    pub deliveries: Vec<delivery::New>,
    /// What the trail says of it, once it is written.
    pub audit: Vec<AuditEvent>,
}

/// A conditional create (`If-None-Exist`).
#[derive(Clone, Debug)]
pub struct Condition {
    /// What must not be there yet.
    pub search: Search,
    /// Digests of the criteria: requests with one in common wait for each other.
    pub locks: Vec<i64>,
}

/// What became of a submission.
#[derive(Clone, Debug)]
pub enum Created {
    /// It was written and committed.
    Written,
    /// What it would have created is there: nothing was written, its audit events neither.
    Exists(Stored),
    /// Several resources match its condition: nothing was written.
    Several,
}

type Waiting = (Submission, oneshot::Sender<Result<Created>>);

/// Where requests leave their writes. Its task ends when the last handle is gone.
#[derive(Clone, Debug)]
pub struct Coalescer(mpsc::Sender<Waiting>);

impl Coalescer {
    /// Starts the writing task.
    pub fn start(store: &Store) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(keep(store.clone(), receiver));
        Self(sender)
    }

    /// Writes; resolves once it is committed. While one batch is being committed the next one
    /// gathers: a lone request waits for nobody.
    pub async fn submit(&self, submission: Submission) -> Result<Created> {
        let gone = StoreError::Overloaded("the writing task has ended");
        let (done, answer) = oneshot::channel();
        if self.0.send((submission, done)).await.is_err() {
            return Err(gone);
        }
        answer.await.unwrap_or(Err(gone))
    }
}

async fn keep(store: Store, mut receiver: mpsc::Receiver<Waiting>) {
    let chain = AuditChain::default();
    let mut waiting = Vec::with_capacity(BATCH_MAX);
    while receiver.recv_many(&mut waiting, BATCH_MAX).await != 0 {
        // A transaction touches one tenant.
        waiting.sort_by_key(|(submission, _)| submission.tenant);
        let mut rest = waiting.drain(..).peekable();
        while let Some(first) = rest.next() {
            let tenant = first.0.tenant;
            let mut batch = vec![first];
            while let Some(next) = rest.next_if(|next| next.0.tenant == tenant) {
                batch.push(next);
            }
            settle(&store, &chain, tenant, batch).await;
        }
    }
}

/// Writes a batch together; when that fails for a reason that may lie in one of them, one by one.
async fn settle(store: &Store, chain: &AuditChain, tenant: Tenant, batch: Vec<Waiting>) {
    let submissions: Vec<&Submission> = batch.iter().map(|(submission, _)| submission).collect();
    let together = commit(store, chain, tenant, &submissions).await;
    let answers = match together {
        Ok(created) => created.into_iter().map(Ok).collect(),
        Err(error @ (StoreError::UnknownCommit | StoreError::Unreachable(_))) => {
            vec![Err(error); submissions.len()]
        }
        Err(error) if submissions.len() == 1 => vec![Err(error)],
        Err(_) => {
            let mut answers = Vec::with_capacity(submissions.len());
            for submission in submissions {
                let one = commit(store, chain, tenant, &[submission]).await;
                let lost = StoreError::Inconsistent("a write answered nothing");
                answers.push(one.and_then(|created| created.into_iter().next().ok_or(lost)));
            }
            answers
        }
    };
    for ((_, done), answer) in batch.into_iter().zip(answers) {
        // A request that is gone needs no answer.
        let _ = done.send(answer);
    }
}

async fn commit(
    store: &Store,
    chain: &AuditChain,
    tenant: Tenant,
    submissions: &[&Submission],
) -> Result<Vec<Created>> {
    let mut tx = store.begin(tenant).await?;
    lock_conditions(&mut tx, submissions).await?;
    let mut created = Vec::with_capacity(submissions.len());
    let mut writes = Vec::with_capacity(submissions.len());
    let mut deliveries = Vec::new();
    for submission in submissions {
        let outcome = match &submission.condition {
            None => Created::Written,
            Some(condition) => {
                // What this batch has gathered for earlier requests must be found as well.
                write(&mut tx, &writes).await?;
                writes.clear();
                look(&tx, condition).await?
            }
        };
        if matches!(outcome, Created::Written) {
            writes.extend(submission.writes.iter().cloned());
            deliveries.extend(&submission.deliveries);
        }
        created.push(outcome);
    }
    write(&mut tx, &writes).await?;
    for new in deliveries {
        delivery::create(&mut tx, new).await?;
    }
    let events: Vec<AuditEvent> = submissions
        .iter()
        .zip(&created)
        .filter(|(_, created)| matches!(created, Created::Written))
        .flat_map(|(submission, _)| submission.audit.iter().cloned())
        .collect();
    audit::in_tx(&mut tx, chain, &events).await?;
    tx.commit().await?;
    Ok(created)
}

async fn lock_conditions(tx: &mut Tx, submissions: &[&Submission]) -> Result<()> {
    let conditions = submissions
        .iter()
        .filter_map(|submission| submission.condition.as_ref());
    let mut locks: Vec<i64> = conditions
        .flat_map(|condition| condition.locks.iter().copied())
        .collect();
    if locks.is_empty() {
        return Ok(());
    }
    locks.sort_unstable();
    locks.dedup();
    let sql = "select pg_advisory_xact_lock(key)
        from (select key from unnest($1::bigint[]) key order by key offset 0) sorted";
    tx.query(sql, &[&locks]).await?;
    Ok(())
}

async fn look(tx: &Tx, condition: &Condition) -> Result<Created> {
    // All of the tenant's rows: whether something exists must not depend on who asks. What the
    // caller may be shown of it is the caller's question.
    let access = Access {
        tenant: tx.tenant(),
        reach: Reach::All,
    };
    let search = Search {
        limit: 2,
        ..condition.search.clone()
    };
    let mut found = search_in(tx, &access, &search).await?.entries;
    Ok(match (found.len(), found.pop()) {
        (1, Some(only)) => Created::Exists(only),
        (_, Some(_)) => Created::Several,
        (_, None) => Created::Written,
    })
}
