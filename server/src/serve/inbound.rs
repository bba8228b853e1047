//! The configured MLLP listeners, as `ingest` wants them.

use std::time::Duration;

use anyhow::Context as _;
use hl7v2::Charset;
use ingest::{Ingest, InterfaceSettings, Limits, Profiles, Unserved};
use jiff::tz::TimeZone;
use model::Tenant;
use tokio::net::TcpListener;

use crate::cli::Usage;
use crate::config::{self, InboundConfig};
use crate::profiles::Library;

/// Longer than any connection lives: what the configuration calls "for ever".
const FOR_EVER: Duration = Duration::from_hours(100 * 365 * 24);

/// Starts a listener; answers the address that it is bound to.
pub(super) async fn listen(
    ingest: &mut Ingest,
    config: &InboundConfig,
    tenant: Tenant,
    profiles: &Library,
) -> anyhow::Result<std::net::SocketAddr> {
    let settings = settings(config, tenant, profiles)?;
    let listener = TcpListener::bind(config.bind)
        .await
        .with_context(|| format!("interface {} can't listen on {}", config.name, config.bind))?;
    let address = listener.local_addr()?;
    ingest.listen(listener, settings).await?;
    tracing::info!(interface = %config.name, %address, "listens for HL7 v2 over MLLP");
    Ok(address)
}

/// An interface's settings; what the configuration's own check could not know is refused here.
pub(crate) fn settings(
    config: &InboundConfig,
    tenant: Tenant,
    profiles: &Library,
) -> anyhow::Result<InterfaceSettings> {
    let name = &config.name;
    let choice = profiles
        .choice(config)
        .map_err(|Usage(what)| Usage(format!("interface {name}: {what}")))?;
    let zone = TimeZone::get(&config.zone)
        .with_context(|| format!("interface {name}: unknown zone '{}'", config.zone))?;
    let charset = Charset::parse(&config.charset).with_context(|| {
        format!(
            "interface {name}: unknown character set '{}'",
            config.charset
        )
    })?;
    let tls = match &config.tls {
        None => None,
        Some(tls) => Some(
            ingest::tls::acceptor(&tls.cert, &tls.key, tls.client_ca.as_deref())
                .with_context(|| format!("interface {name}"))?,
        ),
    };
    Ok(InterfaceSettings {
        peers: config.peers.clone(),
        zone,
        charset,
        utf16: config.utf16,
        tls,
        processing_ids: config.processing_ids.clone(),
        receiving_application: config.receiving_application.clone(),
        unserved: match config.unserved {
            config::Unserved::Accept => Unserved::Accept,
            config::Unserved::Reject => Unserved::Reject,
        },
        limits: limits(config),
        profiles: Profiles::new(choice.clone()),
        ..InterfaceSettings::new(name.clone(), tenant, choice.otherwise.clone())
    })
}

fn limits(config: &InboundConfig) -> Limits {
    let seconds = |n: u32| Duration::from_secs(u64::from(n));
    let count = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    Limits {
        connections_max: count(config.connections_max),
        frame_bytes_max: count(config.frame_bytes_max),
        idle_timeout: match config.idle_timeout_s {
            0 => FOR_EVER,
            s => seconds(s),
        },
        stall_timeout: seconds(config.read_timeout_s),
        ..Limits::default()
    }
}
