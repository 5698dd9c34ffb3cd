//! Policies at the layers: what becomes of a request in every mode, wherever they are placed.

mod contract;
mod modes;
mod nesting;
pub(crate) mod never_anonymous;
mod own_policies;
mod placement;

use std::fmt::Debug;

use axum::routing::{MethodRouter, any};
use http_body_util::Empty;
use hyper::{Request, body::Bytes, header::AUTHORIZATION};
use serde_json::{Value, json};
use tower_bearer::{
    Algorithm, AuthorizeLayer, Denial, JwtLayer, KeyError, KeyResolver, Lookup, Policy,
    RequestHead, RequireFreshAuth, RequireRole, RequireScope, VerifiedToken, VerifyingKey,
    resolver_fn, resolver_fn_sync,
};

use crate::support::{App, NOW, Reply, json_token, key, standard, verifiers};

/// `WWW-Authenticate` of each row of the table, to the letter.
const MISSING: &str = r#"Bearer realm="api""#;
const INVALID_REQUEST: &str = r#"Bearer realm="api", error="invalid_request", error_description="the request must carry exactly one well-formed bearer token""#;
const INVALID_TOKEN: &str =
    r#"Bearer realm="api", error="invalid_token", error_description="the token is not valid here""#;
const EXPIRED: &str =
    r#"Bearer realm="api", error="invalid_token", error_description="the token has expired""#;
const STEP_UP: &str = r#"Bearer realm="api", error="insufficient_user_authentication", error_description="a stronger or more recent login is needed here", max_age="300""#;

/// The challenge to a request without credentials, where these scopes are known to be needed.
fn missing_with(scopes: &str) -> String {
    format!(r#"{MISSING}, scope="{scopes}""#)
}

/// The challenge to a token that lacks a scope.
fn lacks(scopes: &str) -> String {
    format!(
        r#"Bearer realm="api", error="insufficient_scope", error_description="the token lacks a scope that is needed here", scope="{scopes}""#
    )
}

fn layer(keys: impl KeyResolver) -> JwtLayer {
    JwtLayer::new(verifiers::new(standard(keys)).unwrap())
}

/// The key, but for tokens whose `kid` is `down`.
fn unless_down(kid: Option<&str>) -> Result<VerifyingKey, KeyError> {
    match kid {
        Some("down") => Err(KeyError::unavailable("out of reach")),
        _ => Ok(key(Algorithm::ES256).verifying()),
    }
}

/// A layer whose key is at hand, and one that has to wait for it.
fn layers() -> [(&'static str, JwtLayer); 2] {
    let at_hand = resolver_fn_sync(|header| unless_down(header.kid()));
    let awaited = resolver_fn(|header| {
        let key = unless_down(header.kid());
        async move {
            tokio::task::yield_now().await;
            key
        }
    });
    [("key at hand", layer(at_hand)), ("key awaited", layer(awaited))]
}

/// What a policy answers at once, said only when it is asked again.
#[derive(Clone, Debug)]
struct Awaited<P>(P);

impl<P: Policy> Policy for Awaited<P> {
    fn authorize(
        &self,
        token: &VerifiedToken,
        head: RequestHead<'_>,
    ) -> Lookup<Result<(), Denial>> {
        let Lookup::Ready(decision) = self.0.authorize(token, head) else {
            panic!("a policy that answers at once")
        };
        Lookup::pending(async move {
            tokio::task::yield_now().await;
            decision
        })
    }

    fn scopes(&self) -> Vec<&str> {
        self.0.scopes()
    }
}

fn scope(name: &str) -> RequireScope {
    RequireScope::all([name]).unwrap()
}

fn admin() -> RequireRole {
    RequireRole::any("roles", ["admin"]).unwrap()
}

fn fresh() -> RequireFreshAuth {
    RequireFreshAuth::within(std::time::Duration::from_secs(300))
}

/// `Authorization` with a token of these claims.
fn bearer(header: &Value, claims: &Value) -> Vec<String> {
    vec![format!("Bearer {}", json_token(Algorithm::ES256, header, claims).compact())]
}

/// The `Authorization` lines of a request in this state.
fn authorization(state: &str) -> Vec<String> {
    let none = json!({});
    match state {
        "absent" => Vec::new(),
        "permitted" => {
            let claims = json!({ "scope": "read", "roles": ["admin"], "auth_time": NOW });
            bearer(&none, &claims)
        }
        "denied" => bearer(&none, &none),
        "odd" => bearer(&none, &json!({ "scope": 7, "roles": 7, "auth_time": "7" })),
        "two" => [authorization("permitted"), authorization("permitted")].concat(),
        "expired" => bearer(&none, &json!({ "exp": NOW - 60 })),
        "invalid" => bearer(&none, &json!({ "aud": "https://other.example" })),
        "down" => bearer(&json!({ "kid": "down" }), &none),
        _ => panic!("no such state"),
    }
}

/// A handler for any method that asks for nothing and says `passed`.
fn passed() -> MethodRouter {
    any(|| async { "passed" })
}

async fn read<L: AsRef<[u8]>>(app: &App, path: &str, lines: &[L]) -> Reply {
    send(app, Request::get(path), lines).await
}

async fn send<L: AsRef<[u8]>>(
    app: &App,
    request: hyper::http::request::Builder,
    lines: &[L],
) -> Reply {
    let mut request: Request<Empty<Bytes>> = request.body(Empty::new()).unwrap();
    for line in lines {
        let value = hyper::header::HeaderValue::from_bytes(line.as_ref()).unwrap();
        request.headers_mut().append(AUTHORIZATION, value);
    }
    app.send(request).await
}

#[track_caller]
fn assert_passed(case: &impl Debug, reply: &Reply, body: &str) {
    assert_eq!((reply.status, &*reply.body, reply.challenge()), (200, body, ""), "{case:?}");
}

fn jwt() -> JwtLayer {
    layers().into_iter().next().unwrap().1
}

fn reading() -> AuthorizeLayer {
    AuthorizeLayer::new(scope("read"))
}

/// `Authorization` with a token of these scopes.
fn scoped(scopes: &str) -> Vec<String> {
    bearer(&json!({}), &json!({ "scope": scopes }))
}
