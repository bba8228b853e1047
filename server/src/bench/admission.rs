//! Admissions of about 740 bytes, each of a patient, visit and diagnosis of its own, with the staff and
//! places of one agency.

/// PID-3 of the `n`-th admission.
pub(super) fn record_number(n: usize) -> String {
    format!("{n:08}")
}

/// The `n`-th admission, under control id `BENCH{n}`.
pub(super) fn admission(n: usize) -> String {
    let (doctor, ward, day) = (n % 20, n % 10, 1 + n % 28);
    format!(
        "MSH|^~\\&|HCHB|BRANCH1|DRAWBRIDGE|APP|202603{day:02}081500-0600||ADT^A01^ADT_A01|BENCH{n}|P|2.5.1\r\
         EVN|A01|202603{day:02}081500-0600||||202603{day:02}080000-0600\r\
         PID|1||{record}^^^HCHB^MR~{ssn:09}^^^SSA^SS||Rivers{family}^Ada^Q^^Mrs||19{year}0{month}17|F||2106-3|\
         {n} Elm Street^Apt 4^Dallas^TX^75201^USA^H||^PRN^PH^^1^214^555{phone:04}|^WPN^PH^^1^469^555{phone:04}|en|M|\
         CHR|A{n:08}^^^HCHB^AN\r\
         PD1||||12345678{doctor:02}^Okafor^Ben^^^Dr^^^NPI^L^^^NPI\r\
         NK1|1|Rivers^Paul|SPO|{n} Elm Street^^Dallas^TX^75201|^PRN^PH^^1^972^555{phone:04}\r\
         PV1|1|H|WING{ward}^12^B^HOME||||12345678{doctor:02}^Okafor^Ben^^^Dr^^^NPI^L^^^NPI||||||||||||V{n:08}^^^HCHB^VN\
         |||||||||||||||||||||||||202603{day:02}080000-0600\r\
         DG1|1||I50.9^Heart failure, unspecified^I10||202603{day:02}|A\r",
        record = record_number(n),
        ssn = 900_000_000 + n % 99_999_999,
        family = n % 500,
        year = 30 + n % 40,
        month = 1 + n % 9,
        phone = n % 10_000,
    )
}
