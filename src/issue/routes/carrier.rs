//! Where refresh tokens come from, and where pairs go to.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;

use super::answer::{Fault, json};
use crate::{
    issue::{
        cookies::SessionCookies,
        session::{SessionError, TokenPair},
    },
    jose::compact::MAX_TOKEN_LEN,
};

/// Longer bodies are not read.
const MAX_BODY: usize = 16 * 1024;

/// What carries tokens to and fro.
#[derive(Debug)]
pub(super) enum Carrier {
    Body,
    Cookies(SessionCookies),
}

impl Carrier {
    /// The refresh token of a request, if it has one.
    pub(super) async fn refresh_token(&self, request: Request) -> Result<Option<String>, Fault> {
        let (head, body) = request.into_parts();
        match self {
            Self::Body => in_body(&head.headers, body).await,
            Self::Cookies(cookies) => {
                let token = cookies.refresh_token(&head.headers);
                let token = token.map_err(|_| Fault::InvalidRequest)?;
                Ok(token.map(str::to_owned))
            }
        }
    }

    /// How long an access token can be, in bytes.
    pub(super) fn longest(&self) -> usize {
        match self {
            Self::Body => MAX_TOKEN_LEN,
            Self::Cookies(cookies) => cookies.longest(),
        }
    }

    /// The answer that hands out tokens.
    pub(super) fn answer(&self, pair: &TokenPair) -> Result<Response, SessionError> {
        match self {
            Self::Body => Ok(json(StatusCode::OK, pair)),
            Self::Cookies(cookies) => {
                let set = cookies.set(pair)?;
                let seconds = pair.access_token().expires_in().as_secs();
                let body = json(StatusCode::OK, &json!({ "expires_in": seconds }));
                Ok((set, body).into_response())
            }
        }
    }

    /// An answer that leaves the client without tokens.
    pub(super) fn clear(&self, response: Response) -> Response {
        match self {
            Self::Body => response,
            Self::Cookies(cookies) => (cookies.clear(), response).into_response(),
        }
    }
}

/// A request for tokens, as JSON or as a form.
#[derive(Default, Deserialize)]
struct Asked {
    refresh_token: Option<String>,
    grant_type: Option<String>,
}

async fn in_body(headers: &HeaderMap, body: Body) -> Result<Option<String>, Fault> {
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| Fault::InvalidRequest)?;
    if body.is_empty() {
        return Ok(None);
    }
    let asked = match media_type(headers) {
        Some(kind) if kind.eq_ignore_ascii_case("application/json") => {
            // A type of named fields would be read from an array as well.
            let is_object = body.trim_ascii_start().starts_with(b"{");
            let asked = serde_json::from_slice(&body).ok().filter(|_| is_object);
            asked.ok_or(Fault::InvalidRequest)?
        }
        Some(kind) if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") => {
            form(&body).ok_or(Fault::InvalidRequest)?
        }
        _ => return Err(Fault::InvalidRequest),
    };
    if asked.grant_type.is_some_and(|asked| asked != "refresh_token") {
        return Err(Fault::UnsupportedGrantType);
    }
    Ok(asked.refresh_token)
}

fn media_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').next().map(str::trim)
}

/// Nothing is decoded: no character of what is looked for has to be encoded. `None` if one of them stands twice (RFC 6749 §3.2).
fn form(body: &[u8]) -> Option<Asked> {
    let mut asked = Asked::default();
    for pair in std::str::from_utf8(body).ok()?.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let earlier = match name {
            "refresh_token" => asked.refresh_token.replace(value.to_owned()).is_some(),
            "grant_type" => asked.grant_type.replace(value.to_owned()).is_some(),
            _ => false,
        };
        if earlier {
            return None;
        }
    }
    Some(asked)
}
