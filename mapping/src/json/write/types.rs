//! Data types.

use fhirbolt::model::r4::types::{
    Address, Annotation, AnnotationAuthor, Attachment, Base64Binary, Boolean, Code,
    CodeableConcept, Coding, ContactPoint, Date, DateTime, Decimal, Dosage, DosageDoseAndRate,
    DosageDoseAndRateDose, DosageDoseAndRateRate, Duration, Extension, ExtensionValue, HumanName,
    Id, Identifier, Instant, Integer, Markdown, Meta, Period, PositiveInt, Quantity, Range, Ratio,
    Reference, SampledData, String as FhirString, Time, Timing, TimingRepeat, TimingRepeatBounds,
    UnsignedInt, Uri, Url,
};

use super::{Element, Member, Members, Object, choice, escaped, members};

/// Texts: the value under the name, what extends it under `_name`.
macro_rules! texts {
    ($($type:ident),*) => {$(
        impl Member for $type {
            fn write(&self, name: &str, object: &mut Object<'_>) {
                if let Some(value) = &self.value {
                    object.text(name, value);
                }
                if !self.extension.is_empty() {
                    object.object(&beside(name), &Extended(&self.extension));
                }
            }
        }

        impl Element for $type {
            fn write_element(&self, out: &mut String) {
                escaped(self.value.as_deref().unwrap_or_default(), out);
            }
        }
    )*};
}

texts!(
    Base64Binary,
    Code,
    Date,
    DateTime,
    FhirString,
    Id,
    Instant,
    Markdown,
    Time,
    Uri,
    Url
);

/// The name of what extends a primitive: `"_name":` for `"name":`.
fn beside(name: &str) -> String {
    ["\"_", name.trim_start_matches('"')].concat()
}

/// What extends a primitive.
struct Extended<'e>(&'e Vec<Extension>);

impl Members for Extended<'_> {
    fn write_members(&self, object: &mut Object<'_>) {
        object.member("\"extension\":", self.0);
    }
}

/// Numbers and truth values stand as they are.
macro_rules! plain {
    ($($type:ident),*) => {$(
        impl Member for $type {
            fn write(&self, name: &str, object: &mut Object<'_>) {
                if let Some(value) = &self.value {
                    let text = value.to_string();
                    object.name(name).push_str(&text);
                }
                if !self.extension.is_empty() {
                    object.object(&beside(name), &Extended(&self.extension));
                }
            }
        }
    )*};
}

// A decimal's digits come from `Nm::json_digits`, which writes only numbers.
plain!(Boolean, Decimal, Integer, PositiveInt, UnsignedInt);

impl Member for String {
    fn write(&self, name: &str, object: &mut Object<'_>) {
        object.text(name, self);
    }
}

members! {
    Address {
        "extension" extension, "use" r#use, "type" r#type, "text" text, "line" line, "city" city,
        "district" district, "state" state, "postalCode" postal_code, "country" country,
        "period" period,
    }
    Annotation { "extension" extension, "author" author, "time" time, "text" text }
    Attachment {
        "extension" extension, "contentType" content_type, "data" data, "url" url, "size" size,
        "title" title, "creation" creation,
    }
    CodeableConcept { "extension" extension, "coding" coding, "text" text }
    Coding { "system" system, "version" version, "code" code, "display" display }
    ContactPoint {
        "extension" extension, "system" system, "value" value, "use" r#use, "rank" rank, "period" period,
    }
    Dosage {
        "sequence" sequence, "text" text, "additionalInstruction" additional_instruction,
        "patientInstruction" patient_instruction, "timing" timing, "site" site, "route" route,
        "method" method, "doseAndRate" dose_and_rate, "maxDosePerPeriod" max_dose_per_period,
    }
    DosageDoseAndRate { "type" r#type, "dose" dose, "rate" rate }
    Duration { "value" value, "unit" unit, "system" system, "code" code }
    Extension { "extension" extension, "url" url, "value" value }
    HumanName {
        "extension" extension, "use" r#use, "text" text, "family" family, "given" given, "prefix" prefix,
        "suffix" suffix, "period" period,
    }
    Identifier {
        "extension" extension, "use" r#use, "type" r#type, "system" system, "value" value, "period" period,
        "assigner" assigner,
    }
    Meta { "security" security }
    Period { "start" start, "end" end }
    Quantity {
        "value" value, "comparator" comparator, "unit" unit, "system" system, "code" code,
    }
    Range { "low" low, "high" high }
    Ratio { "numerator" numerator, "denominator" denominator }
    Reference {
        "extension" extension, "reference" reference, "type" r#type, "identifier" identifier,
        "display" display,
    }
    SampledData {
        "origin" origin, "period" period, "dimensions" dimensions, "data" data,
    }
    Timing { "event" event, "repeat" repeat, "code" code }
    TimingRepeat {
        "bounds" bounds, "count" count, "countMax" count_max, "duration" duration,
        "durationUnit" duration_unit, "period" period, "periodUnit" period_unit,
        "dayOfWeek" day_of_week, "timeOfDay" time_of_day, "when" when, "offset" offset,
    }
}

choice! {
    AnnotationAuthor { Reference "authorReference", String "authorString" }
    DosageDoseAndRateDose { Quantity "doseQuantity", Range "doseRange" }
    DosageDoseAndRateRate { Quantity "rateQuantity" }
    ExtensionValue {
        Address "valueAddress", Annotation "valueAnnotation", Attachment "valueAttachment",
        Boolean "valueBoolean", Code "valueCode", CodeableConcept "valueCodeableConcept",
        Coding "valueCoding", ContactPoint "valueContactPoint", Date "valueDate",
        DateTime "valueDateTime", Decimal "valueDecimal", Identifier "valueIdentifier",
        Integer "valueInteger", Reference "valueReference",
        String "valueString",
    }
    TimingRepeatBounds { Duration "boundsDuration", Period "boundsPeriod" }
}
