//! Nothing of a patient reaches a log, whatever the receiver says.

use std::io::Write;
use std::sync::{Arc, Mutex};

use outbound::emr::Behaviour::{Accept, Busy, Garbage, Reject, WrongId};
use tracing_subscriber::filter::LevelFilter;

use crate::chart::Chart;
use crate::rig::{Emr, Running, destination, store, until};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_name_number_or_text_of_a_receiver_is_logged() {
    let Some(store) = store().await else { return };
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let emr = Emr::start(&[WrongId, Garbage, Busy, Accept, Reject]).await;
    let chart = Chart::write(&store, &[("MAPLEMRN", "0001234")]).await;
    let stranger = Chart::write(&store, &[("RIVERMRN", "R009876")]).await;
    let running = Running::start(&store, destination(emr.port));
    let accepted = chart.post(&store, "emr", b"MARKER CONTENT").await;
    until(&store, accepted, "accepted").await;
    let rejected = chart.post(&store, "emr", b"MARKER CONTENT").await;
    until(&store, rejected, "rejected").await;
    let held = stranger.post(&store, "emr", b"MARKER CONTENT").await;
    until(&store, held, "held").await;
    running.stop().await;
    drop(guard);
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("sent"), "the log was captured: {logged}");
    for marker in [
        "Marrowby",
        "Tilda",
        "1931",
        "0001234",
        "R009876",
        "Visit note",
        "Kettlewick",
        "MARKER",
        "not wanted",
        "busy, try",
    ] {
        assert!(!logged.contains(marker), "{marker} in {logged}");
    }
}
