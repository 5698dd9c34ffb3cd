//! huskarl-axum, by discovery, with the validator for RFC 9068 of huskarl-resource-server.

use axum::{Router, routing::get};
use huskarl_axum::{
    extractors::ValidatedToken,
    layers::ValidatorLayer,
    resource_server::{
        core::server_metadata::AuthorizationServerMetadata,
        validator::rfc9068::{Rfc9068AccessTokenClaims, Rfc9068Validator},
    },
};
use huskarl_reqwest::{ReqwestClient, mtls::NoMtls};

use crate::{
    app::{App, Framework, PATH},
    world::{AUDIENCE, Failure, Side},
};

use super::{Contender, Role, Signatures, no_secrets};

pub(super) const CONTENDER: Contender = Contender {
    name: "huskarl-axum",
    package: "huskarl-axum",
    signatures: Signatures::By {
        package: "huskarl-crypto-native",
        backend: " (RustCrypto, its platform for native programs)",
    },
    framework: Framework::Axum08,
    role: Role::Peer,
    build: |side| Box::pin(app(side)),
};

async fn app(side: &Side) -> Result<App, Failure> {
    no_secrets(side)?;
    let client = ReqwestClient::builder().mtls(NoMtls).build().await?;
    let metadata = AuthorizationServerMetadata::oidc_fetch()
        .http_client(&client)
        .issuer(&side.issuer)
        .call()
        .await?;
    let validator = Rfc9068Validator::builder_from_metadata(&metadata)
        .audience(AUDIENCE)
        .jwks_source(client)
        .build()
        .await?;
    let layer = ValidatorLayer::builder().validator(validator).build();
    Ok(App::Axum08(Router::new().route(PATH, get(me)).layer(layer.authenticated())))
}

async fn me(token: ValidatedToken<Rfc9068AccessTokenClaims>) -> String {
    token.sub.clone().unwrap_or_default()
}
