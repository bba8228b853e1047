//! Narrative: XHTML that shows text and does nothing (R4 narrative.html, rules txt-1 and txt-2).

const TAGS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "b",
    "big",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "ul",
    "var",
];

const ATTRIBUTES: &[&str] = &[
    "abbr",
    "accesskey",
    "align",
    "alt",
    "axis",
    "bgcolor",
    "border",
    "cellhalign",
    "cellpadding",
    "cellspacing",
    "cellvalign",
    "char",
    "charoff",
    "charset",
    "cite",
    "class",
    "colspan",
    "compact",
    "coords",
    "dir",
    "frame",
    "headers",
    "height",
    "href",
    "hreflang",
    "hspace",
    "id",
    "lang",
    "longdesc",
    "name",
    "nowrap",
    "rel",
    "rev",
    "rowspan",
    "rules",
    "scope",
    "shape",
    "span",
    "src",
    "start",
    "style",
    "summary",
    "tabindex",
    "title",
    "type",
    "valign",
    "value",
    "vspace",
    "width",
    "xml:lang",
    "xml:space",
    "xmlns",
];

const NOT_CLOSED: &str = "must be well-formed XHTML: close each tag in its turn";

/// What is wrong with a narrative's `div`.
pub(crate) fn fault(text: &str) -> Option<&'static str> {
    let mut open: Vec<&str> = Vec::new();
    let mut shows_something = false;
    let mut rest = text.trim();
    if !rest.starts_with("<div") {
        return Some("must be one <div xmlns=\"http://www.w3.org/1999/xhtml\"> element");
    }
    while let Some(at) = rest.find('<') {
        let (words, tag) = rest.split_at_checked(at)?;
        shows_something |= !words.trim().is_empty();
        if let Some(comment) = tag.strip_prefix("<!--") {
            let Some((_, after)) = comment.split_once("-->") else {
                return Some(NOT_CLOSED);
            };
            rest = after;
            continue;
        }
        let Some(end) = end_of_tag(tag) else {
            return Some(NOT_CLOSED);
        };
        let inside = tag.get(1..end)?;
        rest = tag.get(end + 1..)?;
        if let Some(name) = inside.strip_prefix('/') {
            if open.pop() != Some(name.trim_end()) {
                return Some(NOT_CLOSED);
            }
            if open.is_empty() && !rest.is_empty() {
                return Some("must be one <div> element, with nothing after it");
            }
            continue;
        }
        let (name, attributes) = name_of(inside.trim_end_matches('/'));
        if TAGS.binary_search(&name).is_err() {
            return Some(
                "may only hold the HTML that shows text: no scripts, forms, frames or links to styles",
            );
        }
        if let Some(what) = attributes_fault(attributes) {
            return Some(what);
        }
        shows_something |= name == "img";
        if !inside.ends_with('/') {
            open.push(name);
        }
    }
    if !open.is_empty() || !rest.is_empty() {
        return Some(NOT_CLOSED);
    }
    (!shows_something).then_some("must show some text")
}

/// Where the tag's `>` is, quoted ones passed over.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

fn name_of(inside: &str) -> (&str, &str) {
    inside
        .split_once(|c: char| c.is_ascii_whitespace())
        .unwrap_or((inside, ""))
}

fn attributes_fault(mut rest: &str) -> Option<&'static str> {
    loop {
        rest = rest.trim();
        if rest.is_empty() {
            return None;
        }
        let Some((name, after)) = rest.split_once('=') else {
            return Some("must be well-formed XHTML: each attribute has a value in quotes");
        };
        let after = after.trim_start();
        let quote = if after.starts_with('"') { '"' } else { '\'' };
        let Some((value, tail)) = after.strip_prefix(quote).and_then(|v| v.split_once(quote))
        else {
            return Some("must be well-formed XHTML: each attribute has a value in quotes");
        };
        let name = name.trim();
        let known = ATTRIBUTES.binary_search(&name).is_ok();
        let is_url = matches!(name, "href" | "src" | "cite" | "longdesc");
        if !known || is_url && is_active(value) {
            return Some("may only hold attributes that show text: no event handlers, no scripts");
        }
        rest = tail;
    }
}

/// A URL that runs something. Browsers pass over control characters and white space in its scheme, and
/// a character reference there has no honest use.
fn is_active(value: &str) -> bool {
    let Some((scheme, _)) = value.split_once(':') else {
        return false;
    };
    if scheme.contains(['/', '?']) {
        return false;
    }
    let bare: String = scheme
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .take(12)
        .collect();
    let bare = bare.to_ascii_lowercase();
    bare.contains('&') || matches!(bare.as_str(), "javascript" | "vbscript")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_narrative_is_good() {
        for text in [
            "<div xmlns=\"http://www.w3.org/1999/xhtml\">Seen at home.</div>",
            "<div xmlns='http://www.w3.org/1999/xhtml'><p class=\"a\">x<br/>y</p><!-- n --><img src=\"#a\" alt=\"b > c\"/></div>",
        ] {
            assert_eq!(fault(text), None, "{text}");
        }
    }

    #[test]
    fn what_does_something_or_is_not_well_formed_is_a_fault() {
        for text in [
            "plain",
            "<p>no div</p>",
            "<div>",
            "<div><p>x</div></p>",
            "<div>x</div><div>y</div>",
            "<div> <br/> </div>",
            "<div><script>x</script></div>",
            "<div onclick=\"x\">x</div>",
            "<div><a href=\" java\tscript:x\">x</a></div>",
            "<div><a href=\"&#106;avascript:x\">x</a></div>",
            "<div class=x>x</div>",
            "<div>x<!-- </div>",
            "<div a>x</div>",
        ] {
            assert!(fault(text).is_some(), "{text}");
        }
    }

    #[test]
    fn the_lists_are_in_order_to_be_searched() {
        assert!(TAGS.is_sorted() && ATTRIBUTES.is_sorted());
    }
}
