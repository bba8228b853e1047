//! OBX → Observation.

mod value;

use fhirbolt::model::r4::resources::{
    Observation, ObservationComponent, ObservationEffective, ObservationReferenceRange,
};
use fhirbolt::model::r4::types::{Code, CodeableConcept, Reference};
use hl7v2::datatype::{Cwe, Ei};

use crate::datatype::{cwe, cx, dtm, text, xcn};
use crate::inbound::{Seg, Voice, valued};
use crate::json;
use crate::table::clinical::OBSERVATION_STATUS;
use crate::table::{find, system};

/// What an observation is of.
#[derive(Clone, Default)]
pub(super) struct About {
    pub(super) subject: Option<Reference>,
    pub(super) encounter: Option<Reference>,
}

/// States what OBX says. Later messages find the same observation by OBX-21, else by OBX-3 and OBX-4.
pub(super) fn state(obx: &Seg<'_>, about: &About, nth: usize, owner: &mut Voice<'_, '_>) {
    obx.skip(&[1, 2]);
    let Some(name) = name(obx, nth) else { return };
    owner.turn_to_part("Observation", &name);
    let status = find(OBSERVATION_STATUS, obx.field(11).text().trim()).unwrap_or("unknown");
    let constant = Observation {
        status: status.into(),
        subject: about.subject.clone().map(Box::new),
        encounter: about.encounter.clone().map(Box::new),
        ..blank()
    };
    owner.state(obx.place(0), json::fragment(&constant));
    what(obx, owner);
    result(obx, status, owner);
    circumstances(obx, owner);
}

fn blank() -> Observation {
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
    owner.one(obx, 21, |sent| {
        let identifier = vec![cx::entity_identifier(Ei::new(sent), reading)?];
        Some(Observation {
            identifier,
            ..blank()
        })
    });
}

/// OBX-5 with its type and unit. Several values are components of one observation.
fn result(obx: &Seg<'_>, status: &'static str, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let kind = obx.field(2).text();
    let unit = obx.field(6).first();
    let code = cwe::concept(Cwe::new(obx.field(3).first()), None, reading);
    owner.whole(obx, 5, |field| {
        let is_text = matches!(kind.trim(), "TX" | "FT" | "ST" | "");
        let values: Vec<_> = valued(field).collect();
        match values.as_slice() {
            [] => None,
            [only] => value::of(kind.trim(), *only, unit, reading).map(|value| Observation {
                value: Some(value),
                ..blank()
            }),
            many if is_text => Some(Observation {
                value: value::lines(many),
                ..blank()
            }),
            many => {
                let component = |sent: &hl7v2::Repetition<'_>| {
                    let value = value::of(kind.trim(), *sent, unit, reading)?;
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
    if obx.field(5).is_empty() && status == "cancelled" {
        let absent = value::absent("not-performed", "Not Performed");
        let observation = Observation {
            data_absent_reason: Some(Box::new(absent)),
            ..blank()
        };
        owner.state(obx.place(5), json::fragment(&observation));
    }
    owner.one(obx, 7, |sent| {
        let range = ObservationReferenceRange {
            text: Some(text::text(&sent.full_text())?.into()),
            ..value::range(&sent.text(), unit)
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

/// The codes of table 0078 are those of v3-ObservationInterpretation.
fn interpreted(mut concept: CodeableConcept) -> CodeableConcept {
    for coding in &mut concept.coding {
        let uri = coding.system.as_ref().and_then(|uri| uri.value.as_deref());
        if uri.is_none() || uri == Some(system::v2_table("0078").as_ref()) {
            let v3 = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
            coding.system = Some(v3.into());
        }
    }
    concept
}

fn circumstances(obx: &Seg<'_>, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    owner.one(obx, 14, |sent| {
        let at = ObservationEffective::DateTime(dtm::date_time(&sent.text(), reading)?);
        Some(Observation {
            effective: Some(at),
            ..blank()
        })
    });
    owner.each(
        obx,
        16,
        |sent| xcn::reference(sent, reading),
        |performer| Observation {
            performer,
            ..blank()
        },
    );
    owner.one(obx, 17, |sent| {
        let method = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(Observation {
            method: Some(Box::new(method)),
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
}

/// What names the observation within its visit.
fn name(obx: &Seg<'_>, nth: usize) -> Option<String> {
    if let Some(id) = text::text(&obx.field(21).text()) {
        return Some(format!("id|{id}"));
    }
    let sent = Cwe::new(obx.field(3).first());
    let code = text::text(&sent.code()).or_else(|| text::text(&sent.display()))?;
    let name = format!(
        "{code}|{}|{}",
        sent.system().trim(),
        obx.field(4).text().trim()
    );
    Some(if nth == 0 {
        name
    } else {
        format!("{name}|{nth}")
    })
}
