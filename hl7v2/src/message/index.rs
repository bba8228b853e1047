//! Where segments and fields begin.

use memchr::memchr3_iter;

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
        let n_bytes = u32::try_from(bytes.len()).map_err(|_| HeaderError::TooLarge)?;
        let mut segment_start = position(start);
        let mut first_field = 0;
        let rest = bytes.get(start..).unwrap_or_default();
        for at in memchr3_iter(b'\r', b'\n', field, rest) {
            let at_in_bytes = position(start + at);
            if rest.get(at) == Some(&field) {
                if self.fields.len() < FIELDS_MAX {
                    self.fields.push(at_in_bytes);
                }
                continue;
            }
            if segment_start < at_in_bytes {
                self.close(segment_start, at_in_bytes, first_field)?;
                first_field = self.fields.len();
            }
            segment_start = at_in_bytes + 1;
        }
        if segment_start < n_bytes {
            self.close(segment_start, n_bytes, first_field)?;
        }
        Ok(())
    }

    fn close(&mut self, start: u32, end: u32, first_field: usize) -> Result<(), HeaderError> {
        if SEGMENTS_MAX <= self.segments.len() {
            return Err(HeaderError::TooManySegments);
        }
        let is_full = FIELDS_MAX <= self.fields.len();
        let n_separators = if is_full {
            UNINDEXED
        } else {
            position(self.fields.len() - first_field)
        };
        let first_field = position(first_field);
        self.segments.push(Mark {
            start,
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

/// Callers have checked that the message is shorter than 4 GiB.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
