//! What most people write: a function for axum's `from_fn`, around jsonwebtoken.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Extension, Router,
    extract::{Request, State},
    http::{StatusCode, header::AUTHORIZATION},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::get,
};
use jsonwebtoken::{
    Algorithm::{ES256, EdDSA, HS256, RS256},
    DecodingKey, Validation, decode_header,
    jwk::JwkSet,
};

use crate::{
    app::{App, Framework, PATH},
    world::{AUDIENCE, Algorithm, Failure, Side},
};

use super::{Contender, Role, Signatures, User};

pub(super) const CONTENDER: Contender = Contender {
    name: "by hand: from_fn and jsonwebtoken",
    package: "jsonwebtoken",
    signatures: Signatures::By { package: "aws-lc-rs", backend: "" },
    framework: Framework::Axum08,
    role: Role::Peer,
    build: |side| Box::pin(async { app(side) }),
};

struct Trusted {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
}

fn app(side: &Side) -> Result<App, Failure> {
    let trusted = Arc::new(trusted(side)?);
    let router =
        Router::new().route(PATH, get(me)).route_layer(from_fn_with_state(trusted, authenticate));
    Ok(App::Axum08(router))
}

fn trusted(side: &Side) -> Result<Trusted, Failure> {
    let mut validation = Validation::new(match side.algorithm {
        Algorithm::Es256 => ES256,
        Algorithm::Ed25519 => EdDSA,
        Algorithm::Hs256 => HS256,
        Algorithm::Rs256 => RS256,
    });
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[&side.issuer]);
    validation.validate_nbf = true;
    let set: JwkSet = serde_json::from_str(&side.jwks)?;
    let keys = set.keys.iter().map(|jwk| {
        let kid = jwk.common.key_id.clone().ok_or("a key without a name")?;
        Ok((kid, DecodingKey::from_jwk(jwk)?))
    });
    Ok(Trusted { keys: keys.collect::<Result<_, Failure>>()?, validation })
}

async fn authenticate(
    State(trusted): State<Arc<Trusted>>,
    mut request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let user = judge(&trusted, &request).ok_or(StatusCode::UNAUTHORIZED)?;
    request.extensions_mut().insert(user);
    Ok(next.run(request).await)
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the library may not rely on, the process-wide backend, is what people use"
)]
fn judge(trusted: &Trusted, request: &Request) -> Option<User> {
    let token = request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    let key = trusted.keys.get(&decode_header(token).ok()?.kid?)?;
    let data = jsonwebtoken::decode::<User>(token, key, &trusted.validation);
    Some(data.ok()?.claims)
}

async fn me(Extension(user): Extension<User>) -> String {
    user.sub
}
