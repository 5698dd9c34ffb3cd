//! With the key at hand: no clone of the inner service, no boxed future, few allocations.

#[cfg(feature = "cookies")]
mod sources;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use http_body_util::Empty;
use hyper::{
    Request, Response,
    body::Bytes,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::json;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_bearer::{
    Algorithm, AuthorizeLayer, Denial, IssuerError, IssuerResolver, JwtLayer, KeyResolver, Lookup,
    Policy, RequestHead, RequireAcr, RequireClaim, RequireFreshAuth, RequireRole, RequireScope,
    StaticKeys, TrustedIssuer, Verifier, Wanted, policy_fn, policy_fn_async, resolver_fn,
    resolver_fn_sync,
};

use crate::support::{NOW, clock, json_token, key, standard, token};

type Body = Empty<Bytes>;

/// What a request may allocate: one more where it is counted, for the labels.
const MOST: u64 = if cfg!(feature = "metrics") { 8 } else { 7 };

/// An inner service that counts its clones, as axum's routers would have to make them.
#[derive(Default)]
struct Inner {
    clones: Arc<AtomicUsize>,
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        self.clones.fetch_add(1, Ordering::SeqCst);
        Self { clones: Arc::clone(&self.clones) }
    }
}

impl Service<Request<Body>> for Inner {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        ready(Ok(Response::new(Body::new())))
    }
}

fn layer(keys: impl KeyResolver) -> JwtLayer {
    JwtLayer::new(Verifier::new(standard(keys)).unwrap())
}

fn request(token: &str) -> Request<Body> {
    let request = Request::builder().header(AUTHORIZATION, format!("Bearer {token}"));
    request.body(Body::new()).unwrap()
}

/// How often the inner service is cloned while so many requests are answered with this status.
async fn clones<L>(layer: L, token: &str, requests: usize, status: u16) -> usize
where
    L: Layer<Inner>,
    L::Service: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let inner = Inner::default();
    let clones = Arc::clone(&inner.clones);
    let mut service = layer.layer(inner);
    for _ in 0..requests {
        let ready = ServiceExt::<Request<Body>>::ready(&mut service).await.unwrap();
        assert_eq!(ready.call(request(token)).await.unwrap().status(), status);
    }
    clones.load(Ordering::SeqCst)
}

#[tokio::test]
async fn the_inner_service_is_cloned_only_while_a_key_is_awaited() {
    let key = key(Algorithm::ES256).verifying();
    let good = token().compact();
    let at_hand = layer(StaticKeys::new([key.clone()]).unwrap());
    assert_eq!(clones(at_hand.clone(), &good, 10, 200).await, 0, "good tokens");
    assert_eq!(clones(at_hand.clone(), "a.b.c", 10, 401).await, 0, "bad tokens");
    assert_eq!(clones(at_hand.optional(), &good, 10, 200).await, 0, "optional");

    let (same, later) = (key.clone(), key);
    let sync = layer(resolver_fn_sync(move |_| Ok(same.clone())));
    assert_eq!(clones(sync, &good, 10, 200).await, 0, "a closure that answers at once");
    let waiting = layer(resolver_fn(move |_| ready(Ok(later.clone()))));
    assert_eq!(clones(waiting, &good, 10, 200).await, 10, "a closure that has to be awaited");
}

/// The fewest heap allocations that one request makes on this thread.
fn allocations<S>(service: &mut S, token: &str) -> u64
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    allocations_of(service, &request(token))
}

/// The same of any request.
fn allocations_of<S>(service: &mut S, request: &Request<Body>) -> u64
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut once = || {
        let request = request.clone();
        let info = allocation_counter::measure(|| {
            let response =
                runtime.block_on(async { service.ready().await.unwrap().call(request).await });
            assert_eq!(response.unwrap().status(), 200);
        });
        info.count_total
    };
    (0..5).map(|_| once()).min().unwrap()
}

#[test]
fn few_allocations_are_added_and_no_future_is_boxed() {
    for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256, Algorithm::Ed25519] {
        let key = key(algorithm).verifying();
        let token = json_token(algorithm, &serde_json::json!({}), &serde_json::json!({})).compact();
        let bare = allocations(&mut Inner::default(), &token);
        let keys = StaticKeys::new([key.clone()]).unwrap();
        let at_hand = allocations(&mut layer(keys).layer(Inner::default()), &token) - bare;
        // The payload, the claims, two extensions and the map they are in, and the proof.
        assert!(at_hand <= MOST, "{algorithm}: {at_hand} allocations");

        // The same with a future: what it costs shows that above there is none.
        let pending = resolver_fn(move |_| ready(Ok(key.clone())));
        let awaited = allocations(&mut layer(pending).layer(Inner::default()), &token) - bare;
        assert!(awaited >= at_hand + 4, "{algorithm}: {awaited} allocations when awaited");
    }
}

/// A service behind a policy: as a layer's own, or further in.
async fn clones_by(policy: impl Policy + Clone, requests: usize, status: u16) -> (usize, usize) {
    let keys = StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap();
    let required = layer(keys.clone()).require(policy.clone());
    let required = clones(required, &token().compact(), requests, status).await;
    let further_in = ServiceBuilder::new().layer(layer(keys)).layer(AuthorizeLayer::new(policy));
    (required, clones(further_in, &token().compact(), requests, status).await)
}

#[tokio::test]
async fn the_inner_service_is_cloned_only_while_a_policy_is_awaited() {
    let scope = RequireScope::all(["read"]).unwrap();
    let later =
        |decision: fn() -> Result<(), Denial>| policy_fn_async(move |_, _| ready(decision()));
    assert_eq!(clones_by(scope.clone().not(), 10, 200).await, (0, 0), "permitted at once");
    assert_eq!(clones_by(scope, 10, 403).await, (0, 0), "denied at once");
    assert_eq!(clones_by(later(|| Ok(())), 10, 200).await, (10, 10), "permitted later");
    let denied = later(|| Err(Denial::forbidden()));
    assert_eq!(clones_by(denied, 10, 403).await, (10, 10), "denied later");
}

/// What is allocated for each request by these, beyond what the layers alone need.
fn allocations_by(policy: impl Policy + Clone, token: &str) -> (u64, u64) {
    let keys = StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap();
    let layer = layer(keys);
    let alone = allocations(&mut layer.layer(Inner::default()), token);
    let inside = AuthorizeLayer::new(policy.clone()).layer(Inner::default());
    let further_in = allocations(&mut layer.layer(inside), token);
    (
        allocations(&mut layer.require(policy).layer(Inner::default()), token) - alone,
        further_in - alone,
    )
}

#[test]
fn a_policy_that_answers_at_once_adds_no_allocation_of_ours() {
    let claims = json!({ "scope": "read write", "roles": ["staff", "admin"], "acr": "phr", "auth_time": NOW });
    let token = json_token(Algorithm::ES256, &json!({}), &claims).compact();
    // A decision further in is counted by itself: its labels take a list.
    let counted = u64::from(cfg!(feature = "metrics"));
    // And what reading the claim takes: a list of two scopes and each of them, a list of roles, a value.
    let cases: [(&str, Arc<dyn Policy>, u64); 8] = [
        ("a closure", Arc::new(policy_fn(|_, _| Ok(()))), 0),
        ("scopes", Arc::new(RequireScope::all(["read", "write"]).unwrap()), 3),
        ("roles", Arc::new(RequireRole::any("roles", ["admin"]).unwrap()), 1),
        ("acr", Arc::new(RequireAcr::any(["phr"]).unwrap()), 0),
        ("auth_time", Arc::new(RequireFreshAuth::within(Duration::from_secs(60))), 0),
        ("a claim", Arc::new(RequireClaim::equals("acr", "phr").unwrap()), 1),
        ("all", Arc::new(RequireAcr::any(["phr"]).unwrap().and(policy_fn(|_, _| Ok(())))), 0),
        ("not", Arc::new(policy_fn(|_, _| Err(Denial::forbidden())).not()), 0),
    ];
    for (name, policy, own) in cases {
        let found = allocations_by(policy, &token);
        assert_eq!(found, (own, own + counted), "{name}");
    }
    let later = allocations_by(policy_fn_async(|_, _| ready(Ok(()))), &token);
    assert!(later.0 >= 2 && later.1 >= 2 + counted, "a box for each that waits: {later:?}");
}

#[test]
fn an_issuer_that_is_known_costs_no_more_than_one_of_a_fixed_set() {
    let resolver = Tenant(StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap());
    let token = token().compact();
    let layer = JwtLayer::new(Verifier::dynamic(resolver));
    let bare = allocations(&mut Inner::default(), &token);
    // The first of five requests asks; the fewest allocations are those of the others.
    let known = allocations(&mut layer.layer(Inner::default()), &token) - bare;
    assert!(known <= MOST, "{known} allocations");
}

/// Knows the issuer of all tests, whoever is asked for.
struct Tenant(StaticKeys);

impl IssuerResolver for Tenant {
    fn resolve(&self, _: &str) -> Lookup<Result<Option<TrustedIssuer>, IssuerError>> {
        Lookup::Ready(Ok(Some(standard(self.0.clone()))))
    }

    fn now(&self) -> SystemTime {
        clock()
    }
}

/// Every request is asked, though few are refused.
#[test]
fn what_answer_a_request_wants_is_read_without_an_allocation() {
    for (name, content_type, accept, expected) in [
        ("gRPC", "application/grpc+proto", "*/*", Wanted::Grpc),
        ("a browser", "text/plain", "text/html,application/xhtml+xml,*/*;q=0.8", Wanted::Problem),
        ("text", "text/plain", "text/html, TEXT/plain; q=0.5 , image/*", Wanted::Plain),
    ] {
        let request = Request::post("/").header(CONTENT_TYPE, content_type).header(ACCEPT, accept);
        let request = request.body(()).unwrap();
        let info = allocation_counter::measure(|| {
            assert_eq!(Wanted::of(RequestHead::of(&request)), expected, "{name}");
        });
        assert_eq!(info.count_total, 0, "{name}");
    }
}

#[test]
fn with_the_key_at_hand_the_verifier_answers_at_once() {
    let keys = StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap();
    let verifier = Verifier::new(standard(keys)).unwrap();
    assert!(matches!(verifier.verify(&token().compact()), Lookup::Ready(Ok(_))));
    assert!(matches!(verifier.verify("a.b.c"), Lookup::Ready(Err(_))));
}
