//! The list of one's sessions.

use http::Method;
use serde_json::json;
use tower_bearer::{Grant, Login};

use super::{CLEARED, Site, both};
use crate::support::NOW;

#[tokio::test]
async fn ones_own_are_listed_and_no_others() {
    let site = Site::with_cookies().await;
    let login = Login::new("ada").device("Mozilla/5.0 <b>");
    let here = site.service.sessions.start(login, &Grant::new()).await.unwrap();
    site.service.hand.set(1);
    let there = site.service.login("ada").await;
    site.service.login("eve").await;
    let reply = site.ask(Method::GET, "/sessions", &[("cookie", &both(&here))]).await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"));
    let (now, month) = (NOW * 1000, 30 * 24 * 60 * 60 * 1000);
    let expected = json!({ "sessions": [
        {
            "id": there.session().id.to_string(), "subject": "ada", "device": "", "current": false,
            "created_at": now + 1000, "renewed_at": now + 1000, "expires_at": now + 1000 + month,
        },
        {
            "id": here.session().id.to_string(), "subject": "ada", "device": "Mozilla/5.0 <b>", "current": true,
            "created_at": now, "renewed_at": now, "expires_at": now + month,
        },
    ]});
    assert_eq!(reply.json(), expected);
}

#[tokio::test]
async fn ones_own_can_be_ended_and_no_others() {
    let site = Site::with_cookies().await;
    let (here, there) = (site.service.login("ada").await, site.service.login("ada").await);
    let eve = site.service.login("eve").await;
    let cookie = both(&here);
    let end = async |id: &str| {
        site.ask(Method::DELETE, &format!("/sessions/{id}"), &[("cookie", &cookie)]).await
    };
    for id in [&*eve.session().id.to_string(), "AAAAAAAAAAAAAAAAAAAAAA", "x", "%00", "a%2Fb"] {
        assert_eq!(end(id).await.status, 404, "{id}");
    }
    assert!(site.service.lives(&eve).await);

    let reply = end(&there.session().id.to_string()).await;
    assert_eq!((reply.status, reply.cookies()), (204, vec![]));
    assert!(site.service.call(&there).await.is_err());
    assert_eq!(end(&there.session().id.to_string()).await.status, 404, "once more");

    let reply = end(&here.session().id.to_string()).await;
    assert_eq!((reply.status, reply.cookies()), (204, CLEARED.to_vec()));
    assert_eq!(end(&here.session().id.to_string()).await.status, 401, "it is nobody's now");
}

#[tokio::test]
async fn it_takes_an_access_token() {
    let site = Site::with_cookies().await;
    let pair = site.service.login("ada").await;
    let path = format!("/sessions/{}", pair.session().id);
    for (method, path) in [(Method::GET, "/sessions"), (Method::DELETE, &path)] {
        let cookie = super::refresh(pair.refresh_token());
        let reply = site.ask(method, path, &[("cookie", &cookie)]).await;
        assert_eq!(reply.status, 401, "{path}");
        assert!(reply.challenge().starts_with("Bearer"), "{path}");
    }
    assert!(site.service.lives(&pair).await);
}
