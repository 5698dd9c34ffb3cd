//! Refresh tokens that are none, or none any more: all are told the same.

use http::Method;
use tower_bearer::{RefreshKeys, Sessions};

use super::{CLEARED, Service, Site, refresh};

/// Tokens that are to be refused, each for its reason, for a service whose clock stands at 31 s.
async fn tokens(site: &Site) -> Vec<(&'static str, String)> {
    let service = &site.service;
    let first = service.login("eve").await;
    service.renew(first.refresh_token()).await.unwrap();
    let ended = service.login("eve").await;
    service.sessions.end(ended.session().id).await.unwrap();
    let (one, other) = (service.login("eve").await, service.login("eve").await);
    let (one, other) = (one.refresh_token(), other.refresh_token());
    let keys = RefreshKeys::new([8; 32]).unwrap();
    let foreign =
        Sessions::new(service.issuer.clone(), tower_bearer::MemoryStore::new(), keys).unwrap();
    let foreign = foreign.start("ada", &tower_bearer::Grant::new()).await.unwrap();
    let elsewhere = Service::new().login("ada").await;
    service.hand.set(31);
    // Version and key are 9 bytes, thus 12 characters; the session's id ends in the 34th.
    vec![
        ("replayed after the grace", first.refresh_token().to_owned()),
        ("of a session that has ended", ended.refresh_token().to_owned()),
        ("of another key", foreign.refresh_token().to_owned()),
        ("of another store", elsewhere.refresh_token().to_owned()),
        ("of two sessions", format!("{}{}", &one[..40], &other[40..])),
        ("of a version that is none", format!("B{}", &one[1..])),
        ("truncated", one[..one.len() - 1].to_owned()),
        ("too long", format!("{one}A")),
        ("of 10 KiB", "A".repeat(10 * 1024)),
        ("no base64url", one.replace(|letter: char| letter.is_ascii_digit(), "+")),
        ("an access token", service.login("eve").await.access_token().as_str().to_owned()),
    ]
}

#[tokio::test]
async fn in_a_cookie() {
    let site = Site::with_cookies().await;
    for (name, token) in tokens(&site).await {
        let bystander = site.service.login("ada").await;
        let reply = site.ask(Method::POST, "/refresh", &[("cookie", &refresh(&token))]).await;
        reply.assert_fault("invalid_grant", name);
        assert_eq!(reply.cookies(), CLEARED, "{name}");
        assert!(site.service.lives(&bystander).await, "{name}");
    }
}

#[tokio::test]
async fn in_a_body() {
    let site = Site::with_json().await;
    for (name, token) in tokens(&site).await {
        site.post_json("/refresh", &token).await.assert_fault("invalid_grant", name);
    }
    site.post_json("/refresh", "").await.assert_fault("invalid_grant", "empty");
    let megabyte = "A".repeat(1 << 20);
    site.post_json("/refresh", &megabyte).await.assert_fault("invalid_request", "1 MB");
}

#[tokio::test]
async fn expired() {
    let site = Site::with_cookies().await;
    let pair = site.service.login("ada").await;
    site.service.hand.set(7 * 24 * 60 * 60);
    let reply = site.post("/refresh", &pair).await;
    reply.assert_fault("invalid_grant", "expired");
    assert_eq!(reply.cookies(), CLEARED);
}

#[tokio::test]
async fn none_of_them_logs_anybody_out_everywhere() {
    let site = Site::with_json().await;
    let bystander = site.service.login("eve").await;
    for (name, token) in tokens(&site).await {
        if name.starts_with("replayed") {
            // It is hers, and she may be gone.
            continue;
        }
        let reply = site.post_json("/logout/everywhere", &token).await;
        reply.assert_fault("invalid_grant", name);
        assert!(site.service.lives(&bystander).await, "{name}");
    }
}

#[tokio::test]
async fn a_stolen_token_ends_its_session_and_takes_the_thiefs_cookies() {
    let site = Site::with_cookies().await;
    let stolen = site.service.login("ada").await;
    let other = site.service.login("ada").await;
    let next = site.post("/refresh", &stolen).await.next_refresh().to_owned();
    site.service.hand.set(31);
    site.post("/refresh", &stolen).await.assert_fault("invalid_grant", "the thief");
    let reply = site.ask(Method::POST, "/refresh", &[("cookie", &refresh(&next))]).await;
    reply.assert_fault("invalid_grant", "the user");
    assert!(site.service.lives(&other).await);
}

#[tokio::test]
async fn two_cookies_are_told_to_be_two_and_nothing_changes() {
    let site = Site::with_cookies().await;
    let (one, other) = (site.service.login("ada").await, site.service.login("ada").await);
    let twice = [refresh(one.refresh_token()), refresh(other.refresh_token())].join("; ");
    let lists = [
        ("two sessions", twice),
        ("the same twice", [refresh(one.refresh_token()), refresh(one.refresh_token())].join("; ")),
        ("an empty one", refresh("")),
        ("quoted", refresh(&format!("\"{}\"", one.refresh_token()))),
    ];
    for (name, cookie) in &lists {
        for path in ["/refresh", "/logout", "/logout/everywhere", "/logout/others"] {
            let reply = site.ask(Method::POST, path, &[("cookie", cookie)]).await;
            reply.assert_fault("invalid_request", &format!("{name} at {path}"));
            assert_eq!(reply.cookies(), [""; 0], "{name} at {path}");
        }
    }
    for pair in [one, other] {
        assert_eq!(site.post("/refresh", &pair).await.status, 200);
    }
}
