//! A connection without a task of its own.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt;
use postgres_types::ToSql;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, Config, Connection, NoTls, Row, Socket, Statement};

use crate::Result;
use crate::connect::{Work, config_for};

type Wire = Pin<Box<Connection<Socket, NoTlsStream>>>;

/// A connection that is driven by the very task that waits for its answer, without a task of its own:
/// two wake-ups less for each statement, which for a lone append is a quarter of the whole.
pub(crate) struct Direct {
    client: Client,
    /// Gone once it has ended.
    connection: Option<Wire>,
    statements: HashMap<&'static str, Statement>,
}

impl Direct {
    pub(crate) async fn connect(config: &Config, timeout: Duration) -> Result<Self> {
        let config = config_for(config, Work::Append, timeout);
        let (client, connection) = config.connect(NoTls).await?;
        Ok(Self {
            client,
            connection: Some(Box::pin(connection)),
            statements: HashMap::new(),
        })
    }

    /// Whether it is still good: hears what the server said since the last statement, so that a
    /// server which went away meanwhile is not taken for one that went away with a commit.
    pub(crate) fn is_good(&mut self) -> bool {
        let heard = Self::drive(&mut self.connection, std::future::ready(())).now_or_never();
        heard.is_some() && self.connection.is_some() && !self.client.is_closed()
    }

    /// Prepares a text, once.
    pub(crate) async fn prepare(&mut self, sql: &'static str) -> Result<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = Self::drive(&mut self.connection, self.client.prepare(sql)).await?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    pub(crate) async fn query(
        &mut self,
        statement: &Statement,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        Self::drive(&mut self.connection, self.client.query(statement, params)).await
    }

    /// Waits for an answer and keeps the connection going meanwhile.
    async fn drive<T>(connection: &mut Option<Wire>, answer: impl Future<Output = T>) -> T {
        let mut answer = std::pin::pin!(answer);
        std::future::poll_fn(|context| {
            let mut polled = answer.as_mut().poll(context);
            if let Some(alive) = connection {
                if alive.as_mut().poll(context).is_ready() {
                    *connection = None;
                }
                if polled.is_pending() {
                    polled = answer.as_mut().poll(context);
                }
            }
            polled
        })
        .await
    }
}
