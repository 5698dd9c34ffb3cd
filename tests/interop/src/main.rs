//! Sends tokens that other implementations made over HTTP, and copies of them with one bit of the
//! signature flipped. `tests/interop/run` makes the tokens and starts this.
//!
//! ```sh
//! tower-bearer-interop CASES    # a file with one JSON object a line, each a `Case`
//! ```
//!
//! A good token has to come back as 200 with its claims, a flipped one as 401 `invalid_token`.

mod case;
mod server;

use std::process::ExitCode;

use case::Case;
use server::{Error, Server};

/// What each minter has to deliver: a shorter list would pass unseen otherwise.
const EXPECTED: [(&str, &[&str]); 3] = [
    (
        "PyJWT",
        &[
            "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
            "ES256", "ES384", "ES512", "EdDSA",
        ],
    ),
    (
        "jose",
        &[
            "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
            "ES256", "ES384", "ES512", "Ed25519", "EdDSA",
        ],
    ),
    (
        "openssl",
        &[
            "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
            "ES256", "ES384", "ES512", "Ed25519",
        ],
    ),
];

#[tokio::main]
async fn main() -> Result<ExitCode, Error> {
    let path = std::env::args().nth(1).ok_or("usage: tower-bearer-interop CASES")?;
    let cases = case::read(&std::fs::read_to_string(path)?)?;
    let (mut passed, mut failed) = (0_u32, 0_u32);
    let mut report = |minter: &str, algorithm: &str, outcome: Result<(), Error>| {
        let (count, verdict) = match outcome {
            Ok(()) => (&mut passed, "ok".to_owned()),
            Err(error) => (&mut failed, format!("FAILED: {error}")),
        };
        *count = count.saturating_add(1);
        println!("{minter:8} {algorithm:8} {verdict}");
    };
    for case in &cases {
        report(&case.minter, &case.alg, check(case).await);
    }
    for (minter, algorithm) in missing(&cases) {
        report(minter, algorithm, Err("there is no such token".into()));
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {verdict}. {passed} passed; {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What should be there and is not.
fn missing(cases: &[Case]) -> Vec<(&'static str, &'static str)> {
    let expected = EXPECTED
        .iter()
        .flat_map(|(minter, algorithms)| algorithms.iter().map(|algorithm| (*minter, *algorithm)));
    expected
        .filter(|(minter, algorithm)| {
            !cases.iter().any(|case| case.minter == *minter && case.alg == *algorithm)
        })
        .collect()
}

/// The token as it is, then with the first, a middle and the last bit of its signature flipped.
async fn check(case: &Case) -> Result<(), Error> {
    let server = Server::start(case.keys()?).await?;
    let expected = case.claims()?;
    let reply = server.get(&case.token).await?;
    if reply.status != 200 || serde_json::from_str(&reply.body).ok() != Some(expected) {
        return Err(format!("the good token was not accepted as it is: {reply:?}").into());
    }
    for flipped in case.flipped()? {
        let reply = server.get(&flipped).await?;
        if reply.status != 401 || !reply.challenge.contains(r#"error="invalid_token""#) {
            return Err(format!("a flipped signature bit was not refused: {reply:?}").into());
        }
    }
    Ok(())
}
