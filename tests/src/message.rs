//! Made-up messages.

/// An admission of patient `n` by control id `C{n}`: a patient, a visit and a diagnosis of their own.
pub fn admission(n: usize) -> String {
    message(
        "ADT^A01^ADT_A01",
        &format!("C{n}"),
        n,
        "20260301081500",
        "20260301081500",
        "",
    )
}

/// The discharge of the same visit.
pub fn discharge(n: usize) -> String {
    message(
        "ADT^A03^ADT_A03",
        &format!("D{n}"),
        n,
        "20260315160000",
        "20260315160000",
        "20260315160000",
    )
}

/// A message about patient `n`: `stated` is EVN-2, `occurred` EVN-6, `discharged` PV1-45.
pub fn message(
    kind: &str,
    control_id: &str,
    n: usize,
    stated: &str,
    occurred: &str,
    discharged: &str,
) -> String {
    let event = kind.split('^').nth(1).unwrap_or_default();
    let minute = n % 60;
    format!(
        "MSH|^~\\&|HCHB|BRANCH1|DRAWBRIDGE|APP|{stated}||{kind}|{control_id}|P|2.5.1\r\
         EVN|{event}|{stated}||||{occurred}\r\
         PID|1||{n:07}^^^HCHB^MR||Rivers^Ada{n}^Q||19410{month}12|F|||{n} Elm Street^^Dallas^TX^75201\
         ||^PRN^PH^^1^214^555{n:04}\r\
         PV1|1|H|WING^12^B^HOME||||1234567893^Okafor^Ben^^^Dr^^^NPI^^^^NPI||||||||||||V{n:07}^^^HCHB^VN\
         |||||||||||||||||||||||||202603010815{minute:02}|{discharged}\r\
         DG1|1||I50.9^Heart failure, unspecified^I10||20260301|A\r",
        month = 1 + n % 9,
    )
}
