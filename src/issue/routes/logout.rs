use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::json;

use super::{
    Desk,
    answer::{Fault, json},
    own::session_of,
};
use crate::{
    issue::{
        session::{SessionError, SessionErrorKind as Kind},
        store::{SessionId, SessionStore},
    },
    token::VerifiedToken,
    web::rejection::Rejection,
};

/// What a request says of who sends it: nothing more than is true.
type Verified = Result<VerifiedToken, Rejection>;

/// `POST /logout`
pub(super) async fn here<S: SessionStore>(
    State(desk): State<Arc<Desk<S>>>,
    verified: Verified,
    request: Request,
) -> Result<Response, Fault> {
    let token = desk.carrier.refresh_token(request).await?;
    // Both, though the first may fail: that of the access token needs no store to be refused here.
    let by_access = match verified.ok().as_ref().and_then(session_of) {
        Some(id) => desk.sessions.end(id).await.map(drop),
        None => Ok(()),
    };
    let by_refresh = match token {
        Some(token) => desk.sessions.end_by_token(&token).await.map(drop),
        None => Ok(()),
    };
    let left = by_access.and(match by_refresh {
        Err(error) if error.kind() == Kind::Invalid => Ok(()),
        done => done,
    });
    let response = match left {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => error.into_response(),
    };
    Ok(desk.carrier.clear(response))
}

/// `POST /logout/everywhere`
pub(super) async fn everywhere<S: SessionStore>(
    State(desk): State<Arc<Desk<S>>>,
    verified: Verified,
    request: Request,
) -> Result<Response, Fault> {
    let token = desk.carrier.refresh_token(request).await?;
    let response = match desk.caller(verified, token).await {
        Ok(caller) => {
            let all = desk.sessions.end_all(&caller.subject).await;
            if let (Err(_), Some(id)) = (&all, caller.session) {
                // This one at least is known, and is refused here from now on.
                drop(desk.sessions.end(id).await);
            }
            ended(all)
        }
        Err(response) => response,
    };
    Ok(desk.carrier.clear(response))
}

/// `POST /logout/others`
pub(super) async fn others<S: SessionStore>(
    State(desk): State<Arc<Desk<S>>>,
    verified: Verified,
    request: Request,
) -> Result<Response, Fault> {
    let token = desk.carrier.refresh_token(request).await?;
    Ok(match desk.caller(verified, token).await {
        Ok(Caller { subject, session: Some(id) }) => {
            ended(desk.sessions.end_others(&subject, id).await)
        }
        // An access token that was issued without a session has no others.
        Ok(_) => SessionError::from(Kind::Invalid).into_response(),
        Err(response) => response,
    })
}

fn ended(count: Result<usize, SessionError>) -> Response {
    match count {
        Ok(count) => json(StatusCode::OK, &json!({ "ended": count })),
        Err(error) => error.into_response(),
    }
}

/// Who wants to be logged out.
struct Caller {
    subject: String,
    session: Option<SessionId>,
}

impl<S: SessionStore> Desk<S> {
    /// By the access token; or, if that is not good any more, by the refresh token.
    async fn caller(&self, verified: Verified, token: Option<String>) -> Result<Caller, Response> {
        let rejection = match verified {
            Ok(verified) => {
                let subject = verified.subject().unwrap_or_default().to_owned();
                return Ok(Caller { subject, session: session_of(&verified) });
            }
            Err(rejection) => rejection,
        };
        let Some(token) = token else { return Err(rejection.into_response()) };
        let session = self.sessions.find_by_token(&token).await;
        session
            .map(|session| Caller { subject: session.subject, session: Some(session.id) })
            .map_err(IntoResponse::into_response)
    }
}
