//! A message becomes statements about entities.

mod memory;
mod reading;
mod times;
pub(crate) mod trigger;
mod voice;

use std::borrow::Cow;

use jiff::tz::TimeZone;
use model::{EntityId, IdentityKey, IdentityKind, JournalId, SourceIdentity, Timestamp};

use crate::facts::{Facts, Place};
use crate::fold::Row;
use crate::profile::Profile;
use crate::rewrite::rewritten;
use crate::segment;
use crate::ties::Link;

pub(crate) use memory::{Sort, header_elements};
pub(crate) use reading::Reading;
pub(crate) use times::{occurred, zone};
pub(crate) use voice::{CLAIM, MOVED, SNAPSHOT, Seg, Voice, valued};

/// What is known of a message besides its bytes.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// How the sender is to be read.
    pub profile: &'a Profile,
    /// The tenant's key: entities are keyed with it.
    pub key: &'a IdentityKey,
    /// The interface's zone, for a message that names none.
    pub zone: &'a TimeZone,
    /// When it came.
    pub received_at: Timestamp,
    /// Its row in the journal.
    pub journal: Option<JournalId>,
    /// The digest of its content.
    pub digest: [u8; 32],
}

/// What a kind of thing facts are about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(i16)]
pub enum EntityKind {
    /// A patient of one assigning authority, with what only the patient owns (contacts, coverage).
    Patient = 1,
    /// A visit, with its diagnoses and procedures.
    Visit = 2,
    /// A person who cares.
    Practitioner = 3,
    /// An organization.
    Organization = 4,
    /// A place.
    Location = 5,
    /// A financial account.
    Account = 6,
    /// An order of a service, with what was observed for it.
    Order = 20,
    /// An order of a medication.
    Prescription = 21,
    /// A report of results, with its results.
    Report = 22,
    /// A specimen.
    Specimen = 23,
    /// An immunization, with what was observed of it.
    Immunization = 24,
    /// What a person is for an organization.
    PractitionerRole = 25,
    /// An appointment.
    Appointment = 30,
    /// A document.
    Document = 31,
    /// A charge.
    Charge = 32,
    /// An episode of care, with the visits that refer to it.
    Episode = 33,
}

impl EntityKind {
    const ALL: [Self; 16] = [
        Self::Patient,
        Self::Visit,
        Self::Practitioner,
        Self::Organization,
        Self::Location,
        Self::Account,
        Self::Order,
        Self::Prescription,
        Self::Report,
        Self::Specimen,
        Self::Immunization,
        Self::PractitionerRole,
        Self::Appointment,
        Self::Document,
        Self::Charge,
        Self::Episode,
    ];

    /// The number that stands for it in database rows.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The kind that a number from a database row stands for.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether many patients' messages speak of one such thing, so that it is locked and written
    /// apart from the lanes.
    pub const fn shared(self) -> bool {
        match self {
            Self::Practitioner | Self::Organization | Self::Location | Self::PractitionerRole => {
                true
            }
            Self::Patient
            | Self::Visit
            | Self::Account
            | Self::Order
            | Self::Prescription
            | Self::Report
            | Self::Specimen
            | Self::Immunization
            | Self::Appointment
            | Self::Document
            | Self::Charge
            | Self::Episode => false,
        }
    }

    /// The kind of identity that names such a thing.
    pub(crate) const fn identity(self) -> IdentityKind {
        match self {
            Self::Patient => IdentityKind::Patient,
            Self::Visit => IdentityKind::Visit,
            Self::Practitioner => IdentityKind::Practitioner,
            Self::Organization => IdentityKind::Organization,
            Self::Location => IdentityKind::Location,
            Self::Account => IdentityKind::Account,
            Self::Order
            | Self::Prescription
            | Self::Report
            | Self::Specimen
            | Self::Immunization
            | Self::PractitionerRole
            | Self::Appointment
            | Self::Document
            | Self::Charge
            | Self::Episode => IdentityKind::Part,
        }
    }
}

/// The owner of what nobody owns.
pub const NOBODY: EntityId = EntityId(uuid::Uuid::nil());

/// What one message says of one entity.
#[derive(Clone, PartialEq, Debug)]
pub struct Statement {
    /// Of whom.
    pub entity: EntityId,
    /// The patient in whose name it is said: what is said of one visit in the name of two patients stays
    /// apart. Nil for what many patients share, and where no patient is named.
    pub owner: EntityId,
    /// What kind of thing that is.
    pub kind: EntityKind,
    /// By which identifiers the message named it; the first one is the entity's own.
    pub identities: Vec<SourceIdentity>,
    /// What it says.
    pub facts: Facts,
}

/// How much an issue matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Worth counting.
    Information,
    /// Something that was said is not in the chart, or not as it was said.
    Warning,
}

/// Something did not fit. It names a place and a rule, never what stood there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issue {
    /// Where.
    pub at: Place,
    /// What is wrong there.
    pub what: &'static str,
    /// How much it matters.
    pub severity: Severity,
}

/// A message in the language of facts.
#[derive(Clone, PartialEq, Debug)]
pub struct Interpretation {
    /// What it says, one statement per entity; the patient first where there is one.
    pub statements: Vec<Statement>,
    /// What it says of who is who.
    pub links: Vec<Link>,
    /// What did not fit.
    pub issues: Vec<Issue>,
    /// Fields that had a value and were not read.
    pub unmapped: Vec<Place>,
}

impl Interpretation {
    /// What it says, to be folded.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.statements.iter().map(|said| Row {
            entity: said.entity,
            kind: said.kind,
            owner: said.owner,
            facts: Cow::Borrowed(&said.facts),
        })
    }
}

/// Why a message of a type that the profile ignores is not read.
const IGNORED: &str = "the profile ignores this trigger";

/// A readable message that can't be mapped: it is dead-lettered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Unmappable {
    /// Where.
    pub place: Place,
    /// Why.
    pub what: &'static str,
}

impl Unmappable {
    /// The profile says that such messages are not read: that is no failure.
    pub fn is_ignored(&self) -> bool {
        self.what == IGNORED
    }
}

/// What a message is read for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReadFor {
    /// What it says is joined with what others say, now or later.
    Keep,
    /// What it says is shown and forgotten: what no resource shows is not read.
    Show,
}

/// Reads a message. Irregular content becomes issues; only a message of a kind without rules, or
/// one that does not say whom it is about, can't be read.
pub fn interpret(
    message: &hl7v2::Message<'_>,
    ctx: &Context<'_>,
) -> Result<Interpretation, Unmappable> {
    interpret_to(ReadFor::Keep, message, ctx)
}

/// [`interpret`], for one thing or the other.
pub(crate) fn interpret_to(
    read_for: ReadFor,
    message: &hl7v2::Message<'_>,
    ctx: &Context<'_>,
) -> Result<Interpretation, Unmappable> {
    if let Some(zone) = ctx.profile.zone() {
        let ctx = Context {
            zone,
            ..ctx.clone()
        };
        return in_place(read_for, message, &ctx);
    }
    in_place(read_for, message, ctx)
}

/// Reads the message as the profile would have it.
fn in_place(
    read_for: ReadFor,
    message: &hl7v2::Message<'_>,
    ctx: &Context<'_>,
) -> Result<Interpretation, Unmappable> {
    let Some(bytes) = rewritten(message, ctx.profile) else {
        return read(read_for, message, ctx);
    };
    match hl7v2::Message::parse_with(&bytes, message.fallback()) {
        Ok(message) => read(read_for, &message, ctx),
        Err(_) => read(read_for, message, ctx),
    }
}

fn read(
    read_for: ReadFor,
    message: &hl7v2::Message<'_>,
    ctx: &Context<'_>,
) -> Result<Interpretation, Unmappable> {
    let message_type = message.message_type();
    if ctx
        .profile
        .ignores(&message_type.code(), &message_type.trigger())
    {
        return Err(Unmappable {
            place: Place::new("MSH", 9),
            what: IGNORED,
        });
    }
    let Some(rules) = trigger::rules(&message_type.code(), &message_type.trigger()) else {
        return Err(Unmappable {
            place: Place::new("MSH", 9),
            what: "no rules for this trigger",
        });
    };
    let reading = Reading::new(read_for, message, ctx);
    segment::read(message, rules, &reading)?;
    Ok(reading.close())
}
