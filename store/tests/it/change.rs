//! The change feed never lets a reader miss a version.

use std::time::Duration;

use jiff::SignedDuration;
use model::{JournalId, Tenant};
use store::Store;
use store::change::{self, Place, Settled, Settling};
use store::resource::{self, IndexRows};

use crate::chart::{KIND, commit, create, head, id, update, version};
use crate::db;

#[tokio::test]
async fn a_change_that_was_begun_first_and_committed_last_is_not_missed() {
    let Some(db) = db::fresh().await else { return };
    let now = db.store.clock().now();
    let one = |n| create(id(n), now, version("x", IndexRows::default()));
    let start = change::end(&db.store, Tenant::DEFAULT).await.unwrap();
    let mut slow = db.store.begin(Tenant::DEFAULT).await.unwrap();
    resource::write(&mut slow, &[one(1)]).await.unwrap();
    commit(&db.store, &[one(2)]).await.unwrap();
    let since = async |place: Place| -> Vec<_> {
        let changes = change::since(&db.store, Tenant::DEFAULT, place, 10)
            .await
            .unwrap();
        changes
            .into_iter()
            .map(|change| (change.resource, change.place))
            .collect()
    };
    // Transactions of the cluster's other databases hold the feed back as well.
    let soon = async |place: Place| -> Vec<_> {
        for _ in 0..1000 {
            let changes = since(place).await;
            if !changes.is_empty() {
                return changes;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Vec::new()
    };
    // The second is committed, but the first may still come and would stand before it.
    assert!(since(start).await.is_empty());
    slow.commit().await.unwrap();
    let both = soon(start).await;
    assert_eq!(
        both.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        [id(1), id(2)]
    );
    assert_eq!(since(both[0].1).await, both[1..]);
    let end = change::end(&db.store, Tenant::DEFAULT).await.unwrap();
    assert!(since(end).await.is_empty());
    commit(&db.store, &[one(3)]).await.unwrap();
    assert_eq!(soon(end).await[0].0, id(3));
}

/// A readmission that is called off at once must not alarm anybody.
#[tokio::test]
async fn a_settled_change_has_stood_for_a_while_and_was_not_overtaken() {
    let Some(db) = db::fresh().await else { return };
    let now = db.store.clock().now();
    let start = change::end(&db.store, Tenant::DEFAULT).await.unwrap();
    let text = |body| version(body, IndexRows::default());
    commit(&db.store, &[create(id(1), now, text("admitted"))])
        .await
        .unwrap();
    let admitted = head(&db.store, id(1)).await;
    commit(&db.store, &[update(&admitted, now, text("called off"))])
        .await
        .unwrap();
    let none = settled(&db.store, start, (3600, 3600)).await;
    assert!(none.changes.is_empty() && none.next == start);
    for settling in [(3600, -1), (-1, 3600)] {
        let some = soon_settled(&db.store, start, settling).await;
        assert_eq!(versions(&some), [2], "the last version alone");
        assert!(start < some.next);
    }
}

#[tokio::test]
async fn what_changes_without_a_pause_is_told_of_when_the_window_is_over() {
    let Some(db) = db::fresh().await else { return };
    let start = change::end(&db.store, Tenant::DEFAULT).await.unwrap();
    let window_alone = (1, 3600);
    history(&db.store, &["loud"]).await;
    let one = soon_settled(&db.store, start, window_alone).await;
    assert_eq!(versions(&one), [1]);
    history(&db.store, &["loud"]).await;
    let overtaken = settled(&db.store, start, window_alone).await;
    assert_eq!(versions(&overtaken), [2], "told of, as it stands now");
    let last = soon_settled(&db.store, one.next, window_alone).await;
    assert_eq!(versions(&last), [2]);
    let both = settled(&db.store, start, window_alone).await;
    assert_eq!(versions(&both), [2], "once, when both have settled");
}

/// A backlog that is loaded over a discharge must not swallow it.
#[tokio::test]
async fn a_quiet_version_does_not_hide_the_loud_one_that_it_overtakes() {
    let Some(db) = db::fresh().await else { return };
    let start = change::end(&db.store, Tenant::DEFAULT).await.unwrap();
    history(&db.store, &["loud", "quiet", "quiet"]).await;
    let settled_at_once = (-1, 3600);
    let some = soon_settled(&db.store, start, settled_at_once).await;
    assert_eq!(versions(&some), [3], "once, as it stands now");
    history(&db.store, &["quiet"]).await;
    let more = settled(&db.store, some.next, settled_at_once).await;
    assert!(more.changes.is_empty(), "told already");
    history(&db.store, &["loud"]).await;
    let again = soon_settled(&db.store, some.next, settled_at_once).await;
    assert_eq!(versions(&again), [5]);
}

#[tokio::test]
async fn what_a_loud_version_took_back_is_not_shown_because_a_quiet_one_came_after() {
    let Some(db) = db::fresh().await else { return };
    let start = change::end(&db.store, Tenant::DEFAULT).await.unwrap();
    history(&db.store, &["loud", "quiet", "loud", "quiet"]).await;
    let some = soon_settled(&db.store, start, (-1, 3600)).await;
    assert_eq!(
        versions(&some),
        [4],
        "the call-off alone, not what it called off"
    );
    let waiting = settled(&db.store, start, (3600, 3600)).await;
    assert!(waiting.changes.is_empty(), "it has not settled yet");
}

#[tokio::test]
async fn what_was_loaded_quietly_never_settles_into_news() {
    let Some(db) = db::fresh().await else { return };
    let start = change::end(&db.store, Tenant::DEFAULT).await.unwrap();
    history(&db.store, &["quiet", "quiet"]).await;
    let two = until(async || {
        let changes = change::since(&db.store, Tenant::DEFAULT, start, 10).await;
        changes.unwrap().len() == 2
    });
    two.await;
    let none = settled(&db.store, start, (-1, -1)).await;
    assert!(none.changes.is_empty() && start < none.next);
}

/// Versions of one resource, one transaction each.
async fn history(store: &Store, manners: &[&str]) {
    let now = store.clock().now();
    for manner in manners {
        let mut tx = store.begin(Tenant::DEFAULT).await.unwrap();
        if *manner == "quiet" {
            tx.hush([JournalId(1)]);
        }
        let version = version(manner, IndexRows::default());
        let heads = resource::heads(&mut tx, &[(KIND, id(1))]).await.unwrap();
        let write = match heads.first() {
            Some(head) => update(head, now, version),
            None => create(id(1), now, version),
        };
        resource::write(&mut tx, &[write]).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Window and quiet in seconds: what is below zero has passed.
async fn settled(store: &Store, after: Place, (window, quiet): (i64, i64)) -> Settled {
    let settling = Settling {
        window: SignedDuration::from_secs(window),
        quiet: SignedDuration::from_secs(quiet),
    };
    let settled = change::settled(store, Tenant::DEFAULT, after, 10, settling).await;
    settled.unwrap()
}

/// Transactions of the cluster's other databases hold the feed back.
async fn soon_settled(store: &Store, after: Place, settling: (i64, i64)) -> Settled {
    until(async || !settled(store, after, settling).await.changes.is_empty()).await;
    settled(store, after, settling).await
}

async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..1000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn versions(settled: &Settled) -> Vec<i32> {
    let changes = settled.changes.iter();
    changes.map(|change| change.version.0).collect()
}
