//! Where keys can be.

use std::{process::Command, time::Duration};

use axum::{Json, Router, routing::get};
use serde_json::json;
use tower_bearer::Algorithm;

use super::{START, app, error, folder};
use crate::support::{SECRET, clock, json_token, key, verifiers};

/// The configuration of these tests, with these keys.
fn with(keys: &str) -> String {
    format!("{START}audience = \"https://api.example\"\nkeys = {keys}\n")
}

fn token(algorithm: Algorithm) -> String {
    json_token(algorithm, &json!({}), &json!({})).compact()
}

#[tokio::test]
async fn in_files_by_relative_and_by_absolute_paths() {
    let folder = folder("files");
    let absolute = format!("{{ jwks_file = '{}' }}", folder.join("jwks.json").display());
    let cases = [
        r#"{ jwks_file = "jwks.json" }"#,
        r#"{ jwks_file = "../files/jwks.json" }"#,
        &absolute,
        r#"{ pem_file = "es256.pem", algorithm = "ES256" }"#,
    ];
    for keys in cases {
        let app = app("files", &with(keys)).await;
        app.get(&token(Algorithm::ES256)).await.assert_accepted(keys);
        app.get(&token(Algorithm::ES384)).await.assert_invalid_token(keys);
    }
}

#[tokio::test(start_paused = true)]
async fn in_a_file_that_is_read_again() {
    let file = folder("read_again").join("jwks.json");
    let issuers = super::read("read_again", &with("{ jwks_file = 'jwks.json' }")).trusted_issuers();
    let issuers = issuers.unwrap().into_iter().map(|issuer| issuer.clock(clock));
    let verifier = verifiers::any_of(issuers).unwrap();
    let (old, new) = (token(Algorithm::ES256), token(Algorithm::ES384));
    assert!(verifier.verify(&old).await.is_ok() && verifier.verify(&new).await.is_err());

    let keys = json!({ "keys": [key(Algorithm::ES384).jwk()] });
    std::fs::write(file, keys.to_string()).unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(verifier.verify(&new).await.is_ok() && verifier.verify(&old).await.is_err());
}

/// Serves metadata and keys. Whoever asks for them finds an ES256, an RS256 and an HS256 key there.
async fn issuer() -> (String, AbortOnDrop) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/tenant", listener.local_addr().unwrap());
    let metadata = json!({ "issuer": url, "jwks_uri": format!("{url}/jwks") });
    let keys = [Algorithm::ES256, Algorithm::RS256, Algorithm::HS256].map(|a| key(a).jwk());
    let keys = json!({ "keys": keys });
    let router = Router::new()
        .route("/tenant/.well-known/openid-configuration", get(|| async { Json(metadata) }))
        .route("/tenant/jwks", get(|| async { Json(keys) }));
    let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    (url, AbortOnDrop(server))
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[tokio::test]
async fn at_the_issuer() {
    let (url, _server) = issuer().await;
    for keys in ["{ discover = true }", &format!("{{ jwks_url = '{url}/jwks' }}")] {
        let text = format!(
            "[[issuer]]\nissuer = '{url}'\naudience = 'https://api.example'\nkeys = {keys}"
        );
        let app = app("issuer", &text).await;
        for (algorithm, accepted) in
            [(Algorithm::ES256, true), (Algorithm::RS256, true), (Algorithm::HS256, false)]
        {
            let token = json_token(algorithm, &json!({}), &json!({ "iss": url })).compact();
            let reply = app.get(&token).await;
            assert_eq!(reply.status == 200, accepted, "{keys}, {algorithm}");
        }
    }
}

#[test]
fn over_plain_http_only_if_that_is_said() {
    let with = |settings: &str, keys: &str| {
        let text = format!(
            "[[issuer]]\nissuer = 'http://issuer.example'\naudience = 'a'\n{settings}\nkeys = {keys}"
        );
        super::read("plain_http", &text).build().map_err(|error| error.to_string())
    };
    let danger = "danger_allow_http = true";
    let url = "{ jwks_url = 'http://issuer.example/jwks' }";
    let discover = "{ discover = true }";
    for keys in [discover, url] {
        assert!(with(danger, keys).is_ok(), "{keys}");
        assert!(with("danger_allow_http = false", keys).is_err(), "{keys}");
    }
    assert_eq!(
        with("", discover).unwrap_err(),
        "issuer[0].keys.discover: the issuer \"http://issuer.example\" is not https: what comes over plain http can be anybody's: discovery needs its `https` URL, without query or fragment; plain http elsewhere than on loopback takes `danger_allow_http`"
    );
    assert_eq!(
        with(danger, "{ jwks_file = 'jwks.json' }").unwrap_err(),
        "issuer[0].danger_allow_http: nothing is fetched for these keys: leave it out"
    );
}

#[test]
fn a_secret_is_never_fetched() {
    for keys in ["{ discover = true }", "{ jwks_url = 'https://issuer.example/jwks' }"] {
        for (algorithms, name) in [("['HS256']", "HS256"), ("['RS256', 'HS512']", "HS512")] {
            let text = format!("{}algorithms = {algorithms}\n", with(keys));
            assert_eq!(
                error("never_fetched", &text).to_string(),
                format!(
                    "issuer[0].algorithms: {name} takes a secret, and there is none among these keys: leave it out"
                ),
            );
        }
    }
}

/// Set for a copy of this process only: the variables of the process itself belong to all tests.
const VARIABLE: &str = "TOWER_BEARER_TEST_SECRET";

fn run_again(test: &str, secret: &str) {
    let name = format!("config::keys::{test}");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name])
        .env(VARIABLE, secret)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn in_an_environment_variable() {
    if std::env::var_os(VARIABLE).is_none() {
        return run_again("in_an_environment_variable", std::str::from_utf8(SECRET).unwrap());
    }
    for algorithm in [Algorithm::HS256, Algorithm::HS512] {
        let keys = format!("{{ secret_env = '{VARIABLE}', algorithm = '{algorithm}' }}");
        let app = app("environment", &with(&keys)).await;
        app.get(&token(algorithm)).await.assert_accepted(&keys);
        app.get(&token(Algorithm::HS384)).await.assert_invalid_token(&keys);
    }
}

#[test]
fn a_secret_that_is_too_short_is_refused_and_not_printed() {
    let secret = "canary-too-short";
    if std::env::var_os(VARIABLE).is_none() {
        return run_again("a_secret_that_is_too_short_is_refused_and_not_printed", secret);
    }
    let keys = format!("{{ secret_env = '{VARIABLE}', algorithm = 'HS256' }}");
    let error = error("short", &with(&keys));
    assert_eq!(
        error.to_string(),
        "issuer[0].keys.secret_env: a secret for HS256 has at least 32 bytes; make one with `openssl rand -base64 32`"
    );
    assert!(!format!("{error:?}").contains(secret));
}

#[test]
fn a_variable_that_holds_a_key_of_another_kind_is_refused() {
    if std::env::var_os(VARIABLE).is_none() {
        let test = "a_variable_that_holds_a_key_of_another_kind_is_refused";
        run_again(test, &key(Algorithm::ES256).pem());
        return run_again(test, &key(Algorithm::ES256).jwk().to_string());
    }
    let keys = format!("{{ secret_env = '{VARIABLE}', algorithm = 'HS256' }}");
    assert_eq!(
        error("another_kind", &with(&keys)).to_string(),
        "issuer[0].keys.secret_env: the variable holds no secret but a key of another kind: a public key stands in a file that `pem_file` or `jwks_file` names"
    );
}

/// What was put in the wrong place may be the secret itself.
#[test]
fn nothing_of_a_secret_in_the_wrong_place_is_printed() {
    let cases = [
        r#"{ secret_env = "canary", algorithm = "HS256" }"#,
        r#"{ secret_env = "HS256", algorithm = "canary" }"#,
        r#"{ pem_file = "-----BEGIN PRIVATE KEY-----canary", algorithm = "ES256" }"#,
        r#"{ pem_file = "private.pem", algorithm = "ES256" }"#,
        r#"{ jwks_url = "https://user:canary@issuer.example/jwks" }"#,
        r#"{ jwks_file = "{\"keys\":[\"canary\"]}" }"#,
        r#"{ jwks_file = """
            canary
            """ }"#,
    ];
    for keys in cases {
        let text = with(keys);
        let config = super::read("wrong_place", &text);
        let error = error("wrong_place", &text);
        let said = format!("{error} {error:?} {config:?} {config:#?}");
        assert!(!said.contains("canary") && !said.contains("Y2FuYXJ5"), "{said}");
    }
    for keys in [r#""canary""#, r#"["canary"]"#] {
        let error = toml::from_str::<tower_bearer::VerifierConfig>(&with(keys)).unwrap_err();
        assert!(!error.message().contains("canary"), "{error}");
    }
}
