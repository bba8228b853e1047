//! `drawbridge`: the program. Everything it does is in the library beside it.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A message and a request are many small, short-lived pieces of text, made on one thread and freed on
/// another: what the system's allocator did for them took a sixth of a read's time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    server::cli::main()
}
