//! The two requests of a download, and what is made of their answers.
//!
//! A `HEAD` request answers with the commit (`X-Repo-Commit`), the mark of the content (`ETag`, or
//! `X-Linked-ETag` where the content is kept elsewhere) and its length. A `GET` request then brings
//! the content. What the hub says is looked at before a path is made of it, and every wait has an
//! end.

use std::error::Error;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, ETAG, HeaderMap, HeaderValue, LOCATION,
};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Method, Response, StatusCode, Url};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::cache::is_name;
use super::{HubError, Kind, Reason, Settings};

/// How often the hub may say that something has moved.
const MOVES: usize = 10;

/// The least number of bytes a second.
const SLOWEST: f64 = 1000.0;

/// Whom to ask, and how.
pub struct Requests {
    endpoint: Url,
    /// Follows no redirect by itself: it would take the token along to a second address of another
    /// host.
    client: Client,
    token: Option<HeaderValue>,
    patience: Duration,
}

/// What the hub says when it is asked for a file.
pub enum Said {
    /// What it knows of it.
    Known(Known),
    /// That this commit does not have it, if it says which.
    Lacks(Option<String>),
}

/// What the hub says of a file.
pub struct Known {
    pub commit: String,
    pub etag: String,
    /// The SHA-256 of the content, where the hub has it.
    sha256: Option<String>,
    pub bytes: Option<u64>,
}

impl Requests {
    /// Requests by these settings.
    ///
    /// # Errors
    ///
    /// [`HubError::Settings`] if the address is none of a server, or the token cannot be sent.
    pub fn new(settings: &Settings) -> Result<Self, HubError> {
        let wrong = |what: &str| HubError::Settings(what.to_string());
        let address = settings.endpoint.trim_end_matches('/');
        let endpoint = Url::parse(address).ok();
        let endpoint =
            endpoint.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let endpoint = endpoint.ok_or_else(|| {
            HubError::Settings(format!("{address} is no address that begins with https://"))
        })?;

        // What arrives is as long as it was announced to be.
        let identity = HeaderValue::from_static("identity");
        let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, identity)]);
        let token = settings.token.as_ref().map(|token| {
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut value = value.map_err(|_| wrong("the token has signs that no token has"))?;
            value.set_sensitive(true);
            Ok(value)
        });
        let version = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        let client = ClientBuilder::new()
            .user_agent(version)
            .redirect(Policy::none())
            // Whoever asks over a line that nobody reads along is not sent to another kind.
            .https_only(endpoint.scheme() == "https")
            .default_headers(headers)
            .build();
        Ok(Self {
            client: client.map_err(|error| HubError::Settings(innermost(&error)))?,
            token: token.transpose()?,
            endpoint,
            patience: settings.patience,
        })
    }

    /// The address of a file, of the newest commit if of none.
    pub fn url(&self, kind: Kind, name: &str, file: &str, commit: Option<&str>) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
            if kind == Kind::DataSet {
                path.push("datasets");
            }
            path.extend(name.split('/')).push("resolve");
            path.push(commit.unwrap_or("main")).extend(file.split('/'));
        }
        url
    }

    /// Asks the hub what it knows of a file.
    pub async fn ask(&self, mut url: Url, commit: Option<&str>) -> Result<Said, Reason> {
        for _ in 0..=MOVES {
            let answer = self.send(Method::HEAD, &url).await?;
            let status = answer.status();
            let headers = answer.headers();
            let text = |name: &str| headers.get(name)?.to_str().ok();
            if status.is_redirection()
                && let Some(to) = text(LOCATION.as_str())
                && let Ok(to) = url.join(to)
                && to.origin() == url.origin()
            {
                url = to;
                continue;
            }
            let of = text("x-repo-commit");
            if status == StatusCode::NOT_FOUND {
                let of = of.filter(|of| is_name(of) && commit.is_none_or(|commit| commit == *of));
                return Ok(Said::Lacks(of.map(str::to_string)));
            }
            if !status.is_redirection() {
                refused(status)?;
            }
            let linked = text("x-linked-etag").map(unquoted);
            let etag = linked.or_else(|| text(ETAG.as_str()).map(unquoted));
            let named = |mark: Option<&str>, header: &str| match mark {
                Some(mark) if is_name(mark) => Ok(mark.to_string()),
                Some(mark) => Err(Reason::Other(format!("it sends {mark:?} as {header}"))),
                None => Err(Reason::Other(format!("it answers without {header}"))),
            };
            let length = text("x-linked-size").or_else(|| {
                let of_file = status.is_success();
                text(CONTENT_LENGTH.as_str()).filter(|_| of_file)
            });
            let is_sha256 =
                |mark: &&str| mark.len() == 64 && mark.chars().all(|c| c.is_ascii_hexdigit());
            let known = Known {
                commit: named(of, "X-Repo-Commit")?,
                etag: named(etag, "ETag")?,
                sha256: linked.filter(is_sha256).map(str::to_lowercase),
                bytes: length.and_then(|length| length.parse().ok()),
            };
            return match commit {
                Some(commit) if commit != known.commit => Err(Reason::Other(format!(
                    "asked for commit {commit}, it answers with {}",
                    known.commit
                ))),
                _ => Ok(Said::Known(known)),
            };
        }
        Err(moved_too_often())
    }

    /// Fetches the content of a file.
    pub async fn fetch(
        &self,
        url: Url,
        known: &Known,
        to: &mut impl Write,
        bar: &ProgressBar,
    ) -> Result<(), Reason> {
        let mut answer = self.follow(url).await?;
        refused(answer.status())?;
        let announced = known.bytes.or(answer.content_length());
        if announced.is_none() && known.sha256.is_none() {
            let message = "it does not say how long the file is".to_string();
            return Err(Reason::Other(message));
        }
        bar.set_length(announced.unwrap_or(0));
        bar.set_position(0);
        let patience = self.patience;
        let mut hash = Sha256::new();
        let (mut bytes, mut before, mut since) = (0, 0, Instant::now());
        while let Some(chunk) = timeout(patience, answer.chunk())
            .await
            .map_err(|_| self.slow())?
            .map_err(reason)?
        {
            bytes += chunk.len() as u64;
            if announced.is_some_and(|announced| bytes > announced) {
                return Err(Reason::TooLong);
            }
            hash.update(&chunk);
            to.write_all(&chunk).map_err(unwritten)?;
            bar.set_position(bytes);
            let seconds = since.elapsed().as_secs_f64();
            if seconds > patience.as_secs_f64() {
                if ((bytes - before) as f64) < SLOWEST * seconds {
                    return Err(self.slow());
                }
                (before, since) = (bytes, Instant::now());
            }
        }
        if announced.is_some_and(|announced| bytes < announced) {
            return Err(Reason::CutShort);
        }
        let found = hash.finalize();
        let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
        match &known.sha256 {
            Some(sha256) if *sha256 != found => Err(Reason::OtherContent),
            _ => Ok(()),
        }
    }

    /// The answer to a `GET` request, wherever it is.
    async fn follow(&self, mut url: Url) -> Result<Response, Reason> {
        for _ in 0..=MOVES {
            let answer = self.send(Method::GET, &url).await?;
            let to = answer
                .headers()
                .get(LOCATION)
                .filter(|_| answer.status().is_redirection());
            let Some(to) = to else {
                return Ok(answer);
            };
            let to = to.to_str().ok().and_then(|to| url.join(to).ok());
            url = to.ok_or_else(|| Reason::Other("it sends to what is no address".into()))?;
        }
        Err(moved_too_often())
    }

    /// Sends a request. The token goes to the hub alone.
    async fn send(&self, method: Method, url: &Url) -> Result<Response, Reason> {
        let mut request = self.client.request(method, url.clone());
        if url.origin() == self.endpoint.origin()
            && let Some(token) = &self.token
        {
            request = request.header(AUTHORIZATION, token.clone());
        }
        let answer = timeout(self.patience, request.send()).await;
        answer.map_err(|_| self.slow())?.map_err(reason)
    }

    fn slow(&self) -> Reason {
        let seconds = self.patience.as_secs_f64();
        Reason::Unreachable(format!(
            "nothing, or next to nothing, came for {seconds} seconds"
        ))
    }
}

fn moved_too_often() -> Reason {
    let message = format!("it says more than {MOVES} times that the file has moved");
    Reason::Other(message)
}

/// The mark inside `W/"mark"`.
fn unquoted(mark: &str) -> &str {
    mark.strip_prefix("W/").unwrap_or(mark).trim_matches('"')
}

/// What a status says that is not a success.
fn refused(status: StatusCode) -> Result<(), Reason> {
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::NOT_FOUND => Err(Reason::NoFile),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Reason::NotAllowed),
        StatusCode::TOO_MANY_REQUESTS => Err(Reason::Busy(status.to_string())),
        status if status.is_server_error() => Err(Reason::Busy(status.to_string())),
        status => Err(Reason::Other(format!("it answers {status}"))),
    }
}

fn reason(error: reqwest::Error) -> Reason {
    match error {
        error if error.is_body() || error.is_decode() => Reason::CutShort,
        error => Reason::Unreachable(innermost(&error)),
    }
}

/// What is behind an error: the outer ones say no more than that there was one.
fn innermost(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    innermost.to_string()
}

pub fn unwritten(error: io::Error) -> Reason {
    Reason::Unwritten(error.to_string())
}
