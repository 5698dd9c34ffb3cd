//! Roles are asked for again at each renewal, and before anything is written.

use tower_bearer::{Grant, GrantError, Login, Session};

use super::{Service, SessionErrorKind as Kind};

#[tokio::test]
async fn each_renewal_has_the_rights_of_now() {
    let service = Service::new();
    let first = service.login("ada").await;
    let grant = async |session: Session| {
        assert_eq!(session.subject, "ada");
        Ok(Grant::new().roles(["admin"])?.scopes(["a", "b"])?)
    };
    let second = service.sessions.renew(first.refresh_token(), grant).await.unwrap();
    let token = service.verifier.verify(second.access_token().as_str()).await.unwrap();
    assert_eq!(token.claim::<Vec<String>>("roles").unwrap().unwrap(), ["admin"]);
    assert!(token.scopes().contains("b"));
    // A replay is asked for, too.
    let grant = async |_: Session| Ok(Grant::new());
    let again = service.sessions.renew(first.refresh_token(), grant).await.unwrap();
    assert_eq!(again.refresh_token(), second.refresh_token());
    let token = service.verifier.verify(again.access_token().as_str()).await.unwrap();
    assert_eq!(token.claim::<Vec<String>>("roles").unwrap(), None);
}

#[tokio::test]
async fn whoever_is_denied_has_no_session_any_more() {
    let service = Service::new();
    let pair = service.login("ada").await;
    let denied = async |_: Session| Err(GrantError::denied());
    let error = service.sessions.renew(pair.refresh_token(), denied).await.unwrap_err();
    assert_eq!((error.kind(), error.kind().error()), (Kind::Denied, "invalid_grant"));
    assert!(!service.lives(&pair).await);
    assert!(service.call(&pair).await.is_err());
    assert_eq!(service.renew(pair.refresh_token()).await.unwrap_err(), Kind::Ended);
}

#[tokio::test]
async fn where_nobody_can_say_nothing_is_written() {
    let service = Service::new();
    let pair = service.login("ada").await;
    for _ in 0..2 {
        let unavailable = async |_: Session| Err(GrantError::unavailable("the database is away"));
        let error = service.sessions.renew(pair.refresh_token(), unavailable).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable);
        assert_eq!(error.kind().status(), 503);
        service.hand.set(60);
    }
    // The same token is still the next one, long after any grace.
    service.renew(pair.refresh_token()).await.unwrap();
}

#[tokio::test]
async fn a_grant_that_does_not_fit_uses_up_no_token() {
    let service = Service::new();
    let pair = service.login("ada").await;
    let large = async |_: Session| Ok(Grant::new().claim("much", "x".repeat(20_000))?);
    let error = service.sessions.renew(pair.refresh_token(), large).await.unwrap_err();
    assert_eq!((error.kind(), error.kind().status().as_u16()), (Kind::Misconfigured, 500));
    service.hand.set(60);
    service.renew(pair.refresh_token()).await.unwrap();
}

#[tokio::test]
async fn nobody_is_asked_for_a_token_that_is_none_or_a_session_that_has_ended() {
    let service = Service::new();
    let pair = service.login("ada").await;
    service.sessions.end(pair.session().id).await.unwrap();
    for token in [pair.refresh_token(), "none"] {
        let never = async |_: Session| panic!("somebody was asked");
        service.sessions.renew(token, never).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_session_that_is_ended_while_somebody_is_asked_has_ended() {
    let service = Service::new();
    let pair = service.login("ada").await;
    let sessions = service.sessions.clone();
    let slow = async |session: Session| {
        sessions.end(session.id).await.unwrap();
        Ok(Grant::new())
    };
    let error = service.sessions.renew(pair.refresh_token(), slow).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Ended);
}

#[tokio::test]
async fn tokens_say_how_and_when_somebody_logged_in() {
    let service = Service::new();
    let login = Login::new("ada").device("Firefox\r\n on Linux").acr("mfa");
    let pair = service.sessions.start(login, &Grant::new()).await.unwrap();
    service.hand.set(3600);
    let pair = service.renew(pair.refresh_token()).await.unwrap();
    let token = service.verifier.verify(pair.access_token().as_str()).await.unwrap();
    assert_eq!(token.session_id(), Some(&*pair.session().id.to_string()));
    assert_eq!(token.claim::<String>("acr").unwrap().as_deref(), Some("mfa"));
    assert_eq!(token.claim::<u64>("auth_time").unwrap(), Some(crate::support::NOW));
    let [session] = &*service.sessions.list("ada").await.unwrap() else { panic!("one") };
    assert_eq!(session.device, "Firefox on Linux");
    assert_eq!(session.renewed_at - session.created_at, 3_600_000);
}

#[tokio::test]
async fn a_long_name_of_a_device_is_cut() {
    let service = Service::new();
    let login = Login::new("ada").device(&"ü".repeat(200));
    let pair = service.sessions.start(login, &Grant::new()).await.unwrap();
    assert_eq!(pair.session().device, "ü".repeat(128));
}
