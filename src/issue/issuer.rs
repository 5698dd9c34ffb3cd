//! [`Issuer`]: mints access tokens (RFC 9068).

mod token;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use self::token::AllClaims;
pub(super) use self::token::SessionClaims;
pub use self::token::{AccessToken, IssueError};
use super::{grant::Grant, keys::SigningKeys, store::random};
use crate::{
    claims::audience::{Audience, Names},
    clock::{Clock, NumericDate},
    error::ConfigError,
    revocation::Revocations,
    verifier::{TrustedIssuer, Verifier},
};

/// Issues access tokens ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)), and knows how they are verified.
///
/// ```
/// use tower_bearer::{Algorithm, Grant, Issuer, SigningKeys};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let keys = SigningKeys::generate(Algorithm::ES256)?;
/// let issuer = Issuer::new("https://login.example", "https://api.example", "web", keys)?;
///
/// let token = issuer.issue("ada", &Grant::new().roles(["admin"])?)?;
/// let verified = issuer.verifier()?.verify(token.as_str()).await?;
/// assert_eq!(verified.subject(), Some("ada"));
/// # Ok(())
/// # }
/// ```
///
/// A token lives for 15 minutes, unless it is [told](IssuerBuilder::lifetime) otherwise. It has `typ: at+jwt`, the claims `iss`, `sub`, `aud`, `exp`,
/// `iat`, `jti` and `client_id`, and what its [`Grant`] says; one of a session has `sid`, `auth_time` and, if it is known, `acr` as well.
///
/// A clone is one reference count. `Debug` shows no key.
#[derive(Clone)]
pub struct Issuer(Arc<Inner>);

struct Inner {
    name: String,
    audience: Vec<String>,
    client_id: String,
    keys: SigningKeys,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
    revocations: Revocations,
}

/// Settings of an [`Issuer`].
#[must_use = "settings do nothing until they are built"]
pub struct IssuerBuilder {
    name: String,
    audience: Names,
    client_id: String,
    keys: SigningKeys,
    lifetime: Duration,
    revocations: Option<Revocations>,
}

impl Issuer {
    /// Mints tokens with `name` in `iss`, these names in `aud` and this `client_id`, signed by these keys.
    ///
    /// # Errors
    ///
    /// One of the names is empty.
    pub fn new(
        name: impl Into<String>,
        audience: impl Into<Names>,
        client_id: impl Into<String>,
        keys: SigningKeys,
    ) -> Result<Self, ConfigError> {
        Self::builder(name, audience, client_id, keys).build()
    }

    /// The same with settings to be made.
    pub fn builder(
        name: impl Into<String>,
        audience: impl Into<Names>,
        client_id: impl Into<String>,
        keys: SigningKeys,
    ) -> IssuerBuilder {
        IssuerBuilder {
            name: name.into(),
            audience: audience.into(),
            client_id: client_id.into(),
            keys,
            lifetime: Duration::from_secs(15 * 60),
            revocations: None,
        }
    }

    /// An access token for this subject.
    ///
    /// # Errors
    ///
    /// The subject is empty, or the token would be longer than verifiers take ([`MAX_TOKEN_LEN`](crate::MAX_TOKEN_LEN)); or there is no key, no
    /// memory or no randomness.
    pub fn issue(&self, subject: &str, grant: &Grant) -> Result<AccessToken, IssueError> {
        self.mint(subject, grant, None)
    }

    /// How a verifier trusts this issuer: its name, one of its audiences, its keys, its clock, tokens of RFC 9068 alone, none that lives longer than it
    /// makes them, and none that was revoked.
    pub fn trusted(&self) -> TrustedIssuer {
        let Inner { name, audience, client_id: _, keys, lifetime, clock, revocations } = &*self.0;
        let clock = Arc::clone(clock);
        TrustedIssuer::new(name, Audience::new(audience.clone()), keys.clone())
            .rfc9068()
            .max_lifetime(*lifetime)
            .clock(move || clock.now())
            .revocation(revocations.clone())
    }

    /// A verifier for its tokens, without a network.
    ///
    /// # Errors
    ///
    /// None that a built issuer has; the set-up is checked once more.
    pub fn verifier(&self) -> Result<Verifier, ConfigError> {
        Verifier::new(self.trusted())
    }

    /// What of its tokens has been taken back.
    pub fn revocations(&self) -> &Revocations {
        &self.0.revocations
    }

    /// The keys it signs with.
    pub fn keys(&self) -> &SigningKeys {
        &self.0.keys
    }

    /// Its name, as its tokens have it in `iss`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// To whom they are issued, as its tokens have it in `client_id`.
    pub fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// How long its tokens live.
    pub fn lifetime(&self) -> Duration {
        self.0.lifetime
    }

    /// Its metadata for those who verify its tokens ([RFC 8414 §2](https://www.rfc-editor.org/rfc/rfc8414#section-2)), to be served below `/.well-known/`, with the
    /// URL at which [`SigningKeys::jwks`] is served.
    pub fn metadata(&self, jwks_uri: &str) -> Value {
        json!({
            "issuer": self.0.name,
            "jwks_uri": jwks_uri,
            "response_types_supported": [],
            "grant_types_supported": [],
            "token_endpoint_auth_methods_supported": ["none"],
            "access_token_signing_alg_values_supported": [self.0.keys.algorithm().name()],
        })
    }

    /// In milliseconds since 1970.
    pub(super) fn now(&self) -> u64 {
        let since = self.0.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// A token, of a session or of none.
    pub(super) fn mint(
        &self,
        subject: &str,
        grant: &Grant,
        session: Option<SessionClaims<'_>>,
    ) -> Result<AccessToken, IssueError> {
        let Inner { name, audience, client_id, keys, lifetime, clock, revocations } = &*self.0;
        if subject.is_empty() {
            return Err(IssueError::new("the subject is empty"));
        }
        let key = keys.active()?;
        let now = NumericDate::from(clock.now()).as_secs();
        // Whoever was logged out everywhere within this second can log in again in it.
        let iat = revocations.watermark(subject, client_id).map_or(now, |mark| mark.max(now));
        let exp = iat.saturating_add(lifetime.as_secs());
        // No token outlives its session.
        let exp = session.map_or(exp, |session| exp.min(session.until).max(iat.saturating_add(1)));
        let jwt_id: [u8; 16] = random().map_err(|_| IssueError::new("there is no randomness"))?;
        let jwt_id = URL_SAFE_NO_PAD.encode(jwt_id);
        let claims = AllClaims {
            iss: name,
            sub: subject,
            aud: audience,
            exp,
            iat,
            jti: &jwt_id,
            client_id,
            session,
            granted: &grant.claims,
        };
        AccessToken::sign(&key, &claims, Duration::from_secs(exp.saturating_sub(now)))
    }
}

impl IssuerBuilder {
    /// How long tokens live, in place of 15 minutes: from 1 s to a day, in whole seconds. The shorter, the sooner a change of rights is seen; the more
    /// often they are renewed.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// What of its tokens is revoked stands here, in place of a set of its own in memory: one with a log, or one that is shared.
    pub fn revocations(mut self, revocations: Revocations) -> Self {
        self.revocations = Some(revocations);
        self
    }

    /// The issuer. Its clock is that of its keys.
    ///
    /// # Errors
    ///
    /// A name is empty, the life of tokens is none or longer than a day, or the revocations are another issuer's or would forget too early.
    pub fn build(self) -> Result<Issuer, ConfigError> {
        let Self { name, audience, client_id, keys, lifetime, revocations } = self;
        let audience = audience.into_vec();
        let names = || [&name, &client_id].into_iter().chain(&audience);
        if audience.is_empty() || names().any(String::is_empty) {
            return Err(ConfigError::new(
                "an issuer needs a name, an audience and a client id, none of them empty",
            ));
        }
        if !(1..=24 * 60 * 60).contains(&lifetime.as_secs()) || lifetime.subsec_nanos() != 0 {
            return Err(ConfigError::new(
                "tokens live for whole seconds, from 1 s to a day: sessions are for what lasts longer",
            ));
        }
        let clock = Arc::clone(keys.clock());
        let revocations = if let Some(revocations) = revocations {
            revocations
        } else {
            let clock = Arc::clone(&clock);
            Revocations::builder(&name, lifetime).clock(move || clock.now()).build()?
        };
        let issuer = Issuer(Arc::new(Inner {
            name,
            audience,
            client_id,
            keys,
            lifetime,
            clock,
            revocations,
        }));
        issuer.verifier()?;
        // No verifier of these revocations may have a larger leeway.
        issuer.0.keys.keep_for(lifetime.saturating_add(issuer.0.revocations.leeway()));
        Ok(issuer)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("name", &self.0.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for IssuerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}
