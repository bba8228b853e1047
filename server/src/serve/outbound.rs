//! The configured destinations, as `outbound` wants them.

use std::time::Duration;

use anyhow::Context as _;
use mapping::outbound::mdm::{self, DocumentType, MediaWording};
use model::Tenant;
use outbound::backoff::Backoff;
use outbound::{Destination, Endpoint, IdentifierRule, Tls};

use crate::config::{AckMode, ContentWording, OutboundConfig, OutboundTls, VisitField};

/// The destination that a `[[outbound]]` table describes.
pub(crate) fn destination(config: &OutboundConfig, tenant: Tenant) -> anyhow::Result<Destination> {
    let name = &config.name;
    let seconds = |n: u32| Duration::from_secs(u64::from(n));
    let rule = |authority: &Option<String>, format: Option<&str>| {
        IdentifierRule::new(authority.clone(), format)
            .with_context(|| format!("destination {name}: patient_id_format"))
    };
    let waits = config.backoff_s.iter().copied().map(seconds).collect();
    Ok(Destination {
        mdm: message(config),
        patient_id: rule(
            &config.patient_authority,
            config.patient_id_format.as_deref(),
        )?,
        visit_id: rule(&config.visit_authority, None)?,
        visit_required: config.visit_required,
        backoff: Backoff::new(waits),
        reconnect: seconds(config.reconnect_s),
        // A lease must outlive the longest send: connect, write, wait for the answer.
        lease: seconds(config.ack_timeout_s) * 2 + Duration::from_secs(30),
        ..Destination::new(name.clone(), tenant, endpoint(config)?)
    })
}

fn endpoint(config: &OutboundConfig) -> anyhow::Result<Endpoint> {
    let ack_timeout = Duration::from_secs(u64::from(config.ack_timeout_s));
    let tls = config.tls.as_ref().map(tls).transpose();
    Ok(Endpoint {
        tls: tls.with_context(|| format!("destination {}", config.name))?,
        ack_timeout,
        application_timeout: ack_timeout,
        ..Endpoint::plain(config.connect.host(), config.connect.port())
    })
}

fn tls(config: &OutboundTls) -> anyhow::Result<Tls> {
    let identity = config.cert.as_deref().zip(config.key.as_deref());
    Ok(Tls::from_files(
        &config.ca,
        identity,
        config.server_name.clone(),
    )?)
}

/// What its messages look like.
pub(crate) fn message(config: &OutboundConfig) -> mdm::Destination {
    let (accept, application) = match config.ack_mode {
        AckMode::Original => ("", ""),
        AckMode::Enhanced => ("AL", "NE"),
    };
    let types = config.document_types.iter();
    mdm::Destination {
        sending_application: config.sending_application.clone(),
        sending_facility: config.sending_facility.clone(),
        receiving_application: config.receiving_application.clone(),
        receiving_facility: config.receiving_facility.clone(),
        processing_id: config.processing_id.clone(),
        version: config.version.clone(),
        accept_ack: accept.to_owned(),
        application_ack: application.to_owned(),
        charset: config.charset.clone(),
        zone: config.zone.clone(),
        types: types
            .map(|(from, to)| (from.clone(), document_type(to)))
            .collect(),
        patient_authority: config.patient_authority.clone().unwrap_or_default(),
        visit_id: vec![match config.visit_in {
            VisitField::Pv1_19 => mdm::VisitField::VisitNumber,
            VisitField::Pv1_50 => mdm::VisitField::AlternateVisitId,
            VisitField::Pid18 => mdm::VisitField::AccountNumber,
        }],
        media_wording: match config.content_wording {
            ContentWording::ApPdf => MediaWording::Table,
            ContentWording::ApplicationPdf => MediaWording::Mime,
            ContentWording::TextPdf => MediaWording::Text,
        },
        content_bytes_max: u64::from(config.bytes_max),
        ..mdm::Destination::default()
    }
}

/// `code^text^system`.
fn document_type(text: &str) -> DocumentType {
    let mut parts = text.split('^').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    DocumentType {
        code: next(),
        text: next(),
        system: next(),
    }
}
