//! Typed views of data types: a name for each part, nothing copied, nothing judged.
//!
//! A view stands on a repetition, or on a component where the type is nested (the HD in CX.4).
//! Older and newer forms of a type share one view, since later versions only append parts: TS and
//! DTM, CE and CWE, CK and CX, CN and XCN.

mod address;
mod code;
mod composite;
mod content;
mod dtm;
mod identifier;
mod name;
mod number;
mod telecom;

#[cfg(test)]
mod tests;

pub use address::{Pl, Sad, Xad};
pub use code::{Coding, Cwe};
pub use composite::Composite;
pub use content::{Ed, Rp};
pub use dtm::{Dr, Dtm, DtmError, Precision, Tm};
pub use identifier::{Cx, Ei, Hd};
pub use name::{FamilyName, Xcn, Xon, Xpn};
pub use number::{Comparator, Nm, Nr, Sn};
pub use telecom::Xtn;
