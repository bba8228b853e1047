//! The content of a document: OBX-5 as attachments, lines of text as one text.

use fhirbolt::model::r4::resources::{DocumentReference, DocumentReferenceContent};
use fhirbolt::model::r4::types::{Attachment, DateTime};
use hl7v2::datatype::Cwe;
use hl7v2::{Repetition, Segment};

use crate::datatype::{attachment, dtm, text};
use crate::facts::Place;
use crate::inbound::{Reading, Seg, Voice, valued};
use crate::json;

use super::blank;

/// What has come so far.
pub(super) struct Content {
    list: Vec<Attachment>,
    /// The lines of a text that is not at its end yet.
    lines: Vec<String>,
    /// What the next line must be to belong to them: OBX-3.
    of: String,
    title: Option<String>,
    creation: Option<DateTime>,
    /// TXA-3.
    presentation: Option<String>,
}

/// Whether an OBX holds a value that means something by itself: numbers, codes, times.
pub(super) fn is_discrete(obx: &Segment<'_>) -> bool {
    let kind = obx.field(2).text();
    !matches!(kind.trim(), "" | "TX" | "FT" | "ST" | "ED" | "RP")
}

impl Content {
    /// TXA-3, 7 and 16, which are about all of it.
    pub(super) fn of_txa(txa: &Seg<'_>, reading: &Reading<'_>) -> Self {
        reading.at(txa.place(7));
        let creation = dtm::date_time(&txa.field(7).text(), reading);
        let file = text::text(&txa.field(16).full_text());
        let presentation = text::code(&txa.field(3).text());
        Self {
            list: Vec::new(),
            lines: Vec::new(),
            of: String::new(),
            title: file.or_else(|| text::text(&txa.field(25).full_text())),
            creation,
            presentation,
        }
    }

    /// OBX: lines of one text, a document, or where one is.
    pub(super) fn take_obx(&mut self, obx: &Seg<'_>, reading: &Reading<'_>) {
        // OBX-4 counts lines, OBX-11 and 14 repeat what TXA says of the document.
        obx.skip(&[1, 4, 11, 14]);
        let kind = obx.field(2).text();
        let code = obx.field(3).full_text();
        reading.at(obx.place(5));
        let label = Cwe::new(obx.field(3).first());
        let label = text::text(&label.display()).or_else(|| text::text(&label.code()));
        match kind.trim() {
            "ED" => {
                self.end_text();
                for sent in valued(obx.field(5)) {
                    self.add(attachment::enclosed(sent, reading), label.clone());
                }
            }
            "RP" => {
                self.end_text();
                for sent in valued(obx.field(5)) {
                    self.add(attachment::referred(sent), label.clone());
                }
            }
            _ => {
                if code.trim() != self.of {
                    self.end_text();
                    code.trim().clone_into(&mut self.of);
                }
                self.lines
                    .extend(valued(obx.field(5)).map(|sent| line(&sent)));
            }
        }
    }

    /// NTE: a text of its own.
    pub(super) fn take_note(&mut self, nte: &Seg<'_>) {
        nte.skip(&[1, 2, 4]);
        self.end_text();
        self.lines
            .extend(valued(nte.field(3)).map(|sent| line(&sent)));
        self.end_text();
    }

    fn end_text(&mut self) {
        self.of.clear();
        let lines = std::mem::take(&mut self.lines);
        let whole = lines.join("\n");
        if !whole.trim().is_empty() {
            self.add(Some(attachment::plain(&whole)), None);
        }
    }

    fn add(&mut self, attachment: Option<Attachment>, label: Option<String>) {
        let Some(attachment) = attachment else { return };
        let title = self.title.clone().or(label).map(Into::into);
        self.list.push(Attachment {
            title: attachment.title.or(title),
            creation: self.creation.clone(),
            ..attachment
        });
    }

    /// States the content. A notice without content (T01, T03 …) says nothing of it, but what kind it
    /// is goes to a part of its own, for a document of which nothing else is known.
    pub(super) fn state(mut self, voice: &mut Voice<'_, '_>) {
        self.end_text();
        if !self.list.is_empty() {
            let all = holding(self.list);
            return voice.state(Place::new("OBX", 5), json::fragment(&all));
        }
        let notice = Attachment {
            content_type: self.content_type().map(Into::into),
            title: self.title.map(Into::into),
            creation: self.creation,
            ..Attachment::default()
        };
        if notice.content_type.is_some() || notice.title.is_some() {
            voice.turn_to_part("notice", "content");
            let notice = holding(vec![notice]);
            voice.state(Place::new("TXA", 3), json::fragment(&notice));
            voice.turn_to_whole();
        }
    }

    fn content_type(&self) -> Option<String> {
        attachment::media_type(self.presentation.as_deref()?, "")
    }
}

fn holding(list: Vec<Attachment>) -> DocumentReference {
    let content = list.into_iter().map(|attachment| DocumentReferenceContent {
        attachment: Box::new(attachment),
        ..DocumentReferenceContent::default()
    });
    DocumentReference {
        content: content.collect(),
        ..blank()
    }
}

/// A line as it was sent: blanks at its start may be the layout.
fn line(sent: &Repetition<'_>) -> String {
    let text = sent.full_text();
    text.trim_end()
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}
