//! Lays the environment over the file and turns the result into [`Config`], or into an error that
//! says where the fault is and which key was probably meant.

use std::path::Path;

use toml::{Table, Value};

use super::{Config, ConfigError, Env, inbound};

const PREFIX: &str = "DRAWBRIDGE__";

/// One `DRAWBRIDGE__SECTION__KEY` as it was laid over the file.
struct Override<'a> {
    variable: &'a str,
    raw: &'a str,
    /// Where it landed: keys, and indices into lists.
    path: Vec<String>,
    is_text: bool,
}

pub(super) fn merge(file: Option<&Path>, env: &Env) -> Result<Config, ConfigError> {
    let text = file.map(read).transpose()?;
    let mut table = match (file, &text) {
        (Some(file), Some(text)) => parse(file, text)?,
        _ => Table::new(),
    };
    no_password_in_file(file, &table)?;
    let mut overrides = env
        .starting_with(PREFIX)
        .map(|(variable, raw)| lay_over(&mut table, variable, raw))
        .collect::<Result<Vec<_>, _>>()?;
    loop {
        let error = match serde_path_to_error::deserialize(Value::Table(table.clone())) {
            Ok(config) => return Ok(config),
            Err(error) => error,
        };
        let path = segments(error.path());
        // `VERSION=2.5` reads as a number; where a text is wanted, it was meant as a text.
        let number_for_text = overrides
            .iter_mut()
            .find(|it| !it.is_text && it.path == path);
        if let Some(overridden) = number_for_text {
            overridden.is_text = true;
            set(&mut table, &path, Value::String(overridden.raw.to_owned()));
            continue;
        }
        let variable = overrides.iter().find(|it| it.path.starts_with(&path));
        let place = match (variable, file, &text) {
            (Some(overridden), ..) => Some(overridden.variable.to_owned()),
            (None, Some(file), Some(text)) => Some(place_in(file, text)),
            _ => None,
        };
        return Err(explain(place, &error));
    }
}

fn read(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|source| ConfigError::Unreadable {
        file: file.to_owned(),
        source,
    })
}

fn parse(file: &Path, text: &str) -> Result<Table, ConfigError> {
    toml::from_str(text).map_err(|error: toml::de::Error| ConfigError::Syntax {
        file: file.to_owned(),
        line: line_of(text, &error),
        what: error.message().to_owned(),
    })
}

/// A configuration file is copied, mailed and committed; a password must not travel with it.
fn no_password_in_file(file: Option<&Path>, table: &Table) -> Result<(), ConfigError> {
    let url = table
        .get("database")
        .and_then(|section| section.get("url"))
        .and_then(Value::as_str);
    let has_password = |raw| super::DatabaseUrl::parse(raw).is_ok_and(|url| url.has_password());
    if url.is_some_and(has_password) {
        return Err(ConfigError::Invalid {
            place: file.map(|file| file.display().to_string()),
            key: "database.url".to_owned(),
            what: "holds a password: use database.password_file or DATABASE_URL".to_owned(),
        });
    }
    Ok(())
}

/// Puts one variable's value where its name says.
fn lay_over<'a>(
    table: &mut Table,
    variable: &'a str,
    raw: &'a str,
) -> Result<Override<'a>, ConfigError> {
    let name = variable.trim_start_matches(PREFIX).to_lowercase();
    let mut path: Vec<String> = name.split("__").map(str::to_owned).collect();
    if path.first().is_some_and(|section| section == "inbound") && !table.contains_key("inbound") {
        let default = inbound::default_listeners().into_iter().map(|listener| {
            Value::Table(Table::from_iter([(
                "name".to_owned(),
                Value::String(listener.name),
            )]))
        });
        table.insert("inbound".to_owned(), Value::Array(default.collect()));
    }
    number_named_entry(table, &mut path);
    if set(table, &path, value_of(raw)) {
        return Ok(Override {
            variable,
            raw,
            path,
            is_text: false,
        });
    }
    Err(ConfigError::Invalid {
        place: Some(variable.to_owned()),
        key: dotted(&path),
        what: "no such place; a list's entries are numbered from 0 or called by name".to_owned(),
    })
}

/// `DRAWBRIDGE__INBOUND__ADT__BIND` is `DRAWBRIDGE__INBOUND__0__BIND` where entry 0 is called `adt`.
fn number_named_entry(table: &Table, path: &mut [String]) {
    let [section, entry, ..] = path else { return };
    let Some(entries) = table.get(section.as_str()).and_then(Value::as_array) else {
        return;
    };
    let is_named = |it: &Value| it.get("name").and_then(Value::as_str) == Some(entry.as_str());
    if let Some(index) = entries.iter().position(is_named) {
        *entry = index.to_string();
    }
}

/// A number, a boolean, a list or an inline table where it reads as one; else a text.
fn value_of(raw: &str) -> Value {
    let parsed = toml::from_str::<Table>(&format!("value = {raw}"));
    let only_value = parsed.ok().filter(|table| table.len() == 1);
    only_value
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(raw.to_owned()))
}

/// Sets what `path` names, making tables and one more list entry on the way; `false` if the path
/// leads through a value that is neither.
fn set(table: &mut Table, path: &[String], value: Value) -> bool {
    let Some((key, rest)) = path.split_first() else {
        return false;
    };
    let slot = table
        .entry(key.clone())
        .or_insert_with(|| match rest.first() {
            Some(next) if next.parse::<usize>().is_ok() => Value::Array(Vec::new()),
            _ => Value::Table(Table::new()),
        });
    set_in(slot, rest, value)
}

fn set_in(slot: &mut Value, path: &[String], value: Value) -> bool {
    let Some((key, rest)) = path.split_first() else {
        *slot = value;
        return true;
    };
    if let Value::Array(entries) = slot {
        let Ok(index) = key.parse::<usize>() else {
            return false;
        };
        if index == entries.len() {
            entries.push(Value::Table(Table::new()));
        }
        return entries
            .get_mut(index)
            .is_some_and(|entry| set_in(entry, rest, value));
    }
    slot.as_table_mut()
        .is_some_and(|table| set(table, path, value))
}

fn segments(path: &serde_path_to_error::Path) -> Vec<String> {
    use serde_path_to_error::Segment;
    let name = |segment: &Segment| match segment {
        Segment::Seq { index } => index.to_string(),
        Segment::Map { key } | Segment::Enum { variant: key } => key.clone(),
        Segment::Unknown => "?".to_owned(),
    };
    path.iter().map(name).collect()
}

/// `inbound[0].bind`, the way people write it.
fn dotted(path: &[String]) -> String {
    path.iter().fold(String::new(), |out, segment| {
        match segment.parse::<usize>() {
            Ok(index) => format!("{out}[{index}]"),
            Err(_) if out.is_empty() => segment.clone(),
            Err(_) => format!("{out}.{segment}"),
        }
    })
}

fn explain(
    place: Option<String>,
    error: &serde_path_to_error::Error<toml::de::Error>,
) -> ConfigError {
    let key = dotted(&segments(error.path()));
    let what = error.inner().message().trim_end().to_owned();
    let Some((unknown, known)) = unknown_field(&what) else {
        return ConfigError::Invalid { place, key, what };
    };
    let closeness = |known: &&&str| strsim::jaro_winkler(unknown, known);
    let nearest = known
        .iter()
        .max_by(|a, b| closeness(a).total_cmp(&closeness(b)));
    ConfigError::UnknownKey {
        place: place.unwrap_or_else(|| "configuration".to_owned()),
        nearest: nearest.map(|known| (*known).to_owned()),
        key,
    }
}

/// serde tells an unknown field only in words: "unknown field `a`, expected one of `b`, `c`".
pub(super) fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `")?;
    let (unknown, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).collect();
    Some((unknown, known))
}

/// The file and, when the file alone shows a fault too, its line.
fn place_in(file: &Path, text: &str) -> String {
    match toml::from_str::<Config>(text) {
        Ok(_) => file.display().to_string(),
        Err(error) => format!("{}:{}", file.display(), line_of(text, &error)),
    }
}

fn line_of(text: &str, error: &toml::de::Error) -> usize {
    let start = error.span().map_or(0, |span| span.start);
    1 + text
        .bytes()
        .take(start)
        .filter(|byte| *byte == b'\n')
        .count()
}
