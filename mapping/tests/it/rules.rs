//! The rules of the mapping, one test each, with their numbers; more of them in `reading`, `visits` and
//! `histories`.

use mapping::inbound::EntityKind;
use mapping::{Profile, Route, lane_of, route};
use model::IdentityKey;
use serde_json::{Value, json};

use crate::chart::{Adt, Chart, bytes, context, profile, read_with};

fn with_pid(stated: &str, pid: &str) -> String {
    format!(
        "MSH|^~\\&|EMR|AGENCY|||{stated}||ADT^A31|M{stated}|P|2.5.1\nEVN||{stated}\n\
         PID|1||77^^^EMR^MR{pid}"
    )
}

fn patient(pid: &str) -> Value {
    Chart::of(&[with_pid("20240101", pid)]).the("Patient")
}

/// Rule 5.
#[test]
fn empty_says_nothing_and_two_quotes_delete() {
    let full = with_pid(
        "20240101",
        "||DOE^JANE||19600102|F|||1 Main^^Waco||254-555-0100",
    );
    let empty = with_pid("20240102", "||DOE^JANE");
    let null = with_pid("20240103", "||DOE^JANE||||||||\"\"");
    let kept = Chart::of(&[&full, &empty]).the("Patient");
    assert_eq!(kept["telecom"][0]["value"], "254-555-0100");
    let deleted = Chart::of(&[&null, &full]).the("Patient");
    assert_eq!(deleted.get("telecom"), None);
    assert_eq!(deleted["address"][0]["city"], "Waco");
}

/// Rule 5.
#[test]
fn a_null_component_is_never_text() {
    let patient = patient("||DOE^\"\"^Q||\"\"");
    assert!(!patient.to_string().contains("\\\"\\\""));
    assert_eq!(patient["name"][0]["given"], json!(["Q"]));
}

/// Rule 8.
#[test]
fn an_identifier_has_the_system_of_its_authority() {
    let patient =
        patient("~1^^^2.16.840.1.113883.19~2^^^&2.999.1&ISO~3^^^GOOD HEALTH~4~123-45-6789^^^^SS");
    let systems: Vec<&str> = patient["identifier"]
        .as_array()
        .unwrap()
        .iter()
        .map(|identifier| identifier["system"].as_str().unwrap())
        .collect();
    assert_eq!(
        systems,
        [
            "urn:drawbridge:authority:EMR",
            "urn:oid:2.16.840.1.113883.19",
            "urn:oid:2.999.1",
            "urn:drawbridge:authority:GOOD%20HEALTH",
            "urn:drawbridge:authority:AGENCY",
            "http://hl7.org/fhir/sid/us-ssn",
        ]
    );
    assert_eq!(patient["identifier"][5]["value"], "123456789");
}

/// Rule 8.
#[test]
fn a_profile_names_the_system_of_an_authority() {
    let profile = Profile::parse(
        "name = \"site\"\nversion = 1\n[authorities]\nEMR = \"https://agency.example/mrn\"",
    )
    .unwrap();
    let mut chart = Chart::default();
    chart.take(read_with(&with_pid("20240101", ""), &profile));
    assert_eq!(
        chart.the("Patient")["identifier"][0]["system"],
        "https://agency.example/mrn"
    );
}

/// Rule 10.
#[test]
fn a_birth_date_has_the_digits_that_were_sent() {
    assert_eq!(patient("||A^B||1960")["birthDate"], "1960");
    assert_eq!(patient("||A^B||196001")["birthDate"], "1960-01");
    let timed = patient("||A^B||196001022330-0500");
    assert_eq!(timed["birthDate"], "1960-01-02");
    assert_eq!(
        timed["_birthDate"]["extension"][0]["valueDateTime"],
        "1960-01-02T23:30:00-05:00"
    );
    assert_eq!(patient("||A^B||19000231").get("birthDate"), None);
    assert_eq!(patient("||A^B||00000000").get("birthDate"), None);
}

/// Rule 11.
#[test]
fn an_unknown_sex_code_is_unknown_and_kept_and_an_issue() {
    let message = with_pid("20240101", "||A^B||1960|Q");
    let read = read_with(&message, profile());
    assert_eq!(read.issues[0].at.to_string(), "PID-8");
    let patient = Chart::of(&[message]).the("Patient");
    assert_eq!(patient["gender"], "unknown");
    let original = &patient["_gender"]["extension"][0]["valueCodeableConcept"];
    assert_eq!(original["coding"][0]["code"], "Q");
}

/// Rule 15.
#[test]
fn a_death_that_is_known_to_the_minute_says_more_than_that_it_happened() {
    let patient = patient(&format!("||A^B{}202401021200|Y", "|".repeat(24)));
    assert_eq!(patient["deceasedDateTime"], "2024-01-02T12:00:00+00:00");
    assert_eq!(patient.get("deceasedBoolean"), None);
}

/// Rule 13.
#[test]
fn an_address_has_one_street_line_and_the_county_where_there_is_one_address() {
    let patient = patient("||A^B||||||&Elm St&5^Apt 2^Waco^TX^76701|MCLENNAN");
    assert_eq!(patient["address"][0]["line"], json!(["5 Elm St", "Apt 2"]));
    assert_eq!(patient["address"][0]["district"], "MCLENNAN");
}

/// Rule 14.
#[test]
fn a_telecom_is_what_its_equipment_says() {
    let patient = patient(
        "||A^B||||||||^PRN^PH^^1^254^5550100^9~^NET^Internet^a@b.example~555^PRN^CP~556^^FX",
    );
    let telecom = &patient["telecom"];
    assert_eq!(telecom[0]["value"], "+1 254 5550100 x9");
    assert_eq!(telecom[1]["system"], "email");
    assert_eq!(telecom[2]["use"], "mobile");
    assert_eq!(telecom[3]["system"], "fax");
}

/// Rule 16.
#[test]
fn guarantor_and_insured_never_touch_the_patient() {
    let message = with_pid("20240101", "||DOE^JANE")
        + "\nGT1|1||RICH^UNCLE||9 Gold St|555\nIN1|1|P1|I1|Insurer||||||||||||RICH^UNCLE|PAR";
    let chart = Chart::of(&[message]);
    assert!(!chart.the("Patient").to_string().contains("RICH"));
    assert_eq!(chart.all("RelatedPerson").len(), 2);
    assert_eq!(chart.the("Coverage")["subscriber"]["display"], "UNCLE RICH");
}

/// Rule 19.
#[test]
fn the_same_person_in_two_fields_is_one_practitioner() {
    let base = Adt::default().text();
    let doctors = base.replace(
        "||||||||||||||||V9",
        "||||44^BAKER^BOB||||||||||44^BAKER^BOB||V9",
    );
    let chart = Chart::of(&[doctors]);
    assert_eq!(chart.the("Practitioner")["name"][0]["family"], "BAKER");
    assert_eq!(
        chart.the("Encounter")["participant"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

/// Rule 18.
#[test]
fn a_bed_is_known_by_its_whole_path() {
    let one = Adt {
        bed: "B1",
        ..Adt::default()
    }
    .text();
    let other = one.replace("W1^R1^B1", "W1^R2^B1");
    let beds = Chart::of(&[one, other]).all("Location");
    let names = beds.iter().filter(|place| place["name"] == "B1").count();
    assert_eq!(names, 2);
    let bed = beds.iter().find(|place| place["name"] == "B1").unwrap();
    assert!(
        bed["partOf"]["reference"]
            .as_str()
            .unwrap()
            .starts_with("Location/")
    );
}

#[test]
fn a_shared_thing_that_is_said_again_is_not_written_again() {
    let message = |stated| {
        Adt {
            stated,
            bed: "B1",
            ..Adt::default()
        }
        .text()
    };
    let first = read_with(&message("20240101"), profile());
    let second = read_with(&message("20240102"), profile());
    let locations = |read: &mapping::inbound::Interpretation| {
        let of_kind = read
            .statements
            .iter()
            .filter(|said| said.kind == EntityKind::Location);
        of_kind
            .map(|said| (said.entity, said.facts.clone()))
            .collect::<Vec<_>>()
    };
    for ((_, mut facts), (_, again)) in locations(&first).into_iter().zip(locations(&second)) {
        assert!(!facts.join(&again));
    }
}

#[test]
fn a_stand_in_identity_is_never_the_emrs() {
    let unnumbered = Adt::default().text().replace("V9^^^EMR^VN", "");
    let read = read_with(&unnumbered, profile());
    let visit = read
        .statements
        .iter()
        .find(|said| said.kind == EntityKind::Visit)
        .unwrap();
    assert!(visit.identities.is_empty());
}

/// Rule 17.
#[test]
fn home_health_visits_have_their_class_by_profile() {
    let mut chart = Chart::default();
    chart.take(read_with(
        &Adt::default().text(),
        Profile::named("hchb").unwrap(),
    ));
    assert_eq!(chart.the("Encounter")["class"]["code"], "HH");
}

#[test]
fn an_encounter_without_a_type_says_that_it_is_unknown() {
    let encounter = Chart::of(&[Adt::default().text()]).the("Encounter");
    assert_eq!(encounter["type"][0]["text"], "unknown");
    assert_eq!(encounter["type"][0]["extension"][0]["valueCode"], "unknown");
}

/// Rule 22.
#[test]
fn a_diagnosis_is_found_again_by_its_id() {
    let with = |stated, dg1| {
        Adt {
            stated,
            rest: dg1,
            ..Adt::default()
        }
        .text()
    };
    let first = with(
        "20240101",
        "DG1|1||I10^Hypertension^I10|||W||||||||||||||D7",
    );
    let second = with(
        "20240102",
        "DG1|1||I11.9^Heart disease^I10|||F||||||||||||||D7",
    );
    let condition = Chart::of(&[second, first]).the("Condition");
    assert_eq!(condition["code"]["coding"][0]["code"], "I11.9");
    assert_eq!(
        condition["category"][0]["coding"][0]["code"],
        "encounter-diagnosis"
    );
}

/// Rule 22.
#[test]
fn a_diagnosis_in_error_is_kept_as_such_and_no_longer_the_visits() {
    let with = |stated, dg1| {
        Adt {
            stated,
            rest: dg1,
            ..Adt::default()
        }
        .text()
    };
    let first = with(
        "20240101",
        "DG1|1||I10^Hypertension^I10|||W||||||||||||||D7",
    );
    let gone = with(
        "20240102",
        "DG1|1||I10^Hypertension^I10|||W||||||||||||||D7|D",
    );
    let chart = Chart::of(&[first, gone]);
    let status = chart.the("Condition")["verificationStatus"]["coding"][0]["code"].clone();
    assert_eq!(status, "entered-in-error");
    assert_eq!(chart.the("Encounter").get("diagnosis"), None);
}

/// Rule 5.
#[test]
fn where_snapshots_are_agreed_what_a_message_leaves_out_is_gone() {
    let profile =
        Profile::parse("name = \"x\"\nversion = 1\n[segments]\nDG1 = \"snapshot\"").unwrap();
    let with = |stated, dg1| {
        Adt {
            stated,
            rest: dg1,
            ..Adt::default()
        }
        .text()
    };
    let both = with("20240101", "DG1|1||I10^A^I10|||W\nDG1|2||E11.9^B^I10|||W");
    let one = with("20240102", "DG1|1||I10^A^I10|||W");
    for order in [[&both, &one], [&one, &both]] {
        let mut chart = Chart::default();
        for message in order {
            chart.take(read_with(message, &profile));
        }
        assert_eq!(chart.the("Condition")["code"]["coding"][0]["code"], "I10");
        assert_eq!(
            chart.the("Encounter")["diagnosis"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
    assert_eq!(Chart::of(&[both, one]).all("Condition").len(), 2);
}

/// Rule 24.
#[test]
fn digits_of_a_number_stay() {
    let message = Adt {
        rest: "OBX|1|NM|8867-4^HR^LN||98.50|/min",
        ..Adt::default()
    }
    .text();
    let text = Chart::of(&[message]).the("Observation").to_string();
    assert!(text.contains("\"value\":98.50"), "{text}");
}

/// Rule 29.
#[test]
fn a_future_time_counts_as_an_hour_after_the_receipt_at_most() {
    let future = with_pid("20990101", "||FUTURE^A");
    let read = read_with(&future, profile());
    let (_, register) = read.statements[0].facts.registers().next().unwrap();
    assert_eq!(
        register.source.stamp.stated.to_string(),
        "2030-01-01T01:00:00Z"
    );
}

fn routed(lines: &str) -> Route {
    let bytes = bytes(lines);
    let message = hl7v2::Message::parse(&bytes).unwrap();
    let ctx = context(&bytes, profile());
    route(&message, profile(), &IdentityKey::PUBLIC, &ctx.digest)
}

#[test]
fn the_lane_is_the_patients_identity_and_so_is_the_entity() {
    let message = Adt::default().text();
    let read = read_with(&message, profile());
    let identity = &read.statements[0].identities[0];
    let route = routed(&message);
    assert_eq!(route.lane, lane_of(identity, &IdentityKey::PUBLIC));
    assert!(route.served && route.identified);
}

#[test]
fn a_message_without_a_patient_has_its_visits_lane_else_its_own() {
    let no_patient = Adt::default().text().replace("77^^^EMR^MR", "");
    let nobody = no_patient.replace("V9^^^EMR^VN", "");
    assert!(routed(&no_patient).identified);
    assert!(!routed(&nobody).identified);
    assert_ne!(routed(&no_patient).lane, routed(&nobody).lane);
}

#[test]
fn a_merge_has_two_lanes() {
    let merge = with_pid("20240101", "").replace("A31", "A40") + "\nMRG|66^^^EMR^MR";
    let other = routed(&merge).other.unwrap();
    let alone = routed(&with_pid("20240101", "").replace("77^", "66^"));
    assert_eq!(other, alone.lane);
}

/// Rule 7.
#[test]
fn fields_that_nobody_read_are_reported() {
    let read = read_with(
        &with_pid("20240101", &format!("||A^B{}X", "|".repeat(33))),
        profile(),
    );
    assert_eq!(
        read.unmapped
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["PID-38"]
    );
}

#[test]
fn rule_8_a_medicare_number_is_known_by_its_type_and_its_form() {
    let patient = patient("~1EG4-TE5-MK73^^^CMS^MC~123A^^^CMS^MC~9^^^^MC");
    let identifiers = patient["identifier"].as_array().unwrap();
    let said: Vec<_> = identifiers
        .iter()
        .map(|it| {
            (
                it["system"].as_str().unwrap(),
                it["value"].as_str().unwrap(),
            )
        })
        .skip(1)
        .collect();
    assert_eq!(
        said,
        [
            ("http://hl7.org/fhir/sid/us-mbi", "1EG4TE5MK73"),
            ("urn:drawbridge:authority:CMS", "123A"),
            ("http://hl7.org/fhir/sid/us-medicare", "9"),
        ]
    );
}

#[test]
fn rule_18_only_what_moves_a_patient_says_since_when_a_place_is_theirs() {
    let location = |messages: &[Adt]| {
        let texts: Vec<String> = messages.iter().map(Adt::text).collect();
        Chart::of(&texts).the("Encounter")["location"][0].clone()
    };
    let adt = |trigger, occurred| Adt {
        trigger,
        occurred,
        bed: "B1",
        ..Adt::default()
    };
    let discharge = Adt {
        admitted: "20240101",
        discharged: "20240108",
        ..adt("A03", "20240109")
    };
    // The discharge was entered a day late: the stay ended when the visit did.
    let stay = location(&[discharge]);
    assert_eq!(stay["period"], json!({"end": "2024-01-08"}));
    assert_eq!(location(&[adt("A21", "20240105")]).get("period"), None);
    let planned = adt("A05", "20231220");
    assert_eq!(location(&[planned]).get("period"), None);
    let stay = location(&[adt("A05", "20231220"), adt("A01", "20240101")]);
    assert_eq!(stay["period"], json!({"start": "2024-01-01"}));
}
