use proptest::prelude::*;

use super::*;

fn utc() -> TimeZone {
    TimeZone::UTC
}

fn new_york() -> TimeZone {
    TimeZone::get("America/New_York").unwrap()
}

#[test]
fn precision_and_zone_stay_as_sent() {
    for (sent, precision) in [
        ("1950", Precision::Year),
        ("195002", Precision::Month),
        ("19500228", Precision::Day),
        ("1950022807", Precision::Hour),
        ("195002280705", Precision::Minute),
        ("19500228070500", Precision::Second),
        ("19500228070500.1", Precision::Fraction(1)),
        ("19500228070500.1230", Precision::Fraction(4)),
        ("19500228070500.000000001", Precision::Fraction(9)),
        ("19500228070500-0500", Precision::Second),
        ("19500228+0530", Precision::Day),
        ("195002280705+0000", Precision::Minute),
    ] {
        let dtm = Dtm::parse(sent).unwrap();
        assert_eq!(dtm.precision(), precision, "{sent}");
        assert_eq!(dtm.to_string(), sent);
    }
}

#[test]
fn days_that_do_not_exist_are_refused() {
    for sent in [
        "00000000",
        "19000231",
        "20230229",
        "20240000",
        "20241301",
        "0000",
        "2024010124",
    ] {
        assert_eq!(Dtm::parse(sent), Err(DtmError::NoSuchTime), "{sent}");
    }
    assert!(Dtm::parse("20240229").is_ok());
}

#[test]
fn what_is_no_time_is_refused() {
    for sent in [
        "",
        " ",
        "19",
        "19501",
        "1950010",
        "unknown",
        "1950-01-01",
        "01/02/1950",
        "1950010112345",
        "19500101.5",
        "195001011234.5",
        "19500101123456.",
        "19500101123456.1234567890",
        "１９５０",
        "195001é",
    ] {
        assert!(Dtm::parse(sent).is_err(), "{sent}");
    }
    for sent in [
        "19500101+1",
        "19500101+2500",
        "19500101-0560",
        "19500101+ab00",
    ] {
        assert_eq!(Dtm::parse(sent), Err(DtmError::Offset), "{sent}");
    }
}

#[test]
fn a_final_z_is_utc() {
    assert_eq!(
        Dtm::parse("20240101120000Z").unwrap().offset(),
        Some(Offset::UTC)
    );
}

#[test]
fn the_offset_said_beats_the_zone_given() {
    let dtm = Dtm::parse("20240701120000+0200").unwrap();
    assert_eq!(
        dtm.earliest(&new_york()).unwrap().to_string(),
        "2024-07-01T10:00:00Z"
    );
}

#[test]
fn without_an_offset_the_zone_decides_with_daylight_saving() {
    let instant = |sent| {
        Dtm::parse(sent)
            .unwrap()
            .earliest(&new_york())
            .unwrap()
            .to_string()
    };
    assert_eq!(instant("20240701120000"), "2024-07-01T16:00:00Z");
    assert_eq!(instant("20240115120000"), "2024-01-15T17:00:00Z");
}

#[test]
fn what_was_not_said_is_a_range() {
    let range = |sent| {
        let dtm = Dtm::parse(sent).unwrap();
        let [from, to] = [dtm.earliest(&utc()).unwrap(), dtm.latest(&utc()).unwrap()];
        format!("{from} {to}")
    };
    assert_eq!(
        range("2024"),
        "2024-01-01T00:00:00Z 2024-12-31T23:59:59.999999999Z"
    );
    assert_eq!(
        range("202402"),
        "2024-02-01T00:00:00Z 2024-02-29T23:59:59.999999999Z"
    );
    assert_eq!(
        range("202402291030"),
        "2024-02-29T10:30:00Z 2024-02-29T10:30:59.999999999Z"
    );
    assert_eq!(
        range("20240229103000.12"),
        "2024-02-29T10:30:00.12Z 2024-02-29T10:30:00.129999999Z"
    );
}

#[test]
fn the_edge_of_the_calendar_has_no_end() {
    assert_eq!(Dtm::parse("9999").unwrap().latest(&utc()), None);
}

#[test]
fn a_written_time_carries_its_offset() {
    let at: Timestamp = "2024-07-01T16:00:00.1234Z".parse().unwrap();
    let dtm = Dtm::from_timestamp(at, &new_york());
    assert_eq!(dtm.to_string(), "20240701120000.123-0400");
    assert_eq!(
        dtm.truncated(Precision::Second).to_string(),
        "20240701120000-0400"
    );
}

#[test]
fn a_time_of_day_stands_alone() {
    for sent in ["07", "0705", "070500", "070500.12", "0705-0500"] {
        assert_eq!(Tm::parse(sent).unwrap().to_string(), sent);
    }
    assert_eq!(Tm::parse("2460"), Err(DtmError::NoSuchTime));
    assert!(Tm::parse("").is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[0-9.+-Zé ]{0,26}") {
        if let Ok(dtm) = Dtm::parse(&text) {
            let written = dtm.to_string();
            prop_assert_eq!(Dtm::parse(&written).unwrap(), dtm);
            let from = dtm.earliest(&TimeZone::UTC);
            let to = dtm.latest(&TimeZone::UTC);
            if let (Some(from), Some(to)) = (from, to) {
                prop_assert!(from <= to);
            }
        }
        let _ = Tm::parse(&text);
    }
}
