//! The MLLP listener: accepts connections, within the interface's limits, until it is told to stop.

mod answers;
mod connection;
mod frames;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use store::InterfaceId;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use crate::{InterfaceSettings, counters::Counters, intake::IntakeHandle};

/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers that the system keeps for a peer that does not read them; they are small.
const ANSWER_BYTES: usize = 64 << 10;

/// A half-open connection is found out after about two minutes.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_mins(1))
    .with_interval(Duration::from_secs(15))
    .with_retries(4);

/// An interface with what it was given at start.
pub struct Interface {
    /// How it is set.
    pub settings: InterfaceSettings,
    /// Its row in the store.
    pub id: InterfaceId,
    /// What it has seen.
    pub counters: Arc<Counters>,
}

/// Serves an interface on a bound socket until `shutdown`; returns when every message in hand is
/// answered and every connection closed.
pub async fn serve(
    listener: TcpListener,
    interface: Arc<Interface>,
    intake: IntakeHandle,
    shutdown: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(interface.settings.limits.connections_max));
    let connections = TaskTracker::new();
    let listening = interface.counters.listening.hold();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(slot) = admit(&interface, &slots, peer) else {
                    continue;
                };
                let span = tracing::info_span!(
                    "mllp.connection",
                    interface = %interface.settings.name,
                    peer = %peer.ip()
                );
                let (interface, intake) = (interface.clone(), intake.clone());
                let shutdown = shutdown.clone();
                let task = async move {
                    let _slot = slot;
                    let _open = interface.counters.open.hold();
                    open(stream, peer, &interface, &intake, &shutdown).await;
                };
                connections.spawn(task.instrument(span));
            }
            Err(error) => {
                // Out of descriptors, or the peer was gone before we looked.
                tracing::warn!(%error, "a connection can't be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    drop(listening);
    connections.close();
    connections.wait().await;
}

/// Whether the peer may connect now; what is refused is counted and closed.
fn admit(
    interface: &Interface,
    slots: &Arc<Semaphore>,
    peer: SocketAddr,
) -> Option<OwnedSemaphorePermit> {
    let counters = &interface.counters;
    let allowed = &interface.settings.peers;
    // An IPv4 peer of a socket that speaks both is listed as IPv4.
    let address = peer.ip().to_canonical();
    if !allowed.is_empty() && !allowed.iter().any(|network| network.contains(&address)) {
        counters.refused_peer.increment();
        tracing::warn!(interface = %interface.settings.name, peer = %address, "peer not allowed");
        return None;
    }
    let Ok(slot) = slots.clone().try_acquire_owned() else {
        counters.refused_limit.increment();
        tracing::warn!(interface = %interface.settings.name, "too many connections");
        return None;
    };
    counters.accepted.increment();
    Some(slot)
}

async fn open(
    stream: TcpStream,
    peer: SocketAddr,
    interface: &Interface,
    intake: &IntakeHandle,
    shutdown: &CancellationToken,
) {
    let socket = SockRef::from(&stream);
    let prepared = stream
        .set_nodelay(true)
        .and(socket.set_tcp_keepalive(&KEEPALIVE))
        .and(socket.set_send_buffer_size(ANSWER_BYTES));
    if let Err(error) = prepared {
        tracing::debug!(%error, "the socket can't be set up");
    }
    let connection = connection::Connection {
        interface,
        intake,
        peer: peer.ip().to_canonical(),
        shutdown,
    };
    let Some(tls) = &interface.settings.tls else {
        let (input, output) = stream.into_split();
        return connection.run(input, output).await;
    };
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let (input, output) = tokio::io::split(stream);
            connection.run(input, output).await;
        }
        Ok(Err(error)) => {
            interface.counters.refused_tls.increment();
            tracing::info!(%error, "no TLS");
        }
        Err(_) => interface.counters.refused_tls.increment(),
    }
}
