use std::{fmt, num::NonZeroU32, ops::RangeInclusive, sync::Arc, time::Duration};

use super::{RemoteJwks, core::Core, settings::Settings, source::Source};
use crate::{
    endpoint::{Endpoint, Transport},
    error::ConfigError,
    keys::{
        discovery::Discovery,
        fetch::{CONNECT_TIMEOUT, Fetch, Getter, Reqwest, shared_client},
    },
};

/// Settings of a [`RemoteJwks`]. Each has a default that is safe; most programs need none of them.
///
/// | setting | default | |
/// |---|---|---|
/// | [`client`](Self::client), [`fetch`](Self::fetch) | one shared `reqwest::Client` | who asks |
/// | [`connect_timeout`](Self::connect_timeout), [`timeout`](Self::timeout) | 2 s, 5 s | how long an answer may take |
/// | [`max_body`](Self::max_body), [`max_keys`](Self::max_keys) | 256 KiB, 100 | how large it may be |
/// | [`fresh_for`](Self::fresh_for), [`fresh_within`](Self::fresh_within) | 5 min, 1 min to 1 h | when it is asked for again |
/// | [`stale_for`](Self::stale_for), [`backoff`](Self::backoff) | 1 h, 1 s to 60 s | what happens in an outage |
/// | [`forced_fetches`](Self::forced_fetches), [`certain_for`](Self::certain_for), [`absent`](Self::absent) | 2 and one every 15 s, 30 s, 256 for 15 s | what unknown key ids may cause |
/// | [`max_waiting`](Self::max_waiting) | 1,024 | how many requests may wait |
/// | [`idle_after`](Self::idle_after) | 1 h | when nobody is served any more |
#[derive(Clone)]
#[must_use = "a builder does nothing until `.build()` is called"]
pub struct RemoteJwksBuilder {
    address: Address,
    fetch: Option<Arc<dyn Fetch>>,
    allow_http: bool,
    settings: Settings,
}

#[derive(Clone, Debug)]
enum Address {
    Issuer(Box<str>),
    Keys(Box<str>),
}

impl RemoteJwksBuilder {
    pub(super) fn address(url: &str) -> Self {
        Self::of(Address::Keys(url.into()))
    }

    pub(super) fn issuer(issuer: &str) -> Self {
        Self::of(Address::Issuer(issuer.into()))
    }

    fn of(address: Address) -> Self {
        Self { address, fetch: None, allow_http: false, settings: Settings::default() }
    }

    /// Asks by this client, with its proxies, certificates and time to connect. An answer from another URL than the one
    /// asked is refused; but a client that follows redirects, as they do by default, has then sent a request to
    /// wherever the issuer pointed. Build it with `redirect(reqwest::redirect::Policy::none())`.
    pub fn client(self, client: reqwest::Client) -> Self {
        self.fetch(Reqwest(client))
    }

    /// Asks by whatever can send a GET request.
    pub fn fetch(mut self, fetch: impl Fetch) -> Self {
        self.fetch = Some(Arc::new(fetch));
        self
    }

    /// Asks over plain `http`, too: whoever sits in between can hand out keys of his own, and with them
    /// be anybody. On loopback it is allowed without this.
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// How long a connection may take to stand. A client that was handed over has a setting of its own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = Some(timeout);
        self
    }

    /// How long an answer may take, from the question to its last byte.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How long an answer may be, in bytes.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// How many keys a set may have. One with more is refused as a whole.
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.settings.max_keys = keys;
        self
    }

    /// How long a set is fresh whose answer does not say so. When 80 % of the time have passed, give or
    /// take a tenth, it is asked for again.
    pub fn fresh_for(mut self, fresh: Duration) -> Self {
        self.settings.fresh_for = fresh;
        self
    }

    /// The bounds of what an answer may say of itself in `Cache-Control: max-age`.
    pub fn fresh_within(mut self, bounds: RangeInclusive<Duration>) -> Self {
        self.settings.fresh_within = bounds;
        self
    }

    /// How long a set counts beyond its time while no newer one can be had. After that, 503.
    pub fn stale_for(mut self, stale: Duration) -> Self {
        self.settings.stale_for = stale;
        self
    }

    /// How long after an attempt that failed the next one is made: the shortest, then doubled up to the longest.
    pub fn backoff(mut self, bounds: RangeInclusive<Duration>) -> Self {
        self.settings.backoff = bounds;
        self
    }

    /// How many fetches tokens with unknown key ids may cause: so many at once, and one more each time this
    /// long has passed.
    ///
    /// Where this is longer than [`certain_for`](Self::certain_for), strangers can bring about that nobody knows:
    /// once the last fetch is spent, unknown keys are answered with 503 until there is another one.
    pub fn forced_fetches(mut self, at_once: NonZeroU32, every: Duration) -> Self {
        self.settings.forced_burst = at_once;
        self.settings.forced_every = every;
        self
    }

    /// How long after a good answer a key that was not in it is known not to be there (401) when no fetch is
    /// left; later nobody can know (503).
    pub fn certain_for(mut self, certain: Duration) -> Self {
        self.settings.certain_for = certain;
        self
    }

    /// How many key ids that were asked for and not found are remembered, and for how long: these cause no
    /// fetch. A new set clears them.
    pub fn absent(mut self, capacity: usize, remembered: Duration) -> Self {
        self.settings.absent_capacity = capacity;
        self.settings.absent_for = remembered;
        self
    }

    /// How many requests may wait for a fetch at once; for all others, 503.
    pub fn max_waiting(mut self, requests: usize) -> Self {
        self.settings.max_waiting = requests;
        self
    }

    /// How long after the last request the keys are kept fresh. The request after that is a first one again.
    pub fn idle_after(mut self, idle: Duration) -> Self {
        self.settings.idle_after = idle;
        self
    }

    /// Makes the resolver. Nothing is fetched and nothing spawned yet.
    ///
    /// # Errors
    ///
    /// The address is no URL with `https`, or `http` on loopback; a setting is zero or its bounds are the
    /// wrong way round; a time to connect is set for a client that was handed over; no HTTP client can be made.
    pub fn build(self) -> Result<RemoteJwks, ConfigError> {
        let Self { address, fetch, allow_http, settings } = self;
        settings.check()?;
        let transport = if allow_http { Transport::Any } else { Transport::Loopback };
        let (source, loopback) = match address {
            Address::Issuer(issuer) => {
                let discovery = Discovery::of(&issuer, transport)?;
                let loopback = discovery.address().is_loopback();
                (Source::Issuer(discovery), loopback)
            }
            Address::Keys(url) => {
                let endpoint = Endpoint::parse(&url, transport)
                    .map_err(|wrong| ConfigError::new(format!("the URL of the JWK Set {wrong}")))?;
                let loopback = endpoint.is_loopback();
                (Source::Address(endpoint), loopback)
            }
        };
        let fetch = match (fetch, settings.connect_timeout) {
            (Some(_), Some(_)) => {
                return Err(ConfigError::new(
                    "`connect_timeout` is for the client of ours: set it on the one that was handed over",
                ));
            }
            (Some(fetch), None) => fetch,
            (None, timeout) => {
                let timeout = timeout.unwrap_or(CONNECT_TIMEOUT);
                Arc::new(Reqwest(shared_client(loopback, timeout)?))
            }
        };
        let getter = Getter { fetch, timeout: settings.timeout, max_body: settings.max_body };
        Ok(RemoteJwks(Arc::new(Core::new(settings, source, getter))))
    }
}

impl fmt::Debug for RemoteJwksBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteJwksBuilder").finish_non_exhaustive()
    }
}
