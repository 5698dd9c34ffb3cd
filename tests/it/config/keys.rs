//! Where keys can be.

use std::process::Command;

use axum::{Json, Router, routing::get};
use serde_json::json;
use tower_bearer::Algorithm;

use super::{START, app, error, folder};
use crate::support::{SECRET, json_token, key};

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
        "issuer[0].keys.discover: the issuer \"http://issuer.example\" is not https: keys that come over plain http can be anybody's: discovery needs its `https` URL, without query or fragment"
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

#[test]
fn what_is_wrong_with_them_is_said() {
    let folder = folder("wrong_keys").display().to_string();
    let names = "ES256, ES384, ES512, Ed25519, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512";
    let nowhere =
        "keys: name one of `discover`, `jwks_url`, `jwks_file`, `pem_file` and `secret_env`";
    let superfluous = "keys.algorithm: a JWK Set says it of each key: leave it out, or name those to take in `algorithms`";
    let cases = [
        ("{}", nowhere.into()),
        (r#"{ algorithm = "ES256" }"#, nowhere.into()),
        ("{ discover = false }", "keys.discover: `false` says nothing: leave it out".into()),
        (
            r#"{ discover = false, jwks_file = "jwks.json" }"#,
            "keys.discover: `false` says nothing: leave it out".into(),
        ),
        (
            r#"{ discover = true, jwks_url = "https://issuer.example/jwks" }"#,
            "keys: `discover` and `jwks_url` exclude each other: leave one out".into(),
        ),
        (
            r#"{ secret_env = "PATH", jwks_url = "https://issuer.example/jwks" }"#,
            "keys: `jwks_url` and `secret_env` exclude each other: leave one out".into(),
        ),
        (r#"{ discover = true, algorithm = "ES256" }"#, superfluous.into()),
        (r#"{ jwks_url = "https://issuer.example/jwks", algorithm = "ES256" }"#, superfluous.into()),
        (
            r#"{ jwks_url = "http://issuer.example/jwks" }"#,
            "keys.jwks_url: the URL of the JWK Set is not https: keys that come over plain http can be anybody's".into(),
        ),
        (
            r#"{ jwks_url = "https://user:canary@issuer.example/jwks" }"#,
            "keys.jwks_url: the URL of the JWK Set has a user name in it".into(),
        ),
        (r#"{ jwks_url = "" }"#, "keys.jwks_url: the URL of the JWK Set is no URL".into()),
        (
            r#"{ jwks_file = "jwks.json", pem_file = "es256.pem", algorithm = "ES256" }"#,
            "keys: `jwks_file` and `pem_file` exclude each other: leave one out".to_owned(),
        ),
        (
            r#"{ jwks_file = "jwks.json", algorithm = "ES256" }"#,
            superfluous.into(),
        ),
        (
            r#"{ pem_file = "es256.pem" }"#,
            "keys.algorithm: missing: name the one that the public key is for".into(),
        ),
        (
            r#"{ secret_env = "PATH" }"#,
            "keys.algorithm: missing: name the one that the secret is for".into(),
        ),
        (
            r#"{ pem_file = "es256.pem", algorithm = "es256" }"#,
            format!("keys.algorithm: no such algorithm: there are {names}, and case counts"),
        ),
        (
            r#"{ pem_file = "es256.pem", algorithm = "none" }"#,
            format!("keys.algorithm: no such algorithm: there are {names}, and case counts"),
        ),
        (
            r#"{ pem_file = "es256.pem", algorithm = "HS256" }"#,
            "keys.algorithm: HS256 takes a secret: name it by `secret_env`".into(),
        ),
        (
            r#"{ secret_env = "PATH", algorithm = "ES256" }"#,
            "keys.algorithm: ES256 takes a public key: name it by `pem_file`".into(),
        ),
        (
            r#"{ secret_env = "TOWER_BEARER_NOT_SET", algorithm = "HS256" }"#,
            "keys.secret_env: the environment variable of this name is not set".into(),
        ),
        (
            r#"{ secret_env = "", algorithm = "HS256" }"#,
            "keys.secret_env: the environment variable of this name is not set".into(),
        ),
        (
            r#"{ pem_file = "es256.pem", algorithm = "ES384" }"#,
            "keys.pem_file: this is no public key for ES384: damaged, or of another type or curve".into(),
        ),
        (
            r#"{ pem_file = "private.pem", algorithm = "ES256" }"#,
            "keys.pem_file: this is a private key: verifying takes the public one, `openssl pkey -pubout` makes it".into(),
        ),
        (
            r#"{ pem_file = "es256.der", algorithm = "ES256" }"#,
            "keys.pem_file: the file is no PEM; `openssl pkey -pubin -inform DER -outform PEM` makes one of DER".into(),
        ),
        (
            r#"{ pem_file = "", algorithm = "ES256" }"#,
            "keys.pem_file: put the path of a file here, and not what is in it".into(),
        ),
        (
            r#"{ pem_file = "nowhere.pem", algorithm = "ES256" }"#,
            format!("keys.pem_file: cannot read {folder}/nowhere.pem: No such file or directory (os error 2)"),
        ),
        (
            r#"{ jwks_file = "nowhere.json" }"#,
            format!("keys.jwks_file: cannot read the JWK Set {folder}/nowhere.json: No such file or directory (os error 2)"),
        ),
        (
            r#"{ jwks_file = "empty.json" }"#,
            "keys.jwks_file: there is no key: no token could be verified".into(),
        ),
    ];
    for (keys, message) in cases {
        let error = error("wrong_keys", &with(keys)).to_string();
        assert_eq!(error, format!("issuer[0].{message}"), "{keys}");
    }
}
