//! A small hub on this machine: the part of its protocol that a download needs.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The commit that every file is of.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What the hub answers when it is asked for a file.
#[derive(Clone)]
pub enum Answer {
    /// All of it.
    Whole(Vec<u8>),
    /// Half of it, and then the connection ends.
    BrokenOff(Vec<u8>),
    /// Half of it as if that were all, though all of it was announced.
    Half(Vec<u8>),
    /// That a token is needed.
    NotAllowed,
    /// That it is found elsewhere.
    Moved(&'static str),
}

/// A hub that is gone when this is dropped.
pub struct FakeHub {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// By the name of the model or data set and the name of the file: `owner/name/file`.
    answers: Mutex<HashMap<String, Answer>>,
    /// The files that were sent, in this order.
    sent: Mutex<Vec<String>>,
    silent: AtomicBool,
    closed: AtomicBool,
}

impl FakeHub {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let of_thread = shared.clone();
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if of_thread.closed.load(Ordering::SeqCst) {
                    break;
                }
                if of_thread.silent.load(Ordering::SeqCst) {
                    continue;
                }
                // Whoever hangs up early has what it came for.
                let _ = stream.and_then(|stream| of_thread.answer(stream));
            }
        });
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set(&self, file: &str, answer: Answer) {
        let mut answers = self.shared.answers.lock().expect("no panic");
        answers.insert(file.to_string(), answer);
    }

    /// Answers nobody from now on. The port stays taken: a hub that another test opens does not get
    /// it.
    pub fn hang_up(&self) {
        self.shared.silent.store(true, Ordering::SeqCst);
    }

    /// The files that were sent so far.
    pub fn sent(&self) -> Vec<String> {
        self.shared.sent.lock().expect("no panic").clone()
    }
}

impl Drop for FakeHub {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        // Wakes the thread.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.set_write_timeout(Some(Duration::from_secs(5)))?;
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let request = lines.next().unwrap_or(Ok(String::new()))?;
        while lines
            .next()
            .transpose()?
            .is_some_and(|line| !line.is_empty())
        {}

        let mut words = request.split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let name = path.trim_start_matches('/');
        let file = match name.split_once("/resolve/") {
            Some((repository, rest)) => {
                let (_revision, file) = rest.split_once('/').unwrap_or(("", rest));
                format!("{repository}/{file}")
            }
            None => name.to_string(),
        };
        let answer = self.answers.lock().expect("no panic").get(&file).cloned();
        let get = method == "GET";
        if get {
            self.sent.lock().expect("no panic").push(file);
        }
        let (status, length, body) = match &answer {
            None => ("404 Not Found", 0, &[][..]),
            Some(Answer::NotAllowed) => ("401 Unauthorized", 0, &[][..]),
            Some(Answer::Moved(_)) => ("307 Temporary Redirect", 0, &[][..]),
            Some(Answer::Whole(bytes)) => ("200 OK", bytes.len(), &bytes[..]),
            Some(Answer::BrokenOff(bytes)) => ("200 OK", bytes.len(), &bytes[..bytes.len() / 2]),
            Some(Answer::Half(bytes)) => {
                let half = &bytes[..bytes.len() / 2];
                let length = if get { half.len() } else { bytes.len() };
                ("200 OK", length, half)
            }
        };
        let mut head = format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\
             X-Repo-Commit: {COMMIT}\r\n"
        );
        match answer {
            Some(Answer::Moved(to)) => head += &format!("Location: {to}\r\n"),
            // The mark of a content is made of its name here: no two files have the same one.
            _ => head += &format!("ETag: \"{}\"\r\n", name.replace(['/', '.'], "-")),
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        match get {
            true => stream.write_all(body),
            false => Ok(()),
        }
    }
}
