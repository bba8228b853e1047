//! `drawbridge client add|list|remove`

use std::path::PathBuf;

use clap::Subcommand;

use super::{Context, Verdict};

/// SMART clients: the apps that may ask for tokens.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  drawbridge client add --name notes --scope 'system/Patient.rs' --jwks notes.jwks"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Add(Add),
    /// Who is registered.
    List,
    /// Take a client and its tokens away.
    Remove {
        /// The client id that `add` printed.
        id: String,
    },
}

/// Register a client; prints its client id (and its secret, once).
#[derive(Debug, clap::Args)]
#[group(id = "kind", required = true, multiple = false)]
struct Add {
    /// What people call it.
    #[arg(long)]
    name: String,
    /// The most it may be granted, separated by spaces.
    #[arg(long)]
    scope: String,
    /// A backend service that signs with these public keys.
    #[arg(long, value_name = "FILE", group = "kind")]
    jwks: Option<PathBuf>,
    /// A confidential app with a secret.
    #[arg(long, group = "kind")]
    secret: bool,
    /// A public app that is redirected here.
    #[arg(long, value_name = "U", group = "kind")]
    redirect_uri: Option<String>,
    /// Whose data it may see.
    #[arg(long, value_name = "T", default_value = "default")]
    tenant: String,
}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> anyhow::Result<Verdict> {
        super::not_built("client").await
    }
}
