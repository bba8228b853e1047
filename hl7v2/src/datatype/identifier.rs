//! Identifiers and who assigned them.

use super::{Cwe, Dtm, DtmError, composite::view};

view! {
    /// HD: an assigning authority, application or facility.
    Hd
    texts {
        /// HD.1: a local name.
        namespace = 1;
        /// HD.2: an OID, UUID, DNS name, URI.
        universal_id = 2;
        /// HD.3: `ISO`, `UUID`, `DNS`, `URI` ...
        universal_id_type = 3;
    }
    views {}
}

view! {
    /// EI: an identifier of a thing.
    Ei
    texts {
        /// EI.1.
        id = 1;
        /// EI.2.
        namespace = 2;
        /// EI.3.
        universal_id = 3;
        /// EI.4.
        universal_id_type = 4;
    }
    views {}
}

view! {
    /// CX (CK): an identifier of a person, visit or account.
    Cx
    texts {
        /// CX.1.
        id = 1;
        /// CX.2.
        check_digit = 2;
        /// CX.3.
        check_digit_scheme = 3;
        /// CX.5: table 0203.
        type_code = 5;
    }
    views {
        /// CX.4.
        authority: Hd = 4;
        /// CX.6.
        facility: Hd = 6;
        /// CX.9.
        jurisdiction: Cwe = 9;
        /// CX.10.
        department: Cwe = 10;
    }
}

impl Cx<'_> {
    /// CX.7: valid from; `None` if empty.
    pub fn effective(self) -> Option<Result<Dtm, DtmError>> {
        Dtm::parse_part(&self.text(7))
    }

    /// CX.8: valid until; `None` if empty.
    pub fn expiration(self) -> Option<Result<Dtm, DtmError>> {
        Dtm::parse_part(&self.text(8))
    }
}
