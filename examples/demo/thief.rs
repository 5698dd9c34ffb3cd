//! What a thief does who has got hold of a refresh token. No service has such routes: they are there since no script of the
//! page can read the cookie, which is the point of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Extension, Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::json;
use tower_bearer::{SessionErrorKind, SessionId, SessionStore};

use crate::app::Desk;

/// Stolen tokens, by their session.
#[derive(Clone, Default)]
pub(crate) struct Loot(Arc<Mutex<HashMap<SessionId, String>>>);

/// Takes down the refresh token of whoever asks.
pub(crate) async fn steal<S: SessionStore + Clone>(
    Extension(desk): Extension<Desk<S>>,
    headers: HeaderMap,
) -> Response {
    let Ok(Some(token)) = desk.cookies.refresh_token(&headers) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(session) = session_of(token) else { return StatusCode::BAD_REQUEST.into_response() };
    let mut loot = desk.loot.0.lock().unwrap_or_else(PoisonError::into_inner);
    if loot.len() > 100 {
        loot.clear();
    }
    loot.insert(session, token.to_owned());
    StatusCode::NO_CONTENT.into_response()
}

/// Uses it, as the thief would: without the cookies of whoever asks.
pub(crate) async fn replay<S: SessionStore + Clone>(
    Extension(desk): Extension<Desk<S>>,
    headers: HeaderMap,
) -> Response {
    let own = desk.cookies.refresh_token(&headers).ok().flatten();
    let stolen = own.and_then(session_of).and_then(|session| {
        desk.loot.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&session)
    });
    let Some(stolen) = stolen else { return StatusCode::BAD_REQUEST.into_response() };
    let told = match desk.sessions.renew(&stolen, async |it| desk.users.grant(&it)).await {
        Ok(_) => json!({ "status": 200, "body": "a pair of tokens" }),
        Err(error) => json!({
            "status": error.kind().status().as_u16(),
            "body": { "error": error.kind().error() },
            "reused": error.kind() == SessionErrorKind::Reused,
        }),
    };
    Json(told).into_response()
}

/// A token names its session behind its version and the name of its key.
fn session_of(token: &str) -> Option<SessionId> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    Some(SessionId::from_bytes(*bytes.get(9..)?.first_chunk()?))
}
