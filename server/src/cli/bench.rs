//! `drawbridge bench`

use clap::ValueEnum;

use super::{Context, Usage, Verdict};
use crate::bench::{self, Figure, Measurement, table};
use crate::output::{self, Output};

/// Measure, each figure beside the limit it can't pass, in one run on this machine.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge bench ingest\n  drawbridge bench all --json > figures.json\n\n\
                  Each measurement makes a cluster of its own in the temporary folder and removes it; the\n\
                  server's own data is not touched. Client, server and Postgres share the machine."
)]
pub(super) struct Args {
    /// What to measure.
    #[arg(value_enum)]
    what: What,
    /// With `apply`: messages out of order, beside the same messages in order.
    #[arg(long)]
    shuffled: bool,
}

/// One measurement, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    One(Measurement),
    All,
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which refuses an index that is out of bounds"
)]
impl ValueEnum for What {
    fn value_variants<'a>() -> &'a [Self] {
        const VARIANTS: [What; 12] = {
            let mut variants = [What::All; 12];
            let mut n = 0;
            while n < Measurement::ALL.len() {
                variants[n] = What::One(Measurement::ALL[n]);
                n += 1;
            }
            variants
        };
        &VARIANTS
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        match self {
            Self::One(measurement) => measurement.to_possible_value(),
            Self::All => Some(clap::builder::PossibleValue::new("all").help("All of them")),
        }
    }
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        if self.shuffled && self.what != What::One(Measurement::Apply) {
            return Err(Usage("--shuffled goes with `bench apply`".to_owned()).into());
        }
        let chosen = match self.what {
            What::One(measurement) => vec![measurement],
            What::All => Measurement::ALL.to_vec(),
        };
        let mut figures: Vec<Figure> = Vec::new();
        for measurement in chosen {
            output::say(format_args!("measuring {measurement:?} …"));
            figures.extend(if self.shuffled {
                bench::shuffled(&context.config).await?
            } else {
                measurement.run(&context.config).await?
            });
        }
        match context.output {
            Output::Text => output::line(table(&figures))?,
            Output::Json => {
                for figure in &figures {
                    context.output.result(figure, |_| String::new())?;
                }
            }
        }
        Ok(Verdict::Done)
    }
}
