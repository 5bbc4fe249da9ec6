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
    /// All of it, and as much again.
    Double(Vec<u8>),
    /// All of it, as the content of this SHA-256.
    Sha256(Vec<u8>, &'static str),
    /// All of it, with this as `ETag` and this as `X-Repo-Commit`.
    Marked(&'static str, &'static str),
    /// That there is none, in this commit.
    NoneIn(&'static str),
    /// Nothing, for ever.
    Silence,
    /// All of it is announced, and next to nothing comes.
    Drops(Vec<u8>),
    /// That it has too much to do.
    Busy,
    /// That a token is needed.
    NotAllowed,
    /// That it is found elsewhere.
    Moved(String),
    /// All that is known of it, and that the content is kept elsewhere.
    Kept(Vec<u8>, String),
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
    /// What came as `Authorization`, for every request.
    tokens: Mutex<Vec<Option<String>>>,
    /// Connections that get no answer.
    held: Mutex<Vec<TcpStream>>,
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

    /// The tokens of all requests so far.
    pub fn tokens(&self) -> Vec<Option<String>> {
        self.shared.tokens.lock().expect("no panic").clone()
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
        let mut token = None;
        while let Some(line) = lines.next().transpose()?.filter(|line| !line.is_empty()) {
            if let Some((name, value)) = line.split_once(": ")
                && name.eq_ignore_ascii_case("authorization")
            {
                token = Some(value.to_string());
            }
        }
        self.tokens.lock().expect("no panic").push(token);

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
        let ok = "200 OK";
        let (status, length, body) = match &answer {
            None | Some(Answer::NoneIn(_)) => ("404 Not Found", 0, &[][..]),
            Some(Answer::Silence) => {
                self.held.lock().expect("no panic").push(stream);
                return Ok(());
            }
            Some(Answer::Busy) => ("503 Service Unavailable", 0, &[][..]),
            Some(Answer::NotAllowed) => ("401 Unauthorized", 0, &[][..]),
            Some(Answer::Moved(_)) => ("307 Temporary Redirect", 0, &[][..]),
            Some(Answer::Kept(..)) => ("302 Found", 0, &[][..]),
            Some(Answer::Marked(..)) => (ok, 2, &b"{}"[..]),
            Some(Answer::Whole(bytes) | Answer::Sha256(bytes, _)) => (ok, bytes.len(), &bytes[..]),
            Some(Answer::BrokenOff(bytes)) => (ok, bytes.len(), &bytes[..bytes.len() / 2]),
            Some(Answer::Drops(bytes)) => (ok, bytes.len(), &bytes[..]),
            Some(Answer::Double(bytes)) if get => (ok, 2 * bytes.len(), &bytes[..]),
            Some(Answer::Double(bytes)) => (ok, bytes.len(), &bytes[..]),
            Some(Answer::Half(bytes)) => {
                let half = &bytes[..bytes.len() / 2];
                (ok, if get { half.len() } else { bytes.len() }, half)
            }
        };
        let commit = match answer {
            Some(Answer::Marked(_, commit) | Answer::NoneIn(commit)) => commit,
            _ => COMMIT,
        };
        let mut head = format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\
             X-Repo-Commit: {commit}\r\n"
        );
        // The mark of a content is made of its name here: no two files have the same one.
        let mark = name.replace(['/', '.'], "-");
        head += &match &answer {
            Some(Answer::Moved(to)) => format!("Location: {to}\r\n"),
            Some(Answer::Kept(bytes, to)) => format!(
                "Location: {to}\r\nX-Linked-ETag: \"{mark}\"\r\nX-Linked-Size: {}\r\n",
                bytes.len()
            ),
            Some(Answer::Sha256(_, sha256)) => format!("X-Linked-ETag: \"{sha256}\"\r\n"),
            Some(Answer::Marked(mark, _)) => format!("ETag: \"{mark}\"\r\n"),
            _ => format!("ETag: \"{mark}\"\r\n"),
        };
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        match answer {
            _ if !get => Ok(()),
            Some(Answer::Double(bytes)) => stream.write_all(&[&bytes[..], &bytes].concat()),
            Some(Answer::Drops(_)) => {
                // One at a time, until nobody listens.
                for byte in body {
                    stream.write_all(&[*byte])?;
                    thread::sleep(Duration::from_millis(20));
                }
                Ok(())
            }
            _ => stream.write_all(body),
        }
    }
}
