//! Clients and validators from other ecosystems, installed from their own registries into the user's cache.
//!
//! This crate links none of the product's crates: it speaks HTTP and MLLP to the built program. A
//! client that can't be installed here is skipped aloud.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use anyhow::{Context as _, Result, ensure};

/// A client program that a language's package manager installed.
#[derive(Debug)]
pub struct Client {
    /// The program and what stands before the script.
    command: Vec<OsString>,
    folder: PathBuf,
}

/// Two tests that install at once would break each other's installation.
static INSTALLING: Mutex<()> = Mutex::new(());

impl Client {
    /// A Python interpreter with these PyPI packages (`name==version`).
    pub fn python(packages: &[&str]) -> Result<Self> {
        let _alone = INSTALLING.lock();
        let folder = cache("python")?;
        let program = folder.join("bin/python3");
        if !program.exists() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        }
        run(Command::new(&program)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(packages))?;
        Ok(Self {
            command: vec![program.into()],
            folder,
        })
    }

    /// A Node.js with these npm packages (`name@version`).
    pub fn node(packages: &[&str]) -> Result<Self> {
        let folder = cache("node")?;
        run(Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .args(packages))?;
        Ok(Self {
            command: vec!["node".into()],
            folder,
        })
    }

    /// A Java that runs source files, with what a Maven project in this folder of the crate depends on.
    pub fn java(project: &str) -> Result<Self> {
        let _alone = INSTALLING.lock();
        run(Command::new("javac").arg("-version"))?;
        let folder = cache(project)?;
        let class_path = folder.join("class-path");
        let fetch = |network: &[&str]| {
            let mut maven = Command::new("mvn");
            maven.args(["--quiet", "--batch-mode", "--file"]);
            maven.arg(of_crate(project).join("pom.xml")).args(network);
            let mut to = OsString::from("-Dmdep.outputFile=");
            to.push(&class_path);
            run(maven.arg("dependency:build-classpath").arg(to))
        };
        fetch(&["--offline"]).or_else(|_| fetch(&[]))?;
        let class_path = std::fs::read_to_string(class_path)?;
        Ok(Self {
            command: vec!["java".into(), "--class-path".into(), class_path.into()],
            folder,
        })
    }

    /// Runs a script of this crate with these arguments.
    pub fn run(&self, script: &str, arguments: &[&str]) -> Result<Output> {
        let (program, before) = self.command.split_first().context("no program")?;
        let mut command = Command::new(program);
        // Node looks for packages beside the script; NODE_PATH points it at ours.
        command
            .args(before)
            .arg(of_crate(script))
            .args(arguments)
            .env("NODE_PATH", self.folder.join("node_modules"));
        Ok(command.stdin(Stdio::null()).output()?)
    }
}

/// Says aloud that a test could not run here, and why.
#[expect(clippy::print_stderr, reason = "a skipped test is skipped aloud")]
pub fn skip(reason: &anyhow::Error) {
    eprintln!("SKIPPED: {reason:#}");
}

fn of_crate(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[expect(clippy::disallowed_methods, reason = "where the user's cache is")]
fn cache(name: &str) -> Result<PathBuf> {
    let base = std::env::var("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base.or_else(|_| std::env::var("HOME").map(|home| Path::new(&home).join(".cache")));
    let folder = base.context("neither XDG_CACHE_HOME nor HOME is set")?;
    let folder = folder.join("drawbridge/clients").join(name);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("{command:?} can't be started"))?;
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
