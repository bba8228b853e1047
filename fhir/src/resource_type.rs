//! The resource types of R4, each with the number that stands for it in database rows.

use std::fmt;

/// Makes the enum and its two tables from one list, so that they can't disagree.
macro_rules! resource_types {
    ($($code:literal $name:ident,)*) => {
        /// A concrete resource type of R4 (4.0.1).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(i16)]
        #[expect(missing_docs, reason = "the names are the standard's")]
        pub enum ResourceType {
            $($name = $code,)*
        }

        /// Every type with its name, in alphabetical order: [`ResourceType::parse`] searches it.
        const NAMES: &[(&str, ResourceType)] = &[$((stringify!($name), ResourceType::$name),)*];

        impl ResourceType {
            /// The name as it stands in `resourceType` and in URLs.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

impl ResourceType {
    /// Reads a type's name; names are case-sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        let at = NAMES
            .binary_search_by_key(&name, |&(known, _)| known)
            .ok()?;
        NAMES.get(at).map(|&(_, kind)| kind)
    }

    /// The number that stands for the type in database rows.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The type that a number from a database row stands for.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::all().find(|kind| kind.code() == code)
    }

    /// Every type, in alphabetical order.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|&(_, kind)| kind)
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// The numbers are in database rows: add at the end, never renumber, never reuse.
resource_types! {
    1 Account,
    2 ActivityDefinition,
    3 AdverseEvent,
    4 AllergyIntolerance,
    5 Appointment,
    6 AppointmentResponse,
    7 AuditEvent,
    8 Basic,
    9 Binary,
    10 BiologicallyDerivedProduct,
    11 BodyStructure,
    12 Bundle,
    13 CapabilityStatement,
    14 CarePlan,
    15 CareTeam,
    16 CatalogEntry,
    17 ChargeItem,
    18 ChargeItemDefinition,
    19 Claim,
    20 ClaimResponse,
    21 ClinicalImpression,
    22 CodeSystem,
    23 Communication,
    24 CommunicationRequest,
    25 CompartmentDefinition,
    26 Composition,
    27 ConceptMap,
    28 Condition,
    29 Consent,
    30 Contract,
    31 Coverage,
    32 CoverageEligibilityRequest,
    33 CoverageEligibilityResponse,
    34 DetectedIssue,
    35 Device,
    36 DeviceDefinition,
    37 DeviceMetric,
    38 DeviceRequest,
    39 DeviceUseStatement,
    40 DiagnosticReport,
    41 DocumentManifest,
    42 DocumentReference,
    43 EffectEvidenceSynthesis,
    44 Encounter,
    45 Endpoint,
    46 EnrollmentRequest,
    47 EnrollmentResponse,
    48 EpisodeOfCare,
    49 EventDefinition,
    50 Evidence,
    51 EvidenceVariable,
    52 ExampleScenario,
    53 ExplanationOfBenefit,
    54 FamilyMemberHistory,
    55 Flag,
    56 Goal,
    57 GraphDefinition,
    58 Group,
    59 GuidanceResponse,
    60 HealthcareService,
    61 ImagingStudy,
    62 Immunization,
    63 ImmunizationEvaluation,
    64 ImmunizationRecommendation,
    65 ImplementationGuide,
    66 InsurancePlan,
    67 Invoice,
    68 Library,
    69 Linkage,
    70 List,
    71 Location,
    72 Measure,
    73 MeasureReport,
    74 Media,
    75 Medication,
    76 MedicationAdministration,
    77 MedicationDispense,
    78 MedicationKnowledge,
    79 MedicationRequest,
    80 MedicationStatement,
    81 MedicinalProduct,
    82 MedicinalProductAuthorization,
    83 MedicinalProductContraindication,
    84 MedicinalProductIndication,
    85 MedicinalProductIngredient,
    86 MedicinalProductInteraction,
    87 MedicinalProductManufactured,
    88 MedicinalProductPackaged,
    89 MedicinalProductPharmaceutical,
    90 MedicinalProductUndesirableEffect,
    91 MessageDefinition,
    92 MessageHeader,
    93 MolecularSequence,
    94 NamingSystem,
    95 NutritionOrder,
    96 Observation,
    97 ObservationDefinition,
    98 OperationDefinition,
    99 OperationOutcome,
    100 Organization,
    101 OrganizationAffiliation,
    102 Parameters,
    103 Patient,
    104 PaymentNotice,
    105 PaymentReconciliation,
    106 Person,
    107 PlanDefinition,
    108 Practitioner,
    109 PractitionerRole,
    110 Procedure,
    111 Provenance,
    112 Questionnaire,
    113 QuestionnaireResponse,
    114 RelatedPerson,
    115 RequestGroup,
    116 ResearchDefinition,
    117 ResearchElementDefinition,
    118 ResearchStudy,
    119 ResearchSubject,
    120 RiskAssessment,
    121 RiskEvidenceSynthesis,
    122 Schedule,
    123 SearchParameter,
    124 ServiceRequest,
    125 Slot,
    126 Specimen,
    127 SpecimenDefinition,
    128 StructureDefinition,
    129 StructureMap,
    130 Subscription,
    131 Substance,
    132 SubstanceNucleicAcid,
    133 SubstancePolymer,
    134 SubstanceProtein,
    135 SubstanceReferenceInformation,
    136 SubstanceSourceMaterial,
    137 SubstanceSpecification,
    138 SupplyDelivery,
    139 SupplyRequest,
    140 Task,
    141 TerminologyCapabilities,
    142 TestReport,
    143 TestScript,
    144 ValueSet,
    145 VerificationResult,
    146 VisionPrescription,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_read_back() {
        for kind in ResourceType::all() {
            assert_eq!(ResourceType::parse(kind.name()), Some(kind));
            assert_eq!(ResourceType::from_code(kind.code()), Some(kind));
        }
        assert_eq!(ResourceType::all().count(), 146);
    }

    #[test]
    fn numbers_in_rows_stay_what_they_were() {
        let known = [
            (ResourceType::Account, 1),
            (ResourceType::Condition, 28),
            (ResourceType::DocumentReference, 42),
            (ResourceType::Encounter, 44),
            (ResourceType::Patient, 103),
            (ResourceType::Task, 140),
            (ResourceType::VisionPrescription, 146),
        ];
        for (kind, code) in known {
            assert_eq!(kind.code(), code);
        }
    }

    #[test]
    fn other_names_are_no_types() {
        for name in [
            "",
            "patient",
            "Resource",
            "DomainResource",
            "Patient ",
            "Zzz",
        ] {
            assert_eq!(ResourceType::parse(name), None, "{name}");
        }
    }
}
