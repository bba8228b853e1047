//! Finds PostgreSQL's programs where distributions put them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::EmbeddedError;

/// The oldest major version that has what the store needs.
const MAJOR_MIN: u32 = 14;
/// Folders that hold one folder per version: Debian, Red Hat, Homebrew (Apple, Intel), Postgres.app.
const PLACES: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// Where to look.
#[derive(Clone, Debug, Default)]
pub struct ProgramSearch {
    /// `database.programs_dir`: look here and nowhere else.
    pub only: Option<PathBuf>,
    /// The folders of `PATH`.
    pub path: Vec<PathBuf>,
}

/// One installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Programs {
    pub(super) bin: PathBuf,
    pub(super) major: u32,
}

impl Programs {
    /// The newest installation, or the one of a settled cluster's major version.
    pub(super) fn find(search: &ProgramSearch, cluster: &Path) -> Result<Self, EmbeddedError> {
        let installed: Vec<Self> = folders(search)
            .iter()
            .filter_map(|bin| Self::look_into(bin))
            .collect();
        let Some(newest) = installed.iter().max_by_key(|programs| programs.major) else {
            return Err(EmbeddedError::NoPrograms);
        };
        let Some(made_by) = major_of(cluster)? else {
            return Ok(newest.clone());
        };
        let majors: BTreeSet<u32> = installed.iter().map(|programs| programs.major).collect();
        installed
            .into_iter()
            .find(|programs| programs.major == made_by)
            .ok_or_else(|| {
                let found: Vec<String> = majors.iter().map(u32::to_string).collect();
                let cluster = cluster.to_owned();
                EmbeddedError::OtherMajor {
                    cluster,
                    made_by,
                    found: found.join(", "),
                }
            })
    }

    /// The full path of one program.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    fn look_into(bin: &Path) -> Option<Self> {
        if !["postgres", "initdb", "createdb"]
            .iter()
            .all(|name| bin.join(name).is_file())
        {
            return None;
        }
        let answer = std::process::Command::new(bin.join("postgres"))
            .arg("--version")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let major = parse_version(&String::from_utf8_lossy(&answer.stdout))?;
        (MAJOR_MIN <= major).then(|| Self {
            bin: bin.to_owned(),
            major,
        })
    }
}

/// Every folder that may hold the programs, each once, with links followed: `/usr/local/bin` often
/// holds only a link to `postgres` while its companions are elsewhere.
fn folders(search: &ProgramSearch) -> BTreeSet<PathBuf> {
    if let Some(only) = &search.only {
        return BTreeSet::from([only.clone()]);
    }
    let on_path = search.path.iter().map(|folder| folder.join("postgres"));
    let in_places = PLACES.into_iter().flat_map(|(parent, prefix, bin)| {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        let named = entries.filter(move |it| it.file_name().to_string_lossy().starts_with(prefix));
        named.map(move |it| it.path().join(bin).join("postgres"))
    });
    on_path
        .chain(in_places)
        .filter_map(|program| program.canonicalize().ok()?.parent().map(Path::to_owned))
        .collect()
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is 15; `17beta1` is 17.
fn parse_version(said: &str) -> Option<u32> {
    let (_, version) = said.split_once("(PostgreSQL) ")?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The major version that made a cluster; `None` where there is no cluster.
fn major_of(cluster: &Path) -> Result<Option<u32>, EmbeddedError> {
    let file = cluster.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(EmbeddedError::io("read", &file, source)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn versions_are_read_from_what_postgres_says() {
        assert_eq!(
            parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0)"),
            Some(15)
        );
        assert_eq!(parse_version("postgres (PostgreSQL) 17beta1"), Some(17));
        assert_eq!(parse_version("something else"), None);
    }

    /// A folder with programs that say they are `version`.
    fn installation(parent: &Path, version: &str) -> PathBuf {
        let bin = parent.join(version).join("bin");
        fs::create_dir_all(&bin).unwrap();
        for name in ["postgres", "initdb", "createdb"] {
            let script = format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n");
            fs::write(bin.join(name), script).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        bin
    }

    #[test]
    fn a_settled_cluster_keeps_its_major_version() {
        let folder = tempfile::tempdir().unwrap();
        let cluster = folder.path().join("postgres");
        fs::create_dir(&cluster).unwrap();
        let only = |bin: &Path| ProgramSearch {
            only: Some(bin.to_owned()),
            path: Vec::new(),
        };
        let new = only(&installation(folder.path(), "99.1"));
        assert_eq!(Programs::find(&new, &cluster).unwrap().major, 99);
        fs::write(cluster.join("PG_VERSION"), "98\n").unwrap();
        let refusal = Programs::find(&new, &cluster).unwrap_err().to_string();
        assert!(
            refusal.contains("made by PostgreSQL 98, and only 99 is installed"),
            "{refusal}"
        );
    }

    #[test]
    fn a_version_that_is_too_old_is_not_an_installation() {
        let folder = tempfile::tempdir().unwrap();
        let old = installation(folder.path(), "13.9");
        let search = ProgramSearch {
            only: Some(old),
            path: Vec::new(),
        };
        let refusal = Programs::find(&search, &folder.path().join("postgres"));
        assert!(matches!(refusal, Err(EmbeddedError::NoPrograms)));
    }
}
