//! Which of the EMR's identifiers goes into a message: exactly one that fits, or none at all.

use model::SourceIdentity;

use crate::destination::IdentifierRule;

/// Why no identifier can be sent; in words without any identifier.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unresolved {
    /// Nothing is known under the authority.
    #[error("no identifier of {who} under {}", .authority.as_deref().unwrap_or("any authority"))]
    Unknown {
        /// `the patient`, `the visit`.
        who: &'static str,
        /// The configured authority.
        authority: Option<String>,
    },
    /// What is known does not look as the receiver wants.
    #[error("the identifier of {who} has not the form that the destination wants")]
    Form {
        /// `the patient`, `the visit`.
        who: &'static str,
    },
    /// Several come into question, and one is not better than the other.
    #[error(
        "{n} identifiers of {who} come into question; set the authority and form that the destination wants"
    )]
    Several {
        /// `the patient`, `the visit`.
        who: &'static str,
        /// How many.
        n: usize,
    },
}

/// Identifier types (table 0203) that name a person elsewhere, never a record of the EMR.
const NOT_RECORDS: [&str; 8] = ["SS", "DL", "PPN", "MC", "MA", "MB", "NPI", "AN"];
/// Identifier types that name a record, the best first.
const RECORDS: [&str; 4] = ["MR", "PI", "VN", ""];

/// The one identifier of `who` that the rule lets through.
pub(crate) fn choose(
    who: &'static str,
    known: &[SourceIdentity],
    rule: &IdentifierRule,
) -> Result<SourceIdentity, Unresolved> {
    let of_authority: Vec<&SourceIdentity> = match &rule.authority {
        Some(authority) => known.iter().filter(|id| is_of(id, authority)).collect(),
        None => records(known),
    };
    if of_authority.is_empty() {
        return Err(Unresolved::Unknown {
            who,
            authority: rule.authority.clone(),
        });
    }
    let fits = |id: &&SourceIdentity| match &rule.format {
        Some(format) => format.is_match(&id.value),
        None => true,
    };
    let mut fitting: Vec<&SourceIdentity> = of_authority.into_iter().filter(fits).collect();
    // The same number under two type codes is one identifier.
    fitting.sort_unstable_by(|a, b| (&a.authority, &a.value).cmp(&(&b.authority, &b.value)));
    fitting.dedup_by(|a, b| a.authority == b.authority && a.value == b.value);
    match fitting.as_slice() {
        [] => Err(Unresolved::Form { who }),
        [one] => Ok((*one).clone()),
        several => Err(Unresolved::Several {
            who,
            n: several.len(),
        }),
    }
}

/// The identifiers that look most like a record's: of the best type that occurs.
fn records(known: &[SourceIdentity]) -> Vec<&SourceIdentity> {
    let of_type = |code: &str| {
        known
            .iter()
            .filter(|id| id.type_code == code)
            .collect::<Vec<_>>()
    };
    let best = RECORDS
        .into_iter()
        .map(of_type)
        .find(|found| !found.is_empty());
    best.unwrap_or_else(|| {
        let may_be = |id: &&SourceIdentity| !NOT_RECORDS.contains(&id.type_code.as_str());
        known.iter().filter(may_be).collect()
    })
}

/// Whether an identifier is of an authority: the whole HD, or one of its parts where the rule names
/// only one.
fn is_of(identity: &SourceIdentity, authority: &str) -> bool {
    let said = identity.authority.replace('^', "&");
    let wanted = authority.replace('^', "&");
    let one_part = !wanted.contains('&');
    said == wanted || (one_part && said.split('&').take(2).any(|part| part == wanted))
}

#[cfg(test)]
mod tests {
    use model::IdentityKind;

    use super::*;

    fn known(ids: &[(&str, &str, &str)]) -> Vec<SourceIdentity> {
        let identity = |(authority, type_code, value): &(&str, &str, &str)| SourceIdentity {
            kind: IdentityKind::Patient,
            authority: (*authority).to_owned(),
            type_code: (*type_code).to_owned(),
            value: (*value).to_owned(),
        };
        ids.iter().map(identity).collect()
    }

    fn check(
        rule: &IdentifierRule,
        ids: &[(&str, &str, &str)],
        expected: Result<&str, Unresolved>,
    ) {
        let chosen = choose("the patient", &known(ids), rule).map(|id| id.value);
        assert_eq!(chosen, expected.map(str::to_owned));
    }

    #[test]
    fn the_destinations_authority_decides() {
        let rule = IdentifierRule::new(Some("HCHB".to_owned()), None).unwrap();
        check(&rule, &[("LAB", "MR", "9"), ("HCHB", "MR", "7")], Ok("7"));
        check(&rule, &[("HCHB&1.2.3&ISO", "MR", "7")], Ok("7"));
        let unknown = Unresolved::Unknown {
            who: "the patient",
            authority: rule.authority.clone(),
        };
        check(&rule, &[("LAB", "MR", "9")], Err(unknown));
    }

    #[test]
    fn several_or_a_wrong_form_are_never_sent() {
        let rule = IdentifierRule::new(Some("HCHB".to_owned()), Some("[0-9]{7}")).unwrap();
        let several = Unresolved::Several {
            who: "the patient",
            n: 2,
        };
        check(
            &rule,
            &[("HCHB", "MR", "0000007"), ("HCHB", "MR", "0000008")],
            Err(several),
        );
        check(
            &rule,
            &[("HCHB", "MR", "A000007")],
            Err(Unresolved::Form { who: "the patient" }),
        );
        check(
            &rule,
            &[
                ("HCHB", "MR", "A7"),
                ("HCHB", "PI", "0000007"),
                ("HCHB", "", "0000007"),
            ],
            Ok("0000007"),
        );
    }

    #[test]
    fn without_an_authority_the_only_record_number_is_taken() {
        let rule = IdentifierRule::default();
        check(&rule, &[("A", "MR", "1"), ("USSSA", "SS", "2")], Ok("1"));
        check(
            &rule,
            &[("CMS", "MC", "2")],
            Err(Unresolved::Unknown {
                who: "the patient",
                authority: None,
            }),
        );
        check(
            &rule,
            &[("A", "MR", "1"), ("B", "MR", "2")],
            Err(Unresolved::Several {
                who: "the patient",
                n: 2,
            }),
        );
    }

    #[test]
    fn words_name_no_identifier() {
        let rule = IdentifierRule::new(Some("HCHB".to_owned()), Some("[0-9]+")).unwrap();
        let refused =
            choose("the patient", &known(&[("HCHB", "MR", "SECRET")]), &rule).unwrap_err();
        assert!(!refused.to_string().contains("SECRET"));
    }
}
