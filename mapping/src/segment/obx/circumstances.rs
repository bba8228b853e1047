//! OBX-10 and OBX-14 to OBX-33: when, where, how and by whom something was observed.

use fhirbolt::model::r4::resources::{Observation, ObservationEffective};
use fhirbolt::model::r4::types::{CodeableConcept, Extension, ExtensionValue, Reference};
use hl7v2::Repetition;
use hl7v2::datatype::{Cwe, Ei, Nm, Xad, Xon};

use crate::datatype::role::{self, Role};
use crate::datatype::xon::Reach;
use crate::datatype::{cwe, cx, dtm, ext, quantity, text, xad, xcn, xon};
use crate::inbound::{Seg, Voice, valued};
use crate::json;
use crate::table::system;

use super::blank;

const ANALYSIS: &str = "http://hl7.org/fhir/StructureDefinition/observation-analysis-date-time";
const NATURE: &str = "http://hl7.org/fhir/StructureDefinition/observation-nature-of-abnormal-test";
const STRUCTURE: &str = "http://hl7.org/fhir/StructureDefinition/observation-structure-type";
const SUB_ID: &str = "http://hl7.org/fhir/StructureDefinition/observation-v2-subid";
const SPECIMENS: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.specimen";

pub(super) fn state(obx: &Seg<'_>, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    owner.one(obx, 14, |sent| {
        let at = ObservationEffective::DateTime(dtm::date_time(&sent.text(), reading)?);
        Some(Observation {
            effective: Some(at),
            ..blank()
        })
    });
    owner.one(obx, 17, |sent| {
        let method = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(Observation {
            method: Some(Box::new(method)),
            ..blank()
        })
    });
    owner.one(obx, 18, |sent| {
        let device = logical("Device", cx::entity_identifier(Ei::new(sent), reading)?);
        Some(Observation {
            device: Some(Box::new(device)),
            ..blank()
        })
    });
    owner.one(obx, 20, |sent| {
        let site = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(Observation {
            body_site: Some(Box::new(site)),
            ..blank()
        })
    });
    performers(obx, owner);
    kinds(obx, owner);
    specimens(obx, owner);
}

fn performed(performer: Vec<Reference>) -> Observation {
    Observation {
        performer,
        ..blank()
    }
}

/// OBX-15, 16, 23, 24 and 25.
fn performers(obx: &Seg<'_>, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    owner.each(obx, 16, |sent| xcn::reference(sent, reading), performed);
    let address = obx.field(24).first();
    let organization = |sent: Repetition<'_>| {
        let key = [b"XON ", sent.raw(), b" XAD ", address.raw()].concat();
        reading.once(&key, || {
            let address = xad::address(Xad::new(address), reading);
            let reach = Reach {
                address: address.into_iter().collect(),
                ..Reach::default()
            };
            xon::reached(Xon::new(sent), reach, reading)
        })
    };
    owner.one(obx, 23, |sent| Some(performed(vec![organization(sent)?])));
    // The producer is the performing organization, which OBX-23 says better.
    if obx.field(23).is_empty() {
        owner.one(obx, 15, |sent| {
            let key = [b"CWE ", sent.raw()].concat();
            let producer = reading.once(&key, || xon::of_code(Cwe::new(sent), reading))?;
            Some(performed(vec![producer]))
        });
    } else {
        obx.skip(&[15]);
    }
    owner.one(obx, 25, |sent| {
        let name = obx.field(23).first();
        let role = Role {
            person: xcn::reference(sent, reading),
            organization: organization(name),
            code: Some(DIRECTOR.concept()),
            ..Role::default()
        };
        Some(performed(vec![role::reference(role, reading)?]))
    });
}

const DIRECTOR: cwe::Meaning = cwe::Meaning {
    code: "MDIR",
    display: "Medical Director",
    system: "http://terminology.hl7.org/CodeSystem/v2-0912",
};

/// OBX-10, 19, 29 and 30: what kind of observation it is.
fn kinds(obx: &Seg<'_>, owner: &mut Voice<'_, '_>) {
    let extended = |extension: Vec<Extension>| Observation {
        extension,
        ..blank()
    };
    let coded = |url, sent: Repetition<'_>, table| {
        let concept = of_table(sent, table)?;
        let value = ExtensionValue::CodeableConcept(Box::new(concept));
        Some(ext::valued(url, value))
    };
    let reading = owner.reading;
    owner.each(obx, 10, |sent| coded(NATURE, sent, "0080"), extended);
    owner.one(obx, 19, |sent| {
        let at = dtm::date_time(&sent.text(), reading)?;
        let value = ExtensionValue::DateTime(at);
        Some(extended(vec![ext::valued(ANALYSIS, value)]))
    });
    owner.one(obx, 29, |sent| {
        let category = vec![of_table(sent, "0936")?];
        Some(Observation {
            category,
            ..blank()
        })
    });
    owner.one(obx, 30, |sent| {
        Some(extended(vec![coded(STRUCTURE, sent, "0937")?]))
    });
}

/// A code of a v2 table.
fn of_table(sent: Repetition<'_>, table: &str) -> Option<CodeableConcept> {
    let code = text::code(&sent.text())?;
    let system = system::v2_table(table);
    Some(CodeableConcept {
        coding: vec![cwe::coding(&system, &code, "")],
        ..CodeableConcept::default()
    })
}

/// OBX-33: one specimen is the observation's, several are R5's.
fn specimens(obx: &Seg<'_>, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let field = obx.field(33);
    let named = |sent: Repetition<'_>| {
        let names = cx::pair(sent, ["PGN", "FGN"], reading);
        Some(logical("Specimen", names.into_iter().next()?))
    };
    let mut references: Vec<Reference> = valued(field).filter_map(named).collect();
    let observation = match references.len() {
        0 => return,
        1 => Observation {
            specimen: references.pop().map(Box::new),
            ..blank()
        },
        _ => {
            let value = |reference| ExtensionValue::Reference(Box::new(reference));
            Observation {
                extension: references
                    .into_iter()
                    .map(|reference| ext::valued(SPECIMENS, value(reference)))
                    .collect(),
                ..blank()
            }
        }
    };
    owner.state(obx.place(33), json::fragment(&observation));
}

/// A reference to something of which only an identifier is known.
pub(crate) fn logical(
    kind: &'static str,
    identifier: fhirbolt::model::r4::types::Identifier,
) -> Reference {
    Reference {
        r#type: Some(kind.into()),
        identifier: Some(Box::new(identifier)),
        ..Reference::default()
    }
}

/// OBX-4: OG since v2.8.2, a text before.
pub(super) fn sub_id(sent: Repetition<'_>) -> Option<Extension> {
    let part = |n: usize| sent.component(n).text();
    let words = |url, n| Some(ext::words(url, text::text(&part(n))?));
    let number = |url, n| {
        let number = Nm::parse(part(n))?;
        let value = ExtensionValue::Decimal(quantity::decimal(&number));
        Some(ext::valued(url, value))
    };
    let parts: Vec<Extension> = [
        words("original-sub-identifier", 1),
        number("group", 2),
        number("sequence", 3),
        words("identifier", 4),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| ext::nested(SUB_ID, parts))
}
