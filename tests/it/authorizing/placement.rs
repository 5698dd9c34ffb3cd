//! Policies at every place that Tower and axum have for a layer.

use std::convert::Infallible;

use axum::{
    Extension, Router,
    handler::Handler,
    response::IntoResponse,
    routing::{MethodRouter, get, post},
};
use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Bytes, header::WWW_AUTHENTICATE};
use serde::Deserialize;
use serde_json::json;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_bearer::{AuthorizeLayer, Claims, Denial, Policy, policy_fn};

use super::{
    EXPIRED, MISSING, assert_passed, authorization, bearer, jwt, lacks, layers, missing_with,
    passed, read, reading, scope, scoped, send,
};
use crate::support::{App, MODES};

#[tokio::test]
async fn the_layer_goes_around_anything_that_axum_knows() {
    let route = || Router::new().route("/", passed());
    let one = |method: MethodRouter| Router::new().route("/", method);
    let built = || ServiceBuilder::new().layer(jwt().optional()).layer(reading());
    let plain = || {
        service_fn(|_: axum::extract::Request| async {
            Ok::<_, Infallible>("passed".into_response())
        })
    };
    let handler = || async { "passed" };
    // And what is answered at another path to a token that is denied.
    let cases = [
        ("Router::layer", route().layer(reading()), 403),
        ("Router::route_layer", route().route_layer(reading()), 404),
        ("MethodRouter::layer", one(passed().layer(reading())), 404),
        ("MethodRouter::route_layer", one(get(handler).route_layer(reading())), 404),
        ("one method of two", one(post(handler).merge(get(handler).layer(reading()))), 404),
        ("Handler::layer", one(get(handler.layer(reading()))), 404),
        ("a fallback", Router::new().fallback_service(reading_around(plain())), 403),
        ("Router::merge", Router::new().merge(route().route_layer(reading())), 404),
        (
            "ServiceBuilder in Router::layer",
            route().layer(ServiceBuilder::new().layer(reading())),
            403,
        ),
    ];
    let layered = cases.map(|(name, router, other)| (name, router.layer(jwt().optional()), other));
    let in_one = [
        ("both in a ServiceBuilder", route().layer(built()), 403),
        ("both around a service", Router::new().route_service("/", built().service(plain())), 404),
        ("both around a method", one(passed().layer(built())), 404),
        (
            "both around the routes",
            route().route_layer(reading()).route_layer(jwt().optional()),
            404,
        ),
    ];
    for (name, router, elsewhere) in layered.into_iter().chain(in_one) {
        let app = App::serve(router).await;
        let reply = read(&app, "/", &authorization("absent")).await;
        reply.assert_refused(name, 401, &missing_with("read"));
        let reply = read(&app, "/", &authorization("denied")).await;
        reply.assert_refused(name, 403, &lacks("read"));
        read(&app, "/", &authorization("expired")).await.assert_refused(name, 401, EXPIRED);
        assert_passed(&name, &read(&app, "/", &authorization("permitted")).await, "passed");
        let reply = read(&app, "/elsewhere", &authorization("denied")).await;
        assert_eq!(reply.status, elsewhere, "{name}");
    }
}

fn reading_around<S: Clone>(service: S) -> tower_bearer::AuthorizeService<S> {
    ServiceBuilder::new().layer(reading()).service(service)
}

#[tokio::test]
async fn a_router_that_is_nested_keeps_its_policy_and_its_own_view_of_the_path() {
    let own = policy_fn(|_, head| Denial::unless(head.uri().path() == "/in"));
    let below = Router::new().route("/in", passed()).route_layer(AuthorizeLayer::new(own));
    let from_above = policy_fn(|_, head| Denial::unless(head.uri().path() == "/api/in"));
    let router = Router::new()
        .nest("/api", below.route_layer(reading()))
        .route("/out", passed())
        .layer(AuthorizeLayer::new(from_above.or(scope("out"))))
        .layer(jwt());
    let app = App::serve(router).await;
    let denied = read(&app, "/api/in", &authorization("denied")).await;
    denied.assert_refused("nested", 403, &lacks("read"));
    let reply = read(&app, "/api/in", &authorization("permitted")).await;
    assert_passed(&"nested", &reply, "passed");
    let reply = read(&app, "/out", &authorization("denied")).await;
    reply.assert_refused("beside it", 403, &lacks("out"));
    assert_passed(&"beside it", &read(&app, "/out", &scoped("out")).await, "passed");
}

#[tokio::test]
async fn only_the_method_that_it_is_put_before_asks_for_more() {
    let notes = get(|| async { "notes" })
        .merge(post(|| async { "noted" }).layer(AuthorizeLayer::new(scope("write"))));
    let app = App::serve(Router::new().route("/notes", notes).route_layer(jwt())).await;
    let reader = scoped("read");
    assert_passed(&"get", &read(&app, "/notes", &reader).await, "notes");
    let reply = send(&app, Request::post("/notes"), &reader).await;
    reply.assert_refused("post", 403, &lacks("write"));
    let reply = send(&app, Request::post("/notes"), &scoped("write")).await;
    assert_passed(&"post", &reply, "noted");
}

#[tokio::test]
async fn it_goes_around_a_plain_service_with_any_body() {
    let answer = service_fn(|request: Request<Full<Bytes>>| async move {
        let body = request.into_body().collect().await?.to_bytes();
        Ok::<_, Infallible>(hyper::Response::new(Full::<Bytes>::from(body)))
    });
    for (keys, layer) in layers() {
        let both = ServiceBuilder::new().layer(layer.clone().optional()).layer(reading());
        let inner = both.service(answer);
        let required = ServiceBuilder::new().layer(layer.require(scope("read"))).service(answer);
        for (state, status, challenge, body) in [
            ("permitted", 200, String::new(), "body"),
            ("denied", 403, lacks("read"), ""),
            ("absent", 401, missing_with("read"), ""),
            ("down", 503, String::new(), ""),
        ] {
            let request = || {
                let mut request = Request::new(Full::<Bytes>::from("body"));
                for line in authorization(state) {
                    request.headers_mut().append("authorization", line.parse().unwrap());
                }
                request
            };
            for response in [
                inner.clone().oneshot(request()).await.unwrap(),
                required.clone().oneshot(request()).await.unwrap(),
            ] {
                let (head, answer) = response.into_parts();
                let found =
                    head.headers.get(WWW_AUTHENTICATE).map_or("", |value| value.to_str().unwrap());
                assert_eq!((head.status.as_u16(), found), (status, &*challenge), "{state}, {keys}");
                assert_eq!(answer.collect().await.unwrap().to_bytes(), body, "{state}, {keys}");
            }
        }
    }
}

#[tokio::test]
async fn a_preflight_passes_a_layer_that_lets_it_and_no_policy_further_in() {
    let preflight = || {
        Request::options("/")
            .header("origin", "https://app.example")
            .header("access-control-request-method", "PUT")
    };
    for (mode, set) in MODES {
        for (keys, layer) in layers() {
            let layer = set(layer);
            let serve = |layer| App::serve(Router::new().route("/", passed()).layer(layer));
            let refuses = serve(layer.clone().require(scope("read"))).await;
            let reply = send::<&str>(&refuses, preflight(), &[]).await;
            reply.assert_refused(keys, 401, &missing_with("read"));

            let lets = layer.allow_cors_preflight();
            let app = serve(lets.clone().require(scope("read"))).await;
            assert_passed(&mode, &send::<&str>(&app, preflight(), &[]).await, "passed");
            // It is no way in for anything else.
            let reply = send::<&str>(&app, Request::options("/"), &[]).await;
            reply.assert_refused(keys, 401, &missing_with("read"));

            let inside = Router::new().route("/", passed()).layer(reading()).layer(lets);
            let reply = send::<&str>(&App::serve(inside).await, preflight(), &[]).await;
            reply.assert_refused(keys, 401, &missing_with("read"));
        }
    }
}

#[derive(Deserialize)]
struct User {
    roles: Vec<String>,
}

#[tokio::test]
async fn claims_are_decoded_before_the_policy_is_asked() {
    async fn roles(user: Option<Extension<Claims<User>>>) -> String {
        user.map_or("none".to_owned(), |Extension(user)| user.roles.join(" "))
    }
    let misfit = |scope: &str| bearer(&json!({}), &json!({ "roles": 7, "scope": scope }));
    for (mode, set) in MODES {
        for (keys, layer) in layers() {
            let layer = set(layer).claims::<User>().require(scope("read"));
            let app = App::serve(Router::new().route("/", get(roles)).layer(layer)).await;
            let case = format!("{mode}, {keys}");
            assert_passed(&case, &read(&app, "/", &authorization("permitted")).await, "admin");
            read(&app, "/", &[""; 0]).await.assert_refused(&case, 401, &missing_with("read"));
            let (misfit, denied) =
                (read(&app, "/", &misfit("read")).await, read(&app, "/", &misfit("")).await);
            if mode == "best effort" {
                assert_passed(&case, &misfit, "none");
                denied.assert_refused(&case, 403, &lacks("read"));
            } else {
                misfit.assert_refused(&case, 403, "");
                denied.assert_refused(&case, 403, "");
            }
        }
    }
}

#[tokio::test]
async fn a_required_layer_refuses_before_a_policy_further_in_could_name_its_scopes() {
    let router = Router::new().route("/", passed()).layer(reading()).layer(jwt());
    let reply = read(&App::serve(router).await, "/", &authorization("absent")).await;
    reply.assert_refused("absent", 401, MISSING);
}
