//! Where on a request tokens are found: every place, on its own and beside others, accepted and refused.

mod answered;
mod cookies;
mod csrf;
mod forged;
mod handed_on;
mod headers;
mod kinds;
pub(crate) mod lists;
mod over_http2;
mod pairs;
mod places;
mod policies;
mod queries;
mod sockets;
mod trusted;

use std::fmt::Debug;

use axum::Router;
use http_body_util::Empty;
use hyper::{
    HeaderMap, Method, Request, Uri,
    body::Bytes,
    header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue, SEC_WEBSOCKET_PROTOCOL},
};
use serde_json::json;
use tower_bearer::{
    Algorithm, AnswerHeaders, AuthorizationHeader, JwtLayer, KeyResolver, OrSource, Presented,
    QueryParameter, RequestHead, StaticKeys, TokenCookie, TokenError, TokenErrorKind, TokenOrigin,
    TokenSource, WebSocketProtocol, resolver_fn,
};

use crate::support::{
    App, NOW, Reply, answer_outcome, json_token, key, standard, token, verifiers,
};

pub(crate) type Body = Empty<Bytes>;

/// Where a token may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Cookie,
    Header,
    /// A header that a source of the user's own reads.
    Own,
    Query,
    Socket,
}

const OWN: HeaderName = HeaderName::from_static("x-own-token");
pub(crate) const COOKIE_NAME: &str = "__Host-token";

impl Place {
    pub(crate) const ALL: [Self; 5] =
        [Self::Cookie, Self::Header, Self::Own, Self::Query, Self::Socket];

    /// Puts a text where a token of this place stands, beside what stands there already.
    pub(crate) fn put(self, request: &mut Request<Body>, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        let mut line = |name: HeaderName, before: &str| {
            let value = HeaderValue::from_bytes(&[before.as_bytes(), text].concat()).unwrap();
            request.headers_mut().append(name, value);
        };
        match self {
            Self::Cookie => line(COOKIE, &format!("{COOKIE_NAME}=")),
            Self::Header => line(AUTHORIZATION, "Bearer "),
            Self::Own => line(OWN, ""),
            Self::Query => {
                let before = request.uri().to_string();
                let separator = if before.contains('?') { "&" } else { "?" };
                let uri = [before.as_bytes(), separator.as_bytes(), b"access_token=", text];
                *request.uri_mut() = Uri::try_from(uri.concat()).unwrap();
            }
            Self::Socket => line(SEC_WEBSOCKET_PROTOCOL, "bearer, "),
        }
    }

    /// A `GET` with these texts in this place.
    pub(crate) fn get<T: AsRef<[u8]>>(self, texts: impl IntoIterator<Item = T>) -> Request<Body> {
        let mut request = get();
        texts.into_iter().for_each(|text| self.put(&mut request, text));
        request
    }

    /// The source that looks there and nowhere else.
    pub(crate) fn source(self) -> Source {
        match self {
            Self::Cookie => Source::Cookie(TokenCookie::new(COOKIE_NAME).unwrap()),
            Self::Header => Source::Header(AuthorizationHeader),
            Self::Own => Source::Own(Own),
            Self::Query => Source::Query(QueryParameter::access_token()),
            Self::Socket => Source::Socket(WebSocketProtocol),
        }
    }

    /// What [`outcome`](crate::support::outcome) says of a good token there.
    pub(crate) fn verified(self) -> &'static str {
        match self {
            Self::Cookie => "verified: ada, cookie",
            Self::Header => "verified: ada, header",
            Self::Own => "verified: ada, other",
            Self::Query => "verified: ada, query",
            Self::Socket => "verified: ada, subprotocol",
        }
    }
}

/// Any source, so that chains can be made by a program.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Cookie(TokenCookie),
    Header(AuthorizationHeader),
    Or(Box<OrSource<Self, Self>>),
    Own(Own),
    Query(QueryParameter),
    Socket(WebSocketProtocol),
}

macro_rules! each {
    ($self:ident, $source:ident => $do:expr) => {
        match $self {
            Self::Cookie($source) => $do,
            Self::Header($source) => $do,
            Self::Or($source) => $do,
            Self::Own($source) => $do,
            Self::Query($source) => $do,
            Self::Socket($source) => $do,
        }
    };
}

impl TokenSource for Source {
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
        each!(self, source => source.token(head))
    }

    fn conceal(&self, headers: &mut HeaderMap) {
        each!(self, source => source.conceal(headers));
    }

    fn answer(&self, head: RequestHead<'_>) -> AnswerHeaders {
        each!(self, source => source.answer(head))
    }
}

impl Source {
    pub(crate) fn and(self, other: Self) -> Self {
        Self::Or(Box::new(self.or(other)))
    }

    /// All of them, `a.or(b).or(c)`.
    pub(crate) fn chain(places: &[Place]) -> Self {
        let sources = places.iter().map(|place| place.source());
        sources.reduce(Self::and).unwrap()
    }

    /// All of them, `a.or(b.or(c))`.
    pub(crate) fn nested(places: &[Place]) -> Self {
        let sources = places.iter().rev().map(|place| place.source());
        sources.reduce(|inner, source| source.and(inner)).unwrap()
    }
}

/// A source of the user's own, as strict as ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own;

impl TokenSource for Own {
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
        let mut values = head.headers().get_all(OWN).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(TokenErrorKind::SeveralCredentials.into());
        }
        let token = value.to_str().map_err(|_| TokenErrorKind::InvalidCredentials)?;
        let body = token.trim_end_matches('=');
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        if body.is_empty() || !body.bytes().all(known) {
            return Err(TokenErrorKind::InvalidCredentials.into());
        }
        Ok(Some(Presented::new(token, TokenOrigin::Other)))
    }
}

pub(crate) fn get() -> Request<Body> {
    Request::new(Empty::new())
}

/// A request of this method to a service of this name.
fn to_host(method: &str, host: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri("/").header("host", host);
    request.body(Empty::new()).unwrap()
}

fn with(mut request: Request<Body>, lines: &[(&'static str, &str)]) -> Request<Body> {
    for (name, value) in lines {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        request.headers_mut().append(*name, value);
    }
    request
}

fn method(mut request: Request<Body>, method: &Method) -> Request<Body> {
    *request.method_mut() = method.clone();
    request
}

fn good() -> String {
    token().compact()
}

fn expired() -> String {
    json_token(Algorithm::ES256, &json!({}), &json!({ "exp": NOW - 60 })).compact()
}

/// As long as a token may be, and one more.
fn long(more: usize) -> String {
    "a".repeat(tower_bearer::MAX_TOKEN_LEN + more)
}

fn layer(keys: impl KeyResolver) -> JwtLayer {
    JwtLayer::new(verifiers::new(standard(keys)).unwrap())
}

fn at_hand() -> JwtLayer {
    layer(StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap())
}

/// A layer whose key is at hand, and one that has to wait for it.
fn layers() -> [(&'static str, JwtLayer); 2] {
    let awaited = resolver_fn(|_| async {
        tokio::task::yield_now().await;
        Ok(key(Algorithm::ES256).verifying())
    });
    [("key at hand", at_hand()), ("key awaited", layer(awaited))]
}

/// Answers every request with what the layer made of it.
async fn outcomes<T: TokenSource>(layer: JwtLayer<T>) -> App {
    App::serve(Router::new().fallback_service(answer_outcome().layer(layer))).await
}

/// The same, of a required layer with this source.
async fn reads(source: impl TokenSource) -> App {
    outcomes(at_hand().source(source)).await
}

/// What a row of a table says of an answer.
#[derive(Clone, Copy, Debug)]
enum Answer {
    CrossOrigin,
    Expired,
    Good(Place),
    InvalidToken,
    Malformed,
    Missing,
}

impl Answer {
    #[track_caller]
    fn check(self, case: &impl Debug, reply: &Reply) {
        let case = format!("{case:?}");
        match self {
            Self::CrossOrigin => reply.assert_refused(&case, 403, ""),
            Self::Expired => reply.assert_expired(&case),
            Self::Good(place) => {
                assert_eq!((reply.status, &*reply.body), (200, place.verified()), "{case}");
            }
            Self::InvalidToken => reply.assert_invalid_token(&case),
            Self::Malformed => reply.assert_invalid_request(&case),
            Self::Missing => reply.assert_missing(&case),
        }
    }
}
