//! While the store is down.

use http::Method;
use tower_bearer::SessionErrorKind;

use super::{CLEARED, Site, both, refresh};
use crate::support::Reply;

#[track_caller]
fn assert_unavailable(reply: &Reply, case: &str) {
    assert_eq!(reply.status, 503, "{case}");
    assert_eq!(reply.body, r#"{"error":"temporarily_unavailable"}"#, "{case}");
    assert_eq!(reply.header("retry-after"), "5", "{case}");
}

#[tokio::test]
async fn renewing_keeps_the_cookies_for_later() {
    let site = Site::with_cookies().await;
    let pair = site.service.login("ada").await;
    site.cut_off(true);
    let reply = site.post("/refresh", &pair).await;
    assert_unavailable(&reply, "refresh");
    assert_eq!(reply.cookies(), [""; 0]);
    site.cut_off(false);
    assert_eq!(site.post("/refresh", &pair).await.status, 200);
}

#[tokio::test]
async fn leaving_clears_them_and_says_that_it_is_not_done() {
    for path in ["/logout", "/logout/everywhere"] {
        let site = Site::with_cookies().await;
        let pair = site.service.login("ada").await;
        site.cut_off(true);
        let reply = site.post(path, &pair).await;
        assert_unavailable(&reply, path);
        assert_eq!(reply.cookies(), CLEARED, "{path}");
        assert!(site.service.call(&pair).await.is_err(), "{path}: refused here nonetheless");

        let pair = refresh(pair.refresh_token());
        let reply = site.ask(Method::POST, path, &[("cookie", &pair)]).await;
        assert_unavailable(&reply, path);
        assert_eq!(reply.cookies(), CLEARED, "{path}");
    }
}

#[tokio::test]
async fn ones_own_session_has_ended_here_nonetheless() {
    for everywhere in [true, false] {
        let site = Site::with_cookies().await;
        let pair = site.service.login("ada").await;
        site.cut_off(true);
        let reply = if everywhere {
            site.post("/logout/everywhere", &pair).await
        } else {
            let path = format!("/sessions/{}", pair.session().id);
            site.ask(Method::DELETE, &path, &[("cookie", &super::both(&pair))]).await
        };
        assert_eq!(reply.status, 503);
        site.cut_off(false);
        site.service.hand.set(3600);
        let renewed = site.service.renew(pair.refresh_token()).await;
        assert_eq!(renewed.unwrap_err(), SessionErrorKind::Ended, "{everywhere}");
    }
}

#[tokio::test]
async fn leaving_elsewhere_keeps_them() {
    let site = Site::with_cookies().await;
    let pair = site.service.login("ada").await;
    site.cut_off(true);
    let reply = site.post("/logout/others", &pair).await;
    assert_unavailable(&reply, "others");
    assert_eq!(reply.cookies(), [""; 0]);
}

#[tokio::test]
async fn no_list_is_an_empty_one() {
    let site = Site::with_cookies().await;
    let pair = site.service.login("ada").await;
    site.cut_off(true);
    let headers = [("cookie", &*both(&pair))];
    assert_unavailable(&site.ask(Method::GET, "/sessions", &headers).await, "list");
    let path = format!("/sessions/{}", pair.session().id);
    assert_unavailable(&site.ask(Method::DELETE, &path, &headers).await, "end");
}

#[tokio::test]
async fn bodies_are_told_the_same() {
    let site = Site::with_json().await;
    let pair = site.service.login("ada").await;
    site.cut_off(true);
    for path in ["/refresh", "/logout", "/logout/everywhere", "/logout/others"] {
        assert_unavailable(&site.post_json(path, pair.refresh_token()).await, path);
    }
}
