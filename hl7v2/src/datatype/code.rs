//! Coded values.

use std::borrow::Cow;

use super::composite::view;

view! {
    /// CWE, CNE, CE, CF: up to three codes for one meaning, and the words.
    Cwe
    texts {
        /// CWE.1.
        code = 1;
        /// CWE.2: the display of the code.
        display = 2;
        /// CWE.3: the code system.
        system = 3;
        /// CWE.4.
        alternate_code = 4;
        /// CWE.5.
        alternate_display = 5;
        /// CWE.6.
        alternate_system = 6;
        /// CWE.7: version of the first code system.
        version = 7;
        /// CWE.8: version of the alternate code system.
        alternate_version = 8;
        /// CWE.9: what was said before anybody coded it.
        original_text = 9;
    }
    views {}
}

/// One code of a coded value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Coding<'m> {
    /// The code; may be empty when only words were sent.
    pub code: Cow<'m, str>,
    /// The words for it.
    pub display: Cow<'m, str>,
    /// The name of the code system (table 0396).
    pub system: Cow<'m, str>,
    /// The version of the code system.
    pub version: Cow<'m, str>,
    /// The OID of the code system (since v2.7).
    pub system_oid: Cow<'m, str>,
}

impl<'m> Cwe<'m> {
    /// The triplets of which anything was sent, in order.
    pub fn codings(self) -> impl Iterator<Item = Coding<'m>> {
        // Code, display, system, version, OID of the three triplets (v2.9 ch. 2A.2.13).
        [[1, 2, 3, 7, 14], [4, 5, 6, 8, 17], [10, 11, 12, 13, 20]]
            .into_iter()
            .filter(move |[code, display, ..]| {
                !self.text(*code).is_empty() || !self.text(*display).is_empty()
            })
            .map(move |[code, display, system, version, oid]| Coding {
                code: self.text(code),
                display: self.text(display),
                system: self.text(system),
                version: self.text(version),
                system_oid: self.text(oid),
            })
    }
}
