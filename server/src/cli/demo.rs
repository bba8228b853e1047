//! `drawbridge demo`

use model::SignedDuration;
use store::token::NewToken;

use super::serve::End;
use super::{Context, Usage, Verdict};
use crate::demo::{self, Emr};
use crate::door::{Scopes, Token};
use crate::output;
use crate::serve::Server;

/// What the story's app may do.
const SCOPES: &str = "system/*.rs system/DocumentReference.crs";

/// Serve with the embedded database and a simulated EMR, and play the story of one patient.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  drawbridge demo\n  drawbridge demo --exit")]
pub(super) struct Args {
    /// End after the story; exit 0 only if every step was seen to happen.
    #[arg(long)]
    exit: bool,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let mut end = End::listen()?;
        let config = demo::configuration(context.config.clone())?;
        let mut emr = Emr::start(&config).await?;
        let server = Server::start(&config, &context.clock).await?;
        let told = self.play(context, &server, &mut emr).await;
        if told.is_ok() && !self.exit {
            end.comes().await;
        }
        emr.stop();
        server.stop().await?;
        told.map(|()| Verdict::Done)
    }

    async fn play(&self, context: &Context, server: &Server, emr: &mut Emr) -> anyhow::Result<()> {
        let Some(mllp) = server.mllp.first() else {
            return Err(Usage("the demonstration needs an [[inbound]] listener".to_owned()).into());
        };
        output::line(
            "Drawbridge speaks HL7 v2 with an EMR and FHIR R4 with apps. A story of one patient:",
        )?;
        let token = token(context, server).await?;
        let run = context.clock.now().as_second();
        demo::tell(server.http, *mllp, &token, emr, run).await?;
        if self.exit {
            return Ok(output::line("\nEvery step was seen to happen.")?);
        }
        Ok(output::line(format_args!(
            "\nNow it is yours, until Ctrl-C:\n\
             \u{20}  FHIR      curl -H 'Authorization: Bearer {token}' http://{}/fhir/Patient\n\
             \u{20}  messages  drawbridge send --to {mllp} FILE\n\
             \u{20}  health    http://{}/health/ready   metrics  http://{}/metrics",
            server.http, server.http, server.http
        ))?)
    }
}

/// A token for the story, good for an hour.
async fn token(context: &Context, server: &Server) -> anyhow::Result<String> {
    let token = Token::random();
    let now = context.clock.now();
    let new = NewToken {
        tenant: model::Tenant::DEFAULT,
        hash: *token.hash().as_bytes(),
        scope: Scopes::parse(SCOPES)?.to_string(),
        client: "demo".to_owned(),
        user: None,
        patient: None,
        expires_at: now
            .saturating_add(SignedDuration::from_hours(1))
            .unwrap_or(now),
    };
    store::token::issue(server.store(), &new).await?;
    Ok(token.expose().to_owned())
}
