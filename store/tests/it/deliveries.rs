//! Deliveries: claimed with a lease, in each patient's order.

use model::{Delivery, DeliveryId, ResourceId, SignedDuration, Tenant, VersionId};
use store::delivery::{self, Filter, Item, Leased, New};
use uuid::Uuid;

use crate::chart::id;
use crate::db::{self, Db};

const LEASE: SignedDuration = SignedDuration::from_secs(30);
const T: Tenant = Tenant::DEFAULT;

async fn make(db: &Db, n: u128, patient: ResourceId) -> DeliveryId {
    let new = New {
        id: DeliveryId(Uuid::from_u128(n)),
        destination: "emr".to_owned(),
        document: id(n),
        document_version: VersionId::FIRST,
        patient: Some(patient),
        state: Delivery::new(db.store.clock().now()),
    };
    let mut tx = db.store.begin(T).await.unwrap();
    assert!(delivery::create(&mut tx, &new).await.unwrap());
    // The same version of the same document goes to a destination once.
    let twice = New {
        id: DeliveryId(Uuid::from_u128(n + 1000)),
        ..new.clone()
    };
    assert!(!delivery::create(&mut tx, &twice).await.unwrap());
    tx.commit().await.unwrap();
    new.id
}

async fn claim(db: &Db) -> Vec<Leased> {
    delivery::claim(&db.store, T, "emr", LEASE, 10)
        .await
        .unwrap()
}

async fn settle(db: &Db, leased: &Leased, state: &Delivery) -> bool {
    let mut tx = db.store.begin(T).await.unwrap();
    let settled =
        delivery::settle(&mut tx, leased.item.id, leased.lease, state, Some("MSA|AA")).await;
    tx.commit().await.unwrap();
    settled.unwrap()
}

fn ids(leased: &[Leased]) -> Vec<DeliveryId> {
    leased.iter().map(|leased| leased.item.id).collect()
}

async fn get(db: &Db, id: DeliveryId) -> Item {
    delivery::get(&db.store, T, id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_delivery_that_backs_off_holds_up_its_own_patient_alone() {
    let Some(db) = db::fresh().await else { return };
    let (a, b) = (id(1), id(2));
    let first = make(&db, 1, a).await;
    let second = make(&db, 2, a).await;
    let other = make(&db, 3, b).await;
    let claimed = claim(&db).await;
    assert_eq!(ids(&claimed), [first, other]);
    assert!(claim(&db).await.is_empty());
    let now = db.store.clock().now();
    let later = Delivery::Queued {
        attempt: 1,
        due: now + SignedDuration::from_hours(1),
    };
    assert!(settle(&db, &claimed[0], &later).await);
    assert!(settle(&db, &claimed[1], &Delivery::Accepted { at: now }).await);
    assert!(claim(&db).await.is_empty());
    // Once it has been dealt with, the next one of its patient goes.
    let mut tx = db.store.begin(T).await.unwrap();
    let item = delivery::lock(&mut tx, first).await.unwrap().unwrap();
    assert_eq!(item.state, later);
    delivery::change(&mut tx, first, &Delivery::Rejected { attempts: 2 })
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ids(&claim(&db).await), [second]);
    assert_eq!(get(&db, other).await.answer.as_deref(), Some("MSA|AA"));
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_and_its_old_holder_can_not_settle() {
    let Some(db) = db::fresh().await else { return };
    make(&db, 1, id(1)).await;
    let brief = SignedDuration::from_secs(0);
    let old = delivery::claim(&db.store, T, "emr", brief, 1)
        .await
        .unwrap()
        .remove(0);
    let new = claim(&db).await.remove(0);
    let now = db.store.clock().now();
    assert!(!settle(&db, &old, &Delivery::Accepted { at: now }).await);
    assert!(
        !delivery::extend(&db.store, T, old.item.id, old.lease, now)
            .await
            .unwrap()
    );
    assert!(
        delivery::extend(&db.store, T, new.item.id, new.lease, now + LEASE)
            .await
            .unwrap()
    );
    let mut tx = db.store.begin(T).await.unwrap();
    assert!(
        delivery::bind(&mut tx, new.item.id, new.lease, "C1", "D1", [1; 32])
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    assert!(settle(&db, &new, &Delivery::Accepted { at: now }).await);
    let found = delivery::by_control_id(&db.store, T, "C1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.state, Delivery::Accepted { at: now });
    assert_eq!(found.message_digest, Some([1; 32]));
}

#[tokio::test]
async fn what_is_held_is_listed_by_state_and_patient() {
    let Some(db) = db::fresh().await else { return };
    let (one, other) = (make(&db, 1, id(1)).await, make(&db, 2, id(2)).await);
    make(&db, 3, id(1)).await;
    let held = Delivery::Held {
        reason: "no identifier".to_owned(),
    };
    let mut tx = db.store.begin(T).await.unwrap();
    delivery::change(&mut tx, one, &held).await.unwrap();
    delivery::change(&mut tx, other, &held).await.unwrap();
    tx.commit().await.unwrap();
    let filter = Filter {
        states: vec!["held".to_owned()],
        destination: Some("emr".to_owned()),
        patient: Some(id(1)),
        before: Some(db.store.clock().now() + LEASE),
    };
    let items = delivery::list(&db.store, T, &filter, 9).await.unwrap();
    assert_eq!(items.iter().map(|item| item.id).collect::<Vec<_>>(), [one]);
    assert_eq!(items[0].state, held);
}

#[tokio::test]
async fn a_destination_has_one_leader_at_a_time() {
    let Some(db) = db::fresh().await else { return };
    let leader = delivery::lead(&db.store, T, "emr").await.unwrap().unwrap();
    assert!(delivery::lead(&db.store, T, "emr").await.unwrap().is_none());
    assert!(
        delivery::lead(&db.store, T, "other")
            .await
            .unwrap()
            .is_some()
    );
    assert!(leader.holds().await);
    drop(leader);
    // The server notices the end of the session in its own time.
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
    while delivery::lead(&db.store, T, "emr").await.unwrap().is_none() {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
}
