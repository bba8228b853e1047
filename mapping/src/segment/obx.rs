//! OBX → Observation.

mod circumstances;
mod value;

use std::collections::HashMap;

use fhirbolt::model::r4::resources::{
    Observation, ObservationComponent, ObservationReferenceRange,
};
use fhirbolt::model::r4::types::{Code, CodeableConcept, Extension, Reference};
use hl7v2::Segment;
use hl7v2::datatype::{Cwe, Ei};

use crate::datatype::{attachment, cwe, cx, text};
use crate::inbound::{Seg, Voice, valued};
use crate::json;
use crate::table::clinical::OBSERVATION_STATUS;
use crate::table::order::INTERPRETATION_OF_V2;
use crate::table::system;

pub(super) use circumstances::logical;
pub(super) use value::text_of;

use super::nte;

/// What an observation is of.
#[derive(Clone, Default)]
pub(super) struct About {
    pub(super) subject: Option<Reference>,
    pub(super) encounter: Option<Reference>,
    pub(super) specimen: Option<Reference>,
    /// The immunization that it belongs to.
    pub(super) part_of: Option<Reference>,
    pub(super) category: Option<CodeableConcept>,
    /// Whether a report presents the documents, so that they are only named here.
    pub(super) is_presented: bool,
}

/// One observation of a message.
#[derive(Default)]
pub(super) struct Rest<'r, 'm> {
    /// Further segments that go on with the text.
    pub(super) lines: &'r [Segment<'m>],
    /// The comments behind it.
    pub(super) notes: &'r [Segment<'m>],
    /// Its place among the results of a report.
    pub(super) order: Option<usize>,
}

/// The field that says in which order results stand; it is not part of a resource.
pub(crate) const ORDER: crate::facts::Place = crate::facts::Place::new("OBX", 1);

/// States what OBX says of the observation of that name.
pub(super) fn state(
    obx: &Seg<'_>,
    about: &About,
    name: &str,
    rest: &Rest<'_, '_>,
    owner: &mut Voice<'_, '_>,
) {
    obx.skip(&[1, 2]);
    owner.turn_to_part("Observation", name);
    let constant = Observation {
        part_of: about.part_of.clone().into_iter().collect(),
        category: about.category.clone().into_iter().collect(),
        subject: about.subject.clone().map(Box::new),
        encounter: about.encounter.clone().map(Box::new),
        specimen: about
            .specimen
            .clone()
            .filter(|_| obx.raw().field(33).is_empty())
            .map(Box::new),
        ..blank()
    };
    owner.state(obx.place(0), json::fragment(&constant));
    if let Some(order) = rest.order {
        let order = format!("{{\"at\":{order}}}");
        owner.state(ORDER, Some(order.into()));
    }
    what(obx, owner);
    status(obx, owner);
    if rest.lines.is_empty() {
        result(obx, about, owner);
    } else {
        long_text(obx, rest.lines, owner);
    }
    compared(obx, owner);
    circumstances::state(obx, owner);
    nte::state(rest.notes, owner, |note| Observation { note, ..blank() });
}

pub(super) fn blank() -> Observation {
    Observation {
        status: Code::default(),
        code: Box::new(CodeableConcept::default()),
        ..Observation::default()
    }
}

fn what(obx: &Seg<'_>, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    owner.one(obx, 3, |sent| {
        let code = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(Observation {
            code: Box::new(code),
            ..blank()
        })
    });
    owner.one(obx, 4, |sent| {
        Some(Observation {
            extension: vec![circumstances::sub_id(sent)?],
            ..blank()
        })
    });
    owner.one(obx, 21, |sent| {
        let identifier = vec![cx::typed_entity(Ei::new(sent), "FILL", reading)?];
        Some(Observation {
            identifier,
            ..blank()
        })
    });
}

/// OBX-11; OBX-31 deletes what was sent before.
fn status(obx: &Seg<'_>, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let is_deleted = obx.field(31).text().trim() == "D";
    owner.one(obx, 11, |sent| {
        let status = reading.code("0085", OBSERVATION_STATUS, sent.text().trim());
        if status.is_none() {
            reading.issue("not a status of table 0085");
        }
        Some(Observation {
            status: if is_deleted {
                "entered-in-error"
            } else {
                status?
            }
            .into(),
            ..blank()
        })
    });
}

/// OBX-5 with its type and unit. Several values are components of one observation.
fn result(obx: &Seg<'_>, about: &About, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let kind = obx.field(2).text();
    let kind = kind.trim();
    let unit = Cwe::new(obx.field(6).first());
    let code = cwe::concept(Cwe::new(obx.field(3).first()), None, reading);
    owner.whole(obx, 5, |field| {
        let is_text = matches!(kind, "TX" | "FT" | "ST" | "");
        let values: Vec<_> = valued(field).collect();
        if matches!(kind, "ED" | "RP") {
            let extension = values
                .iter()
                .filter_map(|sent| document(kind, *sent, about, reading))
                .collect();
            return Some(Observation {
                extension,
                ..blank()
            });
        }
        match values.as_slice() {
            [] => None,
            [only] => value::of(kind, *only, unit, reading).map(|value| Observation {
                value: Some(value),
                ..blank()
            }),
            many if is_text => Some(Observation {
                value: value::lines(many),
                ..blank()
            }),
            many if kind == "NA" => Some(Observation {
                value: value::samples(many, unit, reading),
                ..blank()
            }),
            many => {
                let component = |sent: &hl7v2::Repetition<'_>| {
                    let value = value::of(kind, *sent, unit, reading)?;
                    Some(ObservationComponent {
                        code: Box::new(code.clone().unwrap_or_default()),
                        value: Some(value::of_component(value)),
                        ..ObservationComponent::default()
                    })
                };
                let component = many.iter().filter_map(component).collect();
                Some(Observation {
                    component,
                    ..blank()
                })
            }
        }
    });
    if obx.field(5).is_empty() {
        absence(obx, owner);
    }
}

/// ED and RP: a document is R5's value, and in a report it is presented there.
fn document(
    kind: &str,
    sent: hl7v2::Repetition<'_>,
    about: &About,
    reading: &crate::inbound::Reading<'_>,
) -> Option<Extension> {
    let attachment = match kind {
        "ED" if about.is_presented => attachment::described(sent),
        "ED" => attachment::enclosed(sent, reading),
        _ => attachment::referred(sent),
    };
    attachment.map(attachment::value)
}

/// Why there is no value: OBX-32, else what the status means.
fn absence(obx: &Seg<'_>, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let sent = cwe::concept(Cwe::new(obx.field(32).first()), None, reading);
    let reason = sent.or_else(|| match obx.field(11).text().trim() {
        "X" => Some(value::absent("not-performed", "Not Performed")),
        "N" => Some(value::absent("not-asked", "Not Asked")),
        _ => None,
    });
    if let Some(reason) = reason {
        let observation = Observation {
            data_absent_reason: Some(Box::new(reason)),
            ..blank()
        };
        owner.state(obx.place(5), json::fragment(&observation));
    }
}

/// One text that several segments make, a line each.
fn long_text(obx: &Seg<'_>, lines: &[Segment<'_>], owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let mut text = value::text_of(obx.field(5));
    for line in lines {
        let line = Seg::new("OBX", *line);
        line.skip(&[1, 2, 3, 4]);
        text.push('\n');
        text.push_str(&value::text_of(line.field(5)));
        // What a line repeats of the first one is there already.
        for n in 6..=u8::try_from(line.raw().n_fields()).unwrap_or(u8::MAX) {
            if line.raw().field(n.into()).raw() == obx.raw().field(n.into()).raw() {
                line.skip(&[n]);
            }
        }
        line.close(reading);
    }
    if let Some(text) = text::text(text.trim_end()) {
        let observation = Observation {
            value: Some(value::words_of(text)),
            ..blank()
        };
        owner.state(obx.place(5), json::fragment(&observation));
    }
}

/// OBX-7 and OBX-8: what the value is held against.
fn compared(obx: &Seg<'_>, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let unit = Cwe::new(obx.field(6).first());
    owner.one(obx, 7, |sent| {
        let range = ObservationReferenceRange {
            text: Some(text::text(&sent.full_text())?.into()),
            ..value::range(&sent.text(), unit, reading)
        };
        Some(Observation {
            reference_range: vec![range],
            ..blank()
        })
    });
    owner.each(
        obx,
        8,
        |sent| cwe::concept(Cwe::new(sent), None, reading).map(interpreted),
        |interpretation| Observation {
            interpretation,
            ..blank()
        },
    );
}

/// The codes of table 0078 are those of v3-ObservationInterpretation, but for a few.
fn interpreted(mut concept: CodeableConcept) -> CodeableConcept {
    for coding in &mut concept.coding {
        let v2 = system::v2_table("0078");
        let uri = coding.system.as_ref().and_then(|uri| uri.value.as_deref());
        let code = coding.code.as_ref().and_then(|code| code.value.as_deref());
        let is_of_v2 = code.is_some_and(|code| INTERPRETATION_OF_V2.contains(&code));
        if uri.is_none_or(|uri| uri == v2) {
            let v3 = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
            coding.system = Some(if is_of_v2 { v2.as_str() } else { v3 }.into());
        }
    }
    concept
}

/// What names the observation among those of its owner: OBX-21, else OBX-3 and OBX-4. Later messages
/// find it by that.
pub(super) fn name(obx: &Segment<'_>) -> Option<String> {
    if let Some(id) = text::text(&obx.field(21).text()) {
        return Some(format!("id|{id}"));
    }
    let sent = Cwe::new(obx.field(3).first());
    let code = text::text(&sent.code())
        .or_else(|| text::text(&sent.display()))
        .or_else(|| text::text(&sent.alternate_code()))
        .or_else(|| text::text(&sent.original_text()))?;
    Some(format!(
        "{code}|{}|{}",
        sent.system().trim(),
        obx.field(4).text().trim()
    ))
}

/// The second observation of a name in one message is another one than the first.
pub(super) fn nth(
    name: String,
    owner: &Voice<'_, '_>,
    names: &mut HashMap<Vec<u8>, usize>,
) -> String {
    let key = [owner.entity.0.as_bytes(), name.as_bytes()].concat();
    let n_named = names.entry(key).or_default();
    *n_named += 1;
    match *n_named {
        1 => name,
        n => format!("{name}|{}", n - 1),
    }
}
