//! Reviews over HTTP and at the command line: seen side by side, decided, taken back.

use model::{EntityId, Tenant};
use reqwest::StatusCode;
use serde_json::json;
use store::review::{self, Question};

use crate::site::{EVERYTHING, Site, told};

async fn asked(site: &Site, one: model::ResourceId, other: model::ResourceId) -> String {
    let question = Question {
        kind: "possible-duplicate".to_owned(),
        journal: None,
        entity: Some(EntityId(one.0)),
        other_entity: Some(EntityId(other.0)),
        explained: Some(json!({"points": 140, "parts": []}).to_string()),
    };
    let mut tx = site.store.begin(Tenant::DEFAULT).await.unwrap();
    let asked = std::slice::from_ref(&question);
    review::open(&mut tx, asked).await.unwrap();
    // Asked twice, open once.
    review::open(&mut tx, asked).await.unwrap();
    tx.commit().await.unwrap();
    let open = review::list(&site.store, Tenant::DEFAULT, None, 10)
        .await
        .unwrap();
    assert_eq!(open.len(), 1);
    open[0].id.to_string()
}

#[tokio::test]
async fn a_review_is_shown_decided_and_taken_back() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let (one, other) = (site.patient("One").await, site.patient("Other").await);
    let id = asked(&site, one, other).await;
    let (status, list) = told(site.get("/default/review", &token)).await;
    assert_eq!(
        (status, &list["reviews"][0]["id"]),
        (StatusCode::OK, &json!(id))
    );
    let path = format!("/default/review/{id}");
    let (_, shown) = told(site.get(&path, &token)).await;
    let family = |at: usize| &shown["candidates"][at]["name"][0]["family"];
    assert_eq!((family(0), family(1)), (&json!("One"), &json!("Other")));
    assert_eq!(shown["explained"]["points"], 140);

    let decide = async |word: &str| {
        let body = json!({ "decision": word });
        told(site.post(&path, &token, &body)).await
    };
    let persons = "select count(*) from person";
    assert_eq!(decide("link").await.0, StatusCode::OK);
    assert_eq!(site.number(persons).await, 2);
    assert_eq!(
        decide("apart").await.0,
        StatusCode::CONFLICT,
        "it is decided"
    );
    assert_eq!(decide("undo").await.0, StatusCode::OK);
    assert_eq!(site.number(persons).await, 0);
    assert_eq!(decide("apart").await.0, StatusCode::OK);
    assert_eq!(decide("perhaps").await.0, StatusCode::BAD_REQUEST);
    let (_, list) = told(site.get("/default/review", &token)).await;
    assert_eq!(list["reviews"], json!([]));
    let missing = site.get("/default/review/7", &token);
    assert_eq!(told(missing).await.0, StatusCode::NOT_FOUND);
    let trail = "select count(*) from audit where interaction = 'review-decision'";
    assert!(4 <= site.number(trail).await);

    // Who reaches one patient decides about none.
    let own = site
        .token_of(Tenant::DEFAULT, "patient/*.rus", Some(one))
        .await;
    assert_eq!(
        told(site.get("/default/review", &own)).await.0,
        StatusCode::NOT_FOUND
    );
    let reader = site.token("system/*.rs").await;
    let refused = site.post(&path, &reader, &json!({"decision": "undo"}));
    assert_eq!(told(refused).await.0, StatusCode::FORBIDDEN);
}
