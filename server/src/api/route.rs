//! Method and path to interaction (R4 http.html): parsed once, matched once.

use axum::http::Method;
use fhir::ResourceType;
use fhir::capability::Interaction as Kind;
use model::{ResourceId, VersionId};

use super::{FhirError, served};
use crate::door::Permission;
use served::Owner;

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Interaction {
    /// `GET metadata`
    Capabilities,
    /// `GET Type/id`
    Read {
        /// The type.
        kind: ResourceType,
        /// `None`: a text that is no id of ours, so there is no such resource.
        id: Option<ResourceId>,
    },
    /// `GET Type/id/_history/version`
    Vread {
        /// The type.
        kind: ResourceType,
        /// As for read.
        id: Option<ResourceId>,
        /// `None`: no version of ours.
        version: Option<VersionId>,
    },
    /// `GET Type/id/_history`
    History {
        /// The type.
        kind: ResourceType,
        /// As for read.
        id: Option<ResourceId>,
    },
    /// `GET Type/id/$lineage`
    Lineage {
        /// The type.
        kind: ResourceType,
        /// As for read.
        id: Option<ResourceId>,
    },
    /// `GET Type?…`, or `POST Type/_search` with the parameters in the body.
    Search {
        /// The type.
        kind: ResourceType,
    },
    /// `GET $review`
    Reviews,
    /// `GET $review/id`
    Review {
        /// The review.
        id: i64,
    },
    /// `POST $review/id`
    Decide {
        /// The review.
        id: i64,
    },
    /// `POST Type`
    Create {
        /// The type.
        kind: ResourceType,
    },
}

impl Interaction {
    /// Reads what follows the base: `Patient/12`, without a leading slash.
    pub(super) fn parse(method: &Method, path: &str) -> Result<Self, FhirError> {
        let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        // R4 http.html#operations: a server that answers GET answers HEAD alike, without the body.
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        match *segments.as_slice() {
            ["metadata"] => allow(method, "GET, HEAD").map(|()| Self::Capabilities),
            [".well-known", "smart-configuration"] => Err(FhirError::NotYet {
                what: "SMART configuration",
            }),
            ["$review"] => allow(method, "GET, HEAD").map(|()| Self::Reviews),
            ["$review", id] => {
                let id = id.parse().map_err(|_| FhirError::UnknownReview)?;
                allow(method, "GET, HEAD, POST")?;
                Ok(if *method == Method::POST {
                    Self::Decide { id }
                } else {
                    Self::Review { id }
                })
            }
            [""] => Err(FhirError::NotServed {
                method: method.clone(),
                allow: "",
            }),
            [name] => of_type(method, kind(name)?),
            [name, "_search"] => {
                let kind = kind(name)?;
                served_or(kind, Kind::SearchType, method, "")?;
                allow(method, "POST").map(|()| Self::Search { kind })
            }
            [name, "_history"] => {
                kind(name)?;
                Err(FhirError::NotServed {
                    method: method.clone(),
                    allow: "",
                })
            }
            [name, id] => of_instance(method, kind(name)?, id),
            [name, id, "_history"] => {
                let kind = kind(name)?;
                served_or(kind, Kind::HistoryInstance, method, "")?;
                allow(method, "GET, HEAD").map(|()| Self::History {
                    kind,
                    id: logical_id(id),
                })
            }
            [name, id, "$lineage"] => {
                let kind = kind(name)?;
                if !served::has_lineage(kind) {
                    return Err(FhirError::UnknownPath);
                }
                allow(method, "GET, HEAD").map(|()| Self::Lineage {
                    kind,
                    id: logical_id(id),
                })
            }
            [name, id, "_history", version] => {
                let kind = kind(name)?;
                served_or(kind, Kind::Vread, method, "")?;
                let (id, version) = (logical_id(id), version.parse().ok());
                allow(method, "GET, HEAD").map(|()| Self::Vread { kind, id, version })
            }
            _ => Err(FhirError::UnknownPath),
        }
    }

    /// A short word for logs, metrics and the audit trail.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Capabilities => "capabilities",
            Self::Read { .. } => "read",
            Self::Vread { .. } => "vread",
            Self::History { .. } => "history",
            Self::Lineage { .. } => "lineage",
            Self::Search { .. } => "search",
            Self::Reviews => "reviews",
            Self::Review { .. } => "review",
            Self::Decide { .. } => "review-decision",
            Self::Create { .. } => "create",
        }
    }

    /// Whether it is about reviews, which are no FHIR.
    pub(super) const fn is_review(self) -> bool {
        matches!(
            self,
            Self::Reviews | Self::Review { .. } | Self::Decide { .. }
        )
    }

    /// The type that it is about.
    pub(super) const fn kind(self) -> Option<ResourceType> {
        match self {
            Self::Capabilities => None,
            Self::Read { kind, .. }
            | Self::Vread { kind, .. }
            | Self::History { kind, .. }
            | Self::Lineage { kind, .. }
            | Self::Search { kind }
            | Self::Create { kind } => Some(kind),
            // Who is who: whoever decides reads and changes Patients.
            Self::Reviews | Self::Review { .. } | Self::Decide { .. } => {
                Some(ResourceType::Patient)
            }
        }
    }

    /// The resource that it is about.
    pub(super) const fn id(self) -> Option<ResourceId> {
        match self {
            Self::Read { id, .. }
            | Self::Vread { id, .. }
            | Self::History { id, .. }
            | Self::Lineage { id, .. } => id,
            Self::Capabilities
            | Self::Reviews
            | Self::Review { .. }
            | Self::Decide { .. }
            | Self::Search { .. }
            | Self::Create { .. } => None,
        }
    }

    /// What a scope must allow; `None` is open to everybody.
    pub(super) const fn permission(self) -> Option<Permission> {
        match self {
            Self::Capabilities => None,
            Self::Read { .. }
            | Self::Vread { .. }
            | Self::History { .. }
            | Self::Reviews
            | Self::Review { .. }
            | Self::Lineage { .. } => Some(Permission::Read),
            Self::Decide { .. } => Some(Permission::Update),
            Self::Search { .. } => Some(Permission::Search),
            Self::Create { .. } => Some(Permission::Create),
        }
    }
}

/// A type by its name, when this server has it.
fn kind(name: &str) -> Result<ResourceType, FhirError> {
    ResourceType::parse(name)
        .filter(|kind| served::has(*kind))
        .ok_or_else(|| FhirError::UnknownType {
            known: served::names(),
        })
}

/// An id as this server writes it: ids are case-sensitive (R4 datatypes.html#id), so the other
/// spellings of a UUID name nothing.
pub(super) fn logical_id(text: &str) -> Option<ResourceId> {
    let id: ResourceId = text.parse().ok()?;
    (id.to_string() == text).then_some(id)
}

fn of_type(method: &Method, kind: ResourceType) -> Result<Interaction, FhirError> {
    let allowed = if served::serves(kind, Kind::Create) {
        "GET, HEAD, POST"
    } else {
        "GET, HEAD"
    };
    match *method {
        Method::GET => {
            served_or(kind, Kind::SearchType, method, "")?;
            Ok(Interaction::Search { kind })
        }
        Method::POST => {
            may_write(kind)?;
            served_or(kind, Kind::Create, method, allowed)?;
            Ok(Interaction::Create { kind })
        }
        _ => Err(FhirError::NotServed {
            method: method.clone(),
            allow: allowed,
        }),
    }
}

fn of_instance(method: &Method, kind: ResourceType, id: &str) -> Result<Interaction, FhirError> {
    if matches!(*method, Method::PUT | Method::PATCH | Method::DELETE) {
        may_write(kind)?;
    }
    allow(method, "GET, HEAD").map(|()| Interaction::Read {
        kind,
        id: logical_id(id),
    })
}

/// What apps may never write is forbidden, not merely unserved: the answer says who owns it.
fn may_write(kind: ResourceType) -> Result<(), FhirError> {
    match served::owner(kind) {
        Some(Owner::Emr) => Err(FhirError::EmrOwned { kind }),
        Some(Owner::Server) => Err(FhirError::ServerOwned { kind }),
        Some(Owner::App) | None => Ok(()),
    }
}

fn served_or(
    kind: ResourceType,
    interaction: Kind,
    method: &Method,
    allow: &'static str,
) -> Result<(), FhirError> {
    if served::serves(kind, interaction) {
        return Ok(());
    }
    Err(FhirError::NotServed {
        method: method.clone(),
        allow,
    })
}

fn allow(method: &Method, allowed: &'static str) -> Result<(), FhirError> {
    if allowed.split(", ").any(|name| name == method.as_str()) {
        return Ok(());
    }
    Err(FhirError::NotServed {
        method: method.clone(),
        allow: allowed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190f3a2-7d5e-7c11-8000-000000000001";

    fn parse(method: &Method, path: &str) -> Result<Interaction, u16> {
        Interaction::parse(method, path).map_err(|error| error.status().as_u16())
    }

    #[test]
    fn every_path_of_r4_that_is_served_is_read() {
        let id = ID.parse().ok();
        let kind = ResourceType::Patient;
        let version = Some(VersionId(2));
        for (method, path, expected) in [
            (
                Method::GET,
                "metadata".to_owned(),
                Interaction::Capabilities,
            ),
            (
                Method::GET,
                format!("Patient/{ID}"),
                Interaction::Read { kind, id },
            ),
            (
                Method::HEAD,
                format!("Patient/{ID}"),
                Interaction::Read { kind, id },
            ),
            (
                Method::GET,
                "Patient/abc".to_owned(),
                Interaction::Read { kind, id: None },
            ),
            (
                Method::GET,
                format!("Patient/{}", ID.to_uppercase()),
                Interaction::Read { kind, id: None },
            ),
            (
                Method::GET,
                format!("Patient/{ID}/_history"),
                Interaction::History { kind, id },
            ),
            (
                Method::GET,
                format!("Patient/{ID}/_history/2"),
                Interaction::Vread { kind, id, version },
            ),
            (
                Method::GET,
                format!("Patient/{ID}/$lineage"),
                Interaction::Lineage { kind, id },
            ),
            (
                Method::GET,
                "Patient".to_owned(),
                Interaction::Search { kind },
            ),
            (
                Method::POST,
                "Patient/_search".to_owned(),
                Interaction::Search { kind },
            ),
            (
                Method::POST,
                "DocumentReference".to_owned(),
                Interaction::Create {
                    kind: ResourceType::DocumentReference,
                },
            ),
        ] {
            assert_eq!(parse(&method, &path), Ok(expected), "{method} {path}");
        }
    }

    #[test]
    fn what_is_not_served_says_whether_it_is_absent_forbidden_or_not_allowed() {
        for (method, path, status) in [
            (Method::GET, "Patent", 404),
            (Method::GET, "Medication", 404),
            (Method::GET, "Patient/a/b", 404),
            (Method::GET, "a/b/c/d/e", 404),
            (Method::GET, "Task/a/$lineage", 404),
            (Method::POST, "Patient/a/$lineage", 405),
            (Method::GET, ".well-known/smart-configuration", 404),
            (Method::POST, "Patient", 403),
            (Method::PUT, "Patient/a", 403),
            (Method::DELETE, "Task/a", 403),
            (Method::PUT, "DocumentReference/a", 405),
            (Method::DELETE, "DocumentReference/a", 405),
            (Method::POST, "metadata", 405),
            (Method::POST, "", 405),
            (Method::GET, "Binary", 405),
            (Method::GET, "Patient/_history", 405),
        ] {
            assert_eq!(parse(&method, path), Err(status), "{method} {path}");
        }
    }
}
