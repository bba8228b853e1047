//! A database with an open store and a server on port 0, for one test.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fhir::{IndexValues, ResourceType};
use model::{Clock, ResourceId, SignedDuration, Tenant, VersionId};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use server::api::{self, Api, Destinations};
use server::door::{Scopes, Token};
use server::http::{self, Health, Limits, Operations};
use server::metrics::{Counted, Metrics, Requests};
use store::resource::{IndexRows, Op, Origin, Version, Write};
use store::token::NewToken;
use store::{ChainKey, Settings, Store};
use tokio::net::TcpListener;
use tokio_postgres::NoTls;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Scopes of a token that may do everything that is served.
pub(crate) const EVERYTHING: &str = "system/*.cruds";

/// A running server with a database of its own.
pub(crate) struct Site {
    pub(crate) store: Store,
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    pub(crate) url: String,
    admin: String,
    stop: CancellationToken,
}

/// What a test changes of the settings.
pub(crate) struct Wanted {
    pub(crate) body_bytes_max: usize,
    pub(crate) timeout: Duration,
    pub(crate) requests_max: usize,
    pub(crate) destinations: Vec<&'static str>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            body_bytes_max: 32 << 20,
            timeout: Duration::from_secs(30),
            requests_max: 256,
            destinations: Vec::new(),
        }
    }
}

/// The cluster's administrative URL; without it the test says so and is skipped.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test's setting; skipped aloud"
)]
fn cluster() -> Option<String> {
    let url = std::env::var("DRAWBRIDGE_TEST_DATABASE_URL").ok();
    if url.is_none() {
        eprintln!(
            "SKIPPED: DRAWBRIDGE_TEST_DATABASE_URL is not set (./test starts a cluster and sets it)"
        );
    }
    url
}

impl Site {
    /// A server with the usual settings; `None` where there is no Postgres to test with.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_as(Wanted::default()).await
    }

    pub(crate) async fn start_as(wanted: Wanted) -> Option<Self> {
        let admin = cluster()?;
        let url = database(&admin).await;
        let settings = Settings {
            writers_max: 4,
            readers_max: 4,
            fast_readers: 1,
            ..Settings::new(url.as_str(), ChainKey::new([7; 32]))
        };
        let store = Store::open(&settings).await.unwrap();
        let requests = Requests::default();
        let names = wanted
            .destinations
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        let destinations = Destinations::new(HashMap::from([(Tenant::DEFAULT, names)]), None);
        let settings = api::Settings {
            public_url: None,
            secure: false,
            body_bytes_max: wanted.body_bytes_max,
            bodies_bytes_max: 128 << 20,
            timeout: wanted.timeout,
            requests_max: wanted.requests_max,
        };
        let api = Api::new(store.clone(), settings, destinations, requests.clone());
        let counted = Counted {
            requests,
            ..Counted::default()
        };
        let operations = Operations {
            health: Arc::new(Health::new(store.clone(), Vec::new())),
            metrics: Arc::new(Metrics::new(store.clone(), counted)),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let limits = Limits {
            connections_max: 256,
            drain: Duration::from_secs(5),
        };
        let router = http::router(api, operations, true);
        tokio::spawn(http::serve(listener, None, router, limits, stop.clone()));
        Some(Self {
            store,
            address,
            client: Client::new(),
            url,
            admin,
            stop,
        })
    }

    /// A token of the default tenant with these scopes.
    pub(crate) async fn token(&self, scope: &str) -> String {
        self.token_of(Tenant::DEFAULT, scope, None).await
    }

    pub(crate) async fn token_of(
        &self,
        tenant: Tenant,
        scope: &str,
        patient: Option<ResourceId>,
    ) -> String {
        let token = Token::random();
        let new = NewToken {
            tenant,
            hash: *token.hash().as_bytes(),
            scope: Scopes::parse(scope).unwrap().to_string(),
            client: "test".to_owned(),
            user: None,
            patient,
            expires_at: Clock::System.now() + SignedDuration::from_hours(1),
        };
        store::token::issue(&self.store, &new).await.unwrap();
        token.expose().to_owned()
    }

    pub(crate) fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        self.client.request(method, url).bearer_auth(token)
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> RequestBuilder {
        self.request(Method::GET, path, token)
    }

    pub(crate) fn post(&self, path: &str, token: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path, token)
            .header("content-type", "application/fhir+json")
            .body(body.to_string())
    }

    /// Writes version 1 of a resource as the EMR's messages would.
    pub(crate) async fn put(&self, kind: ResourceType, resource: &Value) -> ResourceId {
        self.put_in(Tenant::DEFAULT, kind, resource).await
    }

    pub(crate) async fn put_in(
        &self,
        tenant: Tenant,
        kind: ResourceType,
        resource: &Value,
    ) -> ResourceId {
        let id = ResourceId(Uuid::now_v7());
        let version = rendered(kind, resource, id, VersionId::FIRST);
        self.write(tenant, kind, id, Op::Create(version)).await;
        id
    }

    /// Writes the next version; `None` deletes.
    pub(crate) async fn change(&self, kind: ResourceType, id: ResourceId, to: Option<&Value>) {
        let mut tx = self.store.begin(Tenant::DEFAULT).await.unwrap();
        let heads = store::resource::heads(&mut tx, &[(kind.code(), id)])
            .await
            .unwrap();
        tx.rollback().await.unwrap();
        let prior = heads.into_iter().next().unwrap().prior;
        let op = match to {
            Some(resource) => {
                let version = rendered(kind, resource, id, prior.version.next());
                Op::Update { prior, version }
            }
            None => Op::Delete { prior },
        };
        self.write(Tenant::DEFAULT, kind, id, op).await;
    }

    async fn write(&self, tenant: Tenant, kind: ResourceType, id: ResourceId, op: Op) {
        let write = Write {
            kind: kind.code(),
            id,
            at: Clock::System.now(),
            origin: Origin::Emr,
            journal: None,
            lineage: None,
            op,
        };
        let mut tx = self.store.begin(tenant).await.unwrap();
        store::resource::write(&mut tx, &[write]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A patient of this family name.
    pub(crate) async fn patient(&self, family: &str) -> ResourceId {
        self.put(ResourceType::Patient, &patient(family)).await
    }

    /// One number from the database.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Runs statements, for what only the database can do.
    pub(crate) async fn execute(&self, sql: &str) {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
    }

    /// Whether the database refuses a statement.
    pub(crate) async fn refuses(&self, sql: &str) -> bool {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(sql).await.is_err()
    }

    /// Makes the database refuse everybody, or take them again.
    pub(crate) async fn allow_connections(&self, allowed: bool) {
        let name = self.url.rsplit('/').next().unwrap();
        let (client, connection) = tokio_postgres::connect(&self.admin, NoTls).await.unwrap();
        tokio::spawn(connection);
        let sql = format!("alter database {name} with allow_connections {allowed}");
        client.batch_execute(&sql).await.unwrap();
        if !allowed {
            let sql = format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
            );
            client.batch_execute(&sql).await.unwrap();
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
        let (admin, url) = (self.admin.clone(), self.url.clone());
        // Best effort, on a runtime of its own: the test's is about to end.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let name = url.rsplit('/').next().unwrap_or_default();
                if let Ok((client, connection)) = tokio_postgres::connect(&admin, NoTls).await {
                    tokio::spawn(connection);
                    let sql = format!("drop database if exists {name} with (force)");
                    let _ = client.batch_execute(&sql).await;
                }
            });
        });
        let _ = dropped.join();
    }
}

async fn database(admin: &str) -> String {
    static N: AtomicU32 = AtomicU32::new(0);
    let n = N.fetch_add(1, Ordering::Relaxed);
    let name = format!("drawbridge_http_{}_{n}", std::process::id());
    let (client, connection) = tokio_postgres::connect(admin, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(&format!("create database {name}"))
        .await
        .unwrap();
    let (base, _) = admin.rsplit_once('/').unwrap();
    let url = format!("{base}/{name}");
    store::migrate(&url).await.unwrap();
    url
}

fn rendered(kind: ResourceType, resource: &Value, id: ResourceId, version: VersionId) -> Version {
    let mut resource = resource.clone();
    resource["id"] = json!(id);
    resource["meta"] = json!({
        "versionId": version.to_string(),
        "lastUpdated": Clock::System.now(),
        "tag": [{ "system": "urn:drawbridge:origin", "code": "emr" }],
    });
    let IndexValues {
        tokens,
        leads,
        strings,
        dates,
        patient,
    } = fhir::index(kind, &resource);
    let index = IndexRows {
        version: 1,
        tokens,
        leads,
        strings,
        dates,
        patient,
    };
    Version {
        body: resource.to_string(),
        content: Uuid::now_v7(),
        index,
    }
}

/// A made-up patient.
pub(crate) fn patient(family: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "identifier": [{ "system": "urn:oid:2.16.840.1.113883.19.5", "value": format!("MR-{family}") }],
        "name": [{ "family": family, "given": ["Testina"] }],
        "gender": "female",
        "birthDate": "1950-02-03",
    })
}

/// A made-up document of a patient, as an app posts it.
pub(crate) fn document(patient: ResourceId) -> Value {
    json!({
        "resourceType": "DocumentReference",
        "status": "current",
        "type": { "coding": [{ "system": "http://loinc.org", "code": "34133-9" }] },
        "subject": { "reference": format!("Patient/{patient}") },
        "date": "2026-01-02T03:04:05Z",
        "content": [{ "attachment": { "contentType": "text/plain", "data": "aGVsbG8=" } }],
    })
}

/// Status and body of an answer.
pub(crate) async fn told(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Asserts that an answer is an `OperationOutcome` with this status, and gives its words.
pub(crate) async fn refused(request: RequestBuilder, status: u16) -> String {
    let response = request.send().await.unwrap();
    refusal(response, status).await
}

pub(crate) async fn refusal(response: Response, status: u16) -> String {
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(
        response.headers()["content-type"],
        "application/fhir+json; charset=utf-8"
    );
    let outcome: Value = response.json().await.unwrap();
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    assert!(
        fhir::check(&outcome, Some(ResourceType::OperationOutcome)).is_empty(),
        "{outcome}"
    );
    let issues = outcome["issue"].as_array().unwrap();
    let words = issues
        .iter()
        .map(|issue| issue["diagnostics"].as_str().unwrap());
    let words: Vec<&str> = words.collect();
    assert!(words.iter().all(|word| !word.is_empty()));
    words.join("\n")
}

/// The ids of a Bundle's matches, in order.
pub(crate) fn ids(bundle: &Value) -> Vec<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let matches = entries
        .iter()
        .filter(|entry| entry["search"]["mode"] == "match");
    matches
        .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
        .collect()
}

/// A Bundle's link, as a path of this server.
pub(crate) fn link(bundle: &Value, relation: &str) -> Option<String> {
    let links = bundle["link"].as_array()?;
    let url = links.iter().find(|link| link["relation"] == relation)?["url"].as_str()?;
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    Some(format!("/{path}"))
}
