//! Rules of visits, identities and charges, one test each. The numbers are those
//! of the rules of the mapping.

use mapping::Profile;
use serde_json::{Value, json};

use crate::chart::{Adt, Chart, read_with, segment};

pub(crate) const HEAD: &str =
    "PID|1||77^^^EMR^MR||DOE^JANE||19600102|F\nPV1|1|O|||||||||||||||||V9^^^EMR^VN";

/// A message of a type with lines after the header.
pub(crate) fn message(kind: &str, stated: &str, lines: &str) -> String {
    format!(
        "MSH|^~\\&|EMR|AGENCY|||{stated}||{kind}|M{kind}{stated}|P|2.5.1\nEVN||{stated}\n{lines}"
    )
}

pub(crate) fn in_any_order(messages: &[String], kind: &str) -> Vec<Value> {
    let forth = Chart::of(messages).all(kind);
    let reversed: Vec<&String> = messages.iter().rev().collect();
    assert_eq!(forth, Chart::of(&reversed).all(kind), "order matters");
    let twice: Vec<&String> = messages.iter().chain(messages).collect();
    assert_eq!(forth, Chart::of(&twice).all(kind), "repetition matters");
    forth
}

#[test]
fn a_charge_is_found_again_by_its_number() {
    let dft = |stated, ft1| message("DFT^P03", stated, &format!("{HEAD}\nFT1|1|{ft1}"));
    let first = dft("20240101", "T7||20240101||CG|99213^Visit^C4|||1||80.50&USD");
    let again = dft(
        "20240102",
        "T7||20240101||CG|99213^Visit^C4|||2||161.00&USD",
    );
    let charge = in_any_order(&[first, again], "ChargeItem").remove(0);
    assert_eq!(charge["quantity"]["value"], 2);
    assert!(
        charge.to_string().contains("161.00"),
        "digits stay: {charge}"
    );
    assert_eq!(charge["status"], "billable");
    assert!(
        charge["context"]["reference"]
            .as_str()
            .unwrap()
            .starts_with("Encounter/")
    );
}

/// Found by fuzzing.
#[test]
fn a_price_keeps_its_amount_where_the_currency_is_none() {
    for (sent, currency) in [("80.50&EUR", json!("EUR")), ("80.50&ABC", Value::Null)] {
        let ft1 = format!("{HEAD}\nFT1|1|T7||20240101||CG|99213^Visit^C4|||1||{sent}");
        let charge = in_any_order(&[message("DFT^P03", "20240101", &ft1)], "ChargeItem").remove(0);
        assert_eq!(charge["priceOverride"]["value"].to_string(), "80.50");
        assert_eq!(charge["priceOverride"]["currency"], currency);
        assert!(fhir::check(&charge, None).is_empty());
    }
}

#[test]
fn a_kind_of_price_is_no_currency() {
    for (sent, currency, n_issues) in [
        ("80.50^UP", Value::Null, 0),
        ("80.50^USD", json!("USD"), 0),
        ("80.50&USD^UP", json!("USD"), 0),
        ("80.50&ABC^USD", Value::Null, 1),
    ] {
        let ft1 = format!("{HEAD}\nFT1|1|T7||20240101||CG|99213^Visit^C4|||1||{sent}");
        let text = message("DFT^P03", "20240101", &ft1);
        let issues = crate::orders::read(&text).issues;
        assert_eq!(issues.len(), n_issues, "{sent}: {issues:?}");
        let charge = Chart::of(&[text]).the("ChargeItem");
        assert_eq!(charge["priceOverride"]["currency"], currency, "{sent}");
    }
}

#[test]
fn rule_20_an_episode_has_the_visits_that_name_it() {
    let pv1 = |visit: &str| {
        format!(
            "PV1|1|O|||||||||||||||||{visit}^^^EMR^VN{}E5^^^EMR",
            "|".repeat(35)
        )
    };
    let of = |stated, visit: &str| {
        message(
            "ADT^A08",
            stated,
            &format!("PID|1||77^^^EMR^MR\n{}", pv1(visit)),
        )
    };
    let chart = Chart::of(&[of("20240101", "V1"), of("20240102", "V2")]);
    let episode = chart.the("EpisodeOfCare");
    assert_eq!(episode["identifier"][0]["value"], "E5");
    let reference = format!("EpisodeOfCare/{}", episode["id"].as_str().unwrap());
    for encounter in chart.all("Encounter") {
        assert_eq!(encounter["episodeOfCare"][0]["reference"], json!(reference));
    }
}

#[test]
fn a_home_health_visit_is_an_episode_that_ends_with_it() {
    let profile = Profile::named("hchb").unwrap();
    let visit = |trigger, stated, discharged| {
        Adt {
            trigger,
            stated,
            admitted: "20240101",
            discharged,
            ..Adt::default()
        }
        .text()
    };
    let mut chart = Chart::default();
    chart.take(read_with(&visit("A01", "20240101", ""), profile));
    assert_eq!(chart.the("EpisodeOfCare")["status"], "active");
    chart.take(read_with(&visit("A03", "20240201", "20240201"), profile));
    assert_eq!(chart.the("EpisodeOfCare")["status"], "finished");
    assert_eq!(chart.the("EpisodeOfCare")["period"]["end"], "2024-02-01");
    chart.take(read_with(&visit("A13", "20240202", ""), profile));
    assert_eq!(chart.the("EpisodeOfCare")["status"], "active");
}

#[test]
fn rule_16_an_employer_is_a_contact_and_nobody_related() {
    let lines = "PID|1||77^^^EMR^MR||DOE^JANE\nNK1|1||||||E||||||ACME\nNK1|2|DOE^JOHN|SPO";
    let chart = Chart::of(&[message("ADT^A31", "20240101", lines)]);
    assert_eq!(chart.all("RelatedPerson").len(), 1);
    assert_eq!(chart.the("Patient")["contact"].as_array().unwrap().len(), 2);
}

#[test]
fn rule_16_a_guarantor_vouches_for_the_account_and_is_no_contact() {
    let lines =
        "PID|1||77^^^EMR^MR||DOE^JANE|||||||||||||ACC1\nGT1|1|G1|RICH^UNCLE||9 Gold St||||||PAR";
    let chart = Chart::of(&[message("ADT^A31", "20240101", lines)]);
    let person = chart.the("RelatedPerson");
    let party = format!("RelatedPerson/{}", person["id"].as_str().unwrap());
    assert_eq!(
        chart.the("Account")["guarantor"][0]["party"]["reference"],
        json!(party)
    );
    assert_eq!(chart.the("Patient").get("contact"), None);
}

#[test]
fn rule_23_two_members_of_one_policy_are_two_coverages() {
    let in1 = |member: &str| {
        format!(
            "IN1|1|P1|I1|Insurer||||||||||||DOE^JANE|SEL{}POL8{}{member}",
            "|".repeat(19),
            "|".repeat(13)
        )
    };
    let with = |stated, members: [&str; 2]| {
        let lines = format!(
            "PID|1||77^^^EMR^MR\n{}\n{}",
            in1(members[0]),
            in1(members[1])
        );
        message("ADT^A08", stated, &lines)
    };
    let coverages = in_any_order(
        &[
            with("20240101", ["M1", "M2"]),
            with("20240102", ["M2", "M1"]),
        ],
        "Coverage",
    );
    assert_eq!(coverages.len(), 2);
    assert!(
        coverages[0]["subscriber"]["reference"]
            .as_str()
            .unwrap()
            .starts_with("Patient/")
    );
}

#[test]
fn rule_30_two_patients_are_linked_until_they_are_not() {
    let both = |event: &str, stated| {
        let lines = "PID|1||77^^^EMR^MR||DOE^JANE\nPID|2||88^^^EMR^MR||DOE^J";
        message(event, stated, lines)
    };
    let linked = both("ADT^A24", "20240101");
    let patients = Chart::of(&[&linked]).all("Patient");
    assert!(
        patients.iter().all(|it| it["link"][0]["type"] == "seealso"),
        "{patients:?}"
    );
    // What the message says of each stays with each.
    let given: Vec<&Value> = patients
        .iter()
        .map(|it| &it["name"][0]["given"][0])
        .collect();
    assert!(given.contains(&&json!("JANE")) && given.contains(&&json!("J")));
    let patients = in_any_order(&[linked, both("ADT^A37", "20240102")], "Patient");
    assert!(
        patients.iter().all(|it| it.get("link").is_none()),
        "{patients:?}"
    );
}

#[test]
fn rule_30_a_moved_visit_takes_what_belongs_to_it_along() {
    let visit = "PV1|1|I|||||||||||||||||V9^^^EMR^VN";
    let admitted = format!("PID|1||77^^^EMR^MR\n{visit}\nDG1|1||I10^A^I10|||W");
    let moved = format!("PID|1||88^^^EMR^MR\nMRG|77^^^EMR^MR||||V9^^^EMR^VN\n{visit}");
    let messages = [
        message("ADT^A01", "20240101", &admitted),
        message("ADT^A45", "20240102", &moved),
    ];
    let condition = in_any_order(&messages, "Condition").remove(0);
    let chart = Chart::of(&messages);
    assert_eq!(condition["subject"], chart.the("Encounter")["subject"]);
    let patients = chart.all("Patient");
    let new = patients
        .iter()
        .find(|it| it["identifier"][0]["value"] == "88")
        .unwrap();
    let reference = format!("Patient/{}", new["id"].as_str().unwrap());
    assert_eq!(condition["subject"]["reference"], json!(reference));
}

#[test]
fn a_visit_with_a_new_number_keeps_the_old_one() {
    let lines = "PID|1||77^^^EMR^MR\nMRG|77^^^EMR^MR||||V1^^^EMR^VN\n\
                 PV1|1|I|||||||||||||||||V2^^^EMR^VN";
    let renamed = message("ADT^A50", "20240102", lines);
    let before = message(
        "ADT^A01",
        "20240101",
        "PID|1||77^^^EMR^MR\nPV1|1|I|||||||||||||||||V1^^^EMR^VN",
    );
    assert_eq!(Chart::of(&[&renamed]).all("Encounter").len(), 1);
    let encounters = in_any_order(&[before, renamed], "Encounter");
    let status = |number: &str| {
        let first = |it: &&Value| it["identifier"][0]["value"] == number;
        encounters.iter().find(first).unwrap()["status"].clone()
    };
    assert_eq!(status("V1"), "entered-in-error");
    assert_eq!(status("V2"), "in-progress");
}

#[test]
fn a_deleted_visit_was_an_error_and_a_deleted_person_is_inactive() {
    let lines = "PID|1||77^^^EMR^MR\nPV1|1|I|||||||||||||||||V1^^^EMR^VN";
    let deleted = message("ADT^A23", "20240102", lines);
    let encounter = in_any_order(
        &[message("ADT^A01", "20240101", lines), deleted],
        "Encounter",
    );
    assert_eq!(encounter[0]["status"], "entered-in-error");
    let gone = message("ADT^A29", "20240102", "PID|1||77^^^EMR^MR");
    let added = message("ADT^A28", "20240103", "PID|1||77^^^EMR^MR");
    assert_eq!(Chart::of(&[&gone]).the("Patient")["active"], false);
    let patient = in_any_order(&[gone, added], "Patient").remove(0);
    assert_eq!(patient.get("active"), None);
}

#[test]
fn an_account_that_was_merged_is_inactive() {
    let pid = format!("PID|1||77^^^EMR^MR{}ACC2", "|".repeat(15));
    let lines = format!("{pid}\nMRG|77^^^EMR^MR||ACC1");
    let accounts = Chart::of(&[message("ADT^A35", "20240101", &lines)]).all("Account");
    let status = |number: &str| {
        let of_number = |it: &&Value| it["identifier"][0]["value"] == number;
        accounts.iter().find(of_number).unwrap()["status"].clone()
    };
    assert_eq!(status("ACC1"), "inactive");
    assert_eq!(status("ACC2"), "active");
}

#[test]
fn rule_18_a_pending_transfer_is_reserved_until_it_happens_or_is_called_off() {
    let place = |event: &str, stated, pv1: &str| {
        let lines = format!("PID|1||77^^^EMR^MR\n{pv1}");
        message(&format!("ADT^{event}"), stated, &lines)
    };
    let pending = format!(
        "PV1|1|I|W1^R1^B1{}V9^^^EMR^VN{}W2^R9^B9",
        "|".repeat(16),
        "|".repeat(23)
    );
    let moved = format!("PV1|1|I|W2^R9^B9{}V9^^^EMR^VN", "|".repeat(16));
    let first = place("A15", "20240101", &pending);
    let has_reserved = |messages: &[String]| {
        let encounter = in_any_order(messages, "Encounter").remove(0);
        let locations = encounter["location"].as_array().unwrap().clone();
        locations.iter().any(|it| it["status"] == "reserved")
    };
    assert!(has_reserved(std::slice::from_ref(&first)));
    assert!(!has_reserved(&[
        first.clone(),
        place("A02", "20240102", &moved)
    ]));
    assert!(!has_reserved(&[first, place("A26", "20240102", &pending)]));
}

#[test]
fn rule_19_a_role_is_played_in_what_stands_before_it() {
    let rol = |code: &str, who: &str| format!("ROL|1|AD|{code}^^HL70443|{who}");
    let lines = format!(
        "PID|1||77^^^EMR^MR\n{}\n{}\nPV1|1|I|||||||||||||||||V9^^^EMR^VN\n{}\n\
         PR1|1||99213^Visit^C4||20240110\n{}",
        rol("PP", "1^ABLE^ANN"),
        rol("FHCP", "2^BAKER^BOB"),
        rol("AT", "3^COLE^CY"),
        rol("PH", "4^DEAN^DI"),
    );
    let chart = Chart::of(&[message("ADT^A01", "20240101", &lines)]);
    assert_eq!(chart.all("PractitionerRole").len(), 4);
    let general = &chart.the("Patient")["generalPractitioner"];
    assert_eq!(general.as_array().unwrap().len(), 1);
    assert_eq!(
        chart.the("CareTeam")["participant"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let attending = &chart.the("Encounter")["participant"][0]["type"][0]["coding"];
    assert_eq!(attending[0]["code"], "ATND");
    assert_eq!(attending[1]["code"], "AT");
    assert_eq!(
        chart.the("Procedure")["performer"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn rule_23_an_allergy_that_is_reported_has_its_time_and_standing() {
    let iam = format!(
        "IAM|1|DA|2670^Codeine^RXNORM|SV|Hives|U|A7{}20200101||20240101|DOE^JOHN|SPO||I",
        "|".repeat(4)
    );
    let lines = format!("PID|1||77^^^EMR^MR\n{iam}");
    let allergy = Chart::of(&[message("ADT^A60", "20240101", &lines)]).the("AllergyIntolerance");
    assert_eq!(allergy["clinicalStatus"]["coding"][0]["code"], "inactive");
    assert_eq!(allergy["recordedDate"], "2024-01-01");
    assert_eq!(allergy["recorder"]["display"], "JOHN DOE");
    assert_eq!(allergy["identifier"][0]["value"], "A7");
}

#[test]
fn rule_12_birth_sex_is_what_an_observation_says_and_not_pid_8() {
    let lines = "PID|1||77^^^EMR^MR||DOE^JANE||19600102|F\nOBX|1|CWE|76689-9^Sex^LN||M";
    let patient = Chart::of(&[message("ADT^A31", "20240101", lines)]).the("Patient");
    assert_eq!(patient["gender"], "female");
    assert_eq!(patient["extension"][0]["valueCode"], "M");
    let silent = message(
        "ADT^A31",
        "20240101",
        "PID|1||77^^^EMR^MR||DOE^JANE||19600102|F",
    );
    assert_eq!(Chart::of(&[silent]).the("Patient").get("extension"), None);
}

#[test]
fn a_protected_visit_is_restricted() {
    let pv2 = segment("PV2", &[(22, "Y")]);
    let chart = Chart::of(&[format!("{}\n{pv2}", visit("V1"))]);
    let security = &chart.the("Encounter")["meta"]["security"];
    assert_eq!(security[0]["code"], "R");
    assert_eq!(
        security[1]["system"],
        "http://terminology.hl7.org/CodeSystem/v2-0136"
    );
}

#[test]
fn the_diagnoses_of_a_visit_are_its_episode_s_too() {
    let said = |stated: &str, dg1: &str| {
        format!("{}\n{dg1}", visit("V1").replace("20240115083000", stated))
    };
    let dg1 = "DG1|1||R52^Pain^I10||20240114|A|||||||||1|||||D1^EMR";
    let admitted = said("20240115083000", dg1);
    let chart = Chart::of(&[&admitted]);
    let diagnosis = &chart.the("EpisodeOfCare")["diagnosis"][0];
    let condition = chart.the("Condition")["id"].as_str().unwrap().to_owned();
    assert_eq!(
        diagnosis["condition"]["reference"],
        format!("Condition/{condition}")
    );
    assert_eq!(diagnosis["role"]["coding"][0]["code"], "AD");
    assert_eq!(diagnosis["rank"], 1);
    let withdrawn = said("20240116083000", &format!("{dg1}|D"));
    let chart = Chart::of(&[&withdrawn, &admitted]);
    assert!(chart.the("EpisodeOfCare").get("diagnosis").is_none());
}

fn visit(number: &str) -> String {
    let pv1 = segment("PV1", &[(2, "I"), (19, number), (54, "E1^^^EMR")]);
    format!(
        "MSH|^~\\&|EMR|AGENCY|||20240115083000||ADT^A08|20240115083000|P|2.5.1\n\
         EVN||20240115083000\nPID|1||77^^^EMR^MR\n{pv1}"
    )
}
