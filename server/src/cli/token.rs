//! `drawbridge token`

use fhir::{Reference, ResourceType};
use model::{ResourceId, SignedDuration};
use serde::Serialize;
use serde_json::json;
use store::Store;
use store::token::{Grant, NewToken};

use super::{Context, Usage, Verdict};
use crate::door::{ScopeError, Scopes, Token};
use crate::opened::{Opened, tenant_row};
use crate::output::{self, Output};

/// Print an access token of this installation, for scripts and tests.
///
/// The database keeps its hash alone, so it is shown this once.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  curl -H \"Authorization: Bearer $(drawbridge token --scope 'system/*.rs')\" \\\n    \
                  http://127.0.0.1:8080/fhir/Patient\n  drawbridge token --list\n  drawbridge token --revoke 12"
)]
pub(super) struct Args {
    /// SMART scopes, separated by spaces: patient|user|system, a type or *, letters of cruds.
    #[arg(long, required_unless_present_any = ["list", "revoke"])]
    scope: Option<String>,
    /// Whose data.
    #[arg(long, value_name = "T", default_value = "default")]
    tenant: String,
    /// The user it speaks for, such as Practitioner/ID.
    #[arg(long, value_name = "REF")]
    user: Option<String>,
    /// The patient whose chart its patient/ scopes open.
    #[arg(long, value_name = "ID")]
    patient: Option<String>,
    /// Seconds until it ends.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u32).range(1..=31_536_000))]
    ttl: u32,
    /// Show the tenant's tokens that are good now (not the tokens themselves).
    #[arg(long, conflicts_with_all = ["scope", "user", "patient", "revoke"])]
    list: bool,
    /// End a token by the number that --list shows.
    #[arg(long, value_name = "ID", conflicts_with_all = ["scope", "user", "patient"])]
    revoke: Option<i64>,
}

/// What is asked, checked before a database is touched.
enum Wish {
    List,
    Revoke(i64),
    Issue {
        scopes: Scopes,
        user: Option<String>,
        patient: Option<ResourceId>,
        ttl: SignedDuration,
    },
}

/// What a program reads.
#[derive(Serialize)]
struct Issued<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    id: i64,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let tenant = self.tenant.clone();
        let wish = self.wish()?;
        let opened = Opened::beside_a_server(&context.config, &context.clock, "token").await?;
        let done = grant(&opened.store, &tenant, wish, context.output).await;
        opened.close().await?;
        done
    }

    fn wish(self) -> Result<Wish, Usage> {
        if let Some(id) = self.revoke {
            return Ok(Wish::Revoke(id));
        }
        let Some(scope) = self.scope else {
            return Ok(Wish::List);
        };
        let usage = |error: ScopeError| Usage(format!("--scope: {error}"));
        let scopes = Scopes::parse(&scope).map_err(usage)?;
        let patient = self.patient.as_deref().map(patient).transpose()?;
        if scopes.needs_patient() && patient.is_none() {
            return Err(usage(ScopeError::NoPatient));
        }
        if let Some(user) = &self.user {
            check_user(user)?;
        }
        let ttl = SignedDuration::from_secs(i64::from(self.ttl));
        Ok(Wish::Issue {
            scopes,
            user: self.user,
            patient,
            ttl,
        })
    }
}

fn patient(text: &str) -> Result<ResourceId, Usage> {
    let id = text.strip_prefix("Patient/").unwrap_or(text);
    id.parse().map_err(|_| {
        Usage(
            "--patient: give the id of a Patient of this server, a UUID (GET Patient shows it)"
                .to_owned(),
        )
    })
}

fn check_user(text: &str) -> Result<(), Usage> {
    use ResourceType::{Patient, Person, Practitioner, RelatedPerson};
    let kind = Reference::parse(text, None).and_then(|reference| reference.kind());
    match kind {
        Some(Practitioner | Patient | RelatedPerson | Person) => Ok(()),
        _ => Err(Usage(
            "--user: give a reference such as Practitioner/ID (or Patient, RelatedPerson, Person)"
                .to_owned(),
        )),
    }
}

async fn grant(store: &Store, tenant: &str, wish: Wish, output: Output) -> anyhow::Result<Verdict> {
    let row = tenant_row(store, tenant).await?;
    match wish {
        Wish::List => {
            let now = store.clock().now();
            let grants = store::token::list(store, row.tenant).await?;
            for grant in grants.iter().filter(|grant| grant.is_valid(now)) {
                output.result(&as_json(grant), |_| as_line(grant))?;
            }
        }
        Wish::Revoke(id) => {
            let revoked = store::token::revoke_by_id(store, row.tenant, id).await?;
            anyhow::ensure!(
                revoked,
                "tenant '{tenant}' has no token {id} that is still good"
            );
            output.result(&json!({ "revoked": id }), |_| {
                format!("token {id} is revoked")
            })?;
        }
        Wish::Issue {
            scopes,
            user,
            patient,
            ttl,
        } => {
            let token = Token::random();
            let new = NewToken {
                tenant: row.tenant,
                hash: *token.hash().as_bytes(),
                scope: scopes.to_string(),
                client: "command line".to_owned(),
                user,
                patient,
                expires_at: store.clock().now().saturating_add(ttl)?,
            };
            let id = store::token::issue(store, &new).await?;
            let issued = Issued {
                access_token: token.expose(),
                token_type: "bearer",
                expires_in: ttl.as_secs(),
                scope: new.scope,
                id,
            };
            output.result(&issued, |issued| issued.access_token.to_owned())?;
            if output == Output::Text {
                output::say(format_args!("token {id}, good for {} s", ttl.as_secs()));
            }
        }
    }
    Ok(Verdict::Done)
}

fn as_json(token: &Grant) -> serde_json::Value {
    json!({
        "id": token.id, "scope": token.scope, "client": token.client, "user": token.user,
        "patient": token.patient, "issued_at": token.issued_at, "expires_at": token.expires_at,
    })
}

fn as_line(token: &Grant) -> String {
    format!(
        "{}  until {:.0}  {}  {}",
        token.id, token.expires_at, token.client, token.scope
    )
}
