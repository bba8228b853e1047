//! Messages from other people's MLLP clients become readable FHIR.

use conformance::{Client, skip};
use tests::database;
use tests::message::admission;
use tests::server::{Server, Wanted};

/// Sends admission `n` by the client's script and reads the patient that it became.
async fn check(client: anyhow::Result<Client>, script: &str, n: usize) {
    let client = match client {
        Ok(client) => client,
        Err(reason) => return skip(&reason),
    };
    let Some(cluster) = database::cluster() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let url = database::fresh(&cluster).await.unwrap();
    let wanted = Wanted {
        database: Some(url),
        ..Wanted::default()
    };
    let server = Server::start(folder.path(), wanted).await.unwrap();
    let file = folder.path().join("admission.hl7");
    std::fs::write(&file, admission(n)).unwrap();
    let port = server.mllp.port().to_string();
    let output = client
        .run(script, &["127.0.0.1", &port, file.to_str().unwrap()])
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        said.trim(),
        format!("AA C{n}"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let token = server.token("system/Patient.rs").unwrap();
    let query = format!("Patient?identifier={n:07}");
    let found = |bundle: &serde_json::Value| bundle["entry"][0].is_object();
    let bundle = server.wait_for(&token, &query, found).await.unwrap();
    assert_eq!(
        bundle["entry"][0]["resource"]["name"][0]["family"],
        "Rivers"
    );
}

#[tokio::test]
async fn the_mllp_client_of_pypi_hl7_is_served() {
    check(Client::python(&["hl7==0.4.5"]), "clients/hl7_send.py", 41).await;
}

#[tokio::test]
async fn the_client_of_npm_medplum_hl7_is_served() {
    check(
        Client::node(&["@medplum/hl7@4", "@medplum/core@4"]),
        "clients/medplum_send.js",
        42,
    )
    .await;
}
