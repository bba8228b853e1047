use super::*;

fn mistakes(text: &str) -> Vec<String> {
    let error = Profile::parse(text).unwrap_err();
    error.problems.iter().map(ToString::to_string).collect()
}

const HEAD: &str = "name = \"site\"\nversion = 3\n";

#[test]
fn every_shipped_profile_reads_and_has_its_name() {
    let names = [
        "generic",
        "hchb",
        "epic",
        "oracle-health",
        "meditech",
        "athenahealth",
    ];
    assert_eq!(Profile::names().collect::<Vec<_>>(), names);
    assert_eq!(
        Profile::named("hchb")
            .unwrap()
            .meaning("0004", "I")
            .unwrap()
            .code,
        "HH"
    );
    assert!(Profile::named("nobody").is_none());
    for name in names {
        let text = Profile::text(name).unwrap();
        assert!(name == "generic" || text.contains("must ask"), "{name}");
    }
}

#[test]
fn an_unknown_key_is_an_error_that_names_the_place_and_the_key_that_was_meant() {
    let text = format!("{HEAD}visit_ids = []\n[tables.0096]\n");
    assert_eq!(
        mistakes(&text),
        [
            "3:1: unknown key `visit_ids`; did you mean `visit_id`?",
            "4:9: unknown table `0096`; did you mean `0069`?"
        ]
    );
    assert_eq!(
        mistakes("name = \"x\""),
        ["1:1: `version` is missing: write it first, as `version = 1`"]
    );
}

#[test]
fn every_mistake_is_named_with_its_line() {
    let text = format!(
        "{HEAD}zone = \"Mars/Base\"\nvisit_id = [\"PV1-19\",\n  \"PV1-20\"]\n\
         [tables.0001]\nX = \"femal\"\n[tables.0069]\nA = \"b\"\n\
         [fields]\n\"PV1-19\" = {{ from = \"PID18\" }}\n\"PV1-50\" = {{ drop = true, value = \"x\" }}\n\
         \"MSH-10\" = {{ value = \"x\" }}\n\
         [[local]]\nfrom = \"PID-3\"\nto = \"Patient.extension\"\nurl = \"https://x.org\"\n\
         [triggers]\nignore = [\"A08\"]\n[segments]\nDG1 = \"all\"\n"
    );
    let found = mistakes(&text);
    let lines: Vec<&str> = found
        .iter()
        .map(|text| text.split(':').next().unwrap())
        .collect();
    assert_eq!(
        lines,
        ["3", "5", "7", "9", "11", "12", "13", "15", "19", "21"],
        "{found:#?}"
    );
    let syntax = mistakes("name = \"x\nversion = 1");
    assert!(syntax[0].starts_with("1:"), "{syntax:?}");
}

#[test]
fn a_site_extends_a_shipped_profile() {
    let text = format!(
        "extends = \"hchb\"\n{HEAD}[tables.class]\nI = \"IMP\"\n[tables.discharge]\n\"07\" = \"aadvice\"\n"
    );
    let site = Profile::parse(&text).unwrap();
    assert_eq!((site.name(), site.version()), ("site", 3));
    assert_eq!(site.meaning("0004", "I").unwrap().code, "IMP");
    assert_eq!(site.meaning("0004", "O").unwrap().code, "HH");
    assert_eq!(site.meaning("0112", "07").unwrap().code, "aadvice");
    assert_eq!(site.episode_id, Profile::named("hchb").unwrap().episode_id);
    assert!(mistakes(&format!("extends = \"hcbh\"\n{HEAD}"))[0].starts_with("1:11: "));
}

#[test]
fn triggers_are_served_or_ignored_as_agreed() {
    let text = format!("{HEAD}[triggers]\nserve = [\"ADT^*\"]\nignore = [\"ADT^A08\"]\n");
    let site = Profile::parse(&text).unwrap();
    assert!(site.ignores("ADT", "A08") && site.ignores("ORU", "R01"));
    assert!(!site.ignores("ADT", "A01"));
    assert!(!Profile::default().ignores("ORU", "R01"));
}

#[test]
fn a_site_sets_points_and_thresholds() {
    let text = format!(
        "{HEAD}[matching]\nautomatic = false\nlink = 400\n[matching.weights]\nphone_same = 20\n\
         family_other = -90\n"
    );
    let site = Profile::parse(&text).unwrap();
    let matching = site.matching();
    assert!(!matching.thresholds.automatic);
    assert_eq!(
        (matching.thresholds.link, matching.thresholds.margin),
        (400, 60)
    );
    assert_eq!(matching.weights.of(crate::matching::What::FamilyOther), -90);
    let said: Vec<Line> = site.explain();
    let said: Vec<&str> = said
        .iter()
        .filter(|line| line.about == "matching")
        .map(|line| line.what.as_str())
        .collect();
    assert_eq!(
        said,
        [
            "identities are never linked automatically; reviewed from 230 on",
            "other family names is worth -90 points",
            "a telephone number in common is worth 20 points",
        ]
    );
    assert_ne!(site.digest(), Profile::parse(HEAD).unwrap().digest());
}

#[test]
fn what_is_wrong_in_matching_is_named_with_its_line() {
    let text = format!(
        "{HEAD}[matching]\nautomatc = true\nlink = \"much\"\nreview = 500\n[matching.weights]\n\
         phone_sam = 1\nssn_same = 4711\n"
    );
    let found = mistakes(&text);
    let lines: Vec<&str> = found
        .iter()
        .map(|text| text.split(':').next().unwrap())
        .collect();
    assert_eq!(lines, ["3", "4", "5", "8", "9"], "{found:#?}");
    assert!(found[1].contains("did you mean `automatic`?"), "{found:?}");
}

#[test]
fn the_documents_name_every_weight_with_its_points() {
    let text = include_str!("../../../docs/profiles.md");
    let weights = crate::matching::Weights::default();
    for what in crate::matching::What::ALL {
        let line = format!("| `{what}` | {} | {} |", weights.of(what), what.describe());
        assert!(text.contains(&line), "docs/profiles.md lacks {line}");
    }
}

#[test]
fn a_changed_profile_has_another_digest() {
    let one = Profile::parse(&format!("{HEAD}[tables.class]\nI = \"HH\"\n")).unwrap();
    let other = Profile::parse(&format!("{HEAD}[tables.class]\nI = \"AMB\"\n")).unwrap();
    assert_ne!(one.digest(), other.digest());
}

#[test]
fn what_a_profile_does_is_said_in_words() {
    let text =
        format!("{HEAD}[fields]\n\"PV1-19\" = {{ from = \"PID-18.1\", only_if_empty = true }}\n");
    let said: Vec<String> = Profile::parse(&text)
        .unwrap()
        .explain()
        .into_iter()
        .map(|line| format!("{}: {}", line.about, line.what))
        .collect();
    let expected = "PV1-19: taken from PID-18.1, where the sender left it empty".to_owned();
    assert!(said.contains(&expected), "{said:?}");
}
