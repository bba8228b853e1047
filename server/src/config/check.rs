//! Rules that no single value can tell: what must hold before anything starts.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use store::retention::YEARS_MIN;

use super::{
    Config, ConfigError, HttpConfig, InboundConfig, JournalConfig, ListenerTls, OutboundConfig,
};

/// Longer than anybody is asked to keep anything.
const YEARS_MAX: u16 = 200;

pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    http(&config.http)?;
    retention(&config.journal)?;
    let names = config.inbound.iter().map(|listener| listener.name.as_str());
    distinct_names("inbound", names)?;
    let names = config
        .outbound
        .iter()
        .map(|destination| destination.name.as_str());
    distinct_names("outbound", names)?;
    config
        .inbound
        .iter()
        .enumerate()
        .try_for_each(|(i, listener)| inbound(i, listener))?;
    config
        .outbound
        .iter()
        .enumerate()
        .try_for_each(|(i, receiver)| outbound(i, receiver))?;
    distinct_ports(config)
}

fn http(http: &HttpConfig) -> Result<(), ConfigError> {
    closed_or_meant("http.bind", http.bind, http.tls.as_ref(), http.insecure)?;
    if let Some(metrics) = http.metrics_bind {
        closed_or_meant(
            "http.metrics_bind",
            metrics,
            http.tls.as_ref(),
            http.insecure,
        )?;
    }
    positive("http.body_bytes_max", http.body_bytes_max)?;
    positive("http.request_timeout_s", http.request_timeout_s)?;
    positive("http.connections_max", http.connections_max)
}

/// A year at least: the database refuses to drop what is younger.
fn retention(journal: &JournalConfig) -> Result<(), ConfigError> {
    let longer = journal.longer.iter();
    let longer = longer.map(|(name, years)| (format!("journal.longer.{name}"), *years));
    let years = journal.retention_years;
    let years = years.map(|years| ("journal.retention_years".to_owned(), years));
    for (key, years) in longer.chain(years) {
        if !(YEARS_MIN..=YEARS_MAX).contains(&years) {
            let what = format!("must be from {YEARS_MIN} to {YEARS_MAX} years");
            return Err(ConfigError::invalid(key, what));
        }
    }
    Ok(())
}

fn inbound(index: usize, listener: &InboundConfig) -> Result<(), ConfigError> {
    let key = |field: &str| format!("inbound[{index}].{field}");
    closed_or_meant(
        &key("bind"),
        listener.bind,
        listener.tls.as_ref(),
        listener.insecure,
    )?;
    zone(&key("zone"), &listener.zone)?;
    charset(&key("charset"), &listener.charset)?;
    positive(&key("connections_max"), listener.connections_max)?;
    positive(&key("frame_bytes_max"), listener.frame_bytes_max)?;
    positive(&key("read_timeout_s"), listener.read_timeout_s)?;
    for (number, sender) in listener.senders.iter().enumerate() {
        if sender.application.is_none() && sender.facility.is_none() {
            return Err(ConfigError::invalid(
                key(&format!("senders[{number}]")),
                "needs application (MSH-3) or facility (MSH-4)",
            ));
        }
    }
    if listener.processing_ids.is_empty() {
        return Err(ConfigError::invalid(
            key("processing_ids"),
            "must list at least one, as [\"P\"]",
        ));
    }
    Ok(())
}

fn outbound(index: usize, receiver: &OutboundConfig) -> Result<(), ConfigError> {
    let key = |field: &str| format!("outbound[{index}].{field}");
    if !receiver.connect.is_loopback() && receiver.tls.is_none() && !receiver.insecure {
        let what = format!(
            "{} is off this machine: set tls, or insecure = true",
            receiver.connect
        );
        return Err(ConfigError::invalid(key("connect"), what));
    }
    if receiver
        .tls
        .as_ref()
        .is_some_and(|tls| tls.cert.is_some() != tls.key.is_some())
    {
        return Err(ConfigError::invalid(
            key("tls"),
            "cert and key belong together",
        ));
    }
    zone(&key("zone"), &receiver.zone)?;
    charset(&key("charset"), &receiver.charset)?;
    positive(&key("ack_timeout_s"), receiver.ack_timeout_s)?;
    positive(&key("reconnect_s"), receiver.reconnect_s)?;
    positive(&key("bytes_max"), receiver.bytes_max)?;
    if let Some(format) = &receiver.patient_id_format {
        regex::Regex::new(format).map_err(|error| {
            let what = error
                .to_string()
                .lines()
                .last()
                .unwrap_or_default()
                .to_owned();
            ConfigError::invalid(key("patient_id_format"), what)
        })?;
    }
    Ok(())
}

/// The chart is private: plain text leaves the machine only when somebody says so.
fn closed_or_meant(
    key: &str,
    bind: SocketAddr,
    tls: Option<&ListenerTls>,
    insecure: bool,
) -> Result<(), ConfigError> {
    if bind.ip().is_loopback() || tls.is_some() || insecure {
        return Ok(());
    }
    let what = format!("{bind} is open to the network without TLS: set tls, or insecure = true");
    Err(ConfigError::invalid(key, what))
}

fn distinct_names<'a>(
    section: &str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for (index, name) in names.enumerate() {
        let key = format!("{section}[{index}].name");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(plain) {
            let what = "must be lower-case letters, digits and `-`";
            return Err(ConfigError::invalid(key, what));
        }
        if !seen.insert(name) {
            return Err(ConfigError::invalid(
                key,
                format!("`{name}` is named twice"),
            ));
        }
    }
    Ok(())
}

fn distinct_ports(config: &Config) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::from([config.http.bind]);
    let metrics = config
        .http
        .metrics_bind
        .map(|bind| ("http.metrics_bind".to_owned(), bind));
    let listeners = config.inbound.iter().enumerate();
    let listeners = listeners.map(|(i, listener)| (format!("inbound[{i}].bind"), listener.bind));
    for (key, bind) in metrics.into_iter().chain(listeners) {
        // Port 0 asks the system for a free one, so several may.
        if bind.port() != 0 && !seen.insert(bind) {
            return Err(ConfigError::invalid(
                key,
                format!("{bind} is taken by another listener"),
            ));
        }
    }
    Ok(())
}

fn zone(key: &str, name: &str) -> Result<(), ConfigError> {
    match jiff::tz::TimeZone::get(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(ConfigError::invalid(
            key,
            format!("`{name}` is no IANA time zone, such as America/Chicago"),
        )),
    }
}

fn charset(key: &str, name: &str) -> Result<(), ConfigError> {
    match encoding_rs::Encoding::for_label(name.as_bytes()) {
        Some(_) => Ok(()),
        None => Err(ConfigError::invalid(
            key,
            format!("`{name}` is no character set, such as UTF-8 or windows-1252"),
        )),
    }
}

fn positive(key: &str, value: u32) -> Result<(), ConfigError> {
    if value == 0 {
        Err(ConfigError::invalid(key, "must be at least 1"))
    } else {
        Ok(())
    }
}
