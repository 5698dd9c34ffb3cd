use std::{fmt, sync::Arc};

use http::Uri;

use super::{issuer::TestIssuer, misuse, provider::Provider, ring::KeyRing};
use crate::{
    clock::{Clock, SystemClock},
    jose::algorithm::Algorithm,
};

/// Settings of a [`TestIssuer`]; [`TestIssuer::builder`] begins them.
#[must_use = "an issuer is not there until `.build()`"]
pub struct TestIssuerBuilder {
    name: String,
    clock: Arc<dyn Clock>,
    algorithms: Vec<Algorithm>,
}

impl TestIssuerBuilder {
    pub(super) fn new() -> Self {
        Self {
            name: "https://issuer.test".to_owned(),
            clock: Arc::new(SystemClock),
            algorithms: vec![Algorithm::ES256],
        }
    }

    /// Its name, as its tokens have it in `iss`: `https://login.test/tenant`, with or without a path.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Tokens are dated by this clock, and [`TestIssuer::trusted`] judges by it.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Keys of these algorithms are there, and published, from the start, in the place of ES256; tokens are signed
    /// with the first unless they say otherwise.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// The issuer.
    ///
    /// # Panics
    ///
    /// There is no algorithm, or the name is no `http` or `https` URL without query and fragment.
    #[track_caller]
    pub fn build(self) -> TestIssuer {
        let Self { name, clock, algorithms } = self;
        if !is_name(&name) {
            misuse(&format!("{name:?} names no issuer: give it one like \"https://issuer.test\""));
        }
        let Some(first) = algorithms.first() else { misuse("an issuer signs with some algorithm") };
        let ring = KeyRing::new(&algorithms);
        TestIssuer(Arc::new(Provider::new(name, clock, ring, *first)))
    }
}

/// An issuer's name as OpenID Connect Discovery §3 and RFC 8414 §2 have it, and `http` besides.
fn is_name(name: &str) -> bool {
    let web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    let uri = name.parse::<Uri>();
    !name.contains('#') && uri.is_ok_and(|uri| web(&uri) && uri.query().is_none())
}

impl fmt::Debug for TestIssuerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, clock: _, algorithms } = self;
        f.debug_struct("TestIssuerBuilder")
            .field("name", name)
            .field("algorithms", algorithms)
            .finish_non_exhaustive()
    }
}
