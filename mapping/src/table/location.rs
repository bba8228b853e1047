//! What kind of place a location is.

/// `Location.physicalType`.
pub(crate) const PHYSICAL_TYPE: &str =
    "http://terminology.hl7.org/CodeSystem/location-physical-type";
