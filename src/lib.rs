//! JWT bearer authentication for [Tower](tower_layer) and axum.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod claims;
mod clock;
mod error;
#[cfg(feature = "axum")]
mod extract;
mod head;
mod jose;
mod keys;
mod lookup;
mod telemetry;
mod token;
mod validation;
mod verifier;
mod web;

pub use http;
pub use jsonwebtoken;
pub use serde_json;

pub use crate::{
    claims::{
        audience::{Audience, Names},
        scopes::Scopes,
    },
    clock::{Clock, NumericDate, SystemClock},
    error::{ConfigError, KeyError, KeyErrorKind, TokenError, TokenErrorKind},
    head::RequestHead,
    jose::{
        algorithm::{Algorithm, Algorithms, UnknownAlgorithm},
        compact::MAX_TOKEN_LEN,
        header::Header,
        jwk::SkippedKey,
        key::{SignatureError, SignatureVerifier, VerifyingKey},
    },
    keys::{KeyResolver, ResolverFn, ResolverFnSync, StaticKeys, resolver_fn, resolver_fn_sync},
    lookup::{Lookup, LookupFuture},
    token::{Claims, ClaimsError, Outcome, TokenOrigin, VerifiedToken},
    verifier::{TrustedIssuer, Verifier},
    web::{
        challenge::RejectionKind,
        future::ResponseFuture,
        layer::JwtLayer,
        rejection::Rejection,
        respond::{BearerResponder, Respond, RespondFn},
        service::JwtService,
        source::{AuthorizationHeader, Presented, TokenSource},
    },
};
