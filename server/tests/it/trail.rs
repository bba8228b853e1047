//! Exactly one audit event for each FHIR request, however it ends.

use fhir::ResourceType;
use model::Tenant;
use reqwest::Method;
use store::audit::{AuditRow, Filter};

use crate::site::{EVERYTHING, Site, Wanted, document, patient};

async fn events(site: &Site) -> Vec<AuditRow> {
    let rows = store::audit::list(&site.store, Tenant::DEFAULT, &Filter::default(), 100).await;
    rows.unwrap()
}

#[tokio::test]
async fn each_request_is_one_event_that_says_who_did_what_to_whom() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let reader = site.token("system/Patient.r").await;
    let id = site.patient("Marker").await;
    let gone = site.patient("Gone").await;
    site.change(ResourceType::Patient, gone, None).await;
    let nobody = "0190f3a2-7d5e-7c11-8000-000000000001";
    let read = format!("/fhir/Patient/{id}");
    let bare = site
        .client
        .get(format!("http://{}/fhir/Patient", site.address));
    let requests = [
        (site.get(&read, &token), "read", 'R', 0, 't'),
        (
            site.get(&read, &token).header("if-none-match", "*"),
            "read",
            'R',
            0,
            't',
        ),
        (
            site.get(&format!("{read}/_history/1"), &token),
            "vread",
            'R',
            0,
            't',
        ),
        (
            site.get(&format!("{read}/_history"), &token),
            "history",
            'R',
            0,
            't',
        ),
        (
            site.get("/fhir/Patient?family=marker", &token),
            "search",
            'E',
            0,
            't',
        ),
        (
            site.post("/fhir/DocumentReference", &token, &document(id)),
            "create",
            'C',
            0,
            't',
        ),
        (
            site.post("/fhir/DocumentReference", &token, &patient("X")),
            "create",
            'C',
            4,
            't',
        ),
        (
            site.post("/fhir/Patient", &token, &patient("X")),
            "none",
            'C',
            4,
            't',
        ),
        (
            site.request(Method::DELETE, &read, &token),
            "none",
            'D',
            4,
            't',
        ),
        (
            site.get(&format!("/fhir/Patient/{nobody}"), &token),
            "read",
            'R',
            4,
            't',
        ),
        (
            site.get(&format!("/fhir/Patient/{gone}"), &token),
            "read",
            'R',
            4,
            't',
        ),
        (site.get("/fhir/Encounter", &reader), "search", 'E', 4, 't'),
        (bare, "search", 'E', 4, 'a'),
        (
            site.get("/nobody/fhir/Patient", &token),
            "search",
            'E',
            4,
            't',
        ),
    ];
    for (n, (request, interaction, action, outcome, actor)) in requests.into_iter().enumerate() {
        let before = events(&site).await.len();
        let name = format!("request-{n}");
        request.header("x-request-id", &name).send().await.unwrap();
        let after = events(&site).await;
        assert_eq!(after.len(), before + 1, "{name}");
        let event = after
            .iter()
            .find(|event| event.request.as_deref() == Some(&name))
            .unwrap();
        assert_eq!(event.interaction, interaction, "{name}");
        assert_eq!((event.action, event.outcome), (action, outcome), "{name}");
        assert_eq!(event.actor_kind, actor, "{name}");
    }
    let of_patient = Filter {
        patient: Some(id),
        ..Filter::default()
    };
    let disclosures = store::audit::list(&site.store, Tenant::DEFAULT, &of_patient, 100).await;
    let mut said: Vec<String> = disclosures
        .unwrap()
        .into_iter()
        .map(|event| event.interaction)
        .collect();
    said.sort();
    assert_eq!(said, ["create", "history", "read", "read", "vread"]);
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
