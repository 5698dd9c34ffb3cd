//! The rows of the table, and what brings each about.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
    routing::{MethodRouter, any},
};
use hyper::header::UPGRADE;
use serde_json::{Value, json};
use tower::ServiceBuilder;
use tower_bearer::{
    Algorithm, AuthorizationHeader, AuthorizeLayer, Claims, Denial, JwtLayer, KeyError, Policy,
    Presented, Rejection, RequestHead, RequireAcr, RequireFreshAuth, RequireRole, RequireScope,
    Respond, TokenError, TokenOrigin, TokenSource, VerifiedToken, Verifier, VerifyingKey,
    policy_fn, policy_fn_async, resolver_fn_sync,
};

use crate::support::{NOW, json_token, key, standard, verifiers};

/// What a client is told.
pub(super) struct Row {
    pub(super) name: &'static str,
    /// The lines of `Authorization`.
    pub(super) credentials: Vec<String>,
    /// They are taken for a cookie's, and the request for one that opens a socket from who knows where.
    pub(super) forged: bool,
    /// What is asked of a token.
    pub(super) demand: Demand,
    pub(super) kind: Kind,
    /// The parameters of the challenge between `realm` and `resource_metadata`; `None` if there is no challenge.
    pub(super) challenge: Option<String>,
    pub(super) retry_after: Option<&'static str>,
}

/// Status, number of gRPC, code and sentence.
pub(super) type Kind = (u16, u8, &'static str, &'static str);

pub(super) const MISSING: Kind = (401, 16, "missing_credentials", "a bearer token is required");
pub(super) const INVALID_REQUEST: Kind =
    (400, 3, "invalid_request", "the request must carry exactly one well-formed bearer token");
pub(super) const INVALID_TOKEN: Kind = (401, 16, "invalid_token", "the token is not valid here");
pub(super) const EXPIRED: Kind = (401, 16, "expired_token", "the token has expired");
pub(super) const CROSS_ORIGIN: Kind =
    (403, 7, "cross_origin", "a page of another origin may not do this");
pub(super) const SCOPE: Kind =
    (403, 7, "insufficient_scope", "the token lacks a scope that is needed here");
pub(super) const STEP_UP: Kind =
    (401, 16, "insufficient_user_authentication", "a stronger or more recent login is needed here");
pub(super) const FORBIDDEN: Kind = (403, 7, "forbidden", "the token does not permit this");
pub(super) const MISFIT: Kind =
    (403, 7, "claims_mismatch", "the token does not say what is needed here");
pub(super) const UNAVAILABLE: Kind = (503, 14, "unavailable", "this cannot be decided now");
pub(super) const MISCONFIGURED: Kind = (
    500,
    13,
    "misconfigured",
    "this handler asks for a bearer token and no `JwtLayer` has run before it: call `.route_layer(JwtLayer::new(verifier))` on its router, after `.route(..)`",
);

/// What is asked of a good token.
#[derive(Clone)]
pub(super) enum Demand {
    /// Claims that fit a type.
    Claims,
    /// That a layer has run, where none has.
    Layer,
    /// What a policy asks for.
    Policy(Arc<dyn Policy>),
}

/// Who refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// A handler or its extractor.
    Handler,
    /// An [`AuthorizeLayer`].
    Inner,
    /// The [`JwtLayer`] itself.
    Layer,
}

/// The parameters with which an error begins.
fn error(code: &str, (_, _, _, description): Kind) -> String {
    format!(r#", error="{code}", error_description="{description}""#)
}

fn bearer(header: &Value, changes: &Value) -> Vec<String> {
    let mut claims = json!({ "scope": "notes:read", "roles": ["reader"], "acr": "pwd", "auth_time": NOW - 3600 });
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    vec![format!("Bearer {}", json_token(Algorithm::ES256, header, &claims).compact())]
}

fn good() -> Vec<String> {
    bearer(&json!({}), &json!({}))
}

fn keyed(kid: &str) -> Vec<String> {
    bearer(&json!({ "kid": kid }), &json!({}))
}

/// All rows; several where a row has several causes or several challenges.
pub(super) fn rows() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        [without_a_good_token(), denied(), out_of_reach()].into_iter().flatten().collect()
    });
    &ROWS
}

fn row(name: &'static str, credentials: Vec<String>, demand: Demand, kind: Kind) -> Row {
    Row { name, credentials, forged: false, demand, kind, challenge: None, retry_after: None }
}

impl Row {
    fn challenge(mut self, parameters: impl Into<String>) -> Self {
        self.challenge = Some(parameters.into());
        self
    }

    fn forged(mut self) -> Self {
        self.forged = true;
        self
    }

    fn retry_after(mut self, seconds: &'static str) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Whether it can come about in this way.
    pub(super) fn comes(&self, by: By) -> bool {
        match (&self.demand, by) {
            // A layer that decodes does so before any other.
            (Demand::Claims, By::Inner) | (Demand::Layer, By::Layer) => false,
            // Nobody tells an extractor of a policy's scopes.
            (Demand::Policy(_), By::Handler) => self.challenge.as_deref() != Some(HINT),
            _ => true,
        }
    }
}

/// What a policy adds to the challenge of a request without credentials.
const HINT: &str = r#", scope="notes:read notes:write""#;

fn without_a_good_token() -> Vec<Row> {
    let anyone = || policy(policy_fn(|_, _| Ok(())));
    let invalid_request = error("invalid_request", INVALID_REQUEST);
    let invalid_token = error("invalid_token", INVALID_TOKEN);
    let expired = error("invalid_token", EXPIRED);
    let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    let claims = |changes: Value| bearer(&json!({}), &changes);
    let mut rows = vec![
        row("no credentials", Vec::new(), anyone(), MISSING).challenge(""),
        row("another scheme", lines(&["Basic YTpi"]), anyone(), MISSING).challenge(""),
        row("no credentials, scopes known", Vec::new(), policy(scopes()), MISSING).challenge(HINT),
        row("expired", claims(json!({ "exp": NOW - 60 })), anyone(), EXPIRED).challenge(expired),
        row("of another origin", good(), anyone(), CROSS_ORIGIN).forged(),
        row("of another origin, and bad", keyed("nobody's"), anyone(), CROSS_ORIGIN).forged(),
    ];
    for (name, credentials) in [
        ("a scheme alone", lines(&["Bearer"])),
        ("two words", lines(&["Bearer a b"])),
        ("several credentials", [good(), good()].concat()),
        ("a token that is too long", lines(&[&format!("Bearer {}", "a".repeat(16 * 1024 + 1))])),
    ] {
        let row = row(name, credentials, anyone(), INVALID_REQUEST);
        rows.push(row.challenge(invalid_request.clone()));
    }
    for (name, credentials) in [
        ("no JWT", lines(&["Bearer abc"])),
        ("an audience of others", claims(json!({ "aud": "https://other.example" }))),
        ("an issuer of others", claims(json!({ "iss": "https://other.example" }))),
        ("a type of others", bearer(&json!({ "typ": "dpop+jwt" }), &json!({}))),
        ("critical headers", bearer(&json!({ "crit": ["exp"] }), &json!({}))),
        ("an unknown key", keyed("nobody's")),
    ] {
        let row = row(name, credentials, anyone(), INVALID_TOKEN);
        rows.push(row.challenge(invalid_token.clone()));
    }
    rows
}

fn denied() -> Vec<Row> {
    let acr = || RequireAcr::any(["phr", "mfa"]).unwrap();
    let fresh = || RequireFreshAuth::within(Duration::from_secs(300));
    let step_up = error("insufficient_user_authentication", STEP_UP);
    let (acr_values, max_age) = (r#", acr_values="phr mfa""#, r#", max_age="300""#);
    let role = RequireRole::any("roles", ["admin"]).unwrap();
    vec![
        row("a scope", good(), policy(scopes()), SCOPE)
            .challenge(error("insufficient_scope", SCOPE) + HINT),
        row("scopes and a login", good(), policy(scopes().and(acr()).and(fresh())), STEP_UP)
            .challenge(format!("{step_up}{HINT}{acr_values}{max_age}")),
        row("a class of login", good(), policy(acr()), STEP_UP)
            .challenge(format!("{step_up}{acr_values}")),
        row("a recent login", good(), policy(fresh()), STEP_UP)
            .challenge(format!("{step_up}{max_age}")),
        row("a recent login of a class", good(), policy(acr().and(fresh())), STEP_UP)
            .challenge(format!("{step_up}{acr_values}{max_age}")),
        row("a role", good(), policy(role.clone()), FORBIDDEN),
        row("a role and a scope", good(), policy(role.and(scopes())), FORBIDDEN),
        row("a policy", good(), policy(policy_fn(|_, _| Err(Denial::forbidden()))), FORBIDDEN),
        row("claims for a policy", good(), policy(policy_fn(numeric_subject)), MISFIT),
        row("claims for a handler", good(), Demand::Claims, MISFIT),
    ]
}

fn out_of_reach() -> Vec<Row> {
    let anyone = policy(policy_fn(|_, _| Ok(())));
    let store = |later: Option<Duration>| {
        policy(policy_fn_async(move |_, _| async move {
            let denial = Denial::unavailable("no route to host");
            Err(later.map_or(denial.clone(), |later| denial.with_retry_after(later)))
        }))
    };
    vec![
        row("keys", keyed("down"), anyone.clone(), UNAVAILABLE).retry_after("5"),
        row("keys, later", keyed("later"), anyone, UNAVAILABLE).retry_after("90"),
        row("a store", good(), store(None), UNAVAILABLE).retry_after("5"),
        row("a store, later", good(), store(Some(Duration::from_millis(1500))), UNAVAILABLE)
            .retry_after("2"),
        row("no layer", good(), Demand::Layer, MISCONFIGURED),
    ]
}

fn policy(policy: impl Policy) -> Demand {
    Demand::Policy(Arc::new(policy))
}

fn scopes() -> RequireScope {
    RequireScope::all(["notes:read", "notes:write"]).unwrap()
}

fn numeric_subject(token: &VerifiedToken, _: RequestHead<'_>) -> Result<(), Denial> {
    Denial::unless(token.claim::<u64>("sub")?.is_some())
}

/// Knows one key; none under one name, and not now under two others.
pub(super) fn verifier() -> Verifier {
    let keys = resolver_fn_sync(|header| -> Result<VerifyingKey, KeyError> {
        let unavailable = KeyError::unavailable("no route to host");
        match header.kid() {
            Some("down") => Err(unavailable),
            Some("later") => Err(unavailable.with_retry_after(Duration::from_secs(90))),
            Some(_) => Err(KeyError::not_found()),
            None => Ok(key(Algorithm::ES256).verifying()),
        }
    });
    verifiers::new(standard(keys)).unwrap()
}

/// The header, whose token is taken for a cookie's where the request opens a socket.
#[derive(Clone, Copy)]
pub(super) struct Header;

impl TokenSource for Header {
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
        let found = AuthorizationHeader.token(head)?;
        let forged = head.headers().contains_key(UPGRADE);
        let origin = if forged { TokenOrigin::Cookie } else { TokenOrigin::Header };
        Ok(found.map(|found| Presented::new(found.token, origin)))
    }
}

/// A route for each row, by its number, behind this layer.
pub(super) fn router<R: Respond<Body>>(by: By, layer: &JwtLayer<Header, R>) -> Router {
    let mut router = Router::new();
    for (number, row) in rows().iter().enumerate() {
        if row.comes(by) {
            router =
                router.route(&format!("/{number}"), route(by, row.demand.clone(), layer.clone()));
        }
    }
    router
}

fn route<R: Respond<Body>>(by: By, demand: Demand, layer: JwtLayer<Header, R>) -> MethodRouter {
    let passed = || any(|| async { "passed" });
    let asked = |_: VerifiedToken| async { "passed" };
    let typed = |_: Claims<Vec<u8>>| async { "passed" };
    match (demand, by) {
        (Demand::Claims, By::Layer) => passed().layer(layer.claims::<Vec<u8>>()),
        (Demand::Claims, _) => any(typed).layer(layer.best_effort()),
        (Demand::Layer, By::Inner) => {
            let inner = AuthorizeLayer::new(policy_fn(|_, _| Ok(())));
            let around = ServiceBuilder::new().layer(layer).layer(from_fn(forget));
            passed().layer(around.layer(inner))
        }
        (Demand::Layer, _) => {
            any(asked).layer(ServiceBuilder::new().layer(layer).layer(from_fn(forget)))
        }
        (Demand::Policy(policy), By::Handler) => {
            any(move |token, request| judge(policy.clone(), token, request))
                .layer(layer.best_effort())
        }
        (Demand::Policy(policy), By::Inner) => {
            let inner = AuthorizeLayer::new(policy);
            passed().layer(ServiceBuilder::new().layer(layer.best_effort()).layer(inner))
        }
        (Demand::Policy(policy), By::Layer) => passed().layer(layer.require(policy)),
    }
}

/// A service in between that loses what the layer has left.
async fn forget(mut request: Request, next: Next) -> Response {
    request.extensions_mut().remove::<VerifiedToken>();
    next.run(request).await
}

/// A handler that asks a policy itself.
async fn judge(
    policy: Arc<dyn Policy>,
    token: VerifiedToken,
    request: Request,
) -> Result<&'static str, Rejection> {
    policy.authorize(&token, RequestHead::of(&request)).await?;
    Ok("passed")
}
