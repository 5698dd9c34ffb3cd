//! [`RemoteJwks`]: keys that live elsewhere and rotate.

mod builder;
mod core;
mod decision;
mod flight;
mod keeper;
mod schedule;
mod settings;
mod snapshot;
mod source;

use std::{fmt, sync::Arc};

use tokio::time::Instant;

pub use self::builder::RemoteJwksBuilder;
use self::{
    core::Core,
    decision::{Decision, Wanted, no_runtime},
    flight::Waiting,
};
use super::{KeyResolver, KeysStatus, set::Found};
use crate::{
    error::{ConfigError, KeyError, KeyErrorKind},
    jose::{
        algorithm::{Algorithm, Algorithms},
        header::Header,
        key::VerifyingKey,
    },
    lookup::Lookup,
    telemetry::count,
};

/// A JWK Set behind a URL, fetched and kept fresh.
///
/// ```no_run
/// use tower_bearer::{RemoteJwks, TrustedIssuer};
///
/// let keys = RemoteJwks::new("https://issuer.example/jwks")?;
/// let issuer = TrustedIssuer::new("https://issuer.example", "https://api.example", keys);
/// // The same, where the issuer says itself where its keys are:
/// let issuer = TrustedIssuer::discover("https://issuer.example", "https://api.example")?;
/// # drop(issuer);
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// What it does, with the defaults of [`RemoteJwksBuilder`]:
///
/// - **Nobody waits for a key that is at hand.** The set is read without a lock, and refreshed in the
///   background when 80 % of its time have passed: `Cache-Control: max-age` within 1 min and 1 h, or 5 min.
/// - **An outage is not noticed for an hour.** The last good set counts for 1 h beyond its time; after that
///   requests are answered with 503. What fails is asked again after 1 s, 2 s, … 60 s.
/// - **A new key is seen at once.** A token whose `kid` is not in the set is judged again with a set that
///   is fetched for it.
/// - **Strangers cannot storm the issuer.** Such fetches are two at most and one more every 15 s; all who
///   wait share one. Where no fetch is left, the answer is 401 if the last good one is no older than 30 s, and
///   503 if it is.
/// - **One odd key costs only itself.** Keys that cannot be used are skipped; secrets are, too.
///   A set without any key that can be used does not replace a good one.
///
/// The first request waits for the first fetch, unless [`preload`](KeyResolver::preload) was awaited. Nothing is
/// spawned before: a resolver may be made anywhere, and kept in a `static`. It needs a tokio runtime with I/O and
/// time (`enable_all`) once it is asked, and moves to another one if that ends. The task ends with the last clone,
/// or after 1 h without a request.
///
/// A clone is one reference count, and shares everything: where several issuers or tenants have their keys at one
/// URL, give each a clone.
#[derive(Clone)]
pub struct RemoteJwks(Arc<Core>);

impl RemoteJwks {
    /// The set at this URL, with the defaults.
    ///
    /// # Errors
    ///
    /// It is no URL with `https`, or `http` on loopback; or no HTTP client can be made.
    pub fn new(url: impl AsRef<str>) -> Result<Self, ConfigError> {
        Self::builder(url).build()
    }

    /// The set at this URL, with settings to be made.
    pub fn builder(url: impl AsRef<str>) -> RemoteJwksBuilder {
        RemoteJwksBuilder::address(url.as_ref())
    }

    /// The set that this issuer names in its metadata ([OpenID Connect Discovery 1.0], or else [RFC 8414]), with
    /// settings to be made.
    ///
    /// The metadata is read again whenever the keys are refreshed. Its `issuer` has to be this one, to the letter;
    /// its `jwks_uri` has to be `https`, unless the issuer itself is `http` on loopback.
    ///
    /// [OpenID Connect Discovery 1.0]: https://openid.net/specs/openid-connect-discovery-1_0.html
    /// [RFC 8414]: https://www.rfc-editor.org/rfc/rfc8414
    pub fn discovery(issuer: impl AsRef<str>) -> RemoteJwksBuilder {
        RemoteJwksBuilder::issuer(issuer.as_ref())
    }

    fn resolve_elsewhere(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: Instant,
    ) -> Lookup<Result<VerifyingKey, KeyError>> {
        let wanted = Wanted::new(kid, algorithm, now);
        match self.0.decide(&wanted, now) {
            Decision::Answer(answer) => Lookup::Ready(answer),
            Decision::Wait(waiting) => {
                Lookup::pending(wait_for_key(Arc::clone(&self.0), wanted, Some(waiting)))
            }
            // It may be awaited where there is one.
            Decision::NoRuntime => Lookup::pending(wait_for_key(Arc::clone(&self.0), wanted, None)),
        }
    }
}

/// Waits for the flight, and for what may have to come after it, and judges again.
async fn wait_for_key(
    core: Arc<Core>,
    mut wanted: Wanted,
    mut waiting: Option<Waiting>,
) -> Result<VerifyingKey, KeyError> {
    loop {
        if let Some(waiting) = waiting.take() {
            let Waiting { number, conclusive, .. } = waiting;
            let landed = waiting.wait(core.longest_flight()).await;
            wanted.waited_for = number;
            // One failure is answer enough: where the source hangs, the next would only take as long.
            let failed = matches!(landed, Some(Err(_)));
            wanted.patience = if failed { 0 } else { wanted.patience.saturating_sub(1) };
            wanted.concluded = conclusive && matches!(landed, Some(Ok(())));
        }
        let now = Instant::now();
        core.touch(now);
        match core.decide(&wanted, now) {
            Decision::Answer(answer) => return answer,
            Decision::NoRuntime => return Err(no_runtime()),
            Decision::Wait(next) => waiting = Some(next),
        }
    }
}

/// What stands in metrics.
fn code(answer: &Result<VerifyingKey, KeyError>) -> &'static str {
    match answer.as_ref().map_err(KeyError::kind) {
        Ok(_) => "found",
        Err(KeyErrorKind::NotFound) => "absent",
        Err(_) => "unavailable",
    }
}

/// Waits for keys as such.
async fn load(core: Arc<Core>, anew: bool) -> Result<(), KeyError> {
    let now = Instant::now();
    let waiting = core.board(anew, now)?;
    core.touch(now);
    let landed = waiting.wait(core.longest_flight()).await;
    landed.unwrap_or_else(|| Err(KeyError::unavailable("the fetch ended with its runtime")))
}

impl KeyResolver for RemoteJwks {
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        let now = Instant::now();
        self.0.touch(now);
        let (kid, algorithm) = (header.kid(), header.algorithm());
        let snapshot = self.0.snapshot.load();
        let usable = snapshot.as_deref().filter(|snapshot| snapshot.is_usable(now));
        match usable.map(|snapshot| snapshot.keys.find(kid, algorithm)) {
            Some(Found::Key(key)) => Lookup::Ready(Ok(key.clone())),
            Some(Found::NotOne) => Lookup::Ready(Err(KeyError::not_found())),
            Some(Found::Unknown) => self.resolve_elsewhere(kid, algorithm, now).map({
                let name = Arc::clone(&self.0.name);
                move |answer| {
                    count::unknown_key(&name, code(&answer));
                    answer
                }
            }),
            None => self.resolve_elsewhere(kid, algorithm, now),
        }
    }

    fn generation(&self) -> Option<u64> {
        let now = Instant::now();
        let snapshot = self.0.snapshot.load();
        let usable = snapshot.as_deref().filter(|snapshot| snapshot.is_usable(now))?;
        // Who only ever asks for this relies on keys that are kept fresh, too.
        self.0.touch(now);
        Some(usable.generation)
    }

    /// Those with a public key: a secret is never taken from a remote set.
    fn algorithms(&self) -> Option<Algorithms> {
        Some(Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()).collect())
    }

    fn preload(&self) -> Lookup<Result<(), KeyError>> {
        let snapshot = self.0.snapshot.load();
        if snapshot.as_deref().is_some_and(|snapshot| snapshot.is_usable(Instant::now())) {
            return Lookup::Ready(Ok(()));
        }
        Lookup::pending(load(Arc::clone(&self.0), false))
    }

    fn refresh_now(&self) -> Lookup<Result<(), KeyError>> {
        Lookup::pending(load(Arc::clone(&self.0), true))
    }

    fn forget_key(&self, kid: &str) -> bool {
        self.0.forget(kid);
        true
    }

    fn status(&self) -> Option<KeysStatus> {
        Some(self.0.status(Instant::now()))
    }
}

/// Shows where the keys come from, and none of them.
impl fmt::Debug for RemoteJwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteJwks").field("from", &self.0.name).finish_non_exhaustive()
    }
}
