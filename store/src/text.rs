//! A SQL text that grows together with its parameters.

use postgres_types::ToSql;

/// A text and what stands for its `$n`.
#[derive(Default)]
pub(crate) struct Text {
    pub(crate) sql: String,
    params: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Text {
    /// Takes a parameter and returns its name, `$n`.
    pub(crate) fn bind(&mut self, value: impl ToSql + Sync + Send + 'static) -> String {
        self.params.push(Box::new(value));
        format!("${}", self.params.len())
    }

    pub(crate) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.params
            .iter()
            .map(|value| -> &(dyn ToSql + Sync) { value.as_ref() })
            .collect()
    }
}
