//! SPM, SAC and what OBR says of a specimen → Specimen.

use fhirbolt::model::r4::resources::{
    Specimen, SpecimenCollection, SpecimenCollectionCollected, SpecimenCollectionFastingStatus,
    SpecimenContainer, SpecimenContainerAdditive,
};
use fhirbolt::model::r4::types::{
    Annotation, CodeableConcept, Identifier, Reference, String as FhirString,
};
use hl7v2::Repetition;
use hl7v2::datatype::{Cwe, Cx, Dr, Ei};

use crate::datatype::{cwe, cx, dtm, quantity, text, xcn};
use crate::inbound::{Reading, Seg, Voice, valued};
use crate::json;
use crate::table::find;
use crate::table::order::COLLECTION_METHOD;

use super::obr::is_fasting;
use super::obx::logical;

fn collected(collection: SpecimenCollection) -> Specimen {
    Specimen {
        collection: Some(collection),
        ..Specimen::default()
    }
}

/// States what SPM and the SACs below it say.
pub(super) fn state(spm: &Seg<'_>, containers: &[Seg<'_>], voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    spm.skip(&[1]);
    identifiers(spm, voice);
    voice.one(spm, 4, |sent| {
        let kind = cwe::concept(Cwe::new(sent), Some("0487"), reading)?;
        Some(Specimen {
            r#type: Some(Box::new(kind)),
            ..Specimen::default()
        })
    });
    collection(spm, voice);
    voice.each(
        spm,
        14,
        |sent| text::text(&sent.full_text()).map(noted),
        |note| Specimen {
            note,
            ..Specimen::default()
        },
    );
    voice.one(spm, 18, |sent| {
        Some(Specimen {
            received_time: dtm::date_time(&sent.text(), reading),
            ..Specimen::default()
        })
    });
    voice.one(spm, 20, |sent| {
        let status = match sent.text().trim() {
            "Y" => "available",
            "N" => "unavailable",
            _ => return None,
        };
        Some(Specimen {
            status: Some(status.into()),
            ..Specimen::default()
        })
    });
    rejected(spm, voice);
    voice.each(
        spm,
        24,
        |sent| cwe::concept(Cwe::new(sent), Some("0493"), reading),
        |condition| Specimen {
            condition,
            ..Specimen::default()
        },
    );
    held(spm, containers, voice);
}

/// SPM-21, table 0490: what can't be used, and why.
fn rejected(spm: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let is_told = !spm.raw().field(20).is_empty();
    voice.each(
        spm,
        21,
        |sent| cwe::concept(Cwe::new(sent), Some("0490"), reading),
        |condition| Specimen {
            status: (!is_told).then(|| "unsatisfactory".into()),
            condition,
            ..Specimen::default()
        },
    );
}

fn noted(text: String) -> Annotation {
    Annotation {
        text: text.into(),
        ..Annotation::default()
    }
}

fn identifiers(spm: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let named = |identifier: Vec<Identifier>| Specimen {
        identifier,
        ..Specimen::default()
    };
    voice.one(spm, 2, |sent| {
        Some(named(cx::pair(sent, ["PGN", "FGN"], reading)))
    });
    voice.each(
        spm,
        3,
        |sent| {
            let mut parents = cx::pair(sent, ["PGN", "FGN"], reading).into_iter();
            Some(logical("Specimen", parents.next()?))
        },
        |parent| Specimen {
            parent,
            ..Specimen::default()
        },
    );
    voice.one(spm, 30, |sent| {
        let accession = cx::identifier(Cx::new(sent), None, reading)?;
        Some(Specimen {
            accession_identifier: Some(Box::new(accession)),
            ..Specimen::default()
        })
    });
    voice.each(
        spm,
        31,
        |sent| cx::identifier(Cx::new(sent), None, reading),
        named,
    );
    voice.one(spm, 32, |sent| {
        Some(named(vec![cx::typed_entity(
            Ei::new(sent),
            "SHIP",
            reading,
        )?]))
    });
}

fn collection(spm: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(spm, 7, |sent| {
        let sent = Cwe::new(sent);
        let meaning = find(COLLECTION_METHOD, sent.code().trim());
        let method = cwe::mapped(meaning, sent, Some("0488"), reading)?;
        Some(collected(SpecimenCollection {
            method: Some(Box::new(method)),
            ..SpecimenCollection::default()
        }))
    });
    voice.one(spm, 8, |sent| {
        let site = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(collected(SpecimenCollection {
            body_site: Some(Box::new(site)),
            ..SpecimenCollection::default()
        }))
    });
    voice.one(spm, 12, |sent| amount(sent, reading));
    voice.one(spm, 17, |sent| {
        let range = Dr::new(sent);
        taken(&range.start_text(), &range.end_text(), reading)
    });
}

fn amount(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<Specimen> {
    let quantity = quantity::composite(sent, reading)?;
    Some(collected(SpecimenCollection {
        quantity: Some(Box::new(quantity)),
        ..SpecimenCollection::default()
    }))
}

/// When it was collected.
fn taken(start: &str, end: &str, reading: &Reading<'_>) -> Option<Specimen> {
    let when = if text::text(end).is_some() {
        SpecimenCollectionCollected::Period(dtm::period(start, end, reading)?)
    } else {
        SpecimenCollectionCollected::DateTime(dtm::date_time(start, reading)?)
    };
    Some(collected(SpecimenCollection {
        collected: Some(when),
        ..SpecimenCollection::default()
    }))
}

/// SPM-6, SPM-27 and SAC: what holds the specimen, and what was put to it.
fn held(spm: &Seg<'_>, containers: &[Seg<'_>], voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    reading.at(spm.place(27));
    let kind = cwe::concept(Cwe::new(spm.field(27).first()), None, reading);
    let mut container: Vec<SpecimenContainer> = valued(spm.field(6))
        .filter_map(|sent| cwe::concept(Cwe::new(sent), Some("0371"), reading))
        .map(holding)
        .collect();
    for sac in containers {
        accession(sac, spm, voice);
        reading.at(sac.place(3));
        let ids = [3, 4].map(|n| cx::entity_identifier(Ei::new(sac.field(n).first()), reading));
        let identifier: Vec<Identifier> = ids.into_iter().flatten().collect();
        // The first container with a name is the first that is known by something else.
        match container.iter_mut().find(|it| it.identifier.is_empty()) {
            Some(known) => known.identifier = identifier,
            None if identifier.is_empty() => {}
            None => container.push(SpecimenContainer {
                identifier,
                ..SpecimenContainer::default()
            }),
        }
        sac.close(reading);
    }
    if let Some(kind) = kind {
        match container.first_mut() {
            Some(first) => first.r#type = Some(Box::new(kind)),
            None => container.push(SpecimenContainer {
                r#type: Some(Box::new(kind)),
                ..SpecimenContainer::default()
            }),
        }
    }
    let specimen = Specimen {
        container,
        ..Specimen::default()
    };
    voice.state(spm.place(27), json::fragment(&specimen));
}

fn holding(additive: CodeableConcept) -> SpecimenContainer {
    SpecimenContainer {
        additive: Some(SpecimenContainerAdditive::CodeableConcept(Box::new(
            additive,
        ))),
        ..SpecimenContainer::default()
    }
}

/// SAC-2, where SPM-30 is empty.
fn accession(sac: &Seg<'_>, spm: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    if !spm.raw().field(30).is_empty() {
        return;
    }
    voice.one(sac, 2, |sent| {
        let accession = cx::entity_identifier(Ei::new(sent), reading)?;
        Some(Specimen {
            accession_identifier: Some(Box::new(accession)),
            ..Specimen::default()
        })
    });
}

/// States what OBR says of the specimen, where SPM does not say it.
pub(super) fn of_obr(obr: &Seg<'_>, spm: Option<&Seg<'_>>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let is_free = |n: usize| spm.is_none_or(|spm| spm.raw().field(n).is_empty());
    if is_free(17) {
        let end = obr.field(8).text();
        voice.one(obr, 7, |sent| taken(&sent.text(), &end, reading));
    }
    if is_free(12) {
        voice.one(obr, 9, |sent| amount(sent, reading));
    }
    voice.one(obr, 10, |sent| {
        let collector = xcn::reference(sent, reading)?;
        Some(collected(SpecimenCollection {
            collector: Some(Box::new(collector)),
            ..SpecimenCollection::default()
        }))
    });
    voice.each(
        obr,
        13,
        |sent| {
            let fasting = cwe::concept(Cwe::new(sent), None, reading);
            fasting.filter(|_| is_fasting(sent))
        },
        |fasting| {
            let status = fasting.into_iter().next().map(Box::new);
            collected(SpecimenCollection {
                fasting_status: status.map(SpecimenCollectionFastingStatus::CodeableConcept),
                ..SpecimenCollection::default()
            })
        },
    );
    if is_free(18) {
        voice.one(obr, 14, |sent| {
            Some(Specimen {
                received_time: dtm::date_time(&sent.text(), reading),
                ..Specimen::default()
            })
        });
    }
    voice.each(
        obr,
        39,
        |sent| {
            let words = cwe::concept(Cwe::new(sent), None, reading)?;
            let code = || {
                let first = words.coding.first()?;
                first
                    .display
                    .clone()
                    .or_else(|| Some(FhirString::from(first.code.clone()?.value?)))
            };
            Some(noted(words.text.clone().or_else(code)?.value?))
        },
        |note| Specimen {
            note,
            ..Specimen::default()
        },
    );
    if spm.is_none() {
        voice.one(obr, 15, |sent| Some(source(sent, reading)));
    }
}

/// SPS: source, additives, words, site and state of a specimen.
fn source(sps: Repetition<'_>, reading: &Reading<'_>) -> Specimen {
    let coded = |n, table| cwe::concept(Cwe::new(sps.component(n)), Some(table), reading);
    let site = coded(4, "0163").map(|site| SpecimenCollection {
        body_site: Some(Box::new(site)),
        ..SpecimenCollection::default()
    });
    let words = text::text(&sps.component(3).full_text());
    Specimen {
        r#type: coded(1, "0487").map(Box::new),
        container: coded(2, "0371").map(holding).into_iter().collect(),
        collection: site,
        condition: coded(6, "0493").into_iter().collect(),
        note: words.map(noted).into_iter().collect(),
        ..Specimen::default()
    }
}

/// States whose specimen it is, and for which order it was taken.
pub(super) fn about(
    seg: &Seg<'_>,
    subject: Option<Reference>,
    request: Option<Reference>,
    voice: &mut Voice<'_, '_>,
) {
    let specimen = Specimen {
        subject: subject.map(Box::new),
        request: request.into_iter().collect(),
        ..Specimen::default()
    };
    voice.state(seg.place(0), json::fragment(&specimen));
}
