//! The signature algorithms, and sets of them ([RFC 7518 §3.1], [RFC 8037 §3.1], RFC 9864).
//!
//! [RFC 7518 §3.1]: https://www.rfc-editor.org/rfc/rfc7518#section-3.1
//! [RFC 8037 §3.1]: https://www.rfc-editor.org/rfc/rfc8037#section-3.1

use std::{fmt, str::FromStr};

use crate::error::ConfigError;

/// A signature algorithm. `none` is not one.
///
/// Names are matched to the letter. `EdDSA` is read as another name of [`Ed25519`](Self::Ed25519).
///
/// ```
/// use tower_bearer::Algorithm;
///
/// assert_eq!("ES256".parse(), Ok(Algorithm::ES256));
/// assert_eq!("EdDSA".parse(), Ok(Algorithm::Ed25519));
/// assert!("es256".parse::<Algorithm>().is_err());
/// assert!("none".parse::<Algorithm>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// ECDSA on P-521 with SHA-512.
    ES512,
    /// The Edwards curve 25519, also called `EdDSA`.
    Ed25519,
    /// HMAC with SHA-256: whoever verifies can sign, too.
    HS256,
    /// HMAC with SHA-384: whoever verifies can sign, too.
    HS384,
    /// HMAC with SHA-512: whoever verifies can sign, too.
    HS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
}

/// The kind of key an algorithm needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Ec,
    Ed,
    Hmac,
    Rsa,
}

impl From<jsonwebtoken::AlgorithmFamily> for Family {
    fn from(family: jsonwebtoken::AlgorithmFamily) -> Self {
        use jsonwebtoken::AlgorithmFamily as Theirs;

        match family {
            Theirs::Ec => Self::Ec,
            Theirs::Ed => Self::Ed,
            Theirs::Hmac => Self::Hmac,
            Theirs::Rsa => Self::Rsa,
        }
    }
}

impl Algorithm {
    /// Every algorithm there is.
    pub const ALL: [Self; 13] = [
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::Ed25519,
        Self::HS256,
        Self::HS384,
        Self::HS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
    ];

    /// The name that stands in a token's `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::Ed25519 => "Ed25519",
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
        }
    }

    /// Whether the key that verifies is the key that signs (HMAC).
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::HS256 | Self::HS384 | Self::HS512)
    }

    pub(crate) const fn family(self) -> Family {
        match self {
            Self::ES256 | Self::ES384 | Self::ES512 => Family::Ec,
            Self::Ed25519 => Family::Ed,
            Self::HS256 | Self::HS384 | Self::HS512 => Family::Hmac,
            Self::PS256 | Self::PS384 | Self::PS512 | Self::RS256 | Self::RS384 | Self::RS512 => {
                Family::Rsa
            }
        }
    }

    /// The algorithm of this name, if there is one.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::ES256),
            "ES384" => Some(Self::ES384),
            "ES512" => Some(Self::ES512),
            "Ed25519" | "EdDSA" => Some(Self::Ed25519),
            "HS256" => Some(Self::HS256),
            "HS384" => Some(Self::HS384),
            "HS512" => Some(Self::HS512),
            "PS256" => Some(Self::PS256),
            "PS384" => Some(Self::PS384),
            "PS512" => Some(Self::PS512),
            "RS256" => Some(Self::RS256),
            "RS384" => Some(Self::RS384),
            "RS512" => Some(Self::RS512),
            _ => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::named(name).ok_or(UnknownAlgorithm(()))
    }
}

/// The name is of no algorithm that is implemented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAlgorithm(());

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such algorithm: names are ES256, RS256, … and case counts")
    }
}

impl std::error::Error for UnknownAlgorithm {}

impl From<UnknownAlgorithm> for ConfigError {
    fn from(error: UnknownAlgorithm) -> Self {
        Self::new(error.to_string())
    }
}

/// A set of algorithms; sixteen bits, so it is copied and never allocated.
///
/// ```
/// use tower_bearer::{Algorithm, Algorithms};
///
/// let set: Algorithms = [Algorithm::ES256, Algorithm::RS256].into_iter().collect();
/// assert!(set.contains(Algorithm::ES256) && !set.contains(Algorithm::HS256));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Algorithms(u16);

impl Algorithms {
    /// Whether it is one of these.
    pub const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & Self::bit(algorithm) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of the set, in alphabetical order.
    pub fn iter(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.into_iter().filter(move |algorithm| self.contains(*algorithm))
    }

    pub(crate) const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    const fn bit(algorithm: Algorithm) -> u16 {
        1 << algorithm as u16
    }
}

impl FromIterator<Algorithm> for Algorithms {
    fn from_iter<I: IntoIterator<Item = Algorithm>>(algorithms: I) -> Self {
        Self(algorithms.into_iter().fold(0, |bits, algorithm| bits | Self::bit(algorithm)))
    }
}

impl fmt::Debug for Algorithms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_every_bit_is_its_own() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
            let alone: Algorithms = [algorithm].into_iter().collect();
            assert_eq!(alone.iter().collect::<Vec<_>>(), [algorithm]);
        }
    }

    #[test]
    fn none_and_near_names_are_no_algorithm() {
        for name in ["none", "None", "NONE", "nOnE", "", "ES256 ", "es256", "HS1", "ES256K", "RS1"]
        {
            assert_eq!(Algorithm::named(name), None, "{name:?}");
        }
    }
}
