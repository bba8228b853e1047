//! XON → Organization, as an entity of its own that others refer to.

use fhirbolt::model::r4::resources::{Organization, OrganizationContact};
use fhirbolt::model::r4::types::{Address, CodeableConcept, ContactPoint, Identifier, Reference};
use hl7v2::datatype::{Cwe, Cx, Hd, Xad, Xon, Xpn, Xtn};
use model::{IdentityKind, SourceIdentity};

use crate::facts::Place;
use crate::identity;
use crate::inbound::{EntityKind, Reading, Seg, Voice};
use crate::json;
use crate::table::system;

use super::{cx, hd, text, xad, xpn, xtn};

const NAME: Place = Place::new("XON", 1);
const IDENTIFIER: Place = Place::new("XON", 10);

const ADDRESS: Place = Place::new("XAD", 1);
const TELECOM: Place = Place::new("XTN", 1);
const KIND: Place = Place::new("XON", 2);
const NUMBER: Place = Place::new("XON", 3);

/// A reference to the organization, about which is said what the field says.
pub(crate) fn reference(xon: Xon<'_>, reading: &Reading<'_>) -> Option<Reference> {
    reached(xon, Reach::default(), reading)
}

/// Where an organization is, when that stands in other fields.
#[derive(Default)]
pub(crate) struct Reach {
    pub(crate) address: Vec<Address>,
    pub(crate) telecom: Vec<ContactPoint>,
    pub(crate) kind: Vec<CodeableConcept>,
    pub(crate) identifier: Vec<Identifier>,
}

/// CWE that names an organization: code and words.
pub(crate) fn of_code(sent: Cwe<'_>, reading: &Reading<'_>) -> Option<Reference> {
    let code = text::code(&sent.code());
    let words = text::text(&sent.display()).or_else(|| text::text(&sent.original_text()));
    let name = words.or_else(|| code.clone())?;
    let system = system::uri(&sent.system(), &sent.text(14), None, reading);
    let identity = SourceIdentity {
        kind: IdentityKind::Organization,
        authority: system.clone().unwrap_or_else(|| reading.sender()),
        type_code: String::new(),
        value: code.clone().unwrap_or_else(|| format!("name:{name}")),
    };
    let mut voice = Voice::unidentified(reading, EntityKind::Organization, identity);
    let identifier = code.map(|code| Identifier {
        system: system
            .or_else(|| hd::sender_system(reading))
            .map(Into::into),
        value: Some(code.into()),
        ..Identifier::default()
    });
    let organization = Organization {
        identifier: identifier.into_iter().collect(),
        name: Some(name.as_str().into()),
        ..Organization::default()
    };
    voice.state(NAME, json::fragment(&organization));
    let reference = refer("Organization", voice.entity.0, Some(name));
    voice.close();
    Some(reference)
}

/// A reference to the organization, with what other fields say of it.
pub(crate) fn reached(xon: Xon<'_>, reach: Reach, reading: &Reading<'_>) -> Option<Reference> {
    let name = text::text(&xon.name());
    let id = text::text(&xon.id());
    let is_identified = id.is_some();
    let identity = source_identity(xon, name.as_deref(), id.as_deref(), reading)?;
    let kind = EntityKind::Organization;
    let mut voice = if is_identified {
        Voice::new(reading, kind, identity)
    } else {
        Voice::unidentified(reading, kind, identity)
    };
    if let Some(id) = id {
        let system = hd::system(xon.authority(), reading).or_else(|| hd::sender_system(reading));
        let identifier = Identifier {
            extension: cx::checked(&xon.text(4), &xon.text(5)),
            system: system.map(Into::into),
            value: Some(id.into()),
            r#type: text::code(&xon.id_type_code()).map(|kind| Box::new(cx::typed(&kind))),
            ..Identifier::default()
        };
        let organization = Organization {
            identifier: vec![identifier],
            ..Organization::default()
        };
        voice.state(IDENTIFIER, json::fragment(&organization));
    }
    if let Some(name) = &name {
        let organization = Organization {
            name: Some(name.as_str().into()),
            ..Organization::default()
        };
        voice.state(NAME, json::fragment(&organization));
    }
    located(reach, &mut voice);
    let reference = refer("Organization", voice.entity.0, name);
    voice.close();
    Some(reference)
}

/// What other fields say of the organization.
fn located(reach: Reach, voice: &mut Voice<'_, '_>) {
    let Reach {
        address,
        telecom,
        kind,
        identifier,
    } = reach;
    let address = address.into_iter().map(xad::of_organization).collect();
    let telecom = telecom.into_iter().map(xtn::of_organization).collect();
    let blank = Organization::default;
    let said = [
        (ADDRESS, Organization { address, ..blank() }),
        (TELECOM, Organization { telecom, ..blank() }),
        (
            KIND,
            Organization {
                r#type: kind,
                ..blank()
            },
        ),
        (
            NUMBER,
            Organization {
                identifier,
                ..blank()
            },
        ),
    ];
    for (place, organization) in said {
        voice.state(place, json::fragment(&organization));
    }
}

/// An organization of which only an HD is known.
pub(crate) fn of_hd(hd: Hd<'_>, reading: &Reading<'_>) -> Option<Reference> {
    let name = text::text(&hd.namespace()).or_else(|| text::text(&hd.universal_id()))?;
    let value = identity::authority(hd)?;
    Some(stand_in(
        format!("hd:{value}"),
        name,
        hd::system(hd, reading),
        reading,
    ))
}

/// `system` is the organization's own, as the one who assigns identifiers.
fn stand_in(
    value: String,
    name: String,
    system: Option<String>,
    reading: &Reading<'_>,
) -> Reference {
    let identity = SourceIdentity {
        kind: IdentityKind::Organization,
        authority: reading.sender(),
        type_code: String::new(),
        value,
    };
    let mut voice = Voice::unidentified(reading, EntityKind::Organization, identity);
    let identifier = system.filter(|system| system.starts_with("urn:oid:"));
    let organization = Organization {
        identifier: identifier
            .map(|oid| Identifier {
                system: Some("urn:ietf:rfc:3986".into()),
                value: Some(oid.into()),
                ..Identifier::default()
            })
            .into_iter()
            .collect(),
        name: Some(name.as_str().into()),
        ..Organization::default()
    };
    voice.state(NAME, json::fragment(&organization));
    let reference = refer("Organization", voice.entity.0, Some(name));
    voice.close();
    reference
}

/// The insurer of IN1-3, 4, 5 and 7.
pub(crate) fn insurer(in1: &Seg<'_>, reading: &Reading<'_>) -> Option<Reference> {
    let name = text::text(&Xon::new(in1.field(4).first()).name());
    let id = identity::valued(in1.field(3)).next();
    let stand_in = || SourceIdentity {
        kind: IdentityKind::Organization,
        authority: reading.sender(),
        type_code: String::new(),
        value: format!("name:{}", name.as_deref().unwrap_or_default()),
    };
    let kind = EntityKind::Organization;
    let mut voice = match id {
        Some(id) => {
            let own = identity::authority(id.authority());
            let identity = SourceIdentity {
                kind: IdentityKind::Organization,
                authority: own.unwrap_or_else(|| reading.sender()),
                type_code: id.type_code().trim().to_owned(),
                value: id.id().trim().to_owned(),
            };
            Voice::new(reading, kind, identity)
        }
        None if name.is_some() => Voice::unidentified(reading, kind, stand_in()),
        None => return None,
    };
    voice.each(
        in1,
        3,
        |sent| cx::identifier(Cx::new(sent), None, reading),
        |identifier| Organization {
            identifier,
            ..Organization::default()
        },
    );
    if let Some(name) = &name {
        let organization = Organization {
            name: Some(name.as_str().into()),
            ..Organization::default()
        };
        voice.state(NAME, json::fragment(&organization));
    }
    insurer_reached(in1, &mut voice);
    let reference = refer("Organization", voice.entity.0, name);
    voice.close();
    Some(reference)
}

/// IN1-5, 6 and 7: how the insurer is reached.
fn insurer_reached(in1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.each(
        in1,
        5,
        |sent| xad::address(Xad::new(sent), reading).map(xad::of_organization),
        |address| Organization {
            address,
            ..Organization::default()
        },
    );
    voice.each(
        in1,
        7,
        |sent| xtn::contact(Xtn::new(sent), Some("work"), reading).map(xtn::of_organization),
        |telecom| Organization {
            telecom,
            ..Organization::default()
        },
    );
    voice.each(
        in1,
        6,
        |sent| xpn::name(Xpn::new(sent), reading),
        |names| Organization {
            contact: names
                .into_iter()
                .map(|name| OrganizationContact {
                    name: Some(Box::new(name)),
                    ..OrganizationContact::default()
                })
                .collect(),
            ..Organization::default()
        },
    );
}

/// By identifier and authority, else by name under the sender.
fn source_identity(
    xon: Xon<'_>,
    name: Option<&str>,
    id: Option<&str>,
    reading: &Reading<'_>,
) -> Option<SourceIdentity> {
    let (authority, value) = match (id, name) {
        (Some(id), _) => {
            let own = identity::authority(xon.authority());
            (own.unwrap_or_else(|| reading.sender()), id.to_owned())
        }
        (None, Some(name)) => (reading.sender(), format!("name:{name}")),
        (None, None) => return None,
    };
    Some(SourceIdentity {
        kind: IdentityKind::Organization,
        authority,
        type_code: xon.id_type_code().trim().to_owned(),
        value,
    })
}

/// A reference to a resource by its id.
pub(crate) fn refer(kind: &str, id: uuid::Uuid, display: Option<String>) -> Reference {
    let mut uri = String::with_capacity(kind.len() + 37);
    uri.push_str(kind);
    uri.push('/');
    identity::push_id(&mut uri, id);
    Reference {
        reference: Some(uri.into()),
        display: display.map(Into::into),
        ..Reference::default()
    }
}
