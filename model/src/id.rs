//! One type per id: a bare `Uuid` or `i64` does not cross a function boundary.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = <$inner as std::str::FromStr>::Err;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// One agency. It leads every primary key and every query; a transaction touches one tenant.
    Tenant(i32)
);
id!(
    /// One received message: a row of the append-only journal. Grows with time.
    JournalId(i64)
);
id!(
    /// A resource's row number: the target of search index rows. Grows with time of creation, so
    /// newest-first paging is an index walk.
    Rid(i64)
);
id!(
    /// The place of a resource version in the change feed. Grows with time.
    ChangeId(i64)
);
id!(
    /// One row of the audit trail. Grows with time.
    AuditId(i64)
);
id!(
    /// One process (or one of its writing tasks) that keeps a digest chain of its own.
    WriterId(i32)
);
id!(
    /// `meta.versionId`: 1 for a create, one more for each change.
    VersionId(i32)
);
id!(
    /// The queue of one source identity's messages. Never logged with what it stands for.
    LaneId(Uuid)
);
id!(
    /// A thing that facts are about (a patient of one authority, a visit, a practitioner …), keyed
    /// by [`crate::IdentityKey`]; the default of the [`ResourceId`] of what it becomes.
    EntityId(Uuid)
);
id!(
    /// A FHIR logical id. Keyed (UUID version 8) for what the EMR sends, version 7 for what apps post.
    ResourceId(Uuid)
);
id!(
    /// One document on its way to one destination; also the id of the Task that shows it.
    DeliveryId(Uuid)
);

impl From<EntityId> for ResourceId {
    /// An entity's resource has the entity's id, unless an alias says otherwise.
    fn from(entity: EntityId) -> Self {
        Self(entity.0)
    }
}

impl Tenant {
    /// The tenant of an installation that names none.
    pub const DEFAULT: Self = Self(1);
}

impl VersionId {
    /// The version that a create writes.
    pub const FIRST: Self = Self(1);

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
