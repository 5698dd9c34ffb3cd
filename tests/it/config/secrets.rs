//! What was put in the wrong place may be a secret: no error and no `Debug` repeats it.

use serde_json::{Value, json};
use tower_bearer::{IssuerConfig, VerifierConfig};

use super::folder;

const ISSUER: &str = "https://issuer.example";

/// Stands in whatever must not be seen again. A number has its digits.
const CANARY: &str = "hunter2";
const DIGITS: u64 = 1_729_172_917;

/// Values of every kind, each with one of the canaries in it.
fn values() -> Vec<Value> {
    vec![
        json!(DIGITS),
        json!(-1_729_172_917),
        json!(1_729_172_917.5),
        json!(CANARY),
        json!([CANARY, DIGITS]),
        json!([[CANARY]]),
        json!([{ "k": CANARY }]),
        json!({ "kid": CANARY }),
        json!({ "kid": [DIGITS] }),
        json!("https://u:hunter2@issuer.example/jwks?apikey=hunter2"),
    ]
}

fn usual() -> Value {
    json!({ "issuer": ISSUER, "audience": "https://api.example", "keys": { "discover": true } })
}

fn seen(text: &str) -> bool {
    text.contains(CANARY) || text.contains("1729172917")
}

/// All that is said of a configuration, read from a text, from values and as TOML: they differ in which
/// errors serde makes of itself.
fn said(test: &str, document: &Value) -> Vec<String> {
    let json = document.to_string();
    let mut read = vec![
        serde_json::from_str::<VerifierConfig>(&json).map_err(|error| error.to_string()),
        serde_json::from_value(document.clone()).map_err(|error| error.to_string()),
    ];
    if let Some(issuer) = document.get("issuer") {
        let toml = format!("issuer = {}", toml_of(issuer));
        read.push(toml::from_str(&toml).map_err(|error| error.message().to_owned()));
    }
    read.into_iter().map(|config| config.map_or_else(|error| error, |c| built(test, c))).collect()
}

fn toml_of(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Array(items) => format!("[{}]", list(items.iter().map(toml_of).collect())),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("{name} = {}", toml_of(value));
            format!("{{ {} }}", list(members.iter().map(member).collect()))
        }
        scalar => scalar.to_string(),
    }
}

fn built(test: &str, config: VerifierConfig) -> String {
    let config = config.relative_to(folder(test));
    match config.build() {
        Ok(_) => "it builds".to_owned(),
        Err(error) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            format!("{error} {error:?} {source:?} {config:?} {config:#?}")
        }
    }
}

/// What is good where it stands is printed where it helps: any name of an issuer, and the names of claims.
fn is_good(setting: &str, value: &Value) -> bool {
    match setting {
        "issuer" => value == CANARY,
        "require" | "or_claim" => value.is_object(),
        _ => false,
    }
}

#[test]
fn of_any_type_in_any_setting() {
    let strings = ["issuer", "audience", "typ", "profile", "algorithms"];
    let numbers = ["leeway_seconds", "max_age_seconds", "max_lifetime_seconds"];
    let dangers = [
        "danger_allow_http",
        "danger_any_audience",
        "danger_no_expiry",
        "danger_accept_bound_tokens",
    ];
    let others = ["keys", "or_claim", "require"];
    let settings = strings.into_iter().chain(numbers).chain(dangers).chain(others);
    for setting in settings {
        for value in values() {
            if is_good(setting, &value) {
                continue;
            }
            let mut issuer = usual();
            issuer[setting] = value.clone();
            for said in said("any_setting", &json!({ "issuer": [issuer] })) {
                assert!(!seen(&said), "{setting} = {value}: {said}");
            }
        }
    }
}

#[test]
fn of_any_type_among_the_keys() {
    let settings = ["discover", "jwks_url", "jwks_file", "pem_file", "secret_env", "algorithm"];
    for setting in settings {
        for value in values() {
            let mut issuer = usual();
            issuer["keys"] = json!({ (setting): value });
            for algorithm in [None, Some("ES256"), Some("HS256")] {
                if let Some(algorithm) = algorithm.filter(|_| setting != "algorithm") {
                    issuer["keys"]["algorithm"] = json!(algorithm);
                }
                for said in said("among_the_keys", &json!({ "issuer": [issuer] })) {
                    assert!(!seen(&said) && said != "it builds", "{setting} = {value}: {said}");
                }
            }
        }
    }
}

#[test]
fn in_the_place_of_a_table_or_of_the_list() {
    for value in values() {
        for document in [value.clone(), json!({ "issuer": value }), json!({ "issuer": [value] })] {
            for said in said("of_a_table", &document) {
                assert!(!seen(&said) && said != "it builds", "{document}: {said}");
            }
        }
        let error = serde_json::from_value::<IssuerConfig>(value.clone()).unwrap_err();
        assert!(!seen(&error.to_string()), "{value}: {error}");
    }
}

/// A format may have more kinds of numbers than JSON and TOML.
#[test]
fn of_types_that_few_formats_have() {
    use serde::{
        Deserialize,
        de::value::{
            BytesDeserializer, CharDeserializer, Error, I128Deserializer, U128Deserializer,
        },
    };
    let digits = i128::from(DIGITS);
    let errors = [
        VerifierConfig::deserialize(I128Deserializer::<Error>::new(digits)).unwrap_err(),
        VerifierConfig::deserialize(U128Deserializer::<Error>::new(digits.unsigned_abs()))
            .unwrap_err(),
        IssuerConfig::deserialize(CharDeserializer::<Error>::new('7')).unwrap_err(),
        IssuerConfig::deserialize(BytesDeserializer::<Error>::new(b"7")).unwrap_err(),
    ];
    for error in errors {
        let says = error.to_string();
        assert!(!says.contains('7') && says.starts_with("invalid type: "), "{says}");
    }
}

#[test]
fn of_numbers_that_are_too_large_or_none() {
    for number in
        ["172917291717291729171729172917", "-172917291717291729171729172917", "nan", "inf"]
    {
        for setting in ["keys.secret_env", "max_age_seconds", "danger_no_expiry", "keys", "typ"] {
            let text = format!("[[issuer]]\n{setting} = {number}");
            let error = toml::from_str::<VerifierConfig>(&text).unwrap_err();
            assert!(!seen(error.message()), "{error}");
        }
    }
}

/// Keys, secrets and URLs where the path of a file belongs.
#[test]
fn in_the_place_of_a_path() {
    let base64 = format!("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj{CANARY}").repeat(2);
    let long = format!("{}{CANARY}.json", "keys/".repeat(1000));
    let values = [
        "hunter2",
        "MIIEhunter2",
        " {\"keys\":[{\"kty\":\"oct\",\"k\":\"hunter2\"}]}",
        "[{\"kty\":\"oct\",\"k\":\"hunter2\"}]",
        "\"hunter2\"",
        "'hunter2'",
        "hunter2\n",
        "hunter2\r",
        "\u{feff}hunter2",
        "hunter2+/hunter2==",
        "/hunter2Q",
        "Zm9v/hunter2",
        "-----BEGIN PRIVATE KEY-----hunter2",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.hunter2",
        "ssh-ed25519 hunter2 me@host.example",
        "https://u:hunter2@issuer.example/jwks.json",
        "https://issuer.example/jwks.json?apikey=hunter2",
        "https://issuer.example/hunter2",
        "hunter2@issuer.json",
        "",
        " ",
        base64.as_str(),
        &base64.replace('k', "/"),
        &long,
    ];
    for value in values {
        for keys in [
            json!({ "jwks_file": value }),
            json!({ "pem_file": value, "algorithm": "RS256" }),
            json!({ "secret_env": value, "algorithm": "HS256" }),
        ] {
            let mut issuer = usual();
            issuer["keys"] = keys;
            for said in said("of_a_path", &json!({ "issuer": [issuer] })) {
                assert!(!seen(&said) && said != "it builds", "{value}: {said}");
                assert!(said.starts_with("issuer[0].keys."), "{value}: {said}");
            }
        }
    }
}

#[test]
fn of_an_issuer_with_a_user_name() {
    let keys = [
        json!({ "discover": true }),
        json!({ "jwks_url": "https://issuer.example/jwks" }),
        json!({ "jwks_file": "jwks.json" }),
    ];
    for keys in keys {
        for name in ["https://user:hunter2@issuer.example", "HTTPS://hunter2@issuer.example/a"] {
            let mut issuer = usual();
            issuer["issuer"] = json!(name);
            issuer["keys"] = keys.clone();
            for said in said("user_name", &json!({ "issuer": [issuer] })) {
                assert!(!seen(&said), "{name}: {said}");
                assert!(
                    said.starts_with("issuer[0].issuer: there is a user name in it"),
                    "{name}: {said}"
                );
            }
        }
    }
}

/// An address may be an issuer's name, or stand in its path.
#[test]
fn an_at_sign_is_no_user_name() {
    for name in ["robot@project.example", "https://issuer.example/@team", "urn:a@b"] {
        let mut issuer = usual();
        issuer["issuer"] = json!(name);
        issuer["keys"] = json!({ "jwks_file": "jwks.json" });
        for said in said("at_sign", &json!({ "issuer": [issuer] })) {
            assert_eq!(said, "it builds", "{name}");
        }
    }
}
