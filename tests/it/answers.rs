//! From error to HTTP: status, challenge and body of every refusal.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    http::StatusCode,
    middleware::map_response,
    response::{AppendHeaders, IntoResponse, Response},
    routing::get,
};
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request,
    body::Bytes,
    header::{
        CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER, SET_COOKIE,
        WWW_AUTHENTICATE,
    },
};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_bearer::{
    Algorithm, Claims, JwtLayer, KeyError, KeyResolver, Presented, Rejection, RequestHead, Respond,
    StaticKeys, TokenError, TokenErrorKind, TokenSource, TrustedIssuer, VerifiedToken,
    VerifyingKey, resolver_fn_sync,
};

use crate::support::{
    App, KeyPair, MODES, NOW, Reply, answer_outcome, app, json_token, key, outcome, standard,
    token, verifiers,
};

const INVALID_REQUEST: &str = r#"Bearer realm="api", error="invalid_request", error_description="the request must carry exactly one well-formed bearer token""#;
const INVALID_TOKEN: &str =
    r#"Bearer realm="api", error="invalid_token", error_description="the token is not valid here""#;
const EXPIRED: &str =
    r#"Bearer realm="api", error="invalid_token", error_description="the token has expired""#;
const MISSING: &str = r#"Bearer realm="api""#;

#[derive(Deserialize)]
struct User {
    sub: String,
    roles: Vec<String>,
}

fn keys() -> StaticKeys {
    StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap()
}

/// The key; none under the name `elsewhere`, and nothing to be had under the name `down`.
fn key_named(kid: Option<&str>) -> Result<VerifyingKey, KeyError> {
    match kid {
        Some("down") => Err(KeyError::unavailable("out of reach")),
        Some("broken") => Err(KeyError::invalid("no key")),
        Some("elsewhere") => Err(KeyError::not_found()),
        _ => Ok(key(Algorithm::ES256).verifying()),
    }
}

fn layer(keys: impl KeyResolver) -> JwtLayer {
    JwtLayer::new(verifiers::new(standard(keys)).unwrap())
}

fn by_name() -> JwtLayer {
    layer(resolver_fn_sync(|header| key_named(header.kid())))
}

fn bearer(header: &Value, claims: &Value) -> Vec<String> {
    vec![format!("Bearer {}", json_token(Algorithm::ES256, header, claims).compact())]
}

/// `Authorization` lines for each row of the table that a request can choose.
fn authorization(state: &str) -> Vec<String> {
    let none = json!({});
    match state {
        "absent" => Vec::new(),
        "good" => bearer(&none, &none),
        "user" => bearer(&none, &json!({ "roles": ["admin"] })),
        "two" => [bearer(&none, &none), bearer(&none, &none)].concat(),
        "expired" => bearer(&none, &json!({ "exp": NOW - 60 })),
        "invalid" => bearer(&none, &json!({ "aud": "https://other.example" })),
        "down" => bearer(&json!({ "kid": "down" }), &none),
        _ => panic!("no such state"),
    }
}

/// `GET /` for a [`User`].
fn users() -> Router {
    let user =
        |user: Claims<User>| async move { format!("{}: {}", user.sub, user.roles.join(" ")) };
    Router::new().route("/", get(user))
}

#[tokio::test]
async fn every_row_of_the_table_byte_for_byte() {
    let app = App::serve(users().layer(by_name())).await;
    for (state, status, challenge, retry_after) in [
        ("absent", 401, MISSING, None),
        ("two", 400, INVALID_REQUEST, None),
        ("invalid", 401, INVALID_TOKEN, None),
        ("expired", 401, EXPIRED, None),
        ("good", 403, "", None), // has no `roles`
        ("down", 503, "", Some("5")),
    ] {
        let reply = app.authorization(authorization(state)).await;
        reply.assert_refused(state, status, challenge);
        let header = reply.headers.get(RETRY_AFTER).map(|value| value.to_str().unwrap());
        assert_eq!(header, retry_after, "{state}");
        assert_eq!(reply.headers.get(CONTENT_TYPE), None, "{state}");
    }
    assert_eq!(app.authorization(authorization("user")).await.body, "ada: admin");
}

#[tokio::test]
async fn a_route_without_a_layer_says_what_to_do() {
    let reply = App::serve(users()).await.authorization(authorization("user")).await;
    assert_eq!((reply.status, reply.challenge()), (500, ""));
    let body = "this handler asks for a bearer token and no `JwtLayer` has run before it: call \
                `.route_layer(JwtLayer::new(verifier))` on its router, after `.route(..)`";
    assert_eq!(reply.body, body);
    assert_eq!(reply.headers.get(RETRY_AFTER), None);
}

/// A token for each way to be no good here, and an issuer that finds it.
pub(crate) fn invalid_tokens() -> (TrustedIssuer, Vec<(TokenErrorKind, String)>) {
    let hour = Duration::from_secs(3600);
    let keys = StaticKeys::new([key(Algorithm::ES256).verifying().with_kid("1")]).unwrap();
    let issuer = standard(keys).max_age(hour).max_lifetime(hour).require_claim("use", "access");
    let own = json!({ "use": "access" });
    let with = |header: Value, mut claims: Value| {
        claims.as_object_mut().unwrap().entry("use").or_insert("access".into());
        json_token(Algorithm::ES256, &header, &claims).compact()
    };
    let header = |header| with(header, json!({}));
    let claims = |claims| with(json!({}), claims);
    let tokens = vec![
        (
            TokenErrorKind::AlgorithmNotAllowed,
            json_token(Algorithm::RS256, &json!({}), &own).compact(),
        ),
        (TokenErrorKind::AudienceMismatch, claims(json!({ "aud": "https://other.example" }))),
        (TokenErrorKind::BoundToken, claims(json!({ "cnf": { "jkt": "a" } }))),
        (TokenErrorKind::CriticalHeader, header(json!({ "crit": ["exp"] }))),
        (TokenErrorKind::InvalidClaim, claims(json!({ "sub": 7 }))),
        (TokenErrorKind::InvalidClaim, claims(json!({ "use": "id" }))),
        (
            TokenErrorKind::InvalidSignature,
            json_token(Algorithm::ES256, &json!({}), &own)
                .signed_by(&KeyPair::generate(Algorithm::ES256)),
        ),
        (TokenErrorKind::LifetimeTooLong, claims(json!({ "exp": NOW + 3601 }))),
        (TokenErrorKind::Malformed, "no.good.token".to_owned()),
        (TokenErrorKind::MissingClaim, claims(json!({ "exp": null }))),
        (TokenErrorKind::MissingClaim, claims(json!({ "iss": null }))),
        (TokenErrorKind::NotYetValid, claims(json!({ "nbf": NOW + 61 }))),
        (TokenErrorKind::TooOld, claims(json!({ "iat": NOW - 7200 }))),
        (TokenErrorKind::TypeNotAllowed, header(json!({ "typ": "dpop+jwt" }))),
        (TokenErrorKind::UnknownIssuer, claims(json!({ "iss": "https://other.example" }))),
        (TokenErrorKind::UnknownKey, header(json!({ "kid": "2" }))),
    ];
    (issuer, tokens)
}

/// All of an answer but for its date.
fn whole(reply: Reply) -> (u16, HeaderMap, String) {
    let Reply { status, mut headers, body } = reply;
    assert!(headers.remove(DATE).is_some());
    (status, headers, body)
}

#[tokio::test]
async fn strangers_cannot_tell_one_invalid_token_from_another() {
    let (issuer, tokens) = invalid_tokens();
    let verifier = verifiers::new(issuer).unwrap();
    let expected = HeaderMap::from_iter([
        (WWW_AUTHENTICATE, INVALID_TOKEN.parse().unwrap()),
        (CONTENT_LENGTH, "0".parse().unwrap()),
    ]);
    for (mode, set) in MODES {
        let app = App::serve(users().layer(set(JwtLayer::new(verifier.clone())))).await;
        for (kind, token) in &tokens {
            let found = verifier.verify(token).await.unwrap_err().kind();
            assert_eq!(found, *kind, "the case is what it says");
            let reply = whole(app.get(token).await);
            assert_eq!(reply, (401, expected.clone(), String::new()), "{kind:?}, {mode}");
        }
    }
}

#[tokio::test]
async fn every_kind_of_error_has_its_row() {
    /// Finds whatever is wrong that the request asks for.
    #[derive(Clone)]
    struct Wrong;

    const KINDS: [(TokenErrorKind, u16, &str); 23] = [
        (TokenErrorKind::AlgorithmNotAllowed, 401, INVALID_TOKEN),
        (TokenErrorKind::AudienceMismatch, 401, INVALID_TOKEN),
        (TokenErrorKind::BoundToken, 401, INVALID_TOKEN),
        (TokenErrorKind::CriticalHeader, 401, INVALID_TOKEN),
        (TokenErrorKind::CrossOrigin, 403, ""),
        (TokenErrorKind::Expired, 401, EXPIRED),
        (TokenErrorKind::InvalidClaim, 401, INVALID_TOKEN),
        (TokenErrorKind::InvalidCredentials, 400, INVALID_REQUEST),
        (TokenErrorKind::InvalidSignature, 401, INVALID_TOKEN),
        (TokenErrorKind::IssuerUnavailable, 503, ""),
        (TokenErrorKind::KeysUnavailable, 503, ""),
        (TokenErrorKind::LifetimeTooLong, 401, INVALID_TOKEN),
        (TokenErrorKind::Malformed, 401, INVALID_TOKEN),
        (TokenErrorKind::MissingClaim, 401, INVALID_TOKEN),
        (TokenErrorKind::NotYetValid, 401, INVALID_TOKEN),
        (TokenErrorKind::RevocationUnavailable, 503, ""),
        (TokenErrorKind::Revoked, 401, INVALID_TOKEN),
        (TokenErrorKind::SeveralCredentials, 400, INVALID_REQUEST),
        (TokenErrorKind::TokenTooLong, 400, INVALID_REQUEST),
        (TokenErrorKind::TooOld, 401, INVALID_TOKEN),
        (TokenErrorKind::TypeNotAllowed, 401, INVALID_TOKEN),
        (TokenErrorKind::UnknownIssuer, 401, INVALID_TOKEN),
        (TokenErrorKind::UnknownKey, 401, INVALID_TOKEN),
    ];

    impl TokenSource for Wrong {
        fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
            let code = head.uri().query().unwrap();
            let (kind, ..) = KINDS.into_iter().find(|(kind, ..)| kind.code() == code).unwrap();
            Err(kind.into())
        }
    }

    for (mode, set) in MODES {
        let layer = set(layer(keys())).source(Wrong);
        let app = App::serve(users().layer(layer)).await;
        for (kind, status, challenge) in KINDS {
            let request = Request::get(format!("/?{}", kind.code()));
            let reply = app.send(request.body(http_body_util::Empty::new()).unwrap()).await;
            reply.assert_refused(&format!("{kind:?}, {mode}"), status, challenge);
        }
    }
}

#[tokio::test]
async fn an_extractor_answers_as_the_layer_itself_does() {
    let required = App::serve(users().layer(by_name())).await;
    let states = ["absent", "two", "expired", "invalid", "down"];
    for (mode, set) in MODES {
        let app = App::serve(users().layer(set(by_name()))).await;
        for state in states {
            let one = whole(required.authorization(authorization(state)).await);
            let other = whole(app.authorization(authorization(state)).await);
            assert_eq!(one, other, "{state}, {mode}");
        }
    }
}

#[tokio::test]
async fn retry_after_is_what_the_resolver_says_in_whole_seconds_rounded_up() {
    let second = Duration::from_secs(1);
    let nanosecond = Duration::from_nanos(1);
    let cases = [
        ("nothing said", None, "5"),
        ("none", Some(Duration::ZERO), "0"),
        ("a nanosecond", Some(nanosecond), "1"),
        ("half a millisecond", Some(Duration::from_micros(500)), "1"),
        ("a millisecond", Some(Duration::from_millis(1)), "1"),
        ("nearly a second", Some(Duration::from_nanos(999_999_999)), "1"),
        ("a second", Some(second), "1"),
        ("a nanosecond more", Some(second + nanosecond), "2"),
        ("half a millisecond more", Some(second + Duration::from_micros(500)), "2"),
        ("one and a half", Some(Duration::from_millis(1500)), "2"),
        ("two minutes", Some(Duration::from_secs(120)), "120"),
        ("for ever", Some(Duration::MAX), "18446744073709551615"),
    ];
    for (name, after, expected) in cases {
        for (kind, error) in [
            ("unavailable", KeyError::unavailable("out of reach")),
            ("invalid", KeyError::invalid("no key")),
        ] {
            let error = after.map_or(error.clone(), |after| error.with_retry_after(after));
            let app = app(standard(resolver_fn_sync(move |_| Err(error.clone())))).await;
            let reply = app.get(&token().compact()).await;
            reply.assert_unavailable(name);
            assert_eq!(reply.headers[RETRY_AFTER], expected, "{name}, {kind}");
        }
    }
}

#[tokio::test]
async fn a_key_that_is_not_there_is_not_worth_asking_for_again() {
    let keys = resolver_fn_sync(|_| Err(KeyError::not_found().with_retry_after(Duration::MAX)));
    let reply = app(standard(keys)).await.get(&token().compact()).await;
    reply.assert_invalid_token("not found");
    assert_eq!(reply.headers.get(RETRY_AFTER), None);
}

#[tokio::test]
async fn the_realm_is_in_every_challenge_quoted_and_escaped() {
    for (realm, quoted) in [
        ("orders", r#""orders""#),
        ("", r#""""#),
        ("the orders of ACME, Inc.", r#""the orders of ACME, Inc.""#),
        (r#"a "b" c"#, r#""a \"b\" c""#),
        (r"a\b", r#""a\\b""#),
        (r#"\""#, r#""\\\"""#),
    ] {
        for (mode, set) in MODES {
            let layer = set(by_name()).realm(realm).unwrap();
            let app = App::serve(users().layer(layer)).await;
            for (state, challenge) in [
                ("absent", MISSING),
                ("two", INVALID_REQUEST),
                ("invalid", INVALID_TOKEN),
                ("expired", EXPIRED),
            ] {
                let reply = app.authorization(authorization(state)).await;
                let expected = challenge.replace(r#""api""#, quoted);
                assert_eq!(reply.challenge(), expected, "{realm}, {state}, {mode}");
            }
        }
    }
}

#[test]
fn a_realm_that_no_header_may_hold_is_refused_when_it_is_set() {
    for realm in ["a\r\nset-cookie: b=c", "a\nb", "a\tb", "a\0b", "a\x7fb", "größe", "🔑"] {
        let error = layer(keys()).realm(realm).unwrap_err().to_string();
        assert!(error.contains("realm") && error.contains("ASCII"), "{realm:?}: {error}");
    }
}

/// What a user makes of a refusal: a body of one's own, and no challenge.
fn own(rejection: &Rejection) -> Response {
    let body = json!({ "code": rejection.kind().code(), "message": rejection.description() });
    (rejection.status(), Json(body)).into_response()
}

/// The same as a type.
#[derive(Clone)]
struct Own;

impl Respond<Body> for Own {
    fn respond(&self, rejection: &Rejection) -> Response {
        own(rejection)
    }
}

fn assert_own(case: &str, reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{case}");
    let body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    assert_eq!(body["code"], code, "{case}: {:?}", reply.body);
    assert_eq!(reply.headers[CONTENT_TYPE], "application/json", "{case}");
    assert_eq!(reply.headers[CONTENT_LENGTH], reply.body.len().to_string(), "{case}");
}

#[tokio::test]
async fn a_responder_renders_every_refusal_of_layer_and_extractors() {
    let table = [
        ("absent", 401, "missing_credentials", MISSING),
        ("two", 400, "invalid_request", INVALID_REQUEST),
        ("invalid", 401, "invalid_token", INVALID_TOKEN),
        ("expired", 401, "expired_token", EXPIRED),
        ("good", 403, "claims_mismatch", ""),
        ("down", 503, "unavailable", ""),
    ];
    for (mode, set) in MODES {
        let closure = App::serve(users().layer(set(by_name()).respond_with(own))).await;
        let named = App::serve(users().layer(set(by_name()).responder(Own))).await;
        for (responder, app) in [("closure", closure), ("type", named)] {
            for (state, status, code, challenge) in table {
                let case = format!("{state}, {mode}, {responder}");
                let reply = app.authorization(authorization(state)).await;
                assert_own(&case, &reply, status, code);
                assert_eq!(reply.challenge(), challenge, "{case}");
                assert_eq!(reply.headers.contains_key(RETRY_AFTER), status == 503, "{case}");
            }
            let reply = app.authorization(authorization("user")).await;
            assert_eq!((reply.status, &*reply.body), (200, "ada: admin"), "{mode}, {responder}");
        }
    }
}

#[tokio::test]
async fn a_responder_renders_the_claims_that_do_not_fit_at_the_layer() {
    let layer = by_name().claims::<User>().respond_with(own);
    let app = App::serve(Router::new().route("/", answer_outcome()).layer(layer)).await;
    let reply = app.authorization(authorization("good")).await;
    assert_own("misfit", &reply, 403, "claims_mismatch");
}

#[tokio::test]
async fn a_responder_renders_the_refusals_of_nested_services() {
    async fn token_only(
        _: VerifiedToken,
        request: axum::extract::Request,
        next: axum::middleware::Next,
    ) -> Response {
        next.run(request).await
    }
    async fn passes_on(token: Result<VerifiedToken, Rejection>) -> Result<String, Rejection> {
        token.map(|token| token.subject().unwrap().to_owned())
    }
    let guarded = Router::new()
        .route("/guarded", answer_outcome())
        .layer(axum::middleware::from_fn(token_only));
    let router = users()
        .route("/passed-on", get(passes_on))
        .nest("/nested", users())
        .merge(guarded)
        .layer(by_name().best_effort().respond_with(own));
    let app = App::serve(router).await;
    for path in ["/nested", "/guarded", "/passed-on"] {
        for (state, status, code) in
            [("absent", 401, "missing_credentials"), ("expired", 401, "expired_token")]
        {
            let mut request = Request::get(path).body(http_body_util::Empty::new()).unwrap();
            for line in authorization(state) {
                request.headers_mut().append("authorization", line.parse().unwrap());
            }
            assert_own(&format!("{path}, {state}"), &app.send(request).await, status, code);
        }
    }
}

#[tokio::test]
async fn of_two_layers_each_renders_the_refusals_that_it_is_nearest_to() {
    let inner = users().layer(by_name());
    let outer = by_name().best_effort().respond_with(own);
    let around = App::serve(inner.layer(outer.clone())).await;
    for (state, status, challenge) in [
        ("absent", 401, MISSING),
        ("two", 400, INVALID_REQUEST),
        ("expired", 401, EXPIRED),
        ("good", 403, ""), // the extractor's
        ("down", 503, ""),
    ] {
        around.authorization(authorization(state)).await.assert_refused(state, status, challenge);
    }
    let alone = App::serve(users().layer(outer)).await;
    assert_own("alone", &alone.authorization(authorization("good")).await, 403, "claims_mismatch");
}

#[tokio::test]
async fn a_responder_may_start_from_the_answer_that_extractors_give() {
    fn teapot(rejection: &Rejection) -> Response {
        let mut response = rejection.clone().into_response();
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        response
    }
    let inner = users().layer(by_name().respond_with(teapot));
    let app = App::serve(inner.layer(by_name().best_effort())).await;
    assert_eq!(app.authorization(authorization("absent")).await.status, 418);
}

#[tokio::test]
async fn a_401_of_a_responder_always_has_a_challenge() {
    fn all_401(_: &Rejection) -> Response {
        (StatusCode::UNAUTHORIZED, "log in").into_response()
    }
    for (mode, set) in MODES {
        let app = App::serve(users().layer(set(by_name()).respond_with(all_401))).await;
        for (state, challenge) in [
            ("absent", MISSING),
            ("two", INVALID_REQUEST),
            ("invalid", INVALID_TOKEN),
            ("expired", EXPIRED),
            ("good", MISSING), // 403 has no challenge of its own
            ("down", MISSING),
        ] {
            let reply = app.authorization(authorization(state)).await;
            let case = format!("{state}, {mode}");
            assert_eq!((reply.status, &*reply.body), (401, "log in"), "{case}");
            assert_eq!(reply.challenge(), challenge, "{case}");
        }
    }
}

#[tokio::test]
async fn a_challenge_of_the_responders_own_is_kept() {
    fn negotiate(rejection: &Rejection) -> Response {
        (rejection.status(), [(WWW_AUTHENTICATE, "DPoP algs=\"ES256\"")]).into_response()
    }
    for (mode, set) in MODES {
        let app = App::serve(users().layer(set(by_name()).respond_with(negotiate))).await;
        for state in ["absent", "expired"] {
            let reply = app.authorization(authorization(state)).await;
            assert_eq!(reply.challenge(), "DPoP algs=\"ES256\"", "{state}, {mode}");
        }
    }
}

#[tokio::test]
async fn what_a_handler_answers_itself_is_not_touched() {
    async fn own_words(user: Result<Claims<User>, Rejection>) -> Response {
        match user {
            Ok(user) => user.sub.clone().into_response(),
            Err(_) => (StatusCode::UNAUTHORIZED, "own words").into_response(),
        }
    }
    let router = Router::new()
        .route("/401", get(|| async { (StatusCode::UNAUTHORIZED, "own 401") }))
        .route("/403", get(|| async { (StatusCode::FORBIDDEN, "own 403") }))
        .route("/503", get(|| async { (StatusCode::SERVICE_UNAVAILABLE, "own 503") }))
        .route(
            "/challenge",
            get(|| async { (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Basic")], "own") }),
        )
        .route("/caught", get(own_words));
    for responder in ["default", "own"] {
        let app = App::serve(match responder {
            "default" => router.clone().layer(by_name()),
            _ => router.clone().layer(by_name().respond_with(own)),
        })
        .await;
        for (path, status, challenge, body) in [
            ("/401", 401, "", "own 401"),
            ("/403", 403, "", "own 403"),
            ("/503", 503, "", "own 503"),
            ("/challenge", 401, "Basic", "own"),
            ("/caught", 401, "", "own words"),
        ] {
            let mut request = Request::get(path).body(http_body_util::Empty::new()).unwrap();
            for line in authorization("good") {
                request.headers_mut().append("authorization", line.parse().unwrap());
            }
            let reply = app.send(request).await;
            let found = (reply.status, reply.challenge(), &*reply.body);
            assert_eq!(found, (status, challenge, body), "{path}, {responder}");
            assert_eq!(reply.headers.get(RETRY_AFTER), None, "{path}, {responder}");
        }
    }
}

/// An extractor's refusal, with these headers added on its way to the layer.
async fn decorated<R: Respond<Body>>(
    headers: &'static [(&'static str, &'static str)],
    layer: JwtLayer<tower_bearer::AuthorizationHeader, R>,
) -> Reply {
    let add = move |response: Response| async move {
        (AppendHeaders(headers.iter().copied()), response).into_response()
    };
    let add = map_response(move |response: Response| add(response));
    App::serve(users().layer(add).layer(layer)).await.authorization(authorization("good")).await
}

#[tokio::test]
async fn what_is_added_between_extractor_and_layer_is_kept() {
    const ADDED: &[(&str, &str)] = &[
        ("x-request-id", "7"),
        ("access-control-allow-origin", "https://app.example"),
        ("cache-control", "no-store"),
    ];
    for (responder, reply) in [
        ("default", decorated(ADDED, by_name()).await),
        ("own", decorated(ADDED, by_name().respond_with(own)).await),
    ] {
        assert_eq!(reply.status, 403, "{responder}");
        assert_eq!(reply.headers["x-request-id"], "7", "{responder}");
        let origin = &reply.headers["access-control-allow-origin"];
        assert_eq!(origin, "https://app.example", "{responder}");
        assert_eq!(reply.headers[CACHE_CONTROL], "no-store", "{responder}");
    }
}

#[tokio::test]
async fn a_header_that_is_added_several_times_is_kept_several_times() {
    const COOKIES: &[(&str, &str)] = &[("set-cookie", "a=1"), ("set-cookie", "b=2")];
    for (responder, reply) in [
        ("default", decorated(COOKIES, by_name()).await),
        ("own", decorated(COOKIES, by_name().respond_with(own)).await),
    ] {
        let cookies: Vec<_> = reply.headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"], "{responder}");
    }
}

#[tokio::test]
async fn extensions_of_the_responder_and_of_services_in_between_both_arrive() {
    #[derive(Clone)]
    struct Between;
    #[derive(Clone)]
    struct Responder;

    fn marked(rejection: &Rejection) -> Response {
        (rejection.status(), axum::Extension(Responder)).into_response()
    }
    let between = |response: Response| async { (axum::Extension(Between), response) };
    let seen = |mut response: Response| async move {
        let responder = response.extensions().get::<Responder>().is_some();
        let between = response.extensions().get::<Between>().is_some();
        *response.body_mut() = format!("responder {responder}, between {between}").into();
        response
    };
    let app = App::serve(
        users()
            .layer(map_response(between))
            .layer(by_name().respond_with(marked))
            .layer(map_response(seen)),
    )
    .await;
    for (refused_by, state, expected) in [
        ("the layer", "absent", "responder true, between false"),
        ("the extractor", "good", "responder true, between true"),
    ] {
        assert_eq!(app.authorization(authorization(state)).await.body, expected, "{refused_by}");
    }
}

#[tokio::test]
async fn what_speaks_of_the_old_body_is_not_kept() {
    const OF_THE_BODY: &[(&str, &str)] = &[
        ("content-type", "text/html"),
        ("content-language", "la"),
        ("content-location", "/old"),
        ("content-disposition", "attachment"),
        ("etag", "\"old\""),
        ("last-modified", "Sat, 01 Jan 2000 00:00:00 GMT"),
        ("content-digest", "sha-256=:AA==:"),
        ("repr-digest", "sha-256=:AA==:"),
        ("trailer", "x-old"),
    ];
    let default = decorated(OF_THE_BODY, by_name()).await;
    default.assert_refused("default", 403, "");
    assert_eq!(default.headers.get(CONTENT_TYPE), None);
    assert_eq!(default.headers[CONTENT_LENGTH], "0");
    let own = decorated(OF_THE_BODY, by_name().respond_with(own)).await;
    assert_own("own", &own, 403, "claims_mismatch");
    for reply in [default, own] {
        for (name, _) in OF_THE_BODY.iter().filter(|(name, _)| *name != "content-type") {
            assert_eq!(reply.headers.get(*name), None, "{name}");
        }
    }
}

#[tokio::test]
async fn the_layer_goes_around_anything_that_axum_knows() {
    let plain = || {
        service_fn(|request: axum::extract::Request| async move {
            Ok::<_, Infallible>(outcome(&request).into_response())
        })
    };
    let route = || Router::new().route("/", answer_outcome());
    let cases = [
        ("Router::layer", route().layer(layer(keys())), 401),
        ("Router::route_layer", route().route_layer(layer(keys())), 404),
        ("one MethodRouter", Router::new().route("/", answer_outcome().layer(layer(keys()))), 404),
        (
            "ServiceBuilder around a router",
            Router::new()
                .fallback_service(ServiceBuilder::new().layer(layer(keys())).service(route())),
            401,
        ),
        (
            "ServiceBuilder in Router::layer",
            route().layer(ServiceBuilder::new().layer(layer(keys()))),
            401,
        ),
        (
            "a service of its own",
            Router::new()
                .route_service("/", ServiceBuilder::new().layer(layer(keys())).service(plain())),
            404,
        ),
    ];
    for (name, router, elsewhere) in cases {
        let app = App::serve(router).await;
        app.authorization(authorization("absent")).await.assert_missing(name);
        app.authorization(authorization("expired")).await.assert_expired(name);
        let reply = app.authorization(authorization("good")).await;
        assert_eq!((reply.status, &*reply.body), (200, "verified: ada, header"), "{name}");
        let request = Request::get("/elsewhere").body(http_body_util::Empty::new()).unwrap();
        assert_eq!(app.send(request).await.status, elsewhere, "{name}");
    }
}

/// A body that no default can be made of.
#[derive(Debug, PartialEq)]
struct Words(String);

#[tokio::test]
async fn the_layer_goes_around_a_plain_service_with_any_body() {
    let request = |state: &str| {
        let mut request = Request::new(Full::<Bytes>::from("body"));
        for line in authorization(state) {
            request.headers_mut().append("authorization", line.parse().unwrap());
        }
        request
    };
    let service = ServiceBuilder::new().layer(by_name()).service(service_fn(
        |request: Request<Full<Bytes>>| async move {
            let words = outcome(&request);
            let body = request.into_body().collect().await?.to_bytes();
            let words = format!("{words}, {} bytes", body.len());
            Ok::<_, Infallible>(hyper::Response::new(Full::<Bytes>::from(words)))
        },
    ));
    for (state, status, challenge, body) in [
        ("good", 200, "", "verified: ada, header, 4 bytes"),
        ("absent", 401, MISSING, ""),
        ("two", 400, INVALID_REQUEST, ""),
        ("invalid", 401, INVALID_TOKEN, ""),
        ("expired", 401, EXPIRED, ""),
        ("down", 503, "", ""),
    ] {
        let (head, answer) = service.clone().oneshot(request(state)).await.unwrap().into_parts();
        let found = head.headers.get(WWW_AUTHENTICATE).map_or("", |value| value.to_str().unwrap());
        assert_eq!((head.status.as_u16(), found), (status, challenge), "{state}");
        assert_eq!(answer.collect().await.unwrap().to_bytes(), body, "{state}");
    }

    let words = |rejection: &Rejection| {
        let mut response = hyper::Response::new(Words(rejection.kind().code().to_owned()));
        *response.status_mut() = rejection.status();
        response
    };
    let service = ServiceBuilder::new().layer(by_name().respond_with(words)).service(service_fn(
        |request: Request<Full<Bytes>>| async move {
            Ok::<_, Infallible>(hyper::Response::new(Words(outcome(&request))))
        },
    ));
    for (state, status, body) in
        [("good", 200, "verified: ada, header"), ("expired", 401, "expired_token")]
    {
        let response = service.clone().oneshot(request(state)).await.unwrap();
        assert_eq!(response.status(), status, "{state}");
        assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), status == 401, "{state}");
        assert_eq!(response.into_body(), Words(body.to_owned()), "{state}");
    }
}

#[tokio::test]
async fn an_error_of_the_inner_service_comes_through() {
    let failing = service_fn(|_: Request<Full<Bytes>>| async {
        Err::<hyper::Response<Full<Bytes>>, _>("the handler failed")
    });
    let service = ServiceBuilder::new().layer(by_name().optional()).service(failing);
    let error = service.oneshot(Request::new(Full::default())).await.unwrap_err();
    assert_eq!(error, "the handler failed");
}
