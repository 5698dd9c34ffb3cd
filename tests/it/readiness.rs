//! The service that was polled ready is the one that is called (Tower's contract of `Service`).

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::join_all;
use http_body_util::Empty;
use hyper::{Request, Response, body::Bytes, header::AUTHORIZATION};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::ConcurrencyLimitLayer, service_fn};
use tower_bearer::{Algorithm, JwtLayer, StaticKeys, resolver_fn};
use tower_test::{assert_request_eq, mock};

use crate::support::{key, standard, token, verifiers};

type Body = Empty<Bytes>;

/// Panics when it is called without having been polled ready: itself, not the one it was cloned from.
#[derive(Debug, Default)]
pub(crate) struct Strict {
    ready: bool,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self { ready: false }
    }
}

impl Service<Request<Body>> for Strict {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without having been polled ready");
        ready(Ok(Response::new(Body::new())))
    }
}

/// A layer that has its key at hand, and one that has to wait for it.
fn layers() -> [(&'static str, JwtLayer); 2] {
    let key = key(Algorithm::ES256).verifying();
    let at_hand = standard(StaticKeys::new([key.clone()]).unwrap());
    let awaited = standard(resolver_fn(move |_| {
        let key = key.clone();
        async move {
            tokio::task::yield_now().await;
            Ok(key)
        }
    }));
    [("at hand", at_hand), ("awaited", awaited)]
        .map(|(name, issuer)| (name, JwtLayer::new(verifiers::new(issuer).unwrap())))
}

fn request() -> Request<Body> {
    let request = Request::builder().header(AUTHORIZATION, format!("Bearer {}", token().compact()));
    request.body(Body::new()).unwrap()
}

#[tokio::test]
async fn the_service_that_was_polled_ready_is_called() {
    for (name, layer) in layers() {
        let mut service = layer.layer(Strict::default());
        for _ in 0..3 {
            let response = service.ready().await.unwrap().call(request()).await.unwrap();
            assert_eq!(response.status(), 200, "{name}");
        }
    }
}

/// Paused time goes on only when nothing else can: a deadlock ends at once.
#[tokio::test(start_paused = true)]
async fn a_concurrency_limit_inside_never_panics() {
    for (name, layer) in layers() {
        let hello = service_fn(|_: Request<Body>| async {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(Response::new(Body::new()))
        });
        let service =
            ServiceBuilder::new().layer(layer).layer(ConcurrencyLimitLayer::new(2)).service(hello);
        let all = join_all((0..50).map(|_| service.clone().oneshot(request())));
        let replies = tokio::time::timeout(Duration::from_secs(60), all).await.expect(name);
        assert!(replies.into_iter().all(|reply| reply.unwrap().status() == 200), "{name}");
    }
}

#[tokio::test]
async fn backpressure_goes_through_and_refusals_reach_nobody() {
    for (name, layer) in layers() {
        let (mut service, mut inner) =
            mock::spawn_with(|inner: mock::Mock<Request<Body>, Response<Body>>| {
                layer.layer(inner.map_request(|request: Request<Body>| request))
            });
        inner.allow(0);
        assert!(service.poll_ready().is_pending(), "{name}: the inner service is not ready");
        inner.allow(1);
        assert!(service.poll_ready().is_ready(), "{name}");

        let refused = service.call(Request::new(Body::new())).await.unwrap();
        assert_eq!(refused.status(), 401, "{name}");
        assert!(inner.poll_request().is_pending(), "{name}: a refused request went on");
    }
}

#[tokio::test(start_paused = true)]
async fn the_inner_service_gets_the_request_and_its_answer_comes_back() {
    for (name, layer) in layers() {
        let (mut service, mut inner) =
            mock::spawn_with(|inner: mock::Mock<String, Response<Body>>| {
                let uri = |request: Request<Body>| request.uri().to_string();
                layer.layer(inner.map_request(uri))
            });
        inner.allow(1);
        assert!(service.poll_ready().is_ready(), "{name}");
        let mut request = request();
        *request.uri_mut() = "/somewhere".parse().unwrap();
        let reply = tokio::spawn(service.call(request));
        let exchange = async {
            let answer = Response::builder().status(418).body(Body::new()).unwrap();
            assert_request_eq!(inner, "/somewhere".to_owned()).send_response(answer);
            reply.await.unwrap().unwrap()
        };
        let reply = tokio::time::timeout(Duration::from_secs(60), exchange).await.expect(name);
        assert_eq!(reply.status(), 418, "{name}");
    }
}
