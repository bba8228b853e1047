//! `drawbridge token`

use super::{Context, Verdict};

/// Print an access token of this installation, for scripts and tests.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  curl -H \"Authorization: Bearer $(drawbridge token --scope 'system/*.rs')\" \\\n    \
                        http://127.0.0.1:8080/fhir/Patient"
)]
pub(super) struct Args {
    /// SMART v2 scopes, separated by spaces.
    #[arg(long)]
    scope: String,
    /// Whose data.
    #[arg(long, value_name = "T", default_value = "default")]
    tenant: String,
    /// The user it speaks for, such as Practitioner/ID.
    #[arg(long, value_name = "REF")]
    user: Option<String>,
    /// The patient it is bound to.
    #[arg(long, value_name = "ID")]
    patient: Option<String>,
    /// Seconds until it ends.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    ttl: u32,
}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> anyhow::Result<Verdict> {
        super::not_built("token").await
    }
}
