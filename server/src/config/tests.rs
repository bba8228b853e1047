use std::path::PathBuf;

use super::*;

/// Loads `file` under `env` the way the program does.
fn load<const N: usize>(file: &str, env: [(&str, &str); N]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drawbridge.toml");
    std::fs::write(&path, file).unwrap();
    let env = Env::from(env);
    Config::load(Sources {
        file: Some(path),
        data: Some(PathBuf::from("/data")),
        env: &env,
    })
}

fn fault<const N: usize>(file: &str, env: [(&str, &str); N]) -> String {
    let message = load(file, env).unwrap_err().to_string();
    assert!(!message.contains('\n'), "one line: {message}");
    message
}

#[test]
fn no_configuration_listens_on_loopback_and_uses_the_embedded_database() {
    let config = load("", []).unwrap();
    assert_eq!(config.http.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(config.inbound.len(), 1);
    assert_eq!(config.inbound[0].bind.to_string(), "127.0.0.1:2575");
    assert_eq!(config.inbound[0].frame_bytes_max, 64 << 20);
    assert_eq!(config.inbound[0].processing_ids, ["P"]);
    assert_eq!(config.database.external_url().unwrap(), None);
}

#[test]
fn the_documented_example_is_a_valid_configuration() {
    let example = include_str!("../../../docs/drawbridge.example.toml");
    let config = load(example, []).unwrap();
    assert_eq!(config.inbound.len(), 1);
    assert_eq!(config.outbound.len(), 1);
}

#[test]
fn the_documented_example_names_every_key() {
    let example: toml::Table =
        toml::from_str(include_str!("../../../docs/drawbridge.example.toml")).unwrap();
    let section = |path: &[&str]| {
        let root = toml::Value::Table(example.clone());
        let step = |at: toml::Value, key: &&str| {
            let inner = at.get(key).unwrap().clone();
            inner.get(0).cloned().unwrap_or(inner) // a list's first entry speaks for all
        };
        path.iter().fold(root, step)
    };
    for (path, known) in [
        (&[][..], keys_of::<Config>()),
        (&["http"][..], keys_of::<HttpConfig>()),
        (&["http", "tls"][..], keys_of::<ListenerTls>()),
        (&["database"][..], keys_of::<DatabaseConfig>()),
        (&["apply"][..], keys_of::<ApplyConfig>()),
        (&["audit"][..], keys_of::<AuditConfig>()),
        (&["log"][..], keys_of::<LogConfig>()),
        (&["inbound"][..], keys_of::<InboundConfig>()),
        (&["inbound", "tls"][..], keys_of::<ListenerTls>()),
        (&["inbound", "senders"][..], keys_of::<SenderConfig>()),
        (&["outbound"][..], keys_of::<OutboundConfig>()),
        (&["outbound", "tls"][..], keys_of::<OutboundTls>()),
    ] {
        for key in known {
            assert!(
                section(path).get(&key).is_some(),
                "{path:?} {key} is not in the example"
            );
        }
    }
}

/// Every key that a section knows: serde lists them when it meets one that it does not know.
fn keys_of<T: serde::de::DeserializeOwned>() -> Vec<String> {
    let error = toml::from_str::<T>("no-such-key = 1").err().unwrap();
    let (_, known) = layers::unknown_field(error.message()).unwrap();
    known.into_iter().map(str::to_owned).collect()
}

#[test]
fn an_unknown_key_names_the_nearest_known_one_and_its_line() {
    let message = fault("[http]\nbind = \"127.0.0.1:1\"\nbody_byte_max = 5\n", []);
    assert!(
        message.ends_with(
            "drawbridge.toml:3: unknown key `http.body_byte_max` (did you mean `body_bytes_max`?)"
        ),
        "{message}"
    );
    let message = fault("[[inbound]]\nname = \"adt\"\nbnid = \"127.0.0.1:1\"\n", []);
    assert!(
        message.contains(":3: unknown key `inbound[0].bnid` (did you mean `bind`?)"),
        "{message}"
    );
    let message = fault("[htpp]\n", []);
    assert!(
        message.contains("unknown key `htpp` (did you mean `http`?)"),
        "{message}"
    );
}

#[test]
fn an_unknown_key_in_the_environment_names_the_variable() {
    let message = fault("", [("DRAWBRIDGE__HTTP__BNID", "127.0.0.1:1")]);
    assert_eq!(
        message,
        "DRAWBRIDGE__HTTP__BNID: unknown key `http.bnid` (did you mean `bind`?)"
    );
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = "[http]\nbind = \"127.0.0.1:1\"\n[[inbound]]\nname = \"labs\"\n[[outbound]]\nname = \"hchb\"\n";
    let env = [
        ("DRAWBRIDGE__HTTP__BIND", "127.0.0.1:2"),
        ("DRAWBRIDGE__INBOUND__0__CONNECTIONS_MAX", "7"),
        ("DRAWBRIDGE__INBOUND__LABS__PROCESSING_IDS", r#"["P", "T"]"#),
        ("DRAWBRIDGE__OUTBOUND__HCHB__VERSION", "2.5"),
        ("DRAWBRIDGE__OUTBOUND__HCHB__BACKOFF_S", "[1, 2]"),
        ("DATABASE_URL", "postgres://u:p@h/d"),
    ];
    let config = load(file, env).unwrap();
    assert_eq!(config.http.bind.port(), 2);
    assert_eq!(config.inbound[0].connections_max, 7);
    assert_eq!(config.inbound[0].processing_ids, ["P", "T"]);
    assert_eq!(config.outbound[0].version, "2.5");
    assert_eq!(config.outbound[0].backoff_s, [1, 2]);
    assert_eq!(
        config.database.external_url().unwrap().as_deref(),
        Some("postgres://u:p@h/d")
    );
}

#[test]
fn the_default_listener_can_be_moved_by_the_environment_alone() {
    let config = load("", [("DRAWBRIDGE__INBOUND__0__BIND", "127.0.0.1:0")]).unwrap();
    assert_eq!(config.inbound[0].name, "adt");
    assert_eq!(config.inbound[0].bind.port(), 0);
}

#[test]
fn a_listener_off_loopback_needs_tls_or_somebody_who_means_it() {
    let message = fault("", [("DRAWBRIDGE__HTTP__BIND", "0.0.0.0:8080")]);
    assert!(
        message.starts_with("http.bind: 0.0.0.0:8080 is open to the network"),
        "{message}"
    );
    let file = "[[inbound]]\nname = \"adt\"\nbind = \"10.0.0.1:2575\"\n";
    assert!(fault(file, []).starts_with("inbound[0].bind: 10.0.0.1:2575 is open"));
    load(&format!("{file}insecure = true\n"), []).unwrap();
    load(
        &format!("{file}tls = {{ cert = \"c\", key = \"k\" }}\n"),
        [],
    )
    .unwrap();
    let file = "[[outbound]]\nname = \"hchb\"\nconnect = \"emr.example.org:2576\"\n";
    assert!(fault(file, []).starts_with("outbound[0].connect: emr.example.org:2576 is off"));
}

#[test]
fn a_password_in_the_file_is_refused_and_one_in_a_file_of_its_own_is_used() {
    let message = fault("[database]\nurl = \"postgres://u:secret@h/d\"\n", []);
    assert!(
        message.contains("database.url: holds a password"),
        "{message}"
    );
    assert!(!message.contains("secret"));
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "s3cret\n").unwrap();
    let file = format!(
        "[database]\nurl = \"postgres://u@h/d\"\npassword_file = \"{}\"\n",
        password.display()
    );
    let config = load(&file, []).unwrap();
    assert_eq!(
        config.database.external_url().unwrap().as_deref(),
        Some("postgres://u:s3cret@h/d")
    );
}

#[test]
fn values_that_cannot_work_are_refused_with_their_place() {
    for (file, start) in [
        (
            "[[inbound]]\nname = \"Adt\"\n",
            "inbound[0].name: must be lower-case",
        ),
        (
            "[[inbound]]\nname = \"a\"\n[[inbound]]\nname = \"a\"\n",
            "inbound[1].name: `a` is named",
        ),
        (
            "[[inbound]]\nname = \"a\"\n[[inbound]]\nname = \"b\"\n",
            "inbound[1].bind: 127.0.0.1:2575",
        ),
        (
            "[[inbound]]\nname = \"a\"\nzone = \"Chicago\"\n",
            "inbound[0].zone: `Chicago`",
        ),
        (
            "[[inbound]]\nname = \"a\"\ncharset = \"klingon\"\n",
            "inbound[0].charset: `klingon`",
        ),
        (
            "[[outbound]]\nname = \"a\"\npatient_id_format = \"(\"\n",
            "outbound[0].patient_id_format",
        ),
        (
            "[http]\nbody_bytes_max = 0\n",
            "http.body_bytes_max: must be at least 1",
        ),
    ] {
        let message = fault(file, []);
        assert!(message.starts_with(start), "{message}");
    }
    assert!(fault("[http]\nbind = 5\n", []).contains("drawbridge.toml:2: http.bind: "));
    assert!(fault("[http\n", []).contains("drawbridge.toml:1: "));
    assert!(
        fault("", [("DRAWBRIDGE__HTTP__INSECURE", "yes")])
            .starts_with("DRAWBRIDGE__HTTP__INSECURE: ")
    );
}

#[test]
fn what_config_show_prints_can_be_read_back() {
    let config = load("", [("DATABASE_URL", "postgres://u:secret@h/d")]).unwrap();
    let shown = config.redacted().unwrap();
    assert!(!shown.contains("secret"));
    load(&shown.replace(":***", ""), []).unwrap();
}
