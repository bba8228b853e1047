//! New rows by `COPY … from stdin (format binary)`: rows go into pages many at a time, and nothing is looked
//! for that can't be there. Half the time and 0.6 of the WAL of `insert … select from unnest(…) on conflict
//! do nothing`, which descends each index twice and marks each row twice.

use std::pin::pin;

use postgres_types::{ToSql, Type};
use tokio_postgres::binary_copy::BinaryCopyInWriter;

use crate::{Result, Tx};

/// Where rows go, and the types of their columns as they are sent: an enum is sent as text.
pub(crate) struct Target<const N: usize> {
    /// `copy table (columns) from stdin (format binary)`.
    pub(crate) sql: &'static str,
    pub(crate) types: [Type; N],
}

/// The cells of a row.
pub(crate) type Cells<'a, const N: usize> = [&'a (dyn ToSql + Sync); N];

impl Tx {
    /// Adds rows that are not there yet; one that is fails the transaction.
    pub(crate) async fn copy<'a, R: Sync, const N: usize>(
        &self,
        into: &Target<N>,
        rows: &'a [R],
        cells: impl Fn(&'a R) -> Cells<'a, N> + Send + Sync,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let copied = self.try_copy(into, rows, cells).await;
        copied.inspect_err(|_| self.fail())
    }

    async fn try_copy<'a, R: Sync, const N: usize>(
        &self,
        into: &Target<N>,
        rows: &'a [R],
        cells: impl Fn(&'a R) -> Cells<'a, N> + Send + Sync,
    ) -> Result<()> {
        let client = self.client()?;
        let statement = client.prepare_cached(into.sql).await?;
        let sink = client.copy_in(&statement).await?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &into.types));
        for row in rows {
            writer.as_mut().write(&cells(row)).await?;
        }
        writer.finish().await?;
        Ok(())
    }
}
