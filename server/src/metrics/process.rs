//! The process itself: memory, open files, age.

use std::time::Duration;

use super::page::{Kind, Page};

/// Writes what the operating system says of this process; nothing where it does not say.
pub(super) fn write(page: &mut Page, uptime: Duration) {
    if let Some(kib) = resident_kib() {
        page.metric(
            "process_resident_memory_bytes",
            Kind::Gauge,
            "Resident memory.",
        )
        .sample("process_resident_memory_bytes", &[], kib * 1024);
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        page.metric("process_open_fds", Kind::Gauge, "Open file descriptors.")
            .sample("process_open_fds", &[], files.count());
    }
    page.metric(
        "drawbridge_uptime_seconds",
        Kind::Gauge,
        "Since the server started.",
    )
    .sample("drawbridge_uptime_seconds", &[], uptime.as_secs());
    let version = env!("CARGO_PKG_VERSION");
    page.metric("drawbridge_build_info", Kind::Gauge, "The running version.")
        .sample("drawbridge_build_info", &[("version", version)], 1);
}

/// `VmRSS` of Linux's `/proc/self/status`.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
