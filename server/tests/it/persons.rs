//! Persons: searches and patients' tokens see through links.

use fhir::ResourceType;
use mapping::inbound::EntityKind;
use mapping::{Link, Maker, Relation};
use model::{Actor, EntityId, ResourceId, Tenant};
use reqwest::StatusCode;

use crate::site::{EVERYTHING, Site, document, ids, told};

/// One patient was merged into another, by whoever decides.
async fn merge(site: &Site, from: ResourceId, to: ResourceId) {
    let row = site.store.tenant("default").await.unwrap().unwrap();
    let source = ingest::decided(site.store.clock().now(), "test");
    let link = Link {
        kind: EntityKind::Patient,
        from: EntityId(from.0),
        to: EntityId(to.0),
        relation: Relation::Merged,
        maker: Maker::Person,
        source: source.into(),
        field: None,
    };
    let (store, key) = (&site.store, &row.identity_key);
    let merged = ingest::Relinked {
        links: vec![link],
        ..ingest::Relinked::default()
    };
    let place = (store, Tenant::DEFAULT);
    ingest::relink(place, key, &merged, Actor::Operator)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_an_app_posted_for_an_old_id_is_found_for_the_person() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let (old, new) = (site.patient("Old").await, site.patient("New").await);
    let posted = site
        .put(ResourceType::DocumentReference, &document(old))
        .await;
    let found = async |patient: ResourceId| -> Vec<String> {
        let query = format!("/fhir/DocumentReference?patient={patient}");
        let (status, bundle) = told(site.get(&query, &token)).await;
        assert_eq!(status, StatusCode::OK);
        ids(&bundle)
    };
    assert!(found(new).await.is_empty());
    merge(&site, old, new).await;
    assert_eq!(found(new).await, [posted.to_string()]);
    assert_eq!(found(old).await, [posted.to_string()]);

    // The token of the person's app reaches it under either id.
    let scope = "patient/*.rs";
    let own = site.token_of(Tenant::DEFAULT, scope, Some(new)).await;
    let read = format!("/fhir/DocumentReference/{posted}");
    let (status, _) = told(site.get(&read, &own)).await;
    assert_eq!(status, StatusCode::OK);
    let (_, bundle) = told(site.get("/fhir/DocumentReference", &own)).await;
    assert_eq!(ids(&bundle), [posted.to_string()]);
    let stranger = site.patient("Stranger").await;
    let strangers = site.token_of(Tenant::DEFAULT, scope, Some(stranger)).await;
    let (status, _) = told(site.get(&read, &strangers)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
