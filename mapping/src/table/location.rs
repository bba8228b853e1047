//! What kind of place a location is, and whether a bed is free.

use super::{Table, meaning};

/// `Location.physicalType`.
pub(crate) const PHYSICAL_TYPE: &str =
    "http://terminology.hl7.org/CodeSystem/location-physical-type";

const V2_0116: &str = "http://terminology.hl7.org/CodeSystem/v2-0116";

/// Table 0116, bed status.
pub(crate) const BED_STATUS: Table = &[
    ("C", meaning("C", "Closed", V2_0116)),
    ("H", meaning("H", "Housekeeping", V2_0116)),
    ("I", meaning("I", "Isolated", V2_0116)),
    ("K", meaning("K", "Contaminated", V2_0116)),
    ("O", meaning("O", "Occupied", V2_0116)),
    ("U", meaning("U", "Unoccupied", V2_0116)),
];
