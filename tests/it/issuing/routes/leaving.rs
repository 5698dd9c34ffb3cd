//! Logging out: here, everywhere, everywhere else.

use http::Method;

use super::{CLEARED, Site, both, refresh};

#[tokio::test]
async fn here_means_this_session_alone() {
    let site = Site::with_cookies().await;
    let (one, other) = (site.service.login("ada").await, site.service.login("ada").await);
    let reply = site.post("/logout", &one).await;
    assert_eq!((reply.status, reply.cookies()), (204, CLEARED.to_vec()));
    assert!(site.service.call(&one).await.is_err(), "its access token");
    site.post("/refresh", &one).await.assert_fault("invalid_grant", "its refresh token");
    assert_eq!(site.service.call(&other).await, Ok(()));
}

#[tokio::test]
async fn each_token_logs_out_by_itself() {
    let site = Site::with_cookies().await;
    let by_refresh = site.service.login("ada").await;
    let by_access = site.service.login("ada").await;
    let by_header = site.service.login("ada").await;
    let bearer = format!("Bearer {}", by_header.access_token().as_str());
    let cookie = format!("__Host-access_token={}", by_access.access_token().as_str());
    for (pair, header) in [
        (&by_refresh, ("cookie", &*refresh(by_refresh.refresh_token()))),
        (&by_access, ("cookie", &*cookie)),
        (&by_header, ("authorization", &*bearer)),
    ] {
        assert_eq!(site.ask(Method::POST, "/logout", &[header]).await.status, 204);
        assert!(!site.service.lives(pair).await, "{header:?}");
    }
}

#[tokio::test]
async fn an_access_token_that_has_expired_is_no_obstacle() {
    for path in ["/logout", "/logout/everywhere"] {
        let site = Site::with_cookies().await;
        let pair = site.service.login("ada").await;
        site.service.hand.set(3600);
        let reply = site.post(path, &pair).await;
        assert_eq!((reply.status / 100, reply.cookies()), (2, CLEARED.to_vec()), "{path}");
        assert!(!site.service.lives(&pair).await, "{path}");
    }
    let site = Site::with_cookies().await;
    let (here, there) = (site.service.login("ada").await, site.service.login("ada").await);
    site.service.hand.set(3600);
    let reply = site.post("/logout/others", &here).await;
    assert_eq!((reply.status, &*reply.body), (200, r#"{"ended":1}"#));
    assert!(site.service.lives(&here).await && !site.service.lives(&there).await);
}

#[tokio::test]
async fn who_has_no_token_is_logged_out_already() {
    let site = Site::with_cookies().await;
    for cookie in ["theme=dark", "__Host-refresh_token=AAAA", "__Host-access_token=a.b.c"] {
        let reply = site.ask(Method::POST, "/logout", &[("cookie", cookie)]).await;
        assert_eq!((reply.status, reply.cookies()), (204, CLEARED.to_vec()), "{cookie}");
        // Nobody can say of whom all the sessions are.
        let reply = site.ask(Method::POST, "/logout/everywhere", &[("cookie", cookie)]).await;
        assert!([400, 401].contains(&reply.status), "{cookie}: {reply:?}");
        assert_eq!(reply.challenge().is_empty(), reply.status == 400, "{cookie}");
    }
}

#[tokio::test]
async fn a_token_that_was_spent_long_ago_logs_nobody_out_but_itself() {
    let site = Site::with_cookies().await;
    let (first, other) = (site.service.login("ada").await, site.service.login("ada").await);
    let second = site.service.renew(first.refresh_token()).await.unwrap();
    site.service.renew(second.refresh_token()).await.unwrap();
    for path in ["/logout/everywhere", "/logout/others"] {
        let cookie = super::refresh(first.refresh_token());
        let reply = site.ask(Method::POST, path, &[("cookie", &cookie)]).await;
        reply.assert_fault("invalid_grant", path);
    }
    assert!(site.service.lives(&other).await);
    assert!(!site.service.lives(&first).await, "it was stolen, or the one after it");
}

#[tokio::test]
async fn everywhere_and_everywhere_else() {
    let site = Site::with_cookies().await;
    let here = site.service.login("ada").await;
    let there = [site.service.login("ada").await, site.service.login("ada").await];
    let eve = site.service.login("eve").await;

    let reply = site.post("/logout/others", &here).await;
    assert_eq!((reply.status, &*reply.body, reply.cookies()), (200, r#"{"ended":2}"#, vec![]));
    assert_eq!(site.service.call(&here).await, Ok(()));
    for pair in &there {
        assert!(site.service.call(pair).await.is_err());
    }

    let reply = site.post("/logout/everywhere", &here).await;
    assert_eq!((reply.status, &*reply.body), (200, r#"{"ended":1}"#));
    assert_eq!(reply.cookies(), CLEARED);
    assert!(site.service.call(&here).await.is_err());
    assert_eq!(site.service.call(&eve).await, Ok(()));
}

#[tokio::test]
async fn a_body_logs_out_as_well() {
    let site = Site::with_json().await;
    let pair = site.service.login("ada").await;
    let reply = site.post_json("/logout", pair.refresh_token()).await;
    assert_eq!((reply.status, reply.cookies()), (204, vec![]));
    assert!(!site.service.lives(&pair).await);
    let pair = site.service.login("ada").await;
    let reply = site.post_json("/logout/everywhere", pair.refresh_token()).await;
    assert_eq!((reply.status, &*reply.body), (200, r#"{"ended":1}"#));
    site.post_json("/logout/others", pair.refresh_token())
        .await
        .assert_fault("invalid_grant", "ended");
}

#[tokio::test]
async fn an_access_token_without_a_session_has_no_others() {
    let site = Site::with_cookies().await;
    let pair = site.service.login("ada").await;
    let token = site.service.issuer.issue("ada", &tower_bearer::Grant::new()).unwrap();
    let bearer = format!("Bearer {}", token.as_str());
    let headers = [("authorization", &*bearer)];
    let reply = site.ask(Method::POST, "/logout/others", &headers).await;
    reply.assert_fault("invalid_grant", "others");
    assert!(site.service.lives(&pair).await);
    let reply = site.ask(Method::GET, "/sessions", &[("cookie", &both(&pair))]).await;
    assert_eq!(reply.status, 200);
}
