//! Admissions of about 740 bytes, each of a patient, visit and diagnosis of its own, with the staff and
//! places of one agency. People differ as people do: who compares them must not find one family of twins.

const GIVEN: [&str; 16] = [
    "Ada", "Ruth", "Grace", "Helen", "Irene", "Joan", "Karen", "Laura", "Maria", "Nora", "Olga",
    "Paula", "Rosa", "Sarah", "Teresa", "Vera",
];
const STREETS: [&str; 8] = [
    "Elm", "Oak", "Cedar", "Main", "Lake", "Hill", "Mill", "Park",
];
const FAMILIES: [[&str; 10]; 3] = [
    [
        "Al", "Bar", "Cor", "Dun", "El", "Far", "Gar", "Hol", "Mar", "Win",
    ],
    [
        "ber", "der", "fin", "gal", "lo", "min", "ro", "sa", "ten", "vi",
    ],
    [
        "by", "dale", "ford", "ham", "ley", "man", "son", "ton", "well", "wood",
    ],
];
/// Different family names.
pub(super) const N_FAMILIES: usize = 1000;

/// PID-3 of the `n`-th admission.
pub(super) fn record_number(n: usize) -> String {
    format!("{n:08}")
}

/// The `n`-th family name.
pub(super) fn family(n: usize) -> String {
    let [first, middle, last] = FAMILIES;
    [pick(&first, n), pick(&middle, n / 10), pick(&last, n / 100)].concat()
}

/// The `n`-th admission, under control id `BENCH{n}`.
pub(super) fn admission(n: usize) -> String {
    let (doctor, ward, day) = (n % 20, n % 10, 1 + n % 28);
    let spread = scatter(n);
    format!(
        "MSH|^~\\&|HCHB|BRANCH1|DRAWBRIDGE|APP|202603{day:02}081500-0600||ADT^A01^ADT_A01|BENCH{n}|P|2.5.1\r\
         EVN|A01|202603{day:02}081500-0600||||202603{day:02}080000-0600\r\
         PID|1||{record}^^^HCHB^MR~{ssn:09}^^^SSA^SS||{family}^{given}^Q^^Mrs||19{year}{month:02}{born:02}|F||2106-3|\
         {house} {street} Street^Apt 4^Dallas^TX^75201^USA^H||^PRN^PH^^1^214^{phone:07}|^WPN^PH^^1^469^{phone:07}|en|M|\
         CHR|A{n:08}^^^HCHB^AN\r\
         PD1||||12345678{doctor:02}^Okafor^Ben^^^Dr^^^NPI^L^^^NPI\r\
         NK1|1|{family}^Paul|SPO|{house} {street} Street^^Dallas^TX^75201|^PRN^PH^^1^972^{phone:07}\r\
         PV1|1|H|WING{ward}^12^B^HOME||||12345678{doctor:02}^Okafor^Ben^^^Dr^^^NPI^L^^^NPI||||||||||||V{n:08}^^^HCHB^VN\
         |||||||||||||||||||||||||202603{day:02}080000-0600\r\
         DG1|1||I50.9^Heart failure, unspecified^I10||202603{day:02}|A\r",
        record = record_number(n),
        ssn = 900_000_000 + n % 99_999_999,
        family = family(n),
        given = pick(&GIVEN, spread),
        year = 30 + spread / 16 % 40,
        month = 1 + spread / 640 % 12,
        born = 1 + spread / 7_680 % 28,
        house = 1 + spread / 11 % 9_000,
        street = pick(&STREETS, spread / 13),
        phone = spread / 17 % 10_000_000,
    )
}

/// The `n`-th patient's telephone number has changed an hour later, under control id `UPDATE{n}`.
pub(super) fn update(n: usize) -> String {
    admission(n)
        .replacen("ADT^A01^ADT_A01", "ADT^A08^ADT_A01", 1)
        .replacen("EVN|A01", "EVN|A08", 1)
        .replacen("|BENCH", "|UPDATE", 1)
        .replace("081500-0600", "091500-0600")
        .replacen("^1^214^", "^1^817^", 1)
}

/// A number that tells nothing of its neighbours' (Knuth's multiplicative hashing).
fn scatter(n: usize) -> usize {
    (n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)) >> 24
}

fn pick<'t, const N: usize>(from: &[&'t str; N], n: usize) -> &'t str {
    from.get(n % N).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn admissions_are_of_different_people() {
        let families: HashSet<String> = (0..N_FAMILIES).map(family).collect();
        assert_eq!(families.len(), N_FAMILIES);
        let known = |n| {
            let text = admission(n);
            let pid = text.split('\r').find(|it| it.starts_with("PID"));
            let field = |at| pid.and_then(|it| it.split('|').nth(at)).map(str::to_owned);
            (field(5), field(7))
        };
        let people: HashSet<_> = (0..20_000).map(known).collect();
        assert!(19_900 < people.len(), "{} people", people.len());
    }
    #[test]
    fn an_update_says_something_else_of_the_same_patient() {
        let (before, after) = (admission(7), update(7));
        let differing: Vec<_> = before
            .split(['\r', '|'])
            .zip(after.split(['\r', '|']))
            .filter(|(before, after)| before != after)
            .map(|(_, after)| after.split('^').next())
            .collect();
        let told = ["20260308091500-0600", "ADT", "UPDATE7", "A08"];
        let told = told.into_iter().chain(["20260308091500-0600", ""]);
        assert_eq!(differing, told.map(Some).collect::<Vec<_>>());
    }
}
