//! ORC → `ServiceRequest`, `DiagnosticReport`, Immunization: the numbers of an order, where it stands
//! and who ordered it.

mod provenance;

use fhirbolt::model::r4::resources::ServiceRequest;
use fhirbolt::model::r4::types::{Code, Coding, ExtensionValue, Identifier, Meta, Reference};
use hl7v2::datatype::{Composite, Cwe, Cx, Ei, Xad, Xon, Xtn};
use hl7v2::{Repetition, Segment};
use model::{IdentityKind, SourceIdentity};

use crate::datatype::role::{self, Role};
use crate::datatype::xon::Reach;
use crate::datatype::{cwe, cx, dtm, ext, text, xad, xcn, xon, xtn};
use crate::inbound::{Reading, Seg, Voice, valued};
use crate::json;
use crate::table::find;
use crate::table::order::{CONFIDENTIALITY, ORDER_CONTROL, ORDER_STATUS, ORDER_TYPE};

pub(super) use provenance::provenance;

/// A number and who gave it.
pub(super) struct Number {
    pub(super) value: String,
    pub(super) authority: String,
}

/// The numbers of an order.
pub(super) struct Numbers {
    placer: Option<Number>,
    filler: Option<Number>,
}

impl Numbers {
    /// ORC-2 and ORC-3, else OBR-2 and OBR-3.
    pub(super) fn read(
        orc: Option<&Segment<'_>>,
        obr: Option<&Segment<'_>>,
        reading: &Reading<'_>,
    ) -> Self {
        let number = |n: usize| {
            let mut segments = [orc, obr].into_iter().flatten();
            segments.find_map(|segment| Number::of(segment.field(n).first(), reading))
        };
        Self {
            placer: number(2),
            filler: number(3),
        }
    }

    /// What names the order: the placer's number, which the filler repeats, else the filler's.
    pub(super) fn any(&self) -> Option<&Number> {
        self.placer.as_ref().or(self.filler.as_ref())
    }

    /// What names that which came of it: the filler's number.
    pub(super) fn filled(&self) -> Option<&Number> {
        self.filler.as_ref().or(self.placer.as_ref())
    }

    /// Whether somebody placed the order.
    pub(super) fn is_placed(&self) -> bool {
        self.placer.is_some()
    }
}

impl Number {
    /// EI as a number; without an authority of its own it has the sender's.
    pub(super) fn of<'m>(sent: impl Into<Composite<'m>>, reading: &Reading<'_>) -> Option<Self> {
        let ei = Ei::new(sent);
        let value = text::text(&ei.id())?;
        // What registries tell senders to write where there is no number (CDC, VXU).
        if value == "9999" {
            return None;
        }
        let parts = [ei.namespace(), ei.universal_id(), ei.universal_id_type()];
        let joined = parts.each_ref().map(|part| part.trim()).join("&");
        let named = joined.trim_end_matches('&');
        let authority = if named.is_empty() {
            reading.sender()
        } else {
            named.to_owned()
        };
        Some(Self { value, authority })
    }
}

/// The order that a number names, whoever speaks of it.
pub(super) fn named(number: Number) -> SourceIdentity {
    SourceIdentity {
        kind: IdentityKind::Part,
        authority: number.authority,
        type_code: String::new(),
        value: format!("order:{}", number.value),
    }
}

/// Identifiers PLAC and FILL: of ORC, and of OBR where ORC has none.
pub(super) fn identifiers<R: json::Resource>(
    orc: Option<&Seg<'_>>,
    obr: Option<&Seg<'_>>,
    voice: &mut Voice<'_, '_>,
    wrap: impl Fn(Vec<Identifier>) -> R,
) {
    let reading = voice.reading;
    for (n, kind) in [(2, "PLAC"), (3, "FILL")] {
        let is_valued = |seg: &&Seg<'_>| !seg.raw().field(usize::from(n)).is_empty();
        let first = orc.filter(is_valued).or(obr.filter(is_valued));
        let Some(seg) = first else { continue };
        voice.one(seg, n, |sent| {
            let identifier = cx::typed_entity(Ei::new(sent), kind, reading)?;
            Some(wrap(vec![identifier]))
        });
        // What ORC says, OBR repeats.
        let is_same =
            |obr: &Seg<'_>| obr.raw().field(n.into()).raw() == seg.raw().field(n.into()).raw();
        if let Some(obr) = obr.filter(|obr| is_same(obr)) {
            obr.skip(&[n]);
        }
    }
}

/// ORC-4: the number of the group, EI or (v2.8.2) EIP.
pub(super) fn group_numbers(sent: Repetition<'_>, reading: &Reading<'_>) -> Vec<Identifier> {
    let is_pair =
        1 < sent.component(1).n_subcomponents() || 1 < sent.component(2).n_subcomponents();
    if is_pair {
        return cx::pair(sent, ["PGN", "FGN"], reading);
    }
    cx::typed_entity(Ei::new(sent), "PGN", reading)
        .into_iter()
        .collect()
}

/// ORC-28, table 0177.
pub(super) fn security(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<Box<Meta>> {
    let sent = Cwe::new(sent);
    let meaning = find(CONFIDENTIALITY, sent.code().trim());
    let concept = cwe::mapped(meaning, sent, Some("0177"), reading)?;
    let security: Vec<Coding> = concept.coding;
    (!security.is_empty()).then(|| {
        Box::new(Meta {
            security,
            ..Meta::default()
        })
    })
}

/// Where the order stands: ORC-5, else ORC-1.
pub(super) fn status(orc: &Seg<'_>, reading: &Reading<'_>) -> Option<(u8, &'static str)> {
    let read = |n, number, table| {
        let status = reading.code(number, table, orc.field(n).text().trim());
        status.map(|status| (n, status))
    };
    let control = read(1, "0119", ORDER_CONTROL);
    read(5, "0038", ORDER_STATUS).or(control)
}

pub(super) fn blank() -> ServiceRequest {
    ServiceRequest {
        status: Code::default(),
        intent: Code::default(),
        subject: Box::new(Reference::default()),
        ..ServiceRequest::default()
    }
}

const BUSINESS_EVENT: &str = "http://hl7.org/fhir/StructureDefinition/businessEvent";
const STATUS_REASON: &str = "http://hl7.org/fhir/StructureDefinition/request-statusReason";

/// States what ORC says of the request.
pub(super) fn of_request(orc: &Seg<'_>, obr: Option<&Seg<'_>>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    numbers_of_request(orc, obr, voice);
    if let Some((n, status)) = status(orc, reading) {
        let request = ServiceRequest {
            status: status.into(),
            ..blank()
        };
        voice.state(orc.place(n), json::fragment(&request));
    }
    happened(orc, voice);
    if orc.field(1).text().trim() == "NW" {
        voice.one(orc, 9, |sent| {
            let authored_on = Some(dtm::date_time(&sent.text(), reading)?);
            Some(ServiceRequest {
                authored_on,
                ..blank()
            })
        });
    }
    voice.one(orc, 16, |sent| {
        let reason = cwe::concept(Cwe::new(sent), None, reading)?;
        let value = ExtensionValue::CodeableConcept(Box::new(reason));
        Some(ServiceRequest {
            extension: vec![ext::valued(STATUS_REASON, value)],
            ..blank()
        })
    });
    voice.one(orc, 28, |sent| {
        Some(ServiceRequest {
            meta: Some(security(sent, reading)?),
            ..blank()
        })
    });
    voice.one(orc, 29, |sent| {
        let sent = Cwe::new(sent);
        let meaning = find(ORDER_TYPE, sent.code().trim());
        Some(ServiceRequest {
            location_code: vec![cwe::mapped(meaning, sent, Some("0482"), reading)?],
            ..blank()
        })
    });
}

/// ORC-1 and 9: what was done with the order, and when. Of several messages the latest is told.
fn happened(orc: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    reading.at(orc.place(9));
    let at = dtm::date_time(&orc.field(9).text(), reading);
    reading.at(orc.place(1));
    let Some(code) = text::code(&orc.field(1).text()) else {
        return;
    };
    let control = ExtensionValue::CodeableConcept(Box::new(cwe::sent("0119", &code)));
    let at = at.map(|at| ext::valued("date", ExtensionValue::DateTime(at)));
    let event = [ext::valued("value", control)].into_iter().chain(at);
    let request = ServiceRequest {
        extension: vec![ext::nested(BUSINESS_EVENT, event.collect())],
        ..blank()
    };
    voice.turn_to_part("event", "order control");
    voice.state(orc.place(1), json::fragment(&request));
    voice.turn_to_whole();
}

fn numbers_of_request(orc: &Seg<'_>, obr: Option<&Seg<'_>>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let named = |identifier: Vec<Identifier>| ServiceRequest {
        identifier,
        ..blank()
    };
    identifiers(Some(orc), obr, voice, named);
    voice.one(orc, 4, |sent| {
        let mut numbers = group_numbers(sent, reading).into_iter();
        Some(ServiceRequest {
            requisition: numbers.next().map(Box::new),
            identifier: numbers.collect(),
            ..blank()
        })
    });
    voice.one(orc, 38, |sent| {
        Some(named(vec![cx::typed_entity(
            Ei::new(sent),
            "FGN",
            reading,
        )?]))
    });
    if obr.is_none_or(|obr| obr.raw().field(53).is_empty()) {
        voice.each(
            orc,
            33,
            |sent| cx::of_kind(Cx::new(sent), "PLAC", reading),
            named,
        );
    }
}

/// ORC-12, else OBR-16, for the organization of ORC-21 to 23: who ordered it, and where that is said.
pub(super) fn requester(
    orc: Option<&Seg<'_>>,
    obr: Option<&Seg<'_>>,
    reading: &Reading<'_>,
) -> Option<(crate::facts::Place, Reference)> {
    let orderer = orc.filter(|orc| !orc.raw().field(12).is_empty());
    let person = match (orderer, obr) {
        (Some(orc), _) => Some((orc, 12)),
        (None, Some(obr)) => Some((obr, 16)),
        (None, None) => None,
    };
    let mut place = None;
    let person = person.and_then(|(seg, n)| {
        reading.at(seg.place(n));
        place = Some(seg.place(n));
        let addresses = orc.map(|orc| orc.field(24));
        let addresses = addresses.into_iter().flat_map(valued);
        let address = addresses.filter_map(|sent| xad::address(Xad::new(sent), reading));
        let sent = valued(seg.field(n)).next()?;
        xcn::addressed(sent, address.collect(), reading)
    });
    let organization = orc.and_then(|orc| facility(orc, reading));
    let at = match (&person, orc) {
        (None, Some(orc)) => Some(orc.place(21)),
        _ => place,
    };
    let role = Role {
        person,
        organization,
        ..Role::default()
    };
    Some((at?, role::reference(role, reading)?))
}

/// ORC-21 to 23: the organization that ordered.
fn facility(orc: &Seg<'_>, reading: &Reading<'_>) -> Option<Reference> {
    let addresses = valued(orc.field(22));
    let numbers = valued(orc.field(23));
    let reach = Reach {
        address: addresses
            .filter_map(|sent| xad::address(Xad::new(sent), reading))
            .collect(),
        telecom: numbers
            .filter_map(|sent| xtn::contact(Xtn::new(sent), Some("work"), reading))
            .collect(),
        ..Reach::default()
    };
    reading.at(orc.place(21));
    let sent = valued(orc.field(21)).next()?;
    xon::reached(Xon::new(sent), reach, reading)
}
