//! A proxy before Postgres that can cut every connection, refuse new ones, or let nothing through.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What the proxy does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Open,
    /// Connections are cut, new ones closed.
    Closed,
    /// Connections stay, nothing passes.
    Frozen,
}

/// A running proxy.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
}

impl Proxy {
    /// A proxy to the server that the address names.
    pub(crate) async fn start(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, watched) = watch::channel(State::Open);
        let target = host_and_port(url).to_owned();
        tokio::spawn(async move {
            while let Ok((inbound, _)) = listener.accept().await {
                if *watched.borrow() == State::Closed {
                    continue;
                }
                tokio::spawn(forward(inbound, target.clone(), watched.clone()));
            }
        });
        Self { address, state }
    }

    /// The address through the proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replace(host_and_port(url), &self.address.to_string())
    }

    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Closed);
    }

    pub(crate) fn freeze(&self) {
        self.state.send_replace(State::Frozen);
    }

    pub(crate) fn open(&self) {
        self.state.send_replace(State::Open);
    }
}

fn host_and_port(url: &str) -> &str {
    let after = url.split_once("://").unwrap().1;
    let authority = after.split_once('/').unwrap().0;
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

async fn forward(mut inbound: TcpStream, target: String, mut state: watch::Receiver<State>) {
    let Ok(mut outbound) = TcpStream::connect(&target).await else {
        return;
    };
    loop {
        let now = *state.borrow_and_update();
        match now {
            State::Closed => return,
            // What is on its way stays in the sockets until the proxy opens again.
            State::Frozen => {
                if state.changed().await.is_err() {
                    return;
                }
            }
            State::Open => tokio::select! {
                _ = copy_bidirectional(&mut inbound, &mut outbound) => return,
                changed = state.changed() => if changed.is_err() { return },
            },
        }
    }
}
