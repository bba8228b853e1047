//! What a received message is, before anybody stores it: taken (with what the journal needs) or
//! refused (with why). Looks at the message alone.

use std::{borrow::Cow, net::IpAddr};

use bytes::Bytes;
use hl7v2::{Charset, Header, HeaderError, Message, charset};
use jiff::Timestamp;
use model::{ControlId, IdentityKey};
use sha2::{Digest, Sha256};
use store::{InterfaceId, journal};
use uuid::Uuid;

use crate::{
    InterfaceSettings, Unserved,
    answer::{ReturnAddress, Utf16},
    digest::first_half,
    error::IntakeError,
    intake::Accepted,
    profiles::other_charset,
};

/// What is known of a message besides its bytes.
pub(crate) struct Arrival<'a> {
    pub(crate) interface: InterfaceId,
    pub(crate) settings: &'a InterfaceSettings,
    pub(crate) key: &'a IdentityKey,
    pub(crate) peer: IpAddr,
    pub(crate) at: Timestamp,
}

/// What becomes of a message.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// To the journal.
    Take(Box<Taken>),
    /// To the quarantine.
    Refuse {
        /// Why.
        error: IntakeError,
        /// Whom to tell.
        to: ReturnAddress,
    },
    /// Several messages behind FHS or BHS.
    Batch,
}

/// A message that goes to the journal.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) message: Accepted,
    pub(crate) to: ReturnAddress,
    /// It is kept and refused all the same: nobody has rules for it.
    pub(crate) unserved: Option<IntakeError>,
    pub(crate) habits: Habits,
}

/// What a sender does that the standard does not say.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Habits {
    pub(crate) lf: bool,
    pub(crate) crlf: bool,
    pub(crate) outside_charset: bool,
}

/// Judges one message.
pub(crate) fn judge(raw: &Bytes, arrival: &Arrival<'_>) -> Verdict {
    let (text, utf16) = match readable(raw, arrival.settings) {
        Ok(readable) => readable,
        Err(error) => {
            return Verdict::Refuse {
                error,
                to: ReturnAddress::unknown(),
            };
        }
    };
    let fallback = arrival.settings.charset;
    let header = match Header::parse(&text, fallback) {
        Ok(header) => header,
        Err(HeaderError::Batch) => return Verdict::Batch,
        Err(error) => {
            return Verdict::Refuse {
                error: error.into(),
                to: ReturnAddress::unknown(),
            };
        }
    };
    let mut to = address(&header, raw, fallback);
    let message = match Message::behind(&header, &text) {
        Ok(message) => message,
        Err(error) => {
            return Verdict::Refuse {
                error: error.into(),
                to,
            };
        }
    };
    // Several messages in one frame, with or without a batch header: never merged into one.
    if 1 < message.segments_named("MSH").count() {
        return Verdict::Batch;
    }
    if let Some(utf16) = utf16 {
        to = to.in_utf16(utf16);
    }
    if let Err(error) = check(&header, arrival.settings) {
        return Verdict::Refuse { error, to };
    }
    Verdict::Take(Box::new(take(raw.clone(), &message, &header, to, arrival)))
}

/// The return address of what begins with `header`.
pub(crate) fn address(header: &Header<'_>, raw: &Bytes, fallback: Charset) -> ReturnAddress {
    // Borrowed from the frame where it is the frame's; a converted text is copied.
    let line = header.raw();
    let within = raw.as_ptr_range();
    let borrowed = within.contains(&line.as_ptr()) && !line.is_empty();
    let msh = if borrowed {
        raw.slice_ref(line)
    } else {
        Bytes::copy_from_slice(line)
    };
    ReturnAddress::of(header, msh, fallback)
}

/// The bytes that are parsed: those received, unless the interface takes UTF-16.
fn readable<'a>(
    raw: &'a Bytes,
    settings: &InterfaceSettings,
) -> Result<(Cow<'a, [u8]>, Option<Utf16>), IntakeError> {
    if !settings.utf16 || !charset::looks_like_utf16(raw) {
        return Ok((Cow::Borrowed(raw), None));
    }
    let text = charset::utf16_to_utf8(raw).ok_or(HeaderError::Utf16)?;
    let big = matches!(raw.first_chunk(), Some([0xFE, 0xFF] | [0, _]));
    let utf16 = if big { Utf16::BigEnd } else { Utf16::LittleEnd };
    Ok((Cow::Owned(text.into_bytes()), Some(utf16)))
}

fn check(header: &Header<'_>, settings: &InterfaceSettings) -> Result<(), IntakeError> {
    header.require_control_id()?;
    ControlId::parse(header.control_id().full_text().trim())?;
    let processing_id = header.processing_id().text();
    if !settings
        .processing_ids
        .iter()
        .any(|served| *served == processing_id.trim())
    {
        return Err(IntakeError::ProcessingId);
    }
    if let Some(ours) = &settings.receiving_application
        && header.receiving_application().text().trim() != ours
    {
        return Err(IntakeError::NotForUs);
    }
    Ok(())
}

fn take(
    raw: Bytes,
    message: &Message<'_>,
    header: &Header<'_>,
    to: ReturnAddress,
    arrival: &Arrival<'_>,
) -> Taken {
    let settings = arrival.settings;
    let content = content_digest(message.bytes(), header);
    let route = route(message, header, &content, arrival);
    let is_refused = !route.served && !route.ignored;
    let unserved = (is_refused && settings.unserved == Unserved::Reject)
        .then(|| unserved(&header.message_type().code()));
    let route = if route.served {
        journal::Route::Queue {
            lane: route.lane,
            other: route.other,
        }
    } else {
        journal::Route::Unrouted
    };
    let endings = message.line_endings();
    let habits = Habits {
        lf: 0 < endings.n_lf,
        crlf: 0 < endings.n_crlf,
        outside_charset: !message.is_in_charset(),
    };
    let text = |field: hl7v2::Field<'_>| storable(&field.full_text());
    let accepted = Accepted {
        received_at: arrival.at,
        interface: arrival.interface,
        peer: arrival.peer.to_string(),
        sending_application: text(header.sending_application()),
        sending_facility: text(header.sending_facility()),
        message_type: text(header.message_type().field()),
        control_id: text(header.control_id()),
        digest: Sha256::digest(&raw).into(),
        seen_key: seen_key(header),
        seen_digest: first_half(content),
        route,
        raw,
    };
    Taken {
        message: accepted,
        to,
        unserved,
        habits,
    }
}

/// The message's queue, by the profile of its sender.
fn route(
    message: &Message<'_>,
    header: &Header<'_>,
    content: &[u8; 32],
    arrival: &Arrival<'_>,
) -> mapping::Route {
    let settings = arrival.settings;
    let profiles = settings.profiles.now();
    let profile = profiles.of(header.sending_application(), header.sending_facility());
    let again = other_charset(profile, settings.charset)
        .and_then(|charset| Message::parse_with(message.bytes(), charset).ok());
    let message = again.as_ref().unwrap_or(message);
    mapping::route(message, profile, arrival.key, content)
}

/// ERR 200 where nothing of the type is served, 201 where only the trigger is not (table 0357).
fn unserved(code: &str) -> IntakeError {
    match code {
        "ADT" => IntakeError::Trigger,
        _ => IntakeError::MessageType,
    }
}

/// A header's text as a column takes it: no NUL, and no longer than any real header field.
fn storable(text: &str) -> String {
    text.trim()
        .chars()
        .filter(|char| *char != '\0')
        .take(250)
        .collect()
}

/// SHA-256 of the message without MSH-7: what a resend has in common with the first sending.
pub(crate) fn content_digest(bytes: &[u8], header: &Header<'_>) -> [u8; 32] {
    let mut digest = Sha256::new();
    let made_at = header.made_at();
    let start = made_at
        .raw()
        .as_ptr()
        .addr()
        .wrapping_sub(bytes.as_ptr().addr());
    match bytes.split_at_checked(start) {
        Some((before, rest)) if !made_at.raw().is_empty() => {
            digest.update(before);
            digest.update(rest.get(made_at.raw().len()..).unwrap_or_default());
        }
        _ => digest.update(bytes),
    }
    digest.finalize().into()
}

/// First half of SHA-256 over MSH-3, MSH-4 and MSH-10, each with its length before it.
pub(crate) fn seen_key(header: &Header<'_>) -> Uuid {
    let mut digest = Sha256::new();
    let parts = [
        header.sending_application(),
        header.sending_facility(),
        header.control_id(),
    ];
    for part in parts {
        digest.update((part.raw().len() as u64).to_be_bytes());
        digest.update(part.raw());
    }
    first_half(digest.finalize().into())
}

#[cfg(test)]
mod tests;
