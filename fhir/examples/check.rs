//! Checks files that hold one resource each and says what is wrong with them:
//! `cargo run -p fhir --example check -- FILE…`. HL7's own examples (npm: `hl7.fhir.r4.examples`) are
//! what the check was tried on.

#![expect(clippy::print_stdout, reason = "it is a command line program")]

use std::error::Error;
use std::fs;

fn main() -> Result<(), Box<dyn Error>> {
    let mut n_files = 0;
    let mut n_bad = 0;
    for file in std::env::args().skip(1) {
        let resource = match serde_json::from_slice(&fs::read(&file)?) {
            Ok(resource) => resource,
            Err(error) => {
                println!("{file}: not JSON: {error}");
                continue;
            }
        };
        let faults = fhir::check(&resource, None);
        n_files += 1;
        n_bad += usize::from(!faults.is_empty());
        for fault in faults {
            println!("{file}: {} {fault}", fault.code.as_str());
        }
    }
    println!("{n_bad} of {n_files} have faults");
    Ok(())
}
