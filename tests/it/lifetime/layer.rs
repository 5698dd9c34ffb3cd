//! `LifetimeLayer` behind a `JwtLayer`, around a plain Tower service and around axum's routes: whom it binds, and until when.

mod kinds;

use std::{convert::Infallible, sync::Mutex};

use axum::{Router, response::Sse, response::sse::Event, routing::get};
use futures_util::{FutureExt, stream};
use http_body_util::{BodyExt, Collected, Empty, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Body, Bytes, Frame},
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE},
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_bearer::{Denial, JwtLayer, LifetimeBody, LifetimeLayer, ProblemJson, policy_fn};

use super::*;
use crate::support::{Log, MODES, verifiers};

type Answer = Response<LifetimeBody<Feed>>;

fn request(token: Option<&str>) -> Request<()> {
    let mut request = Request::builder();
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    request.body(()).unwrap()
}

/// A service that gives this response once.
fn once<B>(
    response: Response<B>,
) -> impl Service<Request<()>, Response = Response<B>, Error = Infallible> + Clone {
    let response = Arc::new(Mutex::new(Some(response)));
    service_fn(move |_| std::future::ready(Ok(response.lock().unwrap().take().unwrap())))
}

fn jwt(issuer: TrustedIssuer) -> JwtLayer {
    JwtLayer::new(verifiers::new(issuer).unwrap())
}

/// What becomes of a streaming response behind both layers.
async fn answered(layer: JwtLayer, token: Option<&str>, response: Response<Feed>) -> Answer {
    let layers = ServiceBuilder::new().layer(layer).layer(LifetimeLayer::new());
    layers.service(once(response)).oneshot(request(token)).await.unwrap()
}

/// In words what comes next, if it comes in this time.
async fn end_within<B>(most: Duration, body: &mut std::pin::Pin<Box<B>>) -> String
where
    B: Body<Data = Bytes, Error: std::fmt::Display>,
{
    match tokio::time::timeout(most, body.frame()).await {
        Err(_) => "none".to_owned(),
        Ok(None) => "end".to_owned(),
        Ok(Some(Err(error))) => format!("error: {error}"),
        Ok(Some(Ok(frame))) => match frame.into_data() {
            Ok(data) => String::from_utf8(data.to_vec()).unwrap(),
            Err(frame) => format!("{:?}", frame.into_trailers().unwrap()),
        },
    }
}

const CUT: &str = "error: the token has expired";

#[tokio::test(start_paused = true)]
async fn without_a_layer_that_looks_for_a_token_it_answers_500() {
    let inner = service_fn(|_: Request<()>| async { unreachable!("nobody calls it") });
    let alone = ServiceBuilder::new().layer(LifetimeLayer::new()).service(inner);
    let outside =
        ServiceBuilder::new().layer(LifetimeLayer::new()).layer(jwt(issuer())).service(inner);
    let log = Log::capture();
    let token = token_for(5.0);
    let refused: Response<LifetimeBody<Feed>> = alone
        .oneshot(request(Some(&token)))
        .await
        .unwrap_or_else(|never: Infallible| match never {});
    assert_eq!(refused.status(), 500);
    assert!(!refused.headers().contains_key(WWW_AUTHENTICATE));
    assert_eq!(log.text().matches("ERROR tower_bearer").count(), 1, "{}", log.text());
    assert!(log.text().contains("AuthorizeLayer or LifetimeLayer"), "{}", log.text());
    let refused: Answer = outside
        .oneshot(request(Some(&token)))
        .await
        .unwrap_or_else(|never: Infallible| match never {});
    assert_eq!(refused.status(), 500, "it stands outside");
    assert_eq!(refused.into_body().collect().await.unwrap().to_bytes(), "");
}

#[tokio::test(start_paused = true)]
async fn who_has_no_good_token_is_not_bound_by_one() {
    let expired = token_for(-3600.0);
    for (name, layer, token) in [
        ("absent", jwt(issuer()).optional(), None),
        ("absent", jwt(issuer()).best_effort(), None),
        ("failed", jwt(issuer()).best_effort(), Some(&*expired)),
        ("malformed", jwt(issuer()).best_effort(), Some("a.b.c")),
    ] {
        let (source, feed) = feed();
        let response = answered(layer, token, Response::new(feed)).await;
        assert_eq!(response.status(), 200, "{name}");
        let mut body = Box::pin(response.into_body());
        assert_eq!(end_within(DAY, &mut body).await, "none", "{name}");
        source.send("later");
        assert_eq!(end_within(SECOND, &mut body).await, "later", "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_one_is_bound_by_it_in_every_mode() {
    for (name, set) in MODES {
        let (source, feed) = feed();
        let layer = set(jwt(issuer()));
        let response = answered(layer, Some(&token_for(5.0)), Response::new(feed)).await;
        let began = Instant::now();
        assert_eq!(end_within(DAY, &mut Box::pin(response.into_body())).await, CUT, "{name}");
        assert_at(name, began.elapsed(), 5 * SECOND);
        assert!(source.is_dropped());
    }
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_ends_its_stream_within_a_second() {
    for (answer, expected) in [
        (Revocation::Revoked, "error: the token has been revoked"),
        (Revocation::Unknown, "error: nobody can say any more whether the token has been revoked"),
    ] {
        let told = Told::default();
        let layer = jwt(issuer().revocation(told.clone()));
        let (_source, feed) = feed();
        let response = answered(layer, Some(&token_for(900.0)), Response::new(feed)).await;
        let (began, mut body) = (Instant::now(), Box::pin(response.into_body()));
        let reader = tokio::spawn(async move {
            let end = end_within(DAY, &mut body).await;
            (end, began.elapsed())
        });
        pass(Duration::from_millis(7_700)).await;
        told.say(answer);
        let (end, after) = reader.await.unwrap();
        assert_eq!(end, expected);
        assert_within_a_second(expected, after, Duration::from_millis(7_700));
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_in_its_leeway_binds_until_that_is_over() {
    let (_source, feed) = feed();
    let layer = jwt(issuer().leeway(60 * SECOND));
    let response = answered(layer, Some(&token_for(-20.0)), Response::new(feed)).await;
    let began = Instant::now();
    assert_eq!(end_within(DAY, &mut Box::pin(response.into_body())).await, CUT);
    assert_at("leeway", began.elapsed(), 40 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_its_time_takes_it_from_the_token() {
    for (takes, left) in [(3, 2), (8, 0)] {
        let (_source, feed) = feed();
        let mut later = once(Response::new(feed));
        let slow = service_fn(move |request| {
            let response = later.call(request);
            async move {
                pass(takes * SECOND).await;
                response.await
            }
        });
        // `service_fn` asks for a `Clone`, which a service that is called once need not be.
        let layers = ServiceBuilder::new().layer(jwt(issuer())).layer(LifetimeLayer::new());
        let response = layers.service(slow).oneshot(request(Some(&token_for(5.0)))).await.unwrap();
        let began = Instant::now();
        assert_eq!(end_within(DAY, &mut Box::pin(response.into_body())).await, CUT, "{takes}");
        assert_at("no leeway is added", began.elapsed(), left * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn frames_arrive_until_then_and_none_after() {
    let (source, feed) = feed();
    let response = answered(jwt(issuer()), Some(&token_for(5.0)), Response::new(feed)).await;
    let mut body = Box::pin(response.into_body());
    for text in ["one", "two"] {
        source.send(text);
        assert_eq!(end_within(SECOND, &mut body).await, text);
    }
    pass(5 * SECOND).await;
    source.send("withheld");
    assert_eq!(end_within(SECOND, &mut body).await, CUT);
    assert!(source.is_dropped());
    assert_eq!(end_within(SECOND, &mut body).await, "end");
}

#[tokio::test(start_paused = true)]
async fn axums_own_events_end_in_time() {
    let ticks = || async {
        Sse::new(stream::unfold((), |()| async {
            pass(SECOND).await;
            Some((Ok::<_, Infallible>(Event::default().data("tick")), ()))
        }))
    };
    let app = Router::new().route("/", get(ticks));
    let app = app.route_layer(LifetimeLayer::new()).route_layer(jwt(issuer()));
    let request = request(Some(&token_for(4.5))).map(|()| axum::body::Body::empty());
    let response = app.oneshot(request).await.unwrap();
    let began = Instant::now();
    let read = soon(response.into_body().collect()).await.unwrap().to_bytes();
    assert_eq!(read, "data: tick\n\n".repeat(4));
    assert_at("exp", began.elapsed(), Duration::from_millis(4_500));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_from_further_in_is_rendered_as_ever() {
    let denied = tower_bearer::AuthorizeLayer::new(policy_fn(|_, _| Err(Denial::forbidden())));
    let app = Router::new().route("/", get(|| async {})).route_layer(denied);
    let app = app.route_layer(LifetimeLayer::new());
    let app = app.route_layer(jwt(issuer()).responder(ProblemJson::new()));
    let request = request(Some(&token_for(5.0))).map(|()| axum::body::Body::empty());
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(
        (response.status(), &*response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned()),
        (StatusCode::FORBIDDEN, "application/problem+json")
    );
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"{"), "{body:?}");
}

#[tokio::test(start_paused = true)]
async fn refusals_of_every_responder_fit_its_body() {
    for bad in [None, Some("a.b.c")] {
        let layers = ServiceBuilder::new()
            .layer(jwt(issuer()).responder(ProblemJson::new()))
            .layer(LifetimeLayer::new());
        let service = layers.service(once(Response::new(axum::body::Body::empty())));
        let response = service.oneshot(request(bad)).await.unwrap();
        assert_eq!(response.status(), 401);
        pass(DAY).await;
        assert!(!response.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_inside_is_asked_as_if_there_were_no_layer() {
    let (mock, mut handle) = tower_test::mock::pair::<Request<()>, Response<Feed>>();
    let mut service = LifetimeLayer::new().layer(mock);
    handle.allow(0);
    assert!(service.ready().now_or_never().is_none(), "it is not ready");
    handle.send_error("out of order");
    let error = service.ready().await.map(drop).unwrap_err();
    assert_eq!(error.to_string(), "out of order");
    assert!(format!("{service:?}").starts_with("LifetimeService"));
    let _: &tower_test::mock::Mock<_, _> = service.get_ref();
}
