//! A world of its own for each test: database, interface, workers.

mod proxy;
mod sender;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ingest::{Ingest, Interface, InterfaceSettings, Settings};
use mapping::Profile;
use model::{JournalId, Tenant};
use store::{ChainKey, Store};
use tokio::{net::TcpListener, sync::OnceCell};
use tokio_postgres::{Client, NoTls, Row, types::ToSql};

pub(crate) use proxy::Proxy;
pub(crate) use sender::{Answer, Sender, frame};

/// What a test waits for anything at most.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running way in.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) ingest: Ingest,
    pub(crate) interface: Arc<Interface>,
    pub(crate) address: SocketAddr,
    pub(crate) sql: Client,
    pub(crate) proxy: Option<Proxy>,
    database: String,
}

/// How a test wants its world.
#[derive(Default)]
pub(crate) struct Wishes {
    pub(crate) proxy: bool,
    pub(crate) settings: Option<Settings>,
}

/// The cluster for tests, unless there is none.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are configured by the environment"
)]
#[expect(
    clippy::print_stderr,
    reason = "a skipped test must not look like a passed one"
)]
fn cluster() -> Option<String> {
    let url = std::env::var("DRAWBRIDGE_TEST_DATABASE_URL").ok();
    if url.is_none() {
        eprintln!("SKIPPED: DRAWBRIDGE_TEST_DATABASE_URL is not set");
    }
    url
}

/// The same cluster, another database.
fn in_database(url: &str, database: &str) -> String {
    let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
    let (server, _) = address.rsplit_once('/').unwrap();
    let mark = if parameters.is_empty() { "" } else { "?" };
    format!("{server}/{database}{mark}{parameters}")
}

pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A migrated database that the others are copied from; made once for each schema, by whoever comes
/// first of all test runs.
async fn template(url: &str) -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let name = TEMPLATE.get_or_init(|| async {
        let name = format!("drawbridge_ingest_{}", store::schema_digest());
        let admin = connect(url).await;
        let lock = "select pg_advisory_lock(hashtext('drawbridge ingest template'))";
        admin.execute(lock, &[]).await.unwrap();
        let find = "select from pg_database where datname = $1";
        if admin.query_opt(find, &[&name]).await.unwrap().is_none() {
            // Under another name until it is whole: a killed run must not leave half a template.
            let raw = "drawbridge_ingest_new";
            let drop = format!("drop database if exists {raw} with (force)");
            admin.batch_execute(&drop).await.unwrap();
            admin
                .batch_execute(&format!("create database {raw}"))
                .await
                .unwrap();
            store::migrate(&in_database(url, raw)).await.unwrap();
            let rename = format!("alter database {raw} rename to {name}");
            // The migration's connections must be gone.
            while admin.batch_execute(&rename).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        name
    });
    name.await.clone()
}

impl World {
    /// A world with the usual interface; `None` without a cluster.
    pub(crate) async fn new() -> Option<Self> {
        Self::with(Wishes::default(), |_| ()).await
    }

    /// A world whose interface is set otherwise.
    pub(crate) async fn set(change: impl FnOnce(&mut InterfaceSettings)) -> Option<Self> {
        Self::with(Wishes::default(), change).await
    }

    /// A world in which patients are compared with each other.
    pub(crate) async fn matching() -> Option<Self> {
        let wishes = Wishes {
            settings: Some(Settings::default()),
            ..Wishes::default()
        };
        Self::with(wishes, |_| ()).await
    }

    pub(crate) async fn with(
        wishes: Wishes,
        change: impl FnOnce(&mut InterfaceSettings),
    ) -> Option<Self> {
        static N: AtomicU32 = AtomicU32::new(0);
        let url = cluster()?;
        let template = template(&url).await;
        let n = N.fetch_add(1, Ordering::Relaxed);
        let database = format!("ingest_it_{}_{n}", std::process::id());
        let admin = connect(&url).await;
        let copy = format!("create database {database} template {template}");
        // Two copies of a template at once are refused.
        while admin.batch_execute(&copy).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let direct = in_database(&url, &database);
        let proxy = if wishes.proxy {
            Some(Proxy::start(&direct).await)
        } else {
            None
        };
        let through = proxy
            .as_ref()
            .map_or(direct.clone(), |proxy| proxy.url(&direct));
        let store_settings = store::Settings::new(through, ChainKey::new([7; 32]));
        let store = Store::open(&store_settings).await.unwrap();
        let unmatched = || Settings {
            // Made-up patients are all alike.
            matching: false,
            ..Settings::default()
        };
        let mut ingest = Ingest::start(&store, wishes.settings.unwrap_or_else(unmatched));
        let profile = Arc::new(Profile::default());
        let mut settings = InterfaceSettings::new("adt", Tenant::DEFAULT, profile);
        change(&mut settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let interface = ingest.listen(listener, settings).await.unwrap();
        let sql = connect(&direct).await;
        Some(Self {
            store,
            ingest,
            interface,
            address,
            sql,
            proxy,
            database,
        })
    }

    pub(crate) async fn sender(&self) -> Sender {
        Sender::connect(self.address).await
    }

    /// One number.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.sql.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn rows(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Vec<Row> {
        self.sql.query(sql, params).await.unwrap()
    }

    /// Waits until a query answers this number.
    pub(crate) async fn until(&self, sql: &str, expected: i64) {
        let wait = async {
            while self.count(sql).await != expected {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(
            waited.is_ok(),
            "{sql} is {} and not {expected}",
            self.count(sql).await
        );
    }

    /// Waits until a message is done with.
    pub(crate) async fn applied(&self, answer: &Answer) {
        let journal = JournalId(answer.own_id.parse().unwrap());
        tokio::time::timeout(PATIENCE, self.ingest.applied(journal))
            .await
            .unwrap();
    }

    /// The dispositions of the journal's messages, in order; `-` for one that waits.
    pub(crate) async fn dispositions(&self) -> Vec<String> {
        let sql = "select coalesce(a.disposition::text, '-') from journal j
            left join applied a on a.tenant = j.tenant and a.journal = j.id order by j.id";
        self.rows(sql, &[])
            .await
            .iter()
            .map(|row| row.get(0))
            .collect()
    }

    /// The current bodies of a type, by id.
    pub(crate) async fn resources(&self, kind: fhir::ResourceType) -> Vec<serde_json::Value> {
        let sql = "select body from resource where type = $1 and not deleted order by id";
        let rows = self.rows(sql, &[&kind.code()]).await;
        rows.iter()
            .map(|row| serde_json::from_str(row.get(0)).unwrap())
            .collect()
    }

    /// Stops everything and removes the database.
    pub(crate) async fn end(self) {
        let Self {
            store,
            ingest,
            sql,
            database,
            proxy,
            ..
        } = self;
        ingest.drain().await;
        drop((store, sql, proxy));
        let Some(url) = cluster() else { return };
        let admin = connect(&url).await;
        let drop = format!("drop database if exists {database} with (force)");
        let _ = admin.batch_execute(&drop).await;
    }
}

/// An admission of a made-up patient.
pub(crate) fn a01(control_id: &str, mrn: &str) -> String {
    adt("A01", control_id, mrn, "20240110080000")
}

/// A message about a made-up patient with one visit.
pub(crate) fn adt(trigger: &str, control_id: &str, mrn: &str, at: &str) -> String {
    // PV1-7, PV1-19 and PV1-44.
    let (to_19, to_44) = ("|".repeat(12), "|".repeat(25));
    format!(
        "MSH|^~\\&|HCHB|AGENCY|BRIDGE|HOUSE|{at}||ADT^{trigger}^ADT_A01|{control_id}|P|2.5.1\r\
         EVN|{trigger}|{at}\r\
         PID|1||{mrn}^^^AGENCY^MR||Beispiel^Berta^B||19500412|F|||12 Elm St^^Springfield^IL^62701\r\
         PV1|1|I|WEST^101^A^AGENCY||||1234567893^Arzt^Anna^^^^^^NPI{to_19}V{mrn}^^^AGENCY^VN\
         {to_44}20240110080000\r"
    )
}
