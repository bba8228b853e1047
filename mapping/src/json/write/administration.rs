//! Resources of what is planned, documented and charged, and of who takes part, by the elements that we
//! set.

use fhirbolt::model::r4::resources::{
    AccountGuarantor, Appointment, AppointmentParticipant, CareTeam, CareTeamParticipant,
    ChargeItem, ChargeItemOccurrence, ChargeItemPerformer, ChargeItemProduct, DocumentReference,
    DocumentReferenceContent, DocumentReferenceContext, DocumentReferenceRelatesTo, EpisodeOfCare,
    EpisodeOfCareDiagnosis, EpisodeOfCareStatusHistory, OrganizationContact,
    PractitionerQualification, ProvenanceEntity, RelatedPersonCommunication,
};
use fhirbolt::model::r4::types::Money;

use super::{choice, members};

members! {
    AccountGuarantor { "party" party, "period" period }
    Appointment {
        "identifier" identifier, "status" status, "cancelationReason" cancelation_reason,
        "serviceType" service_type, "appointmentType" appointment_type,
        "reasonCode" reason_code, "priority" priority, "description" description,
        "supportingInformation" supporting_information, "start" start, "end" end,
        "minutesDuration" minutes_duration, "created" created, "comment" comment,
        "patientInstruction" patient_instruction, "basedOn" based_on,
        "participant" participant,
    }
    AppointmentParticipant {
        "type" r#type, "actor" actor, "required" required, "status" status, "period" period,
    }
    CareTeam {
        "status" status, "subject" subject, "encounter" encounter, "participant" participant,
        "reasonCode" reason_code, "telecom" telecom,
    }
    CareTeamParticipant {
        "role" role, "member" member, "onBehalfOf" on_behalf_of, "period" period,
    }
    ChargeItem {
        "extension" extension, "identifier" identifier, "status" status, "code" code,
        "subject" subject, "context" context, "occurrence" occurrence, "performer" performer,
        "performingOrganization" performing_organization, "costCenter" cost_center,
        "quantity" quantity, "priceOverride" price_override, "enterer" enterer,
        "enteredDate" entered_date, "reason" reason, "product" product, "account" account,
        "supportingInformation" supporting_information,
    }
    ChargeItemPerformer { "function" function, "actor" actor }
    DocumentReference {
        "extension" extension, "masterIdentifier" master_identifier, "identifier" identifier,
        "status" status, "docStatus" doc_status, "type" r#type, "category" category,
        "subject" subject, "date" date, "author" author, "authenticator" authenticator,
        "custodian" custodian, "relatesTo" relates_to, "description" description,
        "securityLabel" security_label, "content" content, "context" context,
    }
    DocumentReferenceContent { "attachment" attachment }
    DocumentReferenceContext {
        "encounter" encounter, "period" period, "practiceSetting" practice_setting,
        "related" related,
    }
    DocumentReferenceRelatesTo { "code" code, "target" target }
    EpisodeOfCareStatusHistory { "status" status, "period" period }
    EpisodeOfCareDiagnosis { "condition" condition, "role" role, "rank" rank }
    EpisodeOfCare {
        "extension" extension, "identifier" identifier, "status" status, "statusHistory" status_history, "diagnosis" diagnosis,
        "patient" patient,
        "managingOrganization" managing_organization, "period" period,
        "careManager" care_manager,
    }
    Money { "value" value, "currency" currency }
    OrganizationContact { "name" name, "telecom" telecom, "address" address }
    PractitionerQualification { "code" code }
    ProvenanceEntity { "role" role, "what" what }
    RelatedPersonCommunication { "language" language }
}

choice! {
    ChargeItemOccurrence { DateTime "occurrenceDateTime", Period "occurrencePeriod" }
    ChargeItemProduct { CodeableConcept "productCodeableConcept" }
}
