//! RXA, RXR and ORC → Immunization.

use fhirbolt::model::r4::resources::{Immunization, ImmunizationOccurrence, ImmunizationPerformer};
use fhirbolt::model::r4::types::{
    Address, Annotation, Code, CodeableConcept, Identifier, Reference, String as FhirString,
};
use hl7v2::datatype::{Cwe, Nm, Pl, Xad};
use hl7v2::{Repetition, Segment};

use crate::datatype::cwe::Meaning;
use crate::datatype::quantity::quantity;
use crate::datatype::{cwe, dtm, pl, text, xad, xcn, xon};
use crate::inbound::{Reading, Seg, Voice, valued};
use crate::json;
use crate::table::find;
use crate::table::order::{COMPLETION, ROUTE};

use super::orc;

pub(super) fn blank() -> Immunization {
    Immunization {
        status: Code::default(),
        vaccine_code: Box::new(CodeableConcept::default()),
        patient: Box::new(Reference::default()),
        occurrence: ImmunizationOccurrence::String(FhirString::default()),
        ..Immunization::default()
    }
}

/// States what RXA says.
pub(super) fn state(rxa: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    // Counters of the give and its administration, and the end, which is the start's day.
    rxa.skip(&[1, 2]);
    if rxa.raw().field(4).raw() == rxa.raw().field(3).raw() {
        rxa.skip(&[4]);
    }
    voice.one(rxa, 3, |sent| {
        let at = dtm::date_time(&sent.text(), reading)?;
        Some(Immunization {
            occurrence: ImmunizationOccurrence::DateTime(at),
            ..blank()
        })
    });
    voice.one(rxa, 5, |sent| {
        let code = cwe::concept(Cwe::new(sent), Some("0292"), reading)?;
        Some(Immunization {
            vaccine_code: Box::new(code),
            ..blank()
        })
    });
    dose(rxa, voice);
    origin(rxa, voice);
    voice.each(
        rxa,
        10,
        |sent| performer(sent, ADMINISTERING, reading),
        |performer| Immunization {
            performer,
            ..blank()
        },
    );
    place(rxa, voice);
    substance(rxa, voice);
    outcome(rxa, voice);
}

const V2_0443: &str = "http://terminology.hl7.org/CodeSystem/v2-0443";
const ADMINISTERING: Meaning = Meaning {
    code: "AP",
    display: "Administering Provider",
    system: V2_0443,
};
const ORDERING: Meaning = Meaning {
    code: "OP",
    display: "Ordering Provider",
    system: V2_0443,
};

fn performer(
    sent: Repetition<'_>,
    function: Meaning,
    reading: &Reading<'_>,
) -> Option<ImmunizationPerformer> {
    Some(ImmunizationPerformer {
        function: Some(Box::new(function.concept())),
        actor: Box::new(xcn::reference(sent, reading)?),
        ..ImmunizationPerformer::default()
    })
}

/// PRT: who else did it.
pub(super) fn performed(role: &str, actors: Vec<Reference>, voice: &mut Voice<'_, '_>) {
    let function = if role == "OP" {
        ORDERING
    } else {
        ADMINISTERING
    };
    let performer = actors.into_iter().map(|actor| ImmunizationPerformer {
        function: Some(Box::new(function.concept())),
        actor: Box::new(actor),
        ..ImmunizationPerformer::default()
    });
    let immunization = Immunization {
        performer: performer.collect(),
        ..blank()
    };
    // One field for each of the roles, so that none hides the other.
    let n = if role == "OP" { 8 } else { 5 };
    voice.state(
        crate::facts::Place::new("PRT", n),
        json::fragment(&immunization),
    );
}

/// RXA-6 and RXA-7; 999 is not known (CDC guide).
fn dose(rxa: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let unit = Cwe::new(rxa.field(7).first());
    voice.one(rxa, 6, |sent| {
        let Some(number) = Nm::parse(sent.text()) else {
            reading.issue("not a number");
            return None;
        };
        if number.as_sent() == "999" {
            return None;
        }
        Some(Immunization {
            dose_quantity: Some(Box::new(quantity(&number, unit, reading))),
            ..blank()
        })
    });
}

/// RXA-9: whether the sender gave it (NIP001 00) or heard of it, else a note.
fn origin(rxa: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.whole(rxa, 9, |field| {
        let mut immunization = blank();
        for sent in valued(field) {
            let sent = Cwe::new(sent);
            let code = sent.code();
            if sent.system().trim() == "NIP001" {
                immunization.primary_source = Some((code.trim() == "00").into());
                if code.trim() != "00" {
                    let origin = cwe::concept(sent, None, reading);
                    immunization.report_origin = origin.map(Box::new);
                }
                continue;
            }
            let words = [sent.original_text(), sent.display(), code];
            if let Some(words) = words.iter().find_map(|words| text::text(words)) {
                immunization.note.push(Annotation {
                    text: words.into(),
                    ..Annotation::default()
                });
            }
        }
        Some(immunization)
    });
}

/// RXA-27 and RXA-28, else RXA-11 of old senders (LA2: a place, and its address in one).
fn place(rxa: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let located = |location: Option<Reference>| Immunization {
        location: location.map(Box::new),
        ..blank()
    };
    if rxa.raw().field(27).is_empty() {
        return voice.one(rxa, 11, |sent| {
            let apart = valued(rxa.field(28)).next();
            let apart = apart.and_then(|sent| xad::address(Xad::new(sent), reading));
            let address = apart.or_else(|| address_of_place(sent));
            Some(located(at(sent, address, reading)))
        });
    }
    let address = valued(rxa.field(28)).next();
    let address = address.and_then(|sent| xad::address(Xad::new(sent), reading));
    voice.one(rxa, 27, |sent| Some(located(at(sent, address, reading))));
}

/// LA2.9 to LA2.14.
fn address_of_place(la2: Repetition<'_>) -> Option<Address> {
    let part = |n: usize| text::text(&la2.component(n).text()).map(FhirString::from);
    let lines = [part(9), part(10)];
    let address = Address {
        line: lines.into_iter().flatten().collect(),
        city: part(11),
        state: part(12),
        postal_code: part(13),
        country: part(14),
        ..Address::default()
    };
    (address != Address::default()).then_some(address)
}

/// RXA-15, 16 and 17: what was given.
fn substance(rxa: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.whole(rxa, 15, |field| {
        let lots: Vec<String> = valued(field)
            .filter_map(|sent| text::text(&sent.full_text()))
            .collect();
        (!lots.is_empty()).then(|| Immunization {
            lot_number: Some(lots.join(", ").into()),
            ..blank()
        })
    });
    voice.one(rxa, 16, |sent| {
        Some(Immunization {
            expiration_date: dtm::date(&sent.text(), reading),
            ..blank()
        })
    });
    voice.one(rxa, 17, |sent| {
        let manufacturer = xon::of_code(Cwe::new(sent), reading)?;
        Some(Immunization {
            manufacturer: Some(Box::new(manufacturer)),
            ..blank()
        })
    });
}

const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const OBJECTION: Meaning = Meaning {
    code: "PATOBJ",
    display: "patient objection",
    system: ACT_REASON,
};

/// RXA-18 to RXA-22: whether it was given, and why not.
fn outcome(rxa: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let completion = rxa.field(20).text();
    let is_refused = completion.trim() == "RE";
    let status = match (rxa.field(21).text().trim(), rxa.field(18).is_empty()) {
        ("D", _) => Some((21, "entered-in-error")),
        (_, is_given) => {
            let said = reading.code("0322", COMPLETION, completion.trim());
            let said = said.map(|status| (20, status));
            // A reason against it, and no word of whether it was given; or no vaccine (CVX 998).
            let is_none = rxa.field(5).text().trim() == "998";
            said.or_else(|| (!is_given || is_none).then_some((18, "not-done")))
        }
    };
    if let Some((n, status)) = status {
        let immunization = Immunization {
            status: status.into(),
            is_subpotent: (completion.trim() == "PA").then(|| true.into()),
            ..blank()
        };
        // All of them say one thing: the latest holds.
        voice.state(rxa.place(20), json::fragment(&immunization));
        rxa.skip(&[n]);
    }
    let meaning = is_refused.then_some(OBJECTION);
    voice.one(rxa, 18, |sent| {
        let reason = cwe::mapped(meaning, Cwe::new(sent), None, reading)?;
        Some(Immunization {
            status_reason: Some(Box::new(reason)),
            ..blank()
        })
    });
    if let Some(meaning) = meaning.filter(|_| rxa.field(18).is_empty()) {
        let immunization = Immunization {
            status_reason: Some(Box::new(meaning.concept())),
            ..blank()
        };
        voice.state(rxa.place(18), json::fragment(&immunization));
    }
    voice.each(
        rxa,
        19,
        |sent| cwe::concept(Cwe::new(sent), None, reading),
        |reason_code| Immunization {
            reason_code,
            ..blank()
        },
    );
    if rxa.field(21).text().trim() == "A" {
        voice.one(rxa, 22, |sent| {
            Some(Immunization {
                recorded: dtm::date_time(&sent.text(), reading),
                ..blank()
            })
        });
    }
}

/// States what ORC says of the immunization.
pub(super) fn orc_of_immunization(orc: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let named = |identifier: Vec<Identifier>| Immunization {
        identifier,
        ..blank()
    };
    orc.skip(&[1]);
    orc::identifiers(Some(orc), None, voice, named);
    voice.one(orc, 4, |sent| {
        Some(named(orc::group_numbers(sent, reading)))
    });
    voice.one(orc, 9, |sent| {
        Some(Immunization {
            recorded: dtm::date_time(&sent.text(), reading),
            ..blank()
        })
    });
    voice.each(
        orc,
        12,
        |sent| performer(sent, ORDERING, reading),
        |performer| Immunization {
            performer,
            ..blank()
        },
    );
    voice.one(orc, 28, |sent| {
        Some(Immunization {
            meta: Some(orc::security(sent, reading)?),
            ..blank()
        })
    });
}

/// States what RXR says: by which way and where it was given.
pub(super) fn rxr(rxr: Segment<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let seg = Seg::new("RXR", rxr);
    voice.one(&seg, 1, |sent| {
        Some(Immunization {
            route: Some(Box::new(route(sent, reading)?)),
            ..blank()
        })
    });
    voice.one(&seg, 2, |sent| {
        let site = cwe::concept(Cwe::new(sent), Some("0550"), reading)?;
        Some(Immunization {
            site: Some(Box::new(site)),
            ..blank()
        })
    });
    seg.close(reading);
}

fn at(sent: Repetition<'_>, address: Option<Address>, reading: &Reading<'_>) -> Option<Reference> {
    let extra = pl::Extra {
        address,
        ..pl::Extra::default()
    };
    pl::described(Pl::new(sent), extra, reading)
}

/// RXR-1, table 0162; a code of another system stays what it is.
pub(super) fn route(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<CodeableConcept> {
    let sent = Cwe::new(sent);
    let system = sent.system();
    let is_of_table = matches!(system.trim(), "" | "HL70162");
    let meaning = find(ROUTE, sent.code().trim()).filter(|_| is_of_table);
    cwe::mapped(meaning, sent, Some("0162"), reading)
}
