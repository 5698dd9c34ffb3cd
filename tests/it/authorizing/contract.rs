//! What services may rely on while a policy is asked (Tower's contract of `Service`).

use std::{
    convert::Infallible,
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};
use http_body_util::Empty;
use hyper::{Request, Response, body::Bytes};
use tokio::sync::Notify;
use tower::{
    Layer, Service, ServiceBuilder, ServiceExt, limit::ConcurrencyLimitLayer, service_fn,
    util::BoxCloneService,
};
use tower_bearer::{
    Algorithm, AuthorizeLayer, JwtLayer, Policy, policy_fn, policy_fn_async, resolver_fn,
};
use tower_test::mock;

use super::{Awaited, authorization, layer, layers, scope};
use crate::{readiness::Strict, support::key};

type Body = Empty<Bytes>;

fn request(state: &str) -> Request<Body> {
    let mut request = Request::new(Body::new());
    for line in authorization(state) {
        request.headers_mut().append("authorization", line.parse().unwrap());
    }
    request
}

/// A policy before a service: as a layer's own and further in.
const PLACES: [&str; 2] = ["require", "AuthorizeLayer"];

/// All futures are `Send`, or this would not compile.
fn around<S>(
    place: &str,
    layer: JwtLayer,
    policy: impl Policy,
    inner: S,
) -> BoxCloneService<Request<Body>, Response<Body>, S::Error>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
{
    match place {
        "require" => BoxCloneService::new(layer.require(policy).layer(inner)),
        _ => BoxCloneService::new(layer.layer(AuthorizeLayer::new(policy).layer(inner))),
    }
}

/// Every place, with the key at hand and awaited, and a policy that answers at once or is awaited.
fn all() -> impl Iterator<Item = (String, &'static str, JwtLayer, Arc<dyn Policy>)> {
    PLACES.into_iter().flat_map(|place| {
        layers().into_iter().flat_map(move |(keys, layer)| {
            let at_once: Arc<dyn Policy> = Arc::new(scope("read"));
            let awaited: Arc<dyn Policy> = Arc::new(Awaited(scope("read")));
            [("at once", at_once), ("awaited", awaited)].map(move |(name, policy)| {
                (format!("{place}, {keys}, policy {name}"), place, layer.clone(), policy)
            })
        })
    })
}

/// An inner service that counts its requests.
fn counting(
    count: &Arc<AtomicUsize>,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    let count = Arc::clone(count);
    service_fn(move |_: Request<Body>| {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(Response::new(Body::new())))
    })
}

#[tokio::test]
async fn the_service_that_was_polled_ready_is_called() {
    for (case, place, layer, policy) in all() {
        let mut service = around(place, layer, policy, Strict::default());
        for (state, status) in [("permitted", 200), ("denied", 403), ("permitted", 200)] {
            let response = service.ready().await.unwrap().call(request(state)).await.unwrap();
            assert_eq!(response.status(), status, "{case}, {state}");
        }
    }
}

/// Paused time goes on only when nothing else can: a deadlock ends at once.
#[tokio::test(start_paused = true)]
async fn a_concurrency_limit_inside_never_panics() {
    for (case, place, layer, policy) in all() {
        let hello = service_fn(|_: Request<Body>| async {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(Response::new(Body::new()))
        });
        let inner = ServiceBuilder::new().layer(ConcurrencyLimitLayer::new(2)).service(hello);
        let service = around(place, layer, policy, inner);
        let all = join_all((0..50).map(|_| service.clone().oneshot(request("permitted"))));
        let replies = tokio::time::timeout(Duration::from_secs(60), all).await.expect(&case);
        assert!(replies.into_iter().all(|reply| reply.unwrap().status() == 200), "{case}");
    }
}

#[tokio::test]
async fn backpressure_goes_through_and_what_is_denied_reaches_nobody() {
    for (case, place, layer, policy) in all() {
        let (mut service, mut inner) =
            mock::spawn_with(|inner: mock::Mock<Request<Body>, Response<Body>>| {
                around(place, layer.clone(), Arc::clone(&policy), inner)
            });
        inner.allow(0);
        assert!(service.poll_ready().is_pending(), "{case}: the inner service is not ready");
        inner.allow(1);
        assert!(service.poll_ready().is_ready(), "{case}");
        let refused = service.call(request("denied")).await.unwrap();
        assert_eq!(refused.status(), 403, "{case}");
        assert!(inner.poll_request().is_pending(), "{case}: what was denied went on");
    }
}

#[tokio::test]
async fn a_key_and_then_a_policy_are_waited_for_one_after_the_other() {
    for place in PLACES {
        let (key_is_here, decided) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (asked, passed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let awaited = Arc::clone(&key_is_here);
        let keys = resolver_fn(move |_| {
            let awaited = Arc::clone(&awaited);
            async move {
                awaited.notified().await;
                Ok(key(Algorithm::ES256).verifying())
            }
        });
        let (count, awaited) = (Arc::clone(&asked), Arc::clone(&decided));
        let policy = policy_fn_async(move |_, _| {
            count.fetch_add(1, Ordering::SeqCst);
            let awaited = Arc::clone(&awaited);
            async move {
                awaited.notified().await;
                Ok(())
            }
        });
        let service = around(place, layer(keys), policy, counting(&passed));
        let mut reply = service.oneshot(request("permitted"));
        let seen = || (asked.load(Ordering::SeqCst), passed.load(Ordering::SeqCst));

        assert!((&mut reply).now_or_never().is_none(), "{place}");
        assert_eq!(seen(), (0, 0), "{place}: a policy sees verified tokens only");
        key_is_here.notify_one();
        assert!((&mut reply).now_or_never().is_none(), "{place}");
        assert_eq!(seen(), (1, 0), "{place}: nothing passes before the policy has spoken");
        decided.notify_one();
        let reply = (&mut reply).now_or_never().expect(place).unwrap();
        assert_eq!((reply.status().as_u16(), seen()), (200, (1, 1)), "{place}");
    }
}

#[tokio::test]
async fn a_request_that_goes_while_its_policy_waits_leaves_nothing_behind() {
    for place in PLACES {
        for (keys, layer) in layers() {
            let (alive, passed) = (Arc::new(()), Arc::new(AtomicUsize::new(0)));
            let held = Arc::clone(&alive);
            let policy = policy_fn_async(move |_, head| {
                let (held, hangs) = (Arc::clone(&held), head.headers().contains_key("hangs"));
                async move {
                    if hangs {
                        pending::<()>().await;
                    }
                    drop(held);
                    Ok(())
                }
            });
            let mut service = around(place, layer, policy, counting(&passed));
            let holders = Arc::strong_count(&alive);
            let mut hanging = request("permitted");
            hanging.headers_mut().insert("hangs", "1".parse().unwrap());
            let mut reply = service.ready().await.unwrap().call(hanging);
            // Twice, since an awaited key yields once before.
            for _ in 0..2 {
                assert!((&mut reply).now_or_never().is_none(), "{place}, {keys}");
            }
            assert_eq!(Arc::strong_count(&alive), holders + 1, "{place}, {keys}: it waits");
            drop(reply);
            assert_eq!(Arc::strong_count(&alive), holders, "{place}, {keys}: it is gone");
            assert_eq!(passed.load(Ordering::SeqCst), 0, "{place}, {keys}");

            let next = service.ready().await.unwrap().call(request("permitted")).await.unwrap();
            let passed = passed.load(Ordering::SeqCst);
            assert_eq!((next.status().as_u16(), passed), (200, 1), "{place}, {keys}");
        }
    }
}

#[tokio::test]
async fn a_policy_that_panics_harms_no_other_request() {
    for place in PLACES {
        for (keys, layer) in layers() {
            let at_once: Box<dyn Policy> = Box::new(policy_fn(|_, head| {
                assert!(!head.headers().contains_key("panics"), "a policy's own fault");
                Ok(())
            }));
            let awaited: Box<dyn Policy> = Box::new(policy_fn_async(|_, head| {
                let panics = head.headers().contains_key("panics");
                async move {
                    tokio::task::yield_now().await;
                    assert!(!panics, "a policy's own fault");
                    Ok(())
                }
            }));
            for policy in [at_once, awaited] {
                let passed = Arc::new(AtomicUsize::new(0));
                let mut service = around(place, layer.clone(), policy, counting(&passed));
                for _ in 0..2 {
                    let mut panicking = request("permitted");
                    panicking.headers_mut().insert("panics", "1".parse().unwrap());
                    let ready = service.ready().await.unwrap();
                    let called = catch_unwind(AssertUnwindSafe(|| ready.call(panicking)));
                    let panicked = match called {
                        Ok(reply) => AssertUnwindSafe(reply).catch_unwind().await.is_err(),
                        Err(_) => true,
                    };
                    assert!(panicked, "{place}, {keys}: it is not hidden either");
                    let next = service.ready().await.unwrap().call(request("permitted"));
                    assert_eq!(next.await.unwrap().status(), 200, "{place}, {keys}");
                }
                assert_eq!(passed.load(Ordering::SeqCst), 2, "{place}, {keys}");
            }
        }
    }
}

#[tokio::test]
async fn an_error_of_the_inner_service_comes_through() {
    for (case, place, layer, policy) in all() {
        let failing =
            service_fn(|_: Request<Body>| async { Err::<Response<Body>, _>("the handler failed") });
        let service = around(place, layer, policy, failing);
        let error = service.oneshot(request("permitted")).await.unwrap_err();
        assert_eq!(error, "the handler failed", "{case}");
    }
}
