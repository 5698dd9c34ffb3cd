//! Several layers, one in another: what is asked for together, and who renders the refusal.

use axum::{
    Router,
    middleware::map_response,
    response::{AppendHeaders, IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use tower_bearer::{
    AuthorizeLayer, Denial, Lookup, Policy, Rejection, RequestHead, RequireScope, VerifiedToken,
    policy_fn,
};

use super::{
    Awaited, admin, assert_passed, authorization, bearer, fresh, jwt, lacks, layers, missing_with,
    passed, read, reading, scope, scoped,
};
use crate::support::{App, Log};

#[tokio::test]
async fn a_refusal_further_in_names_what_layers_further_out_need_too() {
    async fn deletes(token: VerifiedToken) -> Result<&'static str, Denial> {
        scope("delete").check(&token)?;
        Ok("deleted")
    }
    let outer = || RequireScope::any(["read", "admin"]).unwrap();
    let write = || AuthorizeLayer::new(scope("write"));
    let strict = || AuthorizeLayer::new(Awaited(scope("write").and(fresh())));
    let route = || {
        Router::new()
            .route("/write", passed().layer(write()))
            .route("/write-awaited", passed().layer(AuthorizeLayer::new(Awaited(scope("write")))))
            .route("/pay", passed().layer(strict()))
            .route("/role", passed().layer(AuthorizeLayer::new(admin())))
            .route("/delete", get(deletes))
            .route("/thrice", get(deletes).layer(write()))
    };
    let step_up = r#"Bearer realm="api", error="insufficient_user_authentication", error_description="a stronger or more recent login is needed here", scope="read write", max_age="300""#;
    let places = [
        ("AuthorizeLayer", route().layer(AuthorizeLayer::new(outer())).layer(jwt())),
        ("awaited", route().layer(AuthorizeLayer::new(Awaited(outer()))).layer(jwt())),
        ("require", route().layer(jwt().require(outer()))),
        ("require, awaited", route().layer(layers()[1].1.clone().require(Awaited(outer())))),
    ];
    for (place, router) in places {
        let app = App::serve(router).await;
        for (path, scopes, status, challenge) in [
            // What the inner one needs, and that of the outer one which the token has.
            ("/write", "read", 403, lacks("read write")),
            ("/write", "admin", 403, lacks("admin write")),
            ("/write", "admin read", 403, lacks("read admin write")),
            ("/write-awaited", "read", 403, lacks("read write")),
            ("/pay", "read", 401, step_up.to_owned()),
            ("/role", "read", 403, String::new()),
            // A handler's own.
            ("/delete", "read", 403, lacks("read delete")),
            ("/thrice", "read write", 403, lacks("read write delete")),
            // The outer one is asked first.
            ("/write", "write", 403, lacks("read admin")),
        ] {
            let reply = read(&app, path, &scoped(scopes)).await;
            reply.assert_refused(&format!("{path}, {scopes}, {place}"), status, &challenge);
        }
        assert_passed(&place, &read(&app, "/write", &scoped("read write")).await, "passed");
        assert_passed(&place, &read(&app, "/delete", &scoped("admin delete")).await, "deleted");
    }
}

#[tokio::test]
async fn what_is_required_twice_is_required_together() {
    let layer = jwt().require(scope("read")).require(Awaited(admin())).require(scope("write"));
    let app = App::serve(Router::new().route("/", passed()).layer(layer)).await;
    let admin = |scopes: &str| bearer(&json!({}), &json!({ "roles": "admin", "scope": scopes }));
    for (lines, status, challenge) in [
        (authorization("absent"), 401, missing_with("read write")),
        (admin("read"), 403, lacks("read write")),
        (admin("write"), 403, lacks("read write")),
        (scoped("read write"), 403, String::new()),
    ] {
        read(&app, "/", &lines).await.assert_refused(&challenge, status, &challenge);
    }
    assert_passed(&"all", &read(&app, "/", &admin("read write")).await, "passed");
}

#[tokio::test]
async fn of_two_layers_each_renders_what_is_refused_nearest_to_it() {
    let says = |name: &'static str| {
        move |rejection: &Rejection| (rejection.status(), [("x-rendered-by", name)]).into_response()
    };
    let outer = || jwt().optional().respond_with(says("outer"));
    let inner = || jwt().optional().respond_with(says("inner"));
    let cases = [
        (
            "a policy within the inner one",
            Router::new().route("/", passed()).layer(reading()).layer(inner()).layer(outer()),
            "inner",
        ),
        (
            "the inner one's own",
            Router::new().route("/", passed()).layer(inner().require(scope("read"))).layer(outer()),
            "inner",
        ),
        (
            "a policy between the two",
            Router::new().route("/", passed()).layer(inner()).layer(reading()).layer(outer()),
            "outer",
        ),
        (
            "the outer one's own",
            Router::new().route("/", passed()).layer(inner()).layer(outer().require(scope("read"))),
            "outer",
        ),
    ];
    for (name, router, by) in cases {
        let app = App::serve(router).await;
        for (state, status, challenge) in
            [("absent", 401, missing_with("read")), ("denied", 403, lacks("read"))]
        {
            let reply = read(&app, "/", &authorization(state)).await;
            reply.assert_refused(name, status, &challenge);
            assert_eq!(reply.headers["x-rendered-by"], by, "{name}, {state}");
        }
    }
}

#[tokio::test]
async fn what_is_added_between_policy_and_layer_is_kept() {
    let add = map_response(|response: Response| async {
        (AppendHeaders([("x-request-id", "7"), ("content-language", "la")]), response)
    });
    let router = Router::new().route("/", passed()).layer(reading()).layer(add).layer(jwt());
    let reply = read(&App::serve(router).await, "/", &authorization("denied")).await;
    reply.assert_refused("added", 403, &lacks("read"));
    assert_eq!(reply.headers["x-request-id"], "7");
    assert_eq!(reply.headers.get("content-language"), None, "speaks of the old answer");
}

#[tokio::test]
async fn a_policy_without_a_layer_before_it_answers_500_and_says_so_once() {
    let outside = Router::new().route("/", passed()).layer(jwt()).layer(reading());
    let alone = Router::new().route("/", passed()).layer(reading());
    let permissive = || AuthorizeLayer::new(policy_fn(|_, _| Ok(())));
    let twice = Router::new().route("/", passed()).layer(permissive()).layer(permissive());
    for (name, router) in [("outside", outside), ("alone", alone), ("twice", twice)] {
        for state in ["absent", "permitted"] {
            let log = Log::capture();
            let app = App::serve(router.clone()).await.once();
            let reply = read(&app, "/", &authorization(state)).await;
            reply.assert_refused(name, 500, "");
            let text = log.text();
            let times = text.matches("no JwtLayer has run before this handler").count();
            assert_eq!(times, 1, "{name}, {state}: {text}");
        }
    }
}

#[tokio::test]
async fn a_policy_of_ones_own_cannot_spoil_the_challenge() {
    #[derive(Debug)]
    struct Odd;

    impl Policy for Odd {
        fn authorize(&self, _: &VerifiedToken, _: RequestHead<'_>) -> Lookup<Result<(), Denial>> {
            Lookup::Ready(Ok(()))
        }

        fn scopes(&self) -> Vec<&str> {
            vec!["read", "two words", "\"", "read\r\nset-cookie: a", "", "größe", "read", "write"]
        }
    }
    let app = App::serve(Router::new().route("/", passed()).route_layer(jwt().require(Odd))).await;
    let reply = read::<&str>(&app, "/", &[]).await;
    assert_eq!((reply.status, reply.challenge()), (401, &*missing_with("read write")));
}
