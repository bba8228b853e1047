//! What can't be applied is set aside after a bounded number of tries; its neighbours are not.

use model::{JournalId, Tenant};
use store::deadletter::{self, Settled};

use crate::merges::{chart, merge, subjects};
use crate::support::{Answer, World, a01, adt, frame};

const INCOMPLETE: &str = "select count(*) from lane where incomplete";
const OPEN: &str = "select count(*) from dead_letter where settled_at is null";

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_message_is_narrowed_down_and_its_neighbours_are_applied() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let answer = sender.send(a01("M0", "66")).await;
    world.applied(&answer).await;
    // Facts that nobody can read: whatever is joined to them fails.
    let spoil = "update fact set body = 'no facts' where kind = 1";
    world.rows(spoil, &[]).await;
    let mut frames = frame(adt("A08", "POISON", "66", "20240111080000"));
    for n in 0..40 {
        frames.extend(frame(a01(&format!("M{n}"), &format!("7{n}"))));
    }
    sender.write(frames).await;
    sender.answers(41).await;
    world
        .until(
            "select count(*) from applied where disposition = 'applied'",
            41,
        )
        .await;
    world
        .until("select count(*) from applied where disposition = 'dead'", 1)
        .await;
    let dead = &world
        .rows("select reason, attempts, diagnostics from dead_letter", &[])
        .await[0];
    assert_eq!(dead.get::<_, String>(0), "poison");
    assert_eq!(dead.get::<_, i16>(1), 3);
    assert_eq!(
        world
            .count("select count(*) from lane where incomplete")
            .await,
        1
    );
    world
        .until("select count(*) from alarm where cleared_at is null", 1)
        .await;
    assert_eq!(world.ingest.applications().dead.get(), 1);
    // The lane goes on: the visit's own facts are sound.
    assert_eq!(world.count("select count(*) from queue").await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_refuses_is_set_aside_too() {
    let Some(world) = World::new().await else {
        return;
    };
    let refuse = "create function refuse() returns trigger language plpgsql as $$
        begin
            if new.body like '%Unspeicherbar%' then
                raise exception 'no' using errcode = 'check_violation';
            end if;
            return new;
        end $$;
        create trigger refuse before insert or update on resource
            for each row execute function refuse()";
    world.sql.batch_execute(refuse).await.unwrap();
    let mut sender = world.sender().await;
    let mut frames = Vec::new();
    for n in 0..20 {
        let message = a01(&format!("M{n}"), &format!("7{n}"));
        let spoiled = message.replace("Beispiel", "Unspeicherbar");
        frames.extend(frame(if n == 7 { spoiled } else { message }));
    }
    sender.write(frames).await;
    sender.answers(20).await;
    world
        .until(
            "select count(*) from applied where disposition = 'applied'",
            19,
        )
        .await;
    world
        .until("select count(*) from dead_letter where reason = 'store'", 1)
        .await;
    // The letter names codes and places, never what stood there.
    let said: String = world.rows("select diagnostics from dead_letter", &[]).await[0].get(0);
    assert!(
        said.contains("23514") && !said.contains("Unspeicherbar"),
        "{said}"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_newer_rules_have_written_is_left_alone() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let answer = sender.send(a01("M1", "66")).await;
    world.applied(&answer).await;
    world.rows("update lane set fold_version = 99", &[]).await;
    sender.send(adt("A08", "M2", "66", "20240111080000")).await;
    let other = sender.send(a01("M3", "77")).await;
    world.applied(&other).await;
    assert_eq!(world.dispositions().await, ["applied", "-", "applied"]);
    world.end().await;
}

/// Two patients, a merge of them that fails every time, and what comes after it.
async fn with_a_poison_merge(world: &World, spoil: &str) -> Answer {
    let mut sender = world.sender().await;
    sender.send(a01("M1", "77")).await;
    let answer = sender.send(a01("M2", "88")).await;
    world.applied(&answer).await;
    world.sql.batch_execute(spoil).await.unwrap();
    let mut frames = frame(merge("POISON", "77", "88", "20240111090000"));
    for (id, mrn) in [("M4", "77"), ("M5", "88"), ("M6", "99")] {
        frames.extend(frame(adt("A08", id, mrn, "20240112090000")));
    }
    sender.write(frames).await;
    let poison = sender.answers(4).await.remove(0);
    world.until(OPEN, 1).await;
    let applied = "select count(*) from applied where disposition = 'applied'";
    world.until(applied, 5).await;
    assert_eq!(world.count(INCOMPLETE).await, 2, "both lanes lack it");
    assert_eq!(world.count("select count(*) from queue").await, 0);
    assert_eq!(world.count("select count(*) from person").await, 0);
    let waited = "select count(*) from applied a, dead_letter d
        where a.disposition = 'applied' and d.at < a.at";
    assert_eq!(
        world.count(waited).await,
        0,
        "nobody waits for its last try"
    );
    poison
}

async fn settle(world: &World, poison: &Answer, how: Settled) {
    let mut tx = world.store.begin(Tenant::DEFAULT).await.unwrap();
    let journal = JournalId(poison.own_id.parse().unwrap());
    assert!(deadletter::settle(&mut tx, journal, how).await.unwrap());
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_that_fails_marks_both_lanes_until_it_is_applied_after_all() {
    let Some(world) = World::new().await else {
        return;
    };
    let refuse = "create function refuse() returns trigger language plpgsql as $$
        begin raise exception 'no' using errcode = 'check_violation'; end $$;
        create trigger refuse before insert on link for each row execute function refuse()";
    let poison = with_a_poison_merge(&world, refuse).await;
    let letter = &world
        .rows("select reason, attempts, diagnostics from dead_letter", &[])
        .await[0];
    assert_eq!(letter.get::<_, String>(0), "store");
    assert_eq!(letter.get::<_, i16>(1), 3);
    assert!(letter.get::<_, String>(2).contains("23514"));
    assert_eq!(subjects(&chart(&world).await).len(), 3, "nobody is merged");

    world
        .sql
        .batch_execute("drop trigger refuse on link")
        .await
        .unwrap();
    settle(&world, &poison, Settled::Retried).await;
    world.until(INCOMPLETE, 0).await;
    assert_eq!(world.count("select count(*) from person").await, 2);
    assert_eq!(subjects(&chart(&world).await).len(), 2, "it is made good");
    let settled = "select count(*) from dead_letter where settled_as = 'retried'";
    assert_eq!(world.count(settled).await, 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_that_fails_again_is_marked_again_and_discarded_leaves_both_lanes_whole() {
    let Some(world) = World::new().await else {
        return;
    };
    // A link that nobody can read: who looks for links of the patient fails.
    let spoil =
        "insert into link (low, high, stated_at, tenant, kind, maker, relation, from_low, source)
        select entity, 'ffffffff-ffff-8fff-bfff-ffffffffffff', now(), tenant, 1, 2, 99, true, 'none'
        from fact where kind = 1 order by entity limit 1";
    let poison = with_a_poison_merge(&world, spoil).await;
    settle(&world, &poison, Settled::Retried).await;
    assert_eq!(world.count(INCOMPLETE).await, 2, "not applied yet");
    world.until(OPEN, 1).await;
    assert_eq!(world.count(INCOMPLETE).await, 2);
    let reason: String = world.rows("select reason from dead_letter", &[]).await[0].get(0);
    assert_eq!(reason, "poison");

    settle(&world, &poison, Settled::Discarded).await;
    assert_eq!(world.count(INCOMPLETE).await, 0);
    assert_eq!(world.dispositions().await[2], "discarded");
    assert_eq!(subjects(&chart(&world).await).len(), 3, "nobody is merged");
    world.end().await;
}
