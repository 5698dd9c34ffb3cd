//! tower-oauth2-resource-server, by discovery, and with its other backend: its default is `rust_crypto`.

use axum::{Extension, Router, routing::get};
use jsonwebtoken::Algorithm::HS256;
use tower_oauth2_resource_server::{
    server::OAuth2ResourceServer, tenant::TenantConfiguration, validation::ClaimsValidationSpec,
};

use crate::{
    app::{App, Framework, PATH},
    world::{AUDIENCE, Failure, Side},
};

use super::{AWS_LC, Contender, Role, Signatures, User};

pub(super) const CONTENDER: Contender = Contender {
    name: "tower-oauth2-resource-server",
    package: "tower-oauth2-resource-server",
    signatures: Signatures::By { package: "jsonwebtoken", backend: AWS_LC },
    framework: Framework::Axum08,
    role: Role::Peer,
    build: |side| Box::pin(app(side)),
};

async fn app(side: &Side) -> Result<App, Failure> {
    let server =
        OAuth2ResourceServer::<User>::builder().add_tenant(tenant(side).await?).build().await?;
    Ok(App::Axum08(Router::new().route(PATH, get(me)).layer(server.into_layer())))
}

async fn tenant(side: &Side) -> Result<TenantConfiguration, Failure> {
    if side.secret().is_none() {
        return Ok(TenantConfiguration::builder(&side.issuer)
            .audiences(&[AUDIENCE])
            .build()
            .await?);
    }
    // Only a set of keys that is at hand may hold a secret, and only if HMAC is asked for.
    let claims = ClaimsValidationSpec::recommended(&side.issuer, &vec![AUDIENCE.to_owned()]);
    let tenant = TenantConfiguration::static_builder(&side.jwks)
        .claims_validation(claims)
        .allowed_algorithms(&[HS256])
        .build()?;
    Ok(tenant)
}

async fn me(Extension(user): Extension<User>) -> String {
    user.sub
}
