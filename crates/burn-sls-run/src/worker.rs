//! Workers: devices of other processes, on this machine or another, that take part in a training.
//!
//! A worker serves Burn's remote device over a WebSocket, which is neither encrypted nor guarded.
//! The process that trains sends it operations; the worker knows nothing of models or data.

#[cfg(feature = "remote")]
mod connect;
#[cfg(feature = "remote")]
mod serve;
#[cfg(feature = "remote")]
mod watch;

use clap::Args;

use crate::device::DeviceSpec;

#[cfg(feature = "remote")]
pub use connect::connect;
#[cfg(feature = "remote")]
pub use serve::{lend, serve};
#[cfg(feature = "remote")]
pub use watch::{Watch, watch};

/// How a program gets workers.
#[cfg(not(feature = "remote"))]
pub(crate) const BUILD: &str = "build the program with `--features remote`";

/// The options of a worker.
#[derive(Args, Clone, Debug)]
pub struct WorkerArgs {
    /// Where to listen: a port of this machine's loopback interface, or an address as HOST:PORT.
    /// The channel is neither encrypted nor guarded: keep an address that others can reach in a
    /// private network
    #[arg(long, value_name = "PORT|HOST:PORT", default_value = "4400", value_parser = address)]
    pub listen: String,
    /// Backend, and which of its devices (cuda:1)
    #[arg(long, default_value = "flex")]
    pub device: DeviceSpec,
    /// Wait for the next training when one has ended without an error of the device
    #[arg(long)]
    pub stay: bool,
}

fn address(text: &str) -> Result<String, String> {
    match text.parse::<u16>() {
        Ok(port) => Ok(format!("127.0.0.1:{port}")),
        Err(_) if text.contains(':') => Ok(text.to_string()),
        Err(_) => Err("it must be a port or HOST:PORT".to_string()),
    }
}

/// Serves nothing: workers are not built in.
///
/// # Errors
///
/// Always, with what to do.
#[cfg(not(feature = "remote"))]
pub fn serve(_: &WorkerArgs) -> Result<(), crate::error::RunError> {
    let text = format!("workers are not built in: {BUILD}");
    Err(crate::error::RunError::Usage(text))
}
