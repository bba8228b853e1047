//! Facts, identities and the repository's writes and reads.

use model::{
    Access, EntityId, IdentityKind, JournalId, Reach, ResourceId, SourceIdentity, Tenant,
    Timestamp, VersionId,
};
use store::fact::{self, FactRow};
use store::identity::{self, Identity};
use store::link::{self, LinkRow};
use store::resource::{self, Head, IndexRows, Op, Origin, Version, Write};
use store::{Store, StoreError};
use uuid::Uuid;

use crate::db;

pub(crate) const KIND: i16 = 1;
pub(crate) const ALL: Access = Access {
    tenant: Tenant::DEFAULT,
    reach: Reach::All,
};

pub(crate) fn id(n: u128) -> ResourceId {
    ResourceId(Uuid::from_u128(n))
}

pub(crate) fn version(body: &str, index: IndexRows) -> Version {
    Version {
        body: body.to_owned(),
        content: crate::journal::half(body.as_bytes()),
        index,
    }
}

pub(crate) fn create(id: ResourceId, at: Timestamp, version: Version) -> Write {
    Write {
        kind: KIND,
        id,
        at,
        origin: Origin::Emr,
        journal: Some(JournalId(1)),
        lineage: Some(vec![1, 2]),
        op: Op::Create(version),
    }
}

pub(crate) fn update(head: &Head, at: Timestamp, version: Version) -> Write {
    Write {
        op: Op::Update {
            prior: head.prior.clone(),
            version,
        },
        ..create(head.id, at, self::version("", IndexRows::default()))
    }
}

pub(crate) async fn commit(store: &Store, writes: &[Write]) -> Result<(), StoreError> {
    let mut tx = store.begin(Tenant::DEFAULT).await?;
    resource::write(&mut tx, writes).await?;
    tx.commit().await?;
    Ok(())
}

pub(crate) async fn head(store: &Store, id: ResourceId) -> Head {
    let mut tx = store.begin(Tenant::DEFAULT).await.unwrap();
    resource::heads(&mut tx, &[(KIND, id)])
        .await
        .unwrap()
        .pop()
        .unwrap()
}

fn index(store: &Store, tokens: &[i64]) -> IndexRows {
    let now = store.clock().now();
    IndexRows {
        version: 3,
        tokens: tokens.to_vec(),
        leads: tokens.to_vec(),
        strings: vec![
            (1, "smith\u{1}Smith".to_owned()),
            (2, "o'hara, \"{}\"".to_owned()),
        ],
        dates: vec![(4, now, now)],
        patient: Some(id(9)),
    }
}

#[tokio::test]
async fn facts_are_saved_and_loaded_and_a_race_to_make_them_is_retried() {
    let Some(db) = db::fresh().await else { return };
    let fact = |n: u128, body: &[u8], new| FactRow {
        entity: EntityId(Uuid::from_u128(n)),
        kind: 1,
        owner: EntityId(Uuid::from_u128(n)),
        journal: JournalId(1),
        fold_version: 1,
        body: body.to_vec(),
        new,
    };
    let entities = [EntityId(Uuid::from_u128(2)), EntityId(Uuid::from_u128(1))];
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    assert!(fact::load(&mut tx, &entities).await.unwrap().is_empty());
    fact::save(&mut tx, &[fact(2, b"two", true), fact(1, b"one", true)])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let loaded = fact::load(&mut tx, &entities).await.unwrap();
    assert_eq!(loaded, [fact(1, b"one", false), fact(2, b"two", false)]);
    fact::save(&mut tx, &[fact(1, b"changed", false)])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    assert_eq!(
        fact::peek(&mut tx, &entities[1..]).await.unwrap()[0].body,
        b"changed"
    );
    let late = fact::save(&mut tx, &[fact(1, b"late", true)]).await;
    assert!(matches!(late, Err(StoreError::Retry(_))));
}

#[tokio::test]
async fn identifiers_are_written_once_and_found_by_value() {
    let Some(db) = db::fresh().await else { return };
    let entity = EntityId(Uuid::from_u128(1));
    let row = |value: &str, new| Identity {
        entity,
        lane: None,
        identity: SourceIdentity {
            kind: IdentityKind::Patient,
            authority: "HCHB".to_owned(),
            type_code: "MR".to_owned(),
            value: value.to_owned(),
        },
        new,
    };
    for rows in [
        [row("1", true), row("1", true)],
        [row("1", false), row("2", false)],
    ] {
        let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
        identity::add(&mut tx, &rows).await.unwrap();
        tx.commit().await.unwrap();
    }
    let have = identity::of(&db.store, Tenant::DEFAULT, entity).await;
    assert_eq!(have.unwrap(), [row("1", false), row("2", false)]);
    let found = identity::find(&db.store, Tenant::DEFAULT, IdentityKind::Patient, "2").await;
    assert_eq!(found.unwrap(), [row("2", false)]);
    let other = identity::find(&db.store, Tenant::DEFAULT, IdentityKind::Visit, "2").await;
    assert!(other.unwrap().is_empty());
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let late = identity::add(&mut tx, &[row("2", true)]).await;
    assert!(matches!(late, Err(StoreError::Retry(_))));
}

#[tokio::test]
async fn aliases_stay_as_they_were_said_first() {
    let Some(db) = db::fresh().await else { return };
    let (a, b) = (EntityId(Uuid::from_u128(1)), EntityId(Uuid::from_u128(2)));
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    identity::add_alias(&mut tx, a, b, "profile").await.unwrap();
    identity::add_alias(&mut tx, a, a, "profile").await.unwrap();
    assert_eq!(identity::resolve(&mut tx, &[a, b]).await.unwrap(), [(a, b)]);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn links_are_found_over_others_and_say_who_is_one_with_whom() {
    let Some(db) = db::fresh().await else { return };
    let entity = |n: u128| EntityId(Uuid::from_u128(n));
    let now = db.store.clock().now();
    let between = |low: u128, high: u128| LinkRow {
        low: entity(low),
        high: entity(high),
        kind: 1,
        maker: 1,
        relation: 2,
        from_low: true,
        stated_at: now,
        journal: Some(JournalId(7)),
        field: Some("MRG-1".to_owned()),
        source: b"[]".to_vec(),
    };
    let links = [between(1, 2), between(2, 3), between(8, 9)];
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    link::save(&mut tx, &links).await.unwrap();
    let apart = LinkRow {
        relation: 0,
        ..between(8, 9)
    };
    link::save(&mut tx, std::slice::from_ref(&apart))
        .await
        .unwrap();
    let mut around = link::around(&mut tx, &[entity(3)]).await.unwrap();
    around.sort_by_key(|link| link.low);
    assert_eq!(around, links[..2]);
    assert_eq!(link::around(&mut tx, &[entity(9)]).await.unwrap(), [apart]);
    let one = [1, 2, 3].map(|n| (entity(n), entity(3)));
    link::lead(&mut tx, &[1, 2, 3].map(entity), &one)
        .await
        .unwrap();
    let mut leads = link::leads(&tx, &[entity(1)]).await.unwrap();
    leads.sort_unstable();
    assert_eq!(leads, one);
    link::lead(&mut tx, &[1, 2, 3].map(entity), &[])
        .await
        .unwrap();
    assert!(link::leads(&tx, &[entity(1)]).await.unwrap().is_empty());
}

/// Creates resource 1, changes it, deletes it.
async fn three_versions(store: &Store) {
    let now = store.clock().now();
    commit(
        store,
        &[create(id(1), now, version("v1", index(store, &[1, 2])))],
    )
    .await
    .unwrap();
    let created = head(store, id(1)).await;
    assert_eq!(created.prior.index.tokens, [1, 2]);
    assert_eq!(created.prior.index.strings[1].1, "o'hara, \"{}\"");
    let changed = update(&created, now, version("v2", index(store, &[2, 3])));
    commit(store, std::slice::from_ref(&changed)).await.unwrap();
    let late = commit(store, &[changed]).await;
    assert!(matches!(late, Err(StoreError::VersionConflict)));
    let prior = head(store, id(1)).await.prior;
    let nothing = version("", IndexRows::default());
    let gone = Write {
        op: Op::Delete { prior },
        ..create(id(1), now, nothing)
    };
    commit(store, &[gone]).await.unwrap();
}

#[tokio::test]
async fn every_version_of_a_resource_can_be_read() {
    let Some(db) = db::fresh().await else { return };
    three_versions(&db.store).await;
    let stored = resource::read(&db.store, &ALL, KIND, id(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((stored.version, stored.deleted), (VersionId(3), true));
    let first = resource::vread(&db.store, &ALL, KIND, id(1), VersionId(1))
        .await
        .unwrap();
    assert_eq!(first.unwrap().body, "v1");
    let page = resource::history(&db.store, &ALL, KIND, id(1), None, 2)
        .await
        .unwrap();
    let versions: Vec<i32> = page
        .versions
        .iter()
        .map(|stored| stored.version.0)
        .collect();
    assert_eq!((versions, page.before), (vec![3, 2], Some(VersionId(2))));
    let rest = resource::history(&db.store, &ALL, KIND, id(1), page.before, 2)
        .await
        .unwrap();
    assert_eq!((rest.versions[0].body.as_str(), rest.before), ("v1", None));
}

#[tokio::test]
async fn nothing_leads_a_search_to_what_is_gone_and_made_again_it_goes_on() {
    let Some(db) = db::fresh().await else { return };
    three_versions(&db.store).await;
    let sql = "select (select count(*) from token_index) + (select count(*) from string_index)
        + (select count(*) from date_index)";
    let client = db.client().await;
    assert_eq!(
        client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0),
        0
    );
    let gone = head(&db.store, id(1)).await;
    let again = version("v4", index(&db.store, &[5]));
    commit(&db.store, &[update(&gone, db.store.clock().now(), again)])
        .await
        .unwrap();
    let stored = resource::read(&db.store, &ALL, KIND, id(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (stored.version, stored.body.as_str(), stored.deleted),
        (VersionId(4), "v4", false)
    );
}

#[tokio::test]
async fn an_id_is_created_once() {
    let Some(db) = db::fresh().await else { return };
    let one = create(
        id(1),
        db.store.clock().now(),
        version("v1", IndexRows::default()),
    );
    commit(&db.store, std::slice::from_ref(&one)).await.unwrap();
    assert!(matches!(
        commit(&db.store, &[one]).await,
        Err(StoreError::Retry(_))
    ));
}

#[tokio::test]
async fn a_patients_app_reads_that_patient_alone() {
    let Some(db) = db::fresh().await else { return };
    let now = db.store.clock().now();
    let other = IndexRows {
        patient: Some(id(8)),
        ..IndexRows::default()
    };
    let writes = [
        create(id(1), now, version("mine", index(&db.store, &[]))),
        create(id(2), now, version("other", other)),
        create(id(3), now, version("nobody's", IndexRows::default())),
    ];
    commit(&db.store, &writes).await.unwrap();
    let access = Access {
        tenant: Tenant::DEFAULT,
        reach: Reach::Patient(id(9)),
    };
    for (n, visible) in [(1, true), (2, false), (3, false)] {
        let read = resource::read(&db.store, &access, KIND, id(n))
            .await
            .unwrap();
        let vread = resource::vread(&db.store, &access, KIND, id(n), VersionId(1))
            .await
            .unwrap();
        let history = resource::history(&db.store, &access, KIND, id(n), None, 9)
            .await
            .unwrap();
        let seen = [
            read.is_some(),
            vread.is_some(),
            !history.versions.is_empty(),
        ];
        assert_eq!(seen, [visible; 3], "resource {n}");
    }
    let elsewhere = Access {
        tenant: Tenant(2),
        reach: Reach::All,
    };
    assert!(
        resource::read(&db.store, &elsewhere, KIND, id(1))
            .await
            .unwrap()
            .is_none()
    );
}
