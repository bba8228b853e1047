//! The change feed never lets a reader miss a version.

use std::time::Duration;

use jiff::SignedDuration;
use model::Tenant;
use store::change::{self, Place, Settling};
use store::resource::{self, IndexRows};

use crate::chart::{commit, create, head, id, update, version};
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
    let settled = async |window: i64, quiet: i64| {
        let settling = Settling {
            window: SignedDuration::from_secs(window),
            quiet: SignedDuration::from_secs(quiet),
        };
        let (store, tenant) = (&db.store, Tenant::DEFAULT);
        let settled = change::settled(store, tenant, start, 10, settling).await;
        settled.unwrap()
    };
    let none = settled(3600, 3600).await;
    assert!(none.changes.is_empty() && none.next == start);
    for (window, quiet) in [(3600, -1), (-1, 3600)] {
        let mut some = settled(window, quiet).await;
        for _ in 0..1000 {
            // Transactions of the cluster's other databases hold the feed back.
            if some.changes.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
                some = settled(window, quiet).await;
            }
        }
        assert_eq!(some.changes.len(), 1, "the last version alone");
        assert_eq!(some.changes[0].version.0, 2);
        assert!(start < some.next);
    }
}
