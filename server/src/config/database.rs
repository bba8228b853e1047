//! `[database]`: the embedded cluster unless a URL names another one.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ConfigError;

/// Which database, and how many connections to it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `postgres://user@host:port/name`; unset (and no `DATABASE_URL`): the embedded cluster.
    /// A password does not belong in the file: see `password_file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<DatabaseUrl>,
    /// File whose first line is the password of the URL's user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The role that servers connect with, where it is not the one that owns the tables: `migrate`
    /// (run by the owner) gives it what a server needs and no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Folder of the PostgreSQL programs that run the embedded cluster; unset, `PATH` and the
    /// places where distributions put them are searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programs_dir: Option<PathBuf>,
    /// Connections for FHIR requests.
    pub fhir_connections: u32,
    /// Connections for receiving and applying messages.
    pub ingest_connections: u32,
    /// Connections for deliveries.
    pub outbound_connections: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: None,
            password_file: None,
            role: None,
            programs_dir: None,
            fhir_connections: 8,
            ingest_connections: 8,
            outbound_connections: 4,
        }
    }
}

impl DatabaseConfig {
    /// The URL to connect with, its password filled in; `None` means the embedded cluster.
    pub fn external_url(&self) -> Result<Option<String>, ConfigError> {
        let Some(url) = &self.url else {
            return Ok(None);
        };
        let Some(file) = &self.password_file else {
            return Ok(Some(url.expose().to_owned()));
        };
        let text = std::fs::read_to_string(file).map_err(|source| ConfigError::Unreadable {
            file: file.clone(),
            source,
        })?;
        let password = text.lines().next().unwrap_or_default();
        Ok(Some(url.with_password(password)))
    }
}

/// A database URL whose password never shows in a log, an error or `config show`.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes `postgres://…` or `postgresql://…`.
    pub fn parse(raw: &str) -> Result<Self, ConfigError> {
        if ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| raw.starts_with(scheme))
        {
            Ok(Self(raw.to_owned()))
        } else {
            Err(ConfigError::invalid(
                "database.url",
                "must start with postgres://",
            ))
        }
    }

    /// The whole URL, for the driver.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a password stands in it.
    pub fn has_password(&self) -> bool {
        self.parts().is_some_and(|(_, user, _)| user.contains(':')) || self.0.contains("password=")
    }

    /// `scheme://`, the user information and what follows its `@`.
    fn parts(&self) -> Option<(&str, &str, &str)> {
        let (scheme, rest) = self.0.split_once("://")?;
        let authority = rest.split(['/', '?']).next().unwrap_or(rest);
        let (user, _) = authority.rsplit_once('@')?;
        let after = rest.get(user.len() + 1..)?;
        Some((scheme, user, after))
    }

    fn with_password(&self, password: &str) -> String {
        let password = percent_encoded(password);
        if let Some((scheme, user, after)) = self.parts() {
            let name = user.split(':').next().unwrap_or(user);
            return format!("{scheme}://{name}:{password}@{after}");
        }
        let sign = if self.0.contains('?') { '&' } else { '?' };
        format!("{}{sign}password={password}", self.0)
    }

    fn masked(&self) -> String {
        if !self.has_password() {
            return self.0.clone();
        }
        match self.parts() {
            Some((scheme, user, after)) if !self.0.contains("password=") => {
                let name = user.split(':').next().unwrap_or(user);
                format!("{scheme}://{name}:***@{after}")
            }
            _ => "postgres://***".to_owned(),
        }
    }
}

/// RFC 3986, 2.3: everything but the unreserved characters is written as `%XX`.
pub(crate) fn percent_encoded(text: &str) -> String {
    use fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = String::deserialize(deserializer)?;
        Self::parse(&raw).map_err(|_| serde::de::Error::custom("must start with postgres://"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(raw: &str) -> DatabaseUrl {
        DatabaseUrl::parse(raw).unwrap()
    }

    #[test]
    fn a_password_never_shows() {
        assert_eq!(
            format!("{:?}", url("postgres://u:secret@h/d")),
            "postgres://u:***@h/d"
        );
        let in_query = url("postgres:///d?user=u&password=secret");
        assert_eq!(format!("{in_query:?}"), "postgres://***");
        assert_eq!(format!("{:?}", url("postgres://u@h/d")), "postgres://u@h/d");
    }

    #[test]
    fn a_password_from_a_file_is_escaped_into_the_url() {
        assert_eq!(
            url("postgres://u@h:1/d").with_password("a/b@c"),
            "postgres://u:a%2Fb%40c@h:1/d"
        );
        assert_eq!(
            url("postgres:///d?host=/run").with_password("x"),
            "postgres:///d?host=/run&password=x"
        );
    }
}
