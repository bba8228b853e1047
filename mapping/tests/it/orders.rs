//! Orders, results and immunizations: the rules of the mapping, one test each.

use mapping::inbound::{EntityKind, Interpretation};
use mapping::route;
use model::IdentityKey;
use serde_json::{Value, json};

use crate::chart::{Chart, bytes, context, profile, read_with, segment};

pub(crate) fn message(kind: &str, stated: &str, lines: &str) -> String {
    format!(
        "MSH|^~\\&|LAB|AGENCY|||{stated}||{kind}|M{stated}|P|2.5.1\n\
         PID|1||77^^^EMR^MR||DOE^JANE||19600102|F\n{lines}"
    )
}

pub(crate) fn oru(lines: &str) -> String {
    message("ORU^R01", "20240115083000", lines)
}

/// A report with these segments below OBR.
pub(crate) fn report(lines: &str) -> Chart {
    Chart::of(&[oru(&format!("ORC|RE|P1^EMR|F1^LAB\n{OBR}\n{lines}"))])
}

pub(crate) const OBR: &str =
    "OBR|1|P1^EMR|F1^LAB|24323-8^Panel^LN|||20240115070000|||||||||||||||20240115083000||LAB|F";

pub(crate) fn observation(kind: &str, value: &str, unit: &str) -> Value {
    report(&format!("OBX|1|{kind}|1-1^Test^LN||{value}|{unit}|||||F")).the("Observation")
}

pub(crate) fn read(lines: &str) -> Interpretation {
    read_with(lines, profile())
}

pub(crate) fn reference(resource: &Value) -> String {
    format!(
        "{}/{}",
        resource["resourceType"].as_str().unwrap(),
        resource["id"].as_str().unwrap()
    )
}

#[test]
fn messages_of_orders_and_results_are_served() {
    for kind in [
        "ORU^R01", "ORU^R03", "ORU^R30", "ORU^R31", "ORU^R32", "ORM^O01", "OMG^O19", "OML^O21",
        "VXU^V04",
    ] {
        let bytes = bytes(&message(kind, "20240115083000", ""));
        let message = hl7v2::Message::parse(&bytes).unwrap();
        let ctx = context(&bytes, profile());
        let route = route(&message, profile(), &IdentityKey::PUBLIC, &ctx.digest);
        assert!(route.served, "{kind}");
    }
}

#[test]
fn kinds_of_things_keep_their_numbers() {
    let numbers = [
        (EntityKind::Order, 20),
        (EntityKind::Prescription, 21),
        (EntityKind::Report, 22),
        (EntityKind::Specimen, 23),
        (EntityKind::Immunization, 24),
        (EntityKind::PractitionerRole, 25),
    ];
    for (kind, number) in numbers {
        assert_eq!(kind.code(), number);
        assert_eq!(EntityKind::from_code(number), Some(kind));
    }
}

#[test]
fn an_order_and_its_report_meet_by_the_placer_s_number() {
    let order = message(
        "ORM^O01",
        "20240114",
        "ORC|NW|P1^EMR||||||||||3^OP^ANN\nOBR|1|P1^EMR||24323-8^Panel^LN",
    );
    let result = oru(&format!("ORC|RE|P1^EMR|F1^LAB\n{OBR}"));
    let chart = Chart::of(&[&result, &order]);
    let request = chart.the("ServiceRequest");
    // A report does not say where the order stands, so the order's own word holds.
    assert_eq!(request["status"], "active");
    assert_eq!(request["requester"]["display"], "ANN OP");
    assert_eq!(
        chart.the("DiagnosticReport")["basedOn"][0]["reference"],
        reference(&request)
    );
}

#[test]
fn rule_26_the_status_of_an_order() {
    for (control, status, expected) in [
        ("NW", "", "active"),
        ("CA", "", "revoked"),
        ("OC", "", "revoked"),
        ("CR", "", "revoked"),
        ("DC", "", "revoked"),
        ("HD", "", "on-hold"),
        ("OH", "", "on-hold"),
        ("SC", "CM", "completed"),
        ("SC", "IP", "active"),
        ("NW", "HD", "on-hold"),
        ("RE", "", "unknown"),
    ] {
        let lines = format!("ORC|{control}|P1|||{status}\nOBR|1|P1||1^X^LN");
        let request = Chart::of(&[message("ORM^O01", "20240115", &lines)]).the("ServiceRequest");
        assert_eq!(request["status"], expected, "{control} {status}");
        assert_eq!(request["intent"], "order");
    }
}

#[test]
fn rule_26_the_latest_word_on_an_order_holds_whichever_field_says_it() {
    let placed = message("ORM^O01", "20240114", "ORC|NW|P1|||SC\nOBR|1|P1||1^X^LN");
    let cancelled = message("ORM^O01", "20240115", "ORC|CA|P1\nOBR|1|P1||1^X^LN");
    for order in [[&placed, &cancelled], [&cancelled, &placed]] {
        assert_eq!(Chart::of(&order).the("ServiceRequest")["status"], "revoked");
    }
}

#[test]
fn rule_26_an_order_was_written_when_it_was_new() {
    let of = |control: &str| {
        let lines = format!("ORC|{control}|P1|||||||20240114080000-0600\nOBR|1|P1||1^X^LN");
        Chart::of(&[message("ORM^O01", "20240115", &lines)]).the("ServiceRequest")
    };
    assert_eq!(of("NW")["authoredOn"], "2024-01-14T08:00:00-06:00");
    assert_eq!(of("SC").get("authoredOn"), None);
}

#[test]
fn who_orders_for_an_organization_has_a_role() {
    let orc = "ORC|NW|P1||||||||10^ENTER^ED|11^CHECK^CY|12^ORDER^OLA||555-0100|||17^Desk^L||||\
               FACILITY^L^^^^LAB^FI^^^F1|1 Main^^Waco|555-0101|2 Elm^^Waco||||R|I";
    let lines = format!("{orc}\nOBR|1|P1||1^X^LN");
    let chart = Chart::of(&[message("ORM^O01", "20240115", &lines)]);
    let role = chart.the("PractitionerRole");
    let request = chart.the("ServiceRequest");
    assert_eq!(request["requester"]["reference"], reference(&role));
    assert_eq!(request["meta"]["security"][0]["code"], "R");
    assert_eq!(request["meta"]["tag"][0]["code"], "emr");
    assert_eq!(request["locationCode"][0]["coding"][0]["code"], "HOSP");
    assert_eq!(
        request["extension"][0]["valueContactPoint"]["value"],
        "555-0100"
    );
    let provenance = chart.the("Provenance");
    assert_eq!(provenance["target"][0]["reference"], reference(&request));
    assert_eq!(provenance["activity"]["coding"][0]["code"], "CREATE");
    assert_eq!(provenance["agent"].as_array().unwrap().len(), 3);
    assert_eq!(provenance["agent"][0]["onBehalfOf"]["display"], "Desk");
    for resource in [role, request, provenance] {
        assert!(fhir::check(&resource, None).is_empty());
    }
}

#[test]
fn a_diagnosis_below_an_order_is_its_reason_and_not_the_visit_s() {
    let lines = "PV1|1|O|||||||||||||||||V9^^^EMR^VN\nORC|NW|P1\nOBR|1|P1||1^X^LN\n\
                 DG1|1||I10^Hypertension^I10|||A";
    let chart = Chart::of(&[message("OML^O21", "20240115", lines)]);
    let condition = chart.the("Condition");
    assert_eq!(
        chart.the("ServiceRequest")["reasonReference"],
        json!([{"reference": reference(&condition)}])
    );
    assert_eq!(chart.the("Encounter").get("diagnosis"), None);
}

#[test]
fn when_something_is_ordered_is_a_timing_that_r4_allows() {
    let lines = "ORC|NW|P1\nTQ1|1|2^mL&&UCUM|BID^^^^1^d&day^^AC^30^min|0800~2000|||20240115|20240120\
                 |S^^HL70485||before meals||10^min|5\nOBR|1|P1||1^X^LN||20240115";
    let chart = Chart::of(&[message("OML^O21", "20240115", lines)]);
    let request = chart.the("ServiceRequest");
    assert_eq!(request["priority"], "stat");
    assert_eq!(request["quantityQuantity"]["value"], 2);
    assert_eq!(request["note"][0]["text"], "before meals");
    assert_eq!(request.get("occurrenceDateTime"), None);
    let repeat = &request["occurrenceTiming"]["repeat"];
    assert_eq!(
        *repeat,
        json!({
            "boundsPeriod": {"start": "2024-01-15", "end": "2024-01-20"},
            "count": 5, "countMax": 5, "duration": 10, "durationUnit": "min",
            "period": 1, "periodUnit": "d", "when": ["AC"], "offset": 30,
        })
    );
    assert_eq!(
        request["occurrenceTiming"]["code"]["coding"][0]["system"],
        "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
    );
    assert!(fhir::check(&request, None).is_empty());
}

#[test]
fn old_senders_say_the_timing_in_one_field() {
    let lines = "ORC|NW|P1|||||1^QD&0800,2000^D5^^^S^^in the morning^^^^3\nOBR|1|P1||1^X^LN";
    let request = Chart::of(&[message("ORM^O01", "20240115", lines)]).the("ServiceRequest");
    assert_eq!(request["priority"], "stat");
    assert_eq!(request["note"][0]["text"], "in the morning");
    let repeat = &request["occurrenceTiming"]["repeat"];
    assert_eq!(repeat["boundsDuration"]["code"], "d");
    assert_eq!(repeat["timeOfDay"], json!(["08:00:00", "20:00:00"]));
    assert_eq!(repeat["count"], 3);
}

#[test]
fn a_medication_is_ordered_by_a_request_of_its_own() {
    let lines = "ORC|DC|P1\nRXO|50111^Hydralazine^NDC|1|2|tab^tablet|||||G||30|tab^tablet|2\n\
                 RXR|PO^Oral^HL70162||||\nNTE|1||with food";
    let request = Chart::of(&[message("ORM^O01", "20240115", lines)]).the("MedicationRequest");
    assert_eq!(request["status"], "stopped");
    assert_eq!(request["intent"], "original-order");
    assert_eq!(
        request["medicationCodeableConcept"]["coding"][0]["code"],
        "50111"
    );
    let dosage = &request["dosageInstruction"][0];
    assert_eq!(dosage["doseAndRate"][0]["doseRange"]["high"]["value"], 2);
    assert_eq!(dosage["route"]["coding"][0]["code"], "PO");
    assert_eq!(request["dispenseRequest"]["numberOfRepeatsAllowed"], 2);
    assert_eq!(request["note"][0]["text"], "with food");
    assert!(fhir::check(&request, None).is_empty());
}

#[test]
fn one_number_for_two_services_is_two_orders() {
    let lines = "ORC|NW|P1\nOBR|1|P1||1^X^LN\nORC|NW|P1\nOBR|2|P1||2^Y^LN";
    let chart = Chart::of(&[message("ORM^O01", "20240115", lines)]);
    assert_eq!(chart.all("ServiceRequest").len(), 2);
}

#[test]
fn any_order_of_orders_and_reports_gives_the_same_chart() {
    let order = |stated: &str, control: &str| {
        let lines =
            format!("ORC|{control}|P1^EMR\nOBR|1|P1^EMR||24323-8^Panel^LN\nSPM|1|S1&EMR||SER");
        message("ORM^O01", stated, &lines)
    };
    let result = |stated: &str, status: &str, value: &str| {
        let lines = format!(
            "ORC|RE|P1^EMR|F1^LAB\n{}\nOBX|1|NM|1-1^T^LN||{value}||||||{status}\nNTE|1||as of {stated}\n\
             SPM|1|S1&EMR||SER^Serum^HL70487",
            OBR.replace("|LAB|F", &format!("|LAB|{status}"))
        );
        message("ORU^R01", stated, &lines)
    };
    let messages = [
        order("20240114", "NW"),
        order("20240116", "DC"),
        result("20240115", "P", "5"),
        result("20240117", "C", "6"),
    ];
    let expected = Chart::of(&messages).resources();
    for n in 0..256_usize {
        let picked = [n % 4, n / 4 % 4, n / 16 % 4, n / 64];
        let all: Vec<&String> = picked
            .iter()
            .chain(&[0, 1, 2, 3])
            .map(|at| &messages[*at])
            .collect();
        assert_eq!(Chart::of(&all).resources(), expected, "{picked:?}");
    }
    let chart = Chart::of(&messages);
    assert_eq!(chart.the("ServiceRequest")["status"], "revoked");
    assert_eq!(chart.the("DiagnosticReport")["status"], "corrected");
    assert_eq!(chart.the("Observation")["valueQuantity"]["value"], 6);
    // The order and the report name one specimen.
    assert_eq!(
        chart.the("Specimen")["type"]["coding"][0]["display"],
        "Serum"
    );
}

#[test]
fn participants_take_the_part_that_their_role_says() {
    let chart = Chart::of(&[oru(&format!(
        "ORC|RE|P1|F1\nPRT||AD||OP^Ordering^HL70912|3^ORDER^OLA\n{OBR}\n\
         PRT||AD||PRI^Principal^HL70912|4^READ^ROB\nPRT||AD||TN^Technician^HL70912|5^TECH^TOM\n\
         PRT||D||TN^Technician^HL70912|6^GONE^GUS\n\
         OBX|1|NM|1-1^T^LN||5||||||F\nPRT||AD||RO^Observer^HL70912|7^SEE^SUE"
    ))]);
    let shown = |resource: &str, element: &str| {
        let it = chart.the(resource);
        let first = it[element].as_array().map_or(&it[element], |list| &list[0]);
        first["display"].as_str().unwrap().to_owned()
    };
    assert_eq!(shown("ServiceRequest", "requester"), "OLA ORDER");
    assert_eq!(shown("DiagnosticReport", "resultsInterpreter"), "ROB READ");
    assert_eq!(shown("DiagnosticReport", "performer"), "TOM TECH");
    assert_eq!(shown("Observation", "performer"), "SUE SEE");
    assert!(!chart.the("DiagnosticReport").to_string().contains("GUS"));
}

#[test]
fn what_was_done_with_an_order_last_is_a_business_event() {
    let said = |stated: &str, control: &str, at: &str| {
        let orc = segment("ORC", &[(1, control), (2, "P1^EMR"), (9, at)]);
        message("ORM^O01", stated, &format!("{orc}\nOBR|1|P1^EMR||1^X^LN"))
    };
    let chart = Chart::of(&[
        said("20240117", "CA", "20240117"),
        said("20240115", "NW", "20240115"),
    ]);
    let request = chart.the("ServiceRequest");
    let events = request["extension"].as_array().unwrap();
    assert_eq!(events.len(), 1);
    let event = &events[0]["extension"];
    assert_eq!(event[0]["valueCodeableConcept"]["coding"][0]["code"], "CA");
    assert_eq!(event[1]["valueDateTime"], "2024-01-17");
    assert_eq!(request["authoredOn"], "2024-01-15");
}

#[test]
fn fasting_is_said_of_the_specimen_and_the_rest_of_the_order() {
    let order = |lines: &str| {
        message(
            "OML^O21",
            "20240115",
            &format!(
                "ORC|NW|P1^EMR\nOBR|1|P1^EMR||1^X^LN|||||||||F^Fasting^HL70916~X1^Cough^L\n{lines}"
            ),
        )
    };
    let chart = Chart::of(&[order("SPM|1|S1||BLD")]);
    let request = chart.the("ServiceRequest");
    assert_eq!(request["supportingInfo"], json!([{"display": "Cough"}]));
    let fasting = &chart.the("Specimen")["collection"]["fastingStatusCodeableConcept"];
    assert_eq!(fasting["coding"][0]["code"], "F");
    // Without a specimen nothing else can say it.
    let request = Chart::of(&[order("")]).the("ServiceRequest");
    assert_eq!(request["supportingInfo"].as_array().unwrap().len(), 2);
}

#[test]
fn a_parent_is_called_by_its_service() {
    let obr = [
        (2, "P1^EMR"),
        (4, "1^X^LN"),
        (29, "P0&EMR"),
        (50, "600-7^Culture^LN"),
    ];
    let lines = format!("ORC|NW|P1^EMR\n{}", segment("OBR", &obr));
    let request = Chart::of(&[message("OML^O21", "20240115", &lines)]).the("ServiceRequest");
    assert_eq!(request["basedOn"][0]["identifier"]["value"], "P0");
    assert_eq!(request["basedOn"][0]["display"], "Culture");
}

#[test]
fn a_rejected_specimen_is_unsatisfactory_and_says_why() {
    let lines = format!(
        "ORC|NW|P1^EMR\nOBR|1|P1^EMR||1^X^LN\nSPM|1|S1||BLD{}RH^Hemolyzed^HL70490",
        "|".repeat(17)
    );
    let specimen = Chart::of(&[message("OML^O21", "20240115", &lines)]).the("Specimen");
    assert_eq!(specimen["status"], "unsatisfactory");
    assert_eq!(specimen["condition"][0]["coding"][0]["code"], "RH");
}
