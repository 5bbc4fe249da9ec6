//! A device lent to a training elsewhere.

use std::error::Error;
use std::io::{ErrorKind, Write};
use std::net::TcpListener;
use std::panic::{self, PanicHookInfo};
use std::process;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use burn::server::telemetry::{DrainStatus, TelemetryEvent, TelemetryProbe, TelemetrySubscription};
use burn::server::{RemoteServer, WebSocketTransport};
use burn::tensor::Device;
use tokio::runtime::Runtime;

use super::WorkerArgs;
use crate::device;
use crate::error::RunError;

/// Serves a device until the training that uses it has ended.
///
/// # Errors
///
/// If the device is not built in, or nobody can listen at the address.
pub fn serve(args: &WorkerArgs) -> Result<(), RunError> {
    if args.device.is_worker() {
        return Err(RunError::Usage(format!(
            "--device {}: a worker lends a device of this machine, not another worker's",
            args.device
        )));
    }
    let device = device::open_spec(&args.device)?;
    let refused = |error: std::io::Error| {
        RunError::Usage(match error.kind() {
            ErrorKind::AddrInUse => format!(
                "the address {} is in use: choose another --listen",
                args.listen
            ),
            _ => format!("cannot listen at {}: {error}", args.listen),
        })
    };
    let listener = TcpListener::bind(&args.listen).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    println!("a worker with {} listens at {address}", args.device);
    if !address.ip().is_loopback() {
        println!(
            "whoever can reach this address can use the device and read what is sent: keep it in \
             a private network, or behind a tunnel"
        );
    }
    // The line may be what another program waits for.
    let _ = std::io::stdout().flush();
    panic::set_hook(Box::new(note));
    let (probe, sessions) = TelemetryProbe::channel(1 << 16);
    let stay = args.stay;
    thread::spawn(move || end_with_the_training(sessions, stay));
    lend(device, listener, probe)
        .map_err(|error| RunError::Training(format!("the worker at {address} failed: {error}")))
}

/// Serves a device to whoever connects, until the process ends.
///
/// # Errors
///
/// If the server fails.
pub fn lend(
    device: Device,
    listener: TcpListener,
    probe: TelemetryProbe,
) -> Result<(), Box<dyn Error>> {
    let server = RemoteServer::new([device]).with_telemetry(probe);
    // Unlike `RemoteServer::serve`, this writes no line for every tensor that it sends.
    let transport = WebSocketTransport::from_listener(listener);
    Runtime::new()?.block_on(async { server.serve_async(transport).await })?;
    Ok(())
}

/// What made a session fail, if one has.
static FAILURE: Mutex<Option<String>> = Mutex::new(None);

/// How the server names the threads that compute for a training.
const SESSION: &str = "burn-remote-session";

/// Notes a panic of a thread that computes. Others break off with the connection, as they do where
/// the training ends.
fn note(failure: &PanicHookInfo<'_>) {
    if thread::current()
        .name()
        .is_some_and(|name| name.starts_with(SESSION))
    {
        let mut noted = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
        noted.get_or_insert_with(|| failure.to_string());
    }
}

/// How often a worker looks whether its training has ended.
const LOOK: Duration = Duration::from_millis(100);

/// Ends the process when the last session has closed, however its other side ended.
fn end_with_the_training(mut sessions: TelemetrySubscription, stay: bool) {
    let mut open = 0_usize;
    let mut events = Vec::new();
    loop {
        let status = sessions.drain_into(&mut events);
        let mut closed = false;
        for event in events.drain(..) {
            match *event {
                TelemetryEvent::SessionOpened { .. } => open += 1,
                TelemetryEvent::SessionClosed { .. } => {
                    open = open.saturating_sub(1);
                    closed = true;
                }
                _ => {}
            }
        }
        if let Some(failure) = FAILURE
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            let words: Vec<&str> = failure.split_whitespace().collect();
            eprintln!(
                "error: a computation for the training failed: {}",
                words.join(" ")
            );
            process::exit(1);
        }
        if closed && open == 0 {
            // Whoever has read the first line may be gone.
            let _ = writeln!(std::io::stdout(), "the training has ended");
            if !stay {
                process::exit(0);
            }
        }
        if matches!(status, DrainStatus::Closed) {
            return;
        }
        thread::sleep(LOOK);
    }
}
