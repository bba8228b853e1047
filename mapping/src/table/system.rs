//! Table 0396: names of code systems as URIs.

use crate::datatype::hd;
use crate::inbound::Reading;

/// Identifier types.
pub(crate) const V2_0203: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";

/// Names of code systems as senders write them (upper case), and their URIs.
pub(super) const SYSTEMS: &[(&str, &str)] = &[
    ("ACR", "http://terminology.hl7.org/CodeSystem/ACR"),
    ("ART", "http://terminology.hl7.org/CodeSystem/WHO"),
    ("ATC", "http://www.whocc.no/atc"),
    ("C4", "http://www.ama-assn.org/go/cpt"),
    ("C5", "http://www.ama-assn.org/go/cpt"),
    ("CAS", "http://terminology.hl7.org/CodeSystem/CAS"),
    ("CDCREC", "urn:oid:2.16.840.1.113883.6.238"),
    ("CPT", "http://www.ama-assn.org/go/cpt"),
    ("CPT4", "http://www.ama-assn.org/go/cpt"),
    ("CVX", "http://hl7.org/fhir/sid/cvx"),
    ("DCM", "http://dicom.nema.org/resources/ontology/DCM"),
    (
        "HCPCS",
        "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    ),
    (
        "HCPT",
        "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    ),
    ("I10", "http://hl7.org/fhir/sid/icd-10-cm"),
    ("I10C", "http://hl7.org/fhir/sid/icd-10-cm"),
    ("I10P", "http://www.cms.gov/Medicare/Coding/ICD10"),
    ("I9", "http://hl7.org/fhir/sid/icd-9-cm"),
    ("I9C", "http://hl7.org/fhir/sid/icd-9-cm"),
    ("I9CDX", "http://hl7.org/fhir/sid/icd-9-cm"),
    ("I9CP", "http://hl7.org/fhir/sid/icd-9-cm"),
    ("ICD-10", "http://hl7.org/fhir/sid/icd-10"),
    ("ICD-10-CM", "http://hl7.org/fhir/sid/icd-10-cm"),
    ("ICD-10-PCS", "http://www.cms.gov/Medicare/Coding/ICD10"),
    ("ICD-9-CM", "http://hl7.org/fhir/sid/icd-9-cm"),
    ("ICD10", "http://hl7.org/fhir/sid/icd-10"),
    ("ICD10CM", "http://hl7.org/fhir/sid/icd-10-cm"),
    ("ICD10PCS", "http://www.cms.gov/Medicare/Coding/ICD10"),
    ("ICD9", "http://hl7.org/fhir/sid/icd-9-cm"),
    ("ICD9CM", "http://hl7.org/fhir/sid/icd-9-cm"),
    ("ICDO", "http://terminology.hl7.org/CodeSystem/icd-o-3"),
    ("ISO3166", "urn:iso:std:iso:3166"),
    ("ISO3166_1", "urn:iso:std:iso:3166"),
    ("ISO639", "urn:ietf:bcp:47"),
    ("LN", "http://loinc.org"),
    ("LOINC", "http://loinc.org"),
    ("MVX", "http://hl7.org/fhir/sid/mvx"),
    ("NCIT", "http://ncimeta.nci.nih.gov"),
    ("NDC", "http://hl7.org/fhir/sid/ndc"),
    ("NUBC", "http://terminology.hl7.org/CodeSystem/nubc-UB92"),
    ("NUCC", "http://nucc.org/provider-taxonomy"),
    ("RXNORM", "http://www.nlm.nih.gov/research/umls/rxnorm"),
    ("SCT", "http://snomed.info/sct"),
    ("SCT2", "http://snomed.info/sct"),
    ("SNM", "http://terminology.hl7.org/CodeSystem/SNM"),
    ("SNM3", "http://terminology.hl7.org/CodeSystem/SNM3"),
    ("SNOMED", "http://snomed.info/sct"),
    ("SNOMED-CT", "http://snomed.info/sct"),
    ("SNOMEDCT", "http://snomed.info/sct"),
    ("UCUM", "http://unitsofmeasure.org"),
    ("UNII", "http://fdasis.nlm.nih.gov"),
    ("USPS", "https://www.usps.com/"),
    ("X12DE1336", "urn:oid:2.16.840.1.113883.6.255.1336"),
];

/// The URI of a code system: the sender's name for it, else its OID, else the v2 table of the field.
/// A local name gives a URN of our own, so that the same code of two systems stays two codes.
pub(crate) fn uri(
    name: &str,
    oid: &str,
    table: Option<&str>,
    reading: &Reading<'_>,
) -> Option<String> {
    let (name, oid) = (name.trim(), oid.trim());
    if let Some(configured) = reading.profile().authorities.get(name) {
        return Some(configured.clone());
    }
    known(name)
        .or_else(|| hd::uri(oid, "ISO"))
        .or_else(|| hd::uri(name, ""))
        .or_else(|| local(name))
        .or_else(|| table.map(v2_table))
}

fn known(name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    if let Some(table) = table_number(name) {
        return Some(v2_table(&table));
    }
    let upper = || name.bytes().map(|byte| byte.to_ascii_uppercase());
    let at = SYSTEMS
        .binary_search_by(|(known, _)| known.bytes().cmp(upper()))
        .ok()?;
    super::usage::note(SYSTEMS, at);
    SYSTEMS.get(at).map(|(_, uri)| (*uri).to_owned())
}

/// `HL70004`, and with digits missing as senders write it (`HL7005`), as `0004`.
fn table_number(name: &str) -> Option<String> {
    let digits = name
        .strip_prefix("HL7")
        .or_else(|| name.strip_prefix("hl7"))?;
    let digits = digits.trim_start_matches(['_', '-']);
    let is_number = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| format!("{digits:0>4}"))
}

/// The URI of a v2 table.
pub(crate) fn v2_table(number: &str) -> String {
    ["http://terminology.hl7.org/CodeSystem/v2-", number].concat()
}

fn local(name: &str) -> Option<String> {
    // `L` and `99ZZZ` say "ours": without an authority's name that is no system.
    if name.is_empty() || name == "L" {
        return None;
    }
    Some(format!("urn:drawbridge:codesystem:{}", hd::encoded(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_name_is_found() {
        assert!(SYSTEMS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(known("i10").unwrap(), "http://hl7.org/fhir/sid/icd-10-cm");
    }

    #[test]
    fn v2_tables_are_known_by_number() {
        assert_eq!(
            known("HL70189").unwrap(),
            "http://terminology.hl7.org/CodeSystem/v2-0189"
        );
        assert_eq!(
            known("HL7005").unwrap(),
            "http://terminology.hl7.org/CodeSystem/v2-0005"
        );
        assert_eq!(known("99LAB"), None);
    }
}
