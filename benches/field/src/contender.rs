//! Who takes part. Each is set up as its own documentation says, in a file of its own, and answers the
//! token's subject from a handler that got it from the contender.

mod axum_jwt_auth;
mod axum_keycloak_auth;
mod by_hand;
mod huskarl_axum;
mod jwt_authorizer;
mod no_auth;
mod oauth_resource_server;
mod static_bearer;
mod tower_bearer;
mod tower_oauth2_resource_server;

use std::pin::Pin;

use serde::Deserialize;

pub(crate) use self::tower_bearer::{guarded, verifier};

use crate::{
    app::{App, Framework},
    world::{Failure, Side},
};

/// What all handlers want to know, for the contenders that let their users say so.
#[derive(Clone, Debug, Deserialize)]
struct User {
    sub: String,
}

/// What a contender makes of an issuer: an application, or the reason why it cannot.
type Building<'a> = Pin<Box<dyn Future<Output = Result<App, Failure>> + 'a>>;

/// One who takes part.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Its package, as it is called in Cargo.lock, and the series of versions if it is not the newest.
    pub(crate) package: &'static str,
    pub(crate) signatures: Signatures,
    pub(crate) framework: Framework,
    pub(crate) role: Role,
    build: for<'a> fn(&'a Side) -> Building<'a>,
}

/// Who checks its signatures.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signatures {
    /// Nobody does.
    None,
    /// A dependency, and the backend of it that is on.
    By {
        /// The dependency, as it is called in Cargo.lock.
        package: &'static str,
        /// Which of its backends is on, if it has any.
        backend: &'static str,
    },
}

/// What it is compared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It looks at no token: what time is added to.
    Baseline,
    /// Ours, which knows the token from before.
    Cached,
    /// Ours, which knows the token's digest from before.
    CachedByDigest,
    /// Ours.
    Own,
    /// Another crate that does the job, or what people write by hand.
    Peer,
    /// It compares the header with one token that it knows.
    StaticBearer,
}

impl Contender {
    pub(crate) async fn build(&self, side: &Side) -> Result<App, Failure> {
        Ok((self.build)(side).await?.ready())
    }
}

/// All of them, in the order they are printed in.
pub(crate) const ALL: &[Contender] = &[
    no_auth::AXUM_08,
    no_auth::AXUM_07,
    static_bearer::CONTENDER,
    tower_bearer::CACHED,
    tower_bearer::CACHED_BY_DIGEST,
    tower_bearer::UNCACHED,
    by_hand::CONTENDER,
    tower_oauth2_resource_server::CONTENDER,
    oauth_resource_server::CONTENDER,
    jwt_authorizer::CONTENDER,
    axum_keycloak_auth::CONTENDER,
    axum_jwt_auth::CONTENDER,
    huskarl_axum::CONTENDER,
];

/// What is said of jsonwebtoken's backends.
const AWS_LC: &str = " (aws_lc_rs)";
const RING: &str = " (ring, its only backend)";

/// For those that know public keys only.
fn no_secrets(side: &Side) -> Result<(), Failure> {
    match side.secret() {
        Some(_) => Err("takes no shared secret".into()),
        None => Ok(()),
    }
}
