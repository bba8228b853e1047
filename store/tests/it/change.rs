//! The change feed never lets a reader miss a version.

use std::time::Duration;

use model::Tenant;
use store::change::{self, Place};
use store::resource::{self, IndexRows};

use crate::chart::{commit, create, id, version};
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
