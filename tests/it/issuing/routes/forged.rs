//! Requests that pages of other origins make a browser send.

use http::Method;
use tower_bearer::{SessionCookies, SessionRoutes};

use super::{Site, both, granted};

#[tokio::test]
async fn no_other_origin_renews_or_logs_out() {
    let site = Site::with_cookies().await;
    let pair = site.service.login("ada").await;
    let own = format!("/sessions/{}", pair.session().id);
    let routes = [
        (Method::POST, "/refresh"),
        (Method::POST, "/logout"),
        (Method::POST, "/logout/everywhere"),
        (Method::POST, "/logout/others"),
        (Method::DELETE, &own),
    ];
    let forged = [
        ("another site", ("sec-fetch-site", "cross-site")),
        ("another host of the domain", ("sec-fetch-site", "same-site")),
        ("an older browser", ("origin", "https://evil.example")),
        ("a frame without an origin", ("origin", "null")),
    ];
    for (method, path) in &routes {
        for (name, header) in forged {
            let headers = [("cookie", &*both(&pair)), header];
            let reply = site.ask(method.clone(), path, &headers).await;
            assert_eq!(reply.status, 403, "{path} by {name}");
            assert_eq!(reply.cookies(), [""; 0], "{path} by {name}");
        }
    }
    assert!(site.service.lives(&pair).await);
    // Neither of them has used it up.
    assert_eq!(
        site.service.renew(pair.refresh_token()).await.unwrap().session().id,
        pair.session().id
    );
}

#[tokio::test]
async fn the_own_page_does_both() {
    let site = Site::with_cookies().await;
    let pair = site.service.login("ada").await;
    let headers = [("cookie", &*both(&pair)), ("sec-fetch-site", "same-origin")];
    assert_eq!(site.ask(Method::POST, "/refresh", &headers).await.status, 200);
    assert_eq!(site.ask(Method::POST, "/logout", &headers).await.status, 204);
}

#[tokio::test]
async fn a_link_changes_nothing() {
    for site in [Site::with_cookies().await, Site::with_json().await] {
        let pair = site.service.login("ada").await;
        for path in ["/refresh", "/logout", "/logout/everywhere", "/logout/others"] {
            let reply = site.ask(Method::GET, path, &[("cookie", &both(&pair))]).await;
            assert_eq!(reply.status, 405, "{path}");
        }
        assert!(site.service.lives(&pair).await);
    }
}

#[tokio::test]
async fn a_trusted_origin_is_as_good_as_ones_own() {
    let site = Site::of(|sessions| {
        let routes = SessionRoutes::with_cookies(SessionCookies::browser_app(), sessions, granted);
        routes.trusted_origin("https://app.example").unwrap()
    })
    .await;
    let pair = site.service.login("ada").await;
    let cookie = both(&pair);
    let from = |origin| [("cookie", &*cookie), ("sec-fetch-site", "same-site"), ("origin", origin)];
    let reply = site.ask(Method::POST, "/refresh", &from("https://other.example")).await;
    assert_eq!(reply.status, 403);
    let reply = site.ask(Method::POST, "/refresh", &from("https://app.example")).await;
    assert_eq!(reply.status, 200);
    // This one asks for the access token as well.
    let path = format!("/sessions/{}", pair.session().id);
    let reply = site.ask(Method::DELETE, &path, &from("https://app.example")).await;
    assert_eq!(reply.status, 204);
}
