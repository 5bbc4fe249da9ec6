//! The most memory that a method takes, each in a process of its own: what one has freed, an
//! allocator may keep, and the next would be counted with it.

use std::env;
use std::fs;
use std::process::Command;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::args::arguments;
use super::progress::Progress;
use burn_sls_run::RunError;

use super::method::MethodName;
use crate::bench::args::BenchArgs;
use crate::error::LabError;

/// The steps of such a process: the first makes the moments, the later ones are like each other.
pub const STEPS: usize = 3;

/// What such a process prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peak {
    /// The most bytes that it held; none where the system does not tell.
    pub bytes: Option<u64>,
}

impl Peak {
    /// Of this process until now: what the device's allocator has reserved, or of a device that
    /// computes in the memory of the host, the largest resident set.
    pub fn now(device: &Device) -> Self {
        let reserved = device.memory_pool_usage().map(|usage| usage.bytes_reserved);
        let status = || fs::read_to_string("/proc/self/status").ok();
        Self {
            bytes: reserved.or_else(|| largest_resident_set(&status()?)),
        }
    }
}

/// `VmHWM` of Linux's `/proc/self/status`, in bytes.
fn largest_resident_set(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kibibytes)
}

/// Has every method make its steps in a process of its own.
///
/// # Errors
///
/// If one of them cannot be started, or fails.
pub fn peaks(args: &BenchArgs, methods: &[MethodName]) -> Result<Vec<Peak>, LabError> {
    let mut progress = Progress::new("memory", methods.len());
    let mut peaks = Vec::new();
    for method in methods {
        peaks.push(alone(args, *method)?);
        progress.advance();
    }
    Ok(peaks)
}

fn alone(args: &BenchArgs, method: MethodName) -> Result<Peak, LabError> {
    let failed = |reason: String| {
        LabError::from(RunError::Training(format!(
            "the memory of {} could not be measured: {reason}. If there was too little, take a \
             smaller --batch, --tokens or --model",
            method.word()
        )))
    };
    let program = env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    let command = command
        .args(arguments(args))
        .args(["--alone", &method.word()]);
    let output = command
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.trim().lines().last().unwrap_or_default();
        return Err(failed(format!(
            "its process ended with {}: {last}",
            output.status
        )));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_resident_set_is_read_in_bytes() {
        let status = "Name:\tglue\nVmPeak:\t  200 kB\nVmHWM:\t  123 kB\nVmRSS:\t  100 kB\n";
        assert_eq!(largest_resident_set(status), Some(123 * 1024));
        assert_eq!(largest_resident_set("Name:\tglue\n"), None);
        assert_eq!(largest_resident_set("VmHWM:\tmuch\n"), None);
    }
}
