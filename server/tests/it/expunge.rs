//! Messages that should never have come are taken out, by the built program.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::Value;

use crate::commands::{ADMISSION, Desk, receive, receive_in};
use crate::journal::{february, long_ago};
use crate::site::{EVERYTHING, ids, told};

/// A message of a patient: control id, identifier, when it was said, and the rest of PID from PID-5 on.
fn update(control_id: &str, patient: &str, day: &str, rest: &str) -> String {
    format!(
        "MSH|^~\\&|EMR|HOSP|DB|DB|{day}080000+0000||ADT^A08|{control_id}|P|2.5.1\r\
         EVN|A08|{day}080000+0000\rPID|1||{patient}^^^EMR^MR||{rest}\r"
    )
}

/// The number of the message with a control id.
async fn number(desk: &Desk, control_id: &str) -> String {
    let sql = format!("select min(id) from journal where control_id = '{control_id}'");
    desk.site.number(&sql).await.to_string()
}

async fn expunge(desk: &Desk, id: &str) -> Value {
    let args = ["journal", "expunge", id, "--reason", "another patient's"];
    desk.values(&args).await.remove(0)
}

/// In how many rows a word stands, whatever the table.
async fn rows_with(desk: &Desk, word: &str) -> i64 {
    let in_text = |table: &str, column: &str| {
        format!("(select count(*) from {table} where {column}::text like '%{word}%')")
    };
    let sql = format!(
        "select {} + {} + {} + {} + {} + {} + {}",
        in_text("resource", "body"),
        in_text("history", "body"),
        in_text("identity", "value"),
        in_text("string_index", "value"),
        format_args!("(select count(*) from fact where encode(body, 'escape') like '%{word}%')"),
        format_args!("(select count(*) from feature where encode(body, 'escape') like '%{word}%')"),
        format_args!("(select count(*) from journal where encode(raw, 'escape') like '%{word}%')"),
    );
    desk.site.number(&sql).await
}

async fn patients(desk: &Desk) -> Vec<Value> {
    let token = desk.site.token(EVERYTHING).await;
    let (_, found) = told(desk.site.get("/fhir/Patient", &token)).await;
    let entries = found["entry"].as_array().cloned().unwrap_or_default();
    let resources = entries.into_iter().map(|entry| entry["resource"].clone());
    resources.collect()
}

/// A patient of whom a wrong message spoke among others; answers its number.
async fn spoiled(desk: &Desk) -> String {
    let wrong = wrong();
    // It says less and it said it before: nothing of it is in the chart while the wrong one stands.
    let late = update("LATE", "4711", "20260103", "||||||5 Good St^^Goodtown");
    let other = update("OTHER", "4711", "20260106", "|||||||||555-0100");
    receive(&desk.site, &[ADMISSION]).await;
    receive(&desk.site, &[&wrong, &late, &other]).await;
    let patient = patients(desk).await.remove(0);
    assert_eq!(patient["name"][0]["family"], "Wrongname");
    assert_eq!(patient["address"][0]["city"], "Wrongtown");
    number(desk, "WRONG").await
}

fn wrong() -> String {
    let rest = "Wrongname^Zz||19990909|M|||9 Badstreet^^Wrongtown";
    update("WRONG", "4711", "20260105", rest)
}

#[tokio::test]
async fn what_a_message_said_goes_and_what_it_said_over_comes_back() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let id = spoiled(&desk).await;
    let before = patients(&desk).await;
    let dry = ["journal", "expunge", &id, "--reason", "x", "--dry-run"];
    let rehearsed = desk.values(&dry).await.remove(0);
    assert_eq!(patients(&desk).await, before, "nothing was done");

    let done = expunge(&desk, &id).await;
    assert_eq!(done["changed"], rehearsed["changed"]);
    // Each other message once: nothing is read again while lanes are held.
    assert_eq!(done["read_again"], 3);
    assert_eq!(done["versions"], rehearsed["versions"]);
    let after = patients(&desk).await.remove(0);
    assert_eq!(after["name"][0]["family"], "Made");
    assert_eq!(after["gender"], "female");
    assert_eq!(after["birthDate"], "1950-02-03");
    assert_eq!(after["address"][0]["city"], "Goodtown");
    assert_eq!(after["telecom"][0]["value"], "555-0100");
    for word in ["Wrongname", "Wrongtown", "1999-09-09", "19990909"] {
        assert_eq!(rows_with(&desk, word).await, 0, "{word}");
    }
    let named = format!("select count(*) from fact where encode(body, 'escape') like '%{id}%'");
    assert_eq!(desk.site.number(&named).await, 0);
    // The version of before is there, those that the message had a part in are not.
    let token = desk.site.token(EVERYTHING).await;
    let path = format!("/fhir/Patient/{}/_history", after["id"].as_str().unwrap());
    let (_, history) = told(desk.site.get(&path, &token)).await;
    let versions = history["entry"].as_array().unwrap();
    let families = versions
        .iter()
        .map(|it| it["resource"]["name"][0]["family"].as_str());
    assert_eq!(families.flatten().collect::<Vec<_>>(), ["Made", "Made"]);
    // A resend is recognised, also later than others are.
    desk.site.execute("delete from seen where at < now()").await;
    receive(&desk.site, &[&wrong()]).await;
    let listed = desk.values(&["journal", "list", "--limit", "1"]).await;
    assert_eq!(listed[0]["disposition"], "duplicate");
    assert_eq!(patients(&desk).await.remove(0), after);
    let again = desk
        .values(&["replay", "--since", "2026-01-01T00:00:00Z"])
        .await;
    assert_eq!(again[0]["replayed"], 3);
    assert_eq!(patients(&desk).await.remove(0), after);
}

#[tokio::test]
async fn digest_and_reason_of_an_expunged_message_stay() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let id = spoiled(&desk).await;
    let heads = desk.file("heads.jsonl");
    desk.lines(&["journal", "heads", "--out", &heads]).await;
    desk.refused(&["journal", "expunge", &id], 2).await;
    desk.refused(&["journal", "expunge", &id, "--reason", ""], 2)
        .await;
    desk.refused(&["journal", "expunge", "1", "--reason", "x"], 1)
        .await;
    expunge(&desk, &id).await;
    desk.refused(&["journal", "expunge", &id, "--reason", "again"], 1)
        .await;
    let report = desk
        .values(&["journal", "verify", "--heads", &heads])
        .await
        .remove(0);
    assert_eq!(
        (&report["expunged"], &report["first_broken"]),
        (&1.into(), &Value::Null)
    );
    let shown = desk.values(&["journal", "show", &id]).await.remove(0);
    assert_eq!(
        (&shown["disposition"], &shown["message"]),
        (&"expunged".into(), &"".into())
    );
    assert_eq!(shown["expunged"]["reason"], "another patient's");
    let file = desk.file("all.jsonl.gz");
    desk.lines(&["journal", "export", "--archive", &file]).await;
    desk.lines(&["journal", "verify", "--file", &file]).await;
    let said = "select count(*) from audit where interaction = 'expunge' and actor_kind = 'o'";
    assert_eq!(desk.site.number(said).await, 1);
}

#[tokio::test]
async fn what_older_messages_said_stays_although_they_are_no_longer_kept() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let admission = ADMISSION.replace("20260101", "20240210");
    receive_in(&long_ago(&desk).await, &[&admission]).await;
    february(&desk, &["apply"], "2").await.unwrap();
    let wrong = update("WRONG", "4711", "20260105", "|||||||9 Badstreet^^Wrongtown");
    let over = wrong.replace("|||||||9 Bad", "Wrongname^Zz|||||||9 Bad");
    receive(&desk.site, &[&over]).await;
    let done = expunge(&desk, &number(&desk, "WRONG").await).await;
    assert_eq!(done["kept_since"], "2024-03-01T00:00:00Z");
    let patient = patients(&desk).await.remove(0);
    assert_eq!(patient["birthDate"], "1950-02-03");
    assert_eq!(patient["address"], Value::Null);
    // The name was said over, and who said it before is no longer kept.
    assert_eq!(patient["name"], Value::Null);
    assert_eq!(rows_with(&desk, "Wrong").await, 0);
    desk.lines(&["journal", "verify"]).await;
}

#[tokio::test]
async fn what_nobody_else_spoke_of_is_gone() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let doctor = |message: &str, name: &str| {
        message.replace("|W^1^1^HOSP|", &format!("|W^1^1^HOSP||||{name}|"))
    };
    let good = doctor(ADMISSION, "77^Gooddoc^Gerda").replace("||||||||||||V1", "||||||||V1");
    let wrong = good
        .replace("GOOD1", "WRONG1")
        .replace("4711^", "Zz99^")
        .replace("Made^Up", "Strange^Person")
        .replace("V1^", "V9^")
        .replace("Gerda", "Gerda~88^Strangedoc^Stan");
    receive(&desk.site, &[&wrong, &good, &wrong]).await;
    assert_eq!(patients(&desk).await.len(), 2);
    let token = desk.site.token(EVERYTHING).await;
    let (_, doctors) = told(desk.site.get("/fhir/Practitioner", &token)).await;
    assert_eq!(ids(&doctors).len(), 2, "{doctors}");
    let stranger = patients(&desk).await;
    let stranger = stranger
        .iter()
        .find(|it| it["name"][0]["family"] == "Strange")
        .unwrap();
    let path = format!("/fhir/Patient/{}", stranger["id"].as_str().unwrap());

    let done = expunge(&desk, &number(&desk, "WRONG1").await).await;
    assert_eq!(
        done["messages"].as_array().unwrap().len(),
        2,
        "the resend goes too"
    );
    let deleted = done["deleted"].to_string();
    for kind in ["Patient/", "Encounter/", "Practitioner/"] {
        assert!(deleted.contains(kind), "{kind} of {deleted}");
    }
    assert_eq!(told(desk.site.get(&path, &token)).await.0, StatusCode::GONE);
    for word in ["Strange", "Strangedoc", "Zz99"] {
        assert_eq!(rows_with(&desk, word).await, 0, "{word}");
    }
    let left = patients(&desk).await;
    assert_eq!(left.len(), 1);
    // The doctor of both was first named by the wrong message, and is named by the other.
    let (_, doctors) = told(desk.site.get("/fhir/Practitioner", &token)).await;
    assert_eq!(ids(&doctors).len(), 1);
    assert_eq!(
        doctors["entry"][0]["resource"]["name"][0]["family"],
        "Gooddoc"
    );
    let (_, visits) = told(desk.site.get("/fhir/Encounter", &token)).await;
    assert_eq!(ids(&visits).len(), 1);
    desk.lines(&["journal", "verify"]).await;
}

#[tokio::test]
async fn a_file_goes_with_the_message_that_brought_it() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    // "Strangefile", in Base64.
    let file = "U3RyYW5nZWZpbGU=";
    let message = format!(
        "MSH|^~\\&|EMR|HOSP|DB|DB|20260102080000+0000||MDM^T02|FILE1|P|2.5.1\r\
         PID|1||4711^^^EMR^MR||Made^Up||19500203|F\rTXA|1|DS|AP|||||||||D1^EMR|||||AU\r\
         OBX|1|ED|1^Plan^L||EMR^AP^PDF^Base64^{file}||||||F\r"
    );
    receive(&desk.site, &[ADMISSION, &message]).await;
    let token = desk.site.token(EVERYTHING).await;
    let (_, documents) = told(desk.site.get("/fhir/DocumentReference", &token)).await;
    let attachment = &documents["entry"][0]["resource"]["content"][0]["attachment"];
    let path = format!("/fhir/{}", attachment["url"].as_str().unwrap());
    let done = expunge(&desk, &number(&desk, "FILE1").await).await;
    assert!(done["deleted"].to_string().contains("Binary/"), "{done}");
    assert_eq!(told(desk.site.get(&path, &token)).await.0, StatusCode::GONE);
    assert_eq!(rows_with(&desk, file).await, 0);
}

#[tokio::test]
async fn a_merge_that_should_not_have_been_is_taken_back() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let other = update("OTHER", "88", "20260102", "Second^Person||19600101|M");
    receive(&desk.site, &[ADMISSION, &other]).await;
    let before = patients(&desk).await;
    let merge = "MSH|^~\\&|EMR|HOSP|DB|DB|20260103080000+0000||ADT^A40|MERGE|P|2.5.1\r\
        EVN|A40|20260103080000+0000\rPID|1||88^^^EMR^MR\rMRG|4711^^^EMR^MR\r";
    receive(&desk.site, &[merge]).await;
    assert_eq!(desk.site.number("select count(*) from person").await, 2);
    let done = expunge(&desk, &number(&desk, "MERGE").await).await;
    assert_eq!(done["links"], 1);
    assert_eq!(desk.site.number("select count(*) from person").await, 0);
    assert_eq!(desk.site.number("select count(*) from link").await, 0);
    let plain = |patients: Vec<Value>| {
        let mut patients: Vec<Value> = patients
            .into_iter()
            .map(|mut patient| {
                patient["meta"] = Value::Null;
                patient
            })
            .collect();
        patients.sort_by_key(|patient| patient["id"].to_string());
        patients
    };
    assert_eq!(plain(patients(&desk).await), plain(before));
}

/// What is written anew is folded by all ties, also those of things that the message only refers to.
#[tokio::test]
async fn what_stays_of_a_result_still_belongs_to_the_visit_under_its_new_number() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let visit = |number: &str| {
        format!(
            "PID|1||4711^^^EMR^MR||Made^Up||19500203|F\rPV1|1|I|||||||||||||||||{number}^^^EMR^VN\r"
        )
    };
    let result = |id: &str, day: &str, of: &str, obx: &str| {
        format!(
            "MSH|^~\\&|EMR|HOSP|DB|DB|{day}080000+0000||ORU^R01|{id}|P|2.5.1\r{of}\
             OBR|1|P1^EMR|F1^LAB|1^Glucose^L\rOBX|{obx}|mg/dL|||||F\r"
        )
    };
    let renumbered = format!(
        "MSH|^~\\&|EMR|HOSP|DB|DB|20260107080000+0000||ADT^A50|NEW|P|2.5.1\r\
         EVN|A50|20260107080000+0000\r{}",
        visit("V2").replace("PV1", "MRG|4711^^^EMR^MR||||V1^^^EMR^VN\rPV1")
    );
    // It names no visit: only what others said of the result does.
    let patient = "PID|1||4711^^^EMR^MR\r";
    let wrong = result("WRONG", "20260105", patient, "2|ST|2^Sodium^L||wrongly low");
    let right = result("RIGHT", "20260106", &visit("V1"), "1|NM|1^Glucose^L||5");
    receive(&desk.site, &[ADMISSION, &wrong, &right, &renumbered]).await;
    let new = ["Encounter/", &encounter(&desk, "V2").await].concat();
    assert!(contexts(&desk).await.contains(&new));
    expunge(&desk, &number(&desk, "WRONG").await).await;
    assert_eq!(rows_with(&desk, "wrongly low").await, 0);
    assert_eq!(contexts(&desk).await, BTreeSet::from([new]));
}

/// The id of the Encounter with a number.
async fn encounter(desk: &Desk, number: &str) -> String {
    let token = desk.site.token(EVERYTHING).await;
    let (_, found) = told(desk.site.get("/fhir/Encounter", &token)).await;
    let mut entries = found["entry"].as_array().unwrap().iter();
    let is_it = |entry: &&Value| entry["resource"]["identifier"][0]["value"] == number;
    let entry = entries.find(is_it).unwrap();
    entry["resource"]["id"].as_str().unwrap().to_owned()
}

/// The visits that reports and observations are of.
async fn contexts(desk: &Desk) -> BTreeSet<String> {
    let token = desk.site.token(EVERYTHING).await;
    let mut contexts = BTreeSet::new();
    for kind in ["DiagnosticReport", "Observation"] {
        let (_, found) = told(desk.site.get(&format!("/fhir/{kind}"), &token)).await;
        let entries = found["entry"].as_array().unwrap();
        let of = |entry: &Value| {
            Some(
                entry["resource"]["encounter"]["reference"]
                    .as_str()?
                    .to_owned(),
            )
        };
        contexts.extend(entries.iter().filter_map(of));
    }
    contexts
}

/// A visit's second number is the visit's, whoever gave it.
#[tokio::test]
async fn an_identifier_that_others_gave_in_another_patients_name_stays() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let visit = |id: &str, day: &str, patient: &str| {
        format!(
            "MSH|^~\\&|EMR|HOSP|DB|DB|{day}080000+0000||ADT^A08|{id}|P|2.5.1\r\
             EVN|A08|{day}080000+0000\rPID|1||{patient}^^^EMR^MR||Made^Up||19500203|F\r\
             PV1|1|I|||||||||||||||||V1^^^EMR^VN|||||||||||||||||||||||||||||||SECOND^^^OTHER^VN\r"
        )
    };
    let merge = "MSH|^~\\&|EMR|HOSP|DB|DB|20260103080000+0000||ADT^A40|MERGE|P|2.5.1\r\
        EVN|A40|20260103080000+0000\rPID|1||88^^^EMR^MR\rMRG|4711^^^EMR^MR\r";
    let first = visit("FIRST", "20260102", "4711");
    let wrong = visit("WRONG", "20260104", "88");
    receive(&desk.site, &[&first, merge, &wrong]).await;
    let given = "select count(*) from identity where value = 'SECOND'";
    assert_eq!(desk.site.number(given).await, 1);
    expunge(&desk, &number(&desk, "WRONG").await).await;
    assert_eq!(desk.site.number(given).await, 1);
    expunge(&desk, &number(&desk, "FIRST").await).await;
    assert_eq!(desk.site.number(given).await, 0);
}

#[tokio::test]
async fn a_hold_keeps_a_message_from_being_expunged() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let id = spoiled(&desk).await;
    let add = ["journal", "hold", "add", "--reason", "case 12"];
    let hold = desk.values(&add).await.remove(0)["id"].to_string();
    let order = ["journal", "expunge", &id, "--reason", "x"];
    let talk = desk.refused(&order, 1).await;
    assert!(talk.contains(&format!("hold remove {hold}")), "{talk}");
    desk.refused(&[&order[..], &["--dry-run"]].concat(), 1)
        .await;
    // The database insists on it, whoever asks.
    let around = format!("select expunge_entry(1, {id}, now(), 'x', '')");
    assert!(desk.site.refuses(&around).await);
    let lift = ["journal", "hold", "remove", &hold, "--reason", "settled"];
    desk.lines(&lift).await;
    expunge(&desk, &id).await;
}

/// Its zone and its profile went with its configuration: what others said would be rebuilt wrongly.
#[tokio::test]
async fn nothing_is_expunged_while_messages_of_an_interface_can_not_be_read_as_they_were_meant() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let id = spoiled(&desk).await;
    desk.site
        .execute("update interface set name = 'renamed'")
        .await;
    let order = ["journal", "expunge", &id, "--reason", "x"];
    let talk = desk.refused(&order, 1).await;
    assert!(talk.contains("interface 'renamed'"), "{talk}");
}

#[tokio::test]
async fn a_dead_letter_is_expunged_too() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let nobody = "MSH|^~\\&|EMR|HOSP|DB|DB|20260101080000+0000||ADT^A01|BAD1|P|2.5.1\r\
        EVN|A01|20260101\rZZZ|Wrongword\r";
    receive(&desk.site, &[nobody]).await;
    assert_eq!(desk.lines(&["deadletter", "list"]).await.len(), 1);
    let id = number(&desk, "BAD1").await;
    let done = expunge(&desk, &id).await;
    assert_eq!(done["changed"], Value::Array(Vec::new()));
    assert!(desk.lines(&["deadletter", "list"]).await.is_empty());
    assert_eq!(rows_with(&desk, "Wrongword").await, 0);
    let incomplete = "select count(*) from lane where incomplete";
    assert_eq!(desk.site.number(incomplete).await, 0);
}
