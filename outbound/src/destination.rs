//! One receiver: where it is, how patient we are with it, and what it wants to be told.

use std::time::Duration;

use model::Tenant;
use regex::Regex;

use crate::backoff::Backoff;
use crate::client::Endpoint;

/// A destination of documents.
#[derive(Clone, Debug)]
pub struct Destination {
    /// Its name in deliveries, logs and metrics.
    pub name: String,
    /// Whose documents go there.
    pub tenant: Tenant,
    /// Where it is and how it answers.
    pub endpoint: Endpoint,
    /// What its messages look like.
    pub mdm: mapping::outbound::mdm::Destination,
    /// Which of the patient's identifiers it knows.
    pub patient_id: IdentifierRule,
    /// Which of the visit's identifiers it knows.
    pub visit_id: IdentifierRule,
    /// Whether a document without a visit that it knows is held.
    pub visit_required: bool,
    /// The waits before the retries.
    pub backoff: Backoff,
    /// The wait after a failure to connect.
    pub reconnect: Duration,
    /// How long a delivery stays in the hands of a process that died.
    pub lease: Duration,
    /// How often what is held is looked at again.
    pub recheck: Duration,
}

/// Which identifier a receiver knows somebody by.
#[derive(Clone, Default, Debug)]
pub struct IdentifierRule {
    /// The assigning authority as the EMR sends it, or its namespace or universal id alone. `None`:
    /// whatever authority the EMR used, as long as only one identifier comes into question.
    pub authority: Option<String>,
    /// What the identifier must look like as a whole: a wrong form is accepted by some receivers
    /// with `AA` and then dropped.
    pub format: Option<Regex>,
}

impl IdentifierRule {
    /// Compiles a rule; `format` must match the whole identifier.
    pub fn new(authority: Option<String>, format: Option<&str>) -> Result<Self, regex::Error> {
        let format = format
            .map(|format| Regex::new(&format!("^(?:{format})$")))
            .transpose()?;
        Ok(Self { authority, format })
    }
}

impl Destination {
    /// A destination with the usual patience.
    pub fn new(name: impl Into<String>, tenant: Tenant, endpoint: Endpoint) -> Self {
        Self {
            name: name.into(),
            tenant,
            endpoint,
            mdm: mapping::outbound::mdm::Destination::default(),
            patient_id: IdentifierRule::default(),
            visit_id: IdentifierRule::default(),
            visit_required: false,
            backoff: Backoff::default(),
            reconnect: Duration::from_secs(5),
            lease: Duration::from_secs(30),
            recheck: Duration::from_secs(30),
        }
    }
}
