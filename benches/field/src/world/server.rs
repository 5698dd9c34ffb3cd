//! The issuer's server: its metadata and its keys, on loopback, on a thread of its own.

use std::{net::TcpListener, sync::Arc, thread};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use super::Failure;

/// What one issuer publishes.
pub(super) struct Published {
    pub(super) realm: &'static str,
    pub(super) issuer: String,
    pub(super) jwks: String,
}

/// A place on loopback, with its origin.
pub(crate) fn bind() -> Result<(TcpListener, String), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let origin = format!("http://{}", listener.local_addr()?);
    Ok((listener, origin))
}

/// Answers until the program ends.
pub(super) fn serve(listener: TcpListener, published: Vec<Published>) -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let router = Router::new()
        .route("/realms/{realm}/.well-known/openid-configuration", get(metadata))
        .route("/realms/{realm}/jwks", get(jwks))
        .with_state(Arc::new(published));
    thread::Builder::new().name("issuer".to_owned()).spawn(move || {
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, router).await
        })
    })?;
    Ok(())
}

type All = State<Arc<Vec<Published>>>;

async fn jwks(State(all): All, Path(realm): Path<String>) -> Response {
    match all.iter().find(|one| one.realm == realm) {
        Some(one) => ([(CONTENT_TYPE, "application/json")], one.jwks.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn metadata(State(all): All, Path(realm): Path<String>) -> Response {
    match all.iter().find(|one| one.realm == realm) {
        Some(one) => Json(described(one)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// As Keycloak describes itself, in brief.
fn described(one: &Published) -> Value {
    let Published { realm, issuer, .. } = one;
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "id_token_signing_alg_values_supported": [realm],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"],
    })
}
