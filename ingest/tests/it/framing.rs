//! Frames as real senders cut, glue and spoil them: engines are known to lose or merge messages in
//! each of these cases.

use std::time::Duration;

use crate::support::{World, a01, frame};

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_may_come_byte_by_byte() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    for byte in frame(a01("M1", "77")) {
        sender.write([byte]).await;
    }
    assert_eq!(sender.answer().await.says(), ("AA", "M1"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trailer_may_come_in_two_packets() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let framed = frame(a01("M1", "77"));
    let (first, last) = framed.split_at(framed.len() - 1);
    sender.write(first).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    sender.write(last).await;
    assert_eq!(sender.answer().await.says(), ("AA", "M1"));
    assert_eq!(world.interface.counters.short_trailers.get(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_does_not_wait_is_answered_in_order() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let n = 500;
    let frames: Vec<u8> = (0..n)
        .flat_map(|n| frame(a01(&format!("M{n}"), &format!("{}", n % 7))))
        .collect();
    // In the middle of it, something that is refused at once must wait for its turn.
    let junk = [frames, frame("hello"), frame(a01("LAST", "1"))].concat();
    sender.write(junk).await;
    for n in 0..n {
        assert_eq!(
            sender.answer().await.says(),
            ("AA", format!("M{n}").as_str())
        );
    }
    assert_eq!(sender.answer().await.code, "AR");
    assert_eq!(sender.answer().await.says(), ("AA", "LAST"));
    assert_eq!(world.count("select count(*) from journal").await, n + 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn small_deviations_are_answered_aa_and_counted() {
    let Some(world) = World::new().await else {
        return;
    };
    let counters = &world.interface.counters;
    let mut sender = world.sender().await;
    let unended = a01("M1", "77");
    let unended = unended.trim_end_matches('\r');
    assert_eq!(sender.send(unended).await.says(), ("AA", "M1"));
    assert_eq!(counters.unended.get(), 1);
    assert_eq!(
        sender
            .send(a01("M2", "77").replace('\r', "\n"))
            .await
            .says(),
        ("AA", "M2")
    );
    assert_eq!(counters.lf.get(), 1);
    assert_eq!(
        sender
            .send(a01("M3", "77").replace('\r', "\r\n"))
            .await
            .says(),
        ("AA", "M3")
    );
    assert_eq!(counters.crlf.get(), 1);
    let marked = format!("\u{feff}{}", a01("M4", "77"));
    assert_eq!(sender.send(marked).await.says(), ("AA", "M4"));
    assert_eq!(counters.byte_order_marks.get(), 1);
    sender.write("\r\n\r\n").await;
    assert_eq!(sender.send(a01("M5", "77")).await.says(), ("AA", "M5"));
    assert_eq!(counters.stray_bytes.get(), 4);
    sender.write("junk").await;
    assert_eq!(sender.send(a01("M6", "77")).await.says(), ("AA", "M6"));
    assert_eq!(counters.stray_bytes.get(), 8);
    let inner = a01("M7", "77").replace("Elm", "E\x1Clm");
    assert_eq!(sender.send(inner).await.says(), ("AA", "M7"));
    assert_eq!(counters.inner_trailers.get(), 1);
    sender.write(frame("")).await;
    assert_eq!(sender.send(a01("M8", "77")).await.says(), ("AA", "M8"));
    assert_eq!(counters.frames_empty.get(), 1);
    assert_eq!(world.count("select count(*) from journal").await, 8);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trailer_without_its_cr_is_accepted_after_a_short_grace() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    sender.write(format!("\x0B{}\x1C", a01("M1", "77"))).await;
    assert_eq!(sender.answer().await.says(), ("AA", "M1"));
    sender.write(format!("\x0B{}\x1C\n", a01("M2", "77"))).await;
    assert_eq!(sender.answer().await.says(), ("AA", "M2"));
    sender
        .write(format!(
            "\x0B{}\x1C\x0B{}\x1C\r",
            a01("M3", "77"),
            a01("M4", "77")
        ))
        .await;
    assert_eq!(sender.answer().await.says(), ("AA", "M3"));
    assert_eq!(sender.answer().await.says(), ("AA", "M4"));
    assert_eq!(world.interface.counters.short_trailers.get(), 3);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_frame_is_never_merged_with_the_next_one() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let cut = "\x0BMSH|^~\\&|HCHB|AGENCY|||20240110||ADT^A01|CUT|P|2.5.1\rPID|1||66^^^AGENCY";
    sender
        .write([cut.as_bytes(), &frame(a01("M1", "77"))].concat())
        .await;
    assert_eq!(sender.answer().await.says(), ("AA", "M1"));
    assert!(sender.is_silent().await);
    assert_eq!(world.count("select count(*) from journal").await, 1);
    let kept: Vec<u8> = world.rows("select raw from quarantine", &[]).await[0].get(0);
    assert_eq!(kept, &cut.as_bytes()[1..]);
    assert_eq!(world.interface.counters.fragments.get(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_byte_in_pasted_text_is_content() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let message = a01("M1", "77").replace("Elm", "E\x0Blm \x0BMS");
    assert_eq!(sender.send(&message).await.says(), ("AA", "M1"));
    let raw: Vec<u8> = world.rows("select raw from journal", &[]).await[0].get(0);
    assert_eq!(raw, message.as_bytes());
    assert_eq!(world.interface.counters.inner_starts.get(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_a_frame_is_kept_and_the_connection_closed() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    sender.write(format!("{}\x1C\r", a01("M1", "77"))).await;
    assert_eq!(sender.answer_or_close().await, None);
    assert_eq!(world.interface.counters.closed_unframed.get(), 1);
    assert_eq!(world.count("select count(*) from quarantine").await, 1);
    assert_eq!(world.count("select count(*) from journal").await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_in_the_middle_of_a_frame_leaves_a_fragment() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let framed = frame(a01("M1", "77"));
    sender.write(&framed[..200]).await;
    drop(sender);
    world.until("select count(*) from quarantine", 1).await;
    assert_eq!(world.count("select count(*) from journal").await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_opens_and_closes_is_only_counted() {
    let Some(world) = World::new().await else {
        return;
    };
    drop(world.sender().await);
    let counted = async {
        while world.interface.counters.empty.get() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), counted)
        .await
        .unwrap();
    assert_eq!(world.count("select count(*) from quarantine").await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_closes_its_side_early_still_gets_its_answer() {
    use tokio::io::AsyncWriteExt;
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    sender.write(frame(a01("M1", "77"))).await;
    sender.stream.shutdown().await.unwrap();
    assert_eq!(sender.answer().await.says(), ("AA", "M1"));
    assert_eq!(sender.answer_or_close().await, None);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_messages_in_one_frame_are_two_messages() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    sender
        .write(frame(format!("{}{}", a01("M1", "1"), a01("M2", "2"))))
        .await;
    assert_eq!(sender.answer().await.says(), ("AA", "M1"));
    assert_eq!(sender.answer().await.says(), ("AA", "M2"));
    assert_eq!(world.count("select count(*) from journal").await, 2);
    world.end().await;
}
