//! What was acknowledged survives: `kill -9`, a database that goes away, a Postgres that dies.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tests::database::{self, number};
use tests::message::admission;
use tests::mllp::Sender;
use tests::proxy::Proxy;
use tests::server::{PATIENCE, Server, Wanted};

/// Eight senders that share a list of admissions. Each sends one at a time, reconnects when the
/// connection breaks and sends again what was not acknowledged: what a careful EMR does.
struct Feed {
    next: AtomicUsize,
    n_messages: usize,
    stop: AtomicBool,
    acknowledged: Mutex<BTreeSet<usize>>,
    refused: AtomicUsize,
}

impl Feed {
    const CONNECTIONS: usize = 8;

    fn start(to: SocketAddr, n_messages: usize) -> (Arc<Self>, Vec<std::thread::JoinHandle<()>>) {
        let feed = Arc::new(Self {
            next: AtomicUsize::new(0),
            n_messages,
            stop: AtomicBool::new(false),
            acknowledged: Mutex::default(),
            refused: AtomicUsize::new(0),
        });
        let spawn = |_| {
            let feed = Arc::clone(&feed);
            std::thread::spawn(move || feed.send_all(to))
        };
        let threads = (0..Self::CONNECTIONS).map(spawn).collect();
        (feed, threads)
    }

    fn send_all(&self, to: SocketAddr) {
        let mut sender = None;
        loop {
            let n = self.next.fetch_add(1, Ordering::Relaxed);
            if self.n_messages <= n {
                return;
            }
            while !self.try_send(n, to, &mut sender) {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Whether message `n` was acknowledged with `AA`.
    fn try_send(&self, n: usize, to: SocketAddr, sender: &mut Option<Sender>) -> bool {
        if sender.is_none() {
            *sender = Sender::connect(to, Duration::from_secs(20)).ok();
        }
        let Some(open) = sender else { return false };
        let Ok(ack) = open.send(&admission(n)) else {
            *sender = None;
            return false;
        };
        assert_eq!(
            ack.control_id,
            format!("C{n}"),
            "an answer to another message"
        );
        if ack.code != "AA" {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        self.acknowledged.lock().unwrap().insert(n);
        true
    }

    fn n_acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }
}

/// Everything acknowledged is in the journal once and in the chart once.
async fn assert_exactly_once(url: &str, n_messages: usize) {
    let n_messages = i64::try_from(n_messages).unwrap();
    let deadline = std::time::Instant::now() + PATIENCE;
    while number(url, "select count(*) from queue").await.unwrap() != 0 {
        assert!(
            std::time::Instant::now() < deadline,
            "the queue never emptied"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // A resend whose first ACK was lost is in the journal again, marked as the duplicate it is.
    let once = "select count(distinct control_id) from journal join applied \
                on applied.tenant = journal.tenant and applied.journal = journal.id \
                where disposition = 'applied'";
    assert_eq!(number(url, once).await.unwrap(), n_messages);
    let applied = "select count(*) from applied where disposition = 'applied'";
    assert_eq!(number(url, applied).await.unwrap(), n_messages);
    let other = "select count(*) from applied where disposition not in ('applied', 'duplicate')";
    assert_eq!(number(url, other).await.unwrap(), 0);
    let charts = "select count(*) from identity where kind = 'patient'";
    assert_eq!(number(url, charts).await.unwrap(), n_messages);
    // What the matching of patients tags afterwards is the server's doing, not a message's.
    let versions = "select count(*) from audit \
                    where actor_kind = 'm' and interaction = 'update' and patient is not null";
    assert_eq!(
        number(url, versions).await.unwrap(),
        0,
        "an admission was applied twice"
    );
    // A patient, an encounter and a condition each.
    let resources = "select count(*) from resource where patient is not null";
    assert_eq!(number(url, resources).await.unwrap(), 3 * n_messages);
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_in_the_middle_of_a_feed_loses_and_doubles_nothing() {
    const N_MESSAGES: usize = 5_000;
    let Some(cluster) = database::cluster() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let url = database::fresh(&cluster).await.unwrap();
    let wanted = Wanted {
        database: Some(url.clone()),
        ..Wanted::default()
    };
    let mut server = Server::start(folder.path(), wanted).await.unwrap();
    let (feed, threads) = Feed::start(server.mllp, N_MESSAGES);
    for round in 1..=3 {
        // Somewhere in the middle: the exact moment differs from run to run on purpose.
        while feed.n_acknowledged() < round * N_MESSAGES / 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.kill().unwrap();
        server.restart().await.unwrap();
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(feed.n_acknowledged(), N_MESSAGES);
    assert_exactly_once(&url, N_MESSAGES).await;
    let verified = server.command(&["journal", "verify"]).unwrap();
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_never_yields_a_false_aa() {
    const N_MESSAGES: usize = 600;
    let Some(cluster) = database::cluster() else {
        return;
    };
    let Some(target) = database::address(&cluster) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let url = database::fresh(&cluster).await.unwrap();
    let proxy = Proxy::start(target).await.unwrap();
    let through = url.replace(&target.to_string(), &proxy.address.to_string());
    let wanted = Wanted {
        database: Some(through),
        ..Wanted::default()
    };
    let server = Server::start(folder.path(), wanted).await.unwrap();
    let (feed, threads) = Feed::start(server.mllp, N_MESSAGES);
    for round in 1..=2 {
        while feed.n_acknowledged() < round * N_MESSAGES / 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        proxy.cut();
        tokio::time::sleep(Duration::from_millis(500)).await;
        // What was on its way when the cut came may still be counted; nothing after that.
        let before = feed.n_acknowledged();
        // Longer than the 5 s after which senders are asked to try again.
        tokio::time::sleep(Duration::from_secs(7)).await;
        assert_eq!(feed.n_acknowledged(), before, "an AA without a database");
        proxy.mend();
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(
        0 < feed.refused.load(Ordering::Relaxed),
        "nobody was told to try again"
    );
    assert_exactly_once(&url, N_MESSAGES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_postgres_dies_under_load_and_the_server_recovers_by_itself() {
    const N_MESSAGES: usize = 400;
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), Wanted::default())
        .await
        .unwrap();
    let (feed, threads) = Feed::start(server.mllp, N_MESSAGES);
    while feed.n_acknowledged() < N_MESSAGES / 4 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let pid_file = find(&folder.path().join("data"), "postmaster.pid").unwrap();
    let pid = std::fs::read_to_string(pid_file)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    // SIGQUIT: the postmaster leaves without a checkpoint, as after a crash.
    assert!(
        std::process::Command::new("kill")
            .args(["-QUIT", &pid])
            .status()
            .unwrap()
            .success()
    );
    for thread in threads {
        thread.join().unwrap();
    }
    let token = server.token("system/*.rs").unwrap();
    let all = |bundle: &serde_json::Value| bundle["total"] == N_MESSAGES;
    server
        .wait_for(&token, "Patient?_total=accurate&_count=1", all)
        .await
        .unwrap();
    assert_eq!(server.stop().await.unwrap(), Some(0));
}

/// The first file of that name below `folder`.
fn find(folder: &std::path::Path, name: &str) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if entry.file_name() == name {
            return Some(path);
        }
        if let Some(found) = path.is_dir().then(|| find(&path, name)).flatten() {
            return Some(found);
        }
    }
    None
}
