use std::sync::Arc;

use model::{IdentityKey, Timestamp};
use proptest::prelude::*;

use crate::facts::{Facts, First, Place, RegisterKey, Source, Stamp};
use crate::profile::Profile;

use super::*;

/// The features of a PID whose fields are given by number.
fn features(fields: &[(usize, &str)]) -> Features {
    let mut pid = vec![""; 41];
    for (n, text) in fields {
        pid[*n] = text;
    }
    let message = format!(
        "MSH|^~\\&|REG|NORTH|DB|DB|20260101080000||ADT^A28|1|P|2.5.1\rPID|{}\r",
        pid[1..].join("|")
    );
    let message = hl7v2::Message::parse(message.as_bytes()).unwrap();
    Features::read(&message, &Profile::default()).unwrap()
}

const NAME: (usize, &str) = (5, "Quimby^Orla^Jane");
const BIRTH: (usize, &str) = (7, "19500213");
const HOME: (usize, &str) = (11, "12 Made St^^Upton^TX^75001");
const PHONE: (usize, &str) = (13, "(214)555-0142");

fn veto(one: &[(usize, &str)], other: &[(usize, &str)]) -> Option<Veto> {
    let weights = Weights::default();
    let (one, other) = (features(one), features(other));
    let there = score(&one, &other, &weights);
    assert_eq!(there, score(&other, &one, &weights));
    there.veto
}

fn check(one: &[(usize, &str)], other: &[(usize, &str)], expected: &Decision) {
    let scored = score(&features(one), &features(other), &Weights::default());
    let candidate = Candidate {
        person: 1,
        score: &scored,
        rival: None,
    };
    let decided = decide(&[candidate], &Thresholds::default());
    assert_eq!(&decided, expected, "{scored:?}");
}

#[test]
fn the_same_person_at_another_source_is_linked() {
    let known = [(3, "1^^^NORTH^MR"), NAME, BIRTH, HOME, PHONE];
    let link = Decision::Link(0);
    check(&known, &[(3, "77^^^CLINIC^MR"), NAME, BIRTH, HOME], &link);
    check(&known, &[(5, "Quimbey^Orla^J"), BIRTH, HOME, PHONE], &link);
    check(&known, &[NAME, (7, "19501302"), HOME, PHONE], &link);
}

#[test]
fn who_agrees_in_name_and_birth_date_alone_is_reviewed() {
    check(&[NAME, BIRTH], &[NAME, BIRTH], &Decision::Review(vec![0]));
    check(
        &[NAME, BIRTH],
        &[(5, "Zed^Al"), (7, "19770101")],
        &Decision::New,
    );
}

#[test]
fn two_record_numbers_of_one_authority_are_never_linked() {
    let same = [NAME, BIRTH, HOME, PHONE, (19, "536228714")];
    let with = |id| [&[(3, id)], &same[..]].concat();
    let found = veto(&with("1^^^NORTH^MR"), &with("2^^^NORTH^MR"));
    assert_eq!(found, Some(Veto::SameSource));
    assert_eq!(veto(&with("1^^^NORTH^MR"), &with("2^^^EAST^MR")), None);
    assert_eq!(
        veto(&with("1^^^NORTH^MR~2^^^NORTH^MR"), &with("2^^^NORTH^MR")),
        None
    );
}

#[test]
fn contradicting_numbers_forbid_a_link() {
    let with = |ssn| [NAME, BIRTH, HOME, PHONE, (19, ssn)];
    let found = veto(&with("536-22-8714"), &with("218-33-9021"));
    assert_eq!(found, Some(Veto::Identifier));
    assert_eq!(veto(&with("536-22-8714"), &with("536-22-8741")), None);
    // Dummies say nothing.
    assert_eq!(veto(&with("536-22-8714"), &with("999-99-9999")), None);
    assert_eq!(veto(&with("123-45-6789"), &with("000-00-0000")), None);
}

#[test]
fn twins_are_two() {
    let with = |name| [(5, name), BIRTH, HOME, PHONE];
    let twins = Some(Veto::Twins);
    assert_eq!(veto(&with("Quimby^Orla"), &with("Quimby^Petra")), twins);
    assert_eq!(veto(&with("Quimby^Jayden"), &with("Quimby^Kayden")), twins);
    let born = |order| [NAME, BIRTH, HOME, PHONE, (24, "Y"), (25, order)];
    assert_eq!(veto(&born("1"), &born("2")), twins);
    // Alike, and nothing but the given name could tell them apart.
    let alike = veto(&with("Quimby^Marisza"), &with("Quimby^Maritza"));
    assert_eq!(alike, Some(Veto::GivenName));
    let initial = veto(&with("Quimby^O"), &with("Quimby^Orla"));
    assert_eq!(initial, Some(Veto::GivenName));
}

#[test]
fn a_slip_inside_a_known_name_is_none_of_a_twin_unless_twins_were_born() {
    let with = |name, twin| [(5, name), BIRTH, HOME, PHONE, (24, twin)];
    let (known, wrong) = ("Quimby^Patrick^Lee", "Quimby^Patrxck^L");
    assert_eq!(veto(&with(known, ""), &with(wrong, "")), None);
    let twin = veto(&with(known, "Y"), &with(wrong, ""));
    assert_eq!(twin, Some(Veto::GivenName));
    let short = veto(&with("Quimby^Pat", "Y"), &with(known, ""));
    assert_eq!(short, Some(Veto::GivenName));
}

#[test]
fn one_doubt_is_none_and_two_are_left_to_people() {
    let with = |name, birth, ssn| [(5, name), (7, birth), HOME, PHONE, (19, ssn)];
    let one = with("Roe^Robert^Al", "19500213", "536228714");
    let doubts = Some(Veto::Doubts);
    assert_eq!(veto(&one, &with("Roe^Robert^Ted", "19500213", "")), None);
    assert_eq!(veto(&one, &with("Roe^Bob^Al", "19500213", "")), None);
    assert_eq!(veto(&one, &with("Roe^Bob^Ted", "19500213", "")), doubts);
    assert_eq!(veto(&one, &with("Roe^Robert^Ted", "19500231", "")), doubts);
    assert_eq!(
        veto(&one, &with("Roe^Bob", "19500213", "536228715")),
        doubts
    );
    assert_eq!(
        veto(&one, &with("Roe^Bob^Ted", "19500213", "536228714")),
        None
    );
}

#[test]
fn a_house_or_a_telephone_but_for_a_slip_tells_namesakes_apart() {
    let with = |home| [NAME, BIRTH, (11, home), (13, "")];
    let one = with("12 Made St^^Upton^TX^75001");
    assert_eq!(veto(&one, &with("21 Made St^^Upton^TX^75001")), None);
    let other = veto(&one, &with("470 Elm St^^Upton^TX^75001"));
    assert_eq!(other, Some(Veto::Thin));
    assert_eq!(
        veto(&[NAME, BIRTH, PHONE], &[NAME, BIRTH, (13, "2145550124")]),
        None
    );
}

#[test]
fn a_slip_in_the_house_and_another_flat_are_one_too_many() {
    let at = |home| {
        veto(
            &[NAME, BIRTH, (11, home)],
            &[NAME, BIRTH, (11, "2346 Elm Ln Apt 54^^Upton^TX^75001")],
        )
    };
    assert_eq!(at("2246 Elm Ln Apt 54^^Upton^TX^75001"), None);
    assert_eq!(at("2346 Elm Ln Apt 24^^Upton^TX^75001"), None);
    assert_eq!(at("2246 Elm Ln Apt 24^^Upton^TX^75001"), Some(Veto::Thin));
}

#[test]
fn the_last_four_digits_do_not_tell_namesakes_of_one_birth_date_apart() {
    let whole = (19, "536228714");
    let name = (5, "Quimby^Orla");
    let known = [name, BIRTH, (11, "9 Far Rd^^Upton^TX^75001"), whole];
    let last = (19, "8714");
    assert_eq!(veto(&known, &[name, BIRTH, HOME, last]), Some(Veto::Thin));
    assert_eq!(veto(&known, &[name, BIRTH, HOME, whole]), None);
    let there = [NAME, BIRTH, (11, "9 Far Rd^^Upton^TX^75001"), whole];
    assert_eq!(veto(&there, &[NAME, BIRTH, HOME, last]), None);
    let twin = [(5, "Quimby^Danelle^Sue"), BIRTH, HOME, last];
    let other = [(5, "Quimby^Janelle^H"), BIRTH, HOME, whole];
    assert_eq!(veto(&other, &twin), Some(Veto::Doubts));
}

#[test]
fn an_impossible_year_is_a_slip_until_a_real_one_is_said() {
    let with = |birth| [NAME, (7, birth), HOME, PHONE];
    assert_eq!(veto(&with("19360604"), &with("13360604")), None);
    // It is the birth date of nobody.
    assert_eq!(veto(&with("13360604"), &with("13360604")), Some(Veto::Thin));
    let mut facts = said_of(1, 7, "placeholder", "13360604");
    assert_eq!(Features::of(&facts).birth, "13360604");
    facts.join(&said_of(2, 7, "", "19360604"));
    assert_eq!(Features::of(&facts).birth, "19360604");
}

#[test]
fn parent_and_child_of_one_name_are_two() {
    let with = |name, birth| [(5, name), (7, birth), HOME, PHONE, (19, "536228714")];
    let generation = Some(Veto::Generation);
    let found = veto(
        &with("Roe^Al^^Jr", "19500213"),
        &with("Roe^Al^^Sr", "19500213"),
    );
    assert_eq!(found, generation);
    assert_eq!(
        veto(&with("Roe^Al", "19500213"), &with("Roe^Al", "19800213")),
        generation
    );
    assert_eq!(
        veto(&with("Roe^Al Jr", "19500213"), &with("Roe^Al", "19500213")),
        None
    );
}

#[test]
fn placeholders_are_nobody_until_they_have_a_name() {
    let with = |name| [(5, name), BIRTH, HOME, PHONE, (19, "536228714")];
    for name in [
        "Quimby^Baby Boy",
        "Doe^Jane",
        "Unknown^Unknown",
        "Trauma^Alpha",
    ] {
        assert_eq!(
            veto(&with(name), &with(name)),
            Some(Veto::Placeholder),
            "{name}"
        );
    }
    assert_eq!(
        veto(&with("Quimby^BB~Quimby^Orla"), &with("Quimby^Orla")),
        None
    );
}

#[test]
fn without_a_birth_date_not_even_a_number_links() {
    let with = |ssn| [NAME, HOME, PHONE, (7, "19000101"), (19, ssn)];
    assert_eq!(veto(&with(""), &with("")), Some(Veto::Thin));
    assert_eq!(
        veto(&with("536228714"), &with("536228714")),
        Some(Veto::Thin)
    );
}

fn scored(total: i32, veto: Option<Veto>) -> Score {
    Score {
        total,
        parts: Vec::new(),
        veto,
    }
}

fn decided(list: &[(u8, i32, Option<Veto>, Option<i32>)]) -> Decision {
    let scores: Vec<Score> = list
        .iter()
        .map(|(_, total, veto, _)| scored(*total, *veto))
        .collect();
    let candidates: Vec<Candidate<'_, u8>> = list
        .iter()
        .zip(&scores)
        .map(|((person, _, _, rival), score)| Candidate {
            person: *person,
            score,
            rival: *rival,
        })
        .collect();
    decide(&candidates, &Thresholds::default())
}

#[test]
fn only_the_mutual_best_is_linked() {
    assert_eq!(
        decided(&[(1, 400, None, None), (2, 250, None, None)]),
        Decision::Link(0)
    );
    // Two who fit, a candidate that fits somebody else, a veto against the best.
    let both = Decision::Review(vec![1, 0]);
    assert_eq!(decided(&[(1, 380, None, None), (2, 400, None, None)]), both);
    assert_eq!(
        decided(&[(1, 400, None, Some(390))]),
        Decision::Review(vec![0])
    );
    let vetoed = decided(&[(1, 400, Some(Veto::Identifier), None)]);
    assert_eq!(vetoed, Decision::Review(vec![0]));
    assert_eq!(decided(&[(1, 229, None, None)]), Decision::New);
    assert_eq!(decided(&[]), Decision::New);
}

#[test]
fn two_identities_of_one_person_are_no_rivals_but_each_may_object() {
    let found = decided(&[(1, 380, None, None), (1, 400, None, None)]);
    assert_eq!(found, Decision::Link(1));
    let found = decided(&[(1, 100, Some(Veto::Identifier), None), (1, 400, None, None)]);
    assert_eq!(found, Decision::Review(vec![1]));
    // The other twin is no rival.
    let found = decided(&[(1, 400, None, None), (2, 380, Some(Veto::Twins), None)]);
    assert_eq!(found, Decision::Link(0));
}

#[test]
fn nothing_is_linked_where_the_site_says_so() {
    let thresholds = Thresholds {
        automatic: false,
        ..Thresholds::default()
    };
    let candidate = Candidate {
        person: 1,
        score: &scored(900, None),
        rival: None,
    };
    assert_eq!(decide(&[candidate], &thresholds), Decision::Review(vec![0]));
}

#[test]
fn mistakes_leave_a_key_in_common() {
    let known = [NAME, BIRTH, HOME, PHONE, (19, "536228714")];
    let key = IdentityKey::PUBLIC;
    let keys = features(&known).keys(&key);
    for other in [
        [(5, "Made^Orla"), BIRTH],
        [(5, "Orla^Quimby"), (7, "19500214")],
        [NAME, (7, "19501302")],
        [NAME, (7, "19600213")],
        [(5, "Zed^Orla"), PHONE],
        [(5, "Zed^Al"), (19, "536228714")],
    ] {
        let others = features(&other).keys(&key);
        assert!(others.iter().any(|key| keys.contains(key)), "{other:?}");
    }
    assert!(keys.len() <= 16, "{}", keys.len());
    assert_ne!(keys, features(&known).keys(&IdentityKey::new([7; 32])));
}

/// What one message says first, at a time.
fn said(stated: i64, part: &str, text: &str) -> Facts {
    said_of(stated, 5, part, text)
}

fn said_of(stated: i64, field: u8, part: &str, text: &str) -> Facts {
    let source = Source {
        stamp: Stamp {
            stated: Timestamp::from_second(stated).unwrap(),
            sequence: None,
            sent: None,
            control_id: "M".to_owned(),
            digest: 1,
        },
        journal: None,
        mapping: 1,
    };
    let key = RegisterKey {
        part: part.into(),
        field: Place::new("PID", field),
    };
    let first = First {
        source: Arc::new(source),
        text: text.into(),
    };
    let mut facts = Facts::new();
    facts.state_first(key, first);
    facts
}

#[test]
fn the_first_real_name_takes_the_place_of_a_placeholder_and_no_other_does() {
    let mut facts = said(1, "placeholder", "QUIMBY^BABY BOY");
    assert!(Features::of(&facts).is_placeholder);
    facts.join(&said(3, "", "QUIMBY^PETRUS"));
    facts.join(&said(2, "", "QUIMBY^PETER"));
    let features = Features::of(&facts);
    assert!(!features.is_placeholder);
    assert_eq!(features.names[0].given, "PETER");
    assert!(Features::of(&Facts::new()).is_empty());
}

/// Fields as senders fill them, and as nobody should.
fn any_field() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-C]{1,3}( [A-C]{1,3})?\\^[A-C]{1,4}(\\^[A-B])?(\\^(JR|SR))?",
        "(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-2][1-8]",
        "[0-9]{3}-?[0-9]{2}-?[0-9]{4}",
        "[0-9]{1,2} [A-C]{2,4} ST\\^\\^[A-C]{3}\\^TX\\^7500[0-9]",
        "[0-9]{1,3}\\^\\^\\^(NORTH|EAST)\\^(MR|MC|DL|SS)",
        "[ -{}é ß~^&\"İ日本]{0,24}",
        Just(String::new()),
    ]
}

fn any_features() -> impl Strategy<Value = Features> {
    proptest::collection::vec(any_field(), 40).prop_map(|fields| {
        let fields: Vec<(usize, String)> = fields
            .into_iter()
            .map(|text| text.replace(['|', '\r'], ""))
            .enumerate()
            .collect();
        let fields: Vec<(usize, &str)> = fields
            .iter()
            .map(|(n, text)| (n + 1, text.as_str()))
            .collect();
        features(&fields)
    })
}

proptest! {
    #[test]
    fn a_score_is_the_same_both_ways(one in any_features(), other in any_features()) {
        let weights = Weights::default();
        prop_assert_eq!(score(&one, &other, &weights), score(&other, &one, &weights));
    }

    #[test]
    fn features_survive_their_bytes(one in any_features()) {
        prop_assert_eq!(&Features::from_bytes(&one.to_bytes()).unwrap(), &one);
        prop_assert!(one.keys(&IdentityKey::PUBLIC).len() <= 32);
    }

    #[test]
    fn any_text_is_survived(texts in proptest::collection::vec("\\PC{0,40}", 41)) {
        let fields: Vec<(usize, String)> = texts
            .into_iter()
            .map(|text| text.replace('|', ""))
            .enumerate()
            .collect();
        let fields: Vec<(usize, &str)> =
            fields.iter().skip(1).map(|(n, text)| (*n, text.as_str())).collect();
        let one = features(&fields);
        score(&one, &one, &Weights::default());
        one.keys(&IdentityKey::PUBLIC);
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = Features::from_bytes(&bytes);
    }
}
