//! An event as an HL7 v2.5.1 message.

use jiff::{Timestamp, tz::TimeZone};

use super::event::{Deleted, Event, Named};
use super::person::Person;
use super::segment::{date, escape, segment, time};
use super::visit::{Diagnosis, Visit};
use super::vocabulary::{DIAGNOSES, FACILITIES, PAYERS, Staff};

/// The explicit null: "delete what you have" (HL7 v2.5.1 ch. 2.5.3).
const NULL: &str = "\"\"";

/// Everything that a message is made of.
pub(super) struct Scene<'a> {
    pub(super) event: &'a Event,
    pub(super) person: &'a Person,
    pub(super) staff: &'a [Staff],
    pub(super) zone: &'a TimeZone,
    pub(super) control_id: &'a str,
    pub(super) sent: Timestamp,
}

impl Scene<'_> {
    pub(super) fn render(&self) -> String {
        let mut text = self.msh();
        text.push_str(&self.evn());
        text.push_str(&self.pid());
        text.push_str(&segment("PD1", &[(4, self.xcn(self.person.nurse))]));
        if let Some(named) = &self.event.names {
            self.push_named(named, &mut text);
            return text;
        }
        text.push_str(&self.nk1());
        let Some(visit) = self.visit() else {
            // The structure of person events wants a PV1, too (HL7 v2.5.1 ch. 3.3.28): class N, not applicable.
            text.push_str("PV1|1|N\r");
            return text;
        };
        text.push_str(&self.pv1(visit));
        text.push_str(&self.pv2(visit));
        self.push_diagnoses(visit, &mut text);
        if let Some(allergy) = self.person.allergy {
            text.push_str(&segment(
                "AL1",
                &[
                    (1, "1".into()),
                    (2, "DA".into()),
                    (3, format!("^{allergy}")),
                    (4, "MO".into()),
                ],
            ));
        }
        self.push_insurance(visit, &mut text);
        text
    }

    /// What a message about identities goes on with: MRG and perhaps the visit, or a second patient.
    fn push_named(&self, named: &Named, text: &mut String) {
        text.push_str(&match named {
            Named::Record(before) => segment("MRG", &[(1, before.clone())]),
            Named::Account(before) => segment("MRG", &[(3, before.clone())]),
            Named::Visit(before) => segment("MRG", &[(5, before.clone())]),
            Named::Other(other) => segment("PID", &[(1, "2".to_owned()), (3, other.clone())]),
        });
        let of_visit = matches!(self.event.trigger, "A42" | "A45" | "A50");
        let visit = self.visit().filter(|_| of_visit);
        if let Some(visit) = visit {
            text.push_str(&self.pv1(visit));
        }
    }

    fn visit(&self) -> Option<&Visit> {
        self.event.visit.and_then(|n| self.person.visits.get(n))
    }

    fn facility(&self) -> (&'static str, &'static str) {
        let n = self.person.facility(self.event.visit);
        FACILITIES
            .get(n)
            .map_or(("MAPLE", "MAPLEMRN"), |(name, authority, _)| {
                (name, authority)
            })
    }

    fn time(&self, at: Timestamp) -> String {
        time(at, self.zone)
    }

    fn msh(&self) -> String {
        let (facility, _) = self.facility();
        let (sent, event) = (self.time(self.sent), self.event);
        let (trigger, structure) = (event.trigger, event.structure());
        format!(
            "MSH|^~\\&|HOMECARE|{facility}|DRAWBRIDGE|BRIDGE|{sent}||ADT^{trigger}^{structure}|{}|P|2.5.1||||||UNICODE UTF-8\r",
            self.control_id
        )
    }

    fn evn(&self) -> String {
        let Event {
            trigger,
            recorded,
            occurred,
            ..
        } = self.event;
        let fields = [
            (1, (*trigger).to_owned()),
            (2, self.time(*recorded)),
            (5, "INTAKE01".to_owned()),
            (6, self.time(*occurred)),
        ];
        segment("EVN", &fields)
    }

    /// PID-3: the record number of the facility that speaks first, then the payer's number.
    fn identifiers(&self) -> String {
        let facility = self.person.facility(self.event.visit);
        let record = self.person.cx(self.event.record, facility);
        let is_own = self.event.record.is_none();
        let medicare = self.person.medicare.as_ref().filter(|_| is_own);
        medicare.map_or_else(
            || record.clone(),
            |number| format!("{record}~{number}^^^CMS^MC"),
        )
    }

    fn pid(&self) -> String {
        let person = self.person;
        let deletes = |what| self.event.deletes == Some(what);
        let address = if deletes(Deleted::Address) {
            NULL
        } else {
            &person.address
        };
        let phone = person.phone.clone();
        let email = person
            .email
            .as_ref()
            .map(|email| format!("^NET^Internet^{email}"));
        let mut telecom = phone.into_iter().chain(email).collect::<Vec<_>>().join("~");
        // A list is deleted as a whole: a telephone that went takes the mail address with it.
        if deletes(Deleted::Phone) || (deletes(Deleted::Email) && telecom.is_empty()) {
            NULL.clone_into(&mut telecom);
        }
        let name = format!(
            "{}^{}^{}^^^^L",
            escape(&person.family),
            person.given,
            person.middle
        );
        segment(
            "PID",
            &[
                (1, "1".to_owned()),
                (3, self.identifiers()),
                (5, name),
                (7, date(person.born)),
                (8, person.sex.to_owned()),
                (10, person.race.to_owned()),
                (11, address.to_owned()),
                (13, telecom),
                (15, format!("{}^^ISO639", person.language)),
                (16, person.marital.to_owned()),
                (
                    18,
                    self.visit()
                        .map_or_else(String::new, |it| it.account.clone()),
                ),
                (22, person.ethnicity.to_owned()),
                (30, "N".to_owned()),
            ],
        )
    }

    fn nk1(&self) -> String {
        if self.event.deletes == Some(Deleted::Contact) {
            return format!("NK1|1|{NULL}\r");
        }
        let Some(family) = &self.person.contact else {
            return String::new();
        };
        let name = format!("{}^Ines^^^^^L", escape(family));
        let phone = "(312)555-0142^PRN^CP".to_owned();
        segment(
            "NK1",
            &[
                (1, "1".to_owned()),
                (2, name),
                (3, "CHD^Child^HL70063".to_owned()),
                (5, phone),
                (7, "C".to_owned()),
            ],
        )
    }

    fn xcn(&self, n: usize) -> String {
        let Some(staff) = self.staff.get(n) else {
            return String::new();
        };
        let Staff {
            id,
            authority,
            id_type,
            family,
            given,
            degree,
        } = staff;
        format!(
            "{id}^{}^{given}^^^^{degree}^^{authority}^L^^^{id_type}",
            escape(family)
        )
    }

    fn pv1(&self, visit: &Visit) -> String {
        let moved = matches!(self.event.trigger, "A02" | "A12");
        let prior = if moved {
            visit.left.last().cloned().unwrap_or_default()
        } else {
            String::new()
        };
        let planned = matches!(self.event.trigger, "A05" | "A14");
        let gone = visit.discharged.map(|at| self.time(at)).unwrap_or_default();
        let disposition = if visit.discharged.is_some() {
            visit.disposition
        } else {
            ""
        };
        segment(
            "PV1",
            &[
                (1, "1".to_owned()),
                (2, visit.class.to_owned()),
                (3, visit.location.clone()),
                (4, "R".to_owned()),
                (6, prior),
                (7, self.xcn(visit.attending)),
                (8, self.xcn(visit.referring)),
                (10, "HH".to_owned()),
                (14, "1".to_owned()),
                (19, visit.cx()),
                (36, disposition.to_owned()),
                (
                    44,
                    if planned {
                        String::new()
                    } else {
                        self.time(visit.admitted)
                    },
                ),
                (45, gone),
            ],
        )
    }

    fn pv2(&self, visit: &Visit) -> String {
        let reason = visit
            .diagnoses
            .first()
            .and_then(|first| DIAGNOSES.get(first.code));
        let reason = reason.map_or_else(String::new, |(_, text)| format!("^{}", escape(text)));
        let expected = if matches!(self.event.trigger, "A05" | "A14") {
            self.time(visit.admitted)
        } else {
            String::new()
        };
        segment("PV2", &[(3, reason), (8, expected)])
    }

    /// What stands, and the one that this message withdraws.
    fn push_diagnoses(&self, visit: &Visit, text: &mut String) {
        let said = |diagnosis: &&Diagnosis| {
            !diagnosis.withdrawn || Some(diagnosis.number) == self.event.withdrawn
        };
        for (n, diagnosis) in visit.diagnoses.iter().filter(said).enumerate() {
            let Some((code, name)) = DIAGNOSES.get(diagnosis.code) else {
                continue;
            };
            let action = if diagnosis.withdrawn { "D" } else { "" };
            text.push_str(&segment(
                "DG1",
                &[
                    (1, (n + 1).to_string()),
                    (3, format!("{code}^{}^I10", escape(name))),
                    (5, self.time(visit.admitted)),
                    (6, diagnosis.kind.to_owned()),
                    (15, diagnosis.number.to_string()),
                    (16, self.xcn(visit.attending)),
                    (20, format!("{}D{}", visit.number, diagnosis.number)),
                    (21, action.to_owned()),
                ],
            ));
        }
    }

    fn push_insurance(&self, visit: &Visit, text: &mut String) {
        if !matches!(self.event.trigger, "A01" | "A04" | "A05" | "A08" | "A14") {
            return;
        }
        let person = self.person;
        for (n, payer) in person.payers.iter().enumerate() {
            let Some((plan, company_id, company, kind)) = PAYERS.get(*payer) else {
                continue;
            };
            let number = person
                .medicare
                .clone()
                .unwrap_or_else(|| format!("{}-{}", plan, visit.number));
            text.push_str(&segment(
                "IN1",
                &[
                    (1, (n + 1).to_string()),
                    (2, (*plan).to_owned()),
                    (3, (*company_id).to_owned()),
                    (4, escape(company)),
                    (12, "20240101".to_owned()),
                    (15, (*kind).to_owned()),
                    (16, format!("{}^{}", escape(&person.family), person.given)),
                    (17, "SEL".to_owned()),
                    (18, date(person.born)),
                    (36, number),
                ],
            ));
        }
    }
}
