//! Resources, by the elements that we set.

use fhirbolt::model::r4::resources::{
    Account, AllergyIntolerance, AllergyIntoleranceOnset, AllergyIntoleranceReaction, Condition,
    ConditionOnset, Coverage, CoverageClass, Encounter, EncounterClassHistory, EncounterDiagnosis,
    EncounterHospitalization, EncounterLocation, EncounterParticipant, EncounterStatusHistory,
    Location, MessageHeader, MessageHeaderDestination, MessageHeaderEvent, MessageHeaderSource,
    Observation, ObservationComponent, ObservationComponentValue, ObservationEffective,
    ObservationReferenceRange, ObservationValue, Organization, Patient, PatientCommunication,
    PatientContact, PatientDeceased, PatientLink, PatientMultipleBirth, Practitioner, Procedure,
    ProcedurePerformed, ProcedurePerformer, RelatedPerson,
};

use super::{choice, members};

members! {
    Account {
        "identifier" identifier, "status" status, "type" r#type, "subject" subject,
        "guarantor" guarantor,
    }
    AllergyIntolerance {
        "extension" extension, "identifier" identifier, "clinicalStatus" clinical_status,
        "verificationStatus" verification_status, "type" r#type, "category" category,
        "criticality" criticality, "code" code, "patient" patient, "onset" onset,
        "recordedDate" recorded_date, "recorder" recorder, "reaction" reaction,
    }
    AllergyIntoleranceReaction { "manifestation" manifestation, "severity" severity }
    Condition {
        "extension" extension, "identifier" identifier, "verificationStatus" verification_status, "category" category,
        "code" code, "subject" subject, "encounter" encounter, "onset" onset,
        "recordedDate" recorded_date, "asserter" asserter,
    }
    Coverage {
        "extension" extension, "identifier" identifier, "status" status, "type" r#type,
        "policyHolder" policy_holder, "subscriber" subscriber, "subscriberId" subscriber_id,
        "beneficiary" beneficiary, "dependent" dependent, "relationship" relationship,
        "period" period, "payor" payor, "class" class, "order" order,
    }
    CoverageClass { "type" r#type, "value" value, "name" name }
    Encounter {
        "meta" meta, "extension" extension, "identifier" identifier, "status" status, "statusHistory" status_history, "class" class,
        "classHistory" class_history, "type" r#type, "serviceType" service_type,
        "priority" priority, "subject" subject, "episodeOfCare" episode_of_care,
        "participant" participant, "appointment" appointment, "period" period, "length" length, "reasonCode" reason_code, "diagnosis" diagnosis,
        "hospitalization" hospitalization, "location" location,
        "serviceProvider" service_provider,
    }
    EncounterClassHistory { "class" class, "period" period }
    EncounterDiagnosis { "condition" condition, "use" r#use, "rank" rank }
    EncounterHospitalization {
        "preAdmissionIdentifier" pre_admission_identifier, "admitSource" admit_source,
        "reAdmission" re_admission, "dietPreference" diet_preference,
        "specialCourtesy" special_courtesy, "specialArrangement" special_arrangement,
        "destination" destination, "dischargeDisposition" discharge_disposition,
    }
    EncounterLocation { "extension" extension, "location" location, "status" status, "period" period }
    EncounterParticipant { "type" r#type, "period" period, "individual" individual }
    EncounterStatusHistory { "status" status, "period" period }
    Location {
        "identifier" identifier, "status" status, "operationalStatus" operational_status,
        "name" name, "description" description, "mode" mode, "type" r#type,
        "address" address, "physicalType" physical_type, "partOf" part_of,
    }
    MessageHeader {
        "event" event, "destination" destination, "sender" sender, "source" source,
        "responsible" responsible, "focus" focus,
    }
    MessageHeaderDestination { "name" name, "endpoint" endpoint, "receiver" receiver }
    MessageHeaderSource {
        "name" name, "software" software, "version" version, "endpoint" endpoint,
    }
    Observation {
        "extension" extension, "identifier" identifier, "partOf" part_of, "status" status,
        "category" category, "code" code, "subject" subject, "encounter" encounter,
        "effective" effective, "performer" performer, "value" value,
        "dataAbsentReason" data_absent_reason, "interpretation" interpretation, "note" note,
        "bodySite" body_site, "method" method, "specimen" specimen, "device" device,
        "referenceRange" reference_range, "component" component,
    }
    ObservationComponent { "extension" extension, "code" code, "value" value }
    ObservationReferenceRange { "low" low, "high" high, "text" text }
    Organization {
        "identifier" identifier, "type" r#type, "name" name, "telecom" telecom,
        "address" address, "contact" contact,
    }
    Patient {
        "extension" extension, "identifier" identifier, "active" active, "name" name,
        "telecom" telecom, "gender" gender, "birthDate" birth_date, "deceased" deceased,
        "address" address, "maritalStatus" marital_status, "multipleBirth" multiple_birth,
        "contact" contact, "communication" communication,
        "generalPractitioner" general_practitioner, "link" link,
    }
    PatientCommunication { "language" language }
    PatientContact {
        "relationship" relationship, "name" name, "telecom" telecom, "address" address,
        "gender" gender, "organization" organization, "period" period,
    }
    PatientLink { "other" other, "type" r#type }
    Practitioner {
        "identifier" identifier, "name" name, "telecom" telecom, "address" address,
        "qualification" qualification,
    }
    Procedure {
        "extension" extension, "identifier" identifier, "partOf" part_of, "status" status, "category" category, "code" code,
        "subject" subject, "encounter" encounter, "performed" performed, "performer" performer,
        "location" location, "reasonCode" reason_code,
    }
    ProcedurePerformer { "function" function, "actor" actor }
    RelatedPerson {
        "identifier" identifier, "patient" patient, "relationship" relationship, "name" name,
        "telecom" telecom, "gender" gender, "birthDate" birth_date, "address" address,
        "period" period, "communication" communication,
    }
}

choice! {
    AllergyIntoleranceOnset { DateTime "onsetDateTime", String "onsetString" }
    ConditionOnset { DateTime "onsetDateTime" }
    MessageHeaderEvent { Coding "eventCoding" }
    ObservationComponentValue {
        CodeableConcept "valueCodeableConcept", DateTime "valueDateTime", Period "valuePeriod",
        Quantity "valueQuantity", Range "valueRange", Ratio "valueRatio",
        SampledData "valueSampledData", String "valueString", Time "valueTime",
    }
    ObservationEffective { DateTime "effectiveDateTime" }
    ObservationValue {
        CodeableConcept "valueCodeableConcept", DateTime "valueDateTime", Period "valuePeriod",
        Quantity "valueQuantity", Range "valueRange", Ratio "valueRatio",
        SampledData "valueSampledData", String "valueString", Time "valueTime",
    }
    PatientDeceased { Boolean "deceasedBoolean", DateTime "deceasedDateTime" }
    PatientMultipleBirth { Boolean "multipleBirthBoolean", Integer "multipleBirthInteger" }
    ProcedurePerformed { DateTime "performedDateTime" }
}
