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
//!     .route_layer(JwtLayer::new(Verifier::new(issuer)?));   // protects the routes above it
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "axum"))] fn main() {}
//! ```
//!
//! Issuer, audience and keys cannot be forgotten: they are the arguments of
//! [`TrustedIssuer::new`]. Other keys are one line away: [`TrustedIssuer::discover`], [`RemoteJwks::new`],
//! [`StaticKeys::from_pem`], [`StaticKeys::from_jwks`], or a closure by [`resolver_fn`]. Several issuers go into
//! [`Verifier::any_of`], tenants from a database into [`Verifier::dynamic`]. Without axum a service reads
//! [`VerifiedToken::of`] its request; without HTTP, [`Verifier::verify`] takes a string.
//!
//! A layer protects the routes that were added before it; a route added below it is public.
//!
//! A [`Policy`] says who may do what: [`JwtLayer::require`] asks it of everything behind a layer, [`AuthorizeLayer`] of some
//! routes further in, and `RequireScope::check(&token)?` and its like in a handler.
//!
//! Tokens come in the `Authorization` header, unless [`JwtLayer::source`] names another [`TokenSource`]: a
//! [cookie](TokenCookie), a [subprotocol](WebSocketProtocol), the [query](QueryParameter), or one of yours. What goes on
//! after its request ends with its token by a [`LifetimeLayer`] or a [`Lifetime`].
//!
//! # What is checked
//!
//! What needs no key is judged first, and what is cheap before what is not:
//!
//! 1. There is one token, in a place that the [source](TokenSource) names: one `Authorization` header with `Bearer` and one
//!    `token68` (RFC 6750 §2.1), unless it is told otherwise; at most 16 KiB. If it is in a [cookie](TokenCookie), no page
//!    of another origin has sent the request.
//! 2. Three segments of strict base64url: no padding, no white space, no bits left over (RFC 7515 §2).
//! 3. Header and claims are JSON objects in UTF-8 in which no member appears twice (RFC 7515 §4, RFC 7519 §4).
//! 4. There is no `crit` and no `b64: false`; `jku`, `x5u`, `x5c` and `jwk` are not even read.
//! 5. `iss` is exactly a trusted issuer's. [`Verifier::dynamic`] asks for it after `alg`, `typ` and dates.
//! 6. `alg` is one this issuer's keys verify, to the letter; never `none` (RFC 8725 §3.1).
//! 7. `typ` is `at+jwt`, `application/at+jwt`, `JWT` or absent: logout tokens, DPoP proofs and whatever else
//!    names another type are refused (RFC 8725 §3.11). Most providers' ID tokens say `JWT`; what keeps them out is
//!    `aud`, since theirs is the client. Where client and API share a name, ask for
//!    [`rfc9068`](TrustedIssuer::rfc9068), a [`typ`](TrustedIssuer::typ) or a [claim](TrustedIssuer::require_claim).
//! 8. `exp` is there and has not passed, `nbf` has; 60 s of leeway. A wrong type is an error, not an absence.
//! 9. `aud` is there and names us.
//! 10. There is no `cnf`: a token bound to a key is never taken as a plain bearer token (RFC 7800).
//! 11. The one key that its `kid` names verifies the signature with the key's one algorithm.
//! 12. The claims that [`require_claim`](TrustedIssuer::require_claim) asks for have their values.
//! 13. A [revocation check](TrustedIssuer::revocation), if there is one, knows that the token has not been taken back.
//!
//! A verifier with a [cache](Verifier::cache) does not repeat for a token that comes again what cannot have changed. It does repeat what time,
//! a revocation, new keys or other terms could.
//!
//! Keys are checked when they are built: see [`VerifyingKey`]. Five settings switch a check off, and
//! their names start with `danger`: [`Audience::danger_any`], [`TrustedIssuer::danger_no_expiry`],
//! [`TrustedIssuer::danger_accept_bound_tokens`], [`RemoteJwksBuilder::danger_allow_http`],
//! [`TokenCookie::danger_insecure_cookies`]. [`trusted_origin`](JwtLayer::trusted_origin) lets pages of another origin use
//! cookies. [`optional`](JwtLayer::optional),
//! [`best_effort`](JwtLayer::best_effort) and [`allow_cors_preflight`](JwtLayer::allow_cors_preflight) decide who
//! passes without a token.
//!
//! # Before a client has a token
//!
//! [`ProtectedResource`] tells it where to get one and which scopes there are (RFC 9728). A [`ScopeCatalog`] declares those
//! once: for that document, for what routes ask for, and so for every challenge.
//!
//! # What a refusal looks like
//!
//! | what happened | status | `WWW-Authenticate` |
//! |---|---|---|
//! | no credentials | 401 | `Bearer realm="api"` |
//! | malformed request, several credentials | 400 | `Bearer realm="api", error="invalid_request", …` |
//! | expired | 401 | `Bearer realm="api", error="invalid_token", error_description="the token has expired"` |
//! | any other bad token, a revoked one among them | 401 | `Bearer realm="api", error="invalid_token", error_description="the token is not valid here"` |
//! | a token in a cookie, and a page of another origin may have sent the request | 403 | |
//! | a scope is lacking | 403 | `Bearer realm="api", error="insufficient_scope", …, scope="notes:read notes:write"` |
//! | a stronger or more recent login is needed | 401 | `Bearer realm="api", error="insufficient_user_authentication", …, acr_values="mfa", max_age="300"` |
//! | a role is lacking, or another policy denies it | 403 | |
//! | the claims do not fit the handler's type | 403 | |
//! | the keys, who is trusted, what is revoked, or what a policy asks cannot be found out | 503 and `Retry-After` | |
//! | no [`JwtLayer`] around the route | 500 | |
//!
//! Where a [policy](Policy) is known, the challenge to a request without credentials names its scopes.
//! **401 means the token is bad; 503 means we cannot know.** The body is empty unless a
//! [responder](Respond) fills it: [`ProblemJson`] for programs, [`Grpc`] for gRPC, [`Negotiated`] for whoever asks, or one
//! of yours. Only the 500, which is for you, says what to do.
//!
//! # Logs
//!
//! Clients are not told why. [`tracing`](https://docs.rs/tracing) is, under the target `tower_bearer`;
//! with `tracing-subscriber` and `RUST_LOG=tower_bearer=debug` it reads
//! `request refused outcome="refused" reason="audience_mismatch" status=401 alg="ES256" issuer="unverified" kid="unverified" latency="ready"`.
//! No token, no secret, no claim's value and no `kid` of a token is ever printed.
//!
//! | level | message | fields | when |
//! |---|---|---|---|
//! | `debug` | `request refused` | `outcome`, `reason`, `claim`, `status`, `alg`, `issuer`, `kid`, `latency` | a request is refused, by a layer, an extractor or a handler; once for each |
//! | `debug` | `request passes` | `outcome`, `reason`, `claim`, `alg`, `issuer`, `kid`, `latency` | a layer lets it through; once for each layer |
//! | `debug` | `keys fetched`, `keys read` | `from`, `outcome`, `keys`, `skipped`; `generation` | a set came, from an issuer or a file |
//! | `warn` | `keys not fetched`, `keys not read` | `from`, `error` | it did not; the last good one stays. Of a folder of [`SigningKeys`] once, until it can be read again |
//! | `warn` | `keys not rotated`, `keys not removed` | `error`, `source`; `error` | [`SigningKeys`] go on with the key that signs, or could not remove a file |
//! | `warn` | `keys unavailable` | `issuer`, `error`, `source` | a resolver could not say whether there is a key; at `debug` where `keys not fetched` has said so |
//! | `warn` | `issuers unavailable` | `error`, `source` | an [`IssuerResolver`] could not say whether an issuer is trusted, or has too many questions to answer; once for each question |
//! | `error` | `issuer misconfigured` | `error`, `source` | an [`IssuerResolver`] answered with an issuer that cannot be used |
//! | `warn` | `unknown issuer is nearly a trusted one` | `trusted`, `difference` | a slash too many or too few, in a fixed set of issuers; once for each trusted one |
//! | `warn` | `claims do not fit the type asked for` | `field` | an extractor, a policy, a handler or [`JwtLayer::claims`] answers 403 |
//! | `warn` | `policy unavailable` | `reason`, `error` | a [`Policy`] could not say whether a request is permitted: [`Denial::unavailable`] |
//! | `warn` | `a refresh token was used again: its session was ended` | `session` | it was stolen, or the one after it: worth an alarm |
//! | `warn` | `the store has lost renewals of a session` | `session` | a refresh token is newer than the store knows |
//! | `warn` | `a revocation was not written down` | `error`, `source` | of a session that was ended for theft; the log gets it when it is read next |
//! | `warn`, `info` | `revocations not read`, `revocations are read again` | `issuer`, `error`, `source` | a log cannot be reached, once, and can |
//! | `warn`, `info` | `revocations are read and not told`, `revocations are told again` | `issuer`, `error`, `source` | a log that could tell cannot: others are heard of within 5 s |
//! | `warn` | `a log had not all revocations: they were added` | `issuer`, `count` | it has lost some, or could not be written before |
//! | `error` | `a log of revocations has panicked` | | it is asked again 5 s later |
//! | `warn` | `a file of sessions was not written` | `error`, `source` | a `RedbStore` cannot go on |
//! | `warn` | `sessions unavailable` | `error`, `source` | a [`SessionError`] is answered with 503 |
//! | `error` | `tokens cannot be issued` | `error`, `source` | a [`SessionError`] or an [`IssueError`] is answered with 500 |
//! | `debug` | `response ends with its token` | `reason` | a stream is over before its time, by a [`LifetimeLayer`] or a [`LifetimeBody`]; `reason` is a [`TokenEnd::code`] |
//! | `error` | `no JwtLayer has run before this handler, AuthorizeLayer or LifetimeLayer` | | an extractor, an [`AuthorizeLayer`] or a [`LifetimeLayer`] finds no outcome and answers 500 |
//!
//! The first two are the record of decisions:
//!
//! | field | is |
//! |---|---|
//! | `outcome` | `granted`; `anonymous`, without a token; `failed`, with a bad one by best effort; `refused` |
//! | `reason` | `granted`; `absent` or `preflight`; why a token is bad, a [`TokenErrorKind::code`]; what a policy was given [as a reason](Denial::with_reason); else a [`RejectionKind::code`] |
//! | `alg` | the algorithm, once the header was read, and `unknown` before |
//! | `issuer`, `kid` | once the signature holds, the issuer as it was configured and the key as its set spells it, which may be not at all; `unverified` before |
//! | `latency` | `ready`, or `waited` where a key, an issuer or a policy was waited for |
//!
//! `trusted` and `issuer` are issuers as they were
//! configured; `from` is an issuer, a URL without its query, or a path, as it was configured; `claim` is one that is registered or that the set-up asks for; `field` is a claim's name where
//! it is plain.
//!
//! # Metrics
//!
//! With the feature `metrics`, by the crate of that name:
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `tower_bearer_tokens_total` | counter | `outcome`: `verified` or a [`TokenErrorKind::code`] |
//! | `tower_bearer_cache_lookups_total` | counter, of a verifier with a [cache](Verifier::cache) | `outcome`: `hit`, whatever the answer is; `miss`, also of what is never remembered; `stale`, where the keys or the issuer have changed since |
//! | `tower_bearer_decisions_total` | counter: one for each layer that a request passes, and one if it is refused | `outcome`, `reason`, `alg`, `issuer`, `latency`, as in the record of decisions |
//! | `tower_bearer_key_fetches_total` | counter | `from`; `occasion`: `schedule`, `unknown_key`, `operator`; `outcome`: `changed`, `unchanged`, `failed` |
//! | `tower_bearer_keys` | gauge | `from` |
//! | `tower_bearer_keys_age_seconds` | gauge, as of the last attempt, which is at most a minute old in an outage | `from` |
//! | `tower_bearer_renewals_total` | counter of refresh tokens | `outcome`: `rotated`, `replayed` within the grace, `forwarded` where the store has lost writes, or a [`SessionErrorKind::code`]; `reused` is worth an alarm |
//! | `tower_bearer_unknown_kids_total` | counter of tokens whose key was not at hand | `from`; `answer`: `found`, `absent`, `unavailable` |
//!
//! No label holds anything that a token brings.
//!
//! # Guides
//!
//! In the repository: [who may do what](https://github.com/tower-bearer/tower-bearer/blob/main/docs/AUTHORIZATION.md),
//! [where tokens live](https://github.com/tower-bearer/tower-bearer/blob/main/docs/WHERE_TOKENS_LIVE.md),
//! [sessions and renewal](https://github.com/tower-bearer/tower-bearer/blob/main/docs/SESSIONS.md),
//! [revocation](https://github.com/tower-bearer/tower-bearer/blob/main/docs/REVOCATION.md),
//! [beyond one machine](https://github.com/tower-bearer/tower-bearer/blob/main/docs/SCALING.md),
//! [JWT or sessions](https://github.com/tower-bearer/tower-bearer/blob/main/docs/JWT_OR_SESSIONS.md),
//! [long connections](https://github.com/tower-bearer/tower-bearer/blob/main/docs/LONG_CONNECTIONS.md),
//! [choosing 401, 403 and step-up](https://github.com/tower-bearer/tower-bearer/blob/main/docs/REFUSALS.md),
//! [keys that rotate](https://github.com/tower-bearer/tower-bearer/blob/main/docs/KEYS.md),
//! [issuing tokens](https://github.com/tower-bearer/tower-bearer/blob/main/docs/ISSUING.md),
//! [set-ups for providers](https://github.com/tower-bearer/tower-bearer/blob/main/docs/PROVIDERS.md),
//! [configuration files](https://github.com/tower-bearer/tower-bearer/blob/main/docs/CONFIGURATION.md),
//! [how fast it is, and why](https://github.com/tower-bearer/tower-bearer/blob/main/docs/PERFORMANCE.md),
//! [testing your service](https://github.com/tower-bearer/tower-bearer/blob/main/docs/TESTING.md),
//! [the design and its reasons](https://github.com/tower-bearer/tower-bearer/blob/main/docs/DESIGN.md).
//!
//! # Features
//!
//! | feature | default | what it adds, and why it can be turned off |
//! |---|---|---|
//! | `axum` | yes | [`Claims<T>`](Claims) and [`VerifiedToken`] as extractors, on `axum-core`; a service on plain hyper needs none |
//! | `cache` | yes | [`Verifier::cache`] and [`cache_by_digest`](Verifier::cache_by_digest): tokens that come again cost no signature, once one of them is called |
//! | `config` | yes | [`VerifierConfig`]: a verifier from a configuration file, for services whose issuers are not known when they are compiled; adds no crate to `jwks` |
//! | `cookies` | yes | [`TokenCookie`] and, with `issue`, [`SessionCookies`]; and what keeps forged requests off, by the CSRF service of `tower-http`; a service that no browser talks to needs neither |
//! | `issue` | yes | [`Issuer`], [`Sessions`], [`Revocations`]: tokens that are issued, renewed and taken back; a service that only verifies needs none of it |
//! | `jwks` | yes | [`RemoteJwks`], [`TrustedIssuer::discover`], [`JwksFile`]; brings `tokio` and `reqwest`, which a service with static keys needs not |
//! | `jwks-rustls` | yes | TLS for the client of `jwks`, by rustls and aws-lc; turn it off where another TLS of `reqwest` is on, or a client of your own |
//! | `lifetime` | yes | [`Lifetime`], [`LifetimeLayer`] and [`LifetimeBody`]: streams and sockets that end with their token; brings the timers of `tokio`, which a service that answers and is done needs not |
//! | `metrics` | no | counters and gauges (above) |
//! | `redb` | no | [`RedbStore`]: sessions and revocations in one file, for a service of one process; one crate more |
//! | `routes` | no | [`SessionRoutes`] and [`well_known`]: ready routes for axum that renew, log out, list sessions and publish keys; brings `axum` itself, where the rest of this crate needs `axum-core` alone |
//! | `testing` | no | [`testing::TestIssuer`], a fake provider for your own tests: any token, keys that rotate, outages; suites for stores of your own; it belongs under `[dev-dependencies]` |
//!
//! Features are additive and change no behaviour of what is already on. Signatures are checked by
//! [`aws-lc-rs`](https://docs.rs/aws-lc-rs), whatever backend of [`jsonwebtoken`] the rest of your program
//! turns on; its process-wide `CryptoProvider` is not touched.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

/// The README's examples are tests.
#[cfg(all(doctest, feature = "axum", feature = "issue"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// So are those of the chapter on authorization.
#[cfg(all(doctest, feature = "testing", feature = "axum"))]
#[doc = include_str!("../docs/AUTHORIZATION.md")]
struct Authorization;

/// So are those of the chapter on configuration files.
#[cfg(all(doctest, feature = "config"))]
#[doc = include_str!("../docs/CONFIGURATION.md")]
struct Configuration;

/// So are those of the chapter on issuing.
#[cfg(all(doctest, feature = "axum", feature = "issue"))]
#[doc = include_str!("../docs/ISSUING.md")]
struct Issuing;

/// So are those of the chapter on keys.
#[cfg(all(doctest, feature = "jwks"))]
#[doc = include_str!("../docs/KEYS.md")]
struct Keys;

/// So are those of the chapter on long connections.
#[cfg(all(doctest, feature = "testing", feature = "axum", feature = "lifetime"))]
#[doc = include_str!("../docs/LONG_CONNECTIONS.md")]
struct LongConnections;

/// So are those of the page on providers.
#[cfg(all(doctest, feature = "jwks"))]
#[doc = include_str!("../docs/PROVIDERS.md")]
struct Providers;

/// So are those of the page on refusals.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../docs/REFUSALS.md")]
struct Refusals;

/// So are those of the chapter on revocation.
#[cfg(all(doctest, feature = "issue"))]
#[doc = include_str!("../docs/REVOCATION.md")]
struct TakenBack;

/// So are those of the chapter on sessions.
#[cfg(all(doctest, feature = "issue"))]
#[doc = include_str!("../docs/SESSIONS.md")]
struct SessionsAndRenewal;

/// So are those of the chapter on testing.
#[cfg(all(doctest, feature = "testing", feature = "axum", feature = "cookies", feature = "issue"))]
#[doc = include_str!("../docs/TESTING.md")]
struct Testing;

/// So are those of the chapter on the places of tokens.
#[cfg(all(doctest, feature = "testing", feature = "axum", feature = "cookies"))]
#[doc = include_str!("../docs/WHERE_TOKENS_LIVE.md")]
struct WhereTokensLive;

#[cfg(feature = "cache")]
mod cache;
mod claims;
mod clock;
#[cfg(feature = "config")]
mod config;
mod endpoint;
mod error;
#[cfg(feature = "axum")]
mod extract;
mod head;
#[cfg(feature = "issue")]
mod issue;
mod jose;
mod keys;
mod lookup;
mod policy;
#[cfg(feature = "issue")]
mod revocation;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod token;
mod validation;
mod verifier;
mod web;

/// Requests, responses and headers, as our signatures have them.
pub use http;
/// For [`DecodingKey`](jsonwebtoken::DecodingKey) and [`Jwk`](jsonwebtoken::jwk::Jwk) in our signatures. No backend
/// and no PEM is turned on: to sign tokens, depend on `jsonwebtoken` with a backend of your choice, or
/// it panics at first use.
pub use jsonwebtoken;
/// For the [`Client`](reqwest::Client) that fetches keys. TLS is turned on by the feature `jwks-rustls`, or by any
/// of its own features in a program that depends on it.
#[cfg(feature = "jwks")]
pub use reqwest;
/// For `#[derive(Deserialize)]` on claims; a program that depends on `serde` itself need not use this.
pub use serde;
/// For the [`Value`](serde_json::Value) of required claims.
pub use serde_json;
/// For [`Layer`](tower_layer::Layer), to call `.layer(service)` without the crate `tower`.
pub use tower_layer;
/// For [`Service`](tower_service::Service), to call a service by hand.
pub use tower_service;

#[cfg(feature = "config")]
pub use crate::config::{IssuerConfig, VerifierConfig};
#[cfg(all(feature = "cookies", feature = "issue"))]
pub use crate::issue::cookies::{SessionCookies, SetCookies};
#[cfg(feature = "redb")]
pub use crate::issue::file::RedbStore;
#[cfg(feature = "routes")]
pub use crate::issue::routes::{SessionRoutes, well_known};
#[cfg(feature = "jwks")]
pub use crate::keys::{
    fetch::{BoxError, Fetch, FetchBody},
    file::JwksFile,
    remote::{RemoteJwks, RemoteJwksBuilder},
};
#[cfg(feature = "lifetime")]
pub use crate::web::lifetime::{
    Lifetime, LifetimeBody, LifetimeFuture, LifetimeLayer, LifetimeService, TokenEnd,
};
#[cfg(feature = "cookies")]
pub use crate::web::source::TokenCookie;
pub use crate::{
    claims::{
        audience::{Audience, Names},
        scopes::Scopes,
    },
    clock::{Clock, NumericDate, SystemClock},
    error::{ConfigError, IssuerError, KeyError, KeyErrorKind, TokenError, TokenErrorKind},
    head::RequestHead,
    jose::{
        algorithm::{Algorithm, Algorithms, UnknownAlgorithm},
        compact::MAX_TOKEN_LEN,
        header::Header,
        jwk::SkippedKey,
        key::{SignatureError, SignatureVerifier, VerifyingKey},
    },
    keys::{
        KeyResolver, KeysStatus, ResolverFn, ResolverFnSync, StaticKeys, resolver_fn,
        resolver_fn_sync,
    },
    lookup::{Lookup, LookupFuture},
    policy::{
        Policy,
        catalog::ScopeCatalog,
        claim::RequireClaim,
        combine::{And, Not, Or},
        denial::{Denial, DenialKind},
        function::{PolicyFn, PolicyFnAsync, policy_fn, policy_fn_async},
        path::ClaimPath,
        role::RequireRole,
        scope::RequireScope,
        step_up::{RequireAcr, RequireFreshAuth},
    },
    token::{
        Claims, ClaimsError, Outcome, Revocation, RevocationCheck, RevocationFn, TokenOrigin,
        VerifiedToken, revocation_fn,
    },
    verifier::{
        IssuerFn, IssuerFnSync, IssuerResolver, IssuerStatus, TrustedIssuer, Verifier, issuer_fn,
        issuer_fn_sync,
    },
    web::{
        authorize::{AuthorizeLayer, AuthorizeService},
        challenge::RejectionKind,
        future::ResponseFuture,
        layer::JwtLayer,
        metadata::{BearerMethod, ProtectedResource},
        rejection::Rejection,
        respond::{BearerResponder, Grpc, Negotiated, ProblemJson, Respond, RespondFn},
        service::JwtService,
        source::{
            AnswerHeaders, AuthorizationHeader, OrSource, Presented, QueryParameter, TokenSource,
            TokenSourceFn, WebSocketProtocol, token_source_fn,
        },
        wanted::Wanted,
    },
};
#[cfg(feature = "issue")]
pub use crate::{
    error::StoreError,
    issue::{
        checkup::{Checkup, Finding, Soundness},
        grant::Grant,
        issuer::{AccessToken, IssueError, Issuer, IssuerBuilder},
        keys::{SigningKeys, SigningKeysBuilder},
        memory::MemoryStore,
        refresh::RefreshKeys,
        session::{GrantError, Login, Session, SessionError, SessionErrorKind, TokenPair},
        sessions::{Sessions, SessionsBuilder},
        store::{
            NewSession, Rotation, RotationLimits, SessionId, SessionNonce, SessionStore,
            StoredSession,
        },
    },
    revocation::{
        MemoryLog, RevocationLog, Revocations, RevocationsBuilder, Revoked, RevokedEntry, Told,
    },
};

#[cfg(any(feature = "issue", feature = "testing"))]
pub use crate::jose::signing::SigningKey;

/// What is shared between threads and cloned for each request can be.
const _: () = {
    const fn shared<T: Clone + Send + Sync + 'static>() {}
    const fn sent<T: Send + 'static>() {}

    shared::<Claims<()>>();
    shared::<ConfigError>();
    shared::<Grpc>();
    shared::<IssuerError>();
    shared::<IssuerStatus>();
    shared::<JwtLayer>();
    shared::<JwtService<(), AuthorizationHeader, BearerResponder>>();
    shared::<KeyError>();
    shared::<Negotiated>();
    shared::<Outcome>();
    shared::<ProblemJson>();
    shared::<ProtectedResource>();
    shared::<Rejection>();
    shared::<StaticKeys>();
    shared::<TokenError>();
    shared::<VerifiedToken>();
    shared::<OrSource<AuthorizationHeader, QueryParameter>>();
    shared::<WebSocketProtocol>();
    #[cfg(feature = "cookies")]
    shared::<TokenCookie>();
    #[cfg(all(feature = "cookies", feature = "issue"))]
    {
        shared::<SessionCookies>();
        shared::<SetCookies>();
    }
    #[cfg(feature = "routes")]
    sent::<SessionRoutes<MemoryStore>>();
    #[cfg(feature = "lifetime")]
    {
        sent::<Lifetime>();
        sent::<LifetimeBody<()>>();
        shared::<LifetimeLayer>();
        shared::<LifetimeService<()>>();
    }
    #[cfg(feature = "jwks")]
    shared::<JwksFile>();
    #[cfg(feature = "jwks")]
    shared::<RemoteJwks>();
    #[cfg(feature = "jwks")]
    shared::<RemoteJwksBuilder>();
    shared::<Verifier>();
    shared::<VerifyingKey>();
    #[cfg(any(feature = "issue", feature = "testing"))]
    shared::<SigningKey>();
    #[cfg(feature = "issue")]
    {
        shared::<Issuer>();
        shared::<SigningKeys>();
        sent::<SigningKeysBuilder>();
    }
    #[cfg(feature = "redb")]
    shared::<RedbStore>();
    #[cfg(all(feature = "issue", feature = "testing"))]
    shared::<testing::TestClock>();
    #[cfg(feature = "testing")]
    {
        shared::<testing::TestIssuer>();
        shared::<testing::TestToken>();
        sent::<testing::TestIssuerBuilder>();
        sent::<testing::TestServer>();
    }
    sent::<Lookup<()>>();
    sent::<TrustedIssuer>();
};
