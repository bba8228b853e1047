//! PV2 → Encounter.

use fhirbolt::model::r4::resources::Encounter;
use fhirbolt::model::r4::types::{Decimal, Duration};
use hl7v2::datatype::{Cwe, Nm, Xon};

use crate::datatype::{cwe, xcn, xon};
use crate::inbound::{Seg, Voice};

use super::pv1::{blank, participant};

/// States what PV2 says of the visit.
pub(super) fn state(pv2: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    voice.turn_to_whole();
    let reading = voice.reading;
    voice.one(pv2, 3, |sent| {
        let reason = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(Encounter {
            reason_code: vec![reason],
            ..blank()
        })
    });
    voice.one(pv2, 11, |sent| {
        let days = Nm::parse(sent.text())?;
        let length = Duration {
            value: Some(Decimal {
                value: Some(days.json_digits()),
                ..Decimal::default()
            }),
            unit: Some("days".into()),
            system: Some("http://unitsofmeasure.org".into()),
            code: Some("d".into()),
            ..Duration::default()
        };
        Some(Encounter {
            length: Some(Box::new(length)),
            ..blank()
        })
    });
    voice.each(
        pv2,
        13,
        |sent| {
            Some(participant(
                xcn::reference(sent, reading)?,
                "REF",
                "referrer",
            ))
        },
        |participant| Encounter {
            participant,
            ..blank()
        },
    );
    voice.one(pv2, 23, |sent| {
        let clinic = xon::reference(Xon::new(sent), reading)?;
        Some(Encounter {
            service_provider: Some(Box::new(clinic)),
            ..blank()
        })
    });
    voice.one(pv2, 25, |sent| {
        let priority = cwe::concept(Cwe::new(sent), Some("0217"), reading)?;
        Some(Encounter {
            priority: Some(Box::new(priority)),
            ..blank()
        })
    });
}
