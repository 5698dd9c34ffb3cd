//! The next tokens, by cookies and by bodies.

use http::Method;
use tower_bearer::{ConfigError, Grant, GrantError, SessionCookies, SessionRoutes};

use super::{CLEARED, Site, both, granted, refresh};

#[tokio::test]
async fn a_browser_goes_on_from_cookie_to_cookie() {
    let site = Site::with_cookies().await;
    let mut token = site.service.login("ada").await.refresh_token().to_owned();
    for _ in 0..3 {
        let reply = site.ask(Method::POST, "/refresh", &[("cookie", &refresh(&token))]).await;
        assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"));
        assert_ne!(reply.next_refresh(), token);
        reply.next_refresh().clone_into(&mut token);
    }
}

#[tokio::test]
async fn two_tabs_get_the_same_cookie() {
    let site = Site::with_cookies().await;
    let pair = site.service.login("ada").await;
    let (one, other) = tokio::join!(site.post("/refresh", &pair), site.post("/refresh", &pair));
    assert_eq!((one.status, other.status), (200, 200));
    assert_eq!(one.next_refresh(), other.next_refresh());
    let cookie = refresh(one.next_refresh());
    assert_eq!(site.ask(Method::POST, "/refresh", &[("cookie", &cookie)]).await.status, 200);
}

#[tokio::test]
async fn json_in_and_the_answer_of_a_token_endpoint_out() {
    let site = Site::with_json().await;
    let pair = site.service.login("ada").await;
    let reply = site.post_json("/refresh", pair.refresh_token()).await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"));
    assert_eq!(reply.header("content-type"), "application/json");
    let answer = reply.json();
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&"Bearer".into(), &900.into()));
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let listed = site.ask(Method::GET, "/sessions", &[("authorization", &bearer)]).await;
    assert_eq!(listed.status, 200);
    let next = answer["refresh_token"].as_str().unwrap();
    assert_eq!(site.post_json("/refresh", next).await.status, 200);
    assert_eq!(reply.cookies(), [""; 0]);
}

#[tokio::test]
async fn what_a_body_may_be() {
    let site = Site::with_json().await;
    let token = site.service.login("ada").await.refresh_token().to_owned();
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let many = format!("{}refresh_token={token}", "a=b&".repeat(5_000));
    // Those that are good renew within the grace, each of them the first.
    let cases = [
        ("JSON", json, format!(r#"{{"refresh_token":"{token}"}}"#), ""),
        (
            "JSON with its charset",
            "Application/JSON; charset=utf-8",
            format!(r#"{{"refresh_token":"{token}","grant_type":"refresh_token","scope":"all"}}"#),
            "",
        ),
        ("a form", form, format!("grant_type=refresh_token&refresh_token={token}"), ""),
        (
            "another grant",
            form,
            format!("grant_type=password&refresh_token={token}"),
            "unsupported_grant_type",
        ),
        ("no token", form, "grant_type=refresh_token".to_owned(), "invalid_request"),
        (
            "a token twice",
            form,
            format!("refresh_token={token}&refresh_token={token}"),
            "invalid_request",
        ),
        (
            "a token twice, JSON",
            json,
            format!(r#"{{"refresh_token":"{token}","refresh_token":"{token}"}}"#),
            "invalid_request",
        ),
        ("no JSON", json, format!("refresh_token={token}"), "invalid_request"),
        ("an array", json, format!(r#"["{token}",null]"#), "invalid_request"),
        ("a number", json, r#"{"refresh_token":7}"#.to_owned(), "invalid_request"),
        (
            "of no type",
            "text/plain",
            format!(r#"{{"refresh_token":"{token}"}}"#),
            "invalid_request",
        ),
        ("nothing", json, String::new(), "invalid_request"),
        ("more than is read", form, many, "invalid_request"),
    ];
    for (name, kind, body, fault) in cases {
        let reply = site.say(Method::POST, "/refresh", &[("content-type", kind)], body).await;
        match fault {
            "" => assert_eq!(reply.status, 200, "{name}: {reply:?}"),
            fault => reply.assert_fault(fault, name),
        }
    }
}

#[tokio::test]
async fn a_cookie_counts_for_nothing_where_bodies_do() {
    let site = Site::with_json().await;
    let pair = site.service.login("ada").await;
    site.post("/refresh", &pair).await.assert_fault("invalid_request", "refresh");
    let listed = site.ask(Method::GET, "/sessions", &[("cookie", &both(&pair))]).await;
    assert_eq!(listed.status, 401);
}

#[tokio::test]
async fn who_is_denied_is_logged_out() {
    let cookies = SessionCookies::browser_app();
    let denied = async |_| Err(GrantError::denied());
    let site = Site::of(|sessions| SessionRoutes::with_cookies(cookies, sessions, denied)).await;
    let pair = site.service.login("ada").await;
    let reply = site.post("/refresh", &pair).await;
    reply.assert_fault("invalid_grant", "denied");
    assert_eq!(reply.cookies(), CLEARED);
    assert!(!site.service.lives(&pair).await);
}

#[tokio::test]
async fn a_token_too_long_for_a_cookie_is_a_fault_of_this_side() {
    let cookies = SessionCookies::browser_app();
    let long = async |_| Ok(Grant::new().claim("long", "x".repeat(4_096))?);
    let site = Site::of(|sessions| SessionRoutes::with_cookies(cookies, sessions, long)).await;
    let pair = site.service.login("ada").await;
    let reply = site.post("/refresh", &pair).await;
    assert_eq!((reply.status, &*reply.body), (500, r#"{"error":"server_error"}"#));
    assert_eq!(reply.cookies(), [""; 0]);
    // And it has used up no token.
    site.service.hand.set(60);
    site.service.renew(pair.refresh_token()).await.unwrap();
}

#[tokio::test]
async fn origins_are_trusted_with_cookies_alone() -> Result<(), ConfigError> {
    let sessions = super::Service::new().sessions;
    let cookies = SessionCookies::browser_app();
    let json = SessionRoutes::with_json(sessions.clone(), granted);
    assert!(json.trusted_origin("https://app.example").is_err());
    for origin in ["https://app.example/", "app.example", "https://APP.example"] {
        let routes = SessionRoutes::with_cookies(cookies.clone(), sessions.clone(), granted);
        assert!(routes.trusted_origin(origin).is_err(), "{origin}");
    }
    let routes = SessionRoutes::with_cookies(cookies, sessions, granted);
    routes.trusted_origin("https://app.example")?.router::<()>().map(drop)
}
