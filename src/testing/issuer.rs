use std::{fmt, io, sync::Arc, time::Duration};

use http::{HeaderValue, Request, Response};

use super::{
    builder::TestIssuerBuilder,
    misuse,
    provider::{Conduct, Fetches, Provider},
    server::TestServer,
    token::TestToken,
};
use crate::{
    claims::audience::Audience,
    error::ConfigError,
    jose::algorithm::Algorithm,
    keys::{
        KeyResolver, StaticKeys,
        fetch::{BoxError, Fetch, FetchBody},
        remote::RemoteJwks,
    },
    verifier::TrustedIssuer,
};

/// A fake provider: it mints tokens and publishes the keys they are signed with.
///
/// It works in memory, so a test needs neither network nor a runtime of its own for it;
/// [`serve`](Self::serve) puts it on loopback as well. A clone is the same issuer.
///
/// ```
/// use tower_bearer::{Verifier, testing::TestIssuer};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let issuer = TestIssuer::new();
/// let verifier = Verifier::new(issuer.trusted("https://api.example"))?;
///
/// let token = issuer.token_for("https://api.example").subject("ada").mint();
/// assert_eq!(verifier.verify(&token).await?.subject(), Some("ada"));
///
/// let late = issuer.token_for("https://api.example").expired().mint();
/// assert_eq!(verifier.verify(&late).await.unwrap_err().kind().code(), "expired");
/// # Ok(())
/// # }
/// ```
///
/// Another name, clock or algorithm is set by [`builder`](Self::builder):
///
/// ```
/// use tower_bearer::{Algorithm, testing::TestIssuer};
///
/// let tenant = TestIssuer::builder()
///     .name("https://login.test/tenant")
///     .algorithms([Algorithm::Ed25519, Algorithm::ES256])
///     .build();
/// assert_eq!(tenant.name(), "https://login.test/tenant");
/// ```
///
/// `Debug` shows the name, and no key.
#[derive(Clone)]
pub struct TestIssuer(pub(super) Arc<Provider>);

impl TestIssuer {
    /// An issuer named `https://issuer.test` that signs with ES256, by the machine's clock.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An issuer with settings of its own.
    pub fn builder() -> TestIssuerBuilder {
        TestIssuerBuilder::new()
    }

    /// Its name, as its tokens have it in `iss`.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// This issuer as a verifier trusts it: its name, this audience, its keys, and its clock.
    ///
    /// The keys are found by discovery and fetched in memory, so that rotation and outages are seen as they
    /// would be with a real provider. The secret of an issuer whose first algorithm is HS256, HS384 or HS512 is
    /// the one it has now.
    ///
    /// Once it is [served](Self::serve) its name is another, so serve it first.
    pub fn trusted(&self, audience: impl Into<Audience>) -> TrustedIssuer {
        match self.keys() {
            Ok(keys) => {
                let clock = Arc::clone(&self.0.clock);
                TrustedIssuer::new(self.name(), audience, keys).clock(move || clock.now())
            }
            Err(error) => misuse(&format!("nobody can trust {:?}: {error}", self.name())),
        }
    }

    /// A token in the making: good, but for nobody until it has an audience.
    pub fn token(&self) -> TestToken {
        TestToken::new(Arc::clone(&self.0))
    }

    /// A good token for this audience in the making.
    pub fn token_for(&self, audience: impl Into<String>) -> TestToken {
        self.token().audience(audience)
    }

    /// The JWK Set that is published now: the keys of the algorithms it was built with, and of those that a token
    /// has asked for since. Secrets are never in it.
    pub fn jwks(&self) -> String {
        self.0.ring().jwks()
    }

    /// The secret that tokens of this algorithm are signed with now, of 64 bytes: what
    /// [`StaticKeys::from_secret`](crate::StaticKeys::from_secret) takes.
    ///
    /// # Panics
    ///
    /// The algorithm is none of HS256, HS384 and HS512: a private key is not handed out.
    #[track_caller]
    pub fn secret(&self, algorithm: Algorithm) -> Vec<u8> {
        if !algorithm.is_symmetric() {
            misuse(&format!("{algorithm} has no secret to share: its public key is in `.jwks()`"));
        }
        self.0.ring().active(algorithm).secret().unwrap_or_default().to_vec()
    }

    /// Replaces all keys at once: tokens are signed with new ones, and the old ones are no longer published, so
    /// that tokens minted before are good for nothing once that is noticed.
    ///
    /// A good provider does it in three steps, [`add_keys`](Self::add_keys), [`promote_keys`](Self::promote_keys) and
    /// [`withdraw_keys`](Self::withdraw_keys), with time in between.
    pub fn rotate(&self) {
        let mut ring = self.0.ring();
        ring.add();
        ring.promote();
        ring.withdraw();
    }

    /// Publishes the next key of each algorithm; the old ones still sign. Nothing changes for algorithms that have
    /// a next key already.
    pub fn add_keys(&self) {
        self.0.ring().add();
    }

    /// Signs with the keys that were added last; the old ones are still published.
    ///
    /// # Panics
    ///
    /// None were added.
    #[track_caller]
    pub fn promote_keys(&self) {
        let promoted = self.0.ring().promote();
        if !promoted {
            misuse("there are no keys to promote: call `add_keys` first");
        }
    }

    /// Publishes the keys no longer that have signed before. Those that sign now stay.
    pub fn withdraw_keys(&self) {
        self.0.ring().withdraw();
    }

    /// Every request for metadata or keys is answered with 503 from now on.
    pub fn outage(&self) {
        self.0.behave(Conduct::Outage);
    }

    /// Every request for metadata or keys is answered after this time from now on, as tokio counts it: with paused
    /// time it costs no time. Requests that came before are not held up.
    pub fn slow(&self, wait: Duration) {
        self.0.behave(Conduct::Slow(wait));
    }

    /// Every request for metadata or keys is answered with 200 and an HTML page from now on, as gateways do.
    pub fn malformed(&self) {
        self.0.behave(Conduct::Malformed);
    }

    /// Every request is answered by this closure from now on; where it says `None`, as usual.
    ///
    /// ```
    /// use tower_bearer::{http::{Request, Response}, testing::TestIssuer};
    ///
    /// let issuer = TestIssuer::new();
    /// issuer.answer_with(|request: &Request<()>| {
    ///     let keys = request.uri().path() == "/jwks";
    ///     keys.then(|| Response::new(r#"{"keys": []}"#.to_owned()))
    /// });
    /// ```
    pub fn answer_with(
        &self,
        answer: impl Fn(&Request<()>) -> Option<Response<String>> + Send + Sync + 'static,
    ) {
        self.0.behave(Conduct::Custom(Arc::new(answer)));
    }

    /// Every request is answered as usual from now on: the end of [`outage`](Self::outage), [`slow`](Self::slow),
    /// [`malformed`](Self::malformed) and [`answer_with`](Self::answer_with). One that is being held up still is.
    pub fn recover(&self) {
        self.0.behave(Conduct::Normal);
    }

    /// Sends this `Cache-Control` with the JWK Set from now on. There is none at first.
    ///
    /// # Panics
    ///
    /// It cannot stand in a header.
    #[track_caller]
    pub fn cache_control(&self, value: &str) {
        match HeaderValue::from_str(value) {
            Ok(value) => self.0.cache_control(Some(value)),
            Err(_) => misuse("`Cache-Control` is one line of visible characters"),
        }
    }

    /// How often it was asked, in memory and on loopback together.
    pub fn fetches(&self) -> Fetches {
        self.0.fetches()
    }

    /// Fetches this issuer's documents in memory, for a [`RemoteJwks`] with settings of its own. Of other
    /// hosts it knows nothing: that is an error, as if they could not be reached.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_bearer::{RemoteJwks, testing::TestIssuer};
    ///
    /// let issuer = TestIssuer::new();
    /// let keys = RemoteJwks::discovery(issuer.name())
    ///     .fetch(issuer.fetch())
    ///     .fresh_for(Duration::from_secs(60))
    ///     .build()?;
    /// # drop(keys);
    /// # Ok::<(), tower_bearer::ConfigError>(())
    /// ```
    pub fn fetch(&self) -> impl Fetch + Clone + use<> {
        let provider = Arc::clone(&self.0);
        move |request: Request<()>| {
            let provider = Arc::clone(&provider);
            async move {
                if !provider.is_at(request.uri()) {
                    return Err(BoxError::from("this host cannot be reached from a test issuer"));
                }
                Ok(provider.respond(request).await.map(FetchBody::from))
            }
        }
    }

    /// Serves its documents on loopback over HTTP, for what does not take a [`Fetch`]. From now on its
    /// name is `http://127.0.0.1:<port>` and the path it had before, for all clones and for good:
    /// tokens and verifiers made before have the old one.
    ///
    /// The server ends when what is returned is dropped. Serving it again takes the same address.
    /// Not for tests with paused time: tokio's clock leaps ahead while a socket is waited for, and every
    /// time-out runs out. In memory it does not.
    ///
    /// ```
    /// use tower_bearer::{TrustedIssuer, Verifier, testing::TestIssuer};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let issuer = TestIssuer::new();
    /// let _server = issuer.serve().await?;
    /// let verifier = Verifier::new(TrustedIssuer::discover(issuer.name(), "https://api.example")?)?;
    ///
    /// let token = issuer.token_for("https://api.example").mint();
    /// assert!(verifier.verify(&token).await.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// No port can be had, or it is being served already.
    pub async fn serve(&self) -> io::Result<TestServer> {
        TestServer::start(Arc::clone(&self.0)).await
    }

    fn keys(&self) -> Result<Arc<dyn KeyResolver>, ConfigError> {
        let algorithm = self.0.algorithm;
        if algorithm.is_symmetric() {
            return Ok(Arc::new(StaticKeys::from_secret(algorithm, self.secret(algorithm))?));
        }
        // They come from memory, whatever the scheme of the name says.
        let keys = RemoteJwks::discovery(self.name()).fetch(self.fetch()).danger_allow_http();
        Ok(Arc::new(keys.build()?))
    }
}

impl Default for TestIssuer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIssuer").field("name", &self.name()).finish_non_exhaustive()
    }
}
