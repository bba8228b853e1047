//! Who pays and is insured: IN1, IN2 and PV1-20, one test each.

use serde_json::{Value, json};

use crate::chart::{Chart, segment};

fn admitted(stated: &str, pv1: &[(usize, &str)], rest: &str) -> String {
    let pv1 = segment("PV1", pv1);
    format!(
        "MSH|^~\\&|EMR|AGENCY|||{stated}||ADT^A08|{stated}|P|2.5.1\nEVN||{stated}\n\
         PID|1||77^^^EMR^MR\n{pv1}\n{rest}"
    )
}

fn insured(in1: &[(usize, &str)], rest: &str) -> Chart {
    let in1 = segment("IN1", &[&[(2, "PLAN")], in1].concat());
    Chart::of(&[admitted("20240115", &[(2, "I")], &format!("{in1}\n{rest}"))])
}

fn classes(coverages: &[Value]) -> Vec<&Value> {
    let all = coverages.iter();
    all.map(|coverage| &coverage["type"]["coding"][0]["code"])
        .collect()
}

#[test]
fn a_financial_class_is_a_coverage_where_nothing_more_is_known() {
    let class = [(2, "I"), (20, "MC^20240101")];
    let chart = Chart::of(&[admitted("20240115", &class, "")]);
    let coverage = chart.the("Coverage");
    assert_eq!(coverage["type"]["coding"][0]["code"], "MC");
    assert_eq!(coverage["period"]["start"], "2024-01-01");
    assert_eq!(coverage["payor"], json!([{"display": "unknown"}]));
    let insurance = admitted("20240116", &[(2, "I")], "IN1|1|PLAN|1^^^PAYERS|ACME");
    for order in [[0, 1], [1, 0]] {
        let messages = [admitted("20240115", &class, ""), insurance.clone()];
        let coverage = Chart::of(&order.map(|at| messages[at].clone())).the("Coverage");
        assert_eq!(coverage["payor"][0]["display"], "ACME");
    }
}

/// R4 org-2 and org-3; found by fuzzing.
#[test]
fn an_insurer_is_at_home_nowhere() {
    let sent = [
        (3, "1^^^PAYERS"),
        (4, "ACME"),
        (5, "1 Made St^^Upton^TX^75001^USA^H"),
        (7, "^PRN^PH^^1^214^5550142"),
    ];
    let chart = insured(&sent, "");
    let insurer = chart.the("Organization");
    assert_eq!(insurer["address"][0]["city"], "Upton");
    assert_eq!(insurer["address"][0].get("use"), None);
    assert_eq!(insurer["telecom"][0]["use"], "work");
    assert!(fhir::check(&insurer, None).is_empty());
}

#[test]
fn the_later_financial_class_holds() {
    let said = |stated: &str, class: &str| admitted(stated, &[(2, "I"), (20, class)], "");
    let chart = Chart::of(&[said("20240116", "B"), said("20240115", "A")]);
    assert_eq!(classes(&chart.all("Coverage")), ["B"]);
    let chart = Chart::of(&[said("20240115", "A"), said("20240116", "\"\"")]);
    assert!(chart.all("Coverage").is_empty());
}

#[test]
fn the_group_s_number_is_the_policy_holder_s() {
    let coverage = insured(&[(10, "G1^^^PAYERS^XX")], "").the("Coverage");
    assert_eq!(coverage["policyHolder"]["identifier"]["value"], "G1");
    let chart = insured(&[(10, "G1^^^PAYERS^XX"), (11, "ACME WORKS")], "");
    let coverage = chart.the("Coverage");
    assert_eq!(coverage["policyHolder"]["display"], "ACME WORKS");
    let holders = chart.all("Organization");
    let holder = holders
        .iter()
        .find(|it| it["name"] == "ACME WORKS")
        .unwrap();
    assert_eq!(holder["identifier"][0]["value"], "G1");
}

#[test]
fn a_subscriber_s_number_is_the_subscriber_s() {
    let coverage = insured(&[(10, "S1^^^PAYERS^SN")], "").the("Coverage");
    assert!(coverage.get("policyHolder").is_none());
    assert_eq!(coverage["extension"][0]["valueIdentifier"]["value"], "S1");
    let coverage = insured(&[(49, "S2^^^PAYERS")], "").the("Coverage");
    assert_eq!(coverage["subscriberId"], "S2");
    let coverage = insured(&[(36, "P1"), (49, "S2^^^PAYERS")], "").the("Coverage");
    assert_eq!(coverage["subscriberId"], "P1");
}

#[test]
fn what_the_patient_is_to_the_insured_counts_where_the_reverse_was_not_said() {
    let in2 = segment("IN2", &[(72, "02")]);
    let coverage = insured(&[], &in2).the("Coverage");
    assert_eq!(coverage["relationship"]["coding"][0]["code"], "spouse");
    let coverage = insured(&[(17, "SEL")], &in2).the("Coverage");
    let codings = coverage["relationship"]["coding"].as_array().unwrap();
    assert_eq!(codings[0]["code"], "self");
    assert_eq!(codings.len(), 2);
}

#[test]
fn a_member_number_is_of_its_insurer_unless_it_is_one_of_medicare() {
    for (sent, system) in [
        ("W123456789", "urn:drawbridge:authority:AGENCY"),
        ("1EG4-TE5-MK73", "http://hl7.org/fhir/sid/us-mbi"),
        ("W123456789^^^^MC", "http://hl7.org/fhir/sid/us-medicare"),
    ] {
        let coverage = insured(&[(49, sent)], "").the("Coverage");
        let value = sent.split('^').next().unwrap().replace('-', "");
        let all = coverage["identifier"].as_array().unwrap();
        let number = all.iter().find(|it| it["value"] == value);
        assert_eq!(number.unwrap()["system"], system, "{all:?}");
    }
}
