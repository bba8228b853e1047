//! What a caller may see, as one predicate that goes into every query.

use crate::id::{ResourceId, Tenant};

/// The access predicate: handed to `store` with each query, never applied to its results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// The caller's tenant; a token belongs to one.
    pub tenant: Tenant,
    /// Which of the tenant's rows.
    pub reach: Reach,
}

/// Which rows of a tenant a caller reaches. One SQL text per variant (design, "The store").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Every row (`system/` scopes).
    All,
    /// The compartment of one patient (`patient/` scopes).
    Patient(ResourceId),
}
