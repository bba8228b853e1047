//! Figures as a table: what was measured, its limit in the same run, their ratio, the aim.

use std::time::Duration;

use serde::Serialize;

/// What a ratio or figure should reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// Only reported.
    None,
}

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What was measured, with its circumstances.
    pub what: String,
    /// The figure.
    pub measured: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What it is compared with, measured in the same run.
    pub limit: Option<Limit>,
    /// The aim: of the ratio where there is a limit, else of the figure itself.
    pub aim: Aim,
}

/// The limit of a figure.
#[derive(Clone, Debug, Serialize)]
pub struct Limit {
    /// What was done instead.
    pub what: String,
    /// In the figure's unit.
    pub measured: f64,
}

impl Figure {
    /// A figure that is only reported.
    pub fn new(what: impl Into<String>, measured: f64, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            measured,
            unit,
            limit: None,
            aim: Aim::None,
        }
    }

    /// Sets the limit that it stands beside.
    #[must_use]
    pub fn beside(mut self, what: impl Into<String>, measured: f64) -> Self {
        self.limit = Some(Limit {
            what: what.into(),
            measured,
        });
        self
    }

    /// Sets the aim.
    #[must_use]
    pub fn aim(mut self, aim: Aim) -> Self {
        self.aim = aim;
        self
    }

    /// Measured over limit.
    pub fn ratio(&self) -> Option<f64> {
        self.limit
            .as_ref()
            .map(|limit| self.measured / limit.measured)
    }

    /// Whether the aim is met; `None` where there is none.
    pub fn is_met(&self) -> Option<bool> {
        let judged = self.ratio().unwrap_or(self.measured);
        match self.aim {
            Aim::AtLeast(least) => Some(least <= judged),
            Aim::AtMost(most) => Some(judged <= most),
            Aim::None => None,
        }
    }
}

/// The table for people.
pub fn table(figures: &[Figure]) -> String {
    let mut lines = vec![format!(
        "{:<46} {:>12} {:<7} {:>12}  {:<34} {:>6}  {}",
        "what", "measured", "unit", "limit", "(what the limit is)", "ratio", "aim"
    )];
    lines.extend(figures.iter().map(line));
    lines.join("\n")
}

fn line(figure: &Figure) -> String {
    let (limit, of) = figure
        .limit
        .as_ref()
        .map_or_else(Default::default, |limit| {
            (number(limit.measured), limit.what.clone())
        });
    let ratio = figure
        .ratio()
        .map(|ratio| format!("{ratio:.2}"))
        .unwrap_or_default();
    let aim = match figure.aim {
        Aim::AtLeast(least) => format!("≥ {least}"),
        Aim::AtMost(most) => format!("≤ {most}"),
        Aim::None => String::new(),
    };
    let verdict = match figure.is_met() {
        Some(true) => "met",
        Some(false) => "MISSED",
        None => "",
    };
    format!(
        "{:<46} {:>12} {:<7} {limit:>12}  {of:<34} {ratio:>6}  {aim} {verdict}",
        figure.what,
        number(figure.measured),
        figure.unit
    )
    .trim_end()
    .to_owned()
}

/// Whole from 100 on, else two digits after the point.
fn number(value: f64) -> String {
    if 100.0 <= value {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// The `share` (0 to 1) of durations that are not longer, in milliseconds.
pub(super) fn percentile_ms(latencies: &mut [Duration], share: f64) -> f64 {
    latencies.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a list of samples"
    )]
    let at = ((latencies.len() as f64 * share) as usize).min(latencies.len().saturating_sub(1));
    latencies.get(at).map_or(0.0, Duration::as_secs_f64) * 1000.0
}

/// So many in so long, per second.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a benchmark are far below 2^52"
)]
pub(super) fn per_second(n: usize, elapsed: Duration) -> f64 {
    n as f64 / elapsed.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_judges_the_ratio_where_there_is_a_limit() {
        let figure = Figure::new("reads", 40.0, "1/s").beside("selects", 100.0);
        assert_eq!(figure.clone().aim(Aim::AtLeast(0.4)).is_met(), Some(true));
        assert_eq!(figure.aim(Aim::AtLeast(0.5)).is_met(), Some(false));
    }

    #[test]
    fn percentiles_of_few_samples_are_samples() {
        let mut latencies = [3, 1, 2].map(Duration::from_millis);
        assert!((percentile_ms(&mut latencies, 0.5) - 2.0).abs() < 1e-9);
        assert!((percentile_ms(&mut latencies, 1.0) - 3.0).abs() < 1e-9);
    }
}
