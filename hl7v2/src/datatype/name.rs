//! Names of persons and organizations.

use super::{Cwe, Dr, Dtm, DtmError, Hd, composite::view};

view! {
    /// FN: a family name and what it is made of.
    FamilyName
    texts {
        /// FN.1: the family name.
        surname = 1;
        /// FN.2: prefix of the person's own surname.
        own_prefix = 2;
        /// FN.3: the person's own surname.
        own_surname = 3;
        /// FN.4: prefix of the partner's surname.
        partner_prefix = 4;
        /// FN.5: the partner's surname.
        partner_surname = 5;
    }
    views {}
}

view! {
    /// XPN (PN): a person's name.
    Xpn
    texts {
        /// XPN.2.
        given = 2;
        /// XPN.3: second and further given names, in one text.
        further_given = 3;
        /// XPN.4.
        suffix = 4;
        /// XPN.5.
        prefix = 5;
        /// XPN.6.
        degree = 6;
        /// XPN.7: table 0200.
        type_code = 7;
        /// XPN.8: table 0465.
        representation = 8;
        /// XPN.11.
        assembly_order = 11;
        /// XPN.14.
        professional_suffix = 14;
        /// XPN.15.
        called_by = 15;
    }
    views {
        /// XPN.1.
        family: FamilyName = 1;
        /// XPN.9.
        context: Cwe = 9;
        /// XPN.10, kept for old senders.
        validity: Dr = 10;
    }
}

impl Xpn<'_> {
    /// XPN.12; `None` if empty.
    pub fn effective(self) -> Option<Result<Dtm, DtmError>> {
        Dtm::parse_part(&self.text(12))
    }

    /// XPN.13; `None` if empty.
    pub fn expiration(self) -> Option<Result<Dtm, DtmError>> {
        Dtm::parse_part(&self.text(13))
    }
}

view! {
    /// XCN (CN): a person with an identifier, such as an attending doctor.
    Xcn
    texts {
        /// XCN.1.
        id = 1;
        /// XCN.3.
        given = 3;
        /// XCN.4: second and further given names, in one text.
        further_given = 4;
        /// XCN.5.
        suffix = 5;
        /// XCN.6.
        prefix = 6;
        /// XCN.7.
        degree = 7;
        /// XCN.8: table 0297.
        source_table = 8;
        /// XCN.10: table 0200.
        type_code = 10;
        /// XCN.11.
        check_digit = 11;
        /// XCN.12.
        check_digit_scheme = 12;
        /// XCN.13: table 0203.
        id_type_code = 13;
        /// XCN.15.
        representation = 15;
        /// XCN.18.
        assembly_order = 18;
        /// XCN.21.
        professional_suffix = 21;
    }
    views {
        /// XCN.2.
        family: FamilyName = 2;
        /// XCN.9.
        authority: Hd = 9;
        /// XCN.14.
        facility: Hd = 14;
        /// XCN.16.
        context: Cwe = 16;
        /// XCN.17.
        validity: Dr = 17;
        /// XCN.22.
        jurisdiction: Cwe = 22;
        /// XCN.23.
        department: Cwe = 23;
    }
}

impl Xcn<'_> {
    /// XCN.19; `None` if empty.
    pub fn effective(self) -> Option<Result<Dtm, DtmError>> {
        Dtm::parse_part(&self.text(19))
    }

    /// XCN.20; `None` if empty.
    pub fn expiration(self) -> Option<Result<Dtm, DtmError>> {
        Dtm::parse_part(&self.text(20))
    }
}

view! {
    /// XON: an organization with an identifier.
    Xon
    texts {
        /// XON.1.
        name = 1;
        /// XON.2: table 0204.
        name_type_code = 2;
        /// XON.3: the identifier of old senders.
        id_number = 3;
        /// XON.4.
        check_digit = 4;
        /// XON.5.
        check_digit_scheme = 5;
        /// XON.7: table 0203.
        id_type_code = 7;
        /// XON.9.
        representation = 9;
        /// XON.10: the identifier.
        identifier = 10;
    }
    views {
        /// XON.6.
        authority: Hd = 6;
        /// XON.8.
        facility: Hd = 8;
    }
}

impl<'m> Xon<'m> {
    /// XON.10, else XON.3, which it replaced in v2.5.
    pub fn id(self) -> std::borrow::Cow<'m, str> {
        let identifier = self.identifier();
        if identifier.is_empty() {
            self.id_number()
        } else {
            identifier
        }
    }
}
