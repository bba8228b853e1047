//! A fresh database for each test.

use std::sync::atomic::{AtomicU32, Ordering};

use store::{ChainKey, Settings, Store};
use tokio_postgres::{Client, Config, NoTls};

/// Makes template databases one at a time, across test processes.
const TEMPLATE_LOCK: i64 = 0x6472_6177;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database of one test; dropped with it.
pub(crate) struct Db {
    admin: String,
    name: String,
    pub(crate) url: String,
    pub(crate) store: Store,
}

/// A database with an open store, or `None` (said loudly) where there is no Postgres to test with.
pub(crate) async fn fresh() -> Option<Db> {
    let admin = admin_url()?;
    let client = connect(&admin).await;
    let template = template(&admin, &client).await;
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("drawbridge_test_{}_{n}", std::process::id());
    client
        .batch_execute(&format!("drop database if exists {name}"))
        .await
        .unwrap();
    client
        .batch_execute(&format!("create database {name} template {template}"))
        .await
        .unwrap();
    let url = url_of(&admin, &name);
    let store = Store::open(&settings(&url)).await.unwrap();
    Some(Db {
        admin,
        name,
        url,
        store,
    })
}

/// Settings that fit many tests at once into one server.
pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        writers_max: 6,
        readers_max: 4,
        fast_readers: 1,
        ..Settings::new(url, KEY)
    }
}

pub(crate) const KEY: ChainKey = ChainKey::new([7; 32]);

impl Db {
    /// A connection beside the store's, for what only a test may do.
    pub(crate) async fn client(&self) -> Client {
        connect(&self.url).await
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        // A test's runtime can't be waited on from within it.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                let client = connect(&admin).await;
                let sql = format!("drop database if exists {name} with (force)");
                client.batch_execute(&sql).await.unwrap();
            });
        });
        let _ = dropped.join();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told where Postgres is"
)]
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn admin_url() -> Option<String> {
    let url = std::env::var("DRAWBRIDGE_TEST_DATABASE_URL").ok();
    if url.is_none() {
        eprintln!("SKIPPED: DRAWBRIDGE_TEST_DATABASE_URL is not set, nothing was tested");
    }
    url
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The template of the embedded migrations; made by whoever comes first.
async fn template(admin: &str, client: &Client) -> String {
    let name = format!("drawbridge_template_{}", store::schema_digest());
    client
        .execute("select pg_advisory_lock($1)", &[&TEMPLATE_LOCK])
        .await
        .unwrap();
    let known = client
        .query_opt("select from pg_database where datname = $1", &[&name])
        .await
        .unwrap();
    if known.is_none() {
        // Under another name until it is whole: a killed test run must not leave half a template.
        client
            .batch_execute("drop database if exists drawbridge_template_new")
            .await
            .unwrap();
        client
            .batch_execute("create database drawbridge_template_new")
            .await
            .unwrap();
        store::migrate(&url_of(admin, "drawbridge_template_new"))
            .await
            .unwrap();
        let rename = format!("alter database drawbridge_template_new rename to {name}");
        client.batch_execute(&rename).await.unwrap();
    }
    client
        .execute("select pg_advisory_unlock($1)", &[&TEMPLATE_LOCK])
        .await
        .unwrap();
    name
}

/// The same server, another database.
fn url_of(admin: &str, database: &str) -> String {
    let config: Config = admin.parse().unwrap();
    let host = match config.get_hosts().first() {
        Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
        _ => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let user = config.get_user().unwrap_or("postgres");
    let password = config
        .get_password()
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let password = password.map_or_else(String::new, |password| format!(" password='{password}'"));
    format!("host='{host}' port={port} user='{user}' dbname='{database}'{password}")
}
