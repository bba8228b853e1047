//! A patient's facts become a Patient and what only the patient owns.

use fhir::ResourceType;
use model::EntityId;

use crate::facts::{Facts, Place};
use crate::identity::with_id;
use crate::json::{Assembly, elements, inside_of_list};
use crate::segment::FINANCIAL_CLASS;

use super::observation::{self, Owner};
use super::whole::numbers_of;
use super::{Builder, Draft, FoldContext, Parts, Said};

/// The Patient, where others are one with it what they say too: their identifiers are added, as old ones
/// where they were merged away.
pub(super) fn person<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    others: &[(EntityId, &'f Facts)],
    ctx: &FoldContext<'f>,
) -> Option<Draft<'f>> {
    let contacts = contacts(parts);
    let mut patient = begun(entity, parts)?;
    if let Some(contacts) = &contacts {
        patient.add_computed(contacts);
    }
    let mut links = Vec::new();
    let mut numbers = Vec::new();
    for (other, facts) in others {
        let Some(tie) = ctx.ties.tie(*other) else {
            continue;
        };
        let kind = if tie.retired { "replaces" } else { "seealso" };
        links.push(link(*other, kind));
        patient.explain_tie(tie);
        numbers.extend(numbers_of(facts, own_identifiers, tie.retired));
    }
    for link in &links {
        patient.add_computed(link);
    }
    patient.add_numbers(&numbers);
    if ctx.ties.is_staging(entity) {
        patient.tag(STAGING);
    }
    choose(&mut patient, "deceasedDateTime", "deceasedBoolean");
    choose(&mut patient, "multipleBirthInteger", "multipleBirthBoolean");
    Some(patient.finish())
}

/// The Patient of an entity that is one with another: what was said of it, and where it leads.
pub(super) fn other<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    ctx: &FoldContext<'f>,
) -> Option<Draft<'f>> {
    let tie = ctx.ties.tie(entity)?;
    let kind = if tie.retired {
        "replaced-by"
    } else {
        "seealso"
    };
    let link = link(tie.lead, kind);
    let mut patient = begun(entity, parts)?;
    if tie.retired {
        patient.remove("active");
        patient.add_computed("{\"active\":false}");
    }
    patient.add_computed(&link);
    patient.explain_tie(tie);
    choose(&mut patient, "deceasedDateTime", "deceasedBoolean");
    choose(&mut patient, "multipleBirthInteger", "multipleBirthBoolean");
    Some(patient.finish())
}

/// What fields say of the Patient.
fn begun<'f: 'c, 'c>(entity: EntityId, parts: &Parts<'f>) -> Option<Builder<'f, 'c>> {
    let said = parts.itself();
    if said.is_empty() {
        return None;
    }
    let mut patient = Builder::new(ResourceType::Patient, entity.into());
    let has_own_identifiers = said.iter().any(|said| IDENTIFIERS.contains(&said.field));
    // The identifiers of PID-3 stand before those of PID-2, which old senders repeat.
    let mut said: Vec<Said<'f>> = said.to_vec();
    said.sort_by_key(|said| said.field == Place::new("PID", 2));
    for said in said {
        // What a merge called the patient counts only while the patient has not been heard of.
        if said.field != MERGED || !has_own_identifiers {
            patient.add(said);
        }
    }
    for (_, said) in parts.of_kind("generalPractitioner") {
        patient.add_all(said);
    }
    Some(patient)
}

/// The fields that name a patient: by its own identifiers, else as a merge called it.
fn own_identifiers<'f>(parts: &Parts<'f>) -> Vec<Said<'f>> {
    let own = parts.in_fields(&IDENTIFIERS);
    if own.is_empty() {
        parts.in_fields(&[MERGED])
    } else {
        own
    }
}

fn link(other: EntityId, kind: &str) -> String {
    let other = other.0;
    format!(
        "{{\"link\":[{{\"other\":{{\"reference\":\"Patient/{other}\"}},\"type\":\"{kind}\"}}]}}"
    )
}

/// The people and organizations that care for the patient, whatever the visit: one team.
pub(super) fn care_team<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    ctx: &FoldContext<'_>,
) -> Option<Draft<'f>> {
    parts.of_kind("team").next()?;
    let mut about = with_id(
        r#"{"status":"active","subject":{"reference":"Patient/"#,
        entity.0,
    );
    about.push_str("\"}}");
    let id = ctx.key.part(entity, &["CareTeam", "patient"]);
    let mut team = Builder::new(ResourceType::CareTeam, id.into());
    team.add_computed(&about);
    for (_, said) in parts.of_kind("team") {
        team.add_all(said);
    }
    Some(team.finish())
}

const MERGED: Place = Place::new("MRG", 1);
/// Whether this is somebody known a person has yet to say.
const STAGING: &str = "{\"system\":\"urn:drawbridge:identity\",\"code\":\"staging\"}";

/// The fields that name a patient.
pub(super) const NAMES: [Place; 4] = [
    Place::new("PID", 2),
    Place::new("PID", 3),
    Place::new("PID", 4),
    MERGED,
];
const IDENTIFIERS: [Place; 3] = [
    Place::new("PID", 2),
    Place::new("PID", 3),
    Place::new("PID", 4),
];

/// `Patient.contact` as a fragment: the patient's people, and organizations that are only contacts.
fn contacts(parts: &Parts<'_>) -> Option<String> {
    let people = parts
        .of_kind(ResourceType::RelatedPerson.name())
        .map(|(_, said)| contact(said));
    let organizations = parts.of_kind("contact").map(|(_, said)| organization(said));
    let list: Vec<String> = people.chain(organizations).flatten().collect();
    (!list.is_empty()).then(|| ["{\"contact\":[", &list.join(","), "]}"].concat())
}

/// A `RelatedPerson` as a contact, which has one name and one address.
fn contact(said: &[Said<'_>]) -> Option<String> {
    let mut contact = Assembly::default();
    for (name, value) in said.iter().flat_map(|said| said.fragment.members()) {
        match name {
            "relationship" | "telecom" | "gender" | "period" => contact.put(name, value),
            "name" | "address" => {
                if let Some(first) = first(value) {
                    contact.put(name, first);
                }
            }
            _ => {}
        }
    }
    object(&contact)
}

fn organization(said: &[Said<'_>]) -> Option<String> {
    let mut contact = Assembly::default();
    for (_, list) in said.iter().flat_map(|said| said.fragment.members()) {
        if let Some(only) = first(list) {
            contact.add(only);
        }
    }
    object(&contact)
}

fn object(contact: &Assembly<'_>) -> Option<String> {
    let mut text = String::new();
    contact.write(&mut text);
    (!contact.is_empty()).then_some(text)
}

/// The first element of a list.
fn first(list: &str) -> Option<&str> {
    elements(inside_of_list(list)?).next()
}

/// Of two forms of one element the first counts: it says more.
fn choose<'f: 'c, 'c>(builder: &mut Builder<'f, 'c>, better: &str, other: &str) {
    if builder.assembly.has(better) {
        builder.remove(other);
    }
}

/// The parts of an entity that are resources of their own and need nothing computed. Who pays or is
/// insured is a person too, but nobody's contact.
const OWNED: [(&str, ResourceType); 11] = [
    ("AllergyIntolerance", ResourceType::AllergyIntolerance),
    ("Condition", ResourceType::Condition),
    ("Coverage", ResourceType::Coverage),
    ("Observation", ResourceType::Observation),
    ("PractitionerRole", ResourceType::PractitionerRole),
    ("Procedure", ResourceType::Procedure),
    ("Provenance", ResourceType::Provenance),
    ("RelatedPerson", ResourceType::RelatedPerson),
    ("guarantor", ResourceType::RelatedPerson),
    ("insured", ResourceType::RelatedPerson),
    ("mother", ResourceType::RelatedPerson),
];

/// The resources that an entity owns.
pub(super) fn owned<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    ctx: &FoldContext<'_>,
) -> Vec<Draft<'f>> {
    let subject = moved_to(parts);
    let is_insured = parts
        .of_kind("Coverage")
        .any(|(name, _)| name != FINANCIAL_CLASS);
    let draft = |(part, said): (&'f str, &[Said<'f>])| {
        let (named, name) = part.split_once('/')?;
        // A class of who pays says nothing beside an insurance.
        if is_insured && (named, name) == ("Coverage", FINANCIAL_CLASS) {
            return None;
        }
        let (_, kind) = OWNED.into_iter().find(|(owned, _)| *owned == named)?;
        let subject = subject.as_deref().filter(|_| HAVE_SUBJECT.contains(&kind));
        if kind == ResourceType::Observation {
            let owner = Owner {
                subject,
                effective: None,
            };
            return Some(observation::one(entity, name, said, owner, ctx));
        }
        let id = ctx.key.part(entity, &[named, name]);
        let mut builder = Builder::new(kind, id.into());
        if let Some(subject) = subject {
            builder.add_computed(subject);
        }
        builder.add_all(said);
        if kind == ResourceType::Procedure {
            performers(name, parts, &mut builder);
        }
        choose(&mut builder, "onsetDateTime", "onsetString");
        Some(builder.finish())
    };
    parts.each().filter_map(draft).collect()
}

const HAVE_SUBJECT: [ResourceType; 3] = [
    ResourceType::Condition,
    ResourceType::Observation,
    ResourceType::Procedure,
];

/// A visit that was moved to another patient (A45) takes what belongs to it along.
fn moved_to(parts: &Parts<'_>) -> Option<String> {
    let about = parts
        .itself()
        .iter()
        .find(|said| said.field == Place::new("PV1", 0))?;
    let subject = about.fragment.element("subject")?;
    Some(["{\"subject\":", subject, "}"].concat())
}

/// Who took part in a procedure by a segment of their own.
fn performers<'f: 'c, 'c>(name: &str, parts: &Parts<'f>, procedure: &mut Builder<'f, 'c>) {
    for (_, said) in parts.beginning(&["performer/", name, "#"].concat()) {
        procedure.add_all(said);
    }
}
