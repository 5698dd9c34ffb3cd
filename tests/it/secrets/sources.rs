//! Tokens in every place: none is logged or printed, whatever becomes of it.

use std::convert::Infallible;

use hyper::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};
use tower_bearer::{
    Algorithm, JwtLayer, Outcome, RequestHead, StaticKeys, TokenOrigin, TokenSource, VerifiedToken,
};

use super::{Page, print_token, tokens};
use crate::support::verifiers;
use crate::{
    sources::{Body, Place, Source},
    support::{key, standard},
};

/// Sends one request through a layer, and prints all that is handed on but the header of the user's own and the URI.
async fn print_request(log: &Page, layer: JwtLayer<Source>, mut request: Request<Body>) {
    let handler_log = log.clone();
    let inner = service_fn(move |mut request: Request<Body>| {
        let log = handler_log.clone();
        async move {
            log.debug(&Outcome::of(&request));
            log.debug(&RequestHead::of(&request));
            log.debug(&TokenOrigin::of(RequestHead::of(&request)));
            request.headers_mut().remove("x-own-token");
            log.debug(&request.headers());
            if let Some(token) = VerifiedToken::of(&request) {
                print_token(&log, token);
            }
            Ok::<_, Infallible>(Response::new(Body::new()))
        }
    });
    request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    let service = layer.layer(inner);
    let response = service.oneshot(request).await.unwrap();
    log.debug(&response);
    log.debug(&response.headers());
}

#[tokio::test]
async fn no_canary_is_logged_or_printed_wherever_it_stood() {
    let log = Page::new();
    let keys = StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap();
    let layer = JwtLayer::new(verifiers::new(standard(keys)).unwrap());
    let source = Source::chain(&Place::ALL);
    log.debug(&source);
    for place in Place::ALL {
        for (name, token) in tokens() {
            if token.contains(' ') && place == Place::Query {
                continue;
            }
            tracing::info!("a token {name} in {place:?}");
            let texts = [vec![&*token], vec![&*token, &*token]];
            for request in texts.map(|texts| place.get(texts)) {
                let head = RequestHead::of(&request);
                log.debug(&place.source().token(head));
                log.debug(&source.token(head));
                log.debug(&source.answer(head));
                match source.token(head) {
                    Ok(presented) => log.debug(&presented),
                    Err(error) => log.error(&error),
                }
                for method in ["GET", "POST"] {
                    let mut request = request.clone();
                    *request.method_mut() = method.parse().unwrap();
                    for layer in
                        [layer.clone(), layer.clone().optional(), layer.clone().best_effort()]
                    {
                        let layer = layer.source(source.clone());
                        log.debug(&layer);
                        print_request(&log, layer, request.clone()).await;
                    }
                }
            }
        }
    }
    let text = log.0.text();
    for event in [
        "request refused",
        "request passes",
        "cross_origin",
        "several_credentials",
        "WebSocketProtocol",
    ] {
        assert!(text.contains(event), "{event:?} was not provoked");
    }
    log.assert_silent(&tokens().into_iter().map(|(_, token)| token).collect::<Vec<_>>());
}
