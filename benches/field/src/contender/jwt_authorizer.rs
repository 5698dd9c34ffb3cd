//! jwt-authorizer, by discovery or with a secret. It is for axum 0.7, and compared with a handler there.

use axum07::{Router, routing::get};
use jwt_authorizer::{Authorizer, IntoLayer, JwtAuthorizer, JwtClaims, Validation};

use crate::{
    app::{App, Framework, PATH},
    world::{AUDIENCE, Failure, Side},
};

use super::{Contender, RING, Role, Signatures, User};

pub(super) const CONTENDER: Contender = Contender {
    name: "jwt-authorizer (axum 0.7)",
    package: "jwt-authorizer",
    signatures: Signatures::By { package: "jsonwebtoken", backend: RING },
    framework: Framework::Axum07,
    role: Role::Peer,
    build: |side| Box::pin(app(side)),
};

async fn app(side: &Side) -> Result<App, Failure> {
    let builder = match side.secret() {
        Some(secret) => JwtAuthorizer::<User>::from_secret(secret),
        None => JwtAuthorizer::from_oidc(&side.issuer),
    };
    let validation = Validation::new().iss(&[&side.issuer]).aud(&[AUDIENCE]).nbf(true);
    let authorizer: Authorizer<User> = builder.validation(validation).build().await?;
    Ok(App::Axum07(Router::new().route(PATH, get(me)).layer(authorizer.into_layer())))
}

async fn me(JwtClaims(user): JwtClaims<User>) -> String {
    user.sub
}
