//! New resources.

use std::borrow::Cow;

use jiff::Timestamp;
use postgres_types::Type;
use uuid::Uuid;

use super::write::Row;
use crate::columns::{column, storable};
use crate::copy::Target;
use crate::{Result, Tx};

const RESOURCE: Target<20> = Target {
    sql: "copy resource (
            tenant, version, deleted, rid, updated_at, id, patient, content, journal, type,
            index_version, origin, lineage, body, tokens, string_params, strings, date_params,
            date_lows, date_highs
        ) from stdin (format binary)",
    types: [
        Type::INT4,
        Type::INT4,
        Type::BOOL,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::UUID,
        Type::UUID,
        Type::UUID,
        Type::INT8,
        Type::INT2,
        Type::INT2,
        Type::TEXT, // the enum `origin`
        Type::BYTEA,
        Type::TEXT,
        Type::INT8_ARRAY,
        Type::INT2_ARRAY,
        Type::TEXT_ARRAY,
        Type::INT2_ARRAY,
        Type::TIMESTAMPTZ_ARRAY,
        Type::TIMESTAMPTZ_ARRAY,
    ],
};

/// The cells that differ from what a [`Row`] holds.
struct Created<'a> {
    rid: i64,
    at: Timestamp,
    id: Uuid,
    patient: Option<Uuid>,
    content: Uuid,
    journal: Option<i64>,
    kind: i16,
    index_version: i16,
    origin: &'a str,
    lineage: Option<&'a [u8]>,
    body: &'a str,
    tokens: &'a [i64],
    string_params: Vec<i16>,
    strings: Vec<Cow<'a, str>>,
    date_params: Vec<i16>,
    date_lows: Vec<Timestamp>,
    date_highs: Vec<Timestamp>,
}

/// Writes rows of which none is there yet; one that is answers [`crate::StoreError::Retry`].
pub(super) async fn create(tx: &Tx, rows: &[Row<'_>]) -> Result<bool> {
    let created: Vec<Created<'_>> = rows.iter().filter_map(created).collect();
    let (tenant, first) = (tx.tenant().0, 1);
    let copied = tx.copy(&RESOURCE, &created, |row| {
        [
            &tenant,
            &first,
            &false,
            &row.rid,
            &row.at,
            &row.id,
            &row.patient,
            &row.content,
            &row.journal,
            &row.kind,
            &row.index_version,
            &row.origin,
            &row.lineage,
            &row.body,
            &row.tokens,
            &row.string_params,
            &row.strings,
            &row.date_params,
            &row.date_lows,
            &row.date_highs,
        ]
    });
    let copied = copied.await;
    copied.map_err(|error| error.made_meanwhile("a created resource is there already"))?;
    Ok(true)
}

fn created<'a>(row: &Row<'a>) -> Option<Created<'a>> {
    let write = row.write;
    let version = write.op.version()?;
    let index = &version.index;
    Some(Created {
        rid: row.rid.0,
        at: write.at,
        id: write.id.0,
        patient: row.patient(),
        content: version.content,
        journal: write.journal.map(|id| id.0),
        kind: write.kind,
        index_version: index.version,
        origin: write.origin.as_str(),
        lineage: write.lineage.as_deref(),
        body: &version.body,
        tokens: &index.tokens,
        string_params: column(&index.strings, |(param, _)| *param),
        strings: column(&index.strings, |(_, value)| storable(value)),
        date_params: column(&index.dates, |(param, ..)| *param),
        date_lows: column(&index.dates, |(_, low, _)| *low),
        date_highs: column(&index.dates, |(.., high)| *high),
    })
}
