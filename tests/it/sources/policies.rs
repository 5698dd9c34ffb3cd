//! Policies see where the token stood.

use axum::Router;
use tower_bearer::{
    AuthorizeLayer, Denial, JwtLayer, TokenOrigin, TokenSource, policy_fn, policy_fn_async,
};

use super::{Place, Source, get, good, layers};
use crate::support::{App, MODES, answer_outcome};

const ORIGINS: [(Place, TokenOrigin); 5] = [
    (Place::Cookie, TokenOrigin::Cookie),
    (Place::Header, TokenOrigin::Header),
    (Place::Own, TokenOrigin::Other),
    (Place::Query, TokenOrigin::Query),
    (Place::Socket, TokenOrigin::WebSocketProtocol),
];

async fn only_from<T: TokenSource>(layer: JwtLayer<T>, origin: TokenOrigin, how: &str) -> App {
    let at_once = policy_fn(move |_, head| Denial::unless(TokenOrigin::of(head) == Some(origin)));
    let awaited = policy_fn_async(move |_, head| {
        let decision = Denial::unless(TokenOrigin::of(head) == Some(origin));
        async move {
            tokio::task::yield_now().await;
            decision
        }
    });
    let route = Router::new().route("/", answer_outcome());
    App::serve(match how {
        "require" => route.layer(layer.require(at_once)),
        "require, awaited" => route.layer(layer.require(awaited)),
        "AuthorizeLayer" => route.layer(AuthorizeLayer::new(at_once)).layer(layer),
        _ => route.layer(AuthorizeLayer::new(awaited)).layer(layer),
    })
    .await
}

#[tokio::test]
async fn a_policy_can_ask_where_the_token_stood() {
    for how in ["require", "require, awaited", "AuthorizeLayer", "AuthorizeLayer, awaited"] {
        for (keys, layer) in layers() {
            for (mode, set) in MODES {
                for (wanted, origin) in ORIGINS {
                    let layer = set(layer.clone()).source(Source::chain(&Place::ALL));
                    let app = only_from(layer, origin, how).await;
                    for place in Place::ALL {
                        let case = format!("{wanted:?}, {place:?}, {how}, {keys}, {mode}");
                        let reply = app.send(place.get([good()])).await;
                        let expected = if place == wanted { 200 } else { 403 };
                        assert_eq!(reply.status, expected, "{case}");
                    }
                    app.send(get()).await.assert_missing(how);
                }
            }
        }
    }
}

#[test]
fn without_a_verified_token_there_is_no_origin() {
    let request = Place::Header.get([good()]);
    assert_eq!(TokenOrigin::of(tower_bearer::RequestHead::of(&request)), None);
}
