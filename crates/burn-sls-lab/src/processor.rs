//! The processor that a measurement was made on.

use std::fs;
use std::thread;

use burn_sls_run::AVX_512;

/// Its name, the widest vectors that it has and that this program uses, and its cores, in one line.
pub fn description() -> String {
    let mut parts = Vec::new();
    parts.extend(name());
    let vectors = vectors();
    parts.push(match vectors.iter().find(|vectors| vectors.used) {
        Some(used) if used.name == vectors[0].name => used.name.to_string(),
        Some(used) => format!("{} (this program uses {})", vectors[0].name, used.name),
        None => "no vectors that are known here".to_string(),
    });
    if let Ok(threads) = thread::available_parallelism() {
        let threads = match usize::from(threads) {
            1 => "1 thread".to_string(),
            threads => format!("{threads} threads"),
        };
        parts.push(match cores_are_shared() {
            Some(true) => format!("{threads}, two of them on a core"),
            Some(false) => format!("{threads}, each on a core of its own"),
            None => threads,
        });
    }
    parts.join(", ")
}

/// Instructions of a processor.
struct Vectors {
    name: &'static str,
    /// Whether the program was built to use them.
    used: bool,
}

/// What the processor has, the widest first.
#[cfg(target_arch = "x86_64")]
fn vectors() -> Vec<Vectors> {
    let all = [
        ("AVX-512", is_x86_feature_detected!("avx512f"), AVX_512),
        (
            "AVX2",
            is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            true,
        ),
        ("SSE2", true, true),
    ];
    let there = all.into_iter().filter(|(_, there, _)| *there);
    let vectors = there.map(|(name, _, used)| Vectors { name, used });
    vectors.collect()
}

#[cfg(target_arch = "aarch64")]
fn vectors() -> Vec<Vectors> {
    let (name, used) = ("NEON", true);
    vec![Vectors { name, used }]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn vectors() -> Vec<Vectors> {
    Vec::new()
}

/// What Linux calls it.
fn name() -> Option<String> {
    let all = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = all.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(": ")?;
    Some(name.to_string())
}

/// Whether the first core runs two threads, as Linux tells.
fn cores_are_shared() -> Option<bool> {
    let list = "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list";
    let list = fs::read_to_string(list).ok()?;
    Some(list.trim().contains([',', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_described_in_one_line() {
        let line = description();
        assert!(!line.is_empty() && line.lines().count() == 1, "{line}");
        if cfg!(target_arch = "x86_64") {
            assert!(line.contains("AVX") || line.contains("SSE2"), "{line}");
            assert_eq!(line.contains("this program uses"), {
                is_x86_feature_detected!("avx512f") && !AVX_512
            });
        }
    }
}
