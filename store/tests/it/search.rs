//! Every predicate shape, against a small population whose answers can be counted by hand.

use model::{Access, Reach, SignedDuration, Tenant, Timestamp};
use store::resource::{
    self, Criterion, DateMatch, IndexRows, Order, Prefix, Search, StringMatch, TotalWanted, Write,
};

use crate::chart::{ALL, KIND, commit, create, id, version};
use crate::db::{self, Db};

const FAMILY: i16 = 1;
const BIRTH: i16 = 2;
/// A code with its system, of every fifth resource: it has no row of its own in the index.
const FIFTH: i64 = 105;
/// Stands in every resource, every second, every third.
const EACH: i64 = 100;
const EVEN: i64 = 102;
const THIRD: i64 = 103;

fn day(n: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * n)
}

/// Resources 1 to 30: number `n` is in the compartment of patient `n % 3`, named `name-n`, born on day
/// `n`, with its own token `n`.
async fn thirty(db: &Db) {
    let now = db.store.clock().now();
    for n in 1..=30_i64 {
        let mut tokens = vec![EACH, n];
        tokens.extend((n % 2 == 0).then_some(EVEN));
        tokens.extend((n % 3 == 0).then_some(THIRD));
        let index = IndexRows {
            version: 1,
            leads: tokens.clone(),
            tokens: [tokens, (n % 5 == 0).then_some(FIFTH).into_iter().collect()].concat(),
            strings: vec![(FAMILY, format!("name-{n:02}\u{1}Name-{n:02}"))],
            dates: vec![(BIRTH, day(n), day(n) + SignedDuration::from_hours(23))],
            patient: Some(id(u128::try_from(1000 + n % 3).unwrap())),
        };
        let write: Write = create(
            id(n.unsigned_abs().into()),
            now,
            version(&n.to_string(), index),
        );
        commit(&db.store, &[write]).await.unwrap();
    }
}

async fn found(db: &Db, access: &Access, search: &Search) -> Vec<i64> {
    let page = resource::search(&db.store, access, search).await.unwrap();
    page.entries
        .iter()
        .map(|stored| stored.body.parse().unwrap())
        .collect()
}

async fn check(db: &Db, criteria: Vec<Criterion>, expected: &[i64]) {
    let said = format!("{criteria:?}");
    let search = Search {
        total: TotalWanted::Exact,
        ..Search::of(KIND, criteria, 100)
    };
    assert_eq!(found(db, &ALL, &search).await, expected, "{said}");
    let page = resource::search(&db.store, &ALL, &search).await.unwrap();
    assert_eq!(
        page.total.map(|total| total.n),
        Some(expected.len() as u64),
        "{said}"
    );
    // The same through pages of two.
    let mut paged = Vec::new();
    let mut search = Search { limit: 2, ..search };
    loop {
        let page = resource::search(&db.store, &ALL, &search).await.unwrap();
        paged.extend(
            page.entries
                .iter()
                .map(|stored| stored.body.parse::<i64>().unwrap()),
        );
        let Some(next) = page.next else { break };
        search.after = Some(next);
    }
    assert_eq!(paged, expected, "in pages: {said}");
}

fn tokens(hashes: &[i64]) -> Criterion {
    Criterion::Tokens(hashes.to_vec())
}

fn named(value: StringMatch) -> Criterion {
    Criterion::String {
        params: vec![FAMILY, 77],
        values: vec![value],
    }
}

fn born(prefix: Prefix, n: i64) -> Criterion {
    let range = DateMatch {
        prefix,
        lo: day(n),
        hi: day(n + 1) - SignedDuration::from_micros(1),
    };
    Criterion::Date {
        param: BIRTH,
        ranges: vec![range],
    }
}

#[tokio::test]
async fn a_code_with_its_system_is_found_by_the_code_and_checked_in_the_row() {
    let Some(db) = db::fresh().await else { return };
    thirty(&db).await;
    let coded = |leads: &[i64]| Criterion::Coded {
        hashes: vec![FIFTH],
        leads: leads.to_vec(),
    };
    check(&db, vec![coded(&[EVEN])], &[30, 20, 10]).await;
    check(&db, vec![coded(&[EVEN, 15])], &[30, 20, 15, 10]).await;
    check(&db, vec![coded(&[EACH]), tokens(&[THIRD])], &[30, 15]).await;
    check(&db, vec![tokens(&[FIFTH])], &[]).await;
}

#[tokio::test]
async fn tokens_lead_and_filter() {
    let Some(db) = db::fresh().await else { return };
    thirty(&db).await;
    check(&db, vec![tokens(&[7])], &[7]).await;
    check(&db, vec![tokens(&[7, 9, 9])], &[9, 7]).await;
    check(
        &db,
        vec![tokens(&[EVEN]), tokens(&[THIRD])],
        &[30, 24, 18, 12, 6],
    )
    .await;
    check(
        &db,
        vec![tokens(&[28, 29, 30]), tokens(&[EVEN, THIRD])],
        &[30, 28],
    )
    .await;
    check(
        &db,
        vec![
            tokens(&[EVEN]),
            Criterion::NotTokens(vec![THIRD, 2, 4, 8, 10]),
        ],
        &[28, 26, 22, 20, 16, 14],
    )
    .await;
    check(
        &db,
        vec![Criterion::NotTokens(vec![EVEN, THIRD])],
        &[29, 25, 23, 19, 17, 13, 11, 7, 5, 1],
    )
    .await;
    check(&db, vec![tokens(&[])], &[]).await;
    check(&db, vec![tokens(&[999])], &[]).await;
}

#[tokio::test]
async fn ids_strings_and_dates_lead_and_filter() {
    let Some(db) = db::fresh().await else { return };
    thirty(&db).await;
    check(
        &db,
        vec![Criterion::Id(vec![id(3), id(5), id(99)])],
        &[5, 3],
    )
    .await;
    check(
        &db,
        vec![Criterion::Id(vec![id(3), id(6)]), tokens(&[EVEN])],
        &[6],
    )
    .await;
    check(
        &db,
        vec![named(StringMatch::Prefix("name-1".to_owned()))],
        &[19, 18, 17, 16, 15, 14, 13, 12, 11, 10],
    )
    .await;
    check(
        &db,
        vec![named(StringMatch::Exact("name-11\u{1}Name-11".to_owned()))],
        &[11],
    )
    .await;
    check(
        &db,
        vec![
            named(StringMatch::Contains("me-2".to_owned())),
            tokens(&[THIRD]),
        ],
        &[27, 24, 21],
    )
    .await;
    check(
        &db,
        vec![
            tokens(&[EVEN]),
            named(StringMatch::Prefix("name-2".to_owned())),
            born(Prefix::Ge, 25),
        ],
        &[28, 26],
    )
    .await;
    check(&db, vec![born(Prefix::Eq, 5)], &[5]).await;
    check(&db, vec![born(Prefix::Gt, 27)], &[30, 29, 28]).await;
    check(&db, vec![born(Prefix::Sa, 27)], &[30, 29, 28]).await;
    check(&db, vec![born(Prefix::Ge, 28)], &[30, 29, 28]).await;
    check(&db, vec![born(Prefix::Lt, 3)], &[2, 1]).await;
    check(&db, vec![born(Prefix::Eb, 3)], &[2, 1]).await;
    check(&db, vec![born(Prefix::Le, 3)], &[3, 2, 1]).await;
    check(&db, vec![born(Prefix::Ne, 5), tokens(&[5, 6])], &[6]).await;
    check(
        &db,
        vec![born(Prefix::Ge, 10), born(Prefix::Le, 12)],
        &[12, 11, 10],
    )
    .await;
}

#[tokio::test]
async fn last_updated_is_found_by_the_feed_or_the_row() {
    let Some(db) = db::fresh().await else { return };
    thirty(&db).await;
    let now = db.store.clock().now();
    let at = |prefix, hours: i64| {
        let lo = now + SignedDuration::from_hours(hours);
        Criterion::LastUpdated(vec![DateMatch { prefix, lo, hi: lo }])
    };
    check(&db, vec![at(Prefix::Ge, -1), tokens(&[4])], &[4]).await;
    let all: Vec<i64> = (1..=30).rev().collect();
    check(&db, vec![at(Prefix::Ge, -1)], &all).await;
    check(&db, vec![at(Prefix::Ge, -24 * 30)], &all).await;
    check(&db, vec![at(Prefix::Lt, 1)], &all).await;
    check(&db, vec![at(Prefix::Gt, 1)], &[]).await;
    check(&db, vec![at(Prefix::Lt, -1)], &[]).await;
    check(&db, vec![], &all).await;
}

#[tokio::test]
async fn a_patients_app_finds_that_patients_resources_alone() {
    let Some(db) = db::fresh().await else { return };
    thirty(&db).await;
    let access = Access {
        tenant: Tenant::DEFAULT,
        reach: Reach::Patient(id(1001)),
    };
    let mine = [28, 25, 22, 19, 16, 13, 10, 7, 4, 1];
    for (criteria, expected) in [
        (vec![], &mine[..]),
        (vec![tokens(&[EACH])], &mine[..]),
        (vec![tokens(&[EVEN])], &[28, 22, 16, 10, 4]),
        (vec![tokens(&[5, 7])], &[7]),
        (vec![Criterion::Id(vec![id(5), id(7)])], &[7]),
        (
            vec![named(StringMatch::Prefix("name-2".to_owned()))],
            &[28, 25, 22],
        ),
        (vec![born(Prefix::Eq, 5)], &[]),
    ] {
        let search = Search::of(KIND, criteria, 100);
        assert_eq!(found(&db, &access, &search).await, expected, "{search:?}");
    }
    let elsewhere = Access {
        tenant: Tenant(2),
        reach: Reach::All,
    };
    let search = Search::of(KIND, vec![tokens(&[EACH])], 100);
    assert!(found(&db, &elsewhere, &search).await.is_empty());
}

#[tokio::test]
async fn results_are_ordered_by_date_or_by_change_in_either_direction() {
    let Some(db) = db::fresh().await else { return };
    thirty(&db).await;
    for (descending, expected) in [(true, [28, 22, 16, 10, 4]), (false, [4, 10, 16, 22, 28])] {
        for order in [
            Order::Date {
                param: BIRTH,
                descending,
            },
            Order::LastUpdated { descending },
        ] {
            for lead in [vec![EVEN], vec![EVEN, 22]] {
                let criteria = vec![tokens(&lead), tokens(&[4, 10, 16, 22, 28])];
                let mut search = Search {
                    order,
                    ..Search::of(KIND, criteria, 2)
                };
                let mut all = Vec::new();
                loop {
                    let page = resource::search(&db.store, &ALL, &search).await.unwrap();
                    all.extend(
                        page.entries
                            .iter()
                            .map(|one| one.body.parse::<i64>().unwrap()),
                    );
                    let Some(next) = page.next else { break };
                    search.after = Some(next);
                }
                assert_eq!(all, expected, "{order:?} {lead:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_estimate_counts_no_further_than_it_must() {
    let Some(db) = db::fresh().await else { return };
    thirty(&db).await;
    let search = Search {
        total: TotalWanted::Estimate,
        limit: 0,
        ..Search::of(KIND, vec![tokens(&[EACH])], 0)
    };
    let page = resource::search(&db.store, &ALL, &search).await.unwrap();
    assert!(page.entries.is_empty());
    let total = page.total.unwrap();
    assert_eq!((total.n, total.at_least), (30, false));
}

/// The texts are planned once and for all, so their plans must be good at any size, also while the
/// planner's statistics are those of an empty table. A plan that reads a whole table, or sorts where a walk
/// would do, is the fall off the cliff that this guards against.
#[tokio::test]
async fn whatever_the_statistics_say_a_search_is_led_by_its_index() {
    let Some(db) = db::fresh().await else { return };
    thirty(&db).await;
    let plan = async |criteria| {
        let search = Search::of(KIND, criteria, 20);
        resource::plan(&db.store, &ALL, &search)
            .await
            .unwrap()
            .join("\n")
    };
    let walk = "Index Only Scan Backward using token_index_pkey on token_index t";
    let by_number = "Index Scan using resource_rid on resource r";
    for several in [
        vec![tokens(&[EACH])],
        vec![tokens(&[7]), tokens(&[EVEN])],
        vec![tokens(&[7, 8])],
    ] {
        let plan = plan(several.clone()).await;
        assert!(
            plan.contains(walk) && plan.contains(by_number),
            "{several:?}\n{plan}"
        );
        assert!(
            several[0] == tokens(&[7, 8]) || !plan.contains("Sort"),
            "{plan}"
        );
    }
    let named = plan(vec![named(StringMatch::Prefix("name-1".to_owned()))]).await;
    assert!(
        named.contains("Index Only Scan using string_index_pkey"),
        "{named}"
    );
    assert!(named.contains(by_number), "{named}");
    let everything = plan(vec![]).await;
    assert!(
        everything.contains("Index Scan Backward using resource_rid"),
        "{everything}"
    );
    assert!(!everything.contains("Sort"), "{everything}");
}

/// A server that starts on a large database counts what it writes from nothing; a table's statistics are
/// made anew when the table itself has grown.
#[tokio::test]
async fn statistics_are_made_of_tables_that_have_grown_fourfold() {
    let Some(db) = db::fresh().await else { return };
    let client = db.client().await;
    let pages = async |n_rows: i32| -> i32 {
        client
            .execute(
                "insert into date_index (tenant, param, low, rid, high)
                select 0, 1, now(), coalesce((select max(rid) from date_index), 0) + n, now()
                from generate_series(1, $1) n",
                &[&n_rows],
            )
            .await
            .unwrap();
        client
            .execute("select refresh_statistics()", &[])
            .await
            .unwrap();
        let row = client
            .query_one(
                "select relpages from pg_class where oid = 'date_index'::regclass",
                &[],
            )
            .await
            .unwrap();
        row.get(0)
    };
    let first = pages(1000).await;
    assert!(0 < first, "{first}");
    assert_eq!(pages(1000).await, first);
    let grown = pages(3000).await;
    assert!(4 * first <= grown, "{first}, {grown}");
}
