//! DocumentReference → MDM^T02 (HL7 v2.5.1 ch. 9): the official guide's TXA and OBX tables read backwards.
//!
//! Identifiers come from the caller, who looked them up: a document whose patient the receiver can't
//! know by its own identifier is held, never sent hopefully.

mod destination;
mod value;

use base64::Engine as _;
use bytes::Bytes;
use hl7v2::writer::{Builder, SegmentBuilder, Value as V2};
use hl7v2::{Charset, Separators};
use model::{ControlId, SourceIdentity, Timestamp};
use serde_json::Value;

pub use destination::{Destination, DocumentType, MediaWording, VisitField};
use value::{list, text};

/// The EMR's own identifiers of those whom a document is about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Identifiers {
    /// The patient's, best first.
    pub patient: Vec<SourceIdentity>,
    /// The visit's.
    pub visit: Option<SourceIdentity>,
}

/// One content of a document.
#[derive(Clone)]
pub struct Attachment {
    /// Its media type.
    pub content_type: String,
    /// Its title.
    pub title: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Attachment({}, {} bytes)",
            self.content_type,
            self.bytes.len()
        )
    }
}

/// A document can't be sent.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what}")]
pub struct Refused {
    /// True: something is missing that may come, or that a setting can give. False: never.
    pub held: bool,
    /// Why, in words; no patient data.
    pub what: String,
}

fn held(what: &str) -> Refused {
    Refused {
        held: true,
        what: what.to_owned(),
    }
}

fn never(what: String) -> Refused {
    Refused { held: false, what }
}

/// Builds the message. `now` is MSH-7.
#[expect(clippy::too_many_arguments, reason = "a message is made of these")]
pub fn build(
    document: &Value,
    patient: &Value,
    encounter: Option<&Value>,
    identifiers: &Identifiers,
    content: &[Attachment],
    control_id: &ControlId,
    now: Timestamp,
    destination: &Destination,
) -> Result<Vec<u8>, Refused> {
    if identifiers.patient.is_empty() {
        return Err(held(
            "the patient has no identifier that the receiver knows",
        ));
    }
    if text(document, "/status") == Some("entered-in-error") {
        return Err(never("the document was entered in error".to_owned()));
    }
    let kind = document_type(document, destination)?;
    let charset = Charset::parse(&destination.charset)
        .ok_or_else(|| held("the destination's character set is not known"))?;
    let document = Document {
        body: document,
        kind,
        now,
        destination,
    };
    let mut builder = Builder::new(Separators::default(), charset);
    header(builder.segment("MSH"), control_id, now, destination);
    document.event(builder.segment("EVN"));
    person(builder.segment("PID"), patient, identifiers, destination);
    visit(builder.segment("PV1"), encounter, identifiers, destination);
    document.txa(builder.segment("TXA"), content);
    for (at, attachment) in content.iter().enumerate() {
        document.obx(builder.segment("OBX"), at + 1, attachment)?;
    }
    if content.is_empty() {
        return Err(held("the document has no content"));
    }
    Ok(builder.write().bytes)
}

fn header(
    msh: &mut SegmentBuilder,
    control_id: &ControlId,
    now: Timestamp,
    destination: &Destination,
) {
    let kind: &[&str] = if destination.message_structure {
        &["MDM", "T02", "MDM_T02"]
    } else {
        &["MDM", "T02"]
    };
    msh.set(3, value::configured(&destination.sending_application, '^'))
        .set(4, value::configured(&destination.sending_facility, '^'))
        .set(
            5,
            value::configured(&destination.receiving_application, '^'),
        )
        .set(6, value::configured(&destination.receiving_facility, '^'))
        .set(7, value::instant(now, destination))
        .set(9, kind.to_vec())
        .set(10, control_id.as_str())
        .set(11, destination.processing_id.as_str())
        .set(12, destination.version.as_str())
        .set(15, destination.accept_ack.as_str())
        .set(16, destination.application_ack.as_str());
}

fn person(
    pid: &mut SegmentBuilder,
    patient: &Value,
    identifiers: &Identifiers,
    destination: &Destination,
) {
    pid.set(1, "1");
    for identity in identifiers
        .patient
        .iter()
        .take(destination.patient_identifiers_max.max(1))
    {
        pid.repeat(3, value::identifier(identity, destination));
    }
    pid.set_some(5, value::name(patient));
    pid.set_some(
        7,
        text(patient, "/birthDate").and_then(|date| value::time(date, destination)),
    );
    pid.set_some(8, value::sex(patient));
    if destination.visit_id.contains(&VisitField::AccountNumber) {
        pid.set_some(18, identifiers.visit.as_ref().map(value::visit_number));
    }
}

fn visit(
    pv1: &mut SegmentBuilder,
    encounter: Option<&Value>,
    identifiers: &Identifiers,
    destination: &Destination,
) {
    let class = encounter
        .and_then(value::class)
        .unwrap_or(&destination.class_without_visit);
    pv1.set(1, "1").set(2, class);
    for (field, n) in [
        (VisitField::VisitNumber, 19),
        (VisitField::AlternateVisitId, 50),
    ] {
        if destination.visit_id.contains(&field) {
            pv1.set_some(n, identifiers.visit.as_ref().map(value::visit_number));
        }
    }
    let start = encounter.and_then(|encounter| text(encounter, "/period/start"));
    pv1.set_some(44, start.and_then(|start| value::time(start, destination)));
}

/// The receiver's type of the document: by its table, else the document's own code.
fn document_type(document: &Value, destination: &Destination) -> Result<V2, Refused> {
    let codings: Vec<(&str, &str, &str)> = list(document, "/type/coding")
        .filter_map(|coding| {
            let part = |pointer| text(coding, pointer).unwrap_or("");
            Some((part("/system"), text(coding, "/code")?, part("/display")))
        })
        .collect();
    let Some((system, code, display)) = codings.first() else {
        return Err(held("the document has no type code"));
    };
    if destination.types.is_empty() {
        return Ok(V2::from([*code, *display, system_name(system)]));
    }
    let known = codings.iter().find_map(|(system, code, _)| {
        let types = &destination.types;
        types
            .get(&format!("{system}|{code}"))
            .or_else(|| types.get(*code))
    });
    match known {
        Some(DocumentType { code, text, system }) => {
            Ok(V2::from([code.as_str(), text.as_str(), system.as_str()]))
        }
        None => Err(held("the destination has no type for the document's")),
    }
}

/// Table 0396 backwards.
fn system_name(uri: &str) -> &str {
    match uri {
        "http://loinc.org" => "LN",
        "http://snomed.info/sct" => "SCT",
        other => other,
    }
}

/// The document, and what its segments need besides.
struct Document<'a> {
    body: &'a Value,
    kind: V2,
    now: Timestamp,
    destination: &'a Destination,
}

impl Document<'_> {
    fn time(&self, pointer: &str) -> Option<String> {
        value::time(text(self.body, pointer)?, self.destination)
    }

    fn event(&self, evn: &mut SegmentBuilder) {
        if self.destination.event_code {
            evn.set(1, "T02");
        }
        let recorded = self.time("/meta/lastUpdated");
        evn.set(
            2,
            recorded.unwrap_or_else(|| value::instant(self.now, self.destination)),
        );
        evn.set_some(6, self.time("/date"));
    }

    fn txa(&self, txa: &mut SegmentBuilder, content: &[Attachment]) {
        let document = self.body;
        txa.set(1, "1").set(2, self.kind.clone());
        txa.set_some(
            3,
            content
                .first()
                .map(|content| presentation(&content.content_type)),
        );
        txa.set_some(
            4,
            self.time("/context/period/start")
                .or_else(|| self.time("/date")),
        );
        let authors: Vec<V2> = list(document, "/author")
            .filter_map(|author| value::person(document, author))
            .collect();
        txa.set_some(5, authors.first().cloned());
        txa.set_some(6, self.time("/date"));
        for author in authors {
            txa.repeat(9, author);
        }
        let authenticator = document
            .get("authenticator")
            .and_then(|person| value::person(document, person));
        txa.set_some(10, authenticator.clone());
        txa.set(12, self.number());
        txa.set_some(
            16,
            content.first().and_then(|content| content.title.clone()),
        );
        txa.set(17, self.completion());
        txa.set_some(18, self.confidentiality());
        let is_superseded = text(document, "/status") == Some("superseded");
        txa.set(19, if is_superseded { "OB" } else { "AV" });
        txa.set(20, "AC");
        txa.set_some(22, self.authentication(authenticator));
        if "2.6" <= self.destination.version.as_str() {
            txa.set_some(25, text(document, "/description"));
        }
    }

    /// TXA-12: the document's own number, else its id; the receiver's key for updates.
    fn number(&self) -> V2 {
        let number = text(self.body, "/masterIdentifier/value")
            .or_else(|| text(self.body, "/id"))
            .unwrap_or("");
        let n_chars = number.chars().count();
        let max = match self.destination.document_number_chars_max {
            0 => n_chars,
            max => max,
        };
        let number: String = number.chars().skip(n_chars.saturating_sub(max)).collect();
        let mut parts = vec![number];
        parts.extend(
            self.destination
                .document_authority
                .split('^')
                .map(str::to_owned),
        );
        V2::from(parts)
    }

    /// TXA-17.
    fn completion(&self) -> &str {
        match text(self.body, "/docStatus") {
            Some("preliminary") => "IP",
            Some("amended") => "AU",
            _ => &self.destination.completion_of_final,
        }
    }

    /// TXA-18.
    fn confidentiality(&self) -> Option<&str> {
        let labels = list(self.body, "/securityLabel");
        let codes = labels.flat_map(|label| list(label, "/coding"));
        codes
            .filter_map(|coding| text(coding, "/code"))
            .find_map(|code| match code {
                "R" | "V" => Some(code),
                "N" | "U" | "L" | "M" => Some("U"),
                _ => None,
            })
    }

    /// TXA-22, which the standard requires of an authenticated document: who and when.
    fn authentication(&self, authenticator: Option<V2>) -> Option<V2> {
        if !matches!(self.completion(), "AU" | "LA") {
            return None;
        }
        // PPN is an XCN with the time as its 15th component.
        let at = self.time("/date")?;
        let mut parts = match authenticator {
            Some(person) => vec![person],
            None => vec![V2::default()],
        };
        parts.extend(std::iter::repeat_with(V2::default).take(13));
        parts.push(at.into());
        Some(V2::parts(parts))
    }

    fn obx(&self, obx: &mut SegmentBuilder, n: usize, content: &Attachment) -> Result<(), Refused> {
        let n_bytes = u64::try_from(content.bytes.len()).unwrap_or(u64::MAX);
        if self.destination.content_bytes_max < n_bytes {
            return Err(never(format!(
                "the document has {n_bytes} bytes, the destination takes {}",
                self.destination.content_bytes_max
            )));
        }
        let (kind, subtype) = media(&content.content_type, self.destination.media_wording);
        let data = base64::engine::general_purpose::STANDARD.encode(&content.bytes);
        let code = match self.destination.observation_code.as_str() {
            "" => self.kind.clone(),
            code => value::configured(code, '^'),
        };
        let is_preliminary = text(self.body, "/docStatus") == Some("preliminary");
        obx.set(1, n.to_string())
            .set(2, "ED")
            .set(3, code)
            .set(
                5,
                V2::parts([
                    V2::default(),
                    kind.into(),
                    subtype.into(),
                    "Base64".into(),
                    V2::encoded(data),
                ]),
            )
            .set(11, if is_preliminary { "P" } else { "F" })
            .set_some(14, self.time("/date"));
        Ok(())
    }
}

/// TXA-3, table 0191.
fn presentation(content_type: &str) -> &'static str {
    match content_type.split('/').next().unwrap_or("") {
        "text" => "TX",
        "image" => "IM",
        "audio" => "AU",
        "multipart" => "multipart",
        _ => "AP",
    }
}

/// ED.2 and ED.3.
fn media(content_type: &str, wording: MediaWording) -> (String, String) {
    let media_type = content_type.split(';').next().unwrap_or("").trim();
    let (major, minor) = media_type.split_once('/').unwrap_or((media_type, ""));
    let major = match wording {
        MediaWording::Mime => return (major.to_owned(), minor.to_owned()),
        MediaWording::Table => presentation(content_type),
        MediaWording::Text => "TEXT",
    };
    let minor = match minor {
        "plain" => "TEXT".to_owned(),
        "octet-stream" => "Octet-stream".to_owned(),
        minor => minor.to_ascii_uppercase(),
    };
    (major.to_owned(), minor)
}

#[cfg(test)]
mod tests;
