//! How a training finds its workers.

use burn::remote::{ConnectError, RemoteHost};
use burn::tensor::Device;

use crate::error::RunError;

/// Opens the device of a worker.
///
/// # Errors
///
/// If no worker answers at the address, or one of another release.
pub fn connect(address: &str) -> Result<Device, RunError> {
    let host = RemoteHost::websocket(&format!("ws://{address}"));
    let device = Device::remote_options(&host).init();
    device.map_err(|error| RunError::Usage(unreached(address, error)))
}

/// Why a worker cannot be had, and what to do.
fn unreached(address: &str, error: ConnectError) -> String {
    match error {
        ConnectError::IncompatibleProtocol { .. } => format!(
            "the worker at {address} is of another release: {error}. Build the program of the \
             same release on both machines"
        ),
        ConnectError::Handshake { reason } => format!(
            "what answers at {address} is no worker, or one of another release: {reason}. Start \
             a worker of this release there"
        ),
        error => format!(
            "no worker answers at {address}: {error}. Start one there by `glue worker \
             --listen {address}`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_cannot_be_had_is_told_from_one_of_another_release() {
        let of_another = ConnectError::IncompatibleProtocol {
            client_version: 2,
            server_version: 3,
        };
        let closed = ConnectError::Handshake {
            reason: "closed".to_string(),
        };
        let silent = ConnectError::Unreachable {
            reason: "refused".to_string(),
        };
        for (error, part) in [
            (
                of_another,
                "at gpu:1 is of another release: the server speaks version 3",
            ),
            (
                closed,
                "what answers at gpu:1 is no worker, or one of another release: closed",
            ),
            (silent, "no worker answers at gpu:1"),
        ] {
            let said = unreached("gpu:1", error);
            assert!(said.contains(part), "{said}");
        }
    }
}
