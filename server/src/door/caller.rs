//! A caller that was let in, and how far it reaches.

use fhir::ResourceType;
use jiff::Timestamp;
use model::{Access, Actor, Reach, ResourceId, Tenant};

use super::{Level, Permission, Refusal, Scopes};

/// Who calls: what the token stands for.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The token's tenant.
    pub tenant: Tenant,
    /// The token's row, for the audit trail.
    pub token: i64,
    /// What it may do.
    pub scopes: Scopes,
    /// The patient of its `patient/` scopes.
    pub patient: Option<ResourceId>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// How a caller's reach is narrowed for one interaction.
pub type Narrowed = Result<Access, Refusal>;

/// Who cares for patients and where: in no patient's compartment (R4 compartmentdefinition-patient),
/// and charts point to them.
const DIRECTORY: [ResourceType; 3] = [
    ResourceType::Location,
    ResourceType::Organization,
    ResourceType::Practitioner,
];

impl Caller {
    /// What the caller reaches when it does this to resources of this type.
    ///
    /// A `user/` scope reaches the tenant, as a `system/` scope does: a token is handed out by an
    /// operator, and care teams are not known yet.
    pub fn access(&self, kind: ResourceType, permission: Permission) -> Narrowed {
        let refused = || Refusal::InsufficientScope {
            scope: self.scopes.wanted(kind, permission),
        };
        let reach = match self.scopes.level(kind, permission).ok_or_else(refused)? {
            Level::System | Level::User => Reach::All,
            Level::Patient if DIRECTORY.contains(&kind) => Reach::All,
            Level::Patient => Reach::Patient(self.patient.ok_or_else(refused)?),
        };
        Ok(Access {
            tenant: self.tenant,
            reach,
        })
    }

    /// The caller as the audit trail names it.
    pub const fn actor(&self) -> Actor {
        Actor::Token(self.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(scopes: &str, patient: Option<ResourceId>) -> Caller {
        Caller {
            tenant: Tenant(7),
            token: 1,
            scopes: Scopes::granted(scopes),
            patient,
            expires_at: Timestamp::MAX,
        }
    }

    #[test]
    fn a_patient_scope_reaches_one_compartment_and_none_without_a_patient() {
        let patient = ResourceId("0190f3a2-7d5e-7c11-8000-000000000001".parse().unwrap());
        let access = caller("patient/*.rs", Some(patient))
            .access(ResourceType::Encounter, Permission::Read)
            .unwrap();
        assert_eq!(
            access,
            Access {
                tenant: Tenant(7),
                reach: Reach::Patient(patient)
            }
        );
        let without =
            caller("patient/*.rs", None).access(ResourceType::Encounter, Permission::Read);
        assert!(without.is_err());
    }

    #[test]
    fn a_missing_scope_is_named() {
        let refused = caller("system/Patient.rs", None)
            .access(ResourceType::DocumentReference, Permission::Create);
        let scope = "system/DocumentReference.c".to_owned();
        assert_eq!(refused, Err(Refusal::InsufficientScope { scope }));
    }
}
