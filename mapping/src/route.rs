//! What intake needs to know of a message before anybody translates it: whose queue it goes to.

use hl7v2::Message;
use model::{IdentityKey, LaneId, SourceIdentity};

use crate::identity;
use crate::inbound::trigger;
use crate::profile::Profile;
use crate::rewrite::rewritten;

/// Where a message goes. Decided from the message alone: no lookup takes part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// The lane of the patient, else of the visit, else of the appointment, else one of its own.
    pub lane: LaneId,
    /// The second lane of a message that names two patients (merge, swap).
    pub other: Option<LaneId>,
    /// Whether this build has rules for the trigger, and the profile does not ignore it.
    pub served: bool,
    /// The profile says that such messages are kept and not read.
    pub ignored: bool,
    /// False: no patient and no visit is named; it has a lane of its own and needs a review.
    pub identified: bool,
}

/// Finds the lane of a message. `digest` is its content's: what else can't be told apart by.
pub fn route(
    message: &Message<'_>,
    profile: &Profile,
    key: &IdentityKey,
    digest: &[u8; 32],
) -> Route {
    let bytes = rewritten(message, profile);
    let parsed = bytes
        .as_ref()
        .and_then(|bytes| Message::parse_with(bytes, message.fallback()).ok());
    in_place(parsed.as_ref().unwrap_or(message), profile, key, digest)
}

fn in_place(
    message: &Message<'_>,
    profile: &Profile,
    key: &IdentityKey,
    digest: &[u8; 32],
) -> Route {
    let msh = message.msh();
    let pid = message.segment("PID");
    let patient = pid
        .as_ref()
        .and_then(|pid| identity::patient(pid, &msh, profile));
    let named = patient.or_else(|| {
        let pv1 = message.segment("PV1")?;
        identity::visit(&pv1, pid.as_ref(), &msh, profile)
    });
    // Blocked time has neither patient nor visit.
    let named = named.or_else(|| identity::appointment(&message.segment("SCH")?, &msh));
    let lane = match &named {
        Some(identity) => lane_of(identity, key),
        None => own_lane(digest, key),
    };
    let other = second_patient(message, profile)
        .map(|identity| lane_of(&identity, key))
        .filter(|other| *other != lane);
    let message_type = message.message_type();
    let (code, event) = (message_type.code(), message_type.trigger());
    let ignored = profile.ignores(&code, &event);
    Route {
        lane,
        other,
        served: !ignored && trigger::rules(&code, &event).is_some(),
        ignored,
        identified: named.is_some(),
    }
}

/// The lane of a source identity has its entity's id: who has the one can lock the other.
pub fn lane_of(identity: &SourceIdentity, key: &IdentityKey) -> LaneId {
    LaneId(key.entity(identity).0)
}

/// The other patient of a message: the one that MRG names, else the second PID's.
fn second_patient(message: &Message<'_>, profile: &Profile) -> Option<SourceIdentity> {
    let msh = message.msh();
    let merged = message.segment("MRG");
    let merged = merged.and_then(|mrg| identity::merged_patient(&mrg, &msh, profile));
    merged.or_else(|| {
        let other = message.segments_named("PID").nth(1)?;
        identity::patient(&other, &msh, profile)
    })
}

fn own_lane(digest: &[u8; 32], key: &IdentityKey) -> LaneId {
    let hex = crate::identity::hex(digest);
    key.lane(&["message", &hex])
}
