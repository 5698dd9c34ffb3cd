//! What is said of keys that are nowhere, in two places, or no good.

use super::{START, error, folder};

/// The error of a configuration with these keys begins with the setting.
#[track_caller]
fn check(name: &str, keys: &str, message: &str) {
    let text = format!("{START}audience = \"https://api.example\"\nkeys = {keys}\n");
    let error = error(name, &text).to_string();
    assert_eq!(error, format!("issuer[0].{message}"), "{keys}");
}

#[test]
fn the_place() {
    let nowhere =
        "keys: name one of `discover`, `jwks_url`, `jwks_file`, `pem_file` and `secret_env`";
    let cases = [
        ("{}", nowhere),
        (r#"{ algorithm = "ES256" }"#, nowhere),
        ("{ discover = false }", "keys.discover: `false` says nothing: leave it out"),
        (
            r#"{ discover = false, jwks_file = "jwks.json" }"#,
            "keys.discover: `false` says nothing: leave it out",
        ),
        (
            r#"{ discover = true, jwks_url = "https://issuer.example/jwks" }"#,
            "keys: `discover` and `jwks_url` exclude each other: leave one out",
        ),
        (
            r#"{ secret_env = "PATH", jwks_url = "https://issuer.example/jwks" }"#,
            "keys: `jwks_url` and `secret_env` exclude each other: leave one out",
        ),
        (
            r#"{ jwks_url = "http://issuer.example/jwks" }"#,
            "keys.jwks_url: the URL of the JWK Set is not https: what comes over plain http can be anybody's",
        ),
        (
            r#"{ jwks_url = "https://user:canary@issuer.example/jwks" }"#,
            "keys.jwks_url: the URL of the JWK Set has a user name in it",
        ),
        (r#"{ jwks_url = "" }"#, "keys.jwks_url: the URL of the JWK Set is no URL"),
        (
            r#"{ jwks_file = "jwks.json", pem_file = "es256.pem", algorithm = "ES256" }"#,
            "keys: `jwks_file` and `pem_file` exclude each other: leave one out",
        ),
    ];
    for (keys, message) in cases {
        check("the_place", keys, message);
    }
}

#[test]
fn the_algorithm() {
    let names = "ES256, ES384, ES512, Ed25519, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512";
    let unknown = format!("keys.algorithm: no such algorithm: there are {names}, and case counts");
    let superfluous = "keys.algorithm: a JWK Set says it of each key: leave it out, or name those to take in `algorithms`";
    let cases = [
        (r#"{ discover = true, algorithm = "ES256" }"#, superfluous),
        (r#"{ jwks_url = "https://issuer.example/jwks", algorithm = "ES256" }"#, superfluous),
        (r#"{ jwks_file = "jwks.json", algorithm = "ES256" }"#, superfluous),
        (
            r#"{ pem_file = "es256.pem" }"#,
            "keys.algorithm: missing: name the one that the public key is for",
        ),
        (
            r#"{ secret_env = "PATH" }"#,
            "keys.algorithm: missing: name the one that the secret is for",
        ),
        (r#"{ pem_file = "es256.pem", algorithm = "es256" }"#, &unknown),
        (r#"{ pem_file = "es256.pem", algorithm = "none" }"#, &unknown),
        (
            r#"{ pem_file = "es256.pem", algorithm = "HS256" }"#,
            "keys.algorithm: HS256 takes a secret: name it by `secret_env`",
        ),
        (
            r#"{ secret_env = "PATH", algorithm = "ES256" }"#,
            "keys.algorithm: ES256 takes a public key: name it by `pem_file`",
        ),
    ];
    for (keys, message) in cases {
        check("the_algorithm", keys, message);
    }
}

#[test]
fn the_content() {
    let folder = folder("the_content").display().to_string();
    let cases: [(_, String); 15] = [
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
            format!("keys.jwks_file: cannot read {folder}/nowhere.json: No such file or directory (os error 2)"),
        ),
        (
            r#"{ jwks_file = "nowhere" }"#,
            "keys.jwks_file: cannot read the file of the name that stands here: No such file or directory (os error 2)".into(),
        ),
        (
            r#"{ pem_file = "nowhere", algorithm = "ES256" }"#,
            "keys.pem_file: cannot read the file of the name that stands here: No such file or directory (os error 2)".into(),
        ),
        (
            r#"{ jwks_file = "/run/secrets/nowhere-at.all" }"#,
            "keys.jwks_file: cannot read /run/secrets/nowhere-at.all: No such file or directory (os error 2)".into(),
        ),
        (
            r#"{ pem_file = "Keys of A/ï.pub", algorithm = "ES256" }"#,
            format!("keys.pem_file: cannot read {folder}/Keys of A/ï.pub: No such file or directory (os error 2)"),
        ),
        (
            r#"{ pem_file = "begin.pem", algorithm = "ES256" }"#,
            "keys.pem_file: the PEM block in the file has no end: it is cut short, or damaged".into(),
        ),
        (
            r#"{ pem_file = "damaged.pem", algorithm = "ES256" }"#,
            "keys.pem_file: the PEM block in the file has no end: it is cut short, or damaged".into(),
        ),
        (
            r#"{ jwks_file = "empty.json" }"#,
            format!("keys.jwks_file: {folder}/empty.json: there is no key: no token could be verified"),
        ),
    ];
    for (keys, message) in cases {
        check("the_content", keys, &message);
    }
}

/// Refused before anything is read.
#[test]
fn the_content_of_a_file_in_the_place_of_its_path() {
    let refused = "put the path of a file here, and not what is in it";
    let name = "aZ09+-=_".repeat(8);
    let folders = "keys/".repeat(820);
    let cases = [
        (" ", true),
        (" {}", true),
        ("[]", true),
        ("'x'", false),
        ("\"x\"", true),
        ("a\nb", true),
        ("a\rb", true),
        ("-----BEGIN", true),
        (&name[..60], false),
        (&name[..61], true),
        (&format!("{name}.pem"), false),
        (&format!("keys/{name}"), false),
        (&folders[..4096], false),
        (&folders[..4097], true),
    ];
    for (path, content) in cases {
        for (setting, algorithm) in [("jwks_file", ""), ("pem_file", ", algorithm = 'ES256'")] {
            let keys = format!("{{ {setting} = {path:?}{algorithm} }}");
            let text = format!("{START}audience = \"https://api.example\"\nkeys = {keys}\n");
            let error = error("content", &text).to_string();
            let expected = if content { refused } else { "cannot read" };
            assert!(error.starts_with(&format!("issuer[0].keys.{setting}: {expected}")), "{error}");
        }
    }
}
