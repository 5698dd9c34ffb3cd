//! axum-keycloak-auth, with the issuer's server as its Keycloak.

use std::sync::Arc;

use axum::{Extension, Router, routing::get};
use axum_keycloak_auth::{
    PassthroughMode, Url,
    decode::KeycloakToken,
    instance::{KeycloakAuthInstance, KeycloakConfig},
    layer::KeycloakAuthLayer,
};
use serde::Deserialize;

use crate::{
    app::{App, Framework, PATH},
    check::{PATIENCE, pause},
    world::{AUDIENCE, Failure, Side},
};

use super::{Contender, RING, Role, Signatures, no_secrets};

pub(super) const CONTENDER: Contender = Contender {
    name: "axum-keycloak-auth",
    package: "axum-keycloak-auth",
    signatures: Signatures::By { package: "jsonwebtoken", backend: RING },
    framework: Framework::Axum08,
    role: Role::Peer,
    build: |side| Box::pin(app(side)),
};

async fn app(side: &Side) -> Result<App, Failure> {
    no_secrets(side)?;
    let config = KeycloakConfig::builder()
        .server(Url::parse(&side.origin)?)
        .realm(side.realm().to_owned())
        .build();
    let instance = Arc::new(KeycloakAuthInstance::new(config));
    // Asked before its discovery has begun, the layer panics.
    for _ in 0..PATIENCE {
        if instance.is_operational().await {
            break;
        }
        pause().await;
    }
    let layer = KeycloakAuthLayer::<String, Nothing>::builder()
        .instance(instance)
        .passthrough_mode(PassthroughMode::Block)
        .persist_raw_claims(false)
        .expected_audiences(vec![AUDIENCE.to_owned()])
        .build();
    Ok(App::Axum08(Router::new().route(PATH, get(me)).layer(layer)))
}

async fn me(Extension(token): Extension<KeycloakToken<String, Nothing>>) -> String {
    token.subject
}

/// No claims beyond its own: by default it looks for a name and an address.
#[derive(Clone, Debug, Deserialize)]
struct Nothing {}
