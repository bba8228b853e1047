//! Arbitrary messages about a few patients, visits, accounts and orders that are one another's: any order and
//! any duplication of them gives the same chart, and facts and links join as a semilattice.

use mapping::Profile;
use mapping::facts::Facts;
use mapping::inbound::Interpretation;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::chart::{Chart, profile, read_with, segment};
use crate::identity::each_has_its_own;

/// Triggers that move a visit, change it or call something off.
const OF_VISITS: [&str; 24] = [
    "A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A11", "A12", "A13", "A14", "A15",
    "A16", "A21", "A22", "A23", "A25", "A26", "A27", "A38", "A52", "A53", "A54",
];
/// Triggers that say who is who, and what is whose.
const OF_IDENTITIES: [&str; 20] = [
    "A17", "A18", "A24", "A28", "A29", "A30", "A31", "A34", "A35", "A36", "A37", "A40", "A41",
    "A42", "A43", "A44", "A45", "A47", "A49", "A50",
];

/// What a message is made of; the numbers choose among few, so that messages meet.
#[derive(Clone, Debug)]
struct Said {
    trigger: &'static str,
    stated: u8,
    occurred: Option<u8>,
    patients: [u8; 2],
    visits: [u8; 2],
    accounts: [u8; 2],
    detail: u8,
}

fn said() -> impl Strategy<Value = Said> {
    let visits = proptest::sample::select(&OF_VISITS[..]);
    let identities = proptest::sample::select(&OF_IDENTITIES[..]);
    let orders = proptest::sample::select(&["O01", "R01"][..]);
    let trigger = prop_oneof![4 => visits, 3 => identities, 1 => orders];
    let occurred = proptest::option::of(0_u8..12);
    let few = || [0_u8..3, 0_u8..3];
    (
        trigger,
        0_u8..12,
        occurred,
        few(),
        few(),
        few(),
        any::<u8>(),
    )
        .prop_map(
            |(trigger, stated, occurred, patients, visits, accounts, detail)| Said {
                trigger,
                stated,
                occurred,
                patients,
                visits,
                accounts,
                detail,
            },
        )
}

impl Said {
    fn text(&self) -> String {
        let Self {
            trigger, stated, ..
        } = self;
        let kind = match *trigger {
            "O01" => "ORM",
            "R01" => "ORU",
            _ => "ADT",
        };
        let stated = format!("202401{:02}090000", stated + 1);
        let digest = format!("{self:?}").len() * 256 + usize::from(self.detail);
        let msh = format!("MSH|^~\\&|EMR|AGENCY|||{stated}||{kind}^{trigger}|M{digest}|P|2.5.1");
        let occurred = self.occurred;
        let occurred = occurred.map_or_else(String::new, |day| format!("202401{:02}", day + 1));
        let mut lines = vec![msh];
        if kind == "ADT" {
            lines.push(format!("EVN||{stated}||||{occurred}"));
        }
        lines.push(self.pid(0));
        lines.extend(self.rest(kind));
        lines.join("\n")
    }

    fn pid(&self, nth: usize) -> String {
        let id = format!("{}^^^EMR^MR", self.patients[nth]);
        let phone = ["", "\"\"", "5550100", "5550101"][usize::from(self.detail % 4)];
        let account = format!("A{}", self.accounts[0]);
        segment(
            "PID",
            &[(3, &id), (5, "DOE^JANE"), (13, phone), (18, &account)],
        )
    }

    fn rest(&self, kind: &str) -> Vec<String> {
        let two = ["A17", "A24", "A37"].contains(&self.trigger);
        let mrg = [
            "A18", "A30", "A34", "A36", "A40", "A43", "A44", "A45", "A47",
        ];
        let [visit, before] = self.visits.map(|n| format!("V{n}^^^EMR^VN"));
        if two {
            return vec![self.pv1(&visit), self.pid(1), self.pv1(&before)];
        }
        let mut lines = Vec::new();
        let [patient, account] = [
            self.patients[1].to_string(),
            format!("A{}", self.accounts[1]),
        ];
        let patient = format!("{patient}^^^EMR^MR");
        match self.trigger {
            "A41" | "A49" | "A35" => lines.push(segment("MRG", &[(3, &account)])),
            "A42" | "A50" => lines.push(segment("MRG", &[(5, &before)])),
            named if mrg.contains(&named) => lines.push(segment("MRG", &[(1, &patient)])),
            _ => {}
        }
        lines.push(self.pv1(&visit));
        if kind == "ADT" {
            let action = ["", "D", "A"][usize::from(self.detail / 16 % 3)];
            let code = format!("I{}^Made up^I10", self.detail / 64);
            lines.push(segment(
                "DG1",
                &[(1, "1"), (3, &code), (6, "A"), (21, action)],
            ));
            return lines;
        }
        let number = format!("P{}^EMR", self.detail % 2);
        lines.push(segment("ORC", &[(1, "NW"), (2, &number)]));
        lines.push(segment(
            "OBR",
            &[(1, "1"), (2, &number), (4, "1^Glucose^L")],
        ));
        if kind == "ORU" {
            lines.push("OBX|1|NM|1^Glucose^L||5|mg/dL|||||F".to_owned());
        }
        lines
    }

    fn pv1(&self, visit: &str) -> String {
        let class = ["I", "O", "E", "P"][usize::from(self.detail / 4 % 4)];
        let bed = format!("W1^R1^B{}^AGENCY", self.detail / 32 % 3);
        let day = format!("202401{:02}", self.detail % 12 + 1);
        let gone = if self.trigger == "A03" {
            day.as_str()
        } else {
            ""
        };
        segment(
            "PV1",
            &[
                (1, "1"),
                (2, class),
                (3, &bed),
                (19, visit),
                (44, "20240101"),
                (45, gone),
            ],
        )
    }
}

type Played = (Vec<Said>, Vec<Index>, Vec<Index>);

fn played() -> impl Strategy<Value = Played> {
    let order = proptest::collection::vec(any::<Index>(), 14);
    let again = proptest::collection::vec(any::<Index>(), 0..5);
    (proptest::collection::vec(said(), 2..14), order, again)
}

/// The same messages in another order, some of them twice.
fn otherwise(messages: &[String], order: &[Index], again: &[Index]) -> Vec<String> {
    let mut arrived = messages.to_vec();
    arrived.extend(again.iter().map(|at| at.get(messages).clone()));
    for at in (1..arrived.len()).rev() {
        let with = order
            .get(at % order.len())
            .map_or(0, |with| with.index(at + 1));
        arrived.swap(at, with);
    }
    arrived
}

fn converges((said, order, again): &Played) -> Result<(), TestCaseError> {
    let messages: Vec<String> = said.iter().map(Said::text).collect();
    let arrived = otherwise(&messages, order, again);
    let profile = profile_for(said);
    prop_assert_eq!(
        Chart::read(&messages, profile).resources(),
        Chart::read(&arrived, profile).resources()
    );
    Ok(())
}

/// Every other history is of a site where the visit is the episode of care.
fn profile_for(said: &[Said]) -> &'static Profile {
    if said.len().is_multiple_of(2) {
        profile()
    } else {
        Profile::named("hchb").unwrap()
    }
}

/// The same messages in every run.
#[test]
fn known_histories_give_one_chart_in_any_order() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::with_cases(80), rng);
    let run = runner.run(&played(), |played| converges(&played));
    run.unwrap();
}

/// What one message says of its entities.
fn facts(said: &Said) -> Vec<Facts> {
    let Interpretation { statements, .. } = read_with(&said.text(), profile());
    statements.into_iter().map(|one| one.facts).collect()
}

fn joined(one: &Facts, other: &Facts) -> Facts {
    let mut joined = one.clone();
    joined.join(other);
    joined
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Other messages in every run; those that fail are printed, and kept to be run again.
    #[test]
    fn fresh_histories_give_one_chart_in_any_order(played in played()) {
        converges(&played)?;
    }

    /// Numbers that several patients claim, merged, renumbered: nobody's resource is of another's visit.
    /// Orders stay with the patient in whose name they were said, when their visit is moved.
    #[test]
    fn whatever_numbers_meet_each_patient_has_visits_of_its_own((mut said, ..) in played()) {
        if said.iter().any(|said| said.trigger == "A45") {
            said.retain(|said| !["O01", "R01"].contains(&said.trigger));
        }
        let messages: Vec<String> = said.iter().map(Said::text).collect();
        each_has_its_own(&Chart::read(&messages, profile_for(&said)).resources());
    }

    #[test]
    fn facts_join_as_a_semilattice(said in [said(), said(), said()]) {
        let all = [facts(&said[0]), facts(&said[1]), facts(&said[2])];
        let nth = |one: &[Facts], at: usize| one.get(at % one.len().max(1)).cloned().unwrap_or_default();
        for at in 0..all[0].len() {
            let [a, b, c] = [nth(&all[0], at), nth(&all[1], at), nth(&all[2], at)];
            prop_assert_eq!(joined(&a, &b), joined(&b, &a));
            prop_assert_eq!(joined(&a, &joined(&b, &c)), joined(&joined(&a, &b), &c));
            prop_assert_eq!(joined(&a, &a), a);
        }
    }
}
