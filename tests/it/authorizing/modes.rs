//! The table of modes and outcomes: a row for each token, a column for each reader of what the layer left.

use axum::{Router, routing::get};
use hyper::header::RETRY_AFTER;
use serde_json::Value;
use tower_bearer::{AuthorizeLayer, Claims, Denial, JwtLayer, Policy, VerifiedToken, policy_fn};

use super::{
    Awaited, EXPIRED, INVALID_REQUEST, INVALID_TOKEN, MISSING, STEP_UP, admin, assert_passed,
    authorization, fresh, lacks, layers, missing_with, passed, read, scope,
};
use crate::support::{App, MODES, Reply};

/// What comes of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cell {
    /// 200, for this user.
    Ada,
    /// 200, for nobody.
    Nobody,
    Expired,
    InvalidRequest,
    InvalidToken,
    Lacks,
    Missing,
    /// The same, where the scope is known.
    MissingScope,
    Unavailable,
}

use Cell::{
    Ada, Expired, InvalidRequest, InvalidToken, Lacks, Missing, MissingScope, Nobody, Unavailable,
};

impl Cell {
    #[track_caller]
    fn check(self, case: &str, reply: &Reply) {
        match self {
            Self::Ada => assert_passed(&case, reply, "ada"),
            Self::Nobody => assert_passed(&case, reply, "nobody"),
            Self::Expired => reply.assert_refused(case, 401, EXPIRED),
            Self::InvalidRequest => reply.assert_refused(case, 400, INVALID_REQUEST),
            Self::InvalidToken => reply.assert_refused(case, 401, INVALID_TOKEN),
            Self::Lacks => reply.assert_refused(case, 403, &lacks("read")),
            Self::Missing => reply.assert_refused(case, 401, MISSING),
            Self::MissingScope => reply.assert_refused(case, 401, &missing_with("read")),
            Self::Unavailable => {
                reply.assert_refused(case, 503, "");
                assert_eq!(reply.headers[RETRY_AFTER], "5", "{case}");
            }
        }
    }
}

/// Mode and token; then what `Claims<T>` and `VerifiedToken`, their options, a policy further in, and one that the
/// layer itself requires make of it.
const TABLE: [(&str, &str, Cell, Cell, Cell, Cell); 21] = [
    ("required", "absent", Missing, Missing, Missing, MissingScope),
    ("required", "permitted", Ada, Ada, Ada, Ada),
    ("required", "denied", Ada, Ada, Lacks, Lacks),
    ("required", "two", InvalidRequest, InvalidRequest, InvalidRequest, InvalidRequest),
    ("required", "expired", Expired, Expired, Expired, Expired),
    ("required", "invalid", InvalidToken, InvalidToken, InvalidToken, InvalidToken),
    ("required", "down", Unavailable, Unavailable, Unavailable, Unavailable),
    ("optional", "absent", Missing, Nobody, MissingScope, MissingScope),
    ("optional", "permitted", Ada, Ada, Ada, Ada),
    ("optional", "denied", Ada, Ada, Lacks, Lacks),
    ("optional", "two", InvalidRequest, InvalidRequest, InvalidRequest, InvalidRequest),
    ("optional", "expired", Expired, Expired, Expired, Expired),
    ("optional", "invalid", InvalidToken, InvalidToken, InvalidToken, InvalidToken),
    ("optional", "down", Unavailable, Unavailable, Unavailable, Unavailable),
    ("best effort", "absent", Missing, Nobody, MissingScope, MissingScope),
    ("best effort", "permitted", Ada, Ada, Ada, Ada),
    ("best effort", "denied", Ada, Ada, Lacks, Lacks),
    ("best effort", "two", InvalidRequest, InvalidRequest, InvalidRequest, InvalidRequest),
    ("best effort", "expired", Expired, Expired, Expired, Expired),
    ("best effort", "invalid", InvalidToken, InvalidToken, InvalidToken, InvalidToken),
    ("best effort", "down", Unavailable, Unavailable, Unavailable, Unavailable),
];

const STATES: [&str; 7] = ["absent", "permitted", "denied", "two", "expired", "invalid", "down"];

fn who(token: Option<&VerifiedToken>) -> String {
    token.and_then(VerifiedToken::subject).unwrap_or("nobody").to_owned()
}

async fn anybody(request: axum::extract::Request) -> String {
    who(VerifiedToken::of(&request))
}

fn subject(claims: &Claims<Value>) -> String {
    claims["sub"].as_str().unwrap().to_owned()
}

/// A route for each reader. A policy is asked at `/policy`, at once and, at `/policy-awaited`, in its own time.
fn readers() -> Router {
    Router::new()
        .route("/claims", get(|claims: Claims<Value>| async move { subject(&claims) }))
        .route("/token", get(|token: VerifiedToken| async move { who(Some(&token)) }))
        .route(
            "/option-claims",
            get(|claims: Option<Claims<Value>>| async move {
                claims.as_ref().map_or_else(|| who(None), subject)
            }),
        )
        .route(
            "/option-token",
            get(|token: Option<VerifiedToken>| async move { who(token.as_ref()) }),
        )
        .route("/policy", get(anybody).layer(AuthorizeLayer::new(scope("read"))))
        .route("/policy-awaited", get(anybody).layer(AuthorizeLayer::new(Awaited(scope("read")))))
}

#[tokio::test]
async fn every_mode_every_token_and_every_reader() {
    for (mode, set) in MODES {
        let rows: Vec<_> = TABLE.iter().filter(|(of, ..)| *of == mode).collect();
        let states: Vec<_> = rows.iter().map(|(_, state, ..)| *state).collect();
        assert_eq!(states, STATES, "{mode}: a row for each token");
        for (keys, layer) in layers() {
            let app = App::serve(readers().layer(set(layer))).await;
            for (_, state, extractor, option, policy, _) in &rows {
                for (path, expected) in [
                    ("/claims", extractor),
                    ("/token", extractor),
                    ("/option-claims", option),
                    ("/option-token", option),
                    ("/policy", policy),
                    ("/policy-awaited", policy),
                ] {
                    let reply = read(&app, path, &authorization(state)).await;
                    expected.check(&format!("{mode}, {state}, {path}, {keys}"), &reply);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_policy_of_the_layer_itself_judges_in_every_mode() {
    for (mode, set) in MODES {
        for (keys, layer) in layers() {
            let at_once = set(layer.clone()).require(scope("read"));
            let awaited = set(layer.clone()).require(Awaited(scope("read")));
            // The order of settings does not matter.
            let before = set(layer.require(scope("read")));
            for (policy, layer) in [("at once", at_once), ("awaited", awaited), ("before", before)]
            {
                let app = App::serve(Router::new().route("/", get(anybody)).layer(layer)).await;
                for (_, state, _, _, _, expected) in TABLE.iter().filter(|(of, ..)| *of == mode) {
                    let reply = read(&app, "/", &authorization(state)).await;
                    expected.check(&format!("{mode}, {state}, {keys}, {policy}"), &reply);
                }
            }
        }
    }
}

#[tokio::test]
async fn without_a_layer_every_reader_answers_500() {
    let app = App::serve(readers()).await;
    for state in STATES {
        for path in ["/claims", "/token", "/option-claims", "/option-token"] {
            let reply = read(&app, path, &authorization(state)).await;
            assert_eq!((reply.status, reply.challenge()), (500, ""), "{path}, {state}");
            assert!(reply.body.contains("JwtLayer"), "{path}, {state}: {}", reply.body);
        }
        for path in ["/policy", "/policy-awaited"] {
            read(&app, path, &authorization(state)).await.assert_refused(path, 500, "");
        }
    }
}

/// Puts a policy before `GET /`: as the layer's own or further in.
type Place = fn(JwtLayer, Box<dyn Policy>) -> Router;

const PLACES: [(&str, Place); 2] = [
    ("require", |layer, policy| Router::new().route("/", passed()).layer(layer.require(policy))),
    ("AuthorizeLayer", |layer, policy| {
        Router::new().route("/", passed()).layer(AuthorizeLayer::new(policy)).layer(layer)
    }),
];

#[tokio::test]
async fn a_good_token_that_is_denied_is_answered_as_the_denial_says() {
    type Make = fn() -> Box<dyn Policy>;
    type Answer<'a> = (u16, &'a str);

    let lacks = lacks("read");
    // A policy; then the answers to a token that is not enough, and to one whose claims are of other types.
    let policies: [(&str, Make, Answer<'_>, Answer<'_>); 8] = [
        ("scope", || Box::new(scope("read")), (403, &lacks), (403, &lacks)),
        ("role", || Box::new(admin()), (403, ""), (403, "")),
        ("step-up", || Box::new(fresh()), (401, STEP_UP), (403, "")),
        ("closure", || Box::new(policy_fn(|_, _| Denial::unless(false))), (403, ""), (403, "")),
        (
            "closure that reads a claim",
            || {
                Box::new(policy_fn(|token, _| {
                    token.claim::<Vec<u8>>("sub").map(drop).map_err(Into::into)
                }))
            },
            (403, ""),
            (403, ""),
        ),
        (
            "out of reach",
            || Box::new(policy_fn(|_, _| Err(Denial::unavailable("the store is down")))),
            (503, ""),
            (503, ""),
        ),
        ("not", || Box::new(policy_fn(|_, _| Ok(())).not()), (403, ""), (403, "")),
        ("scope or step-up", || Box::new(scope("read").or(fresh())), (403, &lacks), (403, &lacks)),
    ];
    for (mode, set) in MODES {
        for (place, put) in PLACES {
            for (name, make, denied, odd) in policies {
                for (keys, layer) in layers() {
                    for (state, (status, challenge)) in [("denied", denied), ("odd", odd)] {
                        let case = format!("{name}, {state}, {mode}, {place}, {keys}");
                        let awaited: Box<dyn Policy> = Box::new(Awaited(make()));
                        for policy in [make(), awaited] {
                            let app = App::serve(put(set(layer.clone()), policy)).await;
                            let reply = read(&app, "/", &authorization(state)).await;
                            reply.assert_refused(&case, status, challenge);
                            let retry = reply.headers.contains_key(RETRY_AFTER);
                            assert_eq!(retry, status == 503, "{case}");
                        }
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn what_a_policy_permits_passes_in_every_mode() {
    type Make = fn() -> Box<dyn Policy>;
    let policies: [(&str, Make); 6] = [
        ("scope", || Box::new(scope("read"))),
        ("role", || Box::new(admin())),
        ("step-up", || Box::new(fresh())),
        ("all", || Box::new(scope("read").and(admin()).and(fresh()))),
        ("any", || Box::new(scope("other").or(admin()))),
        ("not", || Box::new(scope("other").not())),
    ];
    for (mode, set) in MODES {
        for (place, put) in PLACES {
            for (name, make) in policies {
                for (keys, layer) in layers() {
                    let awaited: Box<dyn Policy> = Box::new(Awaited(make()));
                    for policy in [make(), awaited] {
                        let app = App::serve(put(set(layer.clone()), policy)).await;
                        let reply = read(&app, "/", &authorization("permitted")).await;
                        assert_passed(&(name, mode, place, keys), &reply, "passed");
                    }
                }
            }
        }
    }
}
