//! A patient's rows, seen through links.

/// The condition that a row is in the compartment of a patient or of anybody who is the same person: what
/// the EMR sent stands under the one who leads, what apps posted under whom they named. `$1` is the tenant,
/// `patient` a parameter.
pub(crate) fn is_of(column: &str, patient: &str) -> String {
    format!(
        "{column} = any(array(
            select {patient}::uuid
            union
            select other.entity from person one
            join person other on other.tenant = $1 and other.lead = one.lead
            where one.tenant = $1 and one.entity = {patient}::uuid
        ))"
    )
}
