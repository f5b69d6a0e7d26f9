//! How a host is served, and what is refused before it starts.

use std::net::SocketAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::shutdown::Shutdown;

/// Shortest token taken, in characters.
pub const TOKEN_MIN_CHARS: usize = 16;

/// A shared secret that callers show. It is kept as a hash and never printed.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// Takes a token of at least [`TOKEN_MIN_CHARS`] visible ASCII characters.
    ///
    /// # Errors
    /// [`OptionsError::WeakToken`] for a shorter one, [`OptionsError::TokenCharacters`] for one that cannot
    /// stand in an HTTP header.
    pub fn new(text: &str) -> Result<Token, OptionsError> {
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(OptionsError::TokenCharacters);
        }
        if text.len() < TOKEN_MIN_CHARS {
            return Err(OptionsError::WeakToken { length: text.len() });
        }
        Ok(Token(Sha256::digest(text.as_bytes()).into()))
    }

    /// Whether `given` is this token. The time it takes says nothing about how much of it is right.
    #[must_use]
    pub fn matches(&self, given: &str) -> bool {
        let given: [u8; 32] = Sha256::digest(given.as_bytes()).into();
        self.0.ct_eq(&given).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// How a host is served.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// What callers must show; without one only this machine may call.
    pub token: Option<Token>,
    /// Host names, besides the loopback ones, under which the host may be called without a token.
    pub allowed_hosts: Vec<String>,
    /// Origins, such as `https://dashboard.example`, whose pages may call the API.
    pub allowed_origins: Vec<String>,
    /// Most viewers (WebSockets and MJPEG streams) at one time.
    pub max_viewers: usize,
    /// Longest time until a request has its answer; the body of a stream is not counted.
    pub request_timeout: Duration,
    /// The same for the upload of a plugin, which is compiled meanwhile.
    pub upload_timeout: Duration,
    /// How long a viewer may be silent or slow.
    pub patience: ViewerPatience,
    /// Ends the streams.
    pub shutdown: Shutdown,
}

/// How long a viewer may be silent or slow.
#[derive(Debug, Clone, Copy)]
pub struct ViewerPatience {
    /// Time between two pings.
    pub ping: Duration,
    /// A viewer that has said nothing for so long, not even a pong, is closed.
    pub idle: Duration,
    /// A viewer that does not take a message within this time is closed.
    pub send: Duration,
}

impl Default for ViewerPatience {
    fn default() -> ViewerPatience {
        ViewerPatience {
            ping: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            send: Duration::from_secs(10),
        }
    }
}

impl Default for ServerOptions {
    fn default() -> ServerOptions {
        ServerOptions {
            token: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_viewers: 10_000,
            request_timeout: Duration::from_secs(60),
            upload_timeout: Duration::from_secs(360),
            patience: ViewerPatience::default(),
            shutdown: Shutdown::new(),
        }
    }
}

/// Why options cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// An address that others can reach, and no token.
    #[error(
        "server.address is {address}, which other machines may reach, and server.token is not set; \
         set server.token to a secret of at least {TOKEN_MIN_CHARS} characters, or use 127.0.0.1"
    )]
    OpenWithoutToken {
        /// The address.
        address: SocketAddr,
    },
    /// The token is too short.
    #[error(
        "server.token has {length} characters; it must have at least {TOKEN_MIN_CHARS}, \
         such as the output of `openssl rand -hex 32`"
    )]
    WeakToken {
        /// Characters found.
        length: usize,
    },
    /// The token cannot stand in an HTTP header.
    #[error("server.token holds a space, a control or a non-ASCII character; use letters, digits and signs")]
    TokenCharacters,
}

impl ServerOptions {
    /// Whether it is safe to listen on `address`: without a token only on this machine.
    ///
    /// # Errors
    /// [`OptionsError::OpenWithoutToken`] for any other address without a token.
    pub fn check(&self, address: SocketAddr) -> Result<(), OptionsError> {
        let is_local = address.ip().to_canonical().is_loopback();
        if is_local || self.token.is_some() {
            Ok(())
        } else {
            Err(OptionsError::OpenWithoutToken { address })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_token(text: &str) -> ServerOptions {
        ServerOptions { token: Some(Token::new(text).unwrap()), ..ServerOptions::default() }
    }

    #[test]
    fn only_this_machine_is_served_without_a_token() {
        for open in ["0.0.0.0:80", "192.168.1.2:80", "[::]:80", "[::ffff:10.0.0.1]:80"] {
            let address: SocketAddr = open.parse().unwrap();
            let error = ServerOptions::default().check(address).unwrap_err();
            assert!(error.to_string().contains("server.token"), "{error}");
            assert_eq!(with_token("0123456789abcdef").check(address), Ok(()));
        }
        for local in ["127.0.0.1:80", "127.8.0.1:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert_eq!(ServerOptions::default().check(local.parse().unwrap()), Ok(()));
        }
    }

    #[test]
    fn a_token_is_long_enough_and_fits_in_a_header() {
        assert_eq!(Token::new("short").unwrap_err(), OptionsError::WeakToken { length: 5 });
        assert_eq!(Token::new("a secret with spaces").unwrap_err(), OptionsError::TokenCharacters);
    }

    #[test]
    fn a_token_matches_only_itself_and_is_not_printed() {
        let token = Token::new("0123456789abcdef").unwrap();
        assert!(token.matches("0123456789abcdef"));
        for wrong in ["", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeF"] {
            assert!(!token.matches(wrong), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "Token(…)");
    }
}
