//! RXO and RXR → `MedicationRequest`.

use fhirbolt::model::r4::resources::{
    MedicationRequest, MedicationRequestDispenseRequest, MedicationRequestMedication,
    MedicationRequestSubstitution, MedicationRequestSubstitutionAllowed,
};
use fhirbolt::model::r4::types::{
    Code, CodeableConcept, Dosage, DosageDoseAndRate, DosageDoseAndRateDose, Quantity, Range,
    Ratio, Reference, UnsignedInt,
};
use hl7v2::datatype::{Cwe, Nm};
use hl7v2::{Field, Segment};

use crate::datatype::cwe::Meaning;
use crate::datatype::quantity::{self, quantity};
use crate::datatype::{cwe, text, timing, xcn};
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

/// States what RXO says.
pub(super) fn state(rxo: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(rxo, 1, |sent| {
        let code = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(MedicationRequest {
            medication: MedicationRequestMedication::CodeableConcept(Box::new(code)),
            ..blank()
        })
    });
    voice.one(rxo, 9, |sent| {
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
    voice.one(rxo, 14, |sent| {
        Some(MedicationRequest {
            requester: Some(Box::new(xcn::reference(sent, reading)?)),
            ..blank()
        })
    });
    dispensed(rxo, voice);
}

fn amount(number: Field<'_>, unit: Field<'_>, reading: &Reading<'_>) -> Option<Box<Quantity>> {
    let number = Nm::parse(number.text())?;
    Some(Box::new(quantity(&number, Cwe::new(unit.first()), reading)))
}

/// RXO-11 to RXO-13.
fn dispensed(rxo: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let refills = Nm::parse(rxo.field(13).text());
    let refills = refills.and_then(|refills| refills.as_sent().parse::<u32>().ok());
    let dispense = MedicationRequestDispenseRequest {
        number_of_repeats_allowed: refills.map(UnsignedInt::from),
        quantity: amount(rxo.field(11), rxo.field(12), reading),
        ..MedicationRequestDispenseRequest::default()
    };
    let says = dispense.number_of_repeats_allowed.is_some() || dispense.quantity.is_some();
    let request = MedicationRequest {
        dispense_request: says.then_some(dispense),
        ..blank()
    };
    voice.state(rxo.place(11), json::fragment(&request));
}

const ORDERED: Meaning = Meaning {
    code: "ordered",
    display: "Ordered",
    system: "http://terminology.hl7.org/CodeSystem/dose-rate-type",
};

/// States how it is to be taken: RXO-2 to 4, 7 and 23, with RXR and TQ1, which make one instruction.
pub(super) fn dosage(
    rxo: &Seg<'_>,
    rxr: Option<Segment<'_>>,
    tq1: Option<Segment<'_>>,
    voice: &mut Voice<'_, '_>,
) {
    let reading = voice.reading;
    let (low, high) = (
        amount(rxo.field(2), rxo.field(4), reading),
        amount(rxo.field(3), rxo.field(4), reading),
    );
    let dose = (low.is_some() || high.is_some()).then(|| DosageDoseAndRate {
        r#type: Some(Box::new(ORDERED.concept())),
        dose: Some(DosageDoseAndRateDose::Range(Box::new(Range {
            low,
            high,
            ..Range::default()
        }))),
        ..DosageDoseAndRate::default()
    });
    let mut dosage = Dosage {
        patient_instruction: instruction(rxo).map(Into::into),
        dose_and_rate: dose.into_iter().collect(),
        max_dose_per_period: daily(rxo, reading),
        ..Dosage::default()
    };
    if let Some(rxr) = rxr.map(|rxr| Seg::new("RXR", rxr)) {
        given(&rxr, &mut dosage, reading);
        rxr.close(reading);
    }
    if let Some(tq1) = tq1.map(|tq1| Seg::new("TQ1", tq1)) {
        timed(&tq1, &mut dosage, reading);
        tq1.close(reading);
    }
    if dosage != Dosage::default() {
        let request = MedicationRequest {
            dosage_instruction: vec![dosage],
            ..blank()
        };
        voice.state(rxo.place(2), json::fragment(&request));
    }
}

/// RXO-7: how to take it, in words.
fn instruction(rxo: &Seg<'_>) -> Option<String> {
    let words: Vec<String> = valued(rxo.field(7))
        .filter_map(|sent| {
            let sent = Cwe::new(sent);
            [sent.original_text(), sent.display(), sent.code()]
                .iter()
                .find_map(|words| text::text(words))
        })
        .collect();
    (!words.is_empty()).then(|| words.join("\n"))
}

/// RXO-23: the most of a day.
fn daily(rxo: &Seg<'_>, reading: &Reading<'_>) -> Option<Box<Ratio>> {
    reading.at(rxo.place(23));
    let dose = quantity::composite(rxo.field(23).first(), reading)?;
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
