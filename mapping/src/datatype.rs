//! Data types of v2 as data types of FHIR: one file each.

pub(crate) mod attachment;
pub(crate) mod cwe;
pub(crate) mod cx;
pub(crate) mod dtm;
pub(crate) mod ext;
pub(crate) mod hd;
pub(crate) mod ndl;
pub(crate) mod pl;
pub(crate) mod quantity;
pub(crate) mod role;
pub(crate) mod text;
pub(crate) mod timing;
pub(crate) mod xad;
pub(crate) mod xcn;
pub(crate) mod xon;
pub(crate) mod xpn;
pub(crate) mod xtn;
