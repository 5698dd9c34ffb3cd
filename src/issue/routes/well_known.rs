//! What others need to verify an issuer's tokens.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{
    HeaderMap, HeaderValue, StatusCode, Uri,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};

use crate::{
    endpoint::{Endpoint, Transport},
    error::ConfigError,
    issue::issuer::Issuer,
};

/// The routes at which others find an [`Issuer`]'s keys, for a router that answers at the root of its host.
///
/// | route, for `https://login.example` | what is there |
/// |---|---|
/// | `GET /.well-known/jwks.json` | the public keys ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)) |
/// | `GET /.well-known/openid-configuration` | the [metadata](Issuer::metadata) that [`TrustedIssuer::discover`](crate::TrustedIssuer::discover) and others who verify read; it has no endpoint, so that clients cannot log in by it |
/// | `GET /.well-known/oauth-authorization-server` | the same ([RFC 8414](https://www.rfc-editor.org/rfc/rfc8414)) |
///
/// With `https://example.com/login` as the issuer's name, the first two are below `/login`, and the third has `/login` behind it, as the two
/// standards say.
///
/// All may be kept for 10 minutes (`Cache-Control: public, max-age=600`), which is what the
/// [times of keys](crate::SigningKeys) count on; each has an `ETag`, and whoever names it gets a 304. Pages of any origin may read them.
///
/// # Errors
///
/// The issuer's name is no URL: it has to be `https`, or `http` on loopback, and of plain characters, without a query and without a slash at its end.
pub fn well_known<T: Clone + Send + Sync + 'static>(
    issuer: &Issuer,
) -> Result<Router<T>, ConfigError> {
    let path = path_of(issuer.name()).map_err(|fault| {
        let name = issuer.name();
        ConfigError::new(format!(
            "the issuer {name:?} {fault}: nobody could find its keys; name it the likes of `https://login.example`"
        ))
    })?;
    let jwks = format!("{}/.well-known/jwks.json", issuer.name());
    let metadata = Document::new(issuer.metadata(&jwks).to_string());
    let metadata = get(metadata_of).with_state(metadata);
    Ok(Router::new()
        .route(&format!("{path}/.well-known/jwks.json"), get(keys_of))
        .with_state(issuer.clone())
        .route(&format!("{path}/.well-known/openid-configuration"), metadata.clone())
        .route(&format!("/.well-known/oauth-authorization-server{path}"), metadata))
}

/// The path of an issuer's URL, which is empty at the root of its host.
fn path_of(name: &str) -> Result<String, &'static str> {
    let endpoint = Endpoint::parse(name, Transport::Loopback)?;
    if !endpoint.names_a_host() {
        return Err("names no host");
    }
    let uri: Uri = name.parse().map_err(|_| "is no URL")?;
    if uri.query().is_some() || name.ends_with('/') {
        return Err("has a query, or a slash at its end");
    }
    let path = uri.path().trim_end_matches('/');
    // Routers read other characters as something else than themselves.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if !path.bytes().all(plain) || path.contains("//") {
        return Err("has a character in its path that routers read in another way");
    }
    Ok(path.to_owned())
}

async fn keys_of(State(issuer): State<Issuer>, headers: HeaderMap) -> Response {
    Document::new(issuer.keys().jwks()).answer(&headers)
}

async fn metadata_of(State(metadata): State<Document>, headers: HeaderMap) -> Response {
    metadata.answer(&headers)
}

/// JSON that is the same for everybody.
#[derive(Clone)]
struct Document {
    text: Arc<str>,
    etag: String,
}

impl Document {
    fn new(text: String) -> Self {
        let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()));
        Self { text: text.into(), etag: format!("\"{hash}\"") }
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let mut response = if self.is_known(asked) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = Response::new(Body::from(self.text.as_bytes().to_vec()));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            response
        };
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=600"));
        if let Ok(etag) = HeaderValue::try_from(&self.etag) {
            headers.insert(ETAG, etag);
        }
        response
    }

    /// Whether who asks has it already (RFC 9110 §13.1.2): tags are compared without their `W/`, which proxies put there.
    fn is_known(&self, asked: &HeaderMap) -> bool {
        let lines = asked.get_all(IF_NONE_MATCH).into_iter().filter_map(|line| line.to_str().ok());
        let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag)
    }
}
