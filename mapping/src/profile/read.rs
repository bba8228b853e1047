//! A profile's text becomes a [`Profile`], or a list of mistakes.

mod fields;
mod matching;
mod rows;

use std::ops::Range;

use hl7v2::Charset;
use jiff::tz::TimeZone;

use super::tree::{Mistakes, Node};
use super::{EpisodeId, Profile, ProfileError, VisitId, Zone};

/// The keys of a profile, in the order of the documentation.
const KEYS: [&str; 17] = [
    "name",
    "version",
    "extends",
    "zone",
    "charset",
    "default_system",
    "patient_id_types",
    "secondary_id_types",
    "visit_id",
    "episode_id",
    "authorities",
    "tables",
    "segments",
    "triggers",
    "matching",
    "fields",
    "local",
];

/// Segments that a profile may agree on as snapshots.
pub(super) const SEGMENTS: [&str; 5] = ["AL1", "DG1", "IN1", "NK1", "PR1"];

/// Reads a profile; `known` answers the profiles that it may extend.
pub(super) fn profile(
    text: &str,
    known: &dyn Fn(&str) -> Option<Profile>,
) -> Result<Profile, ProfileError> {
    let mut mistakes = Mistakes::new(text);
    let Some(tree) = mistakes.tree() else {
        return mistakes.end(Profile::default());
    };
    let mut profile = Profile::default();
    if let Some((_, node)) = tree.get_key_value("extends")
        && let Some(name) = mistakes.text_of("extends", node)
    {
        match known(name) {
            Some(base) => profile = base,
            None => mistakes.add(
                node.span(),
                format!("there is no shipped profile `{name}` to extend; `drawbridge profile explain` lists them"),
            ),
        }
        profile.extends = Some(name.to_owned());
    }
    for word in ["name", "version"] {
        if !tree.contains_key(word) {
            mistakes.add(
                0..0,
                format!(
                    "`{word}` is missing: write it first, as `{word} = {}`",
                    if word == "name" { "\"my-site\"" } else { "1" }
                ),
            );
        }
    }
    for (key, node) in &tree {
        let name: &str = key.get_ref();
        if !KEYS.contains(&name) {
            mistakes.unknown(key.span(), "key", name, KEYS.into_iter());
            continue;
        }
        take(&mut profile, name, node, &mut mistakes);
    }
    rows::check_local_tables(&profile, &tree, &mut mistakes);
    mistakes.end(profile.digested())
}

fn take<'t>(profile: &mut Profile, key: &str, node: &Node<'t>, mistakes: &mut Mistakes<'t>) {
    match key {
        "name" => name(profile, node, mistakes),
        "version" => profile.version = mistakes.number(key, node).unwrap_or_default(),
        "zone" => zone(profile, node, mistakes),
        "charset" => charset(profile, node, mistakes),
        "default_system" => {
            profile.default_system = mistakes
                .text_of(key, node)
                .and_then(|text| rows::system(text, node.span(), mistakes));
        }
        "patient_id_types" => profile.patient_id_types = words(key, node, mistakes),
        "secondary_id_types" => profile.secondary_id_types = words(key, node, mistakes),
        "visit_id" => {
            profile.visit_id = choices(key, node, &VisitId::ALL, mistakes);
        }
        "episode_id" => {
            profile.episode_id = choices(key, node, &EpisodeId::ALL, mistakes);
        }
        "authorities" => rows::authorities(profile, node, mistakes),
        "tables" => rows::tables(profile, node, mistakes),
        "segments" => segments(profile, node, mistakes),
        "triggers" => triggers(profile, node, mistakes),
        "matching" => matching::matching(profile, node, mistakes),
        "fields" => fields::overrides(profile, node, mistakes),
        "local" => fields::locals(profile, node, mistakes),
        // `extends` was read first.
        _ => {}
    }
}

fn name<'t>(profile: &mut Profile, node: &Node<'t>, mistakes: &mut Mistakes<'t>) {
    let Some(name) = mistakes.text_of("name", node) else {
        return;
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(plain) {
        mistakes.add(
            node.span(),
            "`name` must be lower-case letters, digits and `-`",
        );
    }
    name.clone_into(&mut profile.name);
}

fn zone<'t>(profile: &mut Profile, node: &Node<'t>, mistakes: &mut Mistakes<'t>) {
    let Some(name) = mistakes.text_of("zone", node) else {
        return;
    };
    match TimeZone::get(name) {
        Ok(zone) => {
            profile.zone = Some(Zone {
                name: name.to_owned(),
                zone,
            });
        }
        Err(_) => mistakes.add(
            node.span(),
            format!("`{name}` is no IANA time zone; write one such as America/Chicago"),
        ),
    }
}

fn charset<'t>(profile: &mut Profile, node: &Node<'t>, mistakes: &mut Mistakes<'t>) {
    let Some(name) = mistakes.text_of("charset", node) else {
        return;
    };
    if Charset::parse(name).is_none() {
        mistakes.add(
            node.span(),
            format!("`{name}` is no character set; write one such as UTF-8 or windows-1252"),
        );
    }
    profile.charset = Some(name.to_owned());
}

fn words<'t>(key: &str, node: &Node<'t>, mistakes: &mut Mistakes<'t>) -> Vec<String> {
    let texts = mistakes.texts(key, node);
    texts.into_iter().map(|(text, _)| text.to_owned()).collect()
}

/// A list of which each entry is one of a few words.
fn choices<'t, T: Copy>(
    key: &str,
    node: &Node<'t>,
    known: &[(&'static str, T)],
    mistakes: &mut Mistakes<'t>,
) -> Vec<T> {
    let texts: Vec<(String, Range<usize>)> = mistakes
        .texts(key, node)
        .into_iter()
        .map(|(text, span)| (text.to_owned(), span))
        .collect();
    let mut chosen = Vec::new();
    for (text, span) in texts {
        chosen.extend(choice(key, &text, span, known, mistakes));
    }
    chosen
}

/// One of a few words.
fn choice<T: Copy>(
    key: &str,
    text: &str,
    span: Range<usize>,
    known: &[(&'static str, T)],
    mistakes: &mut Mistakes<'_>,
) -> Option<T> {
    let found = known.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        mistakes.add(
            span,
            format!(
                "`{text}` is nothing that `{key}` may be; write one of {}",
                words.join(", ")
            ),
        );
    }
    found.map(|(_, value)| *value)
}

fn segments<'t>(profile: &mut Profile, node: &Node<'t>, mistakes: &mut Mistakes<'t>) {
    let Some(table) = mistakes.table("segments", node) else {
        return;
    };
    for (key, node) in table {
        let segment: &str = key.get_ref();
        if !SEGMENTS.contains(&segment) {
            mistakes.unknown(key.span(), "segment", segment, SEGMENTS.into_iter());
            continue;
        }
        let Some(text) = mistakes.text_of(segment, node) else {
            continue;
        };
        let modes = [("snapshot", true), ("delta", false)];
        match choice(segment, text, node.span(), &modes, mistakes) {
            Some(true) => {
                profile.snapshot.insert(segment.to_owned());
            }
            Some(false) => {
                profile.snapshot.remove(segment);
            }
            None => {}
        }
    }
}

fn triggers<'t>(profile: &mut Profile, node: &Node<'t>, mistakes: &mut Mistakes<'t>) {
    let Some(table) = mistakes.table("triggers", node) else {
        return;
    };
    for (key, node) in table {
        let name: &str = key.get_ref();
        if !matches!(name, "serve" | "ignore") {
            mistakes.unknown(key.span(), "key", name, ["serve", "ignore"].into_iter());
            continue;
        }
        let patterns = mistakes.texts(name, node);
        let mut list = Vec::new();
        let mut wrong = Vec::new();
        for (pattern, span) in patterns {
            if is_pattern(pattern) {
                list.push(pattern.to_owned());
            } else {
                wrong.push((span, pattern.to_owned()));
            }
        }
        for (span, pattern) in wrong {
            mistakes.add(
                span,
                format!("`{pattern}` is no message type; write it as ADT^A08, or ADT^* for all"),
            );
        }
        if name == "serve" {
            profile.triggers.serve = list;
        } else {
            profile.triggers.ignore = list;
        }
    }
}

fn is_pattern(text: &str) -> bool {
    let plain = |part: &str| part.len() == 3 && part.bytes().all(|b| b.is_ascii_alphanumeric());
    text.split_once('^')
        .is_some_and(|(code, trigger)| plain(code) && (trigger == "*" || plain(trigger)))
}
