//! oauth-resource-server, by discovery, as its quick start for axum.

use std::sync::Arc;

use axum::{Router, routing::get};
use oauth_resource_server::{
    AuthorizedToken, KeyNaming, OAuthConfig, OAuthValidator, axum::AuthLayer, static_token_policy,
};

use crate::{
    app::{App, Framework, PATH},
    world::{AUDIENCE, Failure, Side},
};

use super::{Contender, RING, Role, Signatures, no_secrets};

pub(super) const CONTENDER: Contender = Contender {
    name: "oauth-resource-server",
    package: "oauth-resource-server",
    signatures: Signatures::By { package: "jsonwebtoken", backend: RING },
    framework: Framework::Axum08,
    role: Role::Peer,
    build: |side| Box::pin(app(side)),
};

async fn app(side: &Side) -> Result<App, Failure> {
    no_secrets(side)?;
    let config = OAuthConfig {
        enabled: true,
        issuer: side.issuer.clone(),
        audience: AUDIENCE.to_owned(),
        resource: AUDIENCE.to_owned(),
        required_scope: Some("notes:read".to_owned()),
        allow_insecure_http: true,
        ..OAuthConfig::default()
    };
    let resolved =
        config.resolve(KeyNaming::Dotted("oauth"))?.ok_or("it says that it is not enabled")?;
    let oauth = Arc::new(OAuthValidator::new(&resolved)?);
    oauth.spawn_background_refresh();
    oauth.refresh_now().await?;
    let decision = static_token_policy(None, Some(&resolved), false)?;
    let auth = AuthLayer::from_decision(decision, Some(oauth))?;
    Ok(App::Axum08(Router::new().route(PATH, get(me)).route_layer(auth)))
}

async fn me(token: AuthorizedToken) -> String {
    token.subject.unwrap_or_default()
}
