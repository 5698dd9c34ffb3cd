//! What all contenders are given: keys, tokens, and an issuer that publishes the keys on loopback.

mod keys;
mod mint;
mod server;

use std::{
    error::Error,
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::json;

use self::{keys::KeyPair, mint::Mint, server::Published};
pub(crate) use self::{keys::RawKey, mint::Tokens, server::bind};

/// What anything here may fail with.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// The audience that all contenders ask for.
pub(crate) const AUDIENCE: &str = "https://api.example.com";
/// The subject of all tokens, which is what every handler answers.
pub(crate) const SUBJECT: &str = "8f14e45f-ceea-467f-9a36-dedd4bea2543";
/// Text, for one contender takes its secret as a `&str`.
const SECRET: &str = "pY3mJ0QwG5oV8rT1zK6uB9xN2cL7aH4e";
/// The key that signs, and the one that will sign next: published early, as rotation asks for.
pub(crate) const KIDS: [&str; 2] = ["2026-11-a", "2026-11-b"];

/// The algorithms that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// ECDSA on P-256.
    Es256,
    /// `EdDSA` on Curve25519.
    Ed25519,
    /// HMAC with SHA-256.
    Hs256,
    /// RSA of 2048 bits, PKCS #1 v1.5.
    Rs256,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 4] = [Self::Rs256, Self::Es256, Self::Ed25519, Self::Hs256];

    /// As it is called in the header of a token.
    pub(crate) fn in_header(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Ed25519 => "EdDSA",
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(if *self == Self::Ed25519 { "Ed25519" } else { self.in_header() })
    }
}

/// An issuer for each algorithm.
pub(crate) struct World {
    pub(crate) sides: Vec<Side>,
}

/// One algorithm's issuer, keys and tokens.
pub(crate) struct Side {
    pub(crate) algorithm: Algorithm,
    /// Where the issuer's server is: `http://127.0.0.1:<port>`.
    pub(crate) origin: String,
    /// The `iss` of its tokens; discovery starts here. Keycloak calls the last segment a realm.
    pub(crate) issuer: String,
    /// The public keys. For HS256 the secret, which is never published.
    pub(crate) jwks: String,
    pub(crate) raw: RawKey,
    pub(crate) tokens: Tokens,
    mint: Mint,
}

impl Side {
    pub(crate) fn jwks_url(&self) -> String {
        format!("{}/jwks", self.issuer)
    }

    pub(crate) fn realm(&self) -> &'static str {
        self.algorithm.in_header()
    }

    /// A secret is not published.
    fn published(&self) -> Option<Published> {
        let (realm, issuer) = (self.realm(), self.issuer.clone());
        let jwks = self.jwks.clone();
        self.secret().is_none().then_some(Published { realm, issuer, jwks })
    }

    /// So many good tokens, each of another subject.
    pub(crate) fn crowd(&self, count: usize) -> Result<Vec<String>, Failure> {
        self.mint.crowd(count, |message| self.mint.signing.sign(message))
    }

    /// The same, but signed by somebody else.
    pub(crate) fn crowd_signed(
        &self,
        count: usize,
        sign: impl Fn(&[u8]) -> Result<Vec<u8>, Failure>,
    ) -> Result<Vec<String>, Failure> {
        self.mint.crowd(count, sign)
    }

    /// The secret, where the algorithm has one.
    pub(crate) fn secret(&self) -> Option<&'static str> {
        (self.algorithm == Algorithm::Hs256).then_some(SECRET)
    }
}

impl World {
    /// Makes keys and tokens of these algorithms and starts the server.
    pub(crate) fn new(algorithms: &[Algorithm]) -> Result<Self, Failure> {
        let (listener, origin) = server::bind()?;
        let sides =
            algorithms.iter().map(|of| side(*of, &origin)).collect::<Result<Vec<_>, _>>()?;
        server::serve(listener, sides.iter().filter_map(Side::published).collect())?;
        Ok(Self { sides })
    }

    pub(crate) fn side(&self, algorithm: Algorithm) -> Result<&Side, Failure> {
        let side = self.sides.iter().find(|side| side.algorithm == algorithm);
        side.ok_or_else(|| format!("there is no world of {algorithm}").into())
    }
}

fn side(algorithm: Algorithm, origin: &str) -> Result<Side, Failure> {
    let issuer = format!("{origin}/realms/{}", algorithm.in_header());
    let [signing, next, foreign] =
        [KeyPair::new(algorithm)?, KeyPair::new(algorithm)?, KeyPair::foreign(algorithm)?];
    let [kid, next_kid] = KIDS;
    let keys = match algorithm {
        Algorithm::Hs256 => vec![signing.jwk(kid)],
        _ => vec![signing.jwk(kid), next.jwk(next_kid)],
    };
    let mint = Mint { algorithm, issuer: issuer.clone(), now: now()?, signing, foreign };
    let minted = mint.tokens()?;
    Ok(Side {
        algorithm,
        origin: origin.to_owned(),
        jwks: json!({ "keys": keys }).to_string(),
        raw: minted.raw_key,
        tokens: minted.tokens,
        issuer,
        mint,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "contenders look at the wall clock, and so must their tokens"
)]
fn now() -> Result<Duration, Failure> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?)
}
