use model::{JournalId, Timestamp, Trigger};
use proptest::prelude::*;

use super::*;

fn source(stated: i64, journal: Option<i64>) -> Arc<Source> {
    Arc::new(Source {
        stamp: Stamp {
            stated: Timestamp::from_second(stated).unwrap(),
            sequence: None,
            sent: None,
            control_id: "M1".to_owned(),
            digest: 7,
        },
        journal: journal.map(JournalId),
        mapping: 1,
    })
}

fn key(part: &str, field: u8) -> RegisterKey {
    RegisterKey {
        part: part.into(),
        field: Place::new("PID", field),
    }
}

fn said(stated: i64, fragment: Option<&str>) -> Facts {
    let mut facts = Facts::new();
    let fragment = fragment.map(Into::into);
    facts.state(
        key("", 8),
        Register {
            source: source(stated, None),
            fragment,
        },
    );
    facts
}

fn joined(left: &Facts, right: &Facts) -> Facts {
    let mut left = left.clone();
    left.join(right);
    left
}

const MALE: &str = r#"{"gender":"male"}"#;
const FEMALE: &str = r#"{"gender":"female"}"#;

#[test]
fn the_later_statement_wins_whenever_it_arrives() {
    let (old, new) = (said(1, Some(MALE)), said(2, Some(FEMALE)));
    assert_eq!(joined(&old, &new), new);
    assert_eq!(joined(&new, &old), new);
}

fn said_first(stated: i64, text: &str) -> Facts {
    let mut facts = Facts::new();
    let first = First {
        source: source(stated, None),
        text: text.into(),
    };
    facts.state_first(key("", 5), first);
    facts
}

#[test]
fn what_was_said_first_stays_whenever_it_arrives() {
    let (old, new) = (said_first(1, "ROE^JANE"), said_first(2, "DOE^JANE"));
    assert_eq!(joined(&old, &new), old);
    assert_eq!(joined(&new, &old), old);
}

#[test]
fn facts_with_firsts_are_kept_from_builds_that_would_lose_them() {
    let bytes = said_first(1, "ROE^JANE").to_bytes();
    assert!(bytes.starts_with(br#"{"v":2,"#));
    let entry = br#""f":[["","PID-5",0,"ROE^JANE"]]"#;
    assert!(bytes.windows(entry.len()).any(|part| part == entry));
}

#[test]
fn a_deletion_is_a_statement() {
    let (old, new) = (said(1, Some(MALE)), said(2, None));
    let facts = joined(&new, &old);
    assert_eq!(facts.registers().next().unwrap().1.fragment, None);
}

#[test]
fn a_message_journalled_twice_changes_nothing() {
    let mut facts = Facts::new();
    let first = Register {
        source: source(1, Some(10)),
        fragment: Some(MALE.into()),
    };
    let again = Register {
        source: source(1, Some(11)),
        fragment: Some(MALE.into()),
    };
    assert!(facts.state(key("", 8), first));
    assert!(!facts.state(key("", 8), again));
}

#[test]
fn what_is_said_again_of_a_shared_thing_changes_nothing() {
    let mut facts = Facts::new();
    assert!(facts.observe(&key("", 1), &MALE.into(), &source(1, None)));
    assert!(!facts.observe(&key("", 1), &MALE.into(), &source(2, None)));
    assert!(facts.observe(&key("", 1), &FEMALE.into(), &source(3, None)));
    assert_eq!(**facts.observed().next().unwrap().1, *FEMALE);
}

#[test]
fn what_earlier_builds_stored_is_read_and_written_as_it_was() {
    let stored = concat!(
        r#"{"v":1,"s":[[1704898800000000,null,1704898800000000,"A\"1",7,null,1],"#,
        r#"[1704902400000000,5,null,"B",18446744073709551615,77,1]],"#,
        r#""r":[["","PID-5",1,{"name":[{"family":"D\"OE"}]}],["","PID-7",0,null],"#,
        r#"["Condition/I10|x\\y","DG1-3",0,{"code":{"text":"a"}}]],"#,
        r#""o":[["","XCN-2",{"name":[{"family":"ABLE"}]},0]],"#,
        r#""e":[[1704898800000000,1704898800000000,"admit",0,"2024-01-10T09:00:00-06:00","#,
        r#"{"code":"IMP"},"Location/1"],"#,
        r#"[1704902400000000,1704902400000000,"cancel-admit",1,"2024-01-10",null,null]]}"#,
    );
    let facts = Facts::from_bytes(stored.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(facts.to_bytes()).unwrap(), stored);
}

#[test]
fn bytes_of_a_later_format_are_refused() {
    let later = Facts::from_bytes(br#"{"v":9,"s":[],"r":[]}"#);
    assert!(matches!(later, Err(FactsError::Later(9))));
}

fn any_source() -> impl Strategy<Value = Arc<Source>> {
    (0_i64..4, proptest::option::of(0_i64..3)).prop_map(|(stated, journal)| source(stated, journal))
}

fn any_fragment() -> impl Strategy<Value = Option<Fragment>> {
    let texts = [r#"{"a":1}"#, r#"{"b":[98.50]}"#, r#"{"a":null}"#];
    proptest::option::of(proptest::sample::select(texts.map(Fragment::from).to_vec()))
}

fn any_event() -> impl Strategy<Value = Event> {
    let triggers = prop_oneof![
        Just(Trigger::Admit),
        Just(Trigger::Transfer),
        Just(Trigger::CancelTransfer),
        Just(Trigger::Discharge),
    ];
    (0_i64..3, triggers, any_source()).prop_map(|(at, trigger, source)| Event {
        occurred: Timestamp::from_second(at).unwrap(),
        earliest: Timestamp::from_second(at).unwrap(),
        trigger,
        source,
        at: format!("1970-01-01T00:00:0{at}Z"),
        class: None,
        location: None,
    })
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let parts = prop_oneof![Just(""), Just("Condition/x")];
    let said = proptest::collection::vec((parts, 0_u8..3, any_source(), any_fragment()), 0..6);
    let events = proptest::collection::vec(any_event(), 0..4);
    (said, events).prop_map(|(said, events)| {
        let mut facts = Facts::new();
        for (part, field, source, fragment) in said {
            if let Some(fragment) = &fragment {
                facts.observe(&key(part, field), fragment, &source);
            }
            let text = fragment.as_deref().unwrap_or("~\"^").into();
            let first = First {
                source: Arc::clone(&source),
                text,
            };
            facts.state_first(key(part, field), first);
            facts.state(key(part, field), Register { source, fragment });
        }
        for event in events {
            facts.happen(event);
        }
        facts
    })
}

proptest! {
    #[test]
    fn what_is_taken_out_comes_back_by_joining(a in any_facts(), b in any_facts()) {
        let all = joined(&a, &b);
        for gone in all.messages() {
            let left = all.without(|message| message == gone).unwrap();
            prop_assert!(!left.messages().contains(&gone));
            prop_assert_eq!(left.without(|message| message == gone), None);
            prop_assert_eq!(joined(&left, &all), all.clone());
        }
    }

    #[test]
    fn join_is_commutative(a in any_facts(), b in any_facts()) {
        prop_assert_eq!(joined(&a, &b), joined(&b, &a));
    }

    #[test]
    fn join_is_associative(a in any_facts(), b in any_facts(), c in any_facts()) {
        prop_assert_eq!(joined(&joined(&a, &b), &c), joined(&a, &joined(&b, &c)));
    }

    #[test]
    fn join_is_idempotent_and_says_so(a in any_facts(), b in any_facts()) {
        let mut both = joined(&a, &b);
        prop_assert!(!both.join(&a));
        prop_assert!(!both.join(&b));
        prop_assert_eq!(&both, &joined(&a, &b));
    }

    #[test]
    fn join_says_whether_it_changed(a in any_facts(), b in any_facts()) {
        let mut after = a.clone();
        prop_assert_eq!(after.join(&b), after != a);
    }

    #[test]
    fn facts_survive_their_bytes(a in any_facts(), b in any_facts()) {
        let facts = joined(&a, &b);
        prop_assert_eq!(&Facts::from_bytes(&facts.to_bytes()).unwrap(), &facts);
        prop_assert_eq!(joined(&b, &a).to_bytes(), facts.to_bytes());
    }
}
