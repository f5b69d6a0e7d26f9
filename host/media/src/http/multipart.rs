//! `multipart/x-mixed-replace`, as MJPEG cameras send it. Sans-IO: bytes in, parts out.

use std::collections::VecDeque;

/// Largest part, in bytes: far above any camera's JPEG.
pub(super) const MAX_PART: usize = 16 << 20;
/// Largest header of a part, or text before the first boundary.
const MAX_HEADER: usize = 16 << 10;

/// What breaks the stream for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum MultipartError {
    #[error("a part of the stream is larger than {} MiB", MAX_PART >> 20)]
    PartTooLarge,
    #[error("the header of a part is larger than {} KiB", MAX_HEADER >> 10)]
    HeaderTooLarge,
    #[error("the declared boundary does not appear in the first {} KiB of the stream", MAX_HEADER >> 10)]
    NoBoundary,
}

/// Splits the stream. Parts with a length are cut by it, others at the next boundary.
#[derive(Debug)]
pub(super) struct Multipart {
    /// Without leading dashes: some cameras write them into the parameter, some do not.
    boundary: Vec<u8>,
    buffer: VecDeque<u8>,
    /// Bytes of the buffer already searched in this state.
    searched: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Looking for a line that is the boundary.
    Between,
    /// Reading header lines, with the length found so far and the bytes they took.
    Header { length: Option<usize>, taken: usize },
    /// Reading a body of known or unknown length.
    Body { length: Option<usize> },
}

/// Progress of one step.
enum Step {
    Part(Vec<u8>),
    Again,
    NeedsMore,
}

impl Multipart {
    /// `boundary` is the parameter of the content type.
    pub(super) fn new(boundary: &str) -> Multipart {
        Multipart {
            boundary: boundary.trim_start_matches('-').as_bytes().to_vec(),
            buffer: VecDeque::new(),
            searched: 0,
            state: State::Between,
        }
    }

    /// Takes bytes as they come. The buffer is bounded by what [`Multipart::next_part`] accepts, if it is
    /// called after each.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
    }

    /// The next complete part, or `None` when more bytes are needed.
    pub(super) fn next_part(&mut self) -> Result<Option<Vec<u8>>, MultipartError> {
        loop {
            let step = match self.state {
                State::Between => self.between()?,
                State::Header { length, taken } => self.header(length, taken)?,
                State::Body { length: Some(length) } => self.sized_body(length),
                State::Body { length: None } => self.open_body()?,
            };
            match step {
                Step::Part(part) => return Ok(Some(part)),
                Step::Again => {}
                Step::NeedsMore => return Ok(None),
            }
        }
    }

    fn between(&mut self) -> Result<Step, MultipartError> {
        match self.line() {
            Some(line) if self.is_boundary(&line) => {
                self.enter(State::Header { length: None, taken: 0 });
                Ok(Step::Again)
            }
            // An empty line, or the tail of a body longer than its declared length.
            Some(_) => Ok(Step::Again),
            None if self.buffer.len() > MAX_HEADER => Err(MultipartError::NoBoundary),
            None => Ok(Step::NeedsMore),
        }
    }

    fn header(&mut self, length: Option<usize>, taken: usize) -> Result<Step, MultipartError> {
        let Some(line) = self.line() else {
            let is_too_large = taken + self.buffer.len() > MAX_HEADER;
            return if is_too_large { Err(MultipartError::HeaderTooLarge) } else { Ok(Step::NeedsMore) };
        };
        let taken = taken + line.len() + 1;
        if taken > MAX_HEADER {
            return Err(MultipartError::HeaderTooLarge);
        }
        if line.is_empty() {
            if length.is_some_and(|length| length > MAX_PART) {
                return Err(MultipartError::PartTooLarge);
            }
            self.enter(State::Body { length });
        } else {
            self.enter(State::Header { length: content_length(&line).or(length), taken });
        }
        Ok(Step::Again)
    }

    fn sized_body(&mut self, length: usize) -> Step {
        if self.buffer.len() < length {
            return Step::NeedsMore;
        }
        let part = self.buffer.drain(..length).collect();
        self.enter(State::Between);
        Step::Part(part)
    }

    /// Ends at a line break that is followed by the boundary.
    fn open_body(&mut self) -> Result<Step, MultipartError> {
        let bytes = self.buffer.make_contiguous();
        let mut at = self.searched;
        while let Some(offset) = bytes[at..].iter().position(|&byte| byte == b'\n') {
            let after = at + offset + 1;
            let rest = &bytes[after..];
            // Enough to tell: up to 8 dashes and the boundary.
            if rest.len() < self.boundary.len() + 8 {
                break;
            }
            if starts_with_boundary(rest, &self.boundary) {
                let end = if bytes[..after].ends_with(b"\r\n") { after - 2 } else { after - 1 };
                let part: Vec<u8> = bytes[..end].to_vec();
                self.buffer.drain(..after);
                self.enter(State::Between);
                return Ok(Step::Part(part));
            }
            at = after;
        }
        // What is left unsearched starts at the last undecided line break, if there is one.
        self.searched =
            bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |offset| at + offset);
        if bytes.len() > MAX_PART { Err(MultipartError::PartTooLarge) } else { Ok(Step::NeedsMore) }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.searched = 0;
    }

    /// Takes one line off the buffer, without its end.
    fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.buffer.iter().skip(self.searched).position(|&byte| byte == b'\n');
        let Some(end) = end.map(|offset| self.searched + offset) else {
            self.searched = self.buffer.len();
            return None;
        };
        let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
        self.searched = 0;
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(line)
    }

    fn is_boundary(&self, line: &[u8]) -> bool {
        starts_with_boundary(line, &self.boundary)
    }
}

fn starts_with_boundary(line: &[u8], boundary: &[u8]) -> bool {
    let dashes = line.iter().take(8).take_while(|&&byte| byte == b'-').count();
    dashes >= 2 && !boundary.is_empty() && line[dashes..].starts_with(boundary)
}

fn content_length(line: &[u8]) -> Option<usize> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    name.trim().eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok()).flatten()
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
