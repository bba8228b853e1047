//! RXO or RXE, with RXR and TQ1 → `MedicationRequest`.

mod made_of;

use fhirbolt::model::r4::resources::{
    MedicationRequest, MedicationRequestDispenseRequest, MedicationRequestMedication,
    MedicationRequestSubstitution, MedicationRequestSubstitutionAllowed,
};
use fhirbolt::model::r4::types::{
    Annotation, Code, CodeableConcept, Dosage, DosageDoseAndRate, DosageDoseAndRateDose,
    DosageDoseAndRateRate, Quantity, Range, Ratio, Reference, UnsignedInt,
};
use hl7v2::datatype::{Cwe, Ei, Nm};
use hl7v2::{Field, Segment};

use crate::datatype::cwe::Meaning;
use crate::datatype::quantity::{self, quantity};
use crate::datatype::{cwe, cx, dtm, text, timing, xcn};
use crate::inbound::{Reading, Seg, Voice, valued};
use crate::json;
use crate::table::find;
use crate::table::order::ADMINISTRATION_METHOD;

use super::{rxa, tq1};

pub(super) fn blank() -> MedicationRequest {
    MedicationRequest {
        status: Code::default(),
        intent: Code::default(),
        medication: MedicationRequestMedication::CodeableConcept(Box::default()),
        subject: Box::new(Reference::default()),
        ..MedicationRequest::default()
    }
}

/// Where a segment keeps what it says of a medication that is ordered.
pub(super) struct Layout {
    code: u8,
    /// Least, most, and their unit.
    dose: [u8; 3],
    form: u8,
    /// What the pharmacy is told, and what the patient is.
    words: [u8; 2],
    substitution: u8,
    /// How much is dispensed, and its unit.
    dispensed: [u8; 2],
    refills: u8,
    orderer: u8,
    rate: [u8; 2],
    daily: u8,
    strength: [u8; 2],
    volume: [u8; 2],
    indication: u8,
}

const RXO: Layout = Layout {
    code: 1,
    dose: [2, 3, 4],
    form: 5,
    words: [6, 7],
    substitution: 9,
    dispensed: [11, 12],
    refills: 13,
    orderer: 14,
    rate: [21, 22],
    daily: 23,
    strength: [18, 19],
    volume: [25, 26],
    indication: 20,
};

const RXE: Layout = Layout {
    code: 2,
    dose: [3, 4, 5],
    form: 6,
    words: [21, 7],
    substitution: 9,
    dispensed: [10, 11],
    refills: 12,
    orderer: 13,
    rate: [23, 24],
    daily: 19,
    strength: [25, 26],
    volume: [33, 34],
    indication: 27,
};

/// How a segment is laid out.
pub(super) fn layout(segment: &Segment<'_>) -> &'static Layout {
    if segment.name() == "RXE" { &RXE } else { &RXO }
}

impl Layout {
    /// The field that says what is ordered.
    pub(super) const fn code(&self) -> u8 {
        self.code
    }
}

/// States what RXO, or RXE in its place, says.
pub(super) fn state(rx: &Seg<'_>, components: &[Segment<'_>], voice: &mut Voice<'_, '_>) {
    let layout = layout(rx.raw());
    let reading = voice.reading;
    voice.one(rx, layout.code, |sent| {
        let code = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(MedicationRequest {
            medication: MedicationRequestMedication::CodeableConcept(Box::new(code)),
            ..blank()
        })
    });
    voice.one(rx, layout.substitution, |sent| {
        let allowed = cwe::concept(Cwe::new(sent), Some("0161"), reading)?;
        let allowed = MedicationRequestSubstitutionAllowed::CodeableConcept(Box::new(allowed));
        Some(MedicationRequest {
            substitution: Some(MedicationRequestSubstitution {
                allowed,
                ..MedicationRequestSubstitution::default()
            }),
            ..blank()
        })
    });
    voice.one(rx, layout.orderer, |sent| {
        Some(MedicationRequest {
            requester: Some(Box::new(xcn::reference(sent, reading)?)),
            ..blank()
        })
    });
    voice.each(
        rx,
        layout.indication,
        |sent| cwe::concept(Cwe::new(sent), None, reading),
        |reason_code| MedicationRequest {
            reason_code,
            ..blank()
        },
    );
    let [to_pharmacy, _] = layout.words;
    voice.whole(rx, to_pharmacy, |field| {
        let note = Annotation {
            text: words(field)?.into(),
            ..Annotation::default()
        };
        Some(MedicationRequest {
            note: vec![note],
            ..blank()
        })
    });
    dispensed(rx, layout, voice);
    made_of::state(rx, layout, components, voice);
    if rx.raw().name() == "RXE" {
        encoded(rx, voice);
    }
}

/// RXE-15 and 32: the number of the prescription, and when it was first written.
fn encoded(rxe: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(rxe, 15, |sent| {
        let identifier = cx::entity_identifier(Ei::new(sent), reading)?;
        Some(MedicationRequest {
            identifier: vec![identifier],
            ..blank()
        })
    });
    voice.one(rxe, 32, |sent| {
        Some(MedicationRequest {
            authored_on: dtm::date_time(&sent.text(), reading),
            ..blank()
        })
    });
}

fn amount(number: Field<'_>, unit: Field<'_>, reading: &Reading<'_>) -> Option<Box<Quantity>> {
    let number = Nm::parse(number.text())?;
    Some(Box::new(quantity(&number, Cwe::new(unit.first()), reading)))
}

/// How much is dispensed, and how often again.
fn dispensed(rx: &Seg<'_>, layout: &Layout, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let [number, unit] = layout.dispensed;
    let refills = Nm::parse(rx.field(layout.refills).text());
    let refills = refills.and_then(|refills| refills.as_sent().parse::<u32>().ok());
    let dispense = MedicationRequestDispenseRequest {
        number_of_repeats_allowed: refills.map(UnsignedInt::from),
        quantity: amount(rx.field(number), rx.field(unit), reading),
        ..MedicationRequestDispenseRequest::default()
    };
    let says = dispense.number_of_repeats_allowed.is_some() || dispense.quantity.is_some();
    let request = MedicationRequest {
        dispense_request: says.then_some(dispense),
        ..blank()
    };
    voice.state(rx.place(number), json::fragment(&request));
}

const ORDERED: Meaning = Meaning {
    code: "ordered",
    display: "Ordered",
    system: "http://terminology.hl7.org/CodeSystem/dose-rate-type",
};

/// States how it is to be taken: an instruction for each TQ1 or, where there are more of them, for each
/// RXR; what there is one of counts for all.
pub(super) fn dosage(
    rx: &Seg<'_>,
    routes: &[Segment<'_>],
    timings: &[Segment<'_>],
    voice: &mut Voice<'_, '_>,
) {
    let reading = voice.reading;
    let routes: Vec<Seg<'_>> = routes.iter().map(|rxr| Seg::new("RXR", *rxr)).collect();
    let timings: Vec<Seg<'_>> = timings.iter().map(|tq1| Seg::new("TQ1", *tq1)).collect();
    let n_instructions = routes.len().max(timings.len()).max(1);
    let mut sequence = 1_i32;
    let mut instructions = Vec::new();
    for at in 0..n_instructions {
        let mut dosage = dose_of(rx, reading);
        if let Some(rxr) = routes.get(at).or(routes.last()) {
            given(rxr, &mut dosage, reading);
        }
        if let Some(tq1) = timings.get(at).or(timings.last()) {
            timed(tq1, &mut dosage, reading);
        } else if rx.raw().name() == "RXE" {
            dosage.timing = timing::of_tq(rx.field(1).first(), reading).map(Box::new);
        }
        if 1 < timings.len() {
            dosage.sequence = Some(sequence.into());
        }
        // TQ1-12: S means that the next one follows when this one is done, else they go side by side.
        let follows = |tq1: &Seg<'_>| tq1.field(12).text().trim() == "S";
        sequence += i32::from(timings.get(at).is_some_and(follows));
        if dosage != Dosage::default() {
            instructions.push(dosage);
        }
    }
    for seg in routes.iter().chain(&timings) {
        seg.close(reading);
    }
    let request = MedicationRequest {
        dosage_instruction: instructions,
        ..blank()
    };
    let [least, ..] = layout(rx.raw()).dose;
    voice.state(rx.place(least), json::fragment(&request));
}

/// What RXO or RXE says of it.
fn dose_of(rx: &Seg<'_>, reading: &Reading<'_>) -> Dosage {
    let layout = layout(rx.raw());
    let [least, most, unit] = layout.dose;
    let low = amount(rx.field(least), rx.field(unit), reading);
    let high = amount(rx.field(most), rx.field(unit), reading);
    let [rate, rate_unit] = layout.rate;
    let rate = amount(rx.field(rate), rx.field(rate_unit), reading);
    let range = (low.is_some() || high.is_some()).then(|| {
        DosageDoseAndRateDose::Range(Box::new(Range {
            low,
            high,
            ..Range::default()
        }))
    });
    let dose = (range.is_some() || rate.is_some()).then(|| DosageDoseAndRate {
        r#type: Some(Box::new(ORDERED.concept())),
        dose: range,
        rate: rate.map(DosageDoseAndRateRate::Quantity),
        ..DosageDoseAndRate::default()
    });
    let [_, to_patient] = layout.words;
    Dosage {
        patient_instruction: words(rx.field(to_patient)).map(Into::into),
        dose_and_rate: dose.into_iter().collect(),
        max_dose_per_period: daily(rx, layout, reading),
        ..Dosage::default()
    }
}

/// Instructions in words.
fn words(field: Field<'_>) -> Option<String> {
    let words: Vec<String> = valued(field)
        .filter_map(|sent| {
            let sent = Cwe::new(sent);
            [sent.original_text(), sent.display(), sent.code()]
                .iter()
                .find_map(|words| text::text(words))
        })
        .collect();
    (!words.is_empty()).then(|| words.join("\n"))
}

/// The most of a day.
fn daily(rx: &Seg<'_>, layout: &Layout, reading: &Reading<'_>) -> Option<Box<Ratio>> {
    reading.at(rx.place(layout.daily));
    let dose = quantity::composite(rx.field(layout.daily).first(), reading)?;
    let day = timing::duration(&Nm::parse("1".into())?, "d");
    Some(Box::new(Ratio {
        numerator: Some(Box::new(dose)),
        denominator: Some(Box::new(Quantity {
            value: day.value,
            unit: day.unit,
            system: day.system,
            code: day.code,
            ..Quantity::default()
        })),
        ..Ratio::default()
    }))
}

fn given(rxr: &Seg<'_>, dosage: &mut Dosage, reading: &Reading<'_>) {
    let boxed = |concept: Option<CodeableConcept>| concept.map(Box::new);
    dosage.route = boxed(rxa::route(rxr.field(1).first(), reading));
    let site = Cwe::new(rxr.field(2).first());
    dosage.site = boxed(cwe::concept(site, Some("0550"), reading));
    let method = Cwe::new(rxr.field(4).first());
    let meaning = find(ADMINISTRATION_METHOD, method.code().trim());
    dosage.method = boxed(cwe::mapped(meaning, method, Some("0165"), reading));
    let routing = Cwe::new(rxr.field(5).first());
    dosage
        .additional_instruction
        .extend(cwe::concept(routing, None, reading));
}

fn timed(tq1: &Seg<'_>, dosage: &mut Dosage, reading: &Reading<'_>) {
    tq1.skip(&[1]);
    dosage.timing = tq1::timed(tq1, reading).map(Box::new);
    if dosage.dose_and_rate.is_empty()
        && let Some(quantity) = quantity::composite(tq1.field(2).first(), reading)
    {
        dosage.dose_and_rate.push(dose(quantity));
    }
    let condition = cwe::worded(&tq1.field(10).first().full_text());
    dosage.additional_instruction.extend(condition);
    dosage.text = text::text(&tq1.field(11).first().full_text()).map(Into::into);
}

/// A dose of that much.
pub(super) fn dose(quantity: Quantity) -> DosageDoseAndRate {
    DosageDoseAndRate {
        dose: Some(DosageDoseAndRateDose::Quantity(Box::new(quantity))),
        ..DosageDoseAndRate::default()
    }
}
