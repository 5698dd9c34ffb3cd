//! A bad token in any place makes no anonymous request, whatever is wrong with it.

use std::collections::BTreeSet;

use axum::{Router, routing::any};
use tower_bearer::{Claims, JwtLayer, TokenErrorKind as Kind, VerifiedToken};

use super::{Body, Place, at_hand, good, long, places::malformed, with};
use crate::{
    authorizing::never_anonymous::{self, expected, kinds_of_the_source},
    support::{App, MODES, answer_outcome},
};

/// What may be wrong, a layer that finds it, and the request in which it finds it.
struct Case {
    kind: Kind,
    layer: JwtLayer,
    request: hyper::Request<Body>,
}

/// Every kind of error there is, in this place.
fn cases(place: Place) -> Vec<Case> {
    let of_tokens = never_anonymous::tokens().into_iter().map(|(kind, layer, token)| Case {
        kind,
        layer,
        request: place.get([token]),
    });
    let case = |kind, request| Case { kind, layer: at_hand(), request };
    let mut cases: Vec<_> = of_tokens.collect();
    cases.push(case(Kind::TokenTooLong, place.get([long(1)])));
    cases.push(case(Kind::SeveralCredentials, place.get([good(), good()])));
    for text in malformed(place, &good()) {
        cases.push(case(Kind::InvalidCredentials, place.get([text])));
    }
    if place == Place::Cookie {
        for lines in [
            &[("upgrade", "websocket")][..],
            &[("upgrade", "websocket"), ("origin", "https://elsewhere.example")],
        ] {
            cases.push(case(Kind::CrossOrigin, with(place.get([good()]), lines)));
        }
        let mut post = place.get([good()]);
        *post.method_mut() = hyper::Method::POST;
        cases.push(case(Kind::CrossOrigin, with(post, &[("sec-fetch-site", "cross-site")])));
    }
    cases
}

#[test]
fn there_is_a_request_for_every_kind_of_error_in_every_place() {
    for place in Place::ALL {
        let provoked: BTreeSet<_> =
            cases(place).iter().map(|case| format!("{:?}", case.kind)).collect();
        let mut kinds = kinds_of_the_source();
        if place != Place::Cookie {
            assert!(kinds.remove("CrossOrigin"), "of cookies alone");
        }
        assert_eq!(provoked, kinds, "{place:?}");
    }
}

#[tokio::test]
async fn each_request_has_the_error_that_it_is_here_for() {
    for place in Place::ALL {
        for Case { kind, layer, request } in cases(place) {
            let app = super::outcomes(layer.best_effort().source(place.source())).await;
            let reply = app.send(request).await;
            assert_eq!(reply.body, format!("failed: {}", kind.code()), "{place:?}");
        }
    }
}

/// Says `nobody` wherever a request without credentials is let through, and a bad one must not be.
fn readers() -> Router {
    let claims = |claims: Option<Claims<serde_json::Value>>| async move {
        if claims.is_some() { "somebody" } else { "nobody" }
    };
    let token = |token: Option<VerifiedToken>| async move {
        if token.is_some() { "somebody" } else { "nobody" }
    };
    Router::new().route("/", any(token)).route("/claims", any(claims))
}

#[tokio::test]
async fn no_bad_token_passes_for_none_in_any_mode() {
    for place in Place::ALL {
        for Case { kind, layer, request } in cases(place) {
            let (status, challenge) = expected(kind);
            for (mode, set) in MODES {
                let layer = set(layer.clone()).source(place.source());
                let app = App::serve(readers().layer(layer)).await;
                let case = format!("{place:?}, {kind:?}, {mode}");
                app.send(request.clone()).await.assert_refused(&case, status, challenge);
            }
        }
    }
}

#[tokio::test]
async fn an_optional_layer_refuses_it_itself() {
    for place in Place::ALL {
        for Case { kind, layer, request } in cases(place) {
            let (status, challenge) = expected(kind);
            let layer = layer.optional().source(place.source());
            let router = Router::new().fallback_service(answer_outcome().layer(layer));
            let reply = App::serve(router).await.send(request).await;
            reply.assert_refused(&format!("{place:?}, {kind:?}"), status, challenge);
        }
    }
}
