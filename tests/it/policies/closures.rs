//! Policies that are closures: what they see, and what becomes of what they say.

use std::{future::ready, io, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    extract::{MatchedPath, Request},
    response::Response,
    routing::any,
};
use hyper::{
    Method, StatusCode,
    header::{AUTHORIZATION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_bearer::{
    Algorithm, AuthorizeLayer, ClaimsError, Denial, DenialKind, JwtLayer, Policy, RequireScope,
    StaticKeys, policy_fn, policy_fn_async,
};

use super::{decide, judge, token};
use crate::support::{Log, json_token, key, standard, verifiers};

/// A route behind this policy.
fn app(policy: impl Policy) -> Router {
    let keys = StaticKeys::new([key(Algorithm::HS256).verifying()]).unwrap();
    let layer = JwtLayer::new(verifiers::new(standard(keys)).unwrap()).require(policy);
    Router::new().route("/users/{name}", any(|| async { "welcome" })).route_layer(layer)
}

/// A request of `ada`'s, with these claims.
fn request(method: Method, uri: &str, changes: &Value) -> Request {
    let token = json_token(Algorithm::HS256, &json!({}), changes).compact();
    let request = Request::builder().method(method).uri(uri);
    request.header(AUTHORIZATION, format!("Bearer {token}")).body(Body::empty()).unwrap()
}

async fn get(policy: impl Policy) -> Response {
    app(policy).oneshot(request(Method::GET, "/users/ada", &json!({}))).await.unwrap()
}

fn challenge(response: &Response) -> &str {
    response.headers().get(WWW_AUTHENTICATE).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn they_see_token_method_uri_headers_and_extensions() {
    #[derive(Clone)]
    struct Tenant(&'static str);

    let policy = policy_fn(|token, head| {
        let path: Option<&MatchedPath> = head.extensions().get();
        Denial::unless(
            head.method() == Method::PUT
                && head.uri().path().strip_prefix("/users/") == token.subject()
                && head.uri().query() == Some("a=b")
                && head.headers().get("x-tenant") == Some(&HeaderValue::from_static("t1"))
                && path.is_some_and(|path| path.as_str() == "/users/{name}")
                && head.extensions().get().is_some_and(|Tenant(tenant)| *tenant == "t1"),
        )
    });
    let app = app(policy).layer(Extension(Tenant("t1")));
    for (case, method, uri, tenant, expected) in [
        ("as it should be", Method::PUT, "/users/ada?a=b", "t1", StatusCode::OK),
        ("another method", Method::GET, "/users/ada?a=b", "t1", StatusCode::FORBIDDEN),
        ("another user", Method::PUT, "/users/eve?a=b", "t1", StatusCode::FORBIDDEN),
        ("another query", Method::PUT, "/users/ada", "t1", StatusCode::FORBIDDEN),
        ("another header", Method::PUT, "/users/ada?a=b", "t2", StatusCode::FORBIDDEN),
    ] {
        let mut request = request(method, uri, &json!({}));
        request.headers_mut().insert("x-tenant", HeaderValue::from_static(tenant));
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!((response.status(), challenge(&response)), (expected, ""), "{case}");
    }
}

/// The same closure as a policy of both kinds.
fn both_kinds(
    decision: impl Fn() -> Result<(), Denial> + Clone + Send + Sync + 'static,
) -> [(&'static str, Box<dyn Policy>); 3] {
    let (one, two, three) = (decision.clone(), decision.clone(), decision);
    [
        ("at once", Box::new(policy_fn(move |_, _| one()))),
        ("asynchronous, and at once", Box::new(policy_fn_async(move |_, _| ready(two())))),
        (
            "later",
            Box::new(policy_fn_async(move |_, _| {
                let decision = three();
                async move {
                    tokio::task::yield_now().await;
                    decision
                }
            })),
        ),
    ]
}

#[tokio::test]
async fn what_they_say_is_what_is_answered() {
    for (when, policy) in both_kinds(|| Ok(())) {
        assert_eq!(get(policy).await.status(), 200, "{when}");
    }
    for (when, policy) in both_kinds(|| Err(Denial::forbidden())) {
        let response = get(policy).await;
        assert_eq!((response.status().as_u16(), challenge(&response)), (403, ""), "{when}");
    }
    let scope = RequireScope::all(["users:write"]).unwrap();
    for (when, policy) in both_kinds(move || Err(scope.denial())) {
        let response = get(policy).await;
        assert_eq!(response.status(), 403, "{when}");
        let expected = r#"error="insufficient_scope", error_description="the token lacks a scope that is needed here", scope="users:write""#;
        assert_eq!(challenge(&response), format!("Bearer realm=\"api\", {expected}"), "{when}");
    }
}

#[tokio::test]
async fn unavailable_is_503_with_its_own_retry_after_rounded_up() {
    let cases = [
        (None, "5"),
        (Some(Duration::ZERO), "0"),
        (Some(Duration::from_nanos(1)), "1"),
        (Some(Duration::from_secs(7)), "7"),
        (Some(Duration::from_millis(7001)), "8"),
        (Some(Duration::MAX), "18446744073709551615"),
    ];
    for (after, expected) in cases {
        let denial = move || {
            let denial = Denial::unavailable("no database");
            Err(after.map_or(denial.clone(), |after| denial.with_retry_after(after)))
        };
        for (when, policy) in both_kinds(denial) {
            let response = get(policy).await;
            assert_eq!((response.status().as_u16(), challenge(&response)), (503, ""), "{when}");
            assert_eq!(response.headers()[RETRY_AFTER], expected, "{when}: {after:?}");
        }
    }
    let forbidden = Denial::forbidden().with_retry_after(Duration::from_secs(7));
    assert_eq!(forbidden.retry_after(), None);
    let response = get(policy_fn(move |_, _| Err(forbidden.clone()))).await;
    assert_eq!(response.headers().get(RETRY_AFTER), None, "of no effect");
}

#[tokio::test]
async fn logs_have_the_reason_and_the_source_and_clients_do_not() {
    let log = Log::capture();
    let source = || io::Error::other("connection lost");
    let policy = policy_fn_async(move |_, _| async move {
        Err(Denial::unavailable(source()).with_reason("no_database"))
    });
    let response = get(policy).await;
    let seen = format!("{response:?}");
    assert!(!seen.contains("no_database") && !seen.contains("connection"), "{seen}");
    let text = log.text();
    assert!(text.contains("no_database") && text.contains("connection lost"), "{text}");
}

#[test]
fn a_reason_is_kept_where_the_answer_is() {
    let owner = || policy_fn(|_, _| Err(Denial::forbidden().with_reason("not_the_owner")));
    let reason = |policy: &dyn Policy| {
        let request = tower_bearer::http::Request::new(());
        let head = tower_bearer::RequestHead::of(&request);
        let decision =
            futures_executor::block_on(policy.authorize(&token(&json!({})), head).into_future());
        decision.unwrap_err().reason()
    };
    let scope = || RequireScope::all(["a"]).unwrap();
    assert_eq!(reason(&owner()), Some("not_the_owner"));
    assert_eq!(reason(&scope().and(owner())), Some("not_the_owner"));
    assert_eq!(reason(&owner().and(scope())), Some("not_the_owner"));
    assert_eq!(reason(&owner().or(scope())), None, "the scope is what is answered with");
    assert_eq!(
        reason(&owner().or(policy_fn(|_, _| Err(Denial::forbidden())))),
        Some("not_the_owner")
    );
}

#[tokio::test]
async fn a_claim_of_another_type_is_refused_by_a_question_mark() {
    let policy = policy_fn(|token, _| {
        let verified: bool = token.claim("email_verified")?.unwrap_or(false);
        Denial::unless(verified)
    });
    for (claim, expected) in [
        (json!(true), "permitted"),
        (json!(false), "forbidden"),
        (Value::Null, "forbidden"),
        (json!("true"), "mismatch in email_verified"),
    ] {
        assert_eq!(judge(&policy, &token(&json!({ "email_verified": claim }))), expected);
    }
    let denial = decide(&policy, &token(&json!({ "email_verified": 1 }))).unwrap_err();
    assert_eq!(denial.kind(), DenialKind::ClaimsMismatch);
    let source = std::error::Error::source(&denial).unwrap();
    assert!(source.is::<ClaimsError>());
    let wrong = request(Method::GET, "/users/ada", &json!({ "email_verified": "true" }));
    let response = app(policy).oneshot(wrong).await.unwrap();
    assert_eq!((response.status().as_u16(), challenge(&response)), (403, ""));
}

#[tokio::test]
async fn they_choose_among_requirements_by_the_method() {
    let read = RequireScope::all(["users:read"]).unwrap();
    let write = RequireScope::all(["users:read", "users:write"]).unwrap();
    let policy = policy_fn(move |token, head| match *head.method() {
        Method::GET | Method::HEAD => read.check(token),
        _ => write.check(token),
    });
    let app = app(policy);
    for (method, scope, expected) in [
        (Method::GET, "users:read", ""),
        (Method::HEAD, "users:read", ""),
        (Method::GET, "users:write", r#"scope="users:read""#),
        (Method::POST, "users:read", r#"scope="users:read users:write""#),
        (Method::DELETE, "users:read users:write", ""),
    ] {
        let request = request(method.clone(), "/users/ada", &json!({ "scope": scope }));
        let response = app.clone().oneshot(request).await.unwrap();
        let status = if expected.is_empty() { 200 } else { 403 };
        assert_eq!(response.status(), status, "{method} {scope}");
        assert!(challenge(&response).ends_with(expected), "{method} {}", challenge(&response));
    }
}

#[tokio::test]
async fn inner_layers_ask_them_as_well() {
    let keys = StaticKeys::new([key(Algorithm::HS256).verifying()]).unwrap();
    for (when, policy) in
        both_kinds(|| Err(Denial::unavailable("down").with_retry_after(Duration::from_millis(1))))
    {
        let app = Router::new()
            .route("/users/{name}", any(|| async { "welcome" }))
            .route_layer(AuthorizeLayer::new(policy))
            .route_layer(JwtLayer::new(verifiers::new(standard(keys.clone())).unwrap()));
        let response = app.oneshot(request(Method::GET, "/users/ada", &json!({}))).await.unwrap();
        assert_eq!(response.status(), 503, "{when}");
        assert_eq!(response.headers()[RETRY_AFTER], "1", "{when}");
    }
}
