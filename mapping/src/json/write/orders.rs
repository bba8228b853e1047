//! Resources of orders, results and immunizations, by the elements that we set.

use fhirbolt::model::r4::Resource;
use fhirbolt::model::r4::resources::{
    DiagnosticReport, DiagnosticReportEffective, Immunization, ImmunizationEducation,
    ImmunizationOccurrence, ImmunizationPerformer, ImmunizationProtocolApplied,
    ImmunizationProtocolAppliedDoseNumber, ImmunizationProtocolAppliedSeriesDoses,
    ImmunizationReaction, Medication, MedicationIngredient, MedicationIngredientItem,
    MedicationRequest, MedicationRequestDispenseRequest, MedicationRequestMedication,
    MedicationRequestSubstitution, MedicationRequestSubstitutionAllowed, PractitionerRole,
    Provenance, ProvenanceAgent, ProvenanceOccurred, ServiceRequest, ServiceRequestOccurrence,
    ServiceRequestQuantity, Specimen, SpecimenCollection, SpecimenCollectionCollected,
    SpecimenCollectionFastingStatus, SpecimenContainer, SpecimenContainerAdditive,
};

use super::{Element, Members, Object, choice, members};

members! {
    DiagnosticReport {
        "meta" meta, "extension" extension, "identifier" identifier, "basedOn" based_on,
        "status" status, "category" category, "code" code, "subject" subject,
        "encounter" encounter, "effective" effective, "issued" issued, "performer" performer,
        "resultsInterpreter" results_interpreter, "specimen" specimen,
        "presentedForm" presented_form,
    }
    Immunization {
        "meta" meta, "identifier" identifier, "status" status, "statusReason" status_reason,
        "vaccineCode" vaccine_code, "patient" patient, "encounter" encounter,
        "occurrence" occurrence, "recorded" recorded, "primarySource" primary_source,
        "reportOrigin" report_origin, "location" location, "manufacturer" manufacturer,
        "lotNumber" lot_number, "expirationDate" expiration_date, "site" site, "route" route,
        "doseQuantity" dose_quantity, "performer" performer, "note" note,
        "reasonCode" reason_code, "isSubpotent" is_subpotent, "education" education,
        "programEligibility" program_eligibility, "fundingSource" funding_source,
        "reaction" reaction, "protocolApplied" protocol_applied,
    }
    ImmunizationEducation {
        "documentType" document_type, "reference" reference,
        "publicationDate" publication_date, "presentationDate" presentation_date,
    }
    ImmunizationPerformer { "function" function, "actor" actor }
    ImmunizationProtocolApplied {
        "series" series, "authority" authority, "targetDisease" target_disease,
        "doseNumber" dose_number, "seriesDoses" series_doses,
    }
    ImmunizationReaction { "date" date, "detail" detail }
    Medication { "id" id, "code" code, "form" form, "ingredient" ingredient }
    MedicationIngredient { "item" item, "strength" strength }
    MedicationRequest {
        "meta" meta, "contained" contained, "identifier" identifier, "status" status, "intent" intent,
        "priority" priority, "medication" medication, "subject" subject, "encounter" encounter,
        "supportingInformation" supporting_information, "authoredOn" authored_on, "requester" requester,
        "reasonCode" reason_code, "reasonReference" reason_reference, "groupIdentifier" group_identifier, "note" note, "dosageInstruction" dosage_instruction,
        "dispenseRequest" dispense_request, "substitution" substitution,
    }
    MedicationRequestDispenseRequest {
        "numberOfRepeatsAllowed" number_of_repeats_allowed, "quantity" quantity,
        "performer" performer,
    }
    MedicationRequestSubstitution { "allowed" allowed }
    PractitionerRole {
        "identifier" identifier, "period" period, "practitioner" practitioner,
        "organization" organization, "code" code, "specialty" specialty, "location" location,
        "telecom" telecom,
    }
    Provenance {
        "target" target, "occurred" occurred, "recorded" recorded, "reason" reason,
        "activity" activity, "agent" agent, "policy" policy, "location" location, "entity" entity,
    }
    ProvenanceAgent { "type" r#type, "who" who, "onBehalfOf" on_behalf_of }
    ServiceRequest {
        "meta" meta, "extension" extension, "identifier" identifier, "basedOn" based_on,
        "requisition" requisition, "status" status, "intent" intent, "category" category,
        "priority" priority, "code" code, "orderDetail" order_detail, "quantity" quantity,
        "subject" subject, "encounter" encounter, "occurrence" occurrence,
        "authoredOn" authored_on, "requester" requester, "locationCode" location_code,
        "reasonCode" reason_code, "reasonReference" reason_reference,
        "supportingInfo" supporting_info, "specimen" specimen, "note" note,
    }
    Specimen {
        "identifier" identifier, "accessionIdentifier" accession_identifier, "status" status,
        "type" r#type, "subject" subject, "receivedTime" received_time, "parent" parent,
        "request" request, "collection" collection, "container" container,
        "condition" condition, "note" note,
    }
    SpecimenCollection {
        "collector" collector, "collected" collected, "quantity" quantity, "method" method,
        "bodySite" body_site, "fastingStatus" fasting_status,
    }
    SpecimenContainer { "identifier" identifier, "type" r#type, "additive" additive }
}

choice! {
    DiagnosticReportEffective { DateTime "effectiveDateTime", Period "effectivePeriod" }
    ImmunizationOccurrence { DateTime "occurrenceDateTime", String "occurrenceString" }
    ImmunizationProtocolAppliedDoseNumber {
        PositiveInt "doseNumberPositiveInt", String "doseNumberString",
    }
    ImmunizationProtocolAppliedSeriesDoses {
        PositiveInt "seriesDosesPositiveInt", String "seriesDosesString",
    }
    MedicationIngredientItem { CodeableConcept "itemCodeableConcept" }
    MedicationRequestMedication { CodeableConcept "medicationCodeableConcept" }
    MedicationRequestSubstitutionAllowed { CodeableConcept "allowedCodeableConcept" }
    ProvenanceOccurred { DateTime "occurredDateTime" }
    ServiceRequestOccurrence { DateTime "occurrenceDateTime", Timing "occurrenceTiming" }
    ServiceRequestQuantity { Quantity "quantityQuantity" }
    SpecimenCollectionCollected { DateTime "collectedDateTime", Period "collectedPeriod" }
    SpecimenCollectionFastingStatus { CodeableConcept "fastingStatusCodeableConcept" }
    SpecimenContainerAdditive { CodeableConcept "additiveCodeableConcept" }
}

/// What a resource contains; its type stands in it.
impl Element for Resource {
    fn write_element(&self, out: &mut String) {
        Object::write(out, &Contained(self));
    }
}

struct Contained<'r>(&'r Resource);

impl Members for Contained<'_> {
    fn write_members(&self, object: &mut Object<'_>) {
        if let Resource::Medication(medication) = self.0 {
            object.text("\"resourceType\":", "Medication");
            medication.write_members(object);
        }
    }
}
