//! The ends of the digest chains, exported: kept elsewhere, they prove that nothing was cut off, even if
//! somebody rewrites the tables.

use std::io::{BufRead, Write};

use anyhow::Context as _;
use model::{AuditId, JournalId, Tenant, Timestamp, WriterId};
use serde::{Deserialize, Serialize};
use store::{ChainKey, InterfaceId, Store, audit, journal};

use crate::sealed::{Ending, SealedReader, SealedWriter, hex};

/// What the seal is over.
const KIND: &str = "heads";

/// What was exported.
#[derive(Clone, PartialEq, Debug)]
pub struct Heads {
    /// The tenant's number, and when.
    pub header: Header,
    /// The ends of its journal's chains.
    pub journal: Vec<journal::Head>,
    /// The ends of the audit trail's chains, of all tenants.
    pub trail: Vec<audit::Head>,
}

/// The first line.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
pub struct Header {
    drawbridge: String,
    version: u8,
    /// When it was made.
    pub made_at: Timestamp,
    /// Whose journal.
    pub tenant: String,
    /// The tenant's number.
    pub tenant_id: i32,
    /// Which chain key.
    pub key: String,
}

/// A line: the end of a chain.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Journal(HeadLine),
    Trail(TrailLine),
}

/// The end of a chain of the journal, in whatever file.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct HeadLine {
    interface: i16,
    writer: i32,
    last: i64,
    seq: i64,
    #[serde(with = "hex")]
    chain: Vec<u8>,
}

#[derive(Deserialize, Serialize)]
struct TrailLine {
    writer: i32,
    last: i64,
    seq: i64,
    #[serde(with = "hex")]
    chain: Vec<u8>,
}

impl HeadLine {
    pub(crate) fn of(head: &journal::Head) -> Self {
        Self {
            interface: head.interface.0,
            writer: head.writer.0,
            last: head.journal.0,
            seq: head.seq,
            chain: head.chain.clone(),
        }
    }

    pub(crate) fn head(self) -> journal::Head {
        journal::Head {
            interface: InterfaceId(self.interface),
            writer: WriterId(self.writer),
            journal: JournalId(self.last),
            seq: self.seq,
            chain: self.chain,
        }
    }
}

impl Heads {
    /// The heads as they are.
    pub async fn of(
        store: &Store,
        (name, tenant): (&str, Tenant),
        key: &ChainKey,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            header: Header {
                drawbridge: KIND.to_owned(),
                version: 1,
                made_at: store.clock().now(),
                tenant: name.to_owned(),
                tenant_id: tenant.0,
                key: key.id(),
            },
            journal: journal::heads(store, tenant, None).await?,
            trail: audit::heads(store).await?,
        })
    }

    /// Writes them, sealed.
    pub fn write<W: Write>(&self, out: W, key: &ChainKey) -> std::io::Result<W> {
        let mut out = SealedWriter::new(out);
        out.line(&self.header)?;
        for head in &self.journal {
            out.line(&Line::Journal(HeadLine::of(head)))?;
        }
        for head in &self.trail {
            out.line(&Line::Trail(TrailLine {
                writer: head.writer.0,
                last: head.id.0,
                seq: head.seq,
                chain: head.chain.clone(),
            }))?;
        }
        out.finish(key, KIND)
    }

    /// Reads a file of heads; one that is not as it was written is refused.
    pub fn read(input: impl BufRead, key: &ChainKey) -> anyhow::Result<Self> {
        let mut lines = SealedReader::new(input);
        let first = lines.next_line().ok().flatten();
        let header = first.and_then(|first| serde_json::from_value::<Header>(first).ok());
        let header = header.filter(|header| header.drawbridge == KIND && header.version == 1);
        let header = header.context("this is no file of heads")?;
        anyhow::ensure!(
            header.key == key.id(),
            "the heads are of chains with another key ({}, ours is {})",
            header.key,
            key.id()
        );
        let (mut journal, mut trail) = (Vec::new(), Vec::new());
        while let Some(line) = lines.next_line()? {
            match serde_json::from_value(line)? {
                Line::Journal(line) => journal.push(line.head()),
                Line::Trail(line) => trail.push(audit::Head {
                    writer: WriterId(line.writer),
                    id: AuditId(line.last),
                    seq: line.seq,
                    chain: line.chain,
                }),
            }
        }
        match lines.ending(key, KIND) {
            Ending::Whole => Ok(Self {
                header,
                journal,
                trail,
            }),
            Ending::Cut => anyhow::bail!("the file of heads was cut off"),
            Ending::Forged => anyhow::bail!("the file of heads is not as it was written"),
        }
    }
}
