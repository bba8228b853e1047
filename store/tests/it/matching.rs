//! What the matching of patients keeps.

use std::time::Duration;

use model::{EntityId, Tenant};
use store::Store;
use store::matching::{self, Compared};
use uuid::Uuid;

use crate::db;

fn patient(n: u128, body: &str, keys: &[i64]) -> Compared {
    Compared {
        entity: EntityId(Uuid::from_u128(n)),
        body: body.as_bytes().to_vec(),
        keys: keys.to_vec(),
    }
}

/// Who is found for a patient with such keys, and by what each is compared.
async fn found(store: &Store, keys: &[i64]) -> Vec<(u128, String)> {
    let tx = store.begin(Tenant::DEFAULT).await.unwrap();
    let about = [patient(99, "", keys)];
    let found = matching::candidates(&tx, &about).await.unwrap();
    found
        .into_iter()
        .map(|(_, other, body)| (other.0.as_u128(), String::from_utf8(body).unwrap()))
        .collect()
}

async fn save(store: &Store, compared: &[Compared]) {
    let mut tx = store.begin(Tenant::DEFAULT).await.unwrap();
    matching::save(&mut tx, compared).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn patients_are_found_by_the_keys_that_they_have_now() {
    let Some(db) = db::fresh().await else { return };
    let store = &db.store;
    save(
        store,
        &[
            patient(1, "ada", &[10, 11, 11]),
            patient(2, "eve", &[]),
            patient(3, "bea", &[11, 12]),
        ],
    )
    .await;
    let (ada, bea) = ((1, "ada".to_owned()), (3, "bea".to_owned()));
    assert_eq!(found(store, &[11]).await, [ada.clone(), bea.clone()]);
    assert_eq!(found(store, &[10, 11]).await, [ada.clone(), bea.clone()]);

    save(store, &[patient(1, "ida", &[10, 13])]).await;
    let ida = (1, "ida".to_owned());
    assert_eq!(found(store, &[11]).await, std::slice::from_ref(&bea));
    assert_eq!(found(store, &[13]).await, [ida]);

    let mut tx = store.begin(Tenant::DEFAULT).await.unwrap();
    let gone = [EntityId(Uuid::from_u128(1))];
    matching::forget(&mut tx, &gone, &gone).await.unwrap();
    tx.commit().await.unwrap();
    assert!(found(store, &[10, 13]).await.is_empty());
    assert_eq!(found(store, &[12]).await, [bea]);
}

#[tokio::test]
async fn what_is_forgotten_while_it_is_compared_stays_forgotten() {
    let Some(db) = db::fresh().await else { return };
    let store = &db.store;
    let ada = [EntityId(Uuid::from_u128(1))];
    pend(store, &ada).await;
    let mut turn = store.begin(Tenant::DEFAULT).await.unwrap();
    assert_eq!(matching::claim(&mut turn, 9).await.unwrap().len(), 1);
    let forget = async {
        let mut tx = store.begin(Tenant::DEFAULT).await.unwrap();
        matching::forget(&mut tx, &ada, &ada).await.unwrap();
        tx.commit().await.unwrap();
    };
    let compare = async {
        // Whoever forgets may well be first to ask.
        tokio::time::sleep(Duration::from_millis(200)).await;
        save(store, &[patient(1, "ada", &[10])]).await;
        turn.commit().await.unwrap();
    };
    tokio::join!(forget, compare);
    assert!(found(store, &[10]).await.is_empty());
    assert!(matching::tenants(store).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_key_that_is_there_already_stops_nobody() {
    let Some(db) = db::fresh().await else { return };
    save(&db.store, &[patient(1, "ada", &[10])]).await;
    let lost = "delete from feature";
    db.client().await.execute(lost, &[]).await.unwrap();
    save(&db.store, &[patient(1, "ada", &[10, 11])]).await;
    assert_eq!(found(&db.store, &[11]).await, [(1, "ada".to_owned())]);
}

async fn pend(store: &Store, patients: &[EntityId]) {
    let mut tx = store.begin(Tenant::DEFAULT).await.unwrap();
    matching::pend(&mut tx, patients).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn of_whom_more_is_said_while_it_is_compared_is_compared_once_more() {
    let Some(db) = db::fresh().await else { return };
    let store = &db.store;
    let [ada, eve] = [1, 2].map(|n| EntityId(Uuid::from_u128(n)));
    pend(store, &[eve, ada, eve]).await;
    let mut turn = store.begin(Tenant::DEFAULT).await.unwrap();
    let pending = matching::claim(&mut turn, 9).await.unwrap();
    assert_eq!(pending.len(), 2);
    pend(store, &[ada]).await;
    matching::compared(&mut turn, &pending).await.unwrap();
    turn.commit().await.unwrap();
    let mut turn = store.begin(Tenant::DEFAULT).await.unwrap();
    let pending = matching::claim(&mut turn, 9).await.unwrap();
    let left: Vec<EntityId> = pending.iter().map(|one| one.entity).collect();
    assert_eq!(left, [ada]);
    matching::compared(&mut turn, &pending).await.unwrap();
    turn.commit().await.unwrap();
    assert!(matching::tenants(store).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_compares_does_not_wait_for_a_worker() {
    let Some(db) = db::fresh().await else { return };
    let store = &db.store;
    let ada = [EntityId(Uuid::from_u128(1))];
    pend(store, &ada).await;
    let mut turn = store.begin(Tenant::DEFAULT).await.unwrap();
    let pending = matching::claim(&mut turn, 9).await.unwrap();
    let mut worker = store.begin(Tenant::DEFAULT).await.unwrap();
    matching::pend(&mut worker, &ada).await.unwrap();
    matching::compared(&mut turn, &pending).await.unwrap();
    turn.commit().await.unwrap();
    worker.commit().await.unwrap();
    assert_eq!(matching::tenants(store).await.unwrap(), [Tenant::DEFAULT]);
}
