//! XCN, CN → Practitioner, as an entity of its own that others refer to.

use fhirbolt::model::r4::resources::{Practitioner, PractitionerQualification};
use fhirbolt::model::r4::types::{Address, HumanName, Identifier, Reference};
use hl7v2::Repetition;
use hl7v2::datatype::Xcn;
use model::{IdentityKind, SourceIdentity};

use crate::facts::Place;
use crate::identity;
use crate::inbound::{EntityKind, Reading, Sort, Voice};
use crate::json;

use super::xon::refer;
use super::xpn::{self, Parts};
use super::{cwe, cx, hd, text};

const IDENTIFIER: Place = Place::new("XCN", 1);
const NAME: Place = Place::new("XCN", 2);
const QUALIFICATION: Place = Place::new("XCN", 7);
const ADDRESS: Place = Place::new("XAD", 1);

/// A reference to the person, about whom is said what the field says. Most messages name the same few
/// people in many fields: the same bytes are read once.
pub(crate) fn reference(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<Reference> {
    reading.named(Sort::Person, sent.raw(), || read(Xcn::new(sent), reading))
}

/// The person, with an address that stands in another field.
pub(crate) fn addressed(
    sent: Repetition<'_>,
    address: Vec<Address>,
    reading: &Reading<'_>,
) -> Option<Reference> {
    let person = reference(sent, reading)?;
    if address.is_empty() {
        return Some(person);
    }
    let xcn = Xcn::new(sent);
    let shown = name(xcn, reading).as_ref().and_then(shown);
    let id = text::text(&xcn.id());
    let identity = source_identity(xcn, id.as_deref(), shown.as_deref(), reading)?;
    let mut voice = Voice::unidentified(reading, EntityKind::Practitioner, identity);
    let practitioner = Practitioner {
        address,
        ..Practitioner::default()
    };
    voice.state(ADDRESS, json::fragment(&practitioner));
    voice.close();
    Some(person)
}

fn read(xcn: Xcn<'_>, reading: &Reading<'_>) -> Option<Reference> {
    let name = name(xcn, reading);
    named(xcn, name, reading)
}

/// CNN, which has no type of its name and another place for its authority.
pub(crate) fn short(cnn: Xcn<'_>, reading: &Reading<'_>) -> Option<Reference> {
    let parts = Parts {
        family: cnn.family(),
        given: [cnn.text(3), cnn.text(4)],
        suffixes: [cnn.text(5), cnn.text(7), "".into()],
        prefix: cnn.text(6),
        type_code: "".into(),
        validity: ["".into(), "".into()],
    };
    named(cnn, xpn::of_parts(&parts, reading), reading)
}

fn named(xcn: Xcn<'_>, name: Option<HumanName>, reading: &Reading<'_>) -> Option<Reference> {
    let id = text::text(&xcn.id());
    let display = name.as_ref().and_then(shown);
    let is_identified = id.is_some();
    let identity = source_identity(xcn, id.as_deref(), display.as_deref(), reading)?;
    let kind = EntityKind::Practitioner;
    let mut voice = if is_identified {
        Voice::new(reading, kind, identity)
    } else {
        Voice::unidentified(reading, kind, identity)
    };
    if let Some(id) = id {
        let practitioner = Practitioner {
            identifier: vec![identifier(xcn, id, reading)],
            ..Practitioner::default()
        };
        voice.state(IDENTIFIER, json::fragment(&practitioner));
    }
    if let Some(name) = name {
        let practitioner = Practitioner {
            name: vec![name],
            ..Practitioner::default()
        };
        voice.state(NAME, json::fragment(&practitioner));
    }
    qualified(&xcn.degree(), &mut voice, reading);
    let reference = refer("Practitioner", voice.entity.0, display);
    voice.close();
    Some(reference)
}

/// XCN.7: what the person may do, in the words of table 0360, which senders use freely.
fn qualified(degree: &str, voice: &mut Voice<'_, '_>, reading: &Reading<'_>) {
    let Some(code) = text::code(degree) else {
        return;
    };
    let agreed = reading.meaning("0360", &code).map(cwe::Meaning::concept);
    let degree = agreed.unwrap_or_else(|| cwe::sent("0360", &code));
    let practitioner = Practitioner {
        qualification: vec![PractitionerQualification {
            code: Box::new(degree),
            ..PractitionerQualification::default()
        }],
        ..Practitioner::default()
    };
    voice.state(QUALIFICATION, json::fragment(&practitioner));
}

fn identifier(xcn: Xcn<'_>, id: String, reading: &Reading<'_>) -> Identifier {
    let kind = text::code(&xcn.id_type_code());
    let system = if kind.as_deref() == Some("NPI") {
        Some(cx::US_NPI.to_owned())
    } else {
        hd::system(xcn.authority(), reading).or_else(|| hd::sender_system(reading))
    };
    Identifier {
        extension: cx::checked(&xcn.check_digit(), &xcn.check_digit_scheme()),
        system: system.map(Into::into),
        value: Some(id.into()),
        r#type: kind.map(|kind| Box::new(cx::typed(&kind))),
        ..Identifier::default()
    }
}

fn name(xcn: Xcn<'_>, reading: &Reading<'_>) -> Option<HumanName> {
    let parts = Parts {
        family: xcn.family(),
        given: [xcn.given(), xcn.further_given()],
        suffixes: [xcn.suffix(), xcn.degree(), xcn.professional_suffix()],
        prefix: xcn.prefix(),
        type_code: xcn.type_code(),
        validity: xpn::validity([xcn.text(19), xcn.text(20)], xcn.validity()),
    };
    xpn::of_parts(&parts, reading)
}

/// A name as one text.
pub(crate) fn shown(name: &HumanName) -> Option<String> {
    let value = |part: &fhirbolt::model::r4::types::String| part.value.clone();
    let parts = name
        .prefix
        .iter()
        .chain(&name.given)
        .chain(&name.family)
        .chain(&name.suffix);
    let words: Vec<String> = parts.filter_map(value).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// By identifier and authority (an NPI by itself: it is one person everywhere), else by name under the
/// sender.
fn source_identity(
    xcn: Xcn<'_>,
    id: Option<&str>,
    shown: Option<&str>,
    reading: &Reading<'_>,
) -> Option<SourceIdentity> {
    let type_code = xcn.id_type_code().trim().to_owned();
    let (authority, value) = match (id, shown) {
        (Some(id), _) if type_code == "NPI" => (cx::US_NPI.to_owned(), id.to_owned()),
        (Some(id), _) => {
            let own = identity::authority(xcn.authority());
            (own.unwrap_or_else(|| reading.sender()), id.to_owned())
        }
        (None, Some(name)) => (reading.sender(), format!("name:{name}")),
        (None, None) => return None,
    };
    Some(SourceIdentity {
        kind: IdentityKind::Practitioner,
        authority,
        type_code,
        value,
    })
}
