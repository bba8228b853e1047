//! How the embedded cluster is set: chosen here, named here, and used by the benchmarks, so that
//! what is measured is what runs.

use std::fs;

const MIB: u64 = 1 << 20;
/// Assumed where the machine does not say.
const MEMORY_FALLBACK: u64 = 2048 * MIB;

/// Settings that are the same on every machine.
pub const SETTINGS: &[(&str, &str)] = &[
    // An ACK is a promise: these three are what makes a commit one.
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on"),
    // Commits are grouped before they reach Postgres; waiting here would only add delay.
    ("commit_delay", "0"),
    // A checkpoint makes the next write of each page log the whole page: few and gentle ones.
    ("checkpoint_timeout", "15min"),
    ("checkpoint_completion_target", "0.9"),
    ("max_wal_size", "2GB"),
    ("min_wal_size", "256MB"),
    ("wal_buffers", "16MB"),
    ("max_wal_senders", "2"),
    ("max_connections", "100"),
    ("huge_pages", "off"),
    // Short statements: compiling them or sharing them among workers costs more than it saves.
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
    ("random_page_cost", "1.1"),
    // Queues and current versions are rewritten all the time: clean up early, in small steps.
    ("autovacuum_naptime", "15s"),
    ("autovacuum_vacuum_scale_factor", "0.05"),
    ("autovacuum_vacuum_insert_scale_factor", "0.1"),
    ("autovacuum_analyze_scale_factor", "0.02"),
    ("autovacuum_vacuum_cost_limit", "1000"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("lc_messages", "C"),
    // The log names what failed and never with which values: statements and details hold them.
    ("log_error_verbosity", "terse"),
    ("log_min_error_statement", "panic"),
    ("log_parameter_max_length_on_error", "0"),
    ("log_checkpoints", "off"),
    ("logging_collector", "off"),
];

/// All settings for a machine (or container) with so much memory; `lz4` where this Postgres was
/// built with it.
pub fn settings_for(memory_bytes: u64, has_lz4: bool) -> Vec<(String, String)> {
    let share = |part: u64, min: u64, max: u64| {
        let mib = (memory_bytes / part / MIB).clamp(min, max);
        format!("{mib}MB")
    };
    let mut settings: Vec<(String, String)> = SETTINGS
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut add = |name: &str, value: String| settings.push((name.to_owned(), value));
    add("shared_buffers", share(8, 128, 1024));
    add("effective_cache_size", share(2, 512, 64 * 1024));
    add("maintenance_work_mem", share(32, 64, 256));
    add(
        "wal_compression",
        if has_lz4 { "lz4" } else { "on" }.to_owned(),
    );
    add(
        "default_toast_compression",
        if has_lz4 { "lz4" } else { "pglz" }.to_owned(),
    );
    settings
}

/// What this machine, or the container that we are in, has.
pub(super) fn memory_bytes() -> u64 {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let machine = machine_memory(&read("/proc/meminfo"));
    // cgroup v2, then v1; `max` or absurdly much mean "no limit".
    let limits = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    let limit = limits
        .iter()
        .find_map(|path| read(path).trim().parse::<u64>().ok());
    machine
        .unwrap_or(MEMORY_FALLBACK)
        .min(limit.unwrap_or(u64::MAX))
}

fn machine_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(settings: &[(String, String)], name: &str) -> String {
        settings
            .iter()
            .find(|(it, _)| it == name)
            .unwrap()
            .1
            .clone()
    }

    #[test]
    fn memory_is_shared_out_within_bounds() {
        let small = settings_for(256 * MIB, false);
        assert_eq!(value(&small, "shared_buffers"), "128MB");
        assert_eq!(value(&small, "wal_compression"), "on");
        let large = settings_for(256 * 1024 * MIB, true);
        assert_eq!(value(&large, "shared_buffers"), "1024MB");
        assert_eq!(value(&large, "wal_compression"), "lz4");
    }

    #[test]
    fn memory_is_read_from_the_kernel() {
        assert_eq!(
            machine_memory("MemTotal:       2048 kB\nMemFree: 1 kB\n"),
            Some(2 * MIB)
        );
        assert_eq!(machine_memory(""), None);
    }
}
