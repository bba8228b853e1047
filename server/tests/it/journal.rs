//! The journal proven, exported and pruned, by the built program.

use std::io::{Read as _, Write as _};

use model::Clock;
use serde_json::Value;
use store::{ChainKey, Settings, Store};

use crate::commands::{ADMISSION, Desk, receive, receive_in};
use crate::site::{EVERYTHING, ids, told};

const UPDATE: &str = "MSH|^~\\&|EMR|HOSP|DB|DB|20260102080000+0000||ADT^A08|GOOD2|P|2.5.1\r\
    EVN|A08|20260102080000+0000\rPID|1||4711^^^EMR^MR||||||||1 Elm St^^Springfield\r";

async fn unguarded(desk: &Desk, sql: &str) {
    let sql = format!("set session_replication_role = replica; {sql}");
    desk.site.execute(&sql).await;
}

#[tokio::test]
async fn exported_heads_show_a_cut_tail_and_a_chain_that_is_gone() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    receive(&desk.site, &[ADMISSION, UPDATE]).await;
    receive(&desk.site, &[&UPDATE.replace("GOOD2", "GOOD3")]).await;
    let heads = desk.file("heads.jsonl");
    let told = desk.values(&["journal", "heads", "--out", &heads]).await;
    assert_eq!(told[0]["journal"], 2);
    let printed = desk.lines(&["journal", "heads"]).await;
    assert!(
        printed[0].contains("\"drawbridge\":\"heads\""),
        "{printed:?}"
    );
    let verify = ["journal", "verify", "--heads", heads.as_str()];
    let report = desk.values(&verify).await.remove(0);
    assert_eq!(
        (&report["first_broken"], &report["trail"]["first_broken"]),
        (&Value::Null, &Value::Null)
    );
    let broken = async || {
        let output = desk.command(&verify).arg("--json").output().await.unwrap();
        assert_eq!(output.status.code(), Some(1));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["first_broken"]["what"].as_str().unwrap().to_owned()
    };
    unguarded(
        &desk,
        "delete from journal where id = (select max(id) from journal where seq = 2)",
    )
    .await;
    desk.lines(&["journal", "verify"]).await;
    assert_eq!(broken().await, "tail");
    unguarded(
        &desk,
        "delete from journal where seq = 1 and control_id = 'GOOD1'",
    )
    .await;
    assert_eq!(broken().await, "missing");

    // A file of heads that somebody changed proves nothing.
    let text = std::fs::read_to_string(&heads).unwrap();
    std::fs::write(&heads, text.replace("\"seq\":2", "\"seq\":1")).unwrap();
    let talk = desk.refused(&verify, 1).await;
    assert!(talk.contains("not as it was written"), "{talk}");
    std::fs::write(desk.data.path().join("chain.key"), "08".repeat(32)).unwrap();
    let talk = desk.refused(&verify, 1).await;
    assert!(talk.contains("another key"), "{talk}");
}

#[tokio::test]
async fn the_trail_is_held_against_its_heads_too() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    receive(&desk.site, &[ADMISSION]).await;
    let heads = desk.file("heads.jsonl");
    desk.lines(&["journal", "heads", "--out", &heads]).await;
    unguarded(&desk, "delete from audit").await;
    desk.lines(&["journal", "verify"]).await;
    let verify = ["journal", "verify", "--heads", heads.as_str()];
    desk.refused(&verify, 1).await;
}

/// The lines of an archive.
fn lines_of(file: &str) -> Vec<String> {
    let mut text = String::new();
    let file = std::fs::File::open(file).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text.lines().map(str::to_owned).collect()
}

fn rewrite(file: &str, lines: &[String]) {
    let out = std::fs::File::create(file).unwrap();
    let mut out = flate2::write::GzEncoder::new(out, flate2::Compression::fast());
    for line in lines {
        writeln!(out, "{line}").unwrap();
    }
    out.finish().unwrap();
}

#[tokio::test]
async fn an_archive_is_proven_by_the_key_alone() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    receive(&desk.site, &[ADMISSION, UPDATE]).await;
    receive(&desk.site, &[&UPDATE.replace("GOOD2", "GOOD3")]).await;
    let file = desk.file("2026.jsonl.gz");
    let export = ["journal", "export", "--archive", file.as_str()];
    let told = desk.values(&export).await.remove(0);
    assert_eq!(
        (&told["entries"], &told["first_broken"]),
        (&3.into(), &Value::Null)
    );
    desk.refused(&export, 1).await;
    let of_nobody = ["journal", "export", "--interface", "nobody", "--out", "x"];
    desk.refused(&of_nobody, 1).await;
    desk.refused(&["journal", "export"], 2).await;

    // No database is asked: there is none under that name.
    let verify = async || {
        let mut command = desk.command(&["journal", "verify", "--json", "--file", &file]);
        command.env("DATABASE_URL", "postgres://127.0.0.1:1/nowhere");
        let output = command.output().await.unwrap();
        let report = serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default();
        (output.status.code(), report)
    };
    let (code, report) = verify().await;
    assert_eq!(
        (code, &report["entries"], &report["ending"]),
        (Some(0), &3.into(), &"whole".into())
    );
    let lines = lines_of(&file);
    assert!(lines[1].contains("\"control_id\":\"GOOD1\""));

    let what = |report: &Value| report["first_broken"]["what"].clone();
    let changed = |n: usize, from: &str, to: &str| {
        let mut lines = lines.clone();
        assert!(lines[n].contains(from), "{}", lines[n]);
        lines[n] = lines[n].replace(from, to);
        rewrite(&file, &lines);
    };
    let raw = lines[2].split("\"raw\":\"").nth(1).unwrap();
    changed(2, raw.get(..20).unwrap(), "AAAAAAAAAAAAAAAAAAAA");
    let (code, report) = verify().await;
    assert_eq!((code, what(&report)), (Some(1), "bytes".into()));
    changed(2, "\"seq\":2", "\"seq\":3");
    assert_eq!(what(&verify().await.1), "gap");
    changed(2, "\"control_id\":\"GOOD2\"", "\"control_id\":\"OTHER\"");
    let (code, report) = verify().await;
    assert_eq!((code, &report["ending"]), (Some(1), &"forged".into()));

    let without = |gone: &[usize]| {
        let kept = lines.iter().enumerate();
        let kept = kept.filter(|(n, _)| !gone.contains(n));
        let kept: Vec<String> = kept.map(|(_, line)| line.clone()).collect();
        rewrite(&file, &kept);
    };
    without(&[2]);
    assert_eq!(what(&verify().await.1), "tail");
    without(&[3]);
    assert_eq!(what(&verify().await.1), "missing");
    without(&[lines.len() - 1]);
    let (code, report) = verify().await;
    assert_eq!((code, &report["ending"]), (Some(1), &"cut".into()));
    // Half a file, as a full disk leaves it.
    rewrite(&file, &lines);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, bytes.get(..bytes.len() / 2).unwrap()).unwrap();
    assert_eq!(verify().await.0, Some(1));
    std::fs::write(&file, "nothing of ours").unwrap();
    assert_eq!(verify().await.0, Some(1));
}

#[tokio::test]
async fn an_archive_of_a_part_is_proven_from_the_middle_of_its_chain() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    receive(&desk.site, &[ADMISSION]).await;
    let listed = desk.values(&["journal", "list"]).await;
    let first = listed[0]["received_at"].as_str().unwrap().to_owned();
    unguarded(
        &desk,
        "update journal set id = id - (3600000::bigint << 22)",
    )
    .await;
    let file = desk.file("part.jsonl.gz");
    let export = ["journal", "export", "--archive", &file, "--until", &first];
    let told = desk.values(&export).await.remove(0);
    assert_eq!(told["entries"], 1);
    let rest = desk.file("rest.jsonl.gz");
    receive(&desk.site, &[UPDATE]).await;
    // One chain over both, as one process would have written it.
    let export = ["journal", "export", "--archive", &rest, "--since", &first];
    let told = desk.values(&export).await.remove(0);
    assert_eq!(told["entries"], 1);
    for file in [&file, &rest] {
        desk.lines(&["journal", "verify", "--file", file]).await;
    }
}

/// What a command about retention says of February 2024, with a policy of so many years.
pub(crate) async fn february(desk: &Desk, args: &[&str], years: &str) -> Option<Value> {
    let mut command = desk.command(&[&["journal", "retention"], args, &["--json"]].concat());
    command.env("DRAWBRIDGE__JOURNAL__RETENTION_YEARS", years);
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut values = text.lines().map(|line| serde_json::from_str(line).unwrap());
    values.find(|value: &Value| value["month"] == "2024-02")
}

/// A store whose clock stands in February 2024.
pub(crate) async fn long_ago(desk: &Desk) -> Store {
    let settings = Settings {
        clock: Clock::fixed("2024-02-10T08:00:00Z".parse().unwrap()),
        ..Settings::new(desk.site.url.as_str(), ChainKey::new([7; 32]))
    };
    Store::open(&settings).await.unwrap()
}

/// The part of that name in `$lineage`, for the element of that path.
fn part(lineage: &Value, path: &str, name: &str) -> Value {
    let all = lineage["parameter"].as_array().unwrap();
    let element = all.iter().find(|it| it["part"][0]["valueString"] == path);
    let parts = element.unwrap()["part"].as_array().unwrap();
    let found = parts.iter().find(|part| part["name"] == name);
    found.cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_month_is_kept_for_its_years_and_while_a_hold_stands() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let admission = ADMISSION.replace("20260101", "20240210");
    receive_in(&long_ago(&desk).await, &[&admission]).await;
    let mut none = desk.command(&["journal", "retention", "show"]);
    none.env("DRAWBRIDGE__JOURNAL__RETENTION_YEARS", "0");
    assert_eq!(none.output().await.unwrap().status.code(), Some(2));
    let shown = february(&desk, &["show"], "50").await.unwrap();
    assert_eq!(
        (&shown["fate"], &shown["until"]),
        (&"kept".into(), &"2074-03-01".into())
    );
    desk.refused(&["journal", "hold", "add", "--reason", " "], 2)
        .await;
    let hold = ["journal", "hold", "add", "--reason", "case 12"];
    let id = desk.values(&hold).await.remove(0)["id"].to_string();
    let shown = february(&desk, &["show"], "2").await.unwrap();
    assert_eq!(shown["fate"], "held");
    assert_eq!(february(&desk, &["apply"], "2").await, None);
    let lift = ["journal", "hold", "remove", &id, "--reason", "settled"];
    desk.lines(&lift).await;
    desk.refused(&lift, 1).await;
    let holds = desk.values(&["journal", "hold", "list"]).await;
    assert_eq!(
        (&holds[0]["reason"], &holds[0]["lifted_why"]),
        (&"case 12".into(), &"settled".into())
    );
    let shown = february(&desk, &["show"], "2").await.unwrap();
    assert_eq!(shown["fate"], "due");
}

#[tokio::test]
async fn a_hold_reaches_something_and_is_lifted_in_the_trail_of_its_tenant() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let own = "insert into tenant (id, name) values (2, 'other')";
    desk.site.execute(own).await;
    let early = "2026-01-01T00:00:00Z";
    let add = [
        "journal", "hold", "add", "--reason", "case 12", "--tenant", "other",
    ];
    let bounds = ["--since", early, "--until", early];
    let talk = desk.refused(&[&add[..], &bounds].concat(), 2).await;
    assert!(talk.contains("reaches nothing"), "{talk}");
    let id = desk.values(&add).await.remove(0)["id"].to_string();
    let lift = ["journal", "hold", "remove", &id, "--reason", "settled"];
    desk.lines(&lift).await;
    let said = "select count(*) from audit a join tenant t on t.id = a.tenant
        where interaction = 'hold' and t.name = 'other'";
    assert_eq!(desk.site.number(said).await, 2);
}

#[tokio::test]
async fn charts_do_not_rest_on_months_that_retention_dropped() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let admission = ADMISSION.replace("20260101", "20240210");
    receive_in(&long_ago(&desk).await, &[&admission]).await;
    let heads = desk.file("heads.jsonl");
    desk.lines(&["journal", "heads", "--out", &heads]).await;
    let rehearsed = february(&desk, &["apply", "--dry-run"], "2").await.unwrap();
    assert_eq!(rehearsed["what"], "would be dropped");
    let dropped = february(&desk, &["apply"], "2").await.unwrap();
    assert_eq!(
        (&dropped["what"], &dropped["entries"]),
        (&"dropped".into(), &1.into())
    );
    let shown = february(&desk, &["show"], "2").await.unwrap();
    assert_eq!(
        (&shown["fate"], &shown["policy"]),
        (&"dropped".into(), &"kept for 2 years".into())
    );
    assert_eq!(desk.site.number("select count(*) from journal").await, 0);
    let said = "select count(*) from audit where interaction = 'retention' and actor_kind = 'o'";
    assert_eq!(desk.site.number(said).await, 1);

    let token = desk.site.token(EVERYTHING).await;
    let (_, before) = told(desk.site.get("/fhir/Encounter", &token)).await;
    receive(&desk.site, &[UPDATE]).await;
    let (_, after) = told(desk.site.get("/fhir/Encounter", &token)).await;
    assert_eq!(before["entry"], after["entry"]);
    let (_, found) = told(desk.site.get("/fhir/Patient", &token)).await;
    let patient = &found["entry"][0]["resource"];
    assert_eq!(ids(&found).len(), 1);
    assert_eq!(patient["name"][0]["family"], "Made");
    assert_eq!(patient["address"][0]["city"], "Springfield");
    let id = patient["id"].as_str().unwrap();
    let path = format!("/fhir/Patient/{id}/$lineage");
    let (_, lineage) = told(desk.site.get(&path, &token)).await;
    assert_eq!(
        part(&lineage, "Patient.name", "messageKept")["valueBoolean"],
        false
    );
    assert_eq!(
        part(&lineage, "Patient.address", "messageKept"),
        Value::Null
    );
    let report = desk
        .values(&["journal", "verify", "--heads", &heads])
        .await
        .remove(0);
    assert_eq!(
        (&report["dropped"], &report["entries"]),
        (&1.into(), &1.into())
    );
}

#[tokio::test]
async fn migrate_gives_a_named_role_what_a_server_needs() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let migrate = async |role: &str| {
        let mut command = desk.command(&["migrate", "--json"]);
        let output = command.env("DRAWBRIDGE__DATABASE__ROLE", role).output();
        output.await.unwrap()
    };
    assert_eq!(migrate("nobody_at_all").await.status.code(), Some(1));
    desk.site
        .execute(
            "do $$ begin create role drawbridge_test_server login;
            exception when duplicate_object or unique_violation then null; end $$",
        )
        .await;
    let told = migrate("drawbridge_test_server").await;
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["granted_to"], "drawbridge_test_server");
    let url = desk
        .site
        .url
        .replace("postgres@", "drawbridge_test_server@");
    // All of a message's way in, under that role.
    let settings = Settings::new(url.as_str(), ChainKey::new([7; 32]));
    let store = Store::open(&settings).await.unwrap();
    receive_in(&store, &[ADMISSION, UPDATE]).await;
    let applied = "select count(*) from applied where disposition = 'applied'";
    assert_eq!(desk.site.number(applied).await, 2);
    let own = "select count(*) from pg_class where relowner = 'drawbridge_test_server'::regrole";
    assert_eq!(desk.site.number(own).await, 0);
    let id = desk.values(&["journal", "list"]).await[0]["id"].to_string();
    let expunge = ["journal", "expunge", &id, "--reason", "made up"];
    let output = desk.command(&expunge).env("DATABASE_URL", &url).output();
    assert!(output.await.unwrap().status.success());
    for args in [&["migrate"][..], &["journal", "verify"]] {
        let output = desk.command(args).env("DATABASE_URL", &url).output().await;
        assert!(output.unwrap().status.success(), "{args:?}");
    }
}

/// The clock of a store moves when a test says so.
fn stand_at(store: &Store, time: &str) {
    let Clock::Fixed(micros) = store.clock() else {
        unreachable!()
    };
    let time: model::Timestamp = time.parse().unwrap();
    micros.store(time.as_microsecond(), std::sync::atomic::Ordering::Relaxed);
}

#[tokio::test]
async fn a_server_drops_what_is_over_at_its_start_and_each_day_and_keeps_what_is_held() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let store = long_ago(&desk).await;
    for (day, id) in [
        ("2024-02-10", "GOOD1"),
        ("2024-03-10", "GOOD2"),
        ("2024-04-10", "GOOD3"),
    ] {
        let iso = format!("{day}T08:00:00Z");
        let day = day.replace('-', "");
        stand_at(&store, &iso);
        store.ensure_partitions().await.unwrap();
        let admission = ADMISSION.replace("20260101", &day).replace("GOOD1", id);
        receive_in(&store, &[&admission]).await;
    }
    let hold = "select place_hold(null, '2024-03-05Z', '2024-03-06Z', 'case 12')";
    desk.site.execute(hold).await;
    let journal = server::config::JournalConfig {
        retention_years: Some(2),
        ..server::config::JournalConfig::default()
    };
    let stop = tokio_util::sync::CancellationToken::new();
    stand_at(&store, "2026-03-01T00:30:00Z");
    store.ensure_partitions().await.unwrap();
    let every = std::time::Duration::from_millis(20);
    let chores = server::chores::run(store.clone(), journal, every, stop.clone());
    let chores = tokio::spawn(chores);
    // Their numbers in a row: 2 of February, 24 of February and April.
    let months = "select coalesce(string_agg(extract(month from month)::text, '' order by month), '0')::bigint
        from dropped_month where n_entries <> 0";
    until(&desk, months, 2).await;
    // April's time is over on May 1: not a day before, and then without a restart.
    stand_at(&store, "2026-04-30T23:30:00Z");
    tokio::time::sleep(every * 10).await;
    assert_eq!(desk.site.number(months).await, 2);
    stand_at(&store, "2026-05-01T00:30:00Z");
    until(&desk, months, 24).await;
    stop.cancel();
    chores.await.unwrap();
    assert_eq!(desk.site.number("select count(*) from journal").await, 1);
    let of_march = "select count(*) from journal where control_id = 'GOOD2'";
    assert_eq!(desk.site.number(of_march).await, 1);
    let said = "select count(*) from audit where interaction = 'retention' and actor_kind = 's'
        and request in ('journal of 2024-02-01: kept for 2 years', 'journal of 2024-04-01: kept for 2 years')";
    assert_eq!(desk.site.number(said).await, 2);
}

async fn until(desk: &Desk, sql: &str, expected: i64) {
    for _ in 0..1000 {
        if desk.site.number(sql).await == expected {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(desk.site.number(sql).await, expected);
}
