//! Where segments and fields begin.

use memchr::memchr3;

use crate::HeaderError;

/// Segments beyond this are no message but an attack; the refusal is typed, nothing is cut off.
const SEGMENTS_MAX: usize = 1_000_000;

/// Field separators that are remembered. The segments after that are searched when they are
/// read, so that a message of nothing but separators doesn't cost four times its size.
const FIELDS_MAX: usize = 4_000_000;

/// Positions in the bytes of one message. Keep it to parse the next one without allocating.
#[derive(Default, Debug)]
pub struct Index {
    segments: Vec<Mark>,
    fields: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// First byte of the segment's content.
    pub(super) start: u32,
    /// The byte after its content, where the terminator stands.
    pub(super) end: u32,
    /// Its first separator in `fields`.
    first_field: u32,
    /// How many separators it has there, or `UNINDEXED`.
    n_separators: u32,
}

const UNINDEXED: u32 = u32::MAX;

/// A segment whose end was not reached yet.
#[derive(Clone, Copy)]
struct OpenSegment {
    start: u32,
    first_field: usize,
}

/// One bit for each byte of a block.
const BLOCK_BYTES: usize = 64;

impl Index {
    /// Indexes `bytes` from `start`, where MSH stands.
    pub(super) fn build(
        &mut self,
        bytes: &[u8],
        start: usize,
        field: u8,
    ) -> Result<(), HeaderError> {
        self.segments.clear();
        self.fields.clear();
        // What an admission needs; longer messages are mostly text.
        self.segments.reserve((bytes.len() / 64).min(32));
        self.fields.reserve((bytes.len() / 6).min(1024));
        let n_bytes = u32::try_from(bytes.len()).map_err(|_| HeaderError::TooLarge)?;
        let mut open = OpenSegment {
            start: position(start),
            first_field: 0,
        };
        let mut at = start;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let mut found = delimiters(rest, field);
            if found == 0 {
                // A long text, most likely: search it faster than in blocks.
                let after = rest.get(BLOCK_BYTES..).unwrap_or_default();
                let Some(next) = memchr3(field, b'\r', b'\n', after) else {
                    break;
                };
                at += BLOCK_BYTES + next;
                continue;
            }
            while found != 0 {
                let offset = found.trailing_zeros();
                found &= found - 1;
                let delimiter = position(at) + offset;
                if rest.get(offset as usize) == Some(&field) {
                    if self.fields.len() < FIELDS_MAX {
                        self.fields.push(delimiter);
                    }
                    continue;
                }
                self.close(open, delimiter)?;
                open = OpenSegment {
                    start: delimiter + 1,
                    first_field: self.fields.len(),
                };
            }
            at += BLOCK_BYTES;
        }
        self.close(open, n_bytes)
    }

    /// Ends a segment. One without content is a blank line and belongs to the one before.
    fn close(&mut self, open: OpenSegment, end: u32) -> Result<(), HeaderError> {
        if end <= open.start {
            return Ok(());
        }
        if SEGMENTS_MAX <= self.segments.len() {
            return Err(HeaderError::TooManySegments);
        }
        let is_full = FIELDS_MAX <= self.fields.len();
        let n_separators = if is_full {
            UNINDEXED
        } else {
            position(self.fields.len() - open.first_field)
        };
        let first_field = position(open.first_field);
        self.segments.push(Mark {
            start: open.start,
            end,
            first_field,
            n_separators,
        });
        Ok(())
    }

    pub(super) fn n_segments(&self) -> usize {
        self.segments.len()
    }

    pub(super) fn mark(&self, segment: usize) -> Option<Mark> {
        self.segments.get(segment).copied()
    }

    /// The segment's separators; `None` if they were not remembered.
    pub(super) fn separators_of(&self, mark: Mark) -> Option<&[u32]> {
        if mark.n_separators == UNINDEXED {
            return None;
        }
        let first = mark.first_field as usize;
        self.fields.get(first..first + mark.n_separators as usize)
    }

    #[cfg(test)]
    pub(super) fn memory_bytes(&self) -> usize {
        self.segments.capacity() * size_of::<Mark>() + self.fields.capacity() * size_of::<u32>()
    }
}

/// Which of the first 64 bytes separate fields or end segments: bit 0 is the first byte. Delimiters
/// stand a few bytes apart, where one search for each of them costs more than its result.
fn delimiters(bytes: &[u8], field: u8) -> u64 {
    if let Some(block) = bytes.first_chunk::<BLOCK_BYTES>() {
        return delimiters_of_block(block, field);
    }
    // Zero is no delimiter.
    let mut block = [0; BLOCK_BYTES];
    block
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    delimiters_of_block(&block, field)
}

fn delimiters_of_block(block: &[u8; BLOCK_BYTES], field: u8) -> u64 {
    // Moves the lowest bit of each of eight bytes into the highest byte, in order.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let flags = block.map(|byte| u8::from(byte == field || byte == b'\r' || byte == b'\n'));
    let words = flags
        .as_chunks::<8>()
        .0
        .iter()
        .map(|word| u64::from_le_bytes(*word));
    words
        .rev()
        .fold(0, |bits, word| bits << 8 | word.wrapping_mul(GATHER) >> 56)
}

/// Callers have checked that the message is shorter than 4 GiB.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
