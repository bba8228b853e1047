//! What the matching of patients keeps.

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
