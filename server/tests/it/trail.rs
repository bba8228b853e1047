//! Exactly one audit event for each FHIR request, however it ends.

use fhir::ResourceType;
use model::Tenant;
use reqwest::{Method, RequestBuilder};
use store::audit::{AuditRow, Filter};

use crate::site::{EVERYTHING, Site, Wanted, document, patient};

async fn events(site: &Site) -> Vec<AuditRow> {
    let rows = store::audit::list(&site.store, Tenant::DEFAULT, &Filter::default(), 100).await;
    rows.unwrap()
}

/// A request and what the trail must say of it.
struct Told {
    request: RequestBuilder,
    interaction: &'static str,
    action: char,
    outcome: i16,
    actor: char,
}

fn told(request: RequestBuilder, interaction: &'static str, action: char, outcome: i16) -> Told {
    Told {
        request,
        interaction,
        action,
        outcome,
        actor: 't',
    }
}

/// Sends each request and looks for its one event.
async fn check(site: &Site, requests: Vec<Told>) {
    for (n, wanted) in requests.into_iter().enumerate() {
        let before = events(site).await.len();
        let name = format!("request-{n}-{}", wanted.interaction);
        let request = wanted.request.header("x-request-id", &name);
        request.send().await.unwrap();
        let after = events(site).await;
        assert_eq!(after.len(), before + 1, "{name}");
        let event = after
            .iter()
            .find(|event| event.request.as_deref() == Some(&name))
            .unwrap();
        assert_eq!(event.interaction, wanted.interaction, "{name}");
        assert_eq!(event.action, wanted.action, "{name}");
        assert_eq!(event.outcome, wanted.outcome, "{name}");
        assert_eq!(event.actor_kind, wanted.actor, "{name}");
    }
}

#[tokio::test]
async fn each_request_that_is_done_is_one_event_that_says_to_whom() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("Marker").await;
    let read = format!("/fhir/Patient/{id}");
    let get = |path: &str| site.get(path, &token);
    let known = get(&read).header("if-none-match", "*");
    let create = site.post("/fhir/DocumentReference", &token, &document(id));
    let requests = vec![
        told(get(&read), "read", 'R', 0),
        told(known, "read", 'R', 0),
        told(get(&format!("{read}/_history/1")), "vread", 'R', 0),
        told(get(&format!("{read}/_history")), "history", 'R', 0),
        told(get(&format!("{read}/$lineage")), "lineage", 'R', 0),
        told(get("/fhir/Patient?family=marker"), "search", 'E', 0),
        told(create, "create", 'C', 0),
    ];
    check(&site, requests).await;
    let of_patient = Filter {
        patient: Some(id),
        ..Filter::default()
    };
    let rows = store::audit::list(&site.store, Tenant::DEFAULT, &of_patient, 100).await;
    let mut said: Vec<String> = rows
        .unwrap()
        .into_iter()
        .map(|event| event.interaction)
        .collect();
    said.sort();
    assert_eq!(
        said,
        ["create", "history", "lineage", "read", "read", "vread"]
    );
}

#[tokio::test]
async fn each_request_that_is_refused_is_one_event_too() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let reader = site.token("system/Patient.r").await;
    let gone = site.patient("Gone").await;
    site.change(ResourceType::Patient, gone, None).await;
    let nobody = "0190f3a2-7d5e-7c11-8000-000000000001";
    let get = |path: &str| site.get(path, &token);
    let post = |path: &str| site.post(path, &token, &patient("X"));
    let read = format!("/fhir/Patient/{gone}");
    let lineage = format!("/fhir/Patient/{nobody}/$lineage");
    let bare = site
        .client
        .get(format!("http://{}/fhir/Patient", site.address));
    let delete = site.request(Method::DELETE, &read, &token);
    let requests = vec![
        told(post("/fhir/DocumentReference"), "create", 'C', 4),
        told(post("/fhir/Patient"), "none", 'C', 4),
        told(delete, "none", 'D', 4),
        told(get(&format!("/fhir/Patient/{nobody}")), "read", 'R', 4),
        told(get(&read), "read", 'R', 4),
        told(get(&lineage), "lineage", 'R', 4),
        told(site.get("/fhir/Encounter", &reader), "search", 'E', 4),
        told(get("/nobody/fhir/Patient"), "search", 'E', 4),
        Told {
            actor: 'a',
            ..told(bare, "search", 'E', 4)
        },
    ];
    check(&site, requests).await;
}

#[tokio::test]
async fn what_was_given_up_is_in_the_trail_as_a_failure() {
    let wanted = Wanted {
        requests_max: 0,
        ..Wanted::default()
    };
    let Some(site) = Site::start_as(wanted).await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    site.get("/fhir/Patient", &token).send().await.unwrap();
    let events = events(&site).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].outcome, 8);
}

#[tokio::test]
async fn a_read_that_can_not_be_recorded_is_not_answered() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("Marker").await;
    let path = format!("/fhir/Patient/{id}");
    assert!(
        site.get(&path, &token)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    site.execute("alter table audit add constraint broken check (interaction <> 'read') not valid")
        .await;
    let response = site.get(&path, &token).send().await.unwrap();
    assert!(response.status().is_server_error());
    assert!(!response.text().await.unwrap().contains("Marker"));
}
