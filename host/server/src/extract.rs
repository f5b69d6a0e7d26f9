//! What a request says, checked; what is wrong is named.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use bytes::Bytes;
use ocellus_core::Name;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Problem> {
        let kind = media_type(&request);
        if kind != "application/json" {
            let detail = format!("the body is {kind:?}, it must be application/json");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = bytes(request, state).await?;
        from_json(&bytes).map(Body)
    }
}

/// A JSON body that may be left out.
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<OptionalBody<T>, Problem> {
        if media_type(&request) == "application/json" {
            return Body::from_request(request, state).await.map(|Body(body)| OptionalBody(body));
        }
        match bytes(request, state).await?.is_empty() {
            true => Ok(OptionalBody(T::default())),
            false => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "there is a body and it is not named application/json; say so in Content-Type, or leave it out",
            )),
        }
    }
}

/// The request's media type without parameters; empty where it names none.
pub(crate) fn media_type(request: &Request) -> String {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// The whole body, within the route's limit.
pub(crate) async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        let detail = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "the body is larger than this path takes".into(),
            _ => format!("the body could not be read: {}", rejection.body_text()),
        };
        Problem::new(rejection.status(), detail)
    })
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let (path, cause) = (error.path().to_string(), error.into_inner());
        if !cause.is_data() {
            return Problem::bad_request(format!("the body is not JSON: {cause}"))
                .sort("bad-json", "Body is not JSON");
        }
        wrong_field(&path, &cause.to_string())
    })?;
    deserializer.end().map_err(|error| {
        Problem::bad_request(format!("the body goes on after its JSON: {error}"))
            .sort("bad-json", "Body is not JSON")
    })?;
    Ok(value)
}

fn wrong_field(path: &str, cause: &str) -> Problem {
    match path {
        "." | "" => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, cause),
        _ => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{path}: {cause}")).field(path),
    }
}

/// The query's parameters. `token` is left out: it is for the guard alone.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Query<T>, Problem> {
        from_query(parts.uri.query().unwrap_or("")).map(Query)
    }
}

fn from_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
        .map_err(|error| Problem::bad_request(format!("the query cannot be read: {error}")))?;
    // An empty value is one that a form left open.
    let pairs: Vec<_> =
        pairs.into_iter().filter(|(key, value)| key != "token" && !value.is_empty()).collect();
    let query = serde_urlencoded::to_string(&pairs).map_err(|error| Problem::internal(&error))?;
    let deserializer = serde_urlencoded::Deserializer::new(form(&query));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let (path, cause) = (error.path().to_string(), error.into_inner().to_string());
        let cause = match cause.as_str() {
            "invalid digit found in string" => "it must be a whole number of 0 or more".to_owned(),
            "invalid float literal" => "it must be a number".to_owned(),
            _ => cause,
        };
        let problem = match path.as_str() {
            "." | "" => Problem::bad_request(format!("the query is wrong: {cause}")),
            _ => Problem::bad_request(format!("{path}: {cause}")).field(path),
        };
        problem.sort("bad-query", "Bad query")
    })
}

fn form(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

/// The `{name}` of a path.
pub(crate) struct Named(pub(crate) Name);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
        name(&text, "name").map(Named)
    }
}

/// A name that a caller wrote in `field`.
pub(crate) fn name(text: &str, field: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|error| {
        Problem::bad_request(format!("{field}: {error}")).sort("bad-name", "Not a name").field(field)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        height: Option<u32>,
    }

    #[test]
    fn a_wrong_field_is_named() {
        let problem = from_json::<Wanted>(br#"{"height":"tall"}"#).unwrap_err();
        assert_eq!(problem.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(format!("{problem:?}").contains("height: invalid type"), "{problem:?}");
    }

    #[test]
    fn broken_json_and_trailing_text_are_bad_requests() {
        for text in ["{", "{} x", ""] {
            assert_eq!(from_json::<Wanted>(text.as_bytes()).unwrap_err().status, StatusCode::BAD_REQUEST);
        }
    }

    #[test]
    fn a_query_may_hold_the_token_and_open_fields_but_nothing_unknown() {
        assert_eq!(from_query::<Wanted>("token=secret&height=").unwrap().height, None);
        assert_eq!(from_query::<Wanted>("height=360").unwrap().height, Some(360));
        for (wrong, named) in
            [("height=-1", "height"), ("hight=360", "hight"), ("height=1&height=2", "height")]
        {
            let problem = from_query::<Wanted>(wrong).unwrap_err();
            assert!(format!("{problem:?}").contains(named), "{problem:?}");
        }
    }
}
