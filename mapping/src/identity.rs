//! Which of a message's identifiers name the patient and the visit. Intake and translation both ask
//! here, so that the lane and the entity can't disagree.

use std::borrow::Cow;

use hl7v2::datatype::{Cx, Ei, Hd};
use hl7v2::{Field, Segment};
use model::{IdentityKind, SourceIdentity};
use uuid::Uuid;

use crate::profile::{Profile, VisitId};

/// The identity of a patient: the best PID-3 by type, else the first of PID-2 (old senders).
pub(crate) fn patient(
    pid: &Segment<'_>,
    msh: &Segment<'_>,
    profile: &Profile,
) -> Option<SourceIdentity> {
    best(pid.field(3), profile)
        .or_else(|| best(pid.field(2), profile))
        .map(|cx| of(IdentityKind::Patient, cx, msh))
}

/// The identity of the patient that was merged away: MRG-1, else MRG-4 (old senders).
pub(crate) fn merged_patient(
    mrg: &Segment<'_>,
    msh: &Segment<'_>,
    profile: &Profile,
) -> Option<SourceIdentity> {
    best(mrg.field(1), profile)
        .or_else(|| best(mrg.field(4), profile))
        .map(|cx| of(IdentityKind::Patient, cx, msh))
}

/// The identity of a visit, from the first field of the profile's list that has a value.
pub(crate) fn visit(
    pv1: &Segment<'_>,
    pid: Option<&Segment<'_>>,
    msh: &Segment<'_>,
    profile: &Profile,
) -> Option<SourceIdentity> {
    let number = |place: &VisitId| {
        let field = match place {
            VisitId::VisitNumber => pv1.field(19),
            VisitId::AccountNumber => pid?.field(18),
            VisitId::AlternateVisitId => pv1.field(50),
        };
        valued(field).next()
    };
    let cx = profile.visit_id.iter().find_map(number)?;
    Some(of(IdentityKind::Visit, cx, msh))
}

/// An account: PID-18.
pub(crate) fn account(pid: &Segment<'_>, msh: &Segment<'_>) -> Option<SourceIdentity> {
    valued(pid.field(18))
        .next()
        .map(|cx| of(IdentityKind::Account, cx, msh))
}

/// What a patient or visit owns and names by a key of its own (an appointment, a document): `word` tells
/// the kinds of such things apart.
pub(crate) fn thing(word: &str, ei: Ei<'_>, msh: &Segment<'_>) -> Option<SourceIdentity> {
    let id = ei.id();
    let id = id.trim();
    if id.is_empty() || ei.is_null() || ei.is_part_null(1) {
        return None;
    }
    let parts = [ei.namespace(), ei.universal_id(), ei.universal_id_type()];
    let own = joined(&parts);
    Some(SourceIdentity {
        kind: IdentityKind::Part,
        authority: own.unwrap_or_else(|| sender(msh)),
        type_code: word.to_owned(),
        value: format!("{word}:{id}"),
    })
}

/// An appointment: SCH-2, else SCH-1; SCH-3 tells the occurrences of a repeating one apart.
pub(crate) fn appointment(sch: &Segment<'_>, msh: &Segment<'_>) -> Option<SourceIdentity> {
    let named = |n| thing("appointment", Ei::new(sch.field(n).first()), msh);
    let mut identity = named(2).or_else(|| named(1))?;
    let occurrence = sch.field(3).text();
    let occurrence = occurrence.trim();
    if !matches!(occurrence, "" | "\"\"" | "0" | "1") {
        identity.value = format!("{}#{occurrence}", identity.value);
    }
    Some(identity)
}

/// The identity that a CX names; without an authority of its own it has the sender's (MSH-4).
pub(crate) fn of(kind: IdentityKind, cx: Cx<'_>, msh: &Segment<'_>) -> SourceIdentity {
    SourceIdentity {
        kind,
        authority: authority(cx.authority()).unwrap_or_else(|| sender(msh)),
        type_code: cx.type_code().trim().to_owned(),
        value: cx.id().trim().to_owned(),
    }
}

/// An HD as received, its parts joined by `&` whatever separated them; none when it is empty.
pub(crate) fn authority(hd: Hd<'_>) -> Option<String> {
    joined(&[hd.namespace(), hd.universal_id(), hd.universal_id_type()])
}

fn joined(parts: &[Cow<'_, str>; 3]) -> Option<String> {
    if let [name, Cow::Borrowed(""), Cow::Borrowed("")] = parts {
        let name = name.trim().trim_end_matches('&');
        return (!name.is_empty()).then(|| name.to_owned());
    }
    let mut joined = parts.each_ref().map(|part| part.trim()).join("&");
    joined.truncate(joined.trim_end_matches('&').len());
    (!joined.is_empty()).then_some(joined)
}

/// MSH-4 as an authority, empty if the sender does not name its facility.
pub(crate) fn sender(msh: &Segment<'_>) -> String {
    authority(Hd::new(msh.field(4).first())).unwrap_or_default()
}

/// The identifiers of a field that have a value.
pub(crate) fn valued(field: Field<'_>) -> impl Iterator<Item = Cx<'_>> {
    field
        .repetitions()
        .map(Cx::new)
        .filter(|cx| !cx.is_null() && !cx.is_part_null(1) && !cx.id().trim().is_empty())
}

/// The identifier that names the patient best; among equals the first, as the sender put it.
fn best<'m>(field: Field<'m>, profile: &Profile) -> Option<Cx<'m>> {
    let rank = |cx: &Cx<'m>| {
        let code = cx.type_code();
        let code = profile.identifier_type(code.trim(), || names(cx.authority()));
        let listed = profile
            .patient_id_types
            .iter()
            .position(|known| known == code);
        let secondary = profile.secondary_id_types.iter().any(|known| known == code);
        match (listed, secondary) {
            (Some(at), _) => at,
            (None, false) => profile.patient_id_types.len(),
            (None, true) => usize::MAX,
        }
    };
    valued(field).min_by_key(rank)
}

/// The words by which a profile knows an authority.
pub(crate) fn names(hd: Hd<'_>) -> [String; 2] {
    [hd.universal_id(), hd.namespace()].map(|word| word.trim().to_owned())
}

/// Appends a UUID: dozens stand in every bundle, so that formatting them would show.
pub(crate) fn push_id(out: &mut String, id: Uuid) {
    out.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
}

/// A UUID behind a word.
pub(crate) fn with_id(word: &str, id: Uuid) -> String {
    let mut out = String::with_capacity(word.len() + 36);
    out.push_str(word);
    push_id(&mut out, id);
    out
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(64), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}
