//! What a medication that is ordered is made of: a Medication inside the request, since the request itself
//! has its code alone.

use fhirbolt::model::r4::Resource;
use fhirbolt::model::r4::resources::{
    Medication, MedicationIngredient, MedicationIngredientItem, MedicationRequest,
};
use fhirbolt::model::r4::types::{CodeableConcept, Quantity, Ratio, Reference};
use hl7v2::Segment;
use hl7v2::datatype::{Cwe, Nm};

use crate::datatype::{cwe, quantity};
use crate::inbound::{Reading, Seg, Voice};
use crate::json;

use super::{Layout, amount, blank};

const ID: &str = "medication";

/// States form, strength and components (RXC). The request keeps the code, by which it is searched.
pub(super) fn state(
    rx: &Seg<'_>,
    layout: &Layout,
    components: &[Segment<'_>],
    voice: &mut Voice<'_, '_>,
) {
    let reading = voice.reading;
    reading.at(rx.place(layout.form));
    let form = cwe::concept(Cwe::new(rx.field(layout.form).first()), None, reading);
    let code = cwe::concept(Cwe::new(rx.field(layout.code).first()), None, reading);
    let mut ingredient: Vec<MedicationIngredient> = code
        .clone()
        .zip(strength(rx, layout, reading))
        .map(|(code, strength)| of(code, Some(strength)))
        .into_iter()
        .collect();
    ingredient.extend(components.iter().filter_map(|rxc| component(*rxc, reading)));
    if form.is_none() && ingredient.is_empty() {
        return;
    }
    let medication = Medication {
        id: Some(ID.into()),
        code: code.map(Box::new),
        form: form.map(Box::new),
        ingredient,
        ..Medication::default()
    };
    let request = MedicationRequest {
        contained: vec![Resource::Medication(Box::new(medication))],
        supporting_information: vec![Reference {
            reference: Some(format!("#{ID}").into()),
            ..Reference::default()
        }],
        ..blank()
    };
    voice.state(rx.place(layout.form), json::fragment(&request));
}

/// How much of it is in how much.
fn strength(rx: &Seg<'_>, layout: &Layout, reading: &Reading<'_>) -> Option<Ratio> {
    let [[strength, unit], [volume, volume_unit]] = [layout.strength, layout.volume];
    let volume = amount(rx.field(volume), rx.field(volume_unit), reading);
    let numerator = amount(rx.field(strength), rx.field(unit), reading)?;
    per(numerator, volume)
}

/// A ratio needs both sides (rat-1): what names no volume is in one of it.
fn per(numerator: Box<Quantity>, volume: Option<Box<Quantity>>) -> Option<Ratio> {
    let one = || {
        let value = quantity::decimal(&Nm::parse("1".into())?);
        Some(Box::new(Quantity {
            value: Some(value),
            ..Quantity::default()
        }))
    };
    Some(Ratio {
        numerator: Some(numerator),
        denominator: Some(volume.or_else(one)?),
        ..Ratio::default()
    })
}

/// RXC: a component of a compound, and how much of it there is.
fn component(rxc: Segment<'_>, reading: &Reading<'_>) -> Option<MedicationIngredient> {
    let rxc = Seg::new("RXC", rxc);
    reading.at(rxc.place(2));
    let code = cwe::concept(Cwe::new(rxc.field(2).first()), None, reading);
    let strength = amount(rxc.field(3), rxc.field(4), reading).and_then(|much| per(much, None));
    rxc.close(reading);
    Some(of(code?, strength))
}

fn of(code: CodeableConcept, strength: Option<Ratio>) -> MedicationIngredient {
    MedicationIngredient {
        item: MedicationIngredientItem::CodeableConcept(Box::new(code)),
        strength: strength.map(Box::new),
        ..MedicationIngredient::default()
    }
}
