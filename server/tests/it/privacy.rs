//! No patient data in logs.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::site::{EVERYTHING, Site, document, patient};

/// Everything that was logged.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_of_a_patient_and_no_token_is_logged() {
    let captured = Captured::default();
    // The one subscriber of this test process: it hears the other tests too.
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(captured.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("Qqmarkerqq").await;
    let mut faulty = document(id);
    faulty["description"] = serde_json::json!(["Qqmarkerqq"]);
    let mut good = document(id);
    good["description"] = "Qqmarkerqq".into();
    for request in [
        site.get(&format!("/fhir/Patient/{id}"), &token),
        site.get("/fhir/Patient?name=Qqmarkerqq", &token),
        site.get("/fhir/Patient?nonsense=Qqmarkerqq", &token),
        site.get("/fhir/Qqmarkerqq", &token),
        site.get("/fhir/Patient/Qqmarkerqq", &token),
        site.post("/fhir/DocumentReference", &token, &faulty),
        site.post("/fhir/DocumentReference", &token, &good),
        site.post("/fhir/Patient", &token, &patient("Qqmarkerqq")),
        site.get("/fhir/Patient", &token)
            .header("x-request-id", "Qqmarkerqq Smith"),
    ] {
        request.send().await.unwrap();
    }
    site.execute("alter table audit add constraint broken check (false) not valid")
        .await;
    site.get("/fhir/Patient?name=Qqmarkerqq", &token)
        .send()
        .await
        .unwrap();
    let bytes = captured.0.lock().unwrap().clone();
    let logged = String::from_utf8_lossy(&bytes);
    assert!(logged.contains("fhir.request"), "nothing was captured");
    let ours = logged
        .lines()
        .filter(|line| !line.contains("hyper") && !line.contains("h2::"));
    for line in ours {
        for marker in ["Qqmarkerqq", "MR-Qq", token.as_str(), "Testina"] {
            assert!(!line.contains(marker), "{marker}: {line}");
        }
    }
}
