//! A watch over workers that stop answering without closing their connection.
//!
//! A training waits for what a worker computes, and Burn's client waits for ever. So beside the
//! training a thread asks every worker for a page of its server; the answer, an error, is a sign of
//! life.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::device::DeviceSpec;
use crate::error::RunError;
use crate::stopped::stopped;

/// How long a worker may be silent, in seconds. Its server answers while the device computes.
const PATIENCE: usize = 20;

/// Between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Ends with its training.
pub struct Watch(Arc<AtomicBool>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Watches the workers of a training until the watch is dropped. One that does not answer for so
/// many seconds ends the process, since nothing else ends a wait for it; `go_on` is the command that
/// resumes the run in the folder `out`.
pub fn watch(specs: &[DeviceSpec], patience: Option<usize>, out: &Path, go_on: &str) -> Watch {
    let patience = Duration::from_secs(patience.unwrap_or(PATIENCE) as u64);
    let over = Arc::new(AtomicBool::new(false));
    for spec in specs {
        if let DeviceSpec::Worker(address) = spec {
            let (address, over) = (address.clone(), over.clone());
            let (out, go_on) = (out.to_path_buf(), go_on.to_string());
            thread::spawn(move || {
                let silent = ask(&address, patience, &over);
                if let Some(silent) = silent {
                    let error = stopped(RunError::Device(silent), &out, go_on);
                    eprintln!("error: {error}");
                    process::exit(error.exit_code().into());
                }
            });
        }
    }
    Watch(over)
}

/// Asks until the training is over, or the worker has been silent for too long, and says so.
fn ask(address: &str, patience: Duration, over: &AtomicBool) -> Option<String> {
    let mut heard = Instant::now();
    while !over.load(Ordering::Relaxed) {
        match answers(address, patience) {
            true => heard = Instant::now(),
            false if heard.elapsed() >= patience && !over.load(Ordering::Relaxed) => {
                let seconds = heard.elapsed().as_secs();
                return Some(format!(
                    "the worker at {address} has not answered for {seconds} seconds"
                ));
            }
            false => {}
        }
        thread::sleep(PAUSE);
    }
    None
}

/// Whether the worker's server says anything at all.
fn answers(address: &str, patience: Duration) -> bool {
    let ask = || -> std::io::Result<usize> {
        // As a client does: a name may have several addresses, and the worker listens at one.
        let mut found = address.to_socket_addrs()?;
        let connected = found.find_map(|one| TcpStream::connect_timeout(&one, patience / 8).ok());
        let mut stream = connected.ok_or(std::io::ErrorKind::ConnectionRefused)?;
        stream.set_read_timeout(Some(patience / 4))?;
        write!(
            stream,
            "GET /alive HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        stream.read(&mut [0; 1])
    };
    matches!(ask(), Ok(read) if read > 0)
}
