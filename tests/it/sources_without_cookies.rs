//! Without the feature `cookies` nobody can say where a request comes from: a cookie is good for what changes nothing.

use axum::Router;
use http_body_util::Empty;
use hyper::Request;
use tower_bearer::{
    Algorithm, AuthorizationHeader, JwtLayer, Presented, StaticKeys, TokenErrorKind, TokenOrigin,
    TokenSource, token_source_fn,
};

use crate::support::{App, answer_outcome, key, standard, token, verifiers};

async fn app() -> App {
    let cookies = token_source_fn(|head| {
        let Some(value) = head.headers().get("cookie") else { return Ok(None) };
        let token = value.to_str().map_err(|_| TokenErrorKind::InvalidCredentials)?;
        Ok(Some(Presented::new(token.trim_start_matches("token="), TokenOrigin::Cookie)))
    });
    let keys = StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap();
    let layer = JwtLayer::new(verifiers::new(standard(keys)).unwrap());
    let layer = layer.source(AuthorizationHeader.or(cookies));
    App::serve(Router::new().fallback_service(answer_outcome().layer(layer))).await
}

#[tokio::test]
async fn a_cookie_counts_for_what_changes_nothing_alone() {
    let app = app().await;
    let lines: [(&str, &[(&str, &str)]); 4] = [
        ("no browser", &[]),
        ("its own page", &[("sec-fetch-site", "same-origin")]),
        (
            "its own page, and says so",
            &[("host", "app.example"), ("origin", "https://app.example")],
        ),
        ("another page", &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")]),
    ];
    for (name, lines) in lines {
        for (method, upgrade, passes) in [
            ("GET", None, true),
            ("HEAD", None, true),
            ("OPTIONS", None, true),
            ("POST", None, false),
            ("PUT", None, false),
            ("PATCH", None, false),
            ("DELETE", None, false),
            ("TRACE", None, false),
            ("GET", Some("websocket"), false),
            ("GET", Some("h2c"), true),
        ] {
            let mut request = Request::builder().method(method).uri("/");
            for (name, value) in lines {
                request = request.header(*name, *value);
            }
            if let Some(upgrade) = upgrade {
                request = request.header("upgrade", upgrade);
            }
            let cookie = format!("token={}", token().compact());
            let by_cookie = request.header("cookie", cookie).body(Empty::new()).unwrap();
            let mut by_header = by_cookie.clone();
            let reply = app.send(by_cookie).await;
            let case = format!("{method}, {upgrade:?}, {name}");
            assert_eq!(reply.status, if passes { 200 } else { 403 }, "{case}");
            let bearer = format!("Bearer {}", token().compact());
            by_header.headers_mut().insert("authorization", bearer.parse().unwrap());
            assert_eq!(app.send(by_header).await.status, 200, "{case}: a header beats it");
        }
    }
}
