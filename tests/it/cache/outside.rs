//! What stands behind the verifier sees no difference: layers, policies, claims and cookies.

use axum::{Router, routing::get};
use serde::{Deserialize, Deserializer, de::Error as _};
use tower_bearer::{
    AuthorizeLayer, Claims, JwtLayer, RequireFreshAuth, RequireScope, TokenErrorKind::Expired,
};

use super::*;
use crate::support::{App, MODES, Reply, answer_outcome};

/// The layer in its modes, before memory is filled and after.
#[tokio::test]
async fn each_mode_answers_from_memory_as_it_did_before() {
    for (memory, remember) in MEMORIES {
        for (mode, set) in MODES {
            let world = World::new(remember);
            let layer = set(JwtLayer::new(world.verifier.clone()));
            let app = App::serve(Router::new().route("/", answer_outcome()).layer(layer)).await;
            let (app, token) = (app.once(), about("ada"));
            let absent = async || app.authorization([""; 0]).await;
            let (nobody, first) = (absent().await, app.get(&token).await);
            assert_eq!(first.body, "verified: ada, header", "{memory}, {mode}");
            for _ in 0..3 {
                assert_same(&first, &app.get(&token).await);
                assert_same(&nobody, &absent().await);
            }
            assert_eq!(world.signatures.count(), 1, "{memory}, {mode}");

            world.time.set(NOW + 960);
            let expired = app.get(&token).await;
            assert_same(&expired, &app.get(&token).await);
            let expected = if mode == "best effort" { (200, "failed: expired") } else { (401, "") };
            assert_eq!((expired.status, &*expired.body), expected, "{memory}, {mode}");
            assert_eq!(world.ask(&token).0, Err(Expired), "{memory}, {mode}");
        }
    }
}

#[track_caller]
fn assert_same(one: &Reply, other: &Reply) {
    assert_eq!(
        (one.status, one.challenge(), &one.body),
        (other.status, other.challenge(), &other.body)
    );
}

#[tokio::test]
async fn policies_judge_what_is_remembered_each_time() {
    for (memory, remember) in MEMORIES {
        let world = World::new(remember);
        let policy = RequireScope::all(["read"]).unwrap();
        let fresh = RequireFreshAuth::within(Duration::from_secs(300));
        let inner = Router::new()
            .route("/", get(async || "in"))
            .layer(AuthorizeLayer::new(fresh))
            .layer(JwtLayer::new(world.verifier.clone()).require(policy));
        let app = App::serve(inner).await.once();
        let (reader, other) = (
            with(&json!({ "scope": "read", "auth_time": NOW })),
            with(&json!({ "scope": "write", "auth_time": NOW })),
        );
        for _ in 0..3 {
            assert_eq!(app.get(&reader).await.status, 200, "{memory}");
            assert_eq!(app.get(&other).await.status, 403, "{memory}");
        }
        world.time.set(NOW + 600);
        for _ in 0..2 {
            assert_eq!(app.get(&reader).await.status, 401, "{memory}: no fresh login");
        }
        assert_eq!(world.signatures.count(), 2, "{memory}");
    }
}

/// Claims that count how often they are read.
struct Read;

static READ: AtomicUsize = AtomicUsize::new(0);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let claims = Value::deserialize(deserializer)?;
        READ.fetch_add(1, SeqCst);
        if claims["sub"] == "ada" { Ok(Self) } else { Err(D::Error::custom("somebody else")) }
    }
}

#[tokio::test]
async fn typed_claims_are_read_once_for_all_hits() {
    for (memory, remember) in MEMORIES {
        let world = World::new(remember);
        let handler = async |Claims(_): Claims<Read>| "read";
        let layer = JwtLayer::new(world.verifier.clone());
        let app = App::serve(Router::new().route("/", get(handler)).route_layer(layer)).await;
        let (app, token) = (app.once(), about("ada"));
        let before = READ.load(SeqCst);
        for _ in 0..5 {
            assert_eq!(app.get(&token).await.status, 200, "{memory}");
        }
        assert_eq!(READ.load(SeqCst) - before, 1, "{memory}");
        for _ in 0..3 {
            assert_eq!(app.get(&about("grace")).await.status, 403, "{memory}: they do not fit");
        }
    }
}

#[test]
fn hits_share_one_token() {
    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), with(&json!({ "scope": "a b" })));
        let verified = || match world.verifier.verify(&token) {
            Lookup::Ready(verified) => verified.unwrap(),
            Lookup::Pending(_) => panic!("it waits"),
        };
        let (one, other) = (verified(), verified());
        assert!(std::ptr::eq(one.payload(), other.payload()), "{memory}");
        assert!(std::ptr::eq(one.scopes(), other.scopes()), "{memory}");
        let (one, other) = (one.claims::<Value>().unwrap(), other.claims::<Value>().unwrap());
        assert!(Arc::ptr_eq(&one, &other), "{memory}");
    }
}

#[cfg(feature = "cookies")]
#[tokio::test]
async fn a_cookie_and_a_header_may_carry_the_same_token() {
    use http_body_util::Empty;
    use hyper::{Request, header::COOKIE};
    use tower_bearer::{AuthorizationHeader, TokenCookie, TokenSource};

    for (memory, remember) in MEMORIES {
        let world = World::new(remember);
        let source = AuthorizationHeader.or(TokenCookie::new("__Host-token").unwrap());
        let layer = JwtLayer::new(world.verifier.clone()).source(source);
        let app = App::serve(Router::new().route("/", answer_outcome()).layer(layer)).await;
        let (app, token) = (app.once(), about("ada"));
        let in_cookie = || Request::get("/").header(COOKIE, format!("__Host-token={token}"));
        for _ in 0..3 {
            assert_eq!(app.get(&token).await.body, "verified: ada, header", "{memory}");
            let reply = app.send(in_cookie().body(Empty::new()).unwrap()).await;
            assert_eq!(reply.body, "verified: ada, cookie", "{memory}");
        }
        let foreign = in_cookie().method("POST").header("sec-fetch-site", "cross-site");
        let reply = app.send(foreign.body(Empty::new()).unwrap()).await;
        assert_eq!(reply.status, 403, "{memory}: memory is no way round the origin");
        assert_eq!(world.signatures.count(), 1, "{memory}");
    }
}

#[cfg(feature = "lifetime")]
#[tokio::test(start_paused = true)]
async fn a_lifetime_ends_the_same_for_a_token_from_memory() {
    use tower_bearer::TokenEnd;

    for (memory, remember) in MEMORIES {
        let (world, token) = (World::new(remember), about("ada"));
        for hit in 0..3 {
            let verified = world.verifier.verify(&token).await.unwrap();
            let mut lifetime = Box::pin(verified.lifetime());
            let second = Duration::from_secs(2);
            let early = tokio::time::timeout(second, &mut lifetime).await;
            assert!(early.is_err(), "{memory}, {hit}: it lives");
            world.revocation.say(Revocation::Revoked);
            let end = tokio::time::timeout(second, &mut lifetime).await;
            assert!(matches!(end, Ok(TokenEnd::Revoked)), "{memory}, {hit}");
            world.revocation.say(Revocation::Good);
        }
        assert_eq!(world.signatures.count(), 1, "{memory}");
    }
}
