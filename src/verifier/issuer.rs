use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    claims::{
        audience::Audience,
        registered::{Registered, RegisteredSpans},
    },
    clock::{Clock, NumericDate, SystemClock},
    error::{ConfigError, TokenError, TokenErrorKind},
    jose::{
        algorithm::{Algorithm, Algorithms},
        header::Header,
    },
    keys::KeyResolver,
    telemetry::TARGET,
    token::{RevocationCheck, Terms},
    validation::{MAX_LEEWAY, Rules, TimeRules, TypRule},
};

/// An issuer whose tokens are taken: its name, whom its tokens are meant for, and its keys.
///
/// These three cannot be forgotten. Everything else has a default that is safe; what weakens a check has
/// `danger` in its name.
///
/// | setting | default |
/// |---|---|
/// | [`algorithms`](Self::algorithms) | those the keys are declared for |
/// | [`leeway`](Self::leeway) | 60 s |
/// | [`typ`](Self::typ) | `at+jwt`, `application/at+jwt`, `JWT` or none |
/// | [`max_age`](Self::max_age), [`max_lifetime`](Self::max_lifetime) | no bound |
/// | [`require_claim`](Self::require_claim) | none |
/// | [`revocation`](Self::revocation) | nothing is revoked |
/// | [`clock`](Self::clock) | the machine's |
///
/// ```
/// use std::time::Duration;
/// use tower_bearer::{Algorithm, StaticKeys, TrustedIssuer};
///
/// let keys = StaticKeys::hs256([7; 32])?;
/// let issuer = TrustedIssuer::new("https://issuer.example", "https://api.example", keys)
///     .leeway(Duration::from_secs(5))
///     .require_claim("token_use", "access");
/// # drop(issuer);
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// The audience cannot be left out:
///
/// ```compile_fail,E0061
/// # fn without_audience(keys: tower_bearer::StaticKeys) {
/// let issuer = tower_bearer::TrustedIssuer::new("https://issuer.example", keys);
/// # }
/// ```
#[must_use = "an issuer does nothing until a `Verifier` is built of it"]
pub struct TrustedIssuer {
    issuer: String,
    keys: Arc<dyn KeyResolver>,
    algorithms: Option<Algorithms>,
    rules: Rules,
    clock: Arc<dyn Clock>,
    revocation: Option<Arc<dyn RevocationCheck>>,
}

impl TrustedIssuer {
    /// Tokens whose `iss` is exactly `issuer` and whose `aud` holds one of `audience`, verified by `keys`.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<Audience>,
        keys: impl KeyResolver,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            keys: Arc::new(keys),
            algorithms: None,
            rules: Rules {
                audience: audience.into(),
                typ: TypRule::AccessToken,
                times: TimeRules::default(),
                required: Vec::new(),
                rfc9068: false,
                accept_bound: false,
            },
            clock: Arc::new(SystemClock),
            revocation: None,
        }
    }

    /// Tokens of an issuer that says itself where its keys are ([OpenID Connect Discovery 1.0], or else
    /// [RFC 8414]). The metadata's `issuer` has to be this one, to the letter. Nothing is fetched before the
    /// first request, or [`Verifier::preload`](crate::Verifier::preload); how keys are kept fresh stands at
    /// [`RemoteJwks`](crate::RemoteJwks).
    ///
    /// For settings of one's own, such as a `reqwest::Client`, this is the long form:
    ///
    /// ```no_run
    /// use tower_bearer::{RemoteJwks, TrustedIssuer, reqwest};
    ///
    /// let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    /// let name = "https://issuer.example";
    /// let keys = RemoteJwks::discovery(name).client(client).build()?;
    /// let issuer = TrustedIssuer::new(name, "https://api.example", keys);
    /// # drop(issuer);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [OpenID Connect Discovery 1.0]: https://openid.net/specs/openid-connect-discovery-1_0.html
    /// [RFC 8414]: https://www.rfc-editor.org/rfc/rfc8414
    ///
    /// # Errors
    ///
    /// The issuer is no URL with `https`, or `http` on loopback, or has a query or a fragment; or no HTTP
    /// client can be made.
    #[cfg(feature = "jwks")]
    pub fn discover(
        issuer: impl Into<String>,
        audience: impl Into<Audience>,
    ) -> Result<Self, ConfigError> {
        let issuer = issuer.into();
        let keys = crate::keys::remote::RemoteJwks::discovery(&issuer).build()?;
        Ok(Self::new(issuer, audience, keys))
    }

    /// Takes only these algorithms. A JWK of type RSA that declares none is then used for those of
    /// RSA named here; without this setting for RS256 alone.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// How far our clock and the issuer's may be apart. A token is expired from `exp + leeway` on
    /// and not yet valid while `nbf > now + leeway`. At most an hour: more would switch expiry off.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.rules.times.leeway = leeway;
        self
    }

    /// Takes only tokens of this media type, such as `at+jwt`; case does not count, and the token
    /// may put `application/` before it. A token without `typ` is refused.
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        self.rules.typ = TypRule::exactly(&typ.into());
        self
    }

    /// Takes only tokens issued within this time: `iat` must be there, must not lie in the future,
    /// and `iat + max_age + leeway` must not have passed.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.rules.times.max_age = Some(max_age);
        self
    }

    /// Takes only tokens that were made to live no longer than this: `exp − iat`, and both must be there.
    ///
    /// Without it a date in the far future is as good as any: some issuers write milliseconds by mistake.
    /// Whether `iat` itself lies in the future is asked only under [`max_age`](Self::max_age).
    pub fn max_lifetime(mut self, max_lifetime: Duration) -> Self {
        self.rules.times.max_lifetime = Some(max_lifetime);
        self
    }

    /// Takes only tokens in which this claim has exactly this value: a string, a number, a bool or
    /// any other JSON. Numbers are compared as `serde_json` holds them: an integer is not a fraction. May be
    /// called for several claims.
    pub fn require_claim(
        mut self,
        name: impl Into<String>,
        value: impl Into<serde_json::Value>,
    ) -> Self {
        self.rules.required.push((name.into(), value.into()));
        self
    }

    /// Takes only access tokens as RFC 9068 has them: `typ` is `at+jwt`, and `iss`, `exp`, `aud`,
    /// `sub`, `client_id`, `iat` and `jti` are there ([§2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)).
    pub fn rfc9068(mut self) -> Self {
        self.rules.rfc9068 = true;
        if matches!(self.rules.typ, TypRule::AccessToken) {
            self.rules.typ = TypRule::exactly("at+jwt");
        }
        self
    }

    /// Refuses tokens that this check knows to be revoked, and answers 503 where it does not know.
    ///
    /// It is asked last, of tokens that are good by all else.
    pub fn revocation(mut self, check: impl RevocationCheck) -> Self {
        self.revocation = Some(Arc::new(check));
        self
    }

    /// Asks this clock for the time.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes tokens without `exp`. They are good for as long as their key is: a token that leaks
    /// once is a password for ever.
    pub fn danger_no_expiry(mut self) -> Self {
        self.rules.times.expiry_required = false;
        self
    }

    /// Takes tokens with `cnf` (RFC 7800) without asking for the proof of possession they call
    /// for. Whoever steals one can use it, which is what the issuer meant to prevent.
    pub fn danger_accept_bound_tokens(mut self) -> Self {
        self.rules.accept_bound = true;
        self
    }

    /// What its tokens have in `iss`.
    pub(super) fn name(&self) -> &str {
        &self.issuer
    }

    /// Checks the settings against each other.
    pub(super) fn build(self) -> Result<Trusted, ConfigError> {
        let Self { issuer, keys, algorithms, rules, clock, revocation } = self;
        if issuer.is_empty() {
            return Err(ConfigError::new("the issuer is empty: name it as its tokens do in `iss`"));
        }
        rules.audience.check()?;
        if rules.times.leeway > MAX_LEEWAY {
            return Err(ConfigError::new(
                "a leeway of more than an hour would switch expiry off: set the clocks instead",
            ));
        }
        if rules.rfc9068 && rules.typ.check(Some("at+jwt")).is_err() {
            return Err(ConfigError::new(
                "`.rfc9068()` asks for `at+jwt`, and `.typ(..)` for something else: leave one out",
            ));
        }
        if matches!(&rules.typ, TypRule::Exactly(typ) if typ.is_empty()) {
            return Err(ConfigError::new("the `typ` to ask for is empty"));
        }
        let twice = |(at, (name, _)): (usize, &(String, _))| {
            rules.required.iter().take(at).any(|(other, _)| other == name)
        };
        if rules.required.iter().enumerate().any(twice) {
            return Err(ConfigError::new("`require_claim` names a claim twice: it has one value"));
        }
        if rules.required.iter().any(|(name, _)| name.is_empty()) {
            return Err(ConfigError::new("`require_claim` needs the name of a claim"));
        }
        let names_algorithms = algorithms.is_some();
        let every: Algorithms = Algorithm::ALL.into_iter().collect();
        let allowed = algorithms.unwrap_or(every).intersection(keys.algorithms().unwrap_or(every));
        if allowed.is_empty() {
            return Err(ConfigError::new(format!(
                "no algorithm is left for {issuer:?}: `.algorithms(..)` names none that its keys can verify"
            )));
        }
        let TimeRules { leeway, max_age, max_lifetime, .. } = rules.times;
        if let Some(revocation) = &revocation {
            revocation.fits(&issuer, max_lifetime, leeway)?;
        }
        let terms = Terms { issuer: issuer.into(), clock, leeway, max_age, revocation };
        let (terms, near_miss) = (Arc::new(terms), AtomicBool::new(false));
        Ok(Trusted { terms, keys, rules, names_algorithms, near_miss, allowed })
    }
}

impl fmt::Debug for TrustedIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, keys: _, algorithms, rules, clock: _, revocation: _ } = self;
        f.debug_struct("TrustedIssuer")
            .field("issuer", issuer)
            .field("algorithms", algorithms)
            .field("audience", &rules.audience)
            .finish_non_exhaustive()
    }
}

/// A [`TrustedIssuer`] whose settings were found to fit.
pub(super) struct Trusted {
    pub(super) terms: Arc<Terms>,
    pub(super) keys: Arc<dyn KeyResolver>,
    pub(super) rules: Rules,
    /// `.algorithms(..)` was called: keys that declare none may be used for any of them.
    pub(super) names_algorithms: bool,
    /// Somebody was nearly us, and it was said.
    near_miss: AtomicBool,
    allowed: Algorithms,
}

impl Trusted {
    /// What its tokens have in `iss`.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.terms.issuer
    }

    pub(super) fn now(&self) -> NumericDate {
        self.terms.now()
    }

    /// The one mistake that cannot be seen in a log that never prints a token's own `iss`. It is said
    /// once: whoever sends the tokens may be a stranger.
    pub(super) fn warn_of_near_miss(&self) {
        if !self.near_miss.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                target: TARGET,
                trusted = &**self.name(),
                difference = "differs by a trailing slash",
                "unknown issuer is nearly a trusted one"
            );
        }
    }

    /// All rules that need no key.
    pub(super) fn judge(
        &self,
        header: &Header<'_>,
        claims: Registered<'_>,
        payload: &str,
    ) -> Result<RegisteredSpans, TokenError> {
        if !self.allowed.contains(header.algorithm()) {
            return Err(TokenErrorKind::AlgorithmNotAllowed.into());
        }
        self.rules.typ.check(header.typ())?;
        self.rules.check(&claims, payload, self.now())?;
        Ok(RegisteredSpans::of(claims, payload))
    }
}
