//! The database goes away and comes back; the server stops. Never a false `AA`.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use ingest::Settings;
use tokio::sync::Mutex;

use crate::support::{Sender, Wishes, World, a01, frame};

async fn behind_a_proxy() -> Option<World> {
    World::with(
        Wishes {
            proxy: true,
            ..Wishes::default()
        },
        |_| (),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_the_answer_is_ae_within_five_seconds_and_the_socket_stays() {
    let Some(world) = behind_a_proxy().await else {
        return;
    };
    let proxy = world.proxy.as_ref().unwrap();
    let mut sender = world.sender().await;
    assert_eq!(sender.send(a01("M1", "77")).await.says(), ("AA", "M1"));
    for gone in ["cut", "frozen"] {
        if gone == "cut" {
            proxy.cut();
        } else {
            proxy.freeze();
        }
        let began = Instant::now();
        let id = format!("GONE-{gone}");
        let answer = sender.send(a01(&id, "77")).await;
        assert_eq!(answer.says(), ("AE", id.as_str()), "{gone}");
        assert!(answer.text.contains("try again"), "{}", answer.text);
        assert!(
            began.elapsed() < Duration::from_secs(6),
            "{gone}: {:?}",
            began.elapsed()
        );
        proxy.open();
        let back = Instant::now();
        // On the same socket; an AE meanwhile is honest.
        while sender.send(a01(&id, "77")).await.says() != ("AA", id.as_str()) {}
        assert!(
            back.elapsed() < Duration::from_secs(8),
            "{gone}: {:?}",
            back.elapsed()
        );
    }
    let once = "select count(*) from (select control_id from journal j join applied a
        on a.journal = j.id and a.disposition = 'applied' group by 1 having count(*) = 1) t";
    world.until(once, 3).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_an_outage_loses_nothing_acknowledged_and_applies_nothing_twice() {
    let Some(world) = behind_a_proxy().await else {
        return;
    };
    let acknowledged = Arc::new(Mutex::new(HashSet::new()));
    let mut senders = tokio::task::JoinSet::new();
    for s in 0..8 {
        let (address, acknowledged) = (world.address, acknowledged.clone());
        senders.spawn(async move {
            let mut sender = Sender::connect(address).await;
            for n in 0..60 {
                let id = format!("S{s}-{n}");
                loop {
                    let answer = sender.send(a01(&id, &format!("{s}"))).await;
                    assert_eq!(answer.control_id, id);
                    if answer.code == "AA" {
                        acknowledged.lock().await.insert(id);
                        break;
                    }
                    assert_eq!(answer.code, "AE", "{}", answer.text);
                }
            }
        });
    }
    let proxy = world.proxy.as_ref().unwrap();
    for round in 0..4 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        if round % 2 == 0 {
            proxy.cut();
        } else {
            proxy.freeze();
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        proxy.open();
    }
    while let Some(joined) = senders.join_next().await {
        joined.unwrap();
    }
    assert_eq!(acknowledged.lock().await.len(), 480);
    let sql = "select count(distinct control_id) from journal";
    assert_eq!(world.count(sql).await, 480);
    // Each message's effect is in the chart once.
    world
        .until(
            "select count(*) from applied where disposition = 'applied'",
            480,
        )
        .await;
    assert_eq!(world.count("select count(*) from queue").await, 0);
    let versions = world
        .count("select max(version)::bigint from resource")
        .await;
    assert!(versions <= 480, "{versions}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_that_are_terminated_cost_no_message() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    for n in 0..30 {
        if n % 10 == 5 {
            let kill = "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()";
            world.rows(kill, &[]).await;
        }
        let id = format!("M{n}");
        let answer = sender.send(a01(&id, "77")).await;
        assert_eq!(answer.says(), ("AA", id.as_str()), "{}", answer.text);
    }
    world
        .until(
            "select count(*) from applied where disposition = 'applied'",
            30,
        )
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_almost_full_is_said_before_it_is() {
    let settings = Settings {
        data_dir: Some(std::env::temp_dir()),
        disk_bytes_min: u64::MAX,
        ..Settings::default()
    };
    let wishes = Wishes {
        settings: Some(settings),
        ..Wishes::default()
    };
    let Some(world) = World::with(wishes, |_| ()).await else {
        return;
    };
    let answer = world.sender().await.send(a01("M1", "77")).await;
    assert_eq!(answer.says(), ("AE", "M1"));
    assert!(answer.text.contains("disk"), "{}", answer.text);
    assert_eq!(world.count("select count(*) from journal").await, 0);
    assert!(world.ingest.disk_is_low());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_answers_what_it_has_in_hand() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let n = 300;
    let frames: Vec<u8> = (0..n)
        .flat_map(|n| frame(a01(&format!("M{n}"), "1")))
        .collect();
    sender.write(frames).await;
    let first = sender.answer().await;
    assert_eq!(first.says(), ("AA", "M0"));
    let World { ingest, sql, .. } = world;
    let (answered, ()) = tokio::join!(
        async {
            let mut answered = 1;
            while let Some(answer) = sender.answer_or_close().await {
                assert_eq!(answer.says(), ("AA", format!("M{answered}").as_str()));
                answered += 1;
            }
            answered
        },
        ingest.drain(),
    );
    let journalled: i64 = sql
        .query_one("select count(*) from journal", &[])
        .await
        .unwrap()
        .get(0);
    // What was not answered was not taken either, so a resend is no duplicate.
    assert_eq!(i64::from(answered), journalled);
}

/// As when two servers create one thing: the loser finds it there, and does the batch again as a whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_finds_its_resources_created_is_done_again_and_not_taken_apart() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let all = |id: &str| -> Vec<u8> {
        let one = |n| frame(a01(&format!("{id}{n}"), &format!("7{n}")));
        (0..40).flat_map(one).collect()
    };
    let applied = "select count(*) from applied where disposition = 'applied'";
    sender.write(all("M")).await;
    sender.answers(40).await;
    world.until(applied, 40).await;
    // What is known of them is gone, and with it that their resources are there.
    world.sql.batch_execute("delete from fact").await.unwrap();
    let before = world.ingest.applications().divided.get();
    sender.write(all("N")).await;
    sender.answers(40).await;
    world.until(applied, 80).await;
    assert_eq!(world.ingest.applications().divided.get(), before);
    let retried = world.ingest.applications().retried.get();
    assert!((1..20).contains(&retried), "{retried}");
    world.end().await;
}
