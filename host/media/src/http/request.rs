//! One GET, and what its answer means for a stream.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::spec::HttpAddress;

/// Asks for the stream; its body and boundary. The connection is driven by a task of the current runtime.
pub(super) async fn get(http: &HttpAddress) -> Result<(Incoming, String), String> {
    let host = http.url.host_str().ok_or("the host is missing")?;
    let port = http.url.port_or_known_default().unwrap_or(80);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((bare, port))
        .await
        .map_err(|error| format!("cannot connect to {host}:{port}: {}", error.kind()))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|_| "the server does not speak HTTP".to_owned())?;
    // Ends with the connection; its error reaches the reader through the body.
    tokio::spawn(connection);
    let answer = sender
        .send_request(request(http, host)?)
        .await
        .map_err(|_| "the server closed the connection or does not speak HTTP".to_owned())?;
    let boundary = boundary_of(&answer, http.login.is_some())?;
    Ok((answer.into_body(), boundary))
}

fn request(http: &HttpAddress, host: &str) -> Result<Request<Empty<Bytes>>, String> {
    let path = &http.url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = http.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let mut request = Request::get(path)
        .header(HOST, host)
        .header(USER_AGENT, "Ocellus")
        .header(ACCEPT, "multipart/x-mixed-replace, */*")
        .body(Empty::new())
        .map_err(|_| "its path is not valid in HTTP; write special characters as %XX".to_owned())?;
    if let Some(login) = &http.login {
        let text = format!("Basic {}", STANDARD.encode(format!("{}:{}", login.user, login.password)));
        let mut value = HeaderValue::from_str(&text).map_err(|_| "its login cannot be sent".to_owned())?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// The boundary, or why the answer is not a stream.
fn boundary_of(answer: &Response<Incoming>, has_login: bool) -> Result<String, String> {
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if has_login => {
            return Err("the server refused the user name or the password (Basic authentication)".to_owned());
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return Err("the server asks for a login; write http://user:password@host/path".to_owned());
        }
        StatusCode::NOT_FOUND => {
            return Err("the server has no such stream (404); check the path behind the host".to_owned());
        }
        status if status.is_redirection() => {
            return Err(format!("the server redirects ({}); write the final address", status.as_u16()));
        }
        status => return Err(format!("the server answered {}", status.as_u16())),
    }
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let essence = essence.trim().to_ascii_lowercase();
    if !essence.starts_with("multipart/") {
        return Err(match essence.as_str() {
            "image/jpeg" => "it is a single picture; write the camera's stream address".to_owned(),
            "" => "the answer has no content type; it must be multipart/x-mixed-replace".to_owned(),
            _ => {
                "the answer is not multipart/x-mixed-replace; write the address of an MJPEG stream".to_owned()
            }
        });
    }
    let boundary = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    });
    boundary
        .filter(|boundary| !boundary.trim_start_matches('-').is_empty() && boundary.len() <= 200)
        .ok_or_else(|| "the answer's content type names no boundary; the stream cannot be split".to_owned())
}
