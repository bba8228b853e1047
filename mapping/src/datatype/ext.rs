//! Extensions.

use fhirbolt::model::r4::types::{CodeableConcept, Extension, ExtensionValue};

/// An extension with a value.
pub(crate) fn valued(url: &str, value: ExtensionValue) -> Extension {
    Extension {
        url: url.to_owned(),
        value: Some(value),
        ..Extension::default()
    }
}

/// An extension of extensions.
pub(crate) fn nested(url: &str, extension: Vec<Extension>) -> Extension {
    Extension {
        url: url.to_owned(),
        extension,
        ..Extension::default()
    }
}

/// An extension that holds words.
pub(crate) fn words(url: &str, words: String) -> Extension {
    valued(url, ExtensionValue::String(words.into()))
}

/// Why something required is not there (US Core, "Missing Data").
pub(crate) fn unknown() -> Extension {
    valued(
        "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
        ExtensionValue::Code("unknown".into()),
    )
}

/// The code as it was sent, beside one that FHIR binds.
pub(crate) fn alternate_codes(original: CodeableConcept) -> Extension {
    valued(
        "http://hl7.org/fhir/StructureDefinition/alternate-codes",
        ExtensionValue::CodeableConcept(Box::new(original)),
    )
}
