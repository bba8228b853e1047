//! Searches: what is found, how it is paged, what is refused.

use fhir::ResourceType;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::site::{EVERYTHING, Site, ids, link, patient, refused, told};

#[tokio::test]
async fn patients_are_found_by_each_advertised_parameter() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("Marker").await;
    site.patient("Other").await;
    for (query, found) in [
        (format!("_id={id}"), true),
        ("identifier=MR-Marker".to_owned(), true),
        (
            "identifier=urn:oid:2.16.840.1.113883.19.5|MR-Marker".to_owned(),
            true,
        ),
        ("identifier=urn:elsewhere|MR-Marker".to_owned(), false),
        ("name=mark".to_owned(), true),
        ("family=MARKER".to_owned(), true),
        ("family:exact=marker".to_owned(), false),
        ("family=Marker&given=test".to_owned(), true),
        ("family=Marker&birthdate=1950-02-03".to_owned(), true),
        ("family=Marker&birthdate=gt1950".to_owned(), false),
        ("family=Marker&gender=female".to_owned(), true),
        ("family=Marker&gender=male,other".to_owned(), false),
        ("family=Marker&_lastUpdated=ge2020-01-01".to_owned(), true),
    ] {
        let (status, bundle) = told(site.get(&format!("/fhir/Patient?{query}"), &token)).await;
        assert_eq!(status, StatusCode::OK, "{query}: {bundle}");
        let expected = if found {
            vec![id.to_string()]
        } else {
            Vec::new()
        };
        assert_eq!(ids(&bundle), expected, "{query}");
    }
}

#[tokio::test]
async fn a_bundle_is_valid_and_its_self_link_says_what_was_searched() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("Marker").await;
    let (_, bundle) = told(site.get("/fhir/Patient?family=marker&_format=json", &token)).await;
    assert!(fhir::check(&bundle, Some(ResourceType::Bundle)).is_empty());
    assert_eq!(bundle["type"], "searchset");
    assert_eq!(
        link(&bundle, "self").unwrap(),
        "/fhir/Patient?family=marker"
    );
    assert_eq!(link(&bundle, "next"), None);
    assert_eq!(bundle.get("total"), None);
    let url = bundle["entry"][0]["fullUrl"].as_str().unwrap();
    assert_eq!(url, format!("http://{}/fhir/Patient/{id}", site.address));
}

#[tokio::test]
async fn a_search_by_post_finds_the_same_and_puts_nothing_into_links() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    for _ in 0..3 {
        site.patient("Marker").await;
    }
    let search = |body: &'static str| {
        site.request(Method::POST, "/fhir/Patient/_search", &token)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    };
    let (status, bundle) = told(search("family=Marker&_count=2")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(ids(&bundle).len(), 2);
    let next = link(&bundle, "next").unwrap();
    assert!(!next.to_lowercase().contains("marker"), "{next}");
    let (status, rest) = told(site.get(&next, &token)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(ids(&rest).len(), 1);
    let as_json = site.post("/fhir/Patient/_search", &token, &json!({}));
    refused(as_json, 415).await;
}

#[tokio::test]
async fn pages_are_stable_while_others_write() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let mut expected = Vec::new();
    for n in 0..25 {
        expected.push(site.patient(&format!("Page{n}")).await.to_string());
    }
    expected.reverse();
    let mut path = "/fhir/Patient?family=page&_count=4".to_owned();
    let mut found = Vec::new();
    loop {
        let (status, bundle) = told(site.get(&path, &token)).await;
        assert_eq!(status, StatusCode::OK, "{bundle}");
        found.extend(ids(&bundle));
        // Newcomers stand before the first page; they must not push anything into the next.
        site.patient("Pagenew").await;
        let Some(next) = link(&bundle, "next") else {
            break;
        };
        assert!(next.len() < 200, "{next}");
        path = next;
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn results_can_be_ordered_by_change_and_pages_keep_the_order() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let mut made = Vec::new();
    for n in 0..5 {
        made.push(site.patient(&format!("Sort{n}")).await);
    }
    site.change(ResourceType::Patient, made[0], Some(&patient("Sort0")))
        .await;
    let mut path = "/fhir/Patient?family=sort&_sort=-_lastUpdated&_count=2".to_owned();
    let mut found = Vec::new();
    while let (StatusCode::OK, bundle) = told(site.get(&path, &token)).await {
        found.extend(ids(&bundle));
        let Some(next) = link(&bundle, "next") else {
            break;
        };
        path = next;
    }
    let order = [0, 4, 3, 2, 1];
    assert_eq!(found, order.map(|n: usize| made[n].to_string()));
}

#[tokio::test]
async fn a_forged_or_misplaced_cursor_is_refused() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    for _ in 0..3 {
        site.patient("Marker").await;
    }
    let (_, bundle) = told(site.get("/fhir/Patient?_count=1", &token)).await;
    let next = link(&bundle, "next").unwrap();
    refused(site.get(&next.replace("Patient", "Encounter"), &token), 400).await;
    refused(site.get(&format!("{next}x"), &token), 400).await;
    refused(site.get("/fhir/Patient?_cursor=abc", &token), 400).await;
    refused(site.get(&format!("{next}&family=x"), &token), 400).await;
}

#[tokio::test]
async fn what_is_not_known_is_an_error_unless_the_caller_is_lenient() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    site.patient("Marker").await;
    for query in [
        "nonsense=1",
        "family:nonsense=1",
        "birthdate=yesterday",
        "_count=many",
        "_sort=family",
        "_total=perhaps",
        "family=",
    ] {
        let words = refused(site.get(&format!("/fhir/Patient?{query}"), &token), 400).await;
        let name = query.split(['=', ':']).next().unwrap();
        assert!(words.contains(name), "{query}: {words}");
    }
    let lenient = site.get("/fhir/Patient?nonsense=1&family=marker", &token);
    let (status, bundle) = told(lenient.header("prefer", "handling=lenient")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(ids(&bundle).len(), 1);
    let outcome = bundle["entry"].as_array().unwrap().last().unwrap();
    assert_eq!(outcome["search"]["mode"], "outcome");
    assert!(
        outcome["resource"]["issue"][0]["diagnostics"]
            .as_str()
            .unwrap()
            .contains("nonsense")
    );
    assert_eq!(
        link(&bundle, "self").unwrap(),
        "/fhir/Patient?family=marker"
    );
    let wrong = site.get("/fhir/Patient?birthdate=yesterday", &token);
    refused(wrong.header("prefer", "handling=lenient"), 400).await;
}

#[tokio::test]
async fn totals_summaries_and_elements_are_given_when_asked() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    for _ in 0..3 {
        site.patient("Marker").await;
    }
    let search = |query: &str| site.get(&format!("/fhir/Patient?family=marker&{query}"), &token);
    let (_, bundle) = told(search("_total=accurate&_count=1")).await;
    assert_eq!((bundle["total"].as_u64(), ids(&bundle).len()), (Some(3), 1));
    for query in ["_summary=count", "_count=0"] {
        let (_, bundle) = told(search(query)).await;
        assert_eq!(bundle["total"], 3, "{query}");
        assert_eq!(bundle.get("entry"), None, "{query}");
    }
    let (_, bundle) = told(search("_elements=gender&_count=1")).await;
    let resource = &bundle["entry"][0]["resource"];
    assert_eq!(resource["gender"], "female");
    assert_eq!(resource.get("name"), None);
    assert!(resource["meta"]["tag"].to_string().contains("SUBSETTED"));
}

#[tokio::test]
async fn charts_are_searched_by_patient() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let patient = site.patient("Marker").await;
    let other = site.patient("Other").await;
    let encounter = |patient| {
        json!({
            "resourceType": "Encounter",
            "identifier": [{ "system": "urn:v", "value": "V1" }],
            "status": "in-progress",
            "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HH" },
            "subject": { "reference": format!("Patient/{patient}") },
            "period": { "start": "2026-01-01T08:00:00Z" },
        })
    };
    let visit = site.put(ResourceType::Encounter, &encounter(patient)).await;
    site.put(ResourceType::Encounter, &encounter(other)).await;
    let condition = site
        .put(
            ResourceType::Condition,
            &json!({
                "resourceType": "Condition",
                "code": { "coding": [{ "system": "urn:icd", "code": "I10" }] },
                "category": [{ "coding": [{ "code": "encounter-diagnosis" }] }],
                "clinicalStatus": { "coding": [{ "code": "active" }] },
                "subject": { "reference": format!("Patient/{patient}") },
                "encounter": { "reference": format!("Encounter/{visit}") },
            }),
        )
        .await;
    for (query, found) in [
        (format!("Encounter?patient={patient}"), visit),
        (
            format!("Encounter?patient=Patient/{patient}&status=in-progress"),
            visit,
        ),
        (
            format!("Encounter?patient={patient}&class=HH&date=ge2026-01-01"),
            visit,
        ),
        (
            format!("Encounter?identifier=urn:v|V1&patient={patient}"),
            visit,
        ),
        (
            format!("Condition?patient={patient}&code=urn:icd|I10"),
            condition,
        ),
        (
            format!("Condition?patient={patient}&clinical-status=active"),
            condition,
        ),
        (
            format!("Condition?category=encounter-diagnosis&encounter={visit}"),
            condition,
        ),
    ] {
        let (status, bundle) = told(site.get(&format!("/fhir/{query}"), &token)).await;
        assert_eq!(status, StatusCode::OK, "{query}: {bundle}");
        assert_eq!(ids(&bundle), [found.to_string()], "{query}");
    }
}
