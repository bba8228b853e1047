//! TXA → DocumentReference, with the OBX and NTE that follow it as its content.

mod content;

use fhirbolt::model::r4::resources::{
    DocumentReference, DocumentReferenceContext, DocumentReferenceRelatesTo, Provenance,
    ProvenanceAgent,
};
use fhirbolt::model::r4::types::{
    Code, CodeableConcept, ExtensionValue, Identifier, Instant, Period, Reference,
};
use hl7v2::datatype::{Cwe, Ei, Hd};
use hl7v2::{Message, Segment};
use model::{IdentityKind, SourceIdentity};

use crate::datatype::dtm::When;
use crate::datatype::xon::refer;
use crate::datatype::{cwe, cx, dtm, ext, text, xcn, xon};
use crate::identity;
use crate::inbound::{EntityKind, Reading, Seg, Voice};
use crate::json;
use crate::table::schedule::{AVAILABILITY, COMPLETION, FILLER, PLACER};

/// A document while its message is read.
pub(super) struct Document<'r, 'a> {
    voice: Voice<'r, 'a>,
    content: content::Content,
}

/// Whose document it is, and of which visit.
pub(super) struct About {
    pub(super) subject: Option<Reference>,
    pub(super) encounter: Option<Reference>,
    /// What names the patient, for a document without a number.
    pub(super) patient: Option<model::EntityId>,
}

/// A document of which nothing is set.
pub(crate) fn blank() -> DocumentReference {
    DocumentReference {
        status: Code::default(),
        ..DocumentReference::default()
    }
}

/// States what TXA says of the document, whose content follows.
pub(super) fn open<'r, 'a>(
    txa: Segment<'_>,
    message: &Message<'_>,
    about: About,
    reading: &'r Reading<'a>,
) -> Document<'r, 'a> {
    let msh = message.msh();
    let kind = EntityKind::Document;
    let mut voice = match identity::thing("document", Ei::new(txa.field(12).first()), &msh) {
        Some(identity) => Voice::new(reading, kind, identity),
        None => Voice::unidentified(reading, kind, unnumbered(&txa, &about, reading)),
    };
    let seg = Seg::new("TXA", txa);
    let trigger = message.message_type().trigger().trim().to_owned();
    let constant = DocumentReference {
        category: vec![CLINICAL_NOTE.concept()],
        subject: about.subject.map(Box::new),
        context: about.encounter.map(|encounter| DocumentReferenceContext {
            encounter: vec![encounter],
            ..DocumentReferenceContext::default()
        }),
        ..blank()
    };
    seg.skip(&[1]);
    voice.state(seg.place(0), json::fragment(&constant));
    status(&seg, &trigger, &mut voice);
    what(&seg, &mut voice);
    times(&seg, &mut voice);
    people(&seg, &mut voice);
    related(&seg, &trigger, &msh, &mut voice);
    edit(&seg, &mut voice);
    let content = content::Content::of_txa(&seg, reading);
    seg.close(reading);
    Document { voice, content }
}

const CLINICAL_NOTE: cwe::Meaning = cwe::Meaning {
    code: "clinical-note",
    display: "Clinical Note",
    system: "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
};

/// A document without a number is the patient's document of that type and time.
fn unnumbered(txa: &Segment<'_>, about: &About, reading: &Reading<'_>) -> SourceIdentity {
    let said = [2, 4, 6, 14, 15, 16].map(|n| txa.field(n).full_text().trim().to_owned());
    let is_told_apart = said.iter().skip(1).any(|said| !said.is_empty());
    let value = match about.patient {
        Some(patient) if is_told_apart => {
            format!("document:patient:{patient}|{}", said.join("|"))
        }
        _ => format!("document:message:{}", identity::hex(&reading.ctx.digest)),
    };
    SourceIdentity {
        kind: IdentityKind::Part,
        authority: reading.sender(),
        type_code: "document".to_owned(),
        value,
    }
}

/// TXA-17 and 19; a cancelled document (T11) was made in error, an edited one (T07, T08) is amended.
fn status(txa: &Seg<'_>, trigger: &str, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let is_cancelled = trigger == "T11";
    voice.one(txa, 19, |sent| {
        let code = text::code(&sent.text())?;
        let status = reading.code("0273", AVAILABILITY, &code);
        if status.is_none() {
            reading.issue("code is not in table 0273");
        }
        let original = (code != "AV").then(|| cwe::concept(Cwe::new(sent), Some("0273"), reading));
        Some(DocumentReference {
            status: code_of(status, original.flatten()),
            ..blank()
        })
    });
    voice.one(txa, 17, |sent| {
        let code = text::code(&sent.text())?;
        let status = reading.code("0271", COMPLETION, &code);
        if status.is_none() {
            reading.issue("code is not in table 0271");
        }
        let is_edited = matches!(trigger, "T07" | "T08") && status == Some("final");
        let status = if is_edited { Some("amended") } else { status };
        let original = cwe::concept(Cwe::new(sent), Some("0271"), reading);
        Some(DocumentReference {
            doc_status: Some(code_of(status, original)),
            ..blank()
        })
    });
    if is_cancelled {
        let cancelled = DocumentReference {
            status: "entered-in-error".into(),
            doc_status: Some("entered-in-error".into()),
            ..blank()
        };
        voice.turn_to_part("cancel", "T11");
        voice.state(txa.place(19), json::fragment(&cancelled));
        voice.turn_to_whole();
    }
}

/// A code with the one that was sent beside it.
fn code_of(code: Option<&'static str>, original: Option<CodeableConcept>) -> Code {
    Code {
        value: code.map(str::to_owned),
        extension: original.map(ext::alternate_codes).into_iter().collect(),
        ..Code::default()
    }
}

fn what(txa: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(txa, 2, |sent| {
        let kind = cwe::concept(Cwe::new(sent), Some("0270"), reading)?;
        Some(DocumentReference {
            r#type: Some(Box::new(kind)),
            ..blank()
        })
    });
    voice.one(txa, 12, |sent| {
        let identifier = cx::entity_identifier(Ei::new(sent), reading)?;
        Some(DocumentReference {
            master_identifier: Some(Box::new(identifier)),
            ..blank()
        })
    });
    voice.one(txa, 16, |sent| {
        let identifier = Identifier {
            value: Some(text::text(&sent.full_text())?.into()),
            ..Identifier::default()
        };
        Some(DocumentReference {
            identifier: vec![identifier],
            ..blank()
        })
    });
    voice.one(txa, 18, |sent| {
        let label = cwe::concept(Cwe::new(sent), Some("0272"), reading)?;
        Some(DocumentReference {
            security_label: vec![label],
            ..blank()
        })
    });
    voice.one(txa, 25, |sent| {
        Some(DocumentReference {
            description: Some(text::text(&sent.full_text())?.into()),
            ..blank()
        })
    });
    voice.one(txa, 27, |sent| {
        let custodian = xon::of_hd(Hd::new(sent), reading)?;
        Some(DocumentReference {
            custodian: Some(Box::new(custodian)),
            ..blank()
        })
    });
    voice.one(txa, 28, |sent| {
        let setting = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(within(DocumentReferenceContext {
            practice_setting: Some(Box::new(setting)),
            ..DocumentReferenceContext::default()
        }))
    });
}

fn within(context: DocumentReferenceContext) -> DocumentReference {
    DocumentReference {
        context: Some(context),
        ..blank()
    }
}

/// TXA-4 and 6. `DocumentReference.date` is an instant: a day is not made one.
fn times(txa: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(txa, 4, |sent| {
        let start = Some(dtm::date_time(&sent.text(), reading)?);
        let period = Period {
            start,
            ..Period::default()
        };
        Some(within(DocumentReferenceContext {
            period: Some(Box::new(period)),
            ..DocumentReferenceContext::default()
        }))
    });
    voice.one(txa, 6, |sent| {
        let when = When::read(&sent.text(), reading)?;
        if when.has_time() {
            return Some(DocumentReference {
                date: Some(Instant::from(when.instant())),
                ..blank()
            });
        }
        let day = ExtensionValue::DateTime(when.date_time().into());
        Some(DocumentReference {
            extension: vec![ext::valued(DATE, day)],
            ..blank()
        })
    });
}

const DATE: &str = "http://hl7.org/fhir/6.0/StructureDefinition/extension-date";

/// TXA-9, else 5, wrote it; TXA-10, else 22, vouches for it.
fn people(txa: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let by = if txa.field(9).is_empty() { 5 } else { 9 };
    voice.each(
        txa,
        by,
        |sent| xcn::reference(sent, reading),
        |author| DocumentReference { author, ..blank() },
    );
    let vouches = if txa.field(10).is_empty() { 22 } else { 10 };
    voice.one(txa, vouches, |sent| {
        let authenticator = xcn::reference(sent, reading)?;
        Some(DocumentReference {
            authenticator: Some(Box::new(authenticator)),
            ..blank()
        })
    });
}

/// TXA-13: the document that this one adds to or replaces; TXA-14 and 15: the order behind it.
fn related(txa: &Seg<'_>, trigger: &str, msh: &Segment<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let replaces = matches!(trigger, "T07" | "T08" | "T09" | "T10");
    let code = if replaces { "replaces" } else { "appends" };
    let own = voice.entity;
    voice.one(txa, 13, |sent| {
        let parent = identity::thing("document", Ei::new(sent), msh)?;
        let mut parent = Voice::new(reading, EntityKind::Document, parent);
        if parent.entity == own {
            return None;
        }
        let target = Reference {
            r#type: Some("DocumentReference".into()),
            identifier: cx::entity_identifier(Ei::new(sent), reading).map(Box::new),
            ..refer("DocumentReference", parent.entity.0, None)
        };
        if replaces {
            let superseded = DocumentReference {
                status: "superseded".into(),
                ..blank()
            };
            parent.turn_to_part("replaced", &own.to_string());
            parent.state(txa.place(13), json::fragment(&superseded));
            parent.close();
        }
        Some(DocumentReference {
            relates_to: vec![DocumentReferenceRelatesTo {
                code: code.into(),
                target: Box::new(target),
                ..DocumentReferenceRelatesTo::default()
            }],
            ..blank()
        })
    });
    for (n, kind) in [(14, PLACER), (15, FILLER)] {
        voice.each(
            txa,
            n,
            |sent| {
                let identifier = cx::entity_identifier(Ei::new(sent), reading)?;
                Some(Reference {
                    r#type: Some("ServiceRequest".into()),
                    identifier: Some(Box::new(Identifier {
                        r#type: Some(Box::new(cx::typed(kind))),
                        ..identifier
                    })),
                    ..Reference::default()
                })
            },
            |related| {
                within(DocumentReferenceContext {
                    related,
                    ..DocumentReferenceContext::default()
                })
            },
        );
    }
}

/// TXA-8 → Provenance: who changed the document when, and why (TXA-21).
fn edit(txa: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let by = if txa.field(9).is_empty() { 5 } else { 9 };
    let agent = |sent| {
        Some(ProvenanceAgent {
            who: Box::new(xcn::reference(sent, reading)?),
            ..ProvenanceAgent::default()
        })
    };
    let agents: Vec<_> = crate::inbound::valued(txa.field(by))
        .filter_map(agent)
        .collect();
    let sent = txa.field(8).text();
    reading.at(txa.place(8));
    let Some(at) = When::read(&sent, reading).filter(|_| !agents.is_empty()) else {
        return;
    };
    let target = refer("DocumentReference", voice.entity.0, None);
    let reason = cwe::concept(Cwe::new(txa.field(21).first()), None, reading);
    let edited = Provenance {
        target: vec![target],
        recorded: Instant::from(at.instant()),
        reason: reason.into_iter().collect(),
        agent: agents,
        ..Provenance::default()
    };
    voice.turn_to_part("Provenance", sent.trim());
    voice.state(txa.place(8), json::fragment(&edited));
    voice.turn_to_whole();
}

impl Document<'_, '_> {
    /// OBX and NTE. True if the segment is part of the document; a discrete value is a result beside it.
    pub(super) fn takes(&mut self, name: &str, segment: &Segment<'_>) -> bool {
        let reading = self.voice.reading;
        match name {
            "OBX" if content::is_discrete(segment) => false,
            "OBX" => {
                let seg = Seg::new("OBX", *segment);
                self.content.take_obx(&seg, reading);
                seg.close(reading);
                true
            }
            "NTE" => {
                let seg = Seg::new("NTE", *segment);
                self.content.take_note(&seg);
                seg.close(reading);
                true
            }
            _ => false,
        }
    }

    /// Hands over what was said.
    pub(super) fn close(mut self) {
        self.voice.turn_to_whole();
        self.content.state(&mut self.voice);
        self.voice.close();
    }
}
