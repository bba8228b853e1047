//! The contract's table: what arrives, what is answered, what is kept.

use ingest::Unserved;

use crate::support::{Answer, World, a01, adt, frame};

#[tokio::test(flavor = "multi_thread")]
async fn a_readable_message_is_answered_aa_and_its_bytes_are_in_the_journal() {
    let Some(world) = World::new().await else {
        return;
    };
    let message = a01("M1", "77");
    let answer = world.sender().await.send(&message).await;
    assert_eq!(answer.says(), ("AA", "M1"));
    assert!(
        answer
            .text
            .starts_with("MSH|^~\\&|BRIDGE|HOUSE|HCHB|AGENCY|"),
        "{}",
        answer.text
    );
    assert!(answer.text.contains("||ACK^A01^ACK|"), "{}", answer.text);
    assert!(answer.text.contains("|P|2.5.1\r"), "{}", answer.text);
    let row = &world.rows("select id, raw from journal", &[]).await[0];
    assert_eq!(row.get::<_, i64>(0).to_string(), answer.own_id);
    assert_eq!(row.get::<_, Vec<u8>>(1), message.as_bytes());
    world.applied(&answer).await;
    assert_eq!(world.dispositions().await, ["applied"]);
    world
        .until("select count(*) from ack where code = 'AA'", 1)
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_again_is_answered_again_and_applied_once() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let first = sender.send(a01("M1", "77")).await;
    // Only MSH-7 differs: senders stamp each sending anew.
    let again = a01("M1", "77").replacen("20240110080000", "20240110080107", 1);
    let second = sender.send(again).await;
    assert_eq!(second.says(), ("AA", "M1"));
    assert_ne!(first.own_id, second.own_id);
    world.applied(&first).await;
    assert_eq!(world.dispositions().await, ["applied", "duplicate"]);
    assert_eq!(world.interface.counters.duplicates.get(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_id_used_for_another_content_is_applied_and_reviewed() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    sender.send(a01("M1", "77")).await;
    let answer = sender.send(a01("M1", "78")).await;
    assert_eq!(answer.says(), ("AA", "M1"));
    world
        .until(
            "select count(*) from applied where disposition = 'applied'",
            2,
        )
        .await;
    assert_eq!(
        world
            .count("select count(*) from applied where reused_control_id")
            .await,
        1
    );
    let reviews = "select count(*) from review where kind = 'reused-control-id'";
    assert_eq!(world.count(reviews).await, 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_without_rules_is_kept_as_unrouted() {
    let Some(world) = World::new().await else {
        return;
    };
    let message = a01("M1", "77").replace("ADT^A01^ADT_A01", "ZZZ^Z99");
    let answer = world.sender().await.send(message).await;
    assert_eq!(answer.says(), ("AA", "M1"));
    assert_eq!(world.dispositions().await, ["unrouted"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_without_rules_is_refused_where_that_is_set_and_kept_all_the_same() {
    let Some(world) = World::set(|set| set.unserved = Unserved::Reject).await else {
        return;
    };
    let mut sender = world.sender().await;
    let answer = sender
        .send(a01("M1", "77").replace("ADT^A01^ADT_A01", "ZZZ^Z99"))
        .await;
    assert_eq!(answer.says(), ("AR", "M1"));
    assert!(answer.text.contains("ERR||MSH^1^9|200^"), "{}", answer.text);
    let answer = sender
        .send(a01("M2", "77").replace("ADT^A01^ADT_A01", "ADT^Z99"))
        .await;
    assert_eq!(answer.says(), ("AR", "M2"));
    assert!(answer.text.contains("ERR||MSH^1^9|201^"), "{}", answer.text);
    assert_eq!(world.dispositions().await, ["unrouted", "unrouted"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bytes_for_the_character_set_are_kept_as_they_came() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut message = a01("M1", "77").replace("Berta", "Ren?").into_bytes();
    let at = message.iter().position(|byte| *byte == b'?').unwrap();
    message[at] = 0xE9;
    let answer = world.sender().await.send(&message).await;
    assert_eq!(answer.says(), ("AA", "M1"));
    let raw: Vec<u8> = world.rows("select raw from journal", &[]).await[0].get(0);
    assert_eq!(raw, message);
    assert_eq!(world.interface.counters.charset.get(), 1);
    world.applied(&answer).await;
    let patients = world.resources(fhir::ResourceType::Patient).await;
    assert!(
        patients[0].to_string().contains("Ren\u{e9}"),
        "{}",
        patients[0]
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_for_us_is_refused_with_err_and_quarantined() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let utf16: Vec<u8> = a01("M1", "7")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let cases: [(Vec<u8>, &str, &str); 6] = [
        (b"hello world".to_vec(), "", "ERR|||100^"),
        (b"MSH".to_vec(), "", "ERR||"),
        (a01("", "77").into_bytes(), "", "ERR||MSH^1^10|101^"),
        (utf16, "", "ERR||"),
        (
            a01("M5", "77").replace("|P|", "|D|").into_bytes(),
            "M5",
            "ERR||MSH^1^11|202^",
        ),
        (
            a01("M6", "77").replace("|P|", "||").into_bytes(),
            "M6",
            "ERR||MSH^1^11|202^",
        ),
    ];
    for (n, (message, control_id, err)) in cases.iter().enumerate() {
        let answer = sender.send(message).await;
        assert_eq!(
            answer.says(),
            ("AR", *control_id),
            "case {n}: {}",
            answer.text
        );
        assert!(answer.text.contains(err), "case {n}: {}", answer.text);
        let quarantined = world
            .rows("select raw from quarantine order by id desc", &[])
            .await;
        assert_eq!(quarantined.len(), n + 1);
        assert_eq!(&quarantined[0].get::<_, Vec<u8>>(0), message, "case {n}");
    }
    assert_eq!(world.count("select count(*) from journal").await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_for_somebody_else_is_refused_where_a_receiver_is_set() {
    let world = World::set(|set| set.receiving_application = Some("OTHER".to_owned())).await;
    let Some(world) = world else { return };
    let answer = world.sender().await.send(a01("M1", "77")).await;
    assert_eq!(answer.says(), ("AR", "M1"));
    assert!(answer.text.contains("ERR||MSH^1^5|"), "{}", answer.text);
    assert_eq!(world.count("select count(*) from quarantine").await, 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn training_messages_are_served_where_that_is_set() {
    let world = World::set(|set| set.processing_ids.push("T".to_owned())).await;
    let Some(world) = world else { return };
    let answer = world
        .sender()
        .await
        .send(a01("M1", "77").replace("|P|", "|T|"))
        .await;
    assert_eq!(answer.says(), ("AA", "M1"));
    assert!(answer.text.contains("|T|2.5.1"), "{}", answer.text);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enhanced_mode_says_ca_and_then_aa_when_the_message_was_applied() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let enhanced =
        |id: &str, mode: &str| a01(id, "77").replace("|P|2.5.1\r", &format!("|P|2.5.1|||{mode}\r"));
    let commit = sender.send(enhanced("M1", "AL|AL")).await;
    assert_eq!(commit.says(), ("CA", "M1"));
    let applied = sender.answer().await;
    assert_eq!(applied.says(), ("AA", "M1"));
    assert_ne!(applied.own_id, commit.own_id);
    assert_eq!(world.dispositions().await, ["applied"]);
    // Only the commit is asked for.
    assert_eq!(
        sender.send(enhanced("M2", "AL|NE")).await.says(),
        ("CA", "M2")
    );
    assert!(sender.is_silent().await);
    // On success only the application is.
    assert_eq!(
        sender.send(enhanced("M3", "ER|AL")).await.says(),
        ("AA", "M3")
    );
    // A resend of what was applied long ago.
    assert_eq!(
        sender.send(enhanced("M1", "AL|AL")).await.says(),
        ("CA", "M1")
    );
    assert_eq!(sender.answer().await.says(), ("AA", "M1"));
    // A refusal is a commit's.
    let refused = sender
        .send(enhanced("M4", "AL|AL").replace("|P|", "|X|"))
        .await;
    assert_eq!(refused.says(), ("CR", "M4"));
    world
        .until("select count(*) from ack where code = 'CA'", 3)
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_can_not_be_mapped_is_aa_and_dead_lettered_with_an_alarm() {
    let Some(world) = World::new().await else {
        return;
    };
    let message = "MSH|^~\\&|HCHB|AGENCY|||20240110||ADT^A01|M1|P|2.5.1\rEVN|A01|20240110\r";
    let answer = world.sender().await.send(message).await;
    assert_eq!(answer.says(), ("AA", "M1"));
    world.applied(&answer).await;
    assert_eq!(world.dispositions().await, ["dead"]);
    assert_eq!(
        world
            .count("select count(*) from dead_letter where reason <> ''")
            .await,
        1
    );
    assert_eq!(
        world
            .count("select count(*) from lane where incomplete")
            .await,
        1
    );
    world
        .until("select count(*) from alarm where cleared_at is null", 1)
        .await;
    let reviews = "select count(*) from review where kind = 'no-identifier'";
    assert_eq!(world.count(reviews).await, 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_in_one_frame_gets_one_answer_per_message_in_order() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let batch = format!(
        "FHS|^~\\&|HCHB\rBHS|^~\\&|HCHB\r{}{}{}BTS|3\rFTS|1\r",
        a01("B1", "1"),
        a01("", "2"),
        adt("A08", "B3", "1", "20240111080000"),
    );
    sender.write(frame(batch)).await;
    let answers = sender.answers(3).await;
    let says: Vec<_> = answers.iter().map(Answer::says).collect();
    assert_eq!(says, [("AA", "B1"), ("AR", ""), ("AA", "B3")]);
    assert_eq!(world.count("select count(*) from journal").await, 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_use_the_senders_separators_and_character_set() {
    let Some(world) = World::new().await else {
        return;
    };
    let message = "MSH*@!%$*HCHB*AG*US*HOUSE*20240110**ADT@A01@ADT_A01*M1*P*2.5.1******8859/1\r\
                   EVN*A01*20240110\rPID*1**77@@@AG@MR**Beispiel@Berta\r\
                   PV1*1*I*****************V1\r";
    let mut sender = world.sender().await;
    sender.write(frame(message)).await;
    let answer = sender.answer().await;
    assert!(answer.text.contains("\rMSA*AA*M1"), "{}", answer.text);
    assert!(answer.text.contains("*ACK@A01@ACK*"), "{}", answer.text);
    assert!(answer.text.contains("*8859/1\r"), "{}", answer.text);
    world.end().await;
}
