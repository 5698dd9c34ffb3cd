//! What browsers are told to keep, to the byte.

use http::{HeaderMap, HeaderValue, Method, Response, header::SET_COOKIE};
use tower_bearer::{Grant, SessionCookies};

use super::{Service, Site, both};

#[tokio::test]
async fn each_flag_of_each_cookie() {
    let service = Service::new();
    let pair = service.login("ada").await;
    let (access, refresh) = (pair.access_token().as_str(), pair.refresh_token());
    let cases = [
        (SessionCookies::browser_app(), "__Host-access_token", "__Host-refresh_token", "Strict"),
        (SessionCookies::server_rendered(), "__Host-access_token", "__Host-refresh_token", "Lax"),
        (
            SessionCookies::browser_app().names("__Host-a", "__Host-r").unwrap(),
            "__Host-a",
            "__Host-r",
            "Strict",
        ),
    ];
    for (cookies, first, second, same_site) in cases {
        let flags = format!("Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age=");
        let mut response = Response::new(());
        let own = HeaderValue::from_static("theme=dark");
        response.headers_mut().insert(SET_COOKIE, own.clone());
        cookies.set(&pair).unwrap().append_to(response.headers_mut());
        let headers = response.headers();
        let set: Vec<_> = headers.get_all(SET_COOKIE).iter().cloned().collect();
        let kept = [
            "theme=dark".to_owned(),
            format!("{first}={access}; {flags}900"),
            format!("{second}={refresh}; {flags}2592000"),
        ];
        assert_eq!(set, kept);
        assert!(set[1..].iter().all(HeaderValue::is_sensitive), "{set:?}");
        assert_eq!(headers["cache-control"], "no-store");

        let mut headers = HeaderMap::new();
        cookies.clear().append_to(&mut headers);
        let cleared: Vec<_> = headers.get_all(SET_COOKIE).iter().cloned().collect();
        assert_eq!(cleared, [format!("{first}=; {flags}0"), format!("{second}=; {flags}0")]);
    }
}

#[tokio::test]
async fn the_cookie_of_the_refresh_token_ends_with_its_session() {
    let site = Site::with_cookies().await;
    let pair = site.service.login("ada").await;
    site.service.hand.set(24 * 60 * 60);
    let reply = site.post("/refresh", &pair).await;
    let expected = format!(
        "__Host-refresh_token={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=2505600",
        reply.next_refresh()
    );
    assert_eq!(reply.cookies()[1], expected);
}

#[test]
fn names_that_protect_nothing_are_refused() {
    let cases = [
        ("no prefix", "access", "__Host-r"),
        ("no prefix, the other one", "__Host-a", "refresh"),
        ("another prefix", "__Secure-a", "__Host-r"),
        ("the prefix in small letters", "__host-a", "__Host-r"),
        ("a character", "__Host-a;b", "__Host-r"),
        ("a line", "__Host-a", "__Host-r\r\nx: y"),
        ("one for both", "__Host-a", "__Host-a"),
    ];
    for (name, access, refresh) in cases {
        let cookies = SessionCookies::browser_app().names(access, refresh);
        assert!(cookies.is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_cookie_that_browsers_would_drop_is_an_error() {
    let service = Service::new();
    let cookies = SessionCookies::browser_app();
    for (length, fits) in [(2_000, true), (4_096, false)] {
        let grant = Grant::new().claim("long", "x".repeat(length)).unwrap();
        let pair = service.sessions.start("ada", &grant).await.unwrap();
        assert_eq!(cookies.set(&pair).is_ok(), fits, "{length}");
    }
}

#[tokio::test]
async fn the_source_has_the_name_that_is_set() {
    let cookies = SessionCookies::server_rendered().names("__Host-a", "__Host-r").unwrap();
    assert_eq!(format!("{:?}", cookies.source()), r#"TokenCookie("__Host-a")"#);
    let mut headers = HeaderMap::new();
    headers.insert("cookie", HeaderValue::from_static("__Host-a=one; __Host-r=other"));
    assert_eq!(cookies.refresh_token(&headers).unwrap(), Some("other"));
}

#[tokio::test]
async fn nothing_printed_holds_a_token() {
    let service = Service::new();
    let pair = service.login("ada").await;
    let printed = format!("{:?}", SessionCookies::browser_app().set(&pair).unwrap());
    assert!(!printed.contains(pair.refresh_token()), "{printed}");
    assert!(!printed.contains(pair.access_token().as_str()), "{printed}");
}

#[tokio::test]
async fn tokens_are_in_no_body() {
    let site = Site::with_cookies().await;
    let pair = site.service.login("ada").await;
    let reply = site.post("/refresh", &pair).await;
    assert_eq!((reply.status, &*reply.body), (200, r#"{"expires_in":900}"#));
    let listed = site.ask(Method::GET, "/sessions", &[("cookie", &both(&pair))]).await;
    assert_eq!(listed.status, 200);
    assert!(!listed.body.contains(pair.refresh_token()));
}
