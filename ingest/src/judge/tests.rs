use std::{net::Ipv4Addr, sync::Arc};

use mapping::Profile;
use model::Tenant;

use super::*;

fn judged_by(text: &[u8], change: impl FnOnce(&mut InterfaceSettings)) -> Verdict {
    let profile = Arc::new(Profile::default());
    let mut settings = InterfaceSettings::new("adt", Tenant::DEFAULT, profile);
    change(&mut settings);
    let arrival = Arrival {
        interface: InterfaceId(1),
        settings: &settings,
        key: &IdentityKey::PUBLIC,
        peer: Ipv4Addr::LOCALHOST.into(),
        at: Timestamp::UNIX_EPOCH,
    };
    judge(&Bytes::copy_from_slice(text), &arrival)
}

fn taken(text: &[u8]) -> Taken {
    match judged_by(text, |_| ()) {
        Verdict::Take(taken) => *taken,
        other @ (Verdict::Refuse { .. } | Verdict::Batch) => panic!("not taken: {other:?}"),
    }
}

fn refused(verdict: Verdict) -> IntakeError {
    match verdict {
        Verdict::Refuse { error, .. } => error,
        other @ (Verdict::Take(_) | Verdict::Batch) => panic!("not refused: {other:?}"),
    }
}

fn adt(at: &str, control_id: &str, name: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|app|fac|us|here|{at}||ADT^A01|{control_id}|P|2.5.1\r\
         EVN|A01|{at}\rPID|1||77^^^H^MR||{name}\rPV1|1|I|||||||||||||||||V1\r"
    )
    .into_bytes()
}

#[test]
fn a_resend_differs_from_the_first_sending_in_msh_7_alone() {
    let header_only = |at: &str| {
        format!("MSH|^~\\&|app|fac|us|here|{at}||ADT^A01|1|P|2.5\rPID|1||7^^^H\r").into_bytes()
    };
    let first = taken(&header_only("20240101")).message;
    let again = taken(&header_only("202401020304")).message;
    let unsaid = taken(&header_only("")).message;
    assert_eq!(first.seen_key, again.seen_key);
    assert_eq!(first.seen_digest, again.seen_digest);
    assert_eq!(first.seen_digest, unsaid.seen_digest);
    assert_ne!(first.digest, again.digest);
    let other = taken(&adt("20240101", "1", "DOE^JIM")).message;
    assert_eq!(other.seen_key, first.seen_key);
    assert_ne!(other.seen_digest, first.seen_digest);
}

#[test]
fn a_message_that_names_nobody_goes_again_to_the_lane_that_intake_chose() {
    let text = b"MSH|^~\\&|app|fac|us|here|20240101||ADT^A01|1|P|2.5\rEVN|A01|20240101\rPID|1\r";
    let profile = Arc::new(Profile::default());
    let settings = InterfaceSettings::new("adt", Tenant::DEFAULT, profile);
    let again = crate::today::route(&settings, &IdentityKey::PUBLIC, text).unwrap();
    assert!(!again.identified);
    let chosen = journal::Route::Queue {
        lane: again.lane,
        other: again.other,
    };
    assert_eq!(taken(text).message.route, chosen);
}

#[test]
fn the_border_between_application_and_facility_counts() {
    let key = |app: &str, fac: &str| {
        taken(format!("MSH|^~\\&|{app}|{fac}|||1||ADT^A01|1|P|2.5\rPID|1||7\r").as_bytes())
            .message
            .seen_key
    };
    assert_ne!(key("AB", "C"), key("A", "BC"));
}

#[test]
fn what_can_not_be_read_is_refused_with_its_reason() {
    assert_eq!(
        refused(judged_by(b"hello world", |_| ())),
        HeaderError::NoMsh.into()
    );
    assert_eq!(
        refused(judged_by(
            b"MSH|^~\\&|a|b|c|d|1||ADT^A01||P|2.5\rPID|1\r",
            |_| ()
        )),
        HeaderError::NoControlId.into()
    );
    let utf16: Vec<u8> = adt("1", "1", "DOE")
        .iter()
        .flat_map(|byte| [*byte, 0])
        .collect();
    assert_eq!(
        refused(judged_by(&utf16, |_| ())),
        HeaderError::Utf16.into()
    );
}

#[test]
fn utf16_is_taken_where_it_is_configured_and_kept_as_it_came() {
    let utf16: Vec<u8> = adt("1", "1", "DOE")
        .iter()
        .flat_map(|byte| [*byte, 0])
        .collect();
    match judged_by(&utf16, |settings| settings.utf16 = true) {
        Verdict::Take(taken) => {
            assert_eq!(taken.message.raw, utf16);
            assert_eq!(taken.message.control_id, "1");
        }
        other @ (Verdict::Refuse { .. } | Verdict::Batch) => panic!("{other:?}"),
    }
}

#[test]
fn the_interface_decides_which_processing_ids_and_whose_messages_it_takes() {
    let message = adt("1", "1", "DOE");
    let training = String::from_utf8(message.clone())
        .unwrap()
        .replace("|P|", "|T|");
    assert_eq!(
        refused(judged_by(training.as_bytes(), |_| ())),
        IntakeError::ProcessingId
    );
    let verdict = judged_by(training.as_bytes(), |s| {
        s.processing_ids.push("T".to_owned());
    });
    assert!(matches!(verdict, Verdict::Take(_)));
    let verdict = judged_by(&message, |s| {
        s.receiving_application = Some("other".to_owned());
    });
    assert_eq!(refused(verdict), IntakeError::NotForUs);
    let verdict = judged_by(&message, |s| {
        s.receiving_application = Some("us".to_owned());
    });
    assert!(matches!(verdict, Verdict::Take(_)));
}

#[test]
fn a_trigger_without_rules_is_kept_and_refused_only_where_that_is_set() {
    let message = String::from_utf8(adt("1", "1", "DOE"))
        .unwrap()
        .replace("ADT^A01", "ZZZ^Z01");
    let taken = taken(message.as_bytes());
    assert_eq!(taken.message.route, journal::Route::Unrouted);
    assert_eq!(taken.unserved, None);
    match judged_by(message.as_bytes(), |settings| {
        settings.unserved = Unserved::Reject;
    }) {
        Verdict::Take(taken) => assert_eq!(taken.unserved, Some(IntakeError::MessageType)),
        other @ (Verdict::Refuse { .. } | Verdict::Batch) => panic!("{other:?}"),
    }
}

#[test]
fn a_control_id_that_would_break_the_answer_is_refused() {
    let message = adt("1", "1\x1C2", "DOE");
    assert!(matches!(
        refused(judged_by(&message, |_| ())),
        IntakeError::ControlId(_)
    ));
}

#[test]
fn bytes_outside_the_character_set_and_line_feeds_are_habits() {
    let mut message = adt("1", "1", "M\u{fc}ller");
    assert_eq!(taken(&message).habits, Habits::default());
    message
        .iter_mut()
        .filter(|byte| **byte == b'\r')
        .for_each(|byte| *byte = b'\n');
    message.push(0xFF);
    let habits = taken(&message).habits;
    assert!(habits.lf && !habits.crlf && habits.outside_charset);
}

#[test]
fn a_batch_is_not_one_message() {
    assert!(matches!(
        judged_by(b"FHS|^~\\&|a\rBHS|^~\\&|a\rMSH|^~\\&|", |_| ()),
        Verdict::Batch
    ));
}
