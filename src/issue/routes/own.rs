use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::{Desk, answer::json};
use crate::{
    issue::{
        session::Session,
        store::{SessionId, SessionStore},
    },
    token::VerifiedToken,
};

/// The session that an access token was issued for.
pub(super) fn session_of(token: &VerifiedToken) -> Option<SessionId> {
    token.session_id()?.parse().ok()
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    session: Session,
    /// It is the one that asks.
    current: bool,
}

/// `GET /sessions`
pub(super) async fn list<S: SessionStore>(
    State(desk): State<Arc<Desk<S>>>,
    token: VerifiedToken,
) -> Response {
    let here = session_of(&token);
    match desk.sessions.list(token.subject().unwrap_or_default()).await {
        Ok(sessions) => {
            let row = |session: Session| Row { current: Some(session.id) == here, session };
            let rows: Vec<_> = sessions.into_iter().map(row).collect();
            json(StatusCode::OK, &json!({ "sessions": rows }))
        }
        Err(error) => error.into_response(),
    }
}

/// `DELETE /sessions/{id}`
pub(super) async fn end<S: SessionStore>(
    State(desk): State<Arc<Desk<S>>>,
    Path(id): Path<String>,
    token: VerifiedToken,
) -> Response {
    let Ok(id) = id.parse::<SessionId>() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let is_own = session_of(&token) == Some(id);
    let ended = if is_own {
        // Whose it is need not be asked, and so it ends here even if the store is away.
        desk.sessions.end(id).await
    } else {
        desk.sessions.end_of(token.subject().unwrap_or_default(), id).await
    };
    let response = match ended {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => error.into_response(),
    };
    if is_own { desk.carrier.clear(response) } else { response }
}
