//! Modes, outcomes, and what extractors make of them.

use std::convert::Infallible;

use axum::{
    Extension, Router,
    extract::Request,
    handler::Handler,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_bearer::{
    Algorithm, Claims, JwtLayer, KeyError, KeyResolver, Outcome, StaticKeys, TokenErrorKind,
    TrustedIssuer, VerifiedToken, VerifyingKey, http::Extensions, resolver_fn, resolver_fn_sync,
};

use crate::support::{
    AUDIENCE, App, KeyPair, MODES, Reply, clock, json_token, key, outcome, standard, token,
    verifiers,
};

const OTHER_ISSUER: &str = "https://other.example";

/// A token that all resolvers here know the key of, with these claims changed.
fn token_with(changes: &Value) -> String {
    json_token(Algorithm::ES256, &json!({}), changes).compact()
}

fn layer(keys: impl KeyResolver) -> JwtLayer {
    JwtLayer::new(verifiers::new(standard(keys)).unwrap())
}

fn keys() -> StaticKeys {
    StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap()
}

/// The key, but for tokens whose `kid` is `down`.
fn unless_down(kid: Option<&str>) -> Result<VerifyingKey, KeyError> {
    match kid {
        Some("down") => Err(KeyError::unavailable("out of reach")),
        _ => Ok(key(Algorithm::ES256).verifying()),
    }
}

/// The `Authorization` lines of a request whose token is in this state.
fn authorization(state: &str) -> Vec<String> {
    let bearer = |token: String| format!("Bearer {token}");
    let good = bearer(token().compact());
    match state {
        "absent" => Vec::new(),
        "good" => vec![good],
        "expired" => vec![bearer(token_with(&json!({ "exp": 1 })))],
        "forged" => vec![bearer(token().signed_by(&KeyPair::generate(Algorithm::ES256)))],
        "malformed" => vec![bearer("no.good.token".to_owned())],
        "two headers" => vec![good.clone(), good],
        "keys unavailable" => {
            let header = json!({ "kid": "down" });
            vec![bearer(json_token(Algorithm::ES256, &header, &json!({})).compact())]
        }
        _ => panic!("no such state"),
    }
}

/// A route for each way to read what the layer left.
fn readers() -> Router {
    fn subject(claims: &Claims<Value>) -> String {
        claims["sub"].as_str().unwrap().to_owned()
    }
    let nobody = || "nobody".to_owned();
    let plain = service_fn(|request: Request| async move {
        Ok::<_, Infallible>(Response::new(outcome(&request)).into_response())
    });
    Router::new()
        .route("/claims", get(|claims: Claims<Value>| async move { subject(&claims) }))
        .route(
            "/option-claims",
            get(move |claims: Option<Claims<Value>>| async move {
                claims.as_ref().map_or_else(nobody, subject)
            }),
        )
        .route(
            "/token",
            get(|token: VerifiedToken| async move { token.subject().unwrap().to_owned() }),
        )
        .route(
            "/option-token",
            get(move |token: Option<VerifiedToken>| async move {
                token.map_or_else(nobody, |token| token.subject().unwrap().to_owned())
            }),
        )
        .route_service("/outcome", plain)
}

async fn read(app: &App, path: &str, lines: &[String]) -> Reply {
    use hyper::{Request, header::AUTHORIZATION};

    let mut request = Request::get(path).body(http_body_util::Empty::new()).unwrap();
    for line in lines {
        request.headers_mut().append(AUTHORIZATION, line.parse().unwrap());
    }
    app.send(request).await
}

/// What a reader of a cell of the table sees or a client gets.
#[derive(Clone, Copy)]
enum Cell {
    /// 200 with this body.
    Body(&'static str),
    Expired,
    InvalidRequest,
    InvalidToken,
    Missing,
    Unavailable,
}

impl Cell {
    #[track_caller]
    fn check(self, case: &str, reply: &Reply) {
        match self {
            Self::Body(body) => {
                assert_eq!((reply.status, &*reply.body), (200, body), "{case}");
                assert_eq!(reply.challenge(), "", "{case}");
            }
            Self::Expired => reply.assert_expired(case),
            Self::InvalidRequest => reply.assert_invalid_request(case),
            Self::InvalidToken => reply.assert_invalid_token(case),
            Self::Missing => reply.assert_missing(case),
            Self::Unavailable => reply.assert_unavailable(case),
        }
    }
}

#[tokio::test]
async fn every_mode_every_token_and_every_reader() {
    use Cell::{Body, Expired, InvalidRequest, InvalidToken, Missing, Unavailable};

    let (ada, nobody) = (Body("ada"), Body("nobody"));
    let (verified, absent) = (Body("verified: ada, header"), Body("absent"));
    let failed = |outcome| Body(outcome);
    // Mode, token; then what `Claims<T>` and `VerifiedToken`, their options, and a plain service see.
    let table = [
        ("required", "absent", Missing, Missing, Missing),
        ("required", "good", ada, ada, verified),
        ("required", "expired", Expired, Expired, Expired),
        ("required", "forged", InvalidToken, InvalidToken, InvalidToken),
        ("required", "malformed", InvalidToken, InvalidToken, InvalidToken),
        ("required", "two headers", InvalidRequest, InvalidRequest, InvalidRequest),
        ("required", "keys unavailable", Unavailable, Unavailable, Unavailable),
        ("optional", "absent", Missing, nobody, absent),
        ("optional", "good", ada, ada, verified),
        ("optional", "expired", Expired, Expired, Expired),
        ("optional", "forged", InvalidToken, InvalidToken, InvalidToken),
        ("optional", "malformed", InvalidToken, InvalidToken, InvalidToken),
        ("optional", "two headers", InvalidRequest, InvalidRequest, InvalidRequest),
        ("optional", "keys unavailable", Unavailable, Unavailable, Unavailable),
        ("best effort", "absent", Missing, nobody, absent),
        ("best effort", "good", ada, ada, verified),
        ("best effort", "expired", Expired, Expired, failed("failed: expired")),
        ("best effort", "forged", InvalidToken, InvalidToken, failed("failed: invalid_signature")),
        ("best effort", "malformed", InvalidToken, InvalidToken, failed("failed: malformed")),
        (
            "best effort",
            "two headers",
            InvalidRequest,
            InvalidRequest,
            failed("failed: several_credentials"),
        ),
        (
            "best effort",
            "keys unavailable",
            Unavailable,
            Unavailable,
            failed("failed: keys_unavailable"),
        ),
    ];
    for (name, set) in MODES {
        let at_hand = resolver_fn_sync(|header| unless_down(header.kid()));
        let waits = resolver_fn(|header| {
            let key = unless_down(header.kid());
            async move {
                tokio::task::yield_now().await;
                key
            }
        });
        for (resolver, layer) in [("at hand", layer(at_hand)), ("waits", layer(waits))] {
            let app = App::serve(readers().layer(set(layer))).await;
            let rows = table.iter().filter(|(mode, ..)| *mode == name);
            assert_eq!(rows.clone().count(), 7, "{name}: a row for each token");
            for (_, state, extractor, option, plain) in rows {
                for (path, expected) in [
                    ("/claims", extractor),
                    ("/token", extractor),
                    ("/option-claims", option),
                    ("/option-token", option),
                    ("/outcome", plain),
                ] {
                    let reply = read(&app, path, &authorization(state)).await;
                    expected.check(&format!("{name}, {state}, {path}, {resolver}"), &reply);
                }
            }
        }
    }
}

#[tokio::test]
async fn without_a_layer_every_extractor_answers_500_and_names_the_layer() {
    let app = App::serve(readers()).await;
    for path in ["/claims", "/option-claims", "/token", "/option-token"] {
        for state in ["absent", "good", "malformed"] {
            let reply = read(&app, path, &authorization(state)).await;
            assert_eq!((reply.status, reply.challenge()), (500, ""), "{path}, {state}");
            assert!(reply.body.contains("JwtLayer"), "{path}, {state}: {}", reply.body);
        }
    }
    assert_eq!(read(&app, "/outcome", &authorization("good")).await.body, "no layer");
}

#[tokio::test]
async fn claims_in_the_extensions_are_nothing_without_a_token() {
    let mut stolen = extensions_of_mallory().await;
    stolen.remove::<VerifiedToken>();
    let app =
        App::serve(readers().layer(ServiceBuilder::new().map_request(planting(stolen)))).await;
    for path in ["/claims", "/option-claims", "/token", "/option-token"] {
        assert_eq!(read(&app, path, &[]).await.status, 500, "{path}");
    }
}

/// What a program says further in counts more than the token: it has dropped the login.
#[tokio::test]
async fn a_login_that_the_program_drops_is_dropped() {
    for (said, expected) in [
        (Outcome::Absent, [401, 200, 401, 200]),
        (Outcome::Failed(TokenErrorKind::Expired.into()), [401; 4]),
    ] {
        let drop = planting({
            let mut extensions = Extensions::new();
            extensions.insert(said);
            extensions
        });
        let router = readers().layer(ServiceBuilder::new().map_request(drop));
        let app = App::serve(router.layer(layer(keys()))).await;
        for (path, status) in
            ["/claims", "/option-claims", "/token", "/option-token"].into_iter().zip(expected)
        {
            assert_eq!(read(&app, path, &authorization("good")).await.status, status, "{path}");
        }
    }
}

#[tokio::test]
async fn an_outcome_that_came_in_is_gone_even_where_the_token_is_good() {
    let mallory = extensions_of_mallory().await.get::<VerifiedToken>().unwrap().clone();
    let mut planted = Extensions::new();
    let request: Request = Request::get("/").extension(mallory).body(String::new().into()).unwrap();
    planted.insert(Outcome::of(&request).unwrap());
    let router = readers()
        .route(
            "/extension",
            get(async |said: Option<Extension<Outcome>>| said.is_some().to_string()),
        )
        .route(
            "/extract",
            get(async |said: Outcome| {
                format!("{:?}", said.verified().map(|token| token.subject().map(str::to_owned)))
            }),
        )
        .layer(layer(keys()))
        .layer(ServiceBuilder::new().map_request(planting(planted)));
    let app = App::serve(router).await;
    let good = authorization("good");
    assert_eq!(read(&app, "/extension", &good).await.body, "false");
    assert_eq!(read(&app, "/extract", &good).await.body, "Some(Some(\"ada\"))");
    assert_eq!(read(&app, "/token", &good).await.body, "ada");
}

#[tokio::test]
async fn claims_of_an_outer_layer_are_gone_even_if_its_token_was_taken_out() {
    let forget = |mut request: Request| {
        request.extensions_mut().remove::<VerifiedToken>();
        request.headers_mut().remove("authorization");
        request
    };
    let router = Router::new()
        .route("/extension", get(planted_claims))
        .layer(layer(keys()).optional())
        .layer(ServiceBuilder::new().map_request(forget))
        .layer(layer(keys()).claims::<Value>());
    let app = App::serve(router).await;
    assert_eq!(read(&app, "/extension", &authorization("good")).await.body, "none");
}

/// What a layer once left in the extensions of a request of Mallory's.
async fn extensions_of_mallory() -> Extensions {
    let (kept, mut keeping) = tokio::sync::mpsc::unbounded_channel();
    let service = ServiceBuilder::new().layer(layer(keys()).claims::<Value>()).service(service_fn(
        move |request: Request| {
            kept.send(request.extensions().clone()).unwrap();
            async { Ok::<_, Infallible>(Response::new(String::new())) }
        },
    ));
    let bearer = format!("Bearer {}", token_with(&json!({ "sub": "mallory" })));
    let request = Request::get("/").header("authorization", bearer).body("".into()).unwrap();
    service.oneshot(request).await.unwrap();
    let extensions = keeping.recv().await.unwrap();
    assert!(extensions.get::<VerifiedToken>().is_some(), "the loot is worth something");
    assert!(extensions.get::<Claims<Value>>().is_some());
    extensions
}

/// Puts these into the extensions of every request.
fn planting(stolen: Extensions) -> impl Fn(Request) -> Request + Clone + Send + Sync + 'static {
    move |mut request: Request| {
        request.extensions_mut().extend(stolen.clone());
        request
    }
}

/// Says whom the claims in the extensions speak of.
async fn planted_claims(claims: Option<Extension<Claims<Value>>>) -> String {
    claims.map_or("none".to_owned(), |Extension(claims)| claims["sub"].to_string())
}

#[tokio::test]
async fn what_came_in_with_the_request_is_replaced_in_every_mode() {
    let stolen = extensions_of_mallory().await;
    for (mode, set) in MODES {
        let at_hand = resolver_fn_sync(|header| unless_down(header.kid()));
        let waits = resolver_fn(|header| {
            let key = unless_down(header.kid());
            async move { key }
        });
        for (resolver, layer) in [("at hand", layer(at_hand)), ("waits", layer(waits))] {
            let router = readers()
                .route("/extension", get(planted_claims))
                .layer(set(layer).claims::<Value>())
                .layer(ServiceBuilder::new().map_request(planting(stolen.clone())));
            let app = App::serve(router).await;
            for state in [
                "absent",
                "good",
                "expired",
                "forged",
                "malformed",
                "two headers",
                "keys unavailable",
            ] {
                for path in [
                    "/claims",
                    "/option-claims",
                    "/token",
                    "/option-token",
                    "/outcome",
                    "/extension",
                ] {
                    let case = format!("{mode}, {state}, {path}, {resolver}");
                    let reply = read(&app, path, &authorization(state)).await;
                    assert!(!reply.body.contains("mallory"), "{case}: {}", reply.body);
                    let passes = reply.status == 200;
                    assert_eq!(passes, may_pass(mode, state, path), "{case}: {}", reply.status);
                    if passes && state == "good" {
                        assert!(reply.body.contains("ada"), "{case}: {}", reply.body);
                    }
                    if passes && state != "good" && path == "/extension" {
                        assert_eq!(reply.body, "none", "{case}");
                    }
                }
            }
        }
    }
}

/// Whether anything but a refusal comes of it.
fn may_pass(mode: &str, state: &str, path: &str) -> bool {
    match (mode, state) {
        (_, "good") => true,
        ("required", _) => false,
        (_, "absent") => !matches!(path, "/claims" | "/token"),
        ("best effort", _) => matches!(path, "/outcome" | "/extension"),
        _ => false,
    }
}

#[tokio::test]
async fn what_came_in_with_a_preflight_is_replaced_too() {
    async fn found(claims: Option<Extension<Claims<Value>>>, request: Request) -> String {
        format!("{}, {}", outcome(&request), planted_claims(claims).await)
    }
    let stolen = extensions_of_mallory().await;
    for (mode, set) in MODES {
        let router = Router::new()
            .route("/", axum::routing::any(found))
            .layer(set(layer(keys())).allow_cors_preflight().claims::<Value>())
            .layer(ServiceBuilder::new().map_request(planting(stolen.clone())));
        let preflight = hyper::Request::options("/")
            .header("origin", "https://app.example")
            .header("access-control-request-method", "PUT")
            .body(http_body_util::Empty::new())
            .unwrap();
        let reply = App::serve(router).await.send(preflight).await;
        assert_eq!((reply.status, &*reply.body), (200, "absent, none"), "{mode}");
    }
}

#[derive(Deserialize)]
struct User {
    sub: String,
    roles: Vec<String>,
}

/// `GET /` behind a layer that decodes a [`User`], read from the extensions.
async fn users(layer: JwtLayer) -> App {
    async fn user(claims: Option<Extension<Claims<User>>>) -> String {
        claims.map_or("none".to_owned(), |Extension(user)| {
            format!("{}: {}", user.sub, user.roles.join(" "))
        })
    }
    let plain = service_fn(|request: Request| async move {
        let user = request.extensions().get::<Claims<User>>();
        let user = user.map_or("none".to_owned(), |user| user.sub.clone());
        Ok::<_, Infallible>(user.into_response())
    });
    let router = Router::new()
        .route("/", get(user))
        .route_service("/plain", plain)
        .layer(layer.claims::<User>());
    App::serve(router).await
}

#[tokio::test]
async fn claims_decoded_at_the_layer_are_in_the_extensions() {
    let fitting = [format!("Bearer {}", token_with(&json!({ "roles": ["admin", "staff"] })))];
    for (mode, set) in MODES {
        let waits = resolver_fn(|_| async { Ok(key(Algorithm::ES256).verifying()) });
        for (resolver, layer) in [("at hand", layer(keys())), ("waits", layer(waits))] {
            let app = users(set(layer)).await;
            let case = format!("{mode}, {resolver}");
            assert_eq!(read(&app, "/", &fitting).await.body, "ada: admin staff", "{case}");
            assert_eq!(read(&app, "/plain", &fitting).await.body, "ada", "{case}");
            if mode == "required" {
                read(&app, "/", &[]).await.assert_missing(&case);
            } else {
                assert_eq!(read(&app, "/", &[]).await.body, "none", "{case}");
            }
        }
    }
}

#[tokio::test]
async fn claims_that_do_not_fit_are_refused_at_the_layer() {
    for (name, roles) in [
        ("missing", json!(null)),
        ("of another type", json!("admin")),
        ("wrong within", json!(["admin", 7])),
    ] {
        let misfit = [format!("Bearer {}", token_with(&json!({ "roles": roles })))];
        for set in [|layer: JwtLayer| layer, JwtLayer::optional] {
            let waits = resolver_fn(|_| async { Ok(key(Algorithm::ES256).verifying()) });
            for layer in [layer(keys()), layer(waits)] {
                let reply = read(&users(set(layer)).await, "/plain", &misfit).await;
                reply.assert_refused(name, 403, "");
            }
        }
    }
}

#[tokio::test]
async fn claims_that_do_not_fit_are_refused_by_the_extractor() {
    for (mode, set) in MODES {
        let router = Router::new()
            .route("/", get(|user: Claims<User>| async move { user.roles.join(" ") }))
            .route(
                "/option",
                get(|user: Option<Claims<User>>| async move { user.is_some().to_string() }),
            )
            .layer(set(layer(keys())));
        let app = App::serve(router).await;
        for path in ["/", "/option"] {
            read(&app, path, &authorization("good")).await.assert_refused(mode, 403, "");
        }
    }
}

/// Tokens of the standard issuer and of another, which has a key of its own under the same `kid`.
struct TwoIssuers {
    other: KeyPair,
}

impl TwoIssuers {
    fn new() -> Self {
        Self { other: KeyPair::generate(Algorithm::ES256) }
    }

    fn other(&self) -> TrustedIssuer {
        let keys = StaticKeys::new([self.other.verifying()]).unwrap();
        TrustedIssuer::new(OTHER_ISSUER, AUDIENCE, keys).clock(clock)
    }

    fn both(&self) -> JwtLayer {
        JwtLayer::new(verifiers::any_of([standard(keys()), self.other()]).unwrap())
    }

    fn only_other(&self) -> JwtLayer {
        JwtLayer::new(verifiers::new(self.other()).unwrap())
    }

    fn token_of_other(&self) -> Vec<String> {
        let changes = json!({ "iss": OTHER_ISSUER, "sub": "bob" });
        let token = json_token(Algorithm::ES256, &json!({}), &changes).signed_by(&self.other);
        vec![format!("Bearer {token}")]
    }
}

#[tokio::test]
async fn of_two_nested_layers_the_inner_one_decides() {
    use Cell::{Body, InvalidRequest, InvalidToken, Missing};

    let issuers = TwoIssuers::new();
    let bob = Body("verified: bob, header");
    let (good, of_other) = (authorization("good"), issuers.token_of_other());
    let two = authorization("two headers");
    let stranger = Body("failed: unknown_issuer");
    let best_effort = || layer(keys()).best_effort();
    let cases = [
        // The outer layer would take all of these.
        ("own token", issuers.both().optional(), issuers.only_other(), &of_other, bob),
        ("outer's token", issuers.both().optional(), issuers.only_other(), &good, InvalidToken),
        ("no token", issuers.both().optional(), issuers.only_other(), &vec![], Missing),
        (
            "outer's token, both optional",
            issuers.both().optional(),
            issuers.only_other().optional(),
            &good,
            InvalidToken,
        ),
        (
            "outer's token, inner best effort",
            issuers.both(),
            issuers.only_other().best_effort(),
            &good,
            stranger,
        ),
        // The outer layer passes on what it cannot verify.
        ("own token, outer best effort", best_effort(), issuers.only_other(), &of_other, bob),
        (
            "outer's token, outer best effort",
            best_effort(),
            issuers.only_other(),
            &good,
            InvalidToken,
        ),
        (
            "two tokens, outer best effort",
            best_effort(),
            issuers.only_other(),
            &two,
            InvalidRequest,
        ),
    ];
    for (name, outer, inner, lines, expected) in cases {
        let app = App::serve(readers().layer(inner).layer(outer)).await;
        expected.check(name, &read(&app, "/outcome", lines).await);
    }
}

#[tokio::test]
async fn extractors_read_the_outcome_of_the_innermost_layer() {
    let issuers = TwoIssuers::new();
    let inner = issuers.only_other().best_effort();
    let app = App::serve(readers().layer(inner).layer(issuers.both())).await;
    for path in ["/claims", "/option-claims", "/token", "/option-token"] {
        read(&app, path, &authorization("good")).await.assert_invalid_token(path);
        let reply = read(&app, path, &issuers.token_of_other()).await;
        assert_eq!((reply.status, &*reply.body), (200, "bob"), "{path}");
    }
}

#[tokio::test]
async fn claims_that_an_outer_layer_decoded_go_with_its_outcome() {
    let issuers = TwoIssuers::new();
    let router = Router::new()
        .route("/", get(planted_claims))
        .layer(issuers.only_other().best_effort())
        .layer(issuers.both().claims::<Value>());
    let reply = read(&App::serve(router).await, "/", &authorization("good")).await;
    assert_eq!(reply.body, "none", "the inner layer does not know this token");
}

#[tokio::test]
async fn a_layer_around_one_handler_decides_for_that_handler_alone() {
    async fn who(token: Option<VerifiedToken>) -> String {
        token.and_then(|token| token.subject().map(str::to_owned)).unwrap_or("nobody".to_owned())
    }
    let router = Router::new()
        .route("/strict", get(who.layer(layer(keys()))))
        .route("/open", get(who))
        .layer(layer(keys()).optional());
    let app = App::serve(router).await;
    read(&app, "/strict", &[]).await.assert_missing("strict");
    assert_eq!(read(&app, "/open", &[]).await.body, "nobody");
    for path in ["/strict", "/open"] {
        assert_eq!(read(&app, path, &authorization("good")).await.body, "ada", "{path}");
    }
}
