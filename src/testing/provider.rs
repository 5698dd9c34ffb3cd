//! What is behind a [`TestIssuer`](super::TestIssuer) and all its clones, and how it answers.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use serde_json::json;

use super::{encode, ring::KeyRing};
use crate::{clock::Clock, jose::algorithm::Algorithm};

/// One fake provider.
pub(super) struct Provider {
    name: String,
    pub(super) clock: Arc<dyn Clock>,
    /// What tokens are signed with unless they say otherwise.
    pub(super) algorithm: Algorithm,
    ring: Mutex<KeyRing>,
    conduct: Mutex<Conduct>,
    cache_control: Mutex<Option<HeaderValue>>,
    pub(super) served: OnceLock<Served>,
    discovery: AtomicU64,
    key_sets: AtomicU64,
    minted: AtomicU64,
}

/// Where it is, or was, served on loopback.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    pub(super) name: String,
}

/// An answer of the test's own; `None` to answer as usual.
pub(super) type Custom =
    Arc<dyn Fn(&Request<()>) -> Option<Response<String>> + Send + Sync + 'static>;

/// How documents are answered.
#[derive(Clone)]
pub(super) enum Conduct {
    Custom(Custom),
    Malformed,
    Normal,
    Outage,
    Slow(Duration),
}

/// How often a [`TestIssuer`](super::TestIssuer) was asked for each of its documents, whatever it answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetches {
    /// For metadata: `openid-configuration` or `oauth-authorization-server`.
    pub discovery: u64,
    /// For the JWK Set.
    pub jwks: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Document {
    Jwks,
    Metadata,
}

impl Provider {
    pub(super) fn new(
        name: String,
        clock: Arc<dyn Clock>,
        ring: KeyRing,
        algorithm: Algorithm,
    ) -> Self {
        Self {
            name,
            clock,
            algorithm,
            ring: Mutex::new(ring),
            conduct: Mutex::new(Conduct::Normal),
            cache_control: Mutex::new(None),
            served: OnceLock::new(),
            discovery: AtomicU64::new(0),
            key_sets: AtomicU64::new(0),
            minted: AtomicU64::new(0),
        }
    }

    /// The name it is served under, once it is, and the one it was given before.
    pub(super) fn name(&self) -> &str {
        self.served.get().map_or(&self.name, |served| &served.name)
    }

    /// What follows the host in its name: nothing, `/` or `/tenant`.
    pub(super) fn path(&self) -> &str {
        let host_and_path = self.name().split_once("://").map_or("", |(_, rest)| rest);
        host_and_path.find('/').map_or("", |at| host_and_path.split_at(at).1)
    }

    /// Whether this is an address on its host.
    pub(super) fn is_at(&self, uri: &Uri) -> bool {
        let host = self.name().strip_suffix(self.path()).unwrap_or_default();
        uri.to_string().strip_prefix(host).is_some_and(|rest| rest.starts_with('/'))
    }

    pub(super) fn ring(&self) -> MutexGuard<'_, KeyRing> {
        locked(&self.ring)
    }

    pub(super) fn behave(&self, conduct: Conduct) {
        *locked(&self.conduct) = conduct;
    }

    pub(super) fn cache_control(&self, value: Option<HeaderValue>) {
        *locked(&self.cache_control) = value;
    }

    pub(super) fn fetches(&self) -> Fetches {
        Fetches {
            discovery: self.discovery.load(Ordering::Relaxed),
            jwks: self.key_sets.load(Ordering::Relaxed),
        }
    }

    /// A number that no other token of this provider has.
    pub(super) fn next_serial(&self) -> u64 {
        self.minted.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a request, and answers when it is time to.
    pub(super) async fn respond(&self, request: Request<()>) -> Response<String> {
        let document = self.document(request.uri().path());
        self.count(document);
        let conduct = locked(&self.conduct).clone();
        if let Conduct::Slow(wait) = conduct {
            // A time-out that always runs out, since it takes durations of any length.
            let _ = tokio::time::timeout(wait, std::future::pending::<()>()).await;
        }
        self.answer(&request, document, &conduct)
    }

    fn count(&self, document: Option<Document>) {
        let counter = match document {
            Some(Document::Jwks) => &self.key_sets,
            Some(Document::Metadata) => &self.discovery,
            None => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Which document is at this path. Metadata is where both OpenID Connect Discovery §4 and RFC 8414 §3 and §5
    /// look for it: the name's own path stands before the well-known one, or behind it.
    fn document(&self, path: &str) -> Option<Document> {
        let own = self.path().trim_end_matches('/');
        let openid = "/.well-known/openid-configuration";
        let oauth = "/.well-known/oauth-authorization-server";
        let places = [format!("{own}{openid}"), format!("{openid}{own}"), format!("{oauth}{own}")];
        if places.iter().any(|place| place == path) {
            return Some(Document::Metadata);
        }
        (path.strip_prefix(own) == Some("/jwks")).then_some(Document::Jwks)
    }

    /// The answer of both the server and the fetch in memory.
    fn answer(
        &self,
        request: &Request<()>,
        document: Option<Document>,
        conduct: &Conduct,
    ) -> Response<String> {
        let custom = match conduct {
            Conduct::Custom(custom) => custom(request),
            Conduct::Malformed => Some(html()),
            Conduct::Outage => Some(plain(StatusCode::SERVICE_UNAVAILABLE)),
            Conduct::Normal | Conduct::Slow(_) => None,
        };
        if let Some(response) = custom {
            return response;
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return plain(StatusCode::METHOD_NOT_ALLOWED);
        }
        match document {
            Some(Document::Jwks) => self.jwks(request.headers()),
            Some(Document::Metadata) => json_text(self.metadata()),
            None => plain(StatusCode::NOT_FOUND),
        }
    }

    fn jwks(&self, headers: &HeaderMap) -> Response<String> {
        let jwks = self.ring().jwks();
        let tag = format!("\"{}\"", encode(digest(&SHA256, jwks.as_bytes())));
        let known = headers.get_all(IF_NONE_MATCH).iter().any(|tags| names(tags, &tag));
        let mut response = if known { plain(StatusCode::NOT_MODIFIED) } else { json_text(jwks) };
        let tag = HeaderValue::try_from(tag).ok();
        let cache_control = locked(&self.cache_control).clone();
        for (name, value) in [(ETAG, tag), (CACHE_CONTROL, cache_control)] {
            response.headers_mut().extend(value.map(|value| (name, value)));
        }
        response
    }

    /// What OpenID Connect Discovery §3 and RFC 8414 §2 demand.
    fn metadata(&self) -> String {
        let base = self.name().trim_end_matches('/');
        let algorithms = self.ring().published();
        let names: Vec<_> = algorithms.into_iter().map(Algorithm::name).collect();
        json!({
            "issuer": self.name(),
            "jwks_uri": format!("{base}/jwks"),
            "authorization_endpoint": format!("{base}/authorize"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": names,
        })
        .to_string()
    }
}

/// Whether `If-None-Match` names this tag ([RFC 9110 §13.1.2](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2)).
fn names(tags: &HeaderValue, tag: &str) -> bool {
    let tags = tags.to_str().unwrap_or_default().split(',').map(str::trim);
    tags.map(|other| other.strip_prefix("W/").unwrap_or(other))
        .any(|other| other == tag || other == "*")
}

fn plain(status: StatusCode) -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    response
}

fn json_text(text: String) -> Response<String> {
    typed("application/json", text)
}

/// What a proxy or a page for maintenance says instead, with a status of 200.
fn html() -> Response<String> {
    typed("text/html", "<!doctype html><title>Back soon</title>".to_owned())
}

fn typed(media_type: &'static str, text: String) -> Response<String> {
    let mut response = Response::new(text);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// A test that has panicked is not to hide behind the panic of another.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
