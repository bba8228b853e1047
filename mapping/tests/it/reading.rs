//! Rules of reading a message and of what PID and PV1 say of people and visits, one test each. The numbers
//! are those of the rules of the mapping.

use serde_json::{Value, json};

use crate::chart::{Adt, Chart, bytes, context, profile, read_with};

fn patient(head: &str, pid: &str) -> Value {
    Chart::of(&[format!("{head}\n{pid}")]).the("Patient")
}

const HEAD: &str = "MSH|^~\\&|EMR|AGENCY|||20240101||ADT^A31|M1|P|2.5.1";

#[test]
fn rule_1_separators_are_those_of_the_message() {
    let head = "MSH$*~!%$EMR$AGENCY$$$20240101$$ADT*A31$M1$P$2.5.1";
    let patient = patient(head, "PID$1$$77***EMR*MR$$O^BRIEN*JANE&ANN");
    assert_eq!(patient["name"][0]["family"], "O^BRIEN");
    assert_eq!(patient["name"][0]["given"], json!(["JANE&ANN"]));
}

#[test]
fn rule_2_escapes_are_read_once_and_after_splitting() {
    let patient = patient(
        HEAD,
        "PID|1||77^^^EMR^MR||A\\T\\B\\S\\C^D\\E\\T\\E\\E||\\H\\1960\\N\\",
    );
    assert_eq!(patient["name"][0]["family"], "A&B^C");
    assert_eq!(patient["name"][0]["given"], json!(["D\\T\\E"]));
}

#[test]
fn rule_3_lines_may_end_in_any_way() {
    let text =
        format!("\u{feff}{HEAD}\r\n\r\nPID|1||77^^^EMR^MR||M\u{fc}LLER^ZO\u{cb}|||||||||\r\n");
    let text = text.replace("|2.5.1", "|2.5.1||||||UNICODE UTF-8");
    let message = hl7v2::Message::parse(text.as_bytes()).unwrap();
    let ctx = context(text.as_bytes(), profile());
    let bundle = mapping::bundle(&message, &ctx).unwrap();
    let entries = bundle["entry"].as_array().unwrap();
    let mut resources = entries.iter().map(|entry| &entry["resource"]);
    let patient = resources
        .find(|it| it["resourceType"] == "Patient")
        .unwrap();
    assert_eq!(patient["name"][0]["family"], "M\u{fc}LLER");
}

#[test]
fn rule_4_what_the_standard_does_not_know_is_counted_and_left_out() {
    let lines = format!("{HEAD}\nPID|1||77^^^EMR^MR^^^^^^^^^X^Y||DOE^JANE\nZPI|1|secret|7");
    let read = read_with(&lines, profile());
    let places: Vec<String> = read.unmapped.iter().map(ToString::to_string).collect();
    assert_eq!(places, ["ZPI-1", "ZPI-2", "ZPI-3"]);
    let patient = Chart::of(&[lines]).the("Patient");
    assert_eq!(patient["identifier"][0]["value"], "77");
    assert!(!patient.to_string().contains("secret"));
}

#[test]
fn rule_9_a_name_is_used_as_its_type_says() {
    let name = "VAN DAMME&VAN&DAMME^JANE^QUINN^JR^MRS^MD^L~DOE^JANE^^^^^M~^JANEY^^^^^N~X^Y^^^^^BAD~A^B^^^^^C";
    let patient = patient(HEAD, &format!("PID|1||77^^^EMR^MR||{name}"));
    let uses: Vec<Option<&str>> = (0..5).map(|n| patient["name"][n]["use"].as_str()).collect();
    let expected = ["official", "maiden", "nickname", "old"].map(Some);
    assert_eq!(uses[..4], expected);
    assert_eq!(uses[4], None);
    let first = &patient["name"][0];
    assert_eq!(first["family"], "VAN DAMME");
    assert_eq!(first["given"], json!(["JANE", "QUINN"]));
    assert_eq!(first["suffix"], json!(["JR", "MD"]));
    assert_eq!(first["prefix"], json!(["MRS"]));
}

#[test]
fn rule_12_race_and_ethnicity_are_one_extension_each() {
    let pid = format!(
        "PID|1||77^^^EMR^MR||A^B|||F||2106-3^White^CDCREC~2028-9^Asian^CDCREC~2034-7^Chinese^CDCREC{}N^Not^HL70189",
        "|".repeat(12)
    );
    let patient = patient(HEAD, &pid);
    let [race, ethnicity] = [0, 1].map(|n| patient["extension"][n].clone());
    let parts = |extension: &Value, url: &str| -> Vec<String> {
        let parts = extension["extension"].as_array().unwrap().iter();
        let of_url = parts.filter(|it| it["url"] == url);
        of_url
            .map(|it| it["valueCoding"]["code"].as_str().unwrap_or("").to_owned())
            .collect()
    };
    assert_eq!(parts(&race, "ombCategory"), ["2106-3", "2028-9"]);
    assert_eq!(parts(&race, "detailed"), ["2034-7"]);
    assert_eq!(parts(&race, "text").len(), 1);
    assert_eq!(parts(&ethnicity, "ombCategory"), ["2186-5"]);
}

#[test]
fn rule_15_the_better_of_two_fields_counts() {
    let pid = format!(
        "PID|1||77^^^EMR^MR||A^B{}spa^Spanish^ISO639|A{}Y|2",
        "|".repeat(10),
        "|".repeat(8)
    );
    let patient = patient(HEAD, &pid);
    assert_eq!(patient["multipleBirthInteger"], 2);
    assert_eq!(patient.get("multipleBirthBoolean"), None);
    assert_eq!(
        patient["communication"][0]["language"]["coding"][0]["code"],
        "es"
    );
    assert_eq!(patient["maritalStatus"]["coding"][0]["code"], "L");
}

#[test]
fn rule_17_the_event_beats_the_class_and_a_date_of_discharge_ends_a_visit() {
    let status = |adt: Adt| Chart::of(&[adt.text()]).the("Encounter")["status"].clone();
    assert_eq!(
        status(Adt {
            class: "P",
            ..Adt::default()
        }),
        "planned"
    );
    assert_eq!(
        status(Adt {
            class: "P",
            trigger: "A01",
            ..Adt::default()
        }),
        "in-progress"
    );
    assert_eq!(
        status(Adt {
            discharged: "20240110",
            ..Adt::default()
        }),
        "finished"
    );
    assert_eq!(
        status(Adt {
            trigger: "A11",
            ..Adt::default()
        }),
        "cancelled"
    );
}

#[test]
fn rule_21_a_discharge_disposition_keeps_the_sites_code() {
    let profile =
        mapping::Profile::parse("name = \"x\"\nversion = 1\n[tables.discharge]\n\"01\" = \"home\"")
            .unwrap();
    let pv1 = format!("PV1|1|I{}V9^^^EMR^VN{}01", "|".repeat(17), "|".repeat(17));
    let mut chart = Chart::default();
    chart.take(read_with(
        &format!("{HEAD}\nPID|1||77^^^EMR^MR\n{pv1}"),
        &profile,
    ));
    let disposition = chart.the("Encounter")["hospitalization"]["dischargeDisposition"].clone();
    assert_eq!(disposition["coding"][0]["code"], "home");
    assert_eq!(disposition["coding"][1]["code"], "01");
}

#[test]
fn rule_21_planned_times_priority_and_mode_of_arrival_are_the_visits() {
    let pv2 = format!(
        "PV2|||R07.9^Pain^I10{}20240102|20240105{}2{}A^Ambulance",
        "|".repeat(5),
        "|".repeat(16),
        "|".repeat(13)
    );
    let encounter = Chart::of(&[Adt {
        rest: Box::leak(pv2.into_boxed_str()),
        ..Adt::default()
    }
    .text()])
    .the("Encounter");
    assert_eq!(encounter["priority"]["coding"][0]["code"], "UR");
    assert_eq!(encounter["reasonCode"][0]["coding"][0]["code"], "R07.9");
    let text = encounter["extension"].to_string();
    assert!(
        text.contains("plannedStartDate") && text.contains("2024-01-05"),
        "{text}"
    );
    assert!(text.contains("encounter-modeOfArrival"), "{text}");
}

#[test]
fn rule_27_a_zone_is_the_values_own_else_the_messages() {
    let start = |sent_at: &str, admitted: &str| {
        let pv1 = format!(
            "PV1|1|I{}V9^^^EMR^VN{}{admitted}",
            "|".repeat(17),
            "|".repeat(25)
        );
        let head = HEAD.replace("|20240101|", &format!("|{sent_at}|"));
        let chart = Chart::of(&[format!("{head}\nPID|1||77^^^EMR^MR\n{pv1}")]);
        chart.the("Encounter")["period"]["start"].clone()
    };
    assert_eq!(
        start("20240101120000-0500", "202401011130"),
        "2024-01-01T11:30:00-05:00"
    );
    assert_eq!(
        start("20240101120000-0500", "202401011130+0215"),
        "2024-01-01T11:30:00+02:15"
    );
    assert_eq!(start("20240101120000-0500", "20240101"), "2024-01-01");
    assert_eq!(
        start("20240101120000", "202401011130"),
        "2024-01-01T11:30:00+00:00"
    );
}

#[test]
fn rule_28_equal_content_gives_equal_facts() {
    let bytes = bytes(&Adt::default().text());
    let message = hl7v2::Message::parse(&bytes).unwrap();
    let read = || mapping::inbound::interpret(&message, &context(&bytes, profile())).unwrap();
    assert_eq!(read(), read());
}

fn update(control_id: &str, sequence: &str, sent: &str, family: &str) -> String {
    format!(
        "MSH|^~\\&|EMR|AGENCY|||{sent}||ADT^A31|{control_id}|P|2.5.1|{sequence}\nEVN||20240101\n\
         PID|1||77^^^EMR^MR||{family}^JANE\nNK1|1|DOE^JOHN|SPO\nAL1|1|DA|2670^Codeine^RXNORM"
    )
}

#[test]
fn rule_28_a_resend_changes_nothing() {
    let first = update("M1", "", "20240101080000", "DOE");
    let again = update("M1", "", "20240101090000", "DOE");
    let once = Chart::of(&[&first]).resources();
    for order in [[&first, &again], [&again, &first], [&first, &first]] {
        assert_eq!(Chart::of(&order).resources(), once);
    }
}

#[test]
fn rule_28_a_control_id_that_is_used_again_hides_no_content() {
    let said = [
        update("M1", "", "20240101080000", "DOE"),
        update("M1", "", "20240101080000", "ROE"),
    ];
    let [one, other] = &said;
    // Which of the two counts is the same in any order, and what only one says is there.
    let allergy = "\nAL1|2|DA|70618^Penicillin^RXNORM";
    let more = format!("{other}{allergy}");
    let chart = Chart::of(&[one, &more]);
    assert_eq!(chart.resources(), Chart::of(&[&more, one]).resources());
    assert_eq!(chart.all("AllergyIntolerance").len(), 2);
}

#[test]
fn rule_28_a_sequence_number_decides_between_equal_times() {
    let first = update("M9", "1", "20240101080000", "DOE");
    let second = update("M1", "2", "20240101080000", "ROE");
    for order in [[&first, &second], [&second, &first]] {
        let patient = Chart::of(&order).the("Patient");
        assert_eq!(patient["name"][0]["family"], "ROE");
    }
}

#[test]
fn rule_31_every_resource_and_each_of_its_elements_names_its_message() {
    let bytes = bytes(&update("M1", "", "20240101080000", "DOE"));
    let message = hl7v2::Message::parse(&bytes).unwrap();
    let ctx = mapping::inbound::Context {
        journal: Some(model::JournalId(7)),
        ..context(&bytes, profile())
    };
    let mut chart = mapping::Chart::default();
    chart.take(mapping::inbound::interpret(&message, &ctx).unwrap());
    let folded = chart.resources(&model::IdentityKey::PUBLIC);
    assert_eq!(folded.len(), 3);
    for resource in &folded {
        assert_eq!(
            resource.source,
            Some(model::JournalId(7)),
            "{}",
            resource.kind
        );
        assert!(!resource.lineage.is_empty());
        for line in &resource.lineage {
            assert_eq!(line.journal, Some(model::JournalId(7)), "{}", line.element);
        }
        assert!(fhir::check(&resource.body, None).is_empty());
    }
}

#[test]
fn rule_15_that_nobody_knows_who_it_is_stays_with_the_patient() {
    let pid = crate::chart::segment("PID", &[(3, "77^^^EMR^MR"), (31, "Y"), (32, "UA~US")]);
    let patient = patient(
        "MSH|^~\\&|EMR|AGENCY|||20240115||ADT^A08|1|P|2.5.1\nEVN||20240115",
        &pid,
    );
    let urls: Vec<&str> = patient["extension"]
        .as_array()
        .unwrap()
        .iter()
        .map(|extension| extension["url"].as_str().unwrap())
        .collect();
    assert_eq!(
        urls,
        [
            "http://hl7.org/fhir/StructureDefinition/patient-unknownIdentity",
            "urn:drawbridge:identity-reliability",
            "urn:drawbridge:identity-reliability",
        ]
    );
}
