//! A verifier from a configuration file: what each setting lets in and keeps out, and what is said
//! of a file that is wrong.

mod contradictions;
mod keys;
mod rules;
mod secrets;
mod unreadable;
mod wrong_keys;

use std::{fs, path::PathBuf};

use serde_json::json;
use tower_bearer::{Algorithm, ConfigError, VerifierConfig};

use crate::support::{App, app_of, clock, json_token, key, verifiers};

/// What every configuration here begins with.
const START: &str = r#"
[[issuer]]
issuer = "https://issuer.example"
"#;

/// `audience` and `keys`, where a test is about something else.
const REST: &str = r#"
audience = "https://api.example"
keys = { jwks_file = "jwks.json" }
"#;

/// A folder of this test's own, with a file of each kind that `keys` can name, and some that it cannot.
fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("config").join(test);
    fs::create_dir_all(&folder).unwrap();
    let algorithms = [Algorithm::ES256, Algorithm::Ed25519, Algorithm::RS256, Algorithm::HS256];
    let keys = algorithms.map(|algorithm| key(algorithm).jwk());
    let private = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n";
    let files = [
        ("jwks.json", json!({ "keys": keys }).to_string().into_bytes()),
        ("empty.json", json!({ "keys": [] }).to_string().into_bytes()),
        ("es256.pem", key(Algorithm::ES256).pem().into_bytes()),
        ("es256.der", key(Algorithm::ES256).spki()),
        ("private.pem", private.into()),
        ("begin.pem", b"-----BEGIN PUBLIC KEY-----".to_vec()),
        ("damaged.pem", key(Algorithm::ES256).pem().replace("END", "FIN").into_bytes()),
    ];
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
    folder
}

fn read(name: &str, text: &str) -> VerifierConfig {
    let config: VerifierConfig = toml::from_str(text).unwrap_or_else(|e| panic!("{text}\n{e}"));
    config.relative_to(folder(name))
}

/// An app that this configuration protects, with the clock of all tests.
async fn app(name: &str, text: &str) -> App {
    let issuers = read(name, text).trusted_issuers().unwrap_or_else(|e| panic!("{text}\n{e}"));
    app_of(verifiers::any_of(issuers.into_iter().map(|issuer| issuer.clock(clock))).unwrap()).await
}

fn error(name: &str, text: &str) -> ConfigError {
    match read(name, text).build() {
        Ok(_) => panic!("this should be an error:\n{text}"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn two_issuers_stand_side_by_side() {
    let other = r#"
        [[issuer]]
        issuer = "https://other.example"
        audience = ["https://www.example", "https://other-api.example"]
        keys = { pem_file = "es256.pem", algorithm = "ES256" }
    "#;
    let app = app("side_by_side", &format!("{START}{REST}{other}")).await;
    let theirs = json!({ "iss": "https://other.example", "aud": "https://other-api.example" });
    let mixed = json!({ "iss": "https://other.example" });
    let token = |claims| json_token(Algorithm::ES256, &json!({}), &claims).compact();
    app.get(&token(json!({}))).await.assert_accepted("the first");
    app.get(&token(theirs)).await.assert_accepted("the second");
    app.get(&token(mixed)).await.assert_invalid_token("of the second for the first's audience");
}

#[test]
fn it_builds_by_itself() {
    let config = read("by_itself", &format!("{START}{REST}"));
    assert!(config.build().is_ok() && config.clone().build().is_ok());
}

#[test]
fn any_format_and_any_place_will_do() {
    #[derive(serde::Deserialize)]
    struct Settings {
        auth: VerifierConfig,
        #[serde(rename = "issuer")]
        issuers: Vec<tower_bearer::IssuerConfig>,
    }
    let issuer = json!({
        "issuer": "https://issuer.example",
        "audience": "https://api.example",
        "keys": { "jwks_file": "jwks.json" },
    });
    let json = json!({ "auth": { "issuer": [issuer] }, "issuer": [issuer] });
    let Settings { auth, issuers } = serde_json::from_value(json).unwrap();
    let folder = folder("any_format");
    assert!(auth.relative_to(&folder).build().is_ok());
    assert!(VerifierConfig::new(issuers).relative_to(&folder).build().is_ok());
}

/// Every TOML block of the page is a configuration that can be read and makes sense.
#[test]
fn the_documentation_is_right() {
    let page = include_str!("../../docs/CONFIGURATION.md");
    let blocks: Vec<&str> =
        page.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 3, "the blocks were found");
    for block in blocks {
        let config = read("documentation", &block.replace("[[auth.issuer]]", "[[issuer]]"));
        if let Err(error) = config.build() {
            let says = error.to_string();
            // The documentation's files and variables are not there.
            let missing = says.contains("No such file") || says.contains("is not set");
            assert!(missing, "{says}\n{block}");
        }
    }
}
