use std::net::SocketAddr;

use axum::{Json, Router, routing::get};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    header::{AUTHORIZATION, DATE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::task::AbortHandle;
use tower_bearer::{Claims, JwtLayer, KeyResolver, TrustedIssuer, Verifier};

use super::{AUDIENCE, ISSUER, clock, verifiers};

/// A server on loopback that ends with the test.
pub(crate) struct App {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    server: AbortHandle,
    /// The second answer has to be the first.
    asks_twice: bool,
}

/// What came back over the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// An app with `GET /` protected by this issuer's layer. It answers with the claims.
pub(crate) async fn app(issuer: TrustedIssuer) -> App {
    app_of(verifiers::new(issuer).unwrap()).await
}

/// The same for a verifier, which may know several issuers.
pub(crate) async fn app_of(verifier: Verifier) -> App {
    App::serve(protected(JwtLayer::new(verifier))).await
}

/// An issuer with the names, the clock and the defaults of all tests.
pub(crate) fn standard(keys: impl KeyResolver) -> TrustedIssuer {
    TrustedIssuer::new(ISSUER, AUDIENCE, keys).clock(clock)
}

fn protected(layer: JwtLayer) -> Router {
    let me = |Claims(claims): Claims<Value>| async move { Json((*claims).clone()) };
    Router::new().route("/", get(me)).route_layer(layer)
}

impl App {
    /// Serves any router on loopback.
    pub(crate) async fn serve(router: Router) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        let client = Client::builder(TokioExecutor::new()).build_http();
        let asks_twice = verifiers::is_remembering();
        Self { address, client, server: server.abort_handle(), asks_twice }
    }

    /// Asks once in every run: for tests that count.
    pub(crate) fn once(mut self) -> Self {
        self.asks_twice = false;
        self
    }

    /// The URL of a path on this server.
    #[cfg(feature = "jwks")]
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// `GET /` with this token.
    pub(crate) async fn get(&self, token: &str) -> Reply {
        self.authorization([format!("Bearer {token}")]).await
    }

    /// `GET /` with these `Authorization` lines; none if there are none.
    pub(crate) async fn authorization<V: AsRef<[u8]>>(
        &self,
        lines: impl IntoIterator<Item = V>,
    ) -> Reply {
        let mut request = Request::new(Empty::new());
        for line in lines {
            let value = HeaderValue::from_bytes(line.as_ref()).unwrap();
            request.headers_mut().append(AUTHORIZATION, value);
        }
        self.send(request).await
    }

    /// Any request. A path without authority goes to this server.
    pub(crate) async fn send(&self, request: Request<Empty<Bytes>>) -> Reply {
        let request = request.map(|_| Full::default());
        if !self.asks_twice {
            return self.send_once(request).await;
        }
        let first = self.send_once(request.clone()).await;
        let second = self.send_once(request).await;
        assert_eq!(first.undated(), second.undated(), "the second answer");
        first
    }

    /// Any request, with a body, and once in every run.
    pub(crate) async fn send_once(&self, mut request: Request<Full<Bytes>>) -> Reply {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("http://{}{path}", self.address).parse().unwrap();
        let (head, body) = self.client.request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Reply {
    /// All but when it came.
    fn undated(&self) -> (u16, HeaderMap, &str) {
        let mut headers = self.headers.clone();
        headers.remove(DATE);
        (self.status, headers, &self.body)
    }

    /// The one `WWW-Authenticate`, or nothing.
    pub(crate) fn challenge(&self) -> &str {
        let mut values = self.headers.get_all(WWW_AUTHENTICATE).iter();
        let challenge = values.next().map_or("", |value| value.to_str().unwrap());
        assert!(values.next().is_none(), "one challenge at most");
        challenge
    }

    pub(crate) fn claims(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Passed, with claims.
    #[track_caller]
    pub(crate) fn assert_accepted(&self, case: &str) {
        assert_eq!(self.status, StatusCode::OK, "{case}: {}", self.challenge());
        assert!(self.claims().is_object(), "{case}");
    }

    /// 401 with the challenge of a token that is not valid here, and nothing else.
    #[track_caller]
    pub(crate) fn assert_invalid_token(&self, case: &str) {
        let challenge = r#"Bearer realm="api", error="invalid_token", error_description="the token is not valid here""#;
        self.assert_refused(case, 401, challenge);
    }

    /// 401 with the challenge of a token that has expired.
    #[track_caller]
    pub(crate) fn assert_expired(&self, case: &str) {
        let challenge = r#"Bearer realm="api", error="invalid_token", error_description="the token has expired""#;
        self.assert_refused(case, 401, challenge);
    }

    /// 400: the request itself is malformed.
    #[track_caller]
    pub(crate) fn assert_invalid_request(&self, case: &str) {
        let challenge = r#"Bearer realm="api", error="invalid_request", error_description="the request must carry exactly one well-formed bearer token""#;
        self.assert_refused(case, 400, challenge);
    }

    /// 401 with the challenge of a request without credentials.
    #[track_caller]
    pub(crate) fn assert_missing(&self, case: &str) {
        self.assert_refused(case, 401, r#"Bearer realm="api""#);
    }

    /// 503: nobody can say now whether the token is good.
    #[track_caller]
    pub(crate) fn assert_unavailable(&self, case: &str) {
        self.assert_refused(case, 503, "");
        assert!(self.headers.contains_key(RETRY_AFTER), "{case}");
    }

    #[track_caller]
    pub(crate) fn assert_refused(&self, case: &str, status: u16, challenge: &str) {
        assert_eq!((self.status, self.challenge()), (status, challenge), "{case}");
        assert_eq!(self.body, "", "{case}: the body says nothing");
    }
}
