//! Which months of the journal are dropped, and when: by the configured policy, unless a legal hold or a
//! waiting message keeps them. A month is dropped whole, so a tenant's own time can only be longer.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use model::{Action, Actor, AuditEvent, Tenant};
use store::retention::{self, Month, YEARS};
use store::{Store, StoreError, audit};

use crate::config::JournalConfig;
use crate::opened::tenant_row;

/// For how long messages are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    years: u16,
    longer: HashMap<Tenant, u16>,
}

/// What becomes of a month.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Its time is over: by which policy.
    Due(String),
    /// It is kept until that day.
    KeptUntil(Date),
    /// Its time is over, and a legal hold keeps it.
    Held,
    /// Its time is over, and messages of it wait to be applied, or for a person.
    Unfinished,
}

impl Policy {
    /// The configured policy; [`YEARS`] where none is.
    pub async fn of(config: &JournalConfig, store: &Store) -> anyhow::Result<Self> {
        let mut longer = HashMap::new();
        for (name, years) in &config.longer {
            let row = tenant_row(store, name).await?;
            longer.insert(row.tenant, *years);
        }
        Ok(Self {
            years: config.retention_years.unwrap_or(YEARS),
            longer,
        })
    }

    /// What came later is kept, whoever sent it.
    fn horizon(&self, now: Timestamp) -> Timestamp {
        let kept = Span::new().years(i64::from(self.years));
        let horizon = now.to_zoned(TimeZone::UTC).saturating_sub(kept);
        horizon.timestamp()
    }

    /// What becomes of a month.
    pub fn fate(&self, month: &Month, now: Timestamp) -> Fate {
        let own = |tenant: &Tenant| self.longer.get(tenant).copied();
        let years = month.tenants.iter().filter_map(own).max();
        let years = years.unwrap_or(0).max(self.years);
        let kept = Span::new().months(1).years(i64::from(years));
        let until = month.first_day.saturating_add(kept);
        if now.to_zoned(TimeZone::UTC).date() < until {
            return Fate::KeptUntil(until);
        }
        match (month.held, month.unfinished) {
            (true, _) => Fate::Held,
            (false, true) => Fate::Unfinished,
            (false, false) => Fate::Due(format!("kept for {years} years")),
        }
    }
}

/// What becomes of each month of the journal, the oldest first.
pub async fn plan(store: &Store, policy: &Policy) -> Result<Vec<(Month, Fate)>, StoreError> {
    fates(store, policy, store.clock().now()).await
}

/// The months whose time is over, each with the policy. Younger ones are not looked at.
pub async fn due(store: &Store, policy: &Policy) -> Result<Vec<(Month, String)>, StoreError> {
    let fates = fates(store, policy, policy.horizon(store.clock().now())).await?;
    let due = fates.into_iter().filter_map(|(month, fate)| match fate {
        Fate::Due(policy) => Some((month, policy)),
        Fate::KeptUntil(_) | Fate::Held | Fate::Unfinished => None,
    });
    Ok(due.collect())
}

async fn fates(
    store: &Store,
    policy: &Policy,
    until: Timestamp,
) -> Result<Vec<(Month, Fate)>, StoreError> {
    let now = store.clock().now();
    let months = retention::months(store, until).await?;
    let fated = months.into_iter().map(|month| {
        let fate = policy.fate(&month, now);
        (month, fate)
    });
    Ok(fated.collect())
}

/// Drops the months whose time is over; answers them.
pub async fn apply(store: &Store, policy: &Policy, actor: Actor) -> Result<Vec<Month>, StoreError> {
    let mut dropped = Vec::new();
    for (month, policy) in due(store, policy).await? {
        if !retention::drop_month(store, month.first_day, &policy).await? {
            continue;
        }
        tracing::info!(
            month = %month.first_day,
            n_entries = month.n_entries,
            policy,
            "a month of the journal was dropped"
        );
        for tenant in &month.tenants {
            note(store, *tenant, &month, &policy, actor.clone()).await?;
        }
        dropped.push(month);
    }
    // Also where nothing was dropped: an earlier run may have been cut short.
    retention::release(store).await?;
    Ok(dropped)
}

async fn note(
    store: &Store,
    tenant: Tenant,
    month: &Month,
    policy: &str,
    actor: Actor,
) -> Result<(), StoreError> {
    let request = format!("journal of {}: {policy}", month.first_day);
    let event = AuditEvent {
        actor,
        ..AuditEvent::operator(Action::Delete, "retention", request)
    };
    let mut tx = store.begin(tenant).await?;
    audit::note(&mut tx, event).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(held: bool, unfinished: bool) -> Month {
        Month {
            first_day: Date::constant(2024, 2, 1),
            n_entries: 1,
            tenants: vec![Tenant(1), Tenant(2)],
            held,
            unfinished,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_kept_for_whole_years_after_its_end() {
        let policy = Policy {
            years: 6,
            longer: HashMap::new(),
        };
        let fate = |now| policy.fate(&month(false, false), at(now));
        let until = Date::constant(2030, 3, 1);
        assert_eq!(fate("2030-02-28T23:59:59Z"), Fate::KeptUntil(until));
        assert_eq!(
            fate("2030-03-01T00:00:00Z"),
            Fate::Due("kept for 6 years".to_owned())
        );
    }

    #[test]
    fn the_longest_time_of_its_tenants_counts_and_holds_and_waiting_messages_keep_it() {
        let policy = Policy {
            years: 2,
            longer: HashMap::from([(Tenant(2), 10)]),
        };
        let now = at("2034-03-01T00:00:00Z");
        let until = Date::constant(2034, 3, 1);
        let before = policy.fate(&month(true, true), at("2033-01-01T00:00:00Z"));
        assert_eq!(before, Fate::KeptUntil(until));
        assert_eq!(policy.fate(&month(true, true), now), Fate::Held);
        assert_eq!(policy.fate(&month(false, true), now), Fate::Unfinished);
        assert_eq!(
            policy.fate(&month(false, false), now),
            Fate::Due("kept for 10 years".to_owned())
        );
    }
}
