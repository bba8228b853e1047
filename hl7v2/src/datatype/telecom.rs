//! Telephone numbers and the like.

use super::{Dtm, DtmError, composite::view};

view! {
    /// XTN (TN): a way to reach somebody.
    Xtn
    texts {
        /// XTN.1: the number as one text, before v2.7.
        number = 1;
        /// XTN.2: table 0201.
        use_code = 2;
        /// XTN.3: table 0202.
        equipment = 3;
        /// XTN.4: e-mail or other address.
        address = 4;
        /// XTN.5.
        country_code = 5;
        /// XTN.6.
        area_code = 6;
        /// XTN.7.
        local_number = 7;
        /// XTN.8.
        extension = 8;
        /// XTN.9.
        any_text = 9;
        /// XTN.10.
        extension_prefix = 10;
        /// XTN.11.
        speed_dial = 11;
        /// XTN.12: the number as one text, since v2.7.
        unformatted = 12;
        /// XTN.18: 1 is tried first.
        preference = 18;
    }
    views {}
}

impl Xtn<'_> {
    /// XTN.13; `None` if empty.
    pub fn effective(self) -> Option<Result<Dtm, DtmError>> {
        Dtm::parse_part(&self.text(13))
    }

    /// XTN.14; `None` if empty.
    pub fn expiration(self) -> Option<Result<Dtm, DtmError>> {
        Dtm::parse_part(&self.text(14))
    }
}
