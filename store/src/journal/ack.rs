//! The answers that were sent, kept beside the journal, best effort, afterwards.

use jiff::Timestamp;
use model::{JournalId, Tenant};

use crate::{Result, Store};

/// How far apart the journal ids of one row may be: some 65 s ([`model::IdSource`]).
const SPAN: i64 = 1 << 38;

/// Keeps the answers that were sent: journal entry, when, code. Not durable at once: losing one after
/// a crash costs an explanation, never a message.
pub async fn record_acks(
    store: &Store,
    tenant: Tenant,
    acks: &[(JournalId, Timestamp, &str)],
) -> Result<()> {
    let sql = "insert into ack (tenant, first, last, at, code, journals)
        values ($1, $2, $3, $4, $5, $6)";
    let client = store.lazy().get().await?;
    let statement = client.prepare_cached(sql).await?;
    for (code, at, journals) in rows(acks) {
        let (first, last) = (journals.first(), journals.last());
        let params: crate::tx::Params<'_> = &[&tenant.0, &first, &last, &at, &code, &journals];
        client.execute(&statement, params).await?;
    }
    Ok(())
}

/// One row for each code, and for journal ids that are near each other.
fn rows<'a>(acks: &[(JournalId, Timestamp, &'a str)]) -> Vec<(&'a str, Timestamp, Vec<i64>)> {
    let mut acks = acks.to_vec();
    acks.sort_unstable_by_key(|(journal, at, code)| (*code, *journal, *at));
    let mut rows: Vec<(&str, Timestamp, Vec<i64>)> = Vec::new();
    for (journal, at, code) in acks {
        match rows.last_mut() {
            Some((of, since, journals))
                if *of == code
                    && journals
                        .first()
                        .is_some_and(|first| journal.0 - first < SPAN) =>
            {
                *since = at.min(*since);
                journals.push(journal.0);
            }
            _ => rows.push((code, at, vec![journal.0])),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_share_a_row_by_code_and_as_long_as_their_messages_are_near() {
        let at = Timestamp::UNIX_EPOCH;
        let ack = |journal, code| (JournalId(journal), at, code);
        let acks = [
            ack(SPAN + 5, "AA"),
            ack(5, "AA"),
            ack(SPAN + 4, "AA"),
            ack(7, "AE"),
        ];
        assert_eq!(
            rows(&acks),
            [
                ("AA", at, vec![5, SPAN + 4]),
                ("AA", at, vec![SPAN + 5]),
                ("AE", at, vec![7]),
            ]
        );
    }
}
