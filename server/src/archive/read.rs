//! Proving an archive with the chain key alone.

use std::io::{BufReader, Read};

use anyhow::Context as _;
use data_encoding::HEXLOWER;
use flate2::read::MultiGzDecoder;
use model::Tenant;
use store::ChainKey;
use store::journal::{Proof, Report};

use super::format::{EntryLine, Header, KIND, Line, VERSION};
use crate::sealed::{Ending, SealedReader};

/// What an archive was found to be.
#[derive(Debug)]
pub struct Proven {
    /// What it says of itself.
    pub header: Header,
    /// The proof of its entries and of the ends of its chains.
    pub report: Report,
    /// Whether it is whole.
    pub ending: Ending,
}

/// Reads an archive to its end, or to the first entry that is not as it was written. `looked` hears of
/// each entry.
pub fn verify(
    input: impl Read,
    key: &ChainKey,
    mut looked: impl FnMut(),
) -> anyhow::Result<Proven> {
    let mut lines = SealedReader::new(BufReader::new(MultiGzDecoder::new(input)));
    let first = lines.next_line().ok().flatten();
    let header = first.and_then(|first| serde_json::from_value::<Header>(first).ok());
    let header = header.filter(|header| header.drawbridge == KIND);
    let header = header.context("this is no archive of a journal")?;
    anyhow::ensure!(
        header.version == VERSION,
        "the archive has format {}, this build reads {VERSION}",
        header.version
    );
    anyhow::ensure!(
        header.key == key.id(),
        "the archive's chains have another key ({}, ours is {})",
        header.key,
        key.id()
    );
    let mut proof = Proof::new(key, Tenant(header.tenant_id), &[], &[], false);
    let mut heads = Vec::new();
    while let Some(line) = lines.next_line()? {
        match serde_json::from_value(line).context("a line of the archive is none of ours")? {
            Line::Entry(line) => {
                looked();
                if !entry(&mut proof, *line) {
                    let report = proof.finish();
                    let ending = Ending::Forged;
                    return Ok(Proven {
                        header,
                        report,
                        ending,
                    });
                }
            }
            Line::Head(line) => heads.push(line.head()),
        }
    }
    let ending = lines.ending(key, KIND);
    proof.expect_ends(&heads);
    let report = proof.finish();
    Ok(Proven {
        header,
        report,
        ending,
    })
}

fn entry(proof: &mut Proof<'_>, line: EntryLine) -> bool {
    let before = line.before.as_ref();
    let before = before.and_then(|before| HEXLOWER.decode(before.as_bytes()).ok());
    let entry = line.kept();
    if let Some(link) = before {
        proof.take_up(entry.interface, entry.writer, entry.seq - 1, &link);
    }
    proof.entry(&entry)
}
