//! The matching of patients, over sockets: linked by itself where nothing speaks against it, asked about
//! where something does.

use std::sync::Arc;

use fhir::ResourceType;
use ingest::{Expunging, InterfaceSettings, Mode, expunge};
use model::{JournalId, Tenant};
use serde_json::Value;

use crate::support::{World, a01};

/// An admission as another source would send it.
fn told_by(authority: &str, control_id: &str, mrn: &str, pid: &str) -> String {
    format!(
        "MSH|^~\\&|EMR|{authority}|BRIDGE|HOUSE|20240110080000||ADT^A01^ADT_A01|{control_id}|P|2.5.1\r\
         EVN|A01|20240110080000\r\
         PID|1||{mrn}^^^{authority}^MR||{pid}\r\
         PV1|1|I|WEST{}V{mrn}^^^{authority}^VN\r",
        "|".repeat(16)
    )
}

const BERTA: &str =
    "Okonkwo^Berta^Q||19500412|F|||12 Elm St^^Springfield^IL^62701||2175550142||||||123121234";
/// The same family, address and birth date, another given name.
const TWIN: &str = "Okonkwo^Clara^R||19500412|F|||12 Elm St^^Springfield^IL^62701||2175550142";

async fn patients(world: &World) -> Vec<Value> {
    world.resources(ResourceType::Patient).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_of_two_sources_is_linked_and_a_twin_is_not() {
    let Some(world) = World::matching().await else {
        return;
    };
    let mut sender = world.sender().await;
    sender.send(told_by("NORTH", "M1", "1", BERTA)).await;
    let answer = sender.send(told_by("SOUTH", "M2", "900", BERTA)).await;
    world.applied(&answer).await;
    world.until("select count(*) from person", 2).await;
    let subjects: Vec<_> = world.resources(ResourceType::Encounter).await;
    assert_eq!(subjects[0]["subject"], subjects[1]["subject"]);
    let answer = sender.send(told_by("WEST", "M3", "77", TWIN)).await;
    world.applied(&answer).await;
    world.until("select count(*) from match_pending", 0).await;
    assert_eq!(world.count("select count(*) from person").await, 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_be_somebody_known_is_staged_until_a_person_decides() {
    let Some(world) = World::matching().await else {
        return;
    };
    let mut sender = world.sender().await;
    // One source keeps two records: it says that they are two, so nobody but a person says otherwise.
    sender.send(told_by("NORTH", "M1", "1", BERTA)).await;
    let answer = sender.send(told_by("NORTH", "M2", "2", BERTA)).await;
    world.applied(&answer).await;
    let open = "select count(*) from review
        where kind = 'possible-duplicate' and decided_at is null";
    world.until(open, 1).await;
    let tagged = |it: &&Value| {
        let tags = it["meta"]["tag"].as_array().unwrap();
        tags.iter().any(|tag| tag["code"] == "staging")
    };
    assert_eq!(patients(&world).await.iter().filter(tagged).count(), 1);
    assert_eq!(world.count("select count(*) from person").await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_match_waits_for_a_lane_no_transaction_holds_the_change_feed_back() {
    let Some(world) = World::matching().await else {
        return;
    };
    let mut sender = world.sender().await;
    sender.send(told_by("NORTH", "M1", "1", BERTA)).await;
    world.until("select count(*) from feature", 1).await;
    world.until("select count(*) from match_pending", 0).await;
    // Her lane is in other hands: the match that follows has to wait for it.
    let lane = "('x' || left(replace(entity::text, '-', ''), 16))::bit(64)::bigint";
    let lock =
        format!("select pg_advisory_lock({lane}) from (select entity from feature limit 1) f");
    world.sql.execute(&lock, &[]).await.unwrap();
    sender.send(told_by("SOUTH", "M2", "900", BERTA)).await;
    let waiting = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = current_database() and locktype = 'advisory' and not granted";
    world.until(waiting, 1).await;
    let with_xid = "select count(*) from pg_stat_activity
        where datname = current_database() and backend_xid is not null";
    world.until(with_xid, 0).await;
    assert_eq!(world.count(waiting).await, 1);
    world.rows("select pg_advisory_unlock_all()", &[]).await;
    world.until("select count(*) from person", 2).await;
    world.until("select count(*) from match_pending", 0).await;
    world.end().await;
}

/// Who compares waits for lanes: whoever has these and waited for it would wait for ever.
#[tokio::test(flavor = "multi_thread")]
async fn who_takes_a_message_out_waits_for_the_comparer_before_it_takes_lanes() {
    let Some(world) = World::new().await else {
        return;
    };
    let answer = world.sender().await.send(a01("M1", "1")).await;
    world.applied(&answer).await;
    let turn = "hashtext('drawbridge.matching'), (select min(id) from tenant)";
    let hold = format!("select pg_advisory_lock({turn})");
    world.rows(&hold, &[]).await;
    let key = world.store.tenants().await.unwrap()[0].identity_key.clone();
    let settings = InterfaceSettings::new("adt", Tenant::DEFAULT, Arc::default());
    let site = Expunging {
        store: &world.store,
        tenant: Tenant::DEFAULT,
        key: &key,
        settings: &|_| &settings,
    };
    let id = JournalId(answer.own_id.parse().unwrap());
    let watched = async {
        // Locks of two parts are the comparer's and others'; lanes have one.
        let locks = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
            where d.datname = current_database() and locktype = 'advisory'";
        world.until(&format!("{locks} and not granted"), 1).await;
        let lanes = format!("{locks} and granted and objsubid = 1");
        assert_eq!(world.count(&lanes).await, 0);
        world.rows("select pg_advisory_unlock_all()", &[]).await;
    };
    let expunged = expunge(&site, id, "another patient's", Mode::Do, || ());
    let (expunged, ()) = tokio::join!(expunged, watched);
    assert_eq!(expunged.unwrap().messages, [id]);
    world.end().await;
}
