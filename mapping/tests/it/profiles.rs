//! Site profiles: what a sender means is data.

use mapping::inbound::interpret;
use mapping::{Profile, bundle, bundle_text, route};
use model::IdentityKey;
use proptest::prelude::*;
use serde_json::Value;

use crate::chart::{bytes, context, profile, segment};

const MESSAGE: &str = "MSH|^~\\&|EMR|HOSP|DB|DB|20260101080000||ADT^A01|1|P|2.5.1\n\
    EVN|A01|20260101080000\n\
    PID|1||4711^^^EPI~99^^^EMR^PN||Made^Up||19500203|X||||||||||A77^^^EMR\n\
    PV1|1|I|W^1^1^HOSP|||||||HH9|||||||||||||||||||||||||||||||||20260101080000\n\
    ZPD|1|blue^Blue eyes|Y|Z-5~Z-6|20250102|deep^note\n\
    ZVN|V-1^x";

fn site(text: &str) -> Profile {
    Profile::parse(&format!("name = \"site\"\nversion = 1\n{text}")).unwrap()
}

/// The resources of a type in the message's bundle.
fn mapped(text: &str, kind: &str) -> Value {
    let bytes = bytes(MESSAGE);
    let message = hl7v2::Message::parse(&bytes).unwrap();
    let profile = site(text);
    let bundle = bundle(&message, &context(&bytes, &profile)).unwrap();
    let entries = bundle["entry"].as_array().unwrap().iter();
    let mut of_kind = entries.filter(|entry| entry["resource"]["resourceType"] == kind);
    of_kind
        .next()
        .map_or(Value::Null, |entry| entry["resource"].clone())
}

#[test]
fn identifiers_have_the_systems_and_types_that_the_site_says() {
    let patient = mapped(
        "default_system = \"2.16.1\"\npatient_id_types = [\"EN\"]\n\
         [authorities]\nEPI = { system = \"https://a.org/epi\", type = \"EN\" }\nEMR = \"2.16.7\"\n\
         [tables.0203]\nPN = \"MR\"\n",
        "Patient",
    );
    let [first, second] = [&patient["identifier"][0], &patient["identifier"][1]];
    assert_eq!(first["system"], "https://a.org/epi");
    assert_eq!(first["type"]["coding"][0]["code"], "EN");
    assert_eq!(second["system"], "urn:oid:2.16.7");
    assert_eq!(second["type"]["coding"][0]["code"], "MR");
}

/// The resource of a type that these lines give under a profile with these rows.
fn with_table(rows: &str, kind: &str, lines: &str) -> Value {
    let bytes = bytes(lines);
    let message = hl7v2::Message::parse(&bytes).unwrap();
    let profile = site(rows);
    let bundle = bundle(&message, &context(&bytes, &profile)).unwrap();
    let entries = bundle["entry"].as_array().unwrap().iter();
    let mut resources = entries.map(|entry| entry["resource"].clone());
    resources.find(|it| it["resourceType"] == kind).unwrap()
}

fn of(kind: &str, lines: &str) -> String {
    format!(
        "MSH|^~\\&|EMR|HOSP|||20260101||{kind}|1|P|2.5.1\nEVN||20260101\n\
         PID|1||77^^^EMR^MR\n{lines}"
    )
}

/// A row for the code ZZ says what stands at that place.
fn asks(table: &str, code: &str, kind: &str, place: &str, lines: &str) {
    let rows = format!("[tables.{table}]\nZZ = \"{code}\"\n");
    let resource = with_table(&rows, kind, lines);
    let found = resource.pointer(place).and_then(Value::as_str);
    assert_eq!(found, Some(code), "{table}: {resource}");
}

#[test]
fn tables_of_a_patient_are_asked() {
    let person = |field| {
        let pid = segment("PID", &[(3, "77^^^EMR^MR"), (field, "ZZ^Words")]);
        of("ADT^A31", "").replace("PID|1||77^^^EMR^MR", &pid)
    };
    let category = "/extension/0/extension/0/valueCoding/code";
    asks("0005", "2106-3", "Patient", category, &person(10));
    asks("0189", "2135-2", "Patient", category, &person(22));
    let allergy = of("ADT^A31", "AL1|1|ZZ|1^Nut");
    asks(
        "0127",
        "food",
        "AllergyIntolerance",
        "/category/0",
        &allergy,
    );
    let related = segment("IN2", &[(72, "ZZ")]);
    let insured = of("ADT^A31", &format!("IN1|1|PLAN\n{related}"));
    let relationship = "/relationship/coding/0/code";
    asks("0344", "parent", "Coverage", relationship, &insured);
    let bed = segment("PV1", &[(2, "I"), (3, "^^1"), (40, "ZZ")]);
    let status = "/operationalStatus/code";
    asks("0116", "O", "Location", status, &of("ADT^A08", &bed));
}

#[test]
fn tables_of_a_status_are_asked() {
    let order = |orc: &str| of("ORM^O01", &format!("{orc}\nOBR|1|P1||1^X^LN"));
    let document = |field| {
        let txa = [(1, "1"), (2, "CN"), (12, "D1"), (field, "ZZ")];
        of("MDM^T02", &segment("TXA", &txa))
    };
    let given = segment("RXA", &[(3, "20260101"), (5, "08^HepB^CVX"), (20, "ZZ")]);
    let given = of("VXU^V04", &format!("ORC|RE|P1\n{given}"));
    let planned = of("SIU^S14", &segment("SCH", &[(1, "A1^EMR"), (25, "ZZ")]));
    let reference = "DocumentReference";
    asks(
        "0038",
        "on-hold",
        "ServiceRequest",
        "/status",
        &order("ORC|SC|P1|||ZZ"),
    );
    asks(
        "0119",
        "completed",
        "ServiceRequest",
        "/status",
        &order("ORC|ZZ|P1"),
    );
    asks("0271", "final", reference, "/docStatus", &document(17));
    asks("0273", "superseded", reference, "/status", &document(19));
    asks("0322", "not-done", "Immunization", "/status", &given);
    asks("0278", "fulfilled", "Appointment", "/status", &planned);
}

#[test]
fn a_table_of_degrees_is_asked() {
    let rows =
        "[tables.0360]\nZZ = { code = \"309343006\", system = \"http://snomed.info/sct\" }\n";
    let lines = of("ADT^A08", "PV1|1|I||||||5^GRANT^ALEX^^^^ZZ");
    let doctor = with_table(rows, "Practitioner", &lines);
    let coding = &doctor["qualification"][0]["code"]["coding"][0];
    assert_eq!(coding["code"], "309343006");
}

#[test]
fn a_profiles_tables_stand_on_top_of_the_built_in_ones() {
    let text = "[tables.0001]\nX = \"female\"\n[tables.class]\nI = \"HH\"\n\
         [tables.0069]\nHH9 = { code = \"385781007\", system = \"http://snomed.info/sct\", display = \"Home care\" }\n";
    assert_eq!(mapped(text, "Patient")["gender"], "female");
    let visit = mapped(text, "Encounter");
    assert_eq!(visit["class"]["code"], "HH");
    assert_eq!(visit["class"]["display"], "home health");
    let service = visit["serviceType"]["coding"].as_array().unwrap();
    assert_eq!(service[0]["code"], "385781007");
    assert_eq!(service[1]["code"], "HH9", "what was sent stays beside it");
}

#[test]
fn a_field_is_taken_from_another_or_always_the_same_or_dropped() {
    let text = "[fields]\n\"PV1-19\" = { from = \"ZVN-1.1\", only_if_empty = true }\n\
         \"PID-8\" = { value = \"F\" }\n\"PID-7\" = { drop = true }\n\"PID-5.2\" = { value = \"New\" }\n\
         \"PID-3\" = { value = \"1\", only_if_empty = true }\n";
    let patient = mapped(text, "Patient");
    assert_eq!(patient["gender"], "female");
    assert_eq!(patient["birthDate"], Value::Null);
    assert_eq!(patient["name"][0]["given"][0], "New");
    assert_eq!(patient["identifier"][0]["value"], "4711");
    let visit = mapped(text, "Encounter");
    assert_eq!(visit["identifier"][0]["value"], "V-1");
}

#[test]
fn intake_and_translation_agree_on_a_visit_that_is_taken_from_elsewhere() {
    let text = MESSAGE.replace("PID|1||4711^^^EPI~99^^^EMR^PN", "PID|1||");
    let bytes = bytes(&text);
    let message = hl7v2::Message::parse(&bytes).unwrap();
    let lane = |profile: &Profile| route(&message, profile, &IdentityKey::PUBLIC, &[0; 32]);
    let taken = site("[fields]\n\"PV1-19\" = { from = \"ZVN-1\" }\n");
    assert!(!lane(profile()).identified);
    assert!(lane(&taken).identified);
}

#[test]
fn local_fields_become_extensions_identifiers_and_codes() {
    let text = "[[local]]\nfrom = \"ZPD-2\"\nto = \"Patient.extension\"\nurl = \"https://a.org/eyes\"\ntype = \"code\"\ntable = \"ZEYES\"\n\
         [[local]]\nfrom = \"ZPD-3\"\nto = \"Patient.extension\"\nurl = \"https://a.org/flag\"\ntype = \"boolean\"\n\
         [[local]]\nfrom = \"ZPD-4\"\nto = \"Patient.identifier\"\nsystem = \"https://a.org/z\"\ntype = \"PT\"\n\
         [[local]]\nfrom = \"ZPD-5\"\nto = \"Encounter.extension\"\nurl = \"https://a.org/day\"\ntype = \"date\"\n\
         [[local]]\nfrom = \"ZPD-6.1\"\nto = \"Encounter.type\"\nsystem = \"https://a.org/kind\"\n\
         [tables.ZEYES]\nblue = { code = \"371244009\", system = \"http://snomed.info/sct\" }\n";
    let patient = mapped(text, "Patient");
    let extensions = patient["extension"].to_string();
    assert!(
        extensions.contains("371244009") && extensions.contains("Blue eyes"),
        "{extensions}"
    );
    assert!(extensions.contains("\"valueBoolean\":true"), "{extensions}");
    let values = patient["identifier"].to_string();
    assert!(values.contains("Z-5") && values.contains("Z-6"), "{values}");
    let visit = mapped(text, "Encounter");
    assert_eq!(visit["extension"][0]["valueDate"], "2025-01-02");
    assert_eq!(visit["type"][0]["coding"][0]["code"], "deep");
}

#[test]
fn times_without_a_zone_are_the_sites() {
    let visit = mapped("zone = \"America/Chicago\"\n", "Encounter");
    assert_eq!(visit["period"]["start"], "2026-01-01T08:00:00-06:00");
}

#[test]
fn a_trigger_that_the_profile_ignores_is_kept_and_not_read() {
    let bytes = bytes(MESSAGE);
    let message = hl7v2::Message::parse(&bytes).unwrap();
    let deaf = site("[triggers]\nignore = [\"ADT^A01\"]\n");
    let route = route(&message, &deaf, &IdentityKey::PUBLIC, &[0; 32]);
    assert!(route.ignored && !route.served);
    let why = interpret(&message, &context(&bytes, &deaf)).unwrap_err();
    assert!(why.is_ignored());
}

proptest! {
    /// A profile that says nothing is `generic`: the same bytes come out.
    #[test]
    fn a_profile_that_says_nothing_changes_nothing(
        class in "[A-Z]{0,2}", sex in "[A-Z]{0,1}", id in "[0-9A-Z^&~]{0,12}", z in "[ -~]{0,20}"
    ) {
        let text = format!(
            "MSH|^~\\&|A|B|C|D|20260101||ADT^A08|1|P|2.5\nEVN||20260101\nPID|1||7~{id}||A^B||1950|{sex}\n\
             PV1|1|{class}|W^1^1||||||||||||||||{id}\nZZZ|{}", z.replace('\n', " ")
        );
        let bytes = bytes(&text);
        let message = hl7v2::Message::parse(&bytes).unwrap();
        let silent = site("");
        let by = |profile: &Profile| bundle_text(&message, &context(&bytes, profile));
        prop_assert_eq!(by(&silent), by(profile()));
        let lane = |profile: &Profile| route(&message, profile, &IdentityKey::PUBLIC, &[1; 32]);
        prop_assert_eq!(lane(&silent), lane(profile()));
    }
}

#[test]
fn a_local_segment_goes_on_with_what_stands_before_it() {
    let rows = ["Condition", "Coverage", "Observation", "AllergyIntolerance", "Procedure"]
        .map(|kind| {
            format!(
                "[[local]]\nfrom = \"ZXX-1\"\nto = \"{kind}.extension\"\nurl = \"https://a.org/{kind}\"\n\
                 type = \"string\"\n[[local]]\nfrom = \"ZXX-2\"\nto = \"{kind}.identifier\"\n\
                 system = \"https://a.org/number\"\n"
            )
        })
        .concat();
    let head = "MSH|^~\\&|EMR|HOSP|||20260101||ADT^A01|1|P|2.5.1\nEVN||20260101\nPID|1||77^^^EMR^MR\n\
        PV1|1|I|||||||||||||||||V1";
    for (kind, segment) in [
        ("Condition", "DG1|1||R52^Pain^I10"),
        ("Coverage", "IN1|1|PLAN\nIN2||1"),
        ("Observation", "OBX|1|ST|1-1^X^LN||y||||||F\nNTE|1||words"),
        ("AllergyIntolerance", "AL1|1|DA|1^Nut"),
        ("Procedure", "PR1|1||99213^Visit^C4"),
    ] {
        let lines = format!("{head}\n{segment}\nZXX|more|N1");
        let resource = with_table(&rows, kind, &lines);
        let extensions = resource["extension"].as_array().unwrap();
        let url = format!("https://a.org/{kind}");
        assert!(
            extensions
                .iter()
                .any(|it| it["url"] == url && it["valueString"] == "more")
        );
        let numbers = resource["identifier"].as_array().unwrap();
        assert!(numbers.iter().any(|it| it["value"] == "N1"), "{kind}");
    }
}

#[test]
fn a_local_segment_after_nothing_of_its_kind_counts_as_not_mapped() {
    let rows = "[[local]]\nfrom = \"ZXX-1\"\nto = \"Condition.extension\"\nurl = \"https://a.org/x\"\n\
        type = \"string\"\n";
    let profile = site(rows);
    let lines = "MSH|^~\\&|EMR|HOSP|||20260101||ADT^A01|1|P|2.5.1\nEVN||20260101\nPID|1||77^^^EMR^MR\n\
        PV1|1|I|||||||||||||||||V1\nDG1|1||R52^Pain^I10\nPV2|||X^Y\nZXX|more";
    let read = crate::chart::read_with(lines, &profile);
    let unmapped: Vec<String> = read.unmapped.iter().map(ToString::to_string).collect();
    assert_eq!(unmapped, ["ZXX-1"]);
}
