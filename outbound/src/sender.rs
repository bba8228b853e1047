//! Sending many messages over several connections, each message once: what `drawbridge send` does.

use std::sync::Arc;
use std::time::Duration;

use model::Outcome;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::client::{Answer, Client, Endpoint, Outgoing};

/// How many at a time, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Connections; each has one message in flight. With more than one, order is not kept.
    pub connections: usize,
    /// Messages per second over all connections; `None`: as fast as answers come.
    pub rate: Option<f64>,
}

/// One message that was tried.
#[derive(Debug)]
pub struct Sent {
    /// Its MSH-10.
    pub control_id: String,
    /// What came of it.
    pub answer: Answer,
}

/// A connection that failed so often in a row is given up, and with it what nobody else takes.
const FAILURES_MAX: usize = 3;

/// Sends each message once and reports it. Ends when all were tried, when nobody listens to the
/// reports any more, or when no connection can be made.
pub async fn send_all(
    endpoint: &Endpoint,
    pace: Pace,
    messages: impl Iterator<Item = Vec<u8>>,
    reports: mpsc::Sender<Sent>,
) {
    let n_connections = pace.connections.max(1);
    let (hand_out, waiting) = mpsc::channel::<Vec<u8>>(n_connections);
    let waiting = Arc::new(Mutex::new(waiting));
    let mut connections = JoinSet::new();
    for _ in 0..n_connections {
        let client = Client::new(endpoint.clone());
        connections.spawn(send_from(client, Arc::clone(&waiting), reports.clone()));
    }
    // Only the connections hold it now: when the last one gives up, handing out ends.
    drop(waiting);
    drop(reports);
    let mut ticks = pace.rate.and_then(ticks);
    for message in messages {
        if let Some(ticks) = &mut ticks {
            ticks.tick().await;
        }
        if hand_out.send(message).await.is_err() {
            break;
        }
    }
    drop(hand_out);
    while connections.join_next().await.is_some() {}
}

fn ticks(rate: f64) -> Option<tokio::time::Interval> {
    let period = Duration::try_from_secs_f64(1.0 / rate)
        .ok()
        .filter(|period| !period.is_zero())?;
    let mut ticks = interval(period);
    // A slow receiver makes us late; catching up afterwards keeps the rate that was asked for.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    Some(ticks)
}

async fn send_from(
    mut client: Client,
    waiting: Arc<Mutex<mpsc::Receiver<Vec<u8>>>>,
    reports: mpsc::Sender<Sent>,
) {
    let mut n_failures = 0;
    while n_failures < FAILURES_MAX {
        let Some(message) = waiting.lock().await.recv().await else {
            return;
        };
        let outgoing = Outgoing::new(&message);
        let answer = client.send(&outgoing).await;
        let connected = answer.outcome != Outcome::NotConnected;
        n_failures = if connected { 0 } else { n_failures + 1 };
        let control_id = outgoing.control_id;
        if reports.send(Sent { control_id, answer }).await.is_err() {
            return;
        }
    }
}

/// The message with `suffix` at the end of its MSH-10, so that it is another message to the
/// receiver. One without an MSH-10 stays as it is.
pub fn with_suffix(message: &[u8], suffix: &str) -> Vec<u8> {
    let blank = message
        .iter()
        .take_while(|byte| !byte.is_ascii_uppercase())
        .count();
    let rest = message.get(blank..).unwrap_or_default();
    let [b'M', b'S', b'H', separator, ..] = rest else {
        return message.to_vec();
    };
    let line = rest
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .next()
        .unwrap_or_default();
    // MSH-1 is the separator itself, so MSH-10 lies between the ninth and the tenth.
    let fields: Vec<&[u8]> = line.split(|byte| byte == separator).take(10).collect();
    match fields.get(9) {
        None | Some([]) => message.to_vec(),
        Some(_) => {
            let end = blank + fields.iter().map(|field| field.len() + 1).sum::<usize>() - 1;
            let (before, after) = message.split_at(end);
            [before, suffix.as_bytes(), after].concat()
        }
    }
}

/// How long answers took.
#[derive(Clone, Default, Debug)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// One more answer.
    pub fn add(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    /// For each of `percents` the latency that this share of the answers did not exceed; zero if
    /// there were none.
    pub fn percentiles<const N: usize>(&mut self, percents: [usize; N]) -> [Duration; N] {
        self.0.sort_unstable();
        percents.map(|percent| {
            let rank = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
            self.0.get(rank).copied().unwrap_or_default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: &str) {
        let renamed = with_suffix(message.as_bytes(), ".2");
        assert_eq!(String::from_utf8(renamed).unwrap(), expected);
    }

    #[test]
    fn a_suffix_makes_another_control_id_and_nothing_else() {
        check(
            "MSH|^~\\&|A|B|C|D|1||ADT^A01|X1|P\rPID|1\r",
            "MSH|^~\\&|A|B|C|D|1||ADT^A01|X1.2|P\rPID|1\r",
        );
        check(
            "\u{feff}MSH|^~\\&|A|B|C|D|1||ADT^A01|X1\rEVN\r",
            "\u{feff}MSH|^~\\&|A|B|C|D|1||ADT^A01|X1.2\rEVN\r",
        );
        check(
            "MSH|^~\\&|A|B|C|D|1||ADT^A01||P\r",
            "MSH|^~\\&|A|B|C|D|1||ADT^A01||P\r",
        );
        check("hello|world", "hello|world");
    }

    #[test]
    fn percentiles_are_latencies_that_occurred() {
        let mut latencies = Latencies::default();
        for ms in [9, 1, 5, 3, 7] {
            latencies.add(Duration::from_millis(ms));
        }
        assert_eq!(
            latencies.percentiles([50, 99]),
            [5, 9].map(Duration::from_millis)
        );
        assert_eq!(Latencies::default().percentiles([50]), [Duration::ZERO]);
    }
}
