//! Prints docs/mapping.md. People use `drawbridge map --document`; this builds without the server.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(mapping::document().as_bytes())
}
