//! [`Verifier`]: the pure heart. A string goes in; a proof or the reason why not comes out.

mod candidate;
mod issuer;

use std::{collections::HashMap, fmt, sync::Arc};

use futures_util::future::join_all;

use self::{candidate::Candidate, issuer::Trusted};
use crate::{
    claims::registered::Registered,
    error::{ConfigError, KeyError, TokenError, TokenErrorKind},
    jose::{
        compact::{self, Compact},
        header::Header,
        json::{Text, has_reserved_strings, read_object},
        key::VerifyingKey,
    },
    lookup::Lookup,
    telemetry::TARGET,
    token::VerifiedToken,
};
#[cfg(feature = "config")]
pub(crate) use issuer::MAX_LEEWAY;
pub use issuer::TrustedIssuer;

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
pub struct Verifier(Arc<HashMap<Arc<str>, Arc<Trusted>>>);

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
        let mut all = HashMap::new();
        for issuer in issuers {
            let trusted = issuer.build()?;
            if let Some(twice) = all.insert(Arc::clone(&trusted.issuer), Arc::new(trusted)) {
                let name = &twice.issuer;
                return Err(ConfigError::new(format!(
                    "the issuer {name:?} is configured twice: give it all its audiences and keys at once"
                )));
            }
        }
        if all.is_empty() {
            return Err(ConfigError::new("a verifier needs at least one trusted issuer"));
        }
        Ok(Self(Arc::new(all)))
    }

    /// Verifies a token in compact form (RFC 7515 §7.1).
    ///
    /// [`Lookup::Ready`] unless the resolver has to wait for its key. The `?` of
    /// `verifier.verify(token).await?` gives the proof.
    pub fn verify(&self, token: &str) -> Lookup<Result<VerifiedToken, TokenError>> {
        match self.begin(token) {
            Err(error) => Lookup::Ready(Err(error)),
            Ok(Begun { candidate, key: Lookup::Ready(key), parts }) => {
                Lookup::Ready(finish(candidate, key, &parts))
            }
            Ok(Begun { candidate, key: Lookup::Pending(key), .. }) => {
                let token = token.to_owned();
                Lookup::pending(async move {
                    let key = key.await;
                    // The dates were judged before the wait.
                    candidate.check_times_again()?;
                    finish(candidate, key, &Compact::split(&token)?)
                })
            }
        }
    }

    /// Fetches what a first request would wait for, of all issuers at once. One that fails keeps no other
    /// from being fetched.
    pub fn preload(&self) -> Lookup<Result<(), KeyError>> {
        let mut waiting = Vec::new();
        let mut known = Ok(());
        for trusted in self.0.values() {
            match trusted.keys.preload() {
                Lookup::Ready(loaded) => known = known.and(loaded),
                Lookup::Pending(future) => waiting.push(future),
            }
        }
        if waiting.is_empty() {
            return Lookup::Ready(known);
        }
        Lookup::pending(async move { join_all(waiting).await.into_iter().fold(known, Result::and) })
    }

    /// All that can be judged without a key, and the question for the key.
    fn begin<'t>(&self, token: &'t str) -> Result<Begun<'t>, TokenError> {
        let parts = Compact::split(token)?;
        let (mut stack, mut heap) = ([0; 1024], Vec::new());
        let header = compact::decode_into(parts.header, &mut stack, &mut heap)
            .ok_or(TokenErrorKind::Malformed)?;
        let header = Header::read(header)?;
        let payload = compact::decode(parts.payload)
            .and_then(|payload| String::from_utf8(payload).ok())
            .ok_or(TokenErrorKind::Malformed)?;
        let claims: Registered<'_> = read_object(&payload).map_err(|error| {
            if error.is_data() { TokenErrorKind::InvalidClaim } else { TokenErrorKind::Malformed }
        })?;
        if has_reserved_strings(&payload) {
            return Err(TokenErrorKind::InvalidClaim.into());
        }
        let trusted = self.issuer_of(&claims)?;
        let claims = trusted.judge(&header, claims, &payload)?;
        let key = trusted.keys.resolve(&header);
        let candidate = Candidate { trusted, algorithm: header.algorithm(), payload, claims };
        Ok(Begun { candidate, key, parts })
    }

    fn issuer_of(&self, claims: &Registered<'_>) -> Result<Arc<Trusted>, TokenError> {
        let Text(issuer) = claims.issuer.as_ref().ok_or_else(|| TokenError::missing("iss"))?;
        if let Some(trusted) = self.0.get(&**issuer) {
            return Ok(Arc::clone(trusted));
        }
        let near = match issuer.strip_suffix('/') {
            Some(shorter) => self.0.get(shorter),
            None => self.0.get(&*format!("{issuer}/")),
        };
        if let Some(trusted) = near {
            trusted.warn_of_near_miss();
        }
        Err(TokenErrorKind::UnknownIssuer.into())
    }
}

/// A token that wants only its signature checked.
struct Begun<'t> {
    candidate: Candidate,
    key: Lookup<Result<VerifyingKey, KeyError>>,
    parts: Compact<'t>,
}

fn finish(
    candidate: Candidate,
    key: Result<VerifyingKey, KeyError>,
    parts: &Compact<'_>,
) -> Result<VerifiedToken, TokenError> {
    let key = key.inspect_err(|error| {
        if error.kind() != crate::error::KeyErrorKind::NotFound {
            let source = std::error::Error::source(error).map(tracing::field::display);
            tracing::warn!(target: TARGET, error = %error, source, "keys unavailable");
        }
    })?;
    candidate.verify(key, parts)
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verifier").field(&self.0.keys()).finish()
    }
}
