use std::{
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

use serde_json::{Deserializer, Map, Value};
use tower_bearer::{Algorithm, Clock, SystemClock, testing::TestIssuer};

use super::page;

/// Whose keys every provider signs with here. Making keys of RSA takes a while, so there is one.
pub(super) static ISSUER: LazyLock<TestIssuer> = LazyLock::new(|| {
    let algorithms = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256];
    TestIssuer::builder().algorithms(algorithms).build()
});

/// A token as a provider shapes it.
#[derive(Clone)]
pub(super) struct Shape {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    age: Duration,
}

impl Shape {
    /// That of the page under this heading.
    pub(super) fn of(heading: &str) -> Self {
        let values = Deserializer::from_str(page::block(heading, "json")).into_iter();
        let parts: Vec<Map<String, Value>> = values.map(Result::unwrap).collect();
        let [header, claims] = parts.try_into().expect("header and claims");
        Self { header, claims, age: Duration::ZERO }
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        assert!(self.claims.remove(name).is_some(), "there is no {name} to be taken out");
        self
    }

    /// Issued this many seconds ago, with the life that it has in the page.
    pub(super) fn aged(mut self, seconds: u64) -> Self {
        self.age = Duration::from_secs(seconds);
        self
    }

    /// The token, issued now, and signed by the key that its `alg` asks for.
    pub(super) fn compact(&self) -> String {
        let alg = self.header["alg"].as_str().unwrap();
        let token = ISSUER.token().without_typ().payload(self.payload());
        let mut token = match alg {
            "none" => token.unsigned(),
            alg => token.algorithm(alg.parse().unwrap()),
        };
        for (name, value) in self.header.iter().filter(|(name, _)| *name != "alg" && *name != "kid")
        {
            token = token.header(name, value);
        }
        if self.header.contains_key("kid") { token.mint() } else { token.without_kid().mint() }
    }

    /// The claims, brought to the present.
    fn payload(&self) -> String {
        let issued = (SystemClock.now() - self.age).duration_since(UNIX_EPOCH).unwrap().as_secs();
        let written = self.claims["iat"].as_u64().unwrap();
        let mut claims = self.claims.clone();
        for name in ["iat", "nbf", "exp", "auth_time"] {
            if let Some(date) = claims.get_mut(name) {
                *date = (date.as_u64().unwrap() + issued - written).into();
            }
        }
        Value::Object(claims).to_string()
    }
}
