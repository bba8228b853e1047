//! PV1-20 → Coverage: the class of who pays, where no insurance says more.

use fhirbolt::model::r4::resources::Coverage;
use fhirbolt::model::r4::types::Reference;
use hl7v2::Segment;
use hl7v2::datatype::Cwe;

use crate::datatype::{cwe, dtm};
use crate::inbound::{Seg, Voice};

/// The name of the coverage among the patient's.
pub(crate) const NAME: &str = "financial class";

/// States the financial class as a coverage of the patient. Insurance of which more is known goes before
/// it when the patient's facts are put together.
pub(in crate::segment) fn state(
    pv1: Segment<'_>,
    subject: Option<Reference>,
    patient: &mut Voice<'_, '_>,
) {
    let pv1 = Seg::new("PV1", pv1);
    let field = pv1.field(20);
    if field.is_empty() {
        return;
    }
    let reading = patient.reading;
    patient.turn_to_part("Coverage", NAME);
    let unknown = Reference {
        display: Some("unknown".into()),
        ..Reference::default()
    };
    patient.one(&pv1, 20, |sent| {
        let class = cwe::concept(Cwe::new(sent.component(1)), Some("0064"), reading)?;
        Some(Coverage {
            status: "active".into(),
            r#type: Some(Box::new(class)),
            beneficiary: Box::new(subject.unwrap_or_default()),
            payor: vec![unknown],
            period: dtm::period(&sent.component(2).text(), "", reading),
            ..Coverage::default()
        })
    });
    patient.turn_to_whole();
}
