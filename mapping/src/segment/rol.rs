//! ROL and PRT → who takes part: in the visit, as the patient's general practitioner, or in the care team.

use fhirbolt::model::r4::resources::{
    CareTeam, CareTeamParticipant, Encounter, EncounterParticipant, Patient, PractitionerRole,
    Procedure, ProcedurePerformer,
};
use fhirbolt::model::r4::types::{Address, CodeableConcept, Period, Reference};
use hl7v2::datatype::{Cwe, Ei, Xad, Xcn, Xon, Xtn};

use crate::datatype::xon::{Reach, refer};
use crate::datatype::{cwe, cx, dtm, pl, text, xad, xcn, xon, xtn};
use crate::inbound::{Seg, Voice, valued};
use crate::json::{self, Fragment};
use crate::table::find;
use crate::table::visit::PROVIDER_ROLE;

use super::{After, pr1, pv1};

/// Where the two segments keep the same things.
struct Layout {
    id: u8,
    action: u8,
    role: u8,
    table: &'static str,
    person: u8,
    begin: u8,
    end: u8,
    specialty: u8,
    telecom: u8,
    location: u8,
    organization: u8,
    unit: u8,
    address: u8,
    /// PRT-24, which ROL has not.
    numbers: Option<u8>,
    /// ROL-8, which is of the team.
    reason: Option<u8>,
}

const ROL: Layout = Layout {
    id: 1,
    action: 2,
    role: 3,
    table: "0443",
    person: 4,
    begin: 5,
    end: 6,
    specialty: 9,
    telecom: 12,
    location: 13,
    organization: 14,
    unit: 10,
    address: 11,
    numbers: None,
    reason: Some(8),
};

const PRT: Layout = Layout {
    id: 1,
    action: 2,
    role: 4,
    table: "0912",
    person: 5,
    begin: 11,
    end: 12,
    specialty: 6,
    telecom: 15,
    location: 9,
    organization: 8,
    unit: 7,
    address: 14,
    numbers: Some(24),
    reason: None,
};

/// States what ROL says of somebody's part in what stands before it.
pub(super) fn state(rol: &Seg<'_>, after: &After, owner: &mut Voice<'_, '_>) {
    read(rol, &ROL, after, owner);
}

/// States what PRT says of somebody's part in what stands before it.
pub(super) fn state_prt(prt: &Seg<'_>, after: &After, owner: &mut Voice<'_, '_>) {
    read(prt, &PRT, after, owner);
}

/// What a part needs of its segment.
struct Part {
    individual: Reference,
    roles: Vec<CodeableConcept>,
    period: Option<Box<Period>>,
}

fn read(seg: &Seg<'_>, layout: &Layout, after: &After, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let Some(name) = name(seg, layout, after) else {
        return;
    };
    let code = seg.field(layout.role).text().trim().to_owned();
    let action = seg.field(layout.action).text();
    let is_gone = matches!(action.trim(), "DE" | "D" | "X");
    let place = seg.place(layout.person);
    reading.at(seg.place(layout.role));
    let sent = Cwe::new(seg.field(layout.role).first());
    let meaning = find(PROVIDER_ROLE, &code);
    let role = cwe::mapped(meaning, sent, Some(layout.table), reading);
    reading.at(seg.place(layout.begin));
    let (begin, end) = (seg.field(layout.begin).text(), seg.field(layout.end).text());
    let part = Part {
        individual: refer(
            "PractitionerRole",
            owner.part_id("PractitionerRole", &name),
            None,
        ),
        roles: role.into_iter().collect(),
        period: dtm::period(&begin, &end, reading),
    };
    let reason = layout.reason.map(|n| valued(seg.field(n)));
    let reason = reason.into_iter().flatten();
    let reason: Vec<CodeableConcept> = reason
        .filter_map(|sent| cwe::concept(Cwe::new(sent), None, reading))
        .collect();
    let is_general = code == "PP";
    let (kind, fragment) = match after {
        After::Visit => ("participant", of_visit(part)),
        After::Procedure(_) => ("performer", of_procedure(part)),
        After::Patient if is_general => ("generalPractitioner", general(part)),
        After::Patient => ("team", of_team(part, reason)),
    };
    let whole = match after {
        After::Procedure(procedure) => format!("{procedure}#{name}"),
        After::Patient | After::Visit => name.clone(),
    };
    owner.turn_to_part(kind, &whole);
    if is_gone {
        owner.delete(place);
    } else {
        owner.state(place, fragment);
    }
    owner.turn_to_part("PractitionerRole", &name);
    practitioner_role(seg, layout, owner);
}

fn of_visit(part: Part) -> Option<Fragment> {
    json::fragment(&Encounter {
        participant: vec![EncounterParticipant {
            r#type: part.roles,
            period: part.period,
            individual: Some(Box::new(part.individual)),
            ..EncounterParticipant::default()
        }],
        ..pv1::blank()
    })
}

fn of_procedure(part: Part) -> Option<Fragment> {
    json::fragment(&Procedure {
        performer: vec![ProcedurePerformer {
            function: part.roles.into_iter().next().map(Box::new),
            actor: Box::new(part.individual),
            ..ProcedurePerformer::default()
        }],
        ..pr1::blank()
    })
}

fn general(part: Part) -> Option<Fragment> {
    json::fragment(&Patient {
        general_practitioner: vec![part.individual],
        ..Patient::default()
    })
}

fn of_team(part: Part, reason_code: Vec<CodeableConcept>) -> Option<Fragment> {
    json::fragment(&CareTeam {
        reason_code,
        participant: vec![CareTeamParticipant {
            role: part.roles,
            member: Some(Box::new(part.individual)),
            period: part.period,
            ..CareTeamParticipant::default()
        }],
        ..CareTeam::default()
    })
}

/// Who it is, for whom, as what, where and how to reach them there.
fn practitioner_role(seg: &Seg<'_>, layout: &Layout, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let blank = PractitionerRole::default;
    owner.one(seg, layout.id, |sent| {
        let identifier = vec![cx::entity_identifier(Ei::new(sent), reading)?];
        Some(PractitionerRole {
            identifier,
            ..blank()
        })
    });
    owner.one(seg, layout.role, |sent| {
        let sent = Cwe::new(sent);
        let meaning = find(PROVIDER_ROLE, sent.code().trim());
        let code = vec![cwe::mapped(meaning, sent, Some(layout.table), reading)?];
        Some(PractitionerRole { code, ..blank() })
    });
    who(seg, layout, owner);
    let end = seg.field(layout.end).text();
    owner.one(seg, layout.begin, |begin| {
        let period = dtm::period(&begin.text(), &end, reading);
        Some(PractitionerRole { period, ..blank() })
    });
    owner.each(
        seg,
        layout.specialty,
        |sent| cwe::concept(Cwe::new(sent), None, reading),
        |specialty| PractitionerRole {
            specialty,
            ..blank()
        },
    );
    owner.each(
        seg,
        layout.telecom,
        |sent| xtn::contact(Xtn::new(sent), Some("work"), reading),
        |telecom| PractitionerRole { telecom, ..blank() },
    );
    owner.each(
        seg,
        layout.location,
        |sent| pl::reference(sent, reading),
        |location| PractitionerRole {
            location,
            ..blank()
        },
    );
    if let Some(n) = layout.numbers {
        owner.each(
            seg,
            n,
            |sent| cx::practitioner_number(sent, reading),
            |identifier| PractitionerRole {
                identifier,
                ..blank()
            },
        );
    }
}

/// The person and the organization. An address is the person's, where there is one.
fn who(seg: &Seg<'_>, layout: &Layout, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let blank = PractitionerRole::default;
    let addresses = valued(seg.field(layout.address));
    let addresses = addresses.filter_map(|sent| xad::address(Xad::new(sent), reading));
    let addresses: Vec<Address> = addresses.collect();
    let has_person = !seg.field(layout.person).is_empty();
    let to_person = if has_person {
        addresses.clone()
    } else {
        Vec::new()
    };
    owner.one(seg, layout.person, |sent| {
        let practitioner = xcn::addressed(sent, to_person, reading)?;
        Some(PractitionerRole {
            practitioner: Some(Box::new(practitioner)),
            ..blank()
        })
    });
    let kind = cwe::concept(
        Cwe::new(seg.field(layout.unit).first()),
        Some("0406"),
        reading,
    );
    owner.one(seg, layout.organization, |sent| {
        let reach = Reach {
            address: if has_person { Vec::new() } else { addresses },
            kind: kind.into_iter().collect(),
            ..Reach::default()
        };
        let organization = xon::reached(Xon::new(sent), reach, reading)?;
        Some(PractitionerRole {
            organization: Some(Box::new(organization)),
            ..blank()
        })
    });
}

/// What names the part: the role, and who has it. An instance id would do, but senders count with it.
fn name(seg: &Seg<'_>, layout: &Layout, after: &After) -> Option<String> {
    let person = Xcn::new(seg.field(layout.person).first());
    let named = text::text(&person.id()).or_else(|| {
        let family = text::text(&person.family().surname())?;
        Some(format!("{family}|{}", person.given().trim()))
    });
    let organization = || {
        let organization = Xon::new(seg.field(layout.organization).first());
        text::text(&organization.name()).or_else(|| text::text(&organization.id()))
    };
    let who = named.or_else(organization)?;
    let role = seg.field(layout.role).text();
    Some(format!("{}|{}|{who}", after.word(), role.trim()))
}
