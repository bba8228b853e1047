//! NTE → Annotation of what it follows.

use fhirbolt::model::r4::types::{Annotation, AnnotationAuthor, ExtensionValue};
use hl7v2::Segment;
use hl7v2::datatype::Cwe;

use crate::datatype::{cwe, dtm, ext, text, xcn};
use crate::facts::Place;
use crate::inbound::{Reading, Seg, Voice, valued};
use crate::json;

const TYPE: &str = "http://hl7.org/fhir/StructureDefinition/annotationType";

/// States the comments that stand behind something.
pub(super) fn state<R: json::Resource>(
    notes: &[Segment<'_>],
    voice: &mut Voice<'_, '_>,
    wrap: impl FnOnce(Vec<Annotation>) -> R,
) {
    let notes = read(notes, voice.reading);
    if !notes.is_empty() {
        voice.state(Place::new("NTE", 3), json::fragment(&wrap(notes)));
    }
}

/// The comments. Consecutive segments of one author, time and type are the lines of one comment.
pub(super) fn read(notes: &[Segment<'_>], reading: &Reading<'_>) -> Vec<Annotation> {
    notes
        .chunk_by(|one, next| {
            [4, 5, 6]
                .iter()
                .all(|&n| one.field(n).raw() == next.field(n).raw())
        })
        .filter_map(|lines| comment(lines, reading))
        .collect()
}

fn comment(lines: &[Segment<'_>], reading: &Reading<'_>) -> Option<Annotation> {
    let lines: Vec<Seg<'_>> = lines.iter().map(|line| Seg::new("NTE", *line)).collect();
    let first = lines.first()?;
    let mut text: Vec<String> = Vec::new();
    for line in &lines {
        line.skip(&[1, 4, 5, 6]);
        let said = line.field(3);
        if said.is_empty() {
            text.push(String::new());
        }
        text.extend(valued(said).map(|part| text::text(&part.full_text()).unwrap_or_default()));
    }
    let text = text::text(&text.join("\n"));
    reading.at(first.place(4));
    let kind = cwe::concept(Cwe::new(first.field(4).first()), Some("0364"), reading);
    reading.at(first.place(5));
    let author = xcn::reference(first.field(5).first(), reading);
    reading.at(first.place(6));
    let time = dtm::date_time(&first.field(6).text(), reading);
    for line in &lines {
        line.close(reading);
    }
    let kind = kind.map(|kind| ext::valued(TYPE, ExtensionValue::CodeableConcept(Box::new(kind))));
    Some(Annotation {
        extension: kind.into_iter().collect(),
        author: author.map(|author| AnnotationAuthor::Reference(Box::new(author))),
        time,
        text: text?.into(),
        ..Annotation::default()
    })
}
