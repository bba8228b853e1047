//! What `drawbridge map` writes is FHIR R4 to other people's validators.

use std::path::{Path, PathBuf};
use std::process::Command;

use conformance::{Client, skip};
use tests::server::binary;

/// Sample messages, the type that they bear, and the other triggers that they are sent with.
const SAMPLES: &[(&str, &str, &str)] = &[
    ("accounts", "", ""),
    ("admission", "ADT^A01", ADT),
    (
        "appointment",
        "SIU^S12",
        "S13 S14 S15 S16 S17 S18 S19 S20 S21 S22 S23 S24 S26",
    ),
    ("charge", "DFT^P03", "P11"),
    (
        "document",
        "MDM^T10",
        "T01 T02 T03 T04 T05 T06 T07 T08 T09 T11",
    ),
    ("immunizations", "", ""),
    ("merge", "ADT^A40", ADT),
    ("orders", "", ""),
    ("person", "", ""),
    ("referral", "ORM^O01", "OMG^O19"),
    ("results", "ORU^R01", "R03 R30 R31 R32"),
    ("teams", "", ""),
    ("transfer", "", ""),
    ("visits", "", ""),
];

const ADT: &str = "A02 A03 A04 A05 A06 A07 A08 A09 A10 A11 A12 A13 A14 A15 A16 A17 A18 A21 A22 A23 A24 A25 \
                   A26 A27 A28 A29 A30 A31 A32 A33 A34 A35 A36 A37 A38 A39 A41 A42 A44 A45 A46 A47 A49 \
                   A50 A51 A52 A53 A54 A55 A60 A61 A62";

/// The samples with every trigger that is served.
fn messages() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mapping/messages");
    let mut messages = Vec::new();
    for (name, kind, triggers) in SAMPLES {
        let sample = std::fs::read_to_string(folder.join(name).with_extension("hl7")).unwrap();
        assert!(sample.contains(kind), "{name} is no {kind}");
        let (code, _) = kind.split_once('^').unwrap_or_default();
        let named = |it: &str| {
            if it.contains('^') {
                it.to_owned()
            } else {
                format!("{code}^{it}")
            }
        };
        let others = triggers.split_whitespace();
        messages.extend(others.map(|it| sample.replacen(kind, &named(it), 1)));
        messages.push(sample);
    }
    messages
}

/// A file with the Bundle of each message on a line.
fn bundles(messages: &[String], folder: &Path) -> PathBuf {
    let file = folder.join("messages.hl7");
    std::fs::write(&file, messages.concat()).unwrap();
    let mut drawbridge = Command::new(binary().unwrap());
    let output = drawbridge.arg("map").arg(file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let bundles = folder.join("bundles.jsonl");
    std::fs::write(&bundles, output.stdout).unwrap();
    bundles
}

/// Has all Bundles validated by one run of the program, which finds nothing.
fn check(validator: anyhow::Result<Client>, program: &str) {
    let validator = match validator {
        Ok(validator) => validator,
        Err(reason) => return skip(&reason),
    };
    let folder = tempfile::tempdir().unwrap();
    let messages = messages();
    let bundles = bundles(&messages, folder.path());
    let output = validator.run(program, &[bundles.to_str().unwrap()]);
    let output = output.unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        format!("{} bundles", messages.len()),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn pypi_fhir_resources_finds_bundles_valid() {
    let validator = Client::python(&["fhir.resources==8.3.0"]);
    check(validator, "clients/fhir_resources.py");
}

#[test]
fn the_hapi_validator_finds_bundles_valid() {
    check(Client::java("hapi"), "hapi/Validate.java");
}
