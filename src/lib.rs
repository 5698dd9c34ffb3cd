//! JWT bearer authentication for [Tower](https://docs.rs/tower) and [axum](https://docs.rs/axum): a layer
//! verifies the token of each request and hands its claims to the handlers.
//!
//! ```
//! # #[cfg(feature = "axum")] fn main() -> Result<(), tower_bearer::ConfigError> {
//! use axum::{Router, routing::get};
//! use serde::Deserialize;
//! use tower_bearer::{Claims, JwtLayer, StaticKeys, TrustedIssuer, Verifier};
//!
//! #[derive(Deserialize)]
//! struct User { sub: String }
//!
//! async fn me(Claims(user): Claims<User>) -> String { format!("hello {}", user.sub) }
//!
//! # let secret = [7; 32];
//! let keys = StaticKeys::hs256(secret)?;
//! let issuer = TrustedIssuer::new("https://issuer.example", "https://api.example", keys);
//! let app: Router = Router::new()
//!     .route("/me", get(me))
//!     .route_layer(JwtLayer::new(Verifier::new(issuer)?));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "axum"))] fn main() {}
//! ```
//!
//! Issuer, audience and keys cannot be forgotten: they are the arguments of
//! [`TrustedIssuer::new`]. Other keys are one line away: [`StaticKeys::from_pem`],
//! [`StaticKeys::from_jwks`], or a closure by [`resolver_fn`]. Without axum a service reads
//! [`VerifiedToken::of`] its request; without HTTP, [`Verifier::verify`] takes a string.
//!
//! # What is checked
//!
//! In this order, so that what is cheap comes first:
//!
//! 1. One `Authorization` header with `Bearer` and one `token68` (RFC 6750 §2.1); at most 16 KiB.
//! 2. Three segments of strict base64url: no padding, no white space, no bits left over (RFC 7515 §2).
//! 3. Header and claims are JSON objects in UTF-8 in which no member stands twice (RFC 7515 §4, RFC 7519 §4).
//! 4. `alg` is one this issuer's keys verify, to the letter; never `none` (RFC 8725 §3.1).
//! 5. There is no `crit` and no `b64: false`; `jku`, `x5u`, `x5c` and `jwk` are not even read.
//! 6. `iss` is exactly a trusted issuer's.
//! 7. `typ` is `at+jwt`, `application/at+jwt`, `JWT` or absent: no ID-token, logout token or proof passes for an
//!    access token (RFC 8725 §3.11).
//! 8. `exp` is there and has not passed, `nbf` has; 60 s of leeway. A wrong type is an error, not an absence.
//! 9. `aud` is there and names us.
//! 10. There is no `cnf`: a token bound to a key is never taken as a plain bearer token (RFC 7800).
//! 11. The one key that its `kid` names verifies the signature with the key's one algorithm.
//!
//! Keys are checked when they are built: see [`VerifyingKey`]. What weakens a check says so:
//! [`Audience::danger_any`], [`TrustedIssuer::danger_no_expiry`],
//! [`TrustedIssuer::danger_accept_bound_tokens`] are all there are.
//!
//! # What a refusal looks like
//!
//! | what happened | status | `WWW-Authenticate` |
//! |---|---|---|
//! | no credentials | 401 | `Bearer realm="api"` |
//! | malformed request, several credentials | 400 | `Bearer realm="api", error="invalid_request", …` |
//! | expired | 401 | `Bearer realm="api", error="invalid_token", error_description="the token has expired"` |
//! | any other bad token | 401 | `Bearer realm="api", error="invalid_token", error_description="the token is not valid here"` |
//! | the claims do not fit the handler's type | 403 | |
//! | the keys cannot be reached | 503 and `Retry-After` | |
//! | no [`JwtLayer`] around the route | 500 | |
//!
//! **401 means the token is bad; 503 means we cannot know.** The body is empty unless a
//! [responder](Respond) of yours fills it. The reason in full goes to [`tracing`](https://docs.rs/tracing)
//! under the target `tower_bearer`, at `debug`; no token, key or claim is ever printed.
//!
//! # Features
//!
//! | feature | default | what it adds, and why it can be turned off |
//! |---|---|---|
//! | `axum` | yes | [`Claims<T>`](Claims) and [`VerifiedToken`] as extractors, on `axum-core`; a service on plain hyper needs none |
//!
//! Features are additive and change no behaviour of what is already on. Signatures are checked by
//! [`aws-lc-rs`](https://docs.rs/aws-lc-rs), whatever backend of [`jsonwebtoken`] the rest of your program
//! turns on; its process-wide `CryptoProvider` is not touched.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

/// The README's examples are tests.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
struct Readme;

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

/// What is shared between threads and cloned for each request can be.
const _: () = {
    const fn shared<T: Clone + Send + Sync + 'static>() {}
    const fn sent<T: Send + 'static>() {}

    shared::<Claims<()>>();
    shared::<ConfigError>();
    shared::<JwtLayer>();
    shared::<JwtService<(), AuthorizationHeader, BearerResponder>>();
    shared::<KeyError>();
    shared::<Outcome>();
    shared::<Rejection>();
    shared::<StaticKeys>();
    shared::<TokenError>();
    shared::<VerifiedToken>();
    shared::<Verifier>();
    shared::<VerifyingKey>();
    sent::<Lookup<()>>();
    sent::<TrustedIssuer>();
};
