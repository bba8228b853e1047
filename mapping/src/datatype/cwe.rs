//! CWE, CE, CNE, IS, ID → `CodeableConcept` and `Coding`, with what was sent kept beside what it means.

use fhirbolt::model::r4::types::{CodeableConcept, Coding};
use hl7v2::datatype::Cwe;

use crate::inbound::Reading;
use crate::table::system;

use super::text;

/// A code that means something in FHIR, with its system.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub(crate) struct Meaning {
    pub(crate) code: &'static str,
    pub(crate) display: &'static str,
    pub(crate) system: &'static str,
}

impl Meaning {
    pub(crate) fn coding(self) -> Coding {
        coding(self.system, self.code, self.display)
    }

    pub(crate) fn concept(self) -> CodeableConcept {
        CodeableConcept {
            coding: vec![self.coding()],
            ..CodeableConcept::default()
        }
    }
}

/// A coding that we write ourselves.
pub(crate) fn coding(system: &str, code: &str, display: &str) -> Coding {
    Coding {
        system: Some(system.into()),
        code: Some(code.into()),
        display: (!display.is_empty()).then(|| display.into()),
        ..Coding::default()
    }
}

/// A code as it was sent, of a table of v2.
pub(crate) fn sent(table: &str, code: &str) -> CodeableConcept {
    CodeableConcept {
        coding: vec![coding(&system::v2_table(table), code, "")],
        ..CodeableConcept::default()
    }
}

/// What was sent, as it was sent: each triplet a coding, CWE.9 the text. `table` is the v2 table of
/// the field (`0004`), for a code that names no system of its own.
pub(crate) fn concept(
    cwe: Cwe<'_>,
    table: Option<&str>,
    reading: &Reading<'_>,
) -> Option<CodeableConcept> {
    mapped(None, cwe, table, reading)
}

/// What was sent, without what the profile says of it.
fn as_sent(cwe: Cwe<'_>, table: Option<&str>, reading: &Reading<'_>) -> Option<CodeableConcept> {
    let coding = codings(cwe, table, reading);
    let text = text::text(&cwe.original_text()).or_else(|| words(cwe, &coding));
    if coding.is_empty() && text.is_none() {
        return None;
    }
    Some(CodeableConcept {
        coding,
        text: text.map(Into::into),
        ..CodeableConcept::default()
    })
}

/// The words of a value that has no code.
fn words(cwe: Cwe<'_>, coding: &[Coding]) -> Option<String> {
    if !coding.is_empty() {
        return None;
    }
    text::text(&cwe.display()).or_else(|| text::text(&cwe.alternate_display()))
}

/// What was sent, with its meaning in FHIR in front of it: that of the profile's table, else the given one.
pub(crate) fn mapped(
    meaning: Option<Meaning>,
    cwe: Cwe<'_>,
    table: Option<&str>,
    reading: &Reading<'_>,
) -> Option<CodeableConcept> {
    let sent = as_sent(cwe, table, reading);
    let agreed = table
        .filter(|_| reading.profile().has_tables())
        .and_then(|table| reading.meaning(table, &cwe.code()));
    let Some(meaning) = agreed.or(meaning) else {
        return sent;
    };
    let mut concept = sent.unwrap_or_default();
    let is_sent = |coding: &Coding| {
        coding.system.as_ref().and_then(|uri| uri.value.as_deref()) == Some(meaning.system)
            && coding.code.as_ref().and_then(|code| code.value.as_deref()) == Some(meaning.code)
    };
    if !concept.coding.iter().any(is_sent) {
        concept.coding.insert(0, meaning.coding());
    }
    Some(concept)
}

/// The triplets that have a code.
pub(crate) fn codings(cwe: Cwe<'_>, table: Option<&str>, reading: &Reading<'_>) -> Vec<Coding> {
    let coding = |(at, sent): (usize, hl7v2::datatype::Coding<'_>)| {
        let code = text::code(&sent.code)?;
        let default = table.filter(|_| at == 0);
        Some(Coding {
            system: system::uri(&sent.system, &sent.system_oid, default, reading).map(Into::into),
            version: text::text(&sent.version).map(Into::into),
            code: Some(code.into()),
            display: text::text(&sent.display).map(Into::into),
            ..Coding::default()
        })
    };
    cwe.codings().enumerate().filter_map(coding).collect()
}

/// A concept of words alone.
pub(crate) fn worded(words: &str) -> Option<CodeableConcept> {
    let text = text::text(words)?;
    Some(CodeableConcept {
        text: Some(text.into()),
        ..CodeableConcept::default()
    })
}
