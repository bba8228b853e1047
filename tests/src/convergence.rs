//! What a server shows, in a form in which two servers can be compared.
#![expect(
    clippy::indexing_slicing,
    reason = "serde_json answers null for what is not there"
)]

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::server::Server;

/// A profile under which a history says all that it can: snapshots, and episodes of care. Nobody is taken for
/// somebody else by points, since made-up people are all alike: convergence is promised up to open reviews.
pub const PROFILE: &str = "version = 1\nextends = \"generic\"\nname = \"site\"\nepisode_id = [\"PV1-19\"]\n\
    [segments]\nDG1 = \"snapshot\"\nIN1 = \"snapshot\"\n\
    [matching]\nautomatic = false\nlink = 1000\nreview = 1000\n";

/// Resources that tell of the way of a message, and not of what it said.
const OF_THE_WAY: [&str; 3] = ["AuditEvent", "Provenance", "Task"];
/// Not searched for: the attachments name them.
const FILE: &str = "Binary";

/// All live resources by type and id, without version, time and source.
#[derive(PartialEq, Eq, Debug)]
pub struct Content(BTreeMap<(String, String), Value>);

impl Content {
    /// What a server shows by FHIR.
    pub async fn of(server: &Server) -> Result<Self> {
        let token = server.token("system/*.rs")?;
        let (_, capabilities) = server.get(&token, "metadata").await?;
        let kinds = capabilities["rest"][0]["resource"].as_array();
        let kinds = kinds.context("no types in the CapabilityStatement")?;
        let mut content = Self(BTreeMap::new());
        for kind in kinds.iter().filter_map(|kind| kind["type"].as_str()) {
            if kind != FILE && !OF_THE_WAY.contains(&kind) {
                content.read(server, &token, kind).await?;
            }
        }
        content.read_files(server, &token).await?;
        Ok(content)
    }

    /// What attachments hold.
    async fn read_files(&mut self, server: &Server, token: &str) -> Result<()> {
        let mut files = BTreeSet::new();
        for resource in self.0.values() {
            note_files(resource, &mut files);
        }
        for file in files {
            let (status, body) = server.get(token, &format!("{file}?_format=json")).await?;
            ensure!(status == 200, "{file} was answered {status}");
            self.take(FILE, body);
        }
        Ok(())
    }

    async fn read(&mut self, server: &Server, token: &str, kind: &str) -> Result<()> {
        let mut page = Some(format!("{kind}?_count=500"));
        while let Some(path) = page {
            let (status, bundle) = server.get(token, &path).await?;
            ensure!(status == 200, "{kind} was answered {status}");
            for entry in bundle["entry"].as_array().into_iter().flatten() {
                if entry["search"]["mode"] == "match" {
                    self.take(kind, entry["resource"].clone());
                }
            }
            let links = bundle["link"].as_array().into_iter().flatten();
            let mut next = links.filter(|link| link["relation"] == "next");
            let url = next.next().and_then(|link| link["url"].as_str());
            page = url
                .and_then(|url| url.split_once("/fhir/"))
                .map(|(_, path)| path.to_owned());
        }
        Ok(())
    }

    fn take(&mut self, kind: &str, mut resource: Value) {
        if let Some(meta) = resource["meta"].as_object_mut() {
            for apart in ["versionId", "lastUpdated", "source"] {
                meta.remove(apart);
            }
        }
        let id = resource["id"].as_str().unwrap_or_default().to_owned();
        self.0.insert((kind.to_owned(), id), resource);
    }

    /// How many there are of each type.
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for (kind, _) in self.0.keys() {
            *counts.entry(kind.as_str()).or_default() += 1;
        }
        counts
    }

    /// All of it as one text, types and ids in order.
    pub fn text(&self) -> String {
        let lines = self.0.values().map(|resource| format!("{resource}\n"));
        lines.collect()
    }

    /// Where the two differ: at most so many resources, each with the elements that differ.
    pub fn differences(&self, other: &Self, max: usize) -> Vec<String> {
        let ids: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let differing = ids.into_iter().filter_map(|id| {
            let (kind, name) = id;
            match (self.0.get(id), other.0.get(id)) {
                (Some(_), None) => Some(format!("{kind}/{name} is only in the first")),
                (None, Some(_)) => Some(format!("{kind}/{name} is only in the second")),
                (Some(one), Some(two)) if one != two => {
                    Some(format!("{kind}/{name}: {}", elements(one, two)))
                }
                _ => None,
            }
        });
        differing.take(max).collect()
    }
}

/// The files that attachments anywhere in a resource name.
fn note_files(value: &Value, files: &mut BTreeSet<String>) {
    if let Some(url) = value["url"].as_str()
        && url.starts_with("Binary/")
    {
        files.insert(url.to_owned());
    }
    let members = value.as_object().into_iter().flat_map(|it| it.values());
    let items = value.as_array().into_iter().flatten();
    members
        .chain(items)
        .for_each(|part| note_files(part, files));
}

fn elements(one: &Value, two: &Value) -> String {
    let names = |value: &Value| -> Vec<String> {
        let fields = value.as_object().into_iter().flatten();
        fields.map(|(name, _)| name.clone()).collect()
    };
    let all: BTreeSet<String> = names(one).into_iter().chain(names(two)).collect();
    let differing = all.into_iter().filter(|name| one[name] != two[name]);
    let shown = differing.map(|name| format!("{name} is {} and {}", one[&name], two[&name]));
    shown.collect::<Vec<_>>().join("; ")
}
