//! Audit events as rows, each linked to the one before it.

use model::{Actor, AuditEvent, IdSource};
use uuid::Uuid;

use super::AuditRow;
use crate::chain::{ChainKey, Link, ORIGIN};
use crate::columns::{column, storable};

/// The statement that writes rows; `$1` tenant, `$2` writer.
pub(crate) const INSERT: &str = "
    insert into audit (
        tenant, writer, id, seq, actor, resource, patient, version, type, outcome, action,
        actor_kind, interaction, request, chain
    )
    select tenant, $1::int, id, seq, actor, resource, patient, version, type, outcome,
        action::\"char\", actor_kind::\"char\", interaction, request, chain
    from unnest(
        $2::int[], $3::bigint[], $4::bigint[], $5::bigint[], $6::uuid[], $7::uuid[], $8::int[],
        $9::text[], $10::smallint[], $11::text[], $12::text[], $13::text[], $14::text[],
        $15::bytea[]
    ) as t (
        tenant, id, seq, actor, resource, patient, version, type, outcome, action, actor_kind,
        interaction, request, chain
    )";

/// The end of a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) seq: i64,
    pub(crate) link: Link,
}

impl Place {
    pub(crate) const START: Self = Self {
        seq: 0,
        link: ORIGIN,
    };
    /// Half of the digest is kept in a row: enough against forgery, and the trail stays narrow.
    pub(crate) const KEPT_BYTES: usize = 16;

    /// The place of the next row.
    pub(crate) fn after(self, key: &ChainKey, tenant: i32, row: &AuditRow) -> Self {
        let seq = self.seq + 1;
        let said = format!(
            "{} {} {} {:?} {} {} {:?} {:?} {:?} {:?} {:?}",
            row.writer,
            row.id,
            row.actor_kind,
            row.actor,
            row.action,
            row.outcome,
            row.resource_type,
            row.resource.map(|id| id.0),
            row.version.map(|version| version.0),
            row.patient.map(|id| id.0),
            row.request,
        );
        let parts: [&[u8]; 5] = [
            self.kept(),
            &seq.to_be_bytes(),
            &tenant.to_be_bytes(),
            row.interaction.as_bytes(),
            said.as_bytes(),
        ];
        let link = key.link(&parts);
        Self { seq, link }
    }

    /// What is kept of the link, and what the next link is made over.
    pub(crate) fn kept(&self) -> &[u8] {
        self.link.get(..Self::KEPT_BYTES).unwrap_or(&self.link)
    }
}

/// A row of an event.
pub(crate) fn row(ids: &IdSource, writer: model::WriterId, event: &AuditEvent) -> AuditRow {
    let id = ids.audit();
    let (actor_kind, actor) = match &event.actor {
        Actor::Token(id) => ('t', Some(*id)),
        Actor::Message(id) => ('m', Some(id.0)),
        Actor::Server => ('s', None),
        Actor::Operator => ('o', None),
        Actor::Anonymous => ('a', None),
    };
    AuditRow {
        id,
        at: IdSource::instant(id.0),
        writer,
        actor_kind,
        actor,
        action: event.action.letter().chars().next().unwrap_or('E'),
        outcome: event.outcome.code(),
        interaction: storable(event.interaction).into_owned(),
        resource_type: event.resource_type.map(str::to_owned),
        resource: event.resource,
        version: event.version,
        patient: event.patient,
        request: event
            .request
            .as_deref()
            .map(|request| storable(request).into_owned()),
    }
}

/// Rows with their places, as columns.
pub(crate) struct Columns<'a> {
    tenant: Vec<i32>,
    id: Vec<i64>,
    seq: Vec<i64>,
    actor: Vec<Option<i64>>,
    resource: Vec<Option<Uuid>>,
    patient: Vec<Option<Uuid>>,
    version: Vec<Option<i32>>,
    kind: Vec<Option<&'a str>>,
    outcome: Vec<i16>,
    action: Vec<String>,
    actor_kind: Vec<String>,
    interaction: Vec<&'a str>,
    request: Vec<Option<&'a str>>,
    chain: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(rows: &'a [(i32, AuditRow, Place)]) -> Self {
        Self {
            tenant: column(rows, |row| row.0),
            id: column(rows, |row| row.1.id.0),
            seq: column(rows, |row| row.2.seq),
            actor: column(rows, |row| row.1.actor),
            resource: column(rows, |row| row.1.resource.map(|id| id.0)),
            patient: column(rows, |row| row.1.patient.map(|id| id.0)),
            version: column(rows, |row| row.1.version.map(|version| version.0)),
            kind: column(rows, |row| row.1.resource_type.as_deref()),
            outcome: column(rows, |row| row.1.outcome),
            action: column(rows, |row| row.1.action.to_string()),
            actor_kind: column(rows, |row| row.1.actor_kind.to_string()),
            interaction: column(rows, |row| row.1.interaction.as_str()),
            request: column(rows, |row| row.1.request.as_deref()),
            chain: column(rows, |row| row.2.kept()),
        }
    }

    /// The parameters of [`INSERT`].
    pub(crate) fn params<'b>(
        &'b self,
        writer: &'b i32,
    ) -> [&'b (dyn postgres_types::ToSql + Sync); 15] {
        [
            writer,
            &self.tenant,
            &self.id,
            &self.seq,
            &self.actor,
            &self.resource,
            &self.patient,
            &self.version,
            &self.kind,
            &self.outcome,
            &self.action,
            &self.actor_kind,
            &self.interaction,
            &self.request,
            &self.chain,
        ]
    }
}
