//! [`VerifiedToken`]: the proof that a token was verified, and the way to its claims.

mod outcome;
mod revocation;
mod typed;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{Extensions, Request};
use serde::de::DeserializeOwned;

pub use self::{
    outcome::{Outcome, TokenOrigin},
    revocation::{Revocation, RevocationCheck, RevocationFn, revocation_fn},
    typed::{Claims, ClaimsError},
};
use crate::{
    claims::{
        registered::{Dates, RegisteredSpans, Span},
        scopes::Scopes,
    },
    clock::{Clock, NumericDate},
    jose::{algorithm::Algorithm, json::find_member, key::VerifyingKey},
    telemetry::record::Signer,
};

/// A token whose signature and claims were verified. Only a [`Verifier`](crate::Verifier) makes one.
///
/// A clone is one reference count. The registered claims have methods; all others are read with
/// [`claim`](Self::claim) or, together, with [`claims`](Self::claims).
///
/// The layer puts it into the request's extensions. Handlers of axum take it as an argument:
///
/// ```
/// use tower_bearer::VerifiedToken;
///
/// # #[cfg(feature = "axum")]
/// async fn me(token: VerifiedToken) -> String {
///     let admin: Option<bool> = token.claim("admin").ok().flatten();
///     format!("{:?} {:?} {}", token.subject(), admin, token.scopes().contains("read"))
/// }
/// ```
///
/// It cannot be made by hand, so a function that takes one cannot be called without a verified token:
///
/// ```compile_fail
/// let forged = tower_bearer::VerifiedToken(Default::default());
/// ```
///
/// `Debug` shows the issuer as it was configured and the algorithm, and no claim.
#[derive(Clone)]
pub struct VerifiedToken(Arc<Found>);

/// A token on a request. Its clones share this, and not the count of what a cache has given to the requests of all threads.
struct Found {
    proof: Proof,
    origin: TokenOrigin,
}

/// What was verified once, whoever has brought it.
#[derive(Clone)]
pub(crate) struct Proof(Arc<Inner>);

struct Inner {
    terms: Arc<Terms>,
    key: VerifyingKey,
    payload: String,
    registered: RegisteredSpans,
    scopes: OnceLock<Scopes>,
    typed: OnceLock<typed::Decoded>,
}

/// On what terms an issuer's tokens are taken: what a token is held against once more, after it was
/// verified.
pub(crate) struct Terms {
    pub(crate) issuer: Arc<str>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) leeway: Duration,
    #[cfg_attr(not(feature = "lifetime"), expect(dead_code, reason = "read by lifetimes"))]
    pub(crate) max_age: Option<Duration>,
    pub(crate) revocation: Option<Arc<dyn RevocationCheck>>,
}

impl Terms {
    pub(crate) fn now(&self) -> NumericDate {
        self.clock.now().into()
    }
}

impl VerifiedToken {
    pub(crate) fn new(
        terms: Arc<Terms>,
        key: VerifyingKey,
        payload: String,
        registered: RegisteredSpans,
    ) -> Self {
        let (scopes, typed) = (OnceLock::new(), OnceLock::new());
        Self::proven(Proof(Arc::new(Inner { terms, key, payload, registered, scopes, typed })))
    }

    /// A token that was verified before.
    pub(crate) fn proven(proof: Proof) -> Self {
        Self(Arc::new(Found { proof, origin: TokenOrigin::Other }))
    }

    /// What may be remembered of it.
    pub(crate) fn proof(&self) -> Proof {
        self.0.proof.clone()
    }

    /// The verified token of a request that passed a [`JwtLayer`](crate::JwtLayer).
    ///
    /// `None` if the layer is optional and there was no good token, or if there is no layer;
    /// [`Outcome::of`] tells these apart.
    pub fn of<B>(request: &Request<B>) -> Option<&Self> {
        Self::within(request.extensions())
    }

    /// Where on the request it stood; [`TokenOrigin::Other`] if no layer has found it on one.
    pub fn origin(&self) -> TokenOrigin {
        self.0.origin
    }

    /// Who issued it (`iss`).
    pub fn issuer(&self) -> &str {
        &self.inner().terms.issuer
    }

    /// Whom it is about (`sub`).
    pub fn subject(&self) -> Option<&str> {
        self.text(self.inner().registered.subject.as_ref())
    }

    /// Whom it is for (`aud`); empty if there is no `aud`.
    pub fn audience(&self) -> impl ExactSizeIterator<Item = &str> {
        self.inner().registered.audience.iter().map(|name| name.within(&self.inner().payload))
    }

    /// When it expires (`exp`): always there unless the issuer was built with `danger_no_expiry`.
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.inner().registered.dates.expires_at
    }

    /// From when on it is valid (`nbf`).
    pub fn not_before(&self) -> Option<NumericDate> {
        self.inner().registered.dates.not_before
    }

    /// When it was issued (`iat`).
    pub fn issued_at(&self) -> Option<NumericDate> {
        self.inner().registered.dates.issued_at
    }

    /// Its own id (`jti`).
    pub fn jwt_id(&self) -> Option<&str> {
        self.text(self.inner().registered.jwt_id.as_ref())
    }

    /// The client it was issued to (`client_id`, RFC 8693 §4.3).
    pub fn client_id(&self) -> Option<&str> {
        self.text(self.inner().registered.client_id.as_ref())
    }

    /// The session it belongs to (`sid`, [OpenID Connect Back-Channel Logout 1.0 §2.1](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCSupport)).
    pub fn session_id(&self) -> Option<&str> {
        self.text(self.inner().registered.session_id.as_ref())
    }

    /// What the client was allowed to ask for. Read at the first call and kept.
    pub fn scopes(&self) -> &Scopes {
        self.inner().scopes.get_or_init(|| Scopes::read(&self.inner().payload))
    }

    /// The algorithm it is signed with.
    pub fn algorithm(&self) -> Algorithm {
        self.inner().key.algorithm()
    }

    /// The name of the key that verified it, as the resolver spells it.
    pub fn key_id(&self) -> Option<&str> {
        self.inner().key.kid()
    }

    /// All claims as the JSON object they came as.
    pub fn payload(&self) -> &str {
        &self.inner().payload
    }

    /// One claim by its name; `None` if it is not there. Names are those of the top level, dots and
    /// slashes included; `null` fits only an `Option`.
    ///
    /// The error is an answer in axum, 403 without a word about the claim, so a handler can pass it on:
    ///
    /// ```
    /// use tower_bearer::{ClaimsError, VerifiedToken};
    ///
    /// async fn roles(token: VerifiedToken) -> Result<String, ClaimsError> {
    ///     let roles: Vec<String> = token.claim("roles")?.unwrap_or_default();
    ///     Ok(roles.join(" "))
    /// }
    /// # #[cfg(feature = "axum")]
    /// # drop(axum::Router::<()>::new().route("/roles", axum::routing::get(roles)));
    /// ```
    ///
    /// # Errors
    ///
    /// The claim does not fit `T`.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ClaimsError> {
        find_member(&self.inner().payload, name).map_err(|_| ClaimsError::in_field(name))
    }

    /// All claims as a type of yours.
    ///
    /// The first type asked for is decoded once and then shared; a second type is decoded again at
    /// each call.
    ///
    /// # Errors
    ///
    /// The claims do not fit `T`.
    pub fn claims<T>(&self) -> Result<Arc<T>, ClaimsError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        typed::decode(&self.inner().typed, &self.inner().payload)
    }

    /// The verified token that these extensions speak of.
    pub(crate) fn within(extensions: &Extensions) -> Option<&Self> {
        // One that a program has put there itself counts more.
        match extensions.get::<Outcome>() {
            Some(outcome) => outcome.verified(),
            None => extensions.get(),
        }
    }

    /// The same, found at this place.
    pub(crate) fn found_at(mut self, origin: TokenOrigin) -> Self {
        if let Some(found) = Arc::get_mut(&mut self.0) {
            found.origin = origin;
        } else if self.origin() != origin {
            self.0 = Arc::new(Found { proof: self.proof(), origin });
        }
        self
    }

    /// The key that verified it.
    pub(crate) fn key(&self) -> &VerifyingKey {
        &self.inner().key
    }

    pub(crate) fn dates(&self) -> Dates {
        self.inner().registered.dates
    }

    /// On what terms it was taken.
    pub(crate) fn terms(&self) -> &Terms {
        &self.inner().terms
    }

    /// Whether it has been taken back, as far as is known now.
    pub(crate) fn revocation(&self) -> Revocation {
        self.terms().revocation.as_ref().map_or(Revocation::Good, |check| check.check(self))
    }

    /// Who signed it, for the record.
    pub(crate) fn signer(&self) -> Signer<'_> {
        let issuer = Some(&self.inner().terms.issuer);
        Signer { alg: Some(self.algorithm().name()), issuer, kid: self.key_id() }
    }

    fn inner(&self) -> &Inner {
        &self.0.proof.0
    }

    fn text<'a>(&'a self, span: Option<&'a Span>) -> Option<&'a str> {
        span.map(|span| span.within(&self.inner().payload))
    }
}

impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("iss", &self.issuer())
            .field("alg", &self.algorithm())
            .finish_non_exhaustive()
    }
}
