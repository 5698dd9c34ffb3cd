//! [`Verifier`]: the pure heart. A string goes in; a proof or the reason why not comes out.

mod candidate;
mod dynamic;
mod headers;
mod issuer;
mod issuers;
mod judge;
mod memory;
mod question;
mod questions;
mod resolver;
mod status;
mod table;

use std::{fmt, sync::Arc};

use futures_util::future::join_all;

#[cfg(feature = "cache")]
use self::memory::Remembered;
use self::{
    dynamic::Dynamic, headers::Headers, issuer::Trusted, issuers::Issuers, judge::Court,
    memory::Memory,
};
pub use self::{
    issuer::TrustedIssuer,
    resolver::{IssuerFn, IssuerFnSync, IssuerResolver, issuer_fn, issuer_fn_sync},
    status::IssuerStatus,
};
#[cfg(feature = "cache")]
use crate::cache::TokenCache;
use crate::{
    error::{ConfigError, KeyError, TokenError},
    keys::KeyResolver,
    lookup::Lookup,
    token::VerifiedToken,
};

/// Verifies tokens of one issuer or several. A clone is one reference count.
///
/// What needs no key is judged first, so that a token that is expired or not ours costs no signature:
/// size, form, issuer, `alg`, `typ`, dates, audience. Then the key is sought, then the signature
/// checked, and only then is anything of the token believed.
///
/// ```
/// use tower_bearer::{StaticKeys, TrustedIssuer, Verifier};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_bearer::ConfigError> {
/// let keys = StaticKeys::hs256([7; 32])?;
/// let verifier = Verifier::new(TrustedIssuer::new("https://issuer.example", "https://api.example", keys))?;
///
/// let error = verifier.verify("no.good.token").await.unwrap_err();
/// assert_eq!(error.kind().code(), "malformed");
/// # Ok(())
/// # }
/// ```
///
/// It needs neither Tower nor a request: a queue worker or a command-line tool can use it as well.
#[derive(Clone)]
pub struct Verifier(Arc<Court>);

impl Verifier {
    /// A verifier of one issuer's tokens.
    ///
    /// # Errors
    ///
    /// A setting of the issuer is empty or contradicts another one.
    pub fn new(issuer: TrustedIssuer) -> Result<Self, ConfigError> {
        Self::any_of([issuer])
    }

    /// A verifier of several issuers' tokens. The `iss` of a token decides, to the letter, whose
    /// rules and keys count: two issuers that use the same `kid` never meet.
    ///
    /// # Errors
    ///
    /// There is no issuer, one is named twice, or a setting of one is empty or contradicts another.
    pub fn any_of(issuers: impl IntoIterator<Item = TrustedIssuer>) -> Result<Self, ConfigError> {
        Issuers::fixed(issuers).map(Self::of)
    }

    /// A verifier of the tokens of whoever this resolver knows: tenants from a database.
    ///
    /// The resolver is asked only for a token that could be good somewhere: its size, form, header and
    /// algorithm are right, and `typ`, `exp` and `nbf` pass as they would by the defaults of
    /// [`TrustedIssuer`], with 60 s of leeway; `exp` may be missing. The rest, and the same again, is judged
    /// by the issuer's own settings. They may be stricter, but not laxer: a [leeway](TrustedIssuer::leeway) of more
    /// than 60 s, or a [`typ`](TrustedIssuer::typ) other than `at+jwt` and `JWT`, is a wrong set-up. So is an
    /// answer whose name is not the one that was asked for, to the letter. There is no start-up at which a
    /// wrong set-up could be found: it is logged at `error`, and answered with 503.
    ///
    /// | what | how many | how long |
    /// |---|---|---|
    /// | known issuers | 1,000 | 5 min |
    /// | names that are nobody's | 10,000 | 60 s |
    /// | questions in flight, one for each name | 64; more: 503 | as long as somebody waits |
    /// | requests that wait for them | 1,024; more: 503 | |
    ///
    /// The two tables are apart: names that strangers think up push no issuer out. When its time is over, though,
    /// it has to be asked for like a new one, and that is 503 while 64 other questions hang. An error of the resolver,
    /// or a panic, makes 503 and is not remembered. A name that is empty or longer than 1 KiB is nobody's. That a name is
    /// nearly a known one is not noticed here, as it is in a fixed set.
    ///
    /// A change of an issuer is seen within 5 min, a new one within 60 s.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use tower_bearer::{StaticKeys, TrustedIssuer, Verifier, issuer_fn_sync};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_bearer::ConfigError> {
    /// let tenants = HashMap::from([("https://acme.example", StaticKeys::hs256([7; 32])?)]);
    /// let verifier = Verifier::dynamic(issuer_fn_sync(move |iss| {
    ///     let keys = tenants.get(iss);
    ///     Ok(keys.map(|keys| TrustedIssuer::new(iss, "https://api.example", keys.clone())))
    /// }));
    ///
    /// assert!(verifier.verify("no.good.token").await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn dynamic(issuers: impl IssuerResolver) -> Self {
        Self::of(Issuers::Dynamic(Arc::new(Dynamic::new(issuers))))
    }

    /// Remembers so many tokens that were verified, so that a token that comes again costs no signature: the whole layer then takes
    /// about a microsecond, in place of 20 to 110 (of 3 with HS256).
    ///
    /// An answer from memory is the answer that verifying would give. Whenever a token comes again,
    ///
    /// - `exp`, `nbf` and [`max_age`](TrustedIssuer::max_age) are judged by the clock again;
    /// - [revocation](TrustedIssuer::revocation) is asked about again;
    /// - its issuer still has to be trusted, on the same terms;
    /// - the keys still have to be those that verified it. Once [they have changed](KeyResolver::generation), all is judged
    ///   anew, and the signature alone is taken for checked if the key is still the same. What was verified by keys whose
    ///   resolver knows no generation, as that of [`resolver_fn`](crate::resolver_fn), is not remembered.
    ///
    /// Tokens that were refused are never remembered, nor are those of more than 4 KiB. The whole token is compared.
    ///
    /// Give it room for the tokens that are in use within the life of one, and a few more, for it is divided into parts that fill unevenly: twice
    /// as many below 1,000, 5 % in the tens of thousands. A token of 900 bytes takes about 1.7 KB; what handlers
    /// [decode](VerifiedToken::claims) of its claims comes on top. There are never more than `capacity`, of all issuers together; those that are
    /// used least make room. A `capacity` of zero remembers nothing.
    ///
    /// A token that has expired leaves when it is sent again, or when its place is needed; no timer removes it, and a revoked one stays and is
    /// refused each time. Claims that were decoded once are shared by all requests with the token, so a type should not hold what
    /// belongs to one request.
    ///
    /// Clones share what they remember. A verifier that this is called on again starts anew.
    ///
    /// ```
    /// use tower_bearer::{StaticKeys, TrustedIssuer, Verifier};
    ///
    /// let keys = StaticKeys::hs256([7; 32])?;
    /// let issuer = TrustedIssuer::new("https://issuer.example", "https://api.example", keys);
    /// let verifier = Verifier::new(issuer)?.cache(10_000);
    /// # drop(verifier);
    /// # Ok::<(), tower_bearer::ConfigError>(())
    /// ```
    #[cfg(feature = "cache")]
    #[must_use]
    pub fn cache(self, capacity: usize) -> Self {
        self.remembering(TokenCache::whole(capacity))
    }

    /// As [`cache`](Self::cache), without the tokens: they are known again by their SHA-256.
    ///
    /// Each request pays for the digest, most of a microsecond for a token of 900 bytes. In return an entry takes half the memory, 0.8 KB, and who
    /// reads the memory of the program finds claims there, and no token that could be used: take it where memory is short, or core
    /// dumps leave the machine.
    #[cfg(feature = "cache")]
    #[must_use]
    pub fn cache_by_digest(self, capacity: usize) -> Self {
        self.remembering(TokenCache::by_digest(capacity))
    }

    /// Verifies a token in compact form (RFC 7515 §7.1).
    ///
    /// [`Lookup::Ready`] unless a resolver has to wait for the key, or for the issuer. The `?` of
    /// `verifier.verify(token).await?` gives the proof.
    pub fn verify(&self, token: &str) -> Lookup<Result<VerifiedToken, TokenError>> {
        self.verify_bytes(token.as_bytes())
    }

    /// The same of what need not even be text.
    pub(crate) fn verify_bytes(&self, token: &[u8]) -> Lookup<Result<VerifiedToken, TokenError>> {
        self.0.verify(token)
    }

    /// Fetches what a first request would wait for, of all issuers at once. One that fails keeps no other
    /// from being fetched.
    ///
    /// This and what follows act on the issuers that are known at the moment: of a
    /// [dynamic](Self::dynamic) verifier on those of its table, at the start on none.
    pub fn preload(&self) -> Lookup<Result<(), KeyError>> {
        self.of_all(KeyResolver::preload)
    }

    /// Fetches the keys of all issuers anew, whatever their age. One that fails keeps no other from
    /// being fetched.
    pub fn refresh_now(&self) -> Lookup<Result<(), KeyError>> {
        self.of_all(KeyResolver::refresh_now)
    }

    /// Takes no token of this issuer any more that names this key, even if its source still lists it: for a
    /// key that has leaked. `false` if the issuer is not known, or its resolver cannot do that; it then has
    /// to be done at the source. A [dynamic](Self::dynamic) verifier forgets for as long as its resolver answers with
    /// clones of the same keys.
    #[must_use = "if it is `false`, the key is still good"]
    pub fn forget_key(&self, issuer: &str, kid: &str) -> bool {
        self.0.issuers.get(issuer).is_some_and(|trusted| trusted.keys.forget_key(kid))
    }

    /// How the keys of each issuer are, by the issuers' names: for a health endpoint.
    pub fn status(&self) -> Vec<IssuerStatus> {
        let status = |trusted: &Arc<Trusted>| IssuerStatus {
            issuer: trusted.name().as_ref().to_owned(),
            keys: trusted.keys.status(),
        };
        self.0.issuers.all().iter().map(status).collect()
    }

    #[cfg(feature = "cache")]
    fn remembering(&self, cache: Option<TokenCache<Remembered>>) -> Self {
        let issuers = self.0.issuers.clone();
        Self(Arc::new(Court { issuers, headers: Headers::default(), memory: Memory::of(cache) }))
    }

    fn of(issuers: Issuers) -> Self {
        Self(Arc::new(Court { issuers, headers: Headers::default(), memory: Memory::none() }))
    }

    fn of_all(
        &self,
        ask: impl Fn(&dyn KeyResolver) -> Lookup<Result<(), KeyError>>,
    ) -> Lookup<Result<(), KeyError>> {
        let mut waiting = Vec::new();
        let mut known = Ok(());
        for trusted in self.0.issuers.all() {
            match ask(&*trusted.keys) {
                Lookup::Ready(loaded) => known = known.and(loaded),
                Lookup::Pending(future) => waiting.push(future),
            }
        }
        if waiting.is_empty() {
            return Lookup::Ready(known);
        }
        Lookup::pending(async move { join_all(waiting).await.into_iter().fold(known, Result::and) })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Court { issuers, headers: _, memory } = &*self.0;
        f.debug_struct("Verifier").field("issuers", issuers).field("memory", memory).finish()
    }
}
