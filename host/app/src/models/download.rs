//! Fetching a file over HTTP: in pieces that are kept, so that the next try goes on where this one ended.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use indicatif::ProgressBar;
use ocellus_media::{Stop, Stopped};
use ureq::Agent;
use ureq::http::{HeaderMap, Request};
use ureq::tls::{RootCerts, TlsConfig};

use super::megabytes;

/// How long a server may take until there is a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// Between two looks at whether somebody wants an end.
const GLANCE: Duration = Duration::from_millis(200);
/// Tries in a row that bring nothing.
const TRIES: u32 = 4;
/// Before the second try; doubled before each other.
const PAUSE: Duration = Duration::from_millis(500);
/// Bytes that are handed on together, and pieces that may wait.
const PIECE: usize = 1 << 16;
const PIECES: usize = 4;

/// What to fetch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'w> {
    pub(crate) url: &'w str,
    /// Where it goes, piece by piece.
    pub(crate) part: &'w Path,
    /// How long it is, where that is known.
    pub(crate) bytes: Option<u64>,
    /// Whether the whole will be held against a digest, so that a part may be trusted without the server's word on it.
    pub(crate) will_be_checked: bool,
    /// How long nothing may arrive.
    pub(crate) patience: Duration,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fetched {
    Whole,
    /// Somebody interrupted; so many bytes are there.
    Interrupted(u64),
}

/// Why a try brought no whole file.
enum Trouble {
    /// Another try may help.
    Passing(anyhow::Error),
    /// None will.
    Final(anyhow::Error),
    Interrupted,
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Trouble {
        Trouble::Final(error)
    }
}

/// Fetches the file from an address that [`check_url`] let pass; what another run has left of it is used where it is of the same file.
pub(crate) fn fetch(wanted: &Wanted<'_>, stop: &Stop, bar: &ProgressBar) -> anyhow::Result<Fetched> {
    let mut part = Part::open(wanted.part)?;
    let mut failures = 0;
    // What is thrown away and fetched again is no progress.
    let mut furthest = part.length;
    loop {
        let trouble = match attempt(wanted, &mut part, (stop, bar)) {
            Ok(()) => return Ok(Fetched::Whole),
            Err(Trouble::Interrupted) => return Ok(Fetched::Interrupted(part.length)),
            Err(Trouble::Final(error)) => return Err(error),
            Err(Trouble::Passing(error)) => error,
        };
        failures = if part.length > furthest { 1 } else { failures + 1 };
        furthest = furthest.max(part.length);
        if failures == TRIES && part.length == 0 {
            return Err(trouble);
        }
        if failures == TRIES {
            let kept = format!("{} are kept; the same command goes on from there", megabytes(part.length));
            return Err(trouble.context(kept));
        }
        bar.suspend(|| eprintln!("warning: {trouble:#}; trying again"));
        if stop.wait_for(PAUSE * 2_u32.pow(failures - 1)) == Stopped::Yes {
            return Ok(Fetched::Interrupted(part.length));
        }
    }
}

/// Refuses what is no address of a file, and one with a password in it.
pub(crate) fn check_url(url: &str) -> anyhow::Result<()> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or(rest));
    // Before any other message would show it.
    ensure!(
        !host.is_some_and(|host| host.contains('@')),
        "the address has a user name or a password in it; leave them out, or fetch the file by other means and give it to \
         `ocellus model add`"
    );
    ensure!(
        host.is_some_and(|host| !host.is_empty()),
        "{url} is no address of a file; write one such as https://example.org/model.onnx"
    );
    Ok(())
}

/// What is there of the file, and of which file it is.
struct Part {
    file: File,
    path: PathBuf,
    length: u64,
}

impl Part {
    fn open(path: &Path) -> anyhow::Result<Part> {
        let about = || format!("{} cannot be written", path.display());
        let file = OpenOptions::new().create(true).read(true).append(true).open(path).with_context(about)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another `ocellus model pull` is fetching {}; wait for it, or end it", path.display())
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(about),
        }
        let length = file.metadata().with_context(about)?.len();
        Ok(Part { file, path: path.to_owned(), length })
    }

    fn note(&self) -> PathBuf {
        self.path.with_extension("from")
    }

    /// The server's word for this version of the file, if the part came from `url`.
    fn version(&self, url: &str) -> Option<String> {
        let note = std::fs::read_to_string(self.note()).ok()?;
        let (from, version) = note.split_once('\n')?;
        (from == url).then(|| version.trim_end().to_owned())
    }

    /// Throws away what is there, and writes down whose the next bytes are.
    fn begin(&mut self, url: &str, version: Option<&str>) -> anyhow::Result<()> {
        let about = || format!("{} cannot be written", self.path.display());
        self.file.set_len(0).with_context(about)?;
        std::fs::write(self.note(), format!("{url}\n{}\n", version.unwrap_or_default()))
            .map_err(|error| self.full_or(&error))?;
        self.length = 0;
        Ok(())
    }

    fn append(&mut self, piece: &[u8]) -> anyhow::Result<()> {
        match self.file.write_all(piece) {
            Ok(()) => {
                self.length += piece.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.length = self.file.metadata().map_or(self.length, |found| found.len());
                Err(self.full_or(&error))
            }
        }
    }

    fn full_or(&self, error: &std::io::Error) -> anyhow::Error {
        if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
            return anyhow!(
                "there is no room left for {}; {} of it are kept: make room and give the same command again, or name \
                 another folder with --models",
                self.path.display(),
                megabytes(self.length)
            );
        }
        anyhow!("{} cannot be written: {error}", self.path.display())
    }
}

/// What the server's side says, in this order.
enum Message {
    Head(u16, HeaderMap),
    Piece(Vec<u8>),
    End,
    Broken(String),
}

/// One request.
fn attempt(wanted: &Wanted<'_>, part: &mut Part, watched: (&Stop, &ProgressBar)) -> Result<(), Trouble> {
    let url = wanted.url;
    let version = part.version(url);
    let is_known = version.as_ref().is_some_and(|version| !version.is_empty() || wanted.will_be_checked);
    if part.length > 0 && !is_known {
        part.begin(url, None)?;
    }
    if wanted.bytes == Some(part.length) && part.length > 0 {
        return Ok(());
    }
    let mut request = Request::builder().uri(url).header("accept-encoding", "identity");
    if part.length > 0 {
        request = request.header("range", format!("bytes={}-", part.length));
        if let Some(version) = version.filter(|version| !version.is_empty()) {
            request = request.header("if-range", version);
        }
    }
    let request =
        request.body(()).map_err(|error| Trouble::Final(anyhow!("{url} is no address: {error}")))?;
    let (sender, receiver) = sync_channel(PIECES);
    let agent = agent(url, wanted.patience);
    // It ends by itself when nobody takes its pieces any more; one that hangs in a silent connection ends with the program,
    // since after that silence this command does.
    std::thread::Builder::new()
        .name("download".to_owned())
        .spawn(move || converse(&agent, request, &sender))
        .context("the thread that downloads")?;
    let mut line = Line { receiver, watched, patience: wanted.patience, url };
    let (status, headers) = match line.next()? {
        Message::Head(status, headers) => (status, headers),
        Message::Broken(reason) => {
            return Err(Trouble::Passing(anyhow!("{url} cannot be reached ({reason})")));
        }
        Message::Piece(_) | Message::End => {
            return Err(Trouble::Passing(anyhow!("{url} did not answer")));
        }
    };
    let range = headers.get("content-range").and_then(|range| range.to_str().ok());
    if status == 416 && part.length > 0 && range == Some(&format!("bytes */{}", part.length)) {
        return Ok(());
    }
    let total = begin(wanted, part, (status, &headers))?;
    let bar = watched.1;
    bar.set_length(total.or(wanted.bytes).unwrap_or(0));
    bar.set_position(part.length);
    let most = total.or(wanted.bytes).unwrap_or(super::MOST_BYTES);
    loop {
        match line.next()? {
            Message::Piece(piece) if part.length + piece.len() as u64 > most => {
                part.begin(url, None)?;
                return Err(Trouble::Final(anyhow!(
                    "{url} sends more than the {most} bytes that it should have"
                )));
            }
            Message::Piece(piece) => {
                part.append(&piece)?;
                bar.set_position(part.length);
            }
            Message::End if total.is_none_or(|total| total == part.length) => return Ok(()),
            Message::End | Message::Head(..) => {
                return Err(Trouble::Passing(anyhow!(
                    "the connection to {url} ended after {} bytes",
                    part.length
                )));
            }
            Message::Broken(reason) => {
                let at = part.length;
                return Err(Trouble::Passing(anyhow!(
                    "the connection to {url} broke after {at} bytes ({reason})"
                )));
            }
        }
    }
}

/// Judges the head of an answer and makes the part ready for what follows; how long the whole is, where the server says it.
fn begin(
    wanted: &Wanted<'_>,
    part: &mut Part,
    (status, headers): (u16, &HeaderMap),
) -> Result<Option<u64>, Trouble> {
    let url = wanted.url;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let total = match status {
        200 => {
            // Another version, or a server that knows no ranges.
            let strong = text("etag").filter(|tag| !tag.starts_with("W/"));
            part.begin(url, strong.or_else(|| text("last-modified")))?;
            text("content-length").and_then(|length| length.parse().ok())
        }
        206 => match text("content-range").and_then(content_range) {
            Some((start, total)) if start == part.length && total.is_none_or(|total| total > start) => total,
            _ => {
                let said = text("content-range").unwrap_or("nothing").to_owned();
                let asked = part.length;
                part.begin(url, None)?;
                return Err(Trouble::Passing(anyhow!(
                    "{url} was asked for what follows byte {asked} and gives {said:?}; beginning anew"
                )));
            }
        },
        416 => {
            part.begin(url, None)?;
            return Err(Trouble::Passing(anyhow!("{url} has no more than what was there; beginning anew")));
        }
        404 | 410 => {
            return Err(Trouble::Final(anyhow!(
                "there is no file at {url} ({status}); name another place with --from, or fetch it by other means and give it \
                 to `ocellus model add`"
            )));
        }
        401 | 403 => {
            return Err(Trouble::Final(anyhow!(
                "{url} is not open to everybody ({status}); fetch it by other means and give it to `ocellus model add`"
            )));
        }
        408 | 429 | 500..=599 => return Err(Trouble::Passing(anyhow!("{url} answers with {status}"))),
        _ => return Err(Trouble::Final(anyhow!("{url} answers with {status}, and not with a file"))),
    };
    if let Some(found) = total {
        let refusal = match wanted.bytes {
            Some(bytes) if bytes != found => format!("has {found} bytes, and {bytes} are expected"),
            None if found > super::MOST_BYTES => {
                format!("has {found} bytes, and models of at most {} are taken", super::MOST_BYTES)
            }
            _ => return Ok(total),
        };
        return Err(Trouble::Final(anyhow!("{url} {refusal}; it is another file")));
    }
    Ok(total)
}

/// First byte and whole length of `bytes 5-9/10`; the length may be left open.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    Some((start.trim().parse().ok()?, total))
}

/// The other end of a download.
struct Line<'l> {
    receiver: Receiver<Message>,
    watched: (&'l Stop, &'l ProgressBar),
    patience: Duration,
    url: &'l str,
}

impl Line<'_> {
    /// What comes next, for which it waits no longer than there is patience, and not after an interrupt.
    fn next(&mut self) -> Result<Message, Trouble> {
        let since = Instant::now();
        loop {
            if self.watched.0.is_stopped() {
                return Err(Trouble::Interrupted);
            }
            match self.receiver.recv_timeout(GLANCE.min(self.patience)) {
                Ok(message) => return Ok(message),
                Err(RecvTimeoutError::Timeout) if since.elapsed() < self.patience => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Trouble::Final(anyhow!(
                        "nothing came from {} for {} s; the same command goes on from what is there",
                        self.url,
                        self.patience.as_secs()
                    )));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Trouble::Passing(anyhow!("the download from {} ended", self.url)));
                }
            }
        }
    }
}

fn agent(url: &str, patience: Duration) -> Agent {
    // Certificates are judged as the rest of the machine judges them.
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    Agent::config_builder()
        .tls_config(tls)
        .timeout_connect(Some(CONNECT.min(patience)))
        // No redirect leads to where others could change what comes.
        .https_only(url.starts_with("https://"))
        .http_status_as_error(false)
        .build()
        .into()
}

/// Talks to the server until it has said all, or nobody listens.
fn converse(agent: &Agent, request: Request<()>, sender: &SyncSender<Message>) {
    let mut response = match agent.run(request) {
        Ok(response) => response,
        Err(error) => {
            // Who does not listen any more has ended.
            let _ = sender.send(Message::Broken(error.to_string()));
            return;
        }
    };
    let head = Message::Head(response.status().as_u16(), response.headers().clone());
    if sender.send(head).is_err() {
        return;
    }
    let mut body = response.body_mut().as_reader();
    loop {
        let mut piece = vec![0; PIECE];
        let message = match body.read(&mut piece) {
            Ok(0) => Message::End,
            Ok(read) => {
                piece.truncate(read);
                Message::Piece(piece)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Message::Broken(error.to_string()),
        };
        let is_last = !matches!(message, Message::Piece(_));
        if sender.send(message).is_err() || is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_read_and_anything_else_is_none() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 0-0/*"), Some((0, None)));
        for text in ["", "bytes", "bytes */10", "5-9/10", "bytes a-b/c", "bytes 5-9", "bytes -5/10"] {
            assert_eq!(content_range(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_with_a_password_or_of_no_file_is_refused_without_showing_it() {
        for url in ["https://me:secret@example.org/a.onnx", "http://me@example.org"] {
            let refused = check_url(url).unwrap_err().to_string();
            assert!(refused.contains("password") && !refused.contains("secret"), "{refused}");
        }
        for url in ["ftp://example.org/a", "a.onnx", "https://", "/etc/passwd", "file:///a"] {
            assert!(check_url(url).unwrap_err().to_string().contains("is no address of a file"), "{url}");
        }
        assert!(check_url("https://example.org/a@b.onnx?x=@").is_ok());
    }
}
