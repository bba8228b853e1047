//! Rules of appointments (SIU), one test each.

use serde_json::{Value, json};

use crate::chart::{Chart, segment};
use crate::visits::{HEAD, in_any_order, message};

fn siu(event: &str, stated: &str, sch: &str, rest: &str) -> String {
    let lines = format!("SCH|A1^EMR|F1^EMR|{sch}\n{HEAD}\n{rest}");
    message(&format!("SIU^{event}"), stated, &lines)
}

/// SCH from field 4 on, with a duration, a start and a status.
fn slot(start: &str, status: &str) -> String {
    format!(
        "||||^Visit|ROUTINE|45|MIN|^^^{start}{}{status}",
        "|".repeat(14)
    )
}

#[test]
fn rule_26_the_status_of_an_appointment_is_sch_25_else_the_events() {
    let check = |event: &str, sent: &str, expected: &str| {
        let text = siu(event, "20240101", &slot("20240110140000-0600", sent), "");
        let status = Chart::of(&[text]).the("Appointment")["status"].clone();
        assert_eq!(status, expected, "{event} {sent}");
    };
    check("S12", "", "booked");
    check("S12", "Pending", "pending");
    check("S14", "Started", "checked-in");
    check("S15", "", "cancelled");
    check("S15", "Booked", "cancelled");
    check("S17", "Deleted", "entered-in-error");
    check("S26", "", "noshow");
    check("S24", "", "cancelled");
}

#[test]
fn rule_26_an_appointment_ends_when_its_duration_says() {
    let text = siu("S12", "20240101", &slot("20240110140000-0600", ""), "");
    let appointment = Chart::of(&[text]).the("Appointment");
    assert_eq!(appointment["start"], "2024-01-10T14:00:00-06:00");
    assert_eq!(appointment["end"], "2024-01-10T14:45:00-06:00");
    assert_eq!(appointment["minutesDuration"], 45);
    assert_eq!(appointment["reasonCode"][0]["text"], "Visit");
}

#[test]
fn rule_26_a_booked_appointment_without_times_says_that_they_are_unknown() {
    let text = siu("S12", "20240101", &slot("", ""), "");
    let appointment = Chart::of(&[text]).the("Appointment");
    assert_eq!(
        appointment["_start"]["extension"][0]["valueCode"],
        "unknown"
    );
    let cancelled = siu("S15", "20240102", &slot("", ""), "");
    let appointment = Chart::of(&[cancelled]).the("Appointment");
    assert_eq!(appointment.get("_start"), None);
}

#[test]
fn a_cancel_holds_whatever_order_it_comes_in() {
    let booked = siu("S12", "20240101", &slot("20240110140000", "Booked"), "");
    let gone = siu("S15", "20240102", "|Ill|Visit|ROUTINE|45|MIN", "");
    let appointment = in_any_order(&[booked, gone], "Appointment").remove(0);
    assert_eq!(appointment["status"], "cancelled");
    assert_eq!(appointment["start"], "2024-01-10T14:00:00+00:00");
}

#[test]
fn who_is_not_named_any_more_does_not_come() {
    let with = |event, stated, rest| siu(event, stated, &slot("20240110140000", ""), rest);
    let first = with(
        "S12",
        "20240101",
        "RGS|1\nAIP|1||44^BAKER^BOB|RN\nAIL|1||HOME",
    );
    let changed = with(
        "S14",
        "20240102",
        "RGS|1\nAIP|1||45^COLE^CY|RN\nAIL|1||HOME",
    );
    let silent = with("S14", "20240103", "");
    let appointment = in_any_order(&[first, changed, silent], "Appointment").remove(0);
    let text = appointment["participant"].to_string();
    assert!(
        text.contains("CY COLE") && !text.contains("BAKER"),
        "{text}"
    );
    assert!(text.contains("HOME") && text.contains("Patient/"), "{text}");
}

#[test]
fn an_action_code_changes_one_resource_of_an_appointment() {
    let with = |event, stated, rest| siu(event, stated, &slot("20240110140000", ""), rest);
    let first = with(
        "S12",
        "20240101",
        "RGS|1|A\nAIP|1|A|44^BAKER^BOB|RN\nAIP|2|A|45^COLE^CY|PT",
    );
    let gone = with("S20", "20240102", "RGS|1|D\nAIP|1|D|44^BAKER^BOB|RN");
    let appointment = in_any_order(&[first, gone], "Appointment").remove(0);
    let text = appointment["participant"].to_string();
    assert!(text.contains("COLE") && !text.contains("BAKER"), "{text}");
}

#[test]
fn blocked_time_needs_no_patient() {
    let lines = "SCH|A1^EMR|F1^EMR|||||||30|MIN|^^^20240110140000\nRGS|1\nAIL|1||ROOM5";
    let chart = Chart::of(&[message("SIU^S23", "20240101", lines)]);
    assert_eq!(chart.the("Appointment")["status"], "booked");
    assert!(chart.all("Patient").is_empty());
}

#[test]
fn an_appointment_is_based_on_the_order_that_it_is_made_for() {
    let sch = segment("SCH", &[(1, "A1^EMR"), (26, "P1^EMR"), (27, "F1^LAB")]);
    let patient = "PID|1||77^^^EMR^MR";
    let appointment = message("SIU^S12", "20240115", &format!("{sch}\n{patient}"));
    let order = message(
        "ORM^O01",
        "20240114",
        &format!("{patient}\nORC|NW|P1^EMR\nOBR|1|P1^EMR||1^X^LN"),
    );
    for messages in [vec![&appointment], vec![&order, &appointment]] {
        let chart = Chart::of(&messages);
        let request = chart.the("ServiceRequest");
        let id = request["id"].as_str().unwrap();
        let based_on = &chart.the("Appointment")["basedOn"][0];
        assert_eq!(based_on["reference"], format!("ServiceRequest/{id}"));
        let numbers: Vec<_> = request["identifier"].as_array().unwrap().iter().collect();
        assert!(numbers.iter().any(|number| number["value"] == "F1"));
        assert_eq!(request["subject"], chart_subject(&chart));
    }
}

fn chart_subject(chart: &Chart) -> Value {
    let patient = chart.the("Patient");
    json!({"reference": format!("Patient/{}", patient["id"].as_str().unwrap())})
}
