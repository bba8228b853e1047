//! What can't be applied is set aside after a bounded number of tries; its neighbours are not.

use crate::support::{World, a01, adt, frame};

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
