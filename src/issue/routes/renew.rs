use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};

use super::{Desk, answer::Fault};
use crate::issue::store::SessionStore;

/// `POST /refresh`
pub(super) async fn renew<S: SessionStore>(
    State(desk): State<Arc<Desk<S>>>,
    request: Request,
) -> Response {
    let token = match desk.carrier.refresh_token(request).await {
        Ok(Some(token)) => token,
        Ok(None) => return Fault::InvalidRequest.into_response(),
        Err(fault) => return fault.into_response(),
    };
    let pair = desk
        .sessions
        .renew_within(desk.carrier.longest(), &token, |session| (desk.grant)(session))
        .await;
    match pair.and_then(|pair| desk.carrier.answer(&pair)) {
        Ok(response) => response,
        Err(error) if error.kind().status().is_server_error() => error.into_response(),
        Err(error) => desk.carrier.clear(error.into_response()),
    }
}
