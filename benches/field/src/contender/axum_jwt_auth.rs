//! axum-jwt-auth, with a JWK Set or with a secret.

use std::sync::Arc;

use axum::{Router, routing::get};
use axum_jwt_auth::{Claims, Decoder, LocalDecoder, RemoteJwksDecoder};
use jsonwebtoken10::{
    Algorithm::{ES256, EdDSA, HS256, RS256},
    DecodingKey, Validation,
};

use crate::{
    app::{App, Framework, PATH},
    world::{AUDIENCE, Algorithm, Failure, Side},
};

use super::{Contender, Role, Signatures, User};

pub(super) const CONTENDER: Contender = Contender {
    name: "axum-jwt-auth",
    package: "axum-jwt-auth",
    signatures: Signatures::By {
        package: "jsonwebtoken",
        backend: " (rust_crypto, which it turns on itself)",
    },
    framework: Framework::Axum08,
    role: Role::Peer,
    build: |side| Box::pin(app(side)),
};

async fn app(side: &Side) -> Result<App, Failure> {
    let router = Router::new().route(PATH, get(me)).with_state(decoder(side).await?);
    Ok(App::Axum08(router))
}

async fn decoder(side: &Side) -> Result<Decoder<User>, Failure> {
    if let Some(secret) = side.secret() {
        let keys = vec![DecodingKey::from_secret(secret.as_bytes())];
        return Ok(Arc::new(
            LocalDecoder::builder().keys(keys).validation(validation(side)).build()?,
        ));
    }
    let decoder = RemoteJwksDecoder::builder()
        .jwks_url(side.jwks_url())
        .validation(validation(side))
        .build()?;
    decoder.initialize().await?;
    Ok(Arc::new(decoder))
}

fn validation(side: &Side) -> Validation {
    let mut validation = Validation::new(match side.algorithm {
        Algorithm::Es256 => ES256,
        Algorithm::Ed25519 => EdDSA,
        Algorithm::Hs256 => HS256,
        Algorithm::Rs256 => RS256,
    });
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[&side.issuer]);
    validation.validate_nbf = true;
    validation
}

async fn me(user: Claims<User>) -> String {
    user.claims.sub
}
