//! Who may call: tokens, and pages of other sites.
//!
//! A page on the operator's machine, from whatever site, can send requests to 127.0.0.1. Without a token
//! two things keep it out: the host name must be one of this machine's (a name that a hostile DNS server
//! points at 127.0.0.1 is not), and a request that a browser says comes from another origin is refused.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::problem::Problem;
use crate::state::Shared;

/// Refuses foreign host names and foreign pages.
pub(crate) async fn origin(
    State(shared): State<Shared>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let options = &shared.options;
    let host = host(&request)?;
    let is_known =
        is_loopback_name(&host) || options.allowed_hosts.iter().any(|known| known == host_name(&host));
    if options.token.is_none() && !is_known {
        let detail = format!(
            "the host is called {:?}; without a token it answers only to localhost and 127.0.0.1, \
             or to the names in server.allowed_hosts",
            host_name(&host)
        );
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail));
    }
    let foreign = foreign_origin(request.headers(), &host);
    if let Some(foreign) = foreign
        && !options.allowed_origins.contains(&foreign)
        && !is_harmless(&request)
    {
        let detail = format!(
            "the request comes from a page of {foreign:?}; only pages of this host, or of the origins in \
             server.allowed_origins, may do this"
        );
        return Err(Problem::new(StatusCode::FORBIDDEN, detail).sort("foreign-origin", "Foreign origin"));
    }
    Ok(next.run(request).await)
}

/// Refuses callers without the token, where there is one.
pub(crate) async fn token(
    State(shared): State<Shared>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if is_authorised(&shared, &request) {
        return Ok(next.run(request).await);
    }
    let detail = "show the token of server.token as `Authorization: Bearer …` or as `?token=…`";
    Err(Problem::new(StatusCode::UNAUTHORIZED, detail))
}

/// Whether the request shows the token, or none is needed.
pub(crate) fn is_authorised(shared: &Shared, request: &Request) -> bool {
    let Some(token) = &shared.options.token else { return true };
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(given) = header {
        let (scheme, given) = given.split_once(' ').unwrap_or(("", ""));
        return scheme.eq_ignore_ascii_case("bearer") && token.matches(given.trim());
    }
    let query = request.uri().query().unwrap_or("");
    form_urlencoded::parse(query.as_bytes()).any(|(key, given)| key == "token" && token.matches(&given))
}

/// The authority that the caller means, in lower case.
fn host(request: &Request) -> Result<String, Problem> {
    let header = request.headers().get(HOST).and_then(|value| value.to_str().ok());
    let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
    match authority.or(header) {
        Some(host) if !host.is_empty() => Ok(host.to_ascii_lowercase()),
        _ => Err(Problem::bad_request("the request names no host; send a Host header")),
    }
}

/// The name without the port.
fn host_name(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    host.split(':').next().unwrap_or(host)
}

fn is_loopback_name(host: &str) -> bool {
    let name = host_name(host);
    let is_address =
        name.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    name == "localhost" || is_address
}

/// The origin of the page that sends the request, where it is another than this host.
fn foreign_origin(headers: &HeaderMap, host: &str) -> Option<String> {
    if let Some(origin) = headers.get(ORIGIN) {
        let origin = origin.to_str().unwrap_or("?").to_ascii_lowercase();
        let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
        return (without_default_port(authority) != without_default_port(host)).then_some(origin);
    }
    // A browser sends no Origin with some requests, but says from where they come.
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok()).unwrap_or("none");
    matches!(site, "cross-site" | "same-site").then(|| format!("another site ({site})"))
}

fn without_default_port(authority: &str) -> &str {
    authority.strip_suffix(":80").or_else(|| authority.strip_suffix(":443")).unwrap_or(authority)
}

/// Whether a foreign page may do it: read what the browser will not let it see, or follow a link.
fn is_harmless(request: &Request) -> bool {
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_upgrade = request.headers().contains_key("upgrade");
    let mode = request.headers().get("sec-fetch-mode").and_then(|value| value.to_str().ok());
    is_reading && !is_upgrade && (mode == Some("navigate") || mode == Some("cors"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn foreign(origin: &str, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        foreign_origin(&headers, host).is_some()
    }

    #[test]
    fn only_names_of_this_machine_are_loopback_names() {
        for local in ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "127.1.2.3"] {
            assert!(is_loopback_name(local), "{local}");
        }
        for other in
            ["evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1", "[::2]"]
        {
            assert!(!is_loopback_name(other), "{other}");
        }
    }

    #[test]
    fn an_origin_is_the_host_itself_or_foreign() {
        assert!(!foreign("http://localhost:8080", "localhost:8080"));
        assert!(!foreign("https://cam.example", "cam.example:443"));
        for origin in ["http://evil.example", "http://localhost:9999", "null", "http://127.0.0.1:8080", ""] {
            assert!(foreign(origin, "localhost:8080"), "{origin}");
        }
    }
}
