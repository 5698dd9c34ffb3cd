use std::{
    fmt,
    future::ready,
    time::{Duration, Instant},
};

use tower_bearer::{
    AccessToken, Algorithm, Grant, Issuer, RefreshKeys, RevocationLog, Revocations, Session,
    SessionErrorKind, SessionStore, Sessions, SigningKeys, TokenErrorKind, TokenPair, Verifier,
};

use crate::{Engine, Proxy, Server, faults::RECOVERY};

/// The secret of all refresh tokens.
const SECRET: [u8; 32] = [7; 32];
const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";
const LIFETIME: Duration = Duration::from_secs(900);

/// What a node has beside its store: the same on each.
#[derive(Clone, Debug)]
pub struct Shared(SigningKeys);

impl Shared {
    /// Keys of its own, and always the same secret for refresh tokens.
    pub fn new() -> Self {
        Self(SigningKeys::generate(Algorithm::ES256).expect("keys"))
    }

    /// A node with this store, whose revocations are in this log.
    pub fn node<S: SessionStore>(&self, store: S, log: impl RevocationLog) -> Node<S> {
        let revocations = Revocations::builder(ISSUER, LIFETIME).log(log).build().expect("a set");
        let issuer = Issuer::builder(ISSUER, AUDIENCE, "web", self.0.clone())
            .revocations(revocations.clone())
            .build()
            .expect("an issuer");
        let keys = RefreshKeys::new(SECRET).expect("a secret");
        let sessions = Sessions::new(issuer.clone(), store, keys).expect("sessions");
        let verifier = issuer.verifier().expect("a verifier");
        Node { revocations, issuer, sessions, verifier }
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::new()
    }
}

/// What a service has on one machine, but for its store.
pub struct Node<S> {
    /// What is revoked, as far as it is known here.
    pub revocations: Revocations,
    /// Issues access tokens.
    pub issuer: Issuer,
    /// Has the store.
    pub sessions: Sessions<S>,
    /// Verifies access tokens.
    pub verifier: Verifier,
}

impl<S> Clone for Node<S> {
    fn clone(&self) -> Self {
        Self {
            revocations: self.revocations.clone(),
            issuer: self.issuer.clone(),
            sessions: self.sessions.clone(),
            verifier: self.verifier.clone(),
        }
    }
}

impl<S: SessionStore> Node<S> {
    /// Logs in.
    ///
    /// # Errors
    ///
    /// What the client is told.
    pub async fn login(&self, subject: &str) -> Result<TokenPair, SessionErrorKind> {
        self.sessions.start(subject, &Grant::new()).await.map_err(|error| error.kind())
    }

    /// A renewal that the application allows.
    ///
    /// # Errors
    ///
    /// What the client is told.
    pub async fn renew(&self, pair: &TokenPair) -> Result<TokenPair, SessionErrorKind> {
        self.renew_by(pair.refresh_token()).await
    }

    /// The same.
    ///
    /// # Errors
    ///
    /// What the client is told.
    pub async fn renew_by(&self, refresh_token: &str) -> Result<TokenPair, SessionErrorKind> {
        let grant = |_: Session| ready(Ok(Grant::new()));
        self.sessions.renew(refresh_token, grant).await.map_err(|error| error.kind())
    }

    /// Logs out.
    ///
    /// # Errors
    ///
    /// What the client is told.
    pub async fn logout(&self, pair: &TokenPair) -> Result<bool, SessionErrorKind> {
        self.sessions.end(pair.session().id).await.map_err(|error| error.kind())
    }

    /// What the API says of an access token.
    ///
    /// # Errors
    ///
    /// It is refused.
    pub async fn call(&self, token: &AccessToken) -> Result<(), TokenErrorKind> {
        let verified = self.verifier.verify(token.as_str()).await;
        verified.map(drop).map_err(|error| error.kind())
    }

    /// Whether it says that this one was revoked.
    pub async fn refuses(&self, token: &AccessToken) -> bool {
        self.call(token).await == Err(TokenErrorKind::Revoked)
    }

    /// Waits until it takes requests: it has read what is revoked.
    pub async fn is_ready(&self) {
        let token = self.issuer.issue("nobody", &Grant::new()).expect("a token");
        eventually("a node is ready", Duration::from_secs(20), async || {
            self.call(&token).await.is_ok()
        })
        .await;
    }
}

impl<S> fmt::Debug for Node<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A server, and nodes that each have a connection of their own to it.
pub(crate) struct Site<E: Engine> {
    pub(crate) server: E::Server,
    pub(crate) nodes: Vec<Node<E::Store>>,
    /// One before each node.
    pub(crate) proxies: Vec<Proxy>,
}

impl<E: Engine> Site<E> {
    pub(crate) async fn start(nodes: usize) -> Self {
        let server = tokio::task::block_in_place(E::Server::start);
        E::prepare(server.port()).await;
        let mut site = Self { server, nodes: Vec::new(), proxies: Vec::new() };
        let shared = Shared::new();
        for _ in 0..nodes {
            let proxy = Proxy::before(site.server.port()).await;
            let store = E::connect(proxy.port()).await;
            site.proxies.push(proxy);
            site.nodes.push(shared.node(store.clone(), store));
        }
        for node in &site.nodes {
            node.is_ready().await;
        }
        site
    }

    /// What waits for a process waits on a thread that others do not need.
    pub(crate) fn server(&mut self, what: impl FnOnce(&mut E::Server)) {
        tokio::task::block_in_place(|| what(&mut self.server));
    }

    /// Waits until sessions begin on each node again and what is revoked on the first is refused on all, and says after how long that was.
    pub(crate) async fn recovers(&self, within: Duration) -> Duration {
        let began = Instant::now();
        for node in &self.nodes {
            eventually("sessions begin again", within, async || node.login("eve").await.is_ok())
                .await;
        }
        let first = self.nodes.first().expect("a node");
        let pair = patiently(async || first.login("eve").await).await.expect("a login");
        eventually("a logout is answered", within, async || first.logout(&pair).await.is_ok())
            .await;
        self.all_refuse(&pair, within).await;
        began.elapsed()
    }

    pub(crate) async fn all_refuse(&self, pair: &TokenPair, within: Duration) {
        for node in &self.nodes {
            let refuses = async || node.refuses(pair.access_token()).await;
            eventually("a revoked token is refused", within, refuses).await;
        }
    }
}

/// Waits for something.
pub(crate) async fn eventually(what: &str, within: Duration, holds: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < within, "not within {within:?}: {what}");
        rest(5).await;
    }
}

/// Asks again while nobody answers, as clients do: the disk of a machine with a dozen servers takes more than a second at times.
pub(crate) async fn patiently<T>(
    ask: impl AsyncFn() -> Result<T, SessionErrorKind>,
) -> Result<T, SessionErrorKind> {
    let began = Instant::now();
    loop {
        match ask().await {
            Err(SessionErrorKind::Unavailable) if began.elapsed() < RECOVERY => rest(20).await,
            told => return told,
        }
    }
}

/// Lets so many milliseconds pass.
pub(crate) async fn rest(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
