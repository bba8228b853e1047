//! Tables of appointments and documents.

use super::{Table, meaning};

const SNOMED_CT: &str = "http://snomed.info/sct";

/// `Identifier.type` of what the one who asks for something, and the one who grants it, call it.
pub(crate) const PLACER: &str = "PLAC";
pub(crate) const FILLER: &str = "FILL";

/// Table 0278 (upper case, and what senders write for it) to `Appointment.status`.
pub(crate) const APPOINTMENT_STATUS: &[(&str, &str)] = &[
    ("ARRIVED", "arrived"),
    ("BLOCKED", "booked"),
    ("BOOKED", "booked"),
    ("CANCELED", "cancelled"),
    ("CANCELLED", "cancelled"),
    ("CHECKED IN", "checked-in"),
    ("CHECKED-IN", "checked-in"),
    ("COMPLETE", "fulfilled"),
    ("COMPLETED", "fulfilled"),
    ("CONFIRMED", "booked"),
    ("DC", "cancelled"),
    ("DELETED", "entered-in-error"),
    ("DISCONTINUED", "cancelled"),
    ("NO SHOW", "noshow"),
    ("NOSHOW", "noshow"),
    ("OVERBOOK", "booked"),
    ("PENDING", "pending"),
    ("RESCHEDULED", "booked"),
    ("SCHEDULED", "booked"),
    ("STARTED", "checked-in"),
    ("WAITLIST", "waitlist"),
];

/// Table 0276 to `Appointment.reasonCode`.
pub(crate) const APPOINTMENT_REASON: Table = &[
    (
        "CHECKUP",
        meaning("866149003", "Annual visit (procedure)", SNOMED_CT),
    ),
    (
        "EMERGENCY",
        meaning("373110003", "Emergency procedure (procedure)", SNOMED_CT),
    ),
    (
        "FOLLOWUP",
        meaning("185389009", "Follow-up visit (procedure)", SNOMED_CT),
    ),
    (
        "ROUTINE",
        meaning(
            "3780001",
            "Routine patient disposition, no follow-up planned",
            SNOMED_CT,
        ),
    ),
];

/// Table 0271 to `DocumentReference.docStatus`.
pub(crate) const COMPLETION: &[(&str, &str)] = &[
    ("AU", "final"),
    ("DI", "preliminary"),
    ("DO", "preliminary"),
    ("IN", "preliminary"),
    ("IP", "preliminary"),
    ("LA", "final"),
    ("PA", "preliminary"),
];

/// Table 0273 to `DocumentReference.status`; what is not available can still be current.
pub(crate) const AVAILABILITY: &[(&str, &str)] = &[
    ("AV", "current"),
    ("CA", "entered-in-error"),
    ("OB", "superseded"),
    ("UN", "current"),
];
