//! Reads by id and searches, beside prepared point selects.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::{Access, Action, Actor, AuditEvent, AuditOutcome, Reach, ResourceId, Tenant};
use store::audit::Trail;
use store::resource::{self, Criterion, Search};

use crate::{Bench, rate};

const ALL: Access = Access {
    tenant: Tenant::DEFAULT,
    reach: Reach::All,
};

pub(crate) async fn measure(bench: &Bench) {
    let client = bench.client().await;
    client.batch_execute("analyze").await.unwrap();
    let rows = client
        .query(
            "select id, tokens from resource where type = 1 limit 5000",
            &[],
        )
        .await
        .unwrap();
    let ids: Arc<Vec<uuid::Uuid>> = Arc::new(rows.iter().map(|row| row.get(0)).collect());
    let tokens: Arc<Vec<Vec<i64>>> = Arc::new(rows.iter().map(|row| row.get(1)).collect());
    if ids.is_empty() {
        println!("nothing to read: measure `chart` in the same run");
        return;
    }
    limits(bench, &ids).await;
    let next = next_of(&ids);
    let store = bench.store.clone();
    let read = move |_| {
        let (id, store) = (ResourceId(next()), store.clone());
        async move {
            resource::read(&store, &ALL, 1, id).await.unwrap().unwrap();
        }
    };
    rate("read by id", 1, read.clone()).await;
    rate("read by id", 64, read).await;
    let (next, store, trail) = (
        next_of(&ids),
        bench.store.clone(),
        Trail::start(&bench.store),
    );
    rate("read by id, audited", 64, move |_| {
        let (id, store, trail) = (ResourceId(next()), store.clone(), trail.clone());
        async move {
            resource::read(&store, &ALL, 1, id).await.unwrap().unwrap();
            trail.record(Tenant::DEFAULT, event(id)).await.unwrap();
        }
    })
    .await;
    for (what, place) in [
        ("search by own token", 1),
        ("newest page of a common token", 0),
    ] {
        let (next, store) = (next_of(&tokens), bench.store.clone());
        rate(what, 16, move |_| {
            let search = Search::of(1, vec![Criterion::Tokens(vec![next()[place]])], 20);
            let store = store.clone();
            async move {
                resource::search(&store, &ALL, &search).await.unwrap();
            }
        })
        .await;
    }
}

/// Goes round and round.
fn next_of<T: Clone + Send + Sync + 'static>(all: &Arc<Vec<T>>) -> impl Fn() -> T + Clone + use<T> {
    let (all, turn) = (Arc::clone(all), Arc::new(AtomicUsize::new(0)));
    move || all[turn.fetch_add(7, Ordering::Relaxed) % all.len()].clone()
}

async fn limits(bench: &Bench, ids: &Arc<Vec<uuid::Uuid>>) {
    let mut clients = Vec::new();
    for _ in 0..16 {
        let client = bench.client().await;
        let sql = "select body from resource where tenant = 1 and type = 1 and id = $1";
        let statement = client.prepare(sql).await.unwrap();
        clients.push(Arc::new((client, statement)));
    }
    let next = next_of(ids);
    rate("limit: prepared point select", 16, move |task| {
        let (client, id) = (Arc::clone(&clients[task]), next());
        async move {
            client.0.query_one(&client.1, &[&id]).await.unwrap();
        }
    })
    .await;
}

fn event(id: ResourceId) -> AuditEvent {
    AuditEvent {
        actor: Actor::Token(1),
        action: Action::Read,
        outcome: AuditOutcome::Success,
        interaction: "read",
        resource_type: Some("Patient"),
        resource: Some(id),
        version: None,
        patient: Some(id),
        request: Some("0190c2c0-7bb9-7000-8000-000000000000".to_owned()),
    }
}
