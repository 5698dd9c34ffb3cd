//! Verifiers as the tests want them: with a memory or without.
//!
//! The whole suite runs with `TOWER_BEARER_TESTS=cached` as well, and may with `digest`. Every verifier then
//! remembers what it verified, and every question is asked twice: the second answer has to be the first.

use std::sync::LazyLock;

use tower_bearer::{
    ConfigError, IssuerResolver, Lookup, TokenError, TrustedIssuer, VerifiedToken, Verifier,
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Memory {
    Digest,
    Off,
    Whole,
}

static MEMORY: LazyLock<Memory> = LazyLock::new(|| {
    let mode = std::env::var("TOWER_BEARER_TESTS").unwrap_or_default();
    match &*mode {
        "" => Memory::Off,
        "cached" if cfg!(feature = "cache") => Memory::Whole,
        "digest" if cfg!(feature = "cache") => Memory::Digest,
        other => panic!(
            "TOWER_BEARER_TESTS is {other:?}: `cached` or `digest`, with the feature `cache`"
        ),
    }
});

/// Whether the verifiers of this run remember.
pub(crate) fn is_remembering() -> bool {
    *MEMORY != Memory::Off
}

/// [`Verifier::new`], with the memory of this run.
pub(crate) fn new(issuer: TrustedIssuer) -> Result<Verifier, ConfigError> {
    Verifier::new(issuer).map(remembering)
}

/// [`Verifier::any_of`], with the memory of this run.
pub(crate) fn any_of(
    issuers: impl IntoIterator<Item = TrustedIssuer>,
) -> Result<Verifier, ConfigError> {
    Verifier::any_of(issuers).map(remembering)
}

/// [`Verifier::dynamic`], with the memory of this run.
pub(crate) fn dynamic(issuers: impl IssuerResolver) -> Verifier {
    remembering(Verifier::dynamic(issuers))
}

#[cfg(feature = "cache")]
pub(crate) fn remembering(verifier: Verifier) -> Verifier {
    match *MEMORY {
        Memory::Digest => verifier.cache_by_digest(1_000),
        Memory::Off => verifier,
        Memory::Whole => verifier.cache(1_000),
    }
}

#[cfg(not(feature = "cache"))]
pub(crate) fn remembering(verifier: Verifier) -> Verifier {
    verifier
}

/// The answer about a token; where the verifiers of this run remember, the same one twice.
pub(crate) async fn verify(verifier: &Verifier, token: &str) -> Result<VerifiedToken, TokenError> {
    let first = verifier.verify(token).await;
    if is_remembering() {
        assert_eq!(words(&first), words(&verifier.verify(token).await), "the second answer");
    }
    first
}

/// The same, of a verifier that never waits.
pub(crate) fn verify_at_once(
    verifier: &Verifier,
    token: &str,
) -> Result<VerifiedToken, TokenError> {
    let answer = |verifier: &Verifier| match verifier.verify(token) {
        Lookup::Ready(answer) => answer,
        Lookup::Pending(_) => panic!("nothing here has to be waited for"),
    };
    let first = answer(verifier);
    if is_remembering() {
        assert_eq!(words(&first), words(&answer(verifier)), "the second answer");
    }
    first
}

/// All that an answer says.
fn words(answer: &Result<VerifiedToken, TokenError>) -> String {
    match answer {
        Ok(token) => format!("{token:?}, {:?}, {}", token.key_id(), token.payload()),
        Err(error) => format!("{error}, {:?}, {:?}", error.kind(), error.claim()),
    }
}
