//! The same history in two orders, through two servers: the same FHIR.

use std::path::Path;
use std::time::Duration;

use tests::convergence::{Content, PROFILE};
use tests::database;
use tests::history::{self, Feed, History};
use tests::server::{PATIENCE, Server, Wanted};
use tests::year;

async fn start(folder: &Path, url: &str, key: &Path) -> Server {
    std::fs::create_dir_all(folder).unwrap();
    let wanted = Wanted {
        database: Some(url.to_owned()),
        profile: Some(PROFILE),
        chain_key: Some(key.to_owned()),
        ..Wanted::default()
    };
    Server::start(folder, wanted).await.unwrap()
}

/// One server hears the history as it was recorded, on one connection. Two processes that share another
/// database hear it shuffled, a tenth of it twice, over six connections, and one of them is killed.
#[tokio::test(flavor = "multi_thread")]
async fn order_repetition_and_a_killed_process_change_nothing_of_the_chart() {
    let Some(cluster) = database::cluster() else {
        return;
    };
    let seed = database::seed();
    let history = History {
        patients: 25,
        events: 700,
        days: 200,
        seed,
    };
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("chain.key");
    let folder = |name: &str| folder.path().join(name);
    let one = database::fresh(&cluster).await.unwrap();
    let mut first = start(&folder("a"), &one, &key).await;
    // Ids are keyed by the tenant: the second database is the first one, while it is empty.
    assert_eq!(first.stop().await.unwrap(), Some(0));
    let two = database::copy(&cluster, &one).await.unwrap();
    first.restart().await.unwrap();
    history::send(history.in_order().unwrap(), &[first.mllp], 1).unwrap();

    let second = start(&folder("b"), &two, &key).await;
    let mut killed = start(&folder("c"), &two, &key).await;
    let messages = history.shuffled().unwrap();
    let half = messages.len() / 2;
    let (feed, threads) = Feed::start(messages, &[second.mllp, killed.mllp], 6);
    while feed.n_acknowledged() < half {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    killed.kill().unwrap();
    for thread in threads {
        thread.join().unwrap();
    }
    let mut shown = Vec::new();
    for server in [&first, &second] {
        server.settled(PATIENCE * 2).await.unwrap();
        let n_dead = server.gauge("drawbridge_dead_letters").await.unwrap();
        assert!(n_dead < 1.0, "seed {seed}: {n_dead} dead letters");
        shown.push(Content::of(server).await.unwrap());
    }
    let [in_order, shuffled] = shown.try_into().unwrap();
    let differences = in_order.differences(&shuffled, 5);
    assert!(
        differences.is_empty(),
        "seed {seed}: {}",
        differences.join("\n")
    );
    let counts = in_order.counts();
    for kind in [
        "Patient",
        "Encounter",
        "EpisodeOfCare",
        "Condition",
        "Coverage",
        "Account",
    ] {
        assert!(counts.contains_key(kind), "seed {seed}: no {kind}");
    }
}

/// What `tests/year` does with a year, with a few patients.
#[tokio::test(flavor = "multi_thread")]
async fn a_small_year_is_the_same_in_any_order_through_embedded_servers() {
    let folder = tempfile::tempdir().unwrap();
    let history = History {
        patients: 8,
        events: 200,
        days: 365,
        seed: database::seed(),
    };
    let played = year::play(folder.path(), history).await.unwrap();
    assert!(played.is_same(), "{history:?}\n{}", played.report());
}
