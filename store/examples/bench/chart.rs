//! Applying admissions: the database's share of it.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use model::{Action, Actor, AuditEvent, AuditOutcome, EntityId, JournalId, ResourceId, Tenant};
use sha2::{Digest, Sha256};
use store::audit::{self, AuditChain};
use store::fact::{self, FactRow};
use store::identity::{self, Identity};
use store::journal::{self, Chains};
use store::lanes::{self, Disposition, Done, Queued};
use store::resource::{self, IndexRows, Op, Origin, Version, Write};
use store::{Store, stats};
use uuid::Uuid;

use crate::Bench;
use crate::ingest::receipt;

const N: u64 = 24_000;

pub(crate) async fn measure(bench: &Bench) {
    for n_workers in [1_u64, 2] {
        queue(bench, n_workers * 10_000_000).await;
        let before = wal(bench).await;
        let begun = Instant::now();
        let tasks: Vec<_> = (0..n_workers)
            .map(|_| tokio::spawn(drain(bench.store.clone())))
            .collect();
        let mut n_applied = 0;
        for task in tasks {
            n_applied += task.await.unwrap();
        }
        let took = begun.elapsed().as_secs_f64();
        let wal = (wal(bench).await - before) / f64::from(n_applied);
        let rate = f64::from(n_applied) / took;
        println!("admissions applied, {n_workers} workers {rate:>9.0}/s  {wal:.0} WAL bytes each");
    }
    for table in stats::table_bytes(&bench.store).await.unwrap() {
        let each = |bytes: u64| bytes / (2 * N);
        if 0 < each(table.heap) {
            println!(
                "    {:<16} {:>6} + {:>5} bytes",
                table.table,
                each(table.heap),
                each(table.indexes)
            );
        }
    }
}

async fn wal(bench: &Bench) -> f64 {
    let sql = "select (pg_current_wal_lsn() - '0/0')::float8";
    bench
        .client()
        .await
        .query_one(sql, &[])
        .await
        .unwrap()
        .get(0)
}

async fn queue(bench: &Bench, from: u64) {
    bench
        .client()
        .await
        .batch_execute("truncate queue, seen; checkpoint")
        .await
        .unwrap();
    let mut chains = Chains::begin(&bench.store, Tenant::DEFAULT).await.unwrap();
    let now = bench.store.clock().now();
    for start in (0..N).step_by(200) {
        let batch: Vec<_> = (start..start + 200)
            .map(|n| receipt(from + n, now))
            .collect();
        journal::append(&bench.store, &mut chains, &batch, Duration::from_secs(5)).await;
    }
}

/// Applies until nothing waits.
async fn drain(store: Store) -> u32 {
    let chain = AuditChain::default();
    let mut n_applied = 0;
    loop {
        let mut tx = store.begin(Tenant::DEFAULT).await.unwrap();
        let messages = lanes::claim(&mut tx, 1, 200).await.unwrap().messages;
        if messages.is_empty() {
            return n_applied;
        }
        let ids: Vec<JournalId> = messages.iter().map(|message| message.journal).collect();
        journal::raws(&store, Tenant::DEFAULT, &ids).await.unwrap();
        apply(&mut tx, &messages, &chain).await;
        tx.commit().await.unwrap();
        n_applied += u32::try_from(messages.len()).unwrap();
    }
}

async fn apply(tx: &mut store::Tx, messages: &[Queued], chain: &AuditChain) {
    let patient = |message: &Queued| message.lane.0;
    let visit = |message: &Queued| hash(&[message.lane.0.as_bytes(), b"visit"]);
    let entities: Vec<EntityId> = messages
        .iter()
        .flat_map(|message| [EntityId(patient(message)), EntityId(visit(message))])
        .collect();
    assert!(fact::load(tx, &entities).await.unwrap().is_empty());
    let facts: Vec<FactRow> = messages
        .iter()
        .flat_map(|message| {
            [(patient(message), 1, 900), (visit(message), 2, 700)].map(|(entity, kind, size)| {
                FactRow {
                    entity: EntityId(entity),
                    kind,
                    owner: EntityId(message.lane.0),
                    journal: message.journal,
                    fold_version: 1,
                    body: noise(entity, size).into_bytes(),
                    new: true,
                }
            })
        })
        .collect();
    fact::save(tx, &facts).await.unwrap();
    let identities: Vec<Identity> = facts
        .iter()
        .map(|fact| Identity {
            entity: fact.entity,
            lane: Some(model::LaneId(fact.owner.0)),
            identity: model::SourceIdentity {
                kind: model::IdentityKind::Patient,
                authority: "HCHB".to_owned(),
                type_code: "MR".to_owned(),
                value: fact.entity.to_string(),
            },
            new: true,
        })
        .collect();
    identity::add(tx, &identities).await.unwrap();
    let now = tx.store().clock().now();
    let writes: Vec<Write> = messages
        .iter()
        .flat_map(|message| resources(message, now))
        .collect();
    let keys: Vec<(i16, ResourceId)> = writes.iter().map(|write| (write.kind, write.id)).collect();
    assert!(resource::heads(tx, &keys).await.unwrap().is_empty());
    resource::write(tx, &writes).await.unwrap();
    let events: Vec<AuditEvent> = messages.iter().map(event).collect();
    audit::in_tx(tx, chain, &events).await.unwrap();
    let done: Vec<Done> = messages
        .iter()
        .map(|message| Done {
            journal: message.journal,
            disposition: Disposition::Applied,
            profile: Some(1),
            mapping_version: 1,
            note: None,
            reused_control_id: false,
        })
        .collect();
    let lanes: Vec<_> = messages.iter().map(|message| message.lane).collect();
    lanes::finish(tx, &done, &lanes, 1).await.unwrap();
}

/// A Patient, an Encounter and a Condition.
fn resources(message: &Queued, now: model::Timestamp) -> [Write; 3] {
    let patient = ResourceId(message.lane.0);
    [(1, 9, 5, 1, 1100), (2, 6, 0, 2, 900), (3, 4, 0, 1, 600)].map(
        |(kind, n_tokens, n_strings, n_dates, size): (i16, u8, i16, i16, usize)| {
            let id = hash(&[patient.0.as_bytes(), &kind.to_be_bytes()]);
            let token = |n: u8| {
                // A third of the tokens are codes that many resources share.
                let own: &[u8] = if n.is_multiple_of(3) {
                    b"shared"
                } else {
                    id.as_bytes()
                };
                i64::from_be_bytes(
                    *hash(&[own, &[n], &kind.to_be_bytes()])
                        .as_bytes()
                        .first_chunk()
                        .unwrap(),
                )
            };
            let index = IndexRows {
                version: 1,
                leads: (0..n_tokens).map(token).collect(),
                tokens: (0..n_tokens).map(token).collect(),
                strings: (0..n_strings).map(|n| (n, noise(id, 14))).collect(),
                dates: (0..n_dates).map(|n| (n, now, now)).collect(),
                patient: Some(patient),
            };
            Write {
                kind,
                id: ResourceId(id),
                at: now,
                origin: Origin::Emr,
                journal: Some(message.journal),
                lineage: Some(vec![7; 120]),
                op: Op::Create(Version {
                    body: noise(id, size),
                    content: id,
                    index,
                }),
            }
        },
    )
}

fn event(message: &Queued) -> AuditEvent {
    AuditEvent {
        actor: Actor::Message(message.journal),
        action: Action::Execute,
        outcome: AuditOutcome::Success,
        interaction: "apply",
        resource_type: Some("Patient"),
        resource: Some(ResourceId(message.lane.0)),
        version: None,
        patient: Some(ResourceId(message.lane.0)),
        request: None,
    }
}

fn hash(parts: &[&[u8]]) -> Uuid {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Uuid::from_slice(&hasher.finalize()[..16]).unwrap()
}

/// Text that compresses about as well as JSON does.
fn noise(seed: Uuid, size: usize) -> String {
    let mut text = String::with_capacity(size + 40);
    let mut state = seed.as_u128();
    while text.len() < size {
        state = state
            .wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645)
            .wrapping_add(1);
        write!(text, "{:x}\",\"system\":\"http", state >> 96).unwrap();
    }
    text.truncate(size);
    text
}
