//! A message that is to be sent: its bytes and what its own MSH says about the answer.

use hl7v2::{Charset, Header};

/// A message on its way out.
#[derive(Clone)]
pub struct Outgoing<'a> {
    /// Exactly what goes between the frame's marks.
    pub bytes: &'a [u8],
    /// MSH-10 as a receiver repeats it in MSA-2; empty if there is none.
    pub control_id: String,
    /// Whether an application's answer follows the commit answer (MSH-15 and MSH-16 both ask).
    pub two_answers: bool,
}

impl<'a> Outgoing<'a> {
    /// Reads what it must know from MSH. Bytes without a readable MSH can be sent, too: an answer to
    /// them names no message (MSA-2 is empty).
    pub fn new(bytes: &'a [u8]) -> Self {
        let Ok(header) = Header::parse(bytes, Charset::Windows1252) else {
            return Self {
                bytes,
                control_id: String::new(),
                two_answers: false,
            };
        };
        // HL7 v2.5.1 ch. 2.9.2: both empty is the original mode, with one answer.
        let asks = |field: hl7v2::Field<'_>| !matches!(&*field.text(), "" | "NE");
        Self {
            bytes,
            control_id: header.control_id().text().trim().to_owned(),
            two_answers: asks(header.accept_ack_type()) && asks(header.application_ack_type()),
        }
    }
}

impl std::fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Outgoing({}, {} bytes)",
            self.control_id,
            self.bytes.len()
        )
    }
}
