//! This crate, as its README sets it up.

use axum::{Router, routing::get};
use tower_bearer::{
    JwtLayer, KeyResolver, RemoteJwks, StaticKeys, TrustedIssuer, VerifiedToken, Verifier,
};

use crate::{
    app::{App, Framework, PATH},
    world::{AUDIENCE, Failure, Side},
};

use super::{Contender, Role, Signatures};

pub(super) const UNCACHED: Contender = Contender {
    name: "tower-bearer",
    package: "tower-bearer",
    signatures: Signatures::By { package: "aws-lc-rs", backend: "" },
    framework: Framework::Axum08,
    role: Role::Own,
    build: |side| Box::pin(async { Ok(guarded(verifier(side).await?)) }),
};

pub(super) const CACHED: Contender = Contender {
    name: "tower-bearer, cached",
    role: Role::Cached,
    build: |side| Box::pin(async { Ok(guarded(verifier(side).await?.cache(CAPACITY))) }),
    ..UNCACHED
};

pub(super) const CACHED_BY_DIGEST: Contender = Contender {
    name: "tower-bearer, cached by digest",
    role: Role::CachedByDigest,
    build: |side| Box::pin(async { Ok(guarded(verifier(side).await?.cache_by_digest(CAPACITY))) }),
    ..UNCACHED
};

/// As the documentation of `Verifier::cache` has it.
const CAPACITY: usize = 10_000;

/// Without a layer around it.
pub(crate) async fn verifier(side: &Side) -> Result<Verifier, Failure> {
    let issuer = if let Some(secret) = side.secret() {
        TrustedIssuer::new(&side.issuer, AUDIENCE, StaticKeys::hs256(secret)?)
    } else {
        let keys = RemoteJwks::builder(side.jwks_url()).danger_allow_http().build()?;
        keys.preload().await?;
        TrustedIssuer::new(&side.issuer, AUDIENCE, keys)
    };
    Ok(Verifier::new(issuer)?)
}

/// A handler behind the layer.
pub(crate) fn guarded(verifier: Verifier) -> App {
    App::Axum08(Router::new().route(PATH, get(me)).route_layer(JwtLayer::new(verifier)))
}

/// A registered claim has a method: no type of one's own is needed.
async fn me(token: VerifiedToken) -> String {
    token.subject().unwrap_or_default().to_owned()
}
