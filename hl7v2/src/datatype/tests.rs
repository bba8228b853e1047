use super::*;
use crate::Message;

/// Runs a check over the first repetition of ZZZ-1.
fn with(field: &str, check: impl FnOnce(crate::Repetition<'_>)) {
    let bytes = format!("MSH|^~\\&|||||||A|1\rZZZ|{field}");
    let message = Message::parse(bytes.as_bytes()).unwrap();
    check(message.segment("ZZZ").unwrap().field(1).first());
}

#[test]
fn an_identifier_names_its_authority_and_type() {
    with(
        "00123^7^M10^HCHB&2.16.840.1&ISO^MR^FAC&1.2&ISO^20200101^20301231",
        |id| {
            let cx = Cx::new(id);
            assert_eq!(
                (cx.id().as_ref(), cx.check_digit().as_ref()),
                ("00123", "7")
            );
            assert_eq!(cx.authority().namespace(), "HCHB");
            assert_eq!(cx.authority().universal_id(), "2.16.840.1");
            assert_eq!(cx.authority().universal_id_type(), "ISO");
            assert_eq!(cx.type_code(), "MR");
            assert_eq!(cx.facility().namespace(), "FAC");
            assert_eq!(cx.effective().unwrap().unwrap().to_string(), "20200101");
            assert_eq!(cx.expiration().unwrap().unwrap().to_string(), "20301231");
        },
    );
}

#[test]
fn a_short_identifier_has_empty_parts() {
    with("123", |id| {
        let cx = Cx::new(id);
        assert!(cx.authority().is_empty() && cx.effective().is_none() && !cx.is_empty());
        assert_eq!(cx.type_code(), "");
    });
}

#[test]
fn a_null_part_deletes_that_part_alone() {
    with("123^^^\"\"^MR", |id| {
        let cx = Cx::new(id);
        assert!(!cx.is_null() && cx.is_part_null(4) && !cx.is_part_null(5));
        assert!(cx.authority().is_null());
        assert_eq!(cx.authority().namespace(), "");
    });
}

#[test]
fn a_bad_date_in_a_part_is_told_apart_from_none() {
    with("1^^^^^^00000000^", |id| {
        assert_eq!(Cx::new(id).effective(), Some(Err(DtmError::NoSuchTime)));
        assert_eq!(Cx::new(id).expiration(), None);
    });
}

#[test]
fn a_name_is_read_in_its_parts() {
    with(
        "van Dyke&van&Dyke&de&Vries^Jan^A B^III^Dr^MD^L^^^20100101&20200101^^20100102^20200102",
        |name| {
            let xpn = Xpn::new(name);
            assert_eq!(xpn.family().surname(), "van Dyke");
            assert_eq!(xpn.family().own_surname(), "Dyke");
            assert_eq!(xpn.family().partner_prefix(), "de");
            assert_eq!(
                (xpn.given().as_ref(), xpn.further_given().as_ref()),
                ("Jan", "A B")
            );
            assert_eq!(
                (xpn.suffix().as_ref(), xpn.prefix().as_ref()),
                ("III", "Dr")
            );
            assert_eq!(
                (xpn.degree().as_ref(), xpn.type_code().as_ref()),
                ("MD", "L")
            );
            assert_eq!(
                xpn.validity().start().unwrap().unwrap().to_string(),
                "20100101"
            );
            assert_eq!(
                xpn.validity().end().unwrap().unwrap().to_string(),
                "20200101"
            );
            assert_eq!(xpn.effective().unwrap().unwrap().to_string(), "20100102");
        },
    );
}

#[test]
fn a_doctor_has_an_identifier_and_a_name() {
    with(
        "1234567893^WELBY&&WELBY^MARCUS^T^JR^DR^MD^TBL^NPI&2.16&ISO^L^^^NPI^HOSP",
        |doctor| {
            let xcn = Xcn::new(doctor);
            assert_eq!(
                (xcn.id().as_ref(), xcn.family().surname().as_ref()),
                ("1234567893", "WELBY")
            );
            assert_eq!(
                (xcn.given().as_ref(), xcn.degree().as_ref()),
                ("MARCUS", "MD")
            );
            assert_eq!(xcn.authority().universal_id(), "2.16");
            assert_eq!(
                (xcn.type_code().as_ref(), xcn.id_type_code().as_ref()),
                ("L", "NPI")
            );
            assert_eq!(xcn.facility().namespace(), "HOSP");
        },
    );
}

#[test]
fn an_organization_has_its_newer_identifier_before_the_older() {
    with("HOME HEALTH^L^12^^^NPI&2&ISO^XX^^^900", |xon| {
        assert_eq!(
            (Xon::new(xon).name().as_ref(), Xon::new(xon).id().as_ref()),
            ("HOME HEALTH", "900")
        );
        assert_eq!(Xon::new(xon).authority().namespace(), "NPI");
    });
    with("HOME HEALTH^L^12", |xon| {
        assert_eq!(Xon::new(xon).id(), "12");
    });
}

#[test]
fn an_address_line_is_read_whole_or_in_parts() {
    with(
        "1 MAIN ST&MAIN ST&1^APT 4^DALLAS^TX^75201^USA^H^^DALLAS COUNTY",
        |address| {
            let xad = Xad::new(address);
            assert_eq!(
                (
                    xad.street().line().as_ref(),
                    xad.street().dwelling_number().as_ref()
                ),
                ("1 MAIN ST", "1")
            );
            assert_eq!(
                (xad.other_designation().as_ref(), xad.city().as_ref()),
                ("APT 4", "DALLAS")
            );
            assert_eq!(
                (xad.state().as_ref(), xad.postal_code().as_ref()),
                ("TX", "75201")
            );
            assert_eq!(
                (xad.country().as_ref(), xad.county().as_ref()),
                ("USA", "DALLAS COUNTY")
            );
        },
    );
}

#[test]
fn a_number_is_read_in_every_version() {
    with(
        "(214)555-0100^PRN^PH^a@b.example^1^214^5550100^12^call late^^^+12145550100^^^^^^1",
        |number| {
            let xtn = Xtn::new(number);
            assert_eq!(
                (xtn.number().as_ref(), xtn.unformatted().as_ref()),
                ("(214)555-0100", "+12145550100")
            );
            assert_eq!(
                (xtn.use_code().as_ref(), xtn.equipment().as_ref()),
                ("PRN", "PH")
            );
            assert_eq!(
                (xtn.address().as_ref(), xtn.area_code().as_ref()),
                ("a@b.example", "214")
            );
            assert_eq!(
                (xtn.local_number().as_ref(), xtn.extension().as_ref()),
                ("5550100", "12")
            );
            assert_eq!(
                (xtn.any_text().as_ref(), xtn.preference().as_ref()),
                ("call late", "1")
            );
        },
    );
}

#[test]
fn a_coded_value_gives_every_triplet_that_says_something() {
    with(
        "I50.9^Heart failure^I10^HF^^L^2024^1^the heart^^only words^^^1.2.3",
        |coded| {
            let cwe = Cwe::new(coded);
            let codings = cwe.codings().map(|c| {
                format!(
                    "{}|{}|{}|{}|{}",
                    c.code, c.display, c.system, c.version, c.system_oid
                )
            });
            assert_eq!(
                codings.collect::<Vec<_>>(),
                [
                    "I50.9|Heart failure|I10|2024|1.2.3",
                    "HF||L|1|",
                    "|only words|||"
                ]
            );
            assert_eq!(cwe.original_text(), "the heart");
        },
    );
    with("^^^", |coded| {
        assert_eq!(Cwe::new(coded).codings().count(), 0);
    });
}

#[test]
fn a_place_is_read_from_the_unit_to_the_building() {
    with(
        "TEAM4^12^B^BRANCH&1.2&ISO^O^H^TOWER^3^by the door^ID9&NS",
        |place| {
            let pl = Pl::new(place);
            assert_eq!(pl.point_of_care().namespace(), "TEAM4");
            assert_eq!((pl.room().as_ref(), pl.bed().as_ref()), ("12", "B"));
            assert_eq!(
                (
                    pl.facility().namespace().as_ref(),
                    pl.facility().universal_id().as_ref()
                ),
                ("BRANCH", "1.2")
            );
            assert_eq!(
                (
                    pl.building().namespace().as_ref(),
                    pl.floor().namespace().as_ref()
                ),
                ("TOWER", "3")
            );
            assert_eq!(
                (
                    pl.comprehensive_id().id().as_ref(),
                    pl.comprehensive_id().namespace().as_ref()
                ),
                ("ID9", "NS")
            );
        },
    );
}

#[test]
fn wrapped_base64_is_one_text() {
    with(
        "EMR^AP^PDF^Base64^SGVs\\.br\\bG8g\\X0D0A\\V29y bGQ=",
        |document| {
            let ed = Ed::new(document);
            assert_eq!(
                (ed.source().namespace().as_ref(), ed.data_type().as_ref()),
                ("EMR", "AP")
            );
            assert_eq!(
                (ed.subtype().as_ref(), ed.encoding().as_ref()),
                ("PDF", "Base64")
            );
            assert_eq!(ed.compact_data(), "SGVsbG8gV29ybGQ=");
        },
    );
    with("^TX^^A^salt & pepper", |document| {
        assert_eq!(Ed::new(document).data(), "salt & pepper");
    });
}

#[test]
fn a_structured_number_has_a_comparator() {
    with(">=^1^:^128", |sn| {
        let sn = Sn::new(sn);
        assert_eq!(sn.comparator(), Some(Comparator::GreaterOrEqual));
        assert_eq!(
            (
                sn.first().as_ref(),
                sn.separator_or_suffix().as_ref(),
                sn.second().as_ref()
            ),
            ("1", ":", "128")
        );
    });
    with("about^1", |sn| assert_eq!(Sn::new(sn).comparator(), None));
}

#[test]
fn a_type_nested_deeper_than_expected_reads_its_first_part() {
    with("a&b^c", |value| {
        let nested = Ei::new(value.component(1));
        assert_eq!(
            (nested.id().as_ref(), nested.namespace().as_ref()),
            ("a", "b")
        );
        let deepest = Hd::new(value.component(1).subcomponent(1));
        assert_eq!(
            (
                deepest.namespace().as_ref(),
                deepest.universal_id().as_ref()
            ),
            ("a", "")
        );
        assert!(Hd::of_part(None).is_empty());
    });
}
