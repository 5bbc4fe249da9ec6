//! A relay that counts what passes between two processes.
//!
//! It stands between a training and a worker, and sees their WebSocket frames: after the handshake
//! of HTTP, which ends with an empty line, every frame says how long it is.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Bytes and messages in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes, with the frames around them.
    pub bytes: u64,
    /// Frames that carry data.
    pub messages: u64,
}

impl Traffic {
    /// What came after `earlier`.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            bytes: self.bytes - earlier.bytes,
            messages: self.messages - earlier.messages,
        }
    }
}

impl std::iter::Sum for Traffic {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            bytes: sum.bytes + part.bytes,
            messages: sum.messages + part.messages,
        })
    }
}

#[derive(Debug, Default)]
struct Counts {
    bytes: AtomicU64,
    messages: AtomicU64,
}

/// A relay to a worker, for as long as the process lives.
#[derive(Debug)]
pub struct Meter {
    address: SocketAddr,
    counts: Arc<Counts>,
}

impl Meter {
    /// A relay to the worker at `address`.
    ///
    /// # Errors
    ///
    /// If no port of the loopback interface is free.
    pub fn new(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let meter = Self {
            address: listener.local_addr()?,
            counts: Arc::default(),
        };
        let (to, counts) = (address.to_string(), meter.counts.clone());
        thread::spawn(move || {
            for from in listener.incoming().flatten() {
                // A worker that is gone closes the connection to the relay, too.
                let _ = relay(from, &to, &counts);
            }
        });
        Ok(meter)
    }

    /// Where the relay listens.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// What has passed so far.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            bytes: self.counts.bytes.load(Ordering::Relaxed),
            messages: self.counts.messages.load(Ordering::Relaxed),
        }
    }
}

fn relay(from: TcpStream, to: &str, counts: &Arc<Counts>) -> io::Result<()> {
    let to = TcpStream::connect(to)?;
    for stream in [&from, &to] {
        stream.set_nodelay(true)?;
    }
    let ways = [(from.try_clone()?, to.try_clone()?), (to, from)];
    for (mut from, mut to) in ways {
        let counts = counts.clone();
        thread::spawn(move || {
            let mut frames = Frames::default();
            let mut buffer = vec![0; 1 << 16];
            while let Ok(read @ 1..) = from.read(&mut buffer) {
                counts.bytes.fetch_add(read as u64, Ordering::Relaxed);
                let messages = frames.read(&buffer[..read]);
                counts.messages.fetch_add(messages, Ordering::Relaxed);
                if to.write_all(&buffer[..read]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

/// Where a stream of frames has been read to: RFC 6455, section 5.2.
#[derive(Debug, Default)]
struct Frames {
    /// Whether the handshake is over.
    open: bool,
    /// The last bytes of the handshake, or the first ones of a frame.
    head: Vec<u8>,
    /// Bytes of the present frame that are still to come.
    rest: u64,
}

impl Frames {
    /// How many frames with data begin in these bytes.
    fn read(&mut self, mut bytes: &[u8]) -> u64 {
        let mut messages = 0;
        while !bytes.is_empty() {
            if self.rest > 0 {
                let skipped = self.rest.min(bytes.len() as u64);
                self.rest -= skipped;
                bytes = &bytes[skipped as usize..];
                continue;
            }
            self.head.push(bytes[0]);
            bytes = &bytes[1..];
            if !self.open {
                if self.head.ends_with(b"\r\n\r\n") {
                    self.open = true;
                    self.head.clear();
                }
            } else if let Some((has_data, length)) = frame(&self.head) {
                messages += u64::from(has_data);
                self.rest = length;
                self.head.clear();
            }
        }
        messages
    }
}

/// Whether a frame carries data, and its length after this head; none if the head goes on.
fn frame(head: &[u8]) -> Option<(bool, u64)> {
    let [first, second, more @ ..] = head else {
        return None;
    };
    let masked = 4 * u64::from(second >> 7);
    let length = match second & 127 {
        126 => u64::from(u16::from_be_bytes(*more.first_chunk()?)),
        127 => u64::from_be_bytes(*more.first_chunk()?),
        short => u64::from(short),
    };
    // The mask counts as a part of what follows. Pings, pongs and the close are control frames.
    Some((first & 8 == 0, length + masked))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame with so many bytes.
    fn framed(code: u8, masked: bool, length: usize) -> Vec<u8> {
        let mask = u8::from(masked) << 7;
        let mut frame = vec![128 | code];
        match length {
            0..126 => frame.push(mask | length as u8),
            126..65536 => {
                frame.push(mask | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            _ => {
                frame.push(mask | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(vec![0; length + if masked { 4 } else { 0 }]);
        frame
    }

    #[test]
    fn frames_are_counted_however_the_bytes_come() {
        let mut stream = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n".to_vec();
        let lengths = [0, 1, 125, 126, 65_535, 65_536, 200_000];
        for (index, length) in lengths.into_iter().enumerate() {
            stream.extend(framed(2, index % 2 == 0, length));
            stream.extend(framed(9, true, 3)); // a ping
        }
        for chunk in [1, 3, 1000, stream.len()] {
            let mut frames = Frames::default();
            let counted: u64 = stream.chunks(chunk).map(|bytes| frames.read(bytes)).sum();
            assert_eq!(counted, lengths.len() as u64, "chunks of {chunk}");
            assert_eq!((frames.rest, frames.head.len()), (0, 0));
        }
    }

    #[test]
    fn a_relay_passes_everything_on_and_counts_it() {
        let worker = TcpListener::bind("127.0.0.1:0").expect("a port");
        let meter = Meter::new(&worker.local_addr().expect("an address").to_string());
        let meter = meter.expect("a relay");
        let echo = thread::spawn(move || {
            let (mut stream, _) = worker.accept().expect("a connection");
            let mut bytes = [0; 40];
            stream.read_exact(&mut bytes).expect("bytes");
            stream.write_all(&bytes).expect("written");
            bytes
        });
        let mut sent = b"GET / HTTP/1.1\r\n\r\n".to_vec();
        sent.extend(framed(2, true, 16));
        assert_eq!(sent.len(), 40);
        let mut stream = TcpStream::connect(meter.address()).expect("connected");
        stream.write_all(&sent).expect("written");
        let mut back = [0; 40];
        stream.read_exact(&mut back).expect("bytes");
        assert_eq!((echo.join().expect("bytes"), back.to_vec()), (back, sent));
        // Both ways have a handshake and a frame.
        let traffic = meter.traffic();
        assert_eq!((traffic.bytes, traffic.messages), (80, 2));
    }
}
