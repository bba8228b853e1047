//! Where people live and where they are.

use super::{Dr, Dtm, DtmError, Ei, Hd, composite::view};

view! {
    /// SAD: the street line of an address.
    Sad
    texts {
        /// SAD.1: the whole line.
        line = 1;
        /// SAD.2.
        street_name = 2;
        /// SAD.3.
        dwelling_number = 3;
    }
    views {}
}

view! {
    /// XAD (AD): an address.
    Xad
    texts {
        /// XAD.2: second line.
        other_designation = 2;
        /// XAD.3.
        city = 3;
        /// XAD.4.
        state = 4;
        /// XAD.5.
        postal_code = 5;
        /// XAD.6.
        country = 6;
        /// XAD.7: table 0190.
        type_code = 7;
        /// XAD.8.
        other_geographic = 8;
        /// XAD.9.
        county = 9;
        /// XAD.10.
        census_tract = 10;
        /// XAD.11: table 0465.
        representation = 11;
    }
    views {
        /// XAD.1.
        street: Sad = 1;
        /// XAD.12, kept for old senders.
        validity: Dr = 12;
    }
}

impl Xad<'_> {
    /// XAD.13; `None` if empty.
    pub fn effective(self) -> Option<Result<Dtm, DtmError>> {
        Dtm::parse_part(&self.text(13))
    }

    /// XAD.14; `None` if empty.
    pub fn expiration(self) -> Option<Result<Dtm, DtmError>> {
        Dtm::parse_part(&self.text(14))
    }
}

view! {
    /// PL: where a patient is, from the nursing unit down to the bed.
    Pl
    texts {
        /// PL.2.
        room = 2;
        /// PL.3.
        bed = 3;
        /// PL.5.
        status = 5;
        /// PL.6: table 0305.
        person_location_type = 6;
        /// PL.9.
        description = 9;
    }
    views {
        /// PL.1.
        point_of_care: Hd = 1;
        /// PL.2 with its authority.
        room_hd: Hd = 2;
        /// PL.3 with its authority.
        bed_hd: Hd = 3;
        /// PL.4.
        facility: Hd = 4;
        /// PL.7.
        building: Hd = 7;
        /// PL.8.
        floor: Hd = 8;
        /// PL.10.
        comprehensive_id: Ei = 10;
        /// PL.11.
        authority: Hd = 11;
    }
}
