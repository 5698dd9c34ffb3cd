//! What cannot be read: serde names the setting, and the format says where it stands.

use tower_bearer::VerifierConfig;

use super::{REST, START};

#[test]
fn settings_that_are_unknown_or_of_a_wrong_type() {
    let settings = "`issuer`, `audience`, `or_claim`, `keys`, `algorithms`, `leeway_seconds`, `typ`, `profile`, `max_age_seconds`, `max_lifetime_seconds`, `require`, `danger_allow_http`, `danger_any_audience`, `danger_no_expiry`, `danger_accept_bound_tokens`";
    let keys = "`discover`, `jwks_url`, `jwks_file`, `pem_file`, `secret_env`, `algorithm`";
    let issuer = |text: &str| format!("{START}{text}");
    let usual = |text: &str| format!("{START}{REST}{text}");
    let cases = [
        (usual("audiance = 'a'"), format!("unknown field `audiance`, expected one of {settings}")),
        (
            usual("Leeway_seconds = 1"),
            format!("unknown field `Leeway_seconds`, expected one of {settings}"),
        ),
        ("issuers = []".to_owned(), "unknown field `issuers`, expected `issuer`".into()),
        ("folder = 'keys'".to_owned(), "unknown field `folder`, expected `issuer`".into()),
        (
            issuer("keys = { secret = 'canary' }"),
            format!("unknown field `secret`, expected one of {keys}"),
        ),
        (
            issuer("keys = 'jwks.json'"),
            "invalid type: a string, expected a table such as `{ discover = true }` for `keys`"
                .into(),
        ),
        (
            issuer("keys = ['jwks.json']"),
            "invalid type: a list, expected a table such as `{ discover = true }` for `keys`"
                .into(),
        ),
        (
            issuer("keys = { discover = 'yes' }"),
            "invalid type: a string, expected a boolean for `discover`".into(),
        ),
        (
            issuer("keys = { jwks_file = true }"),
            "invalid type: a boolean, expected a string for `jwks_file`".into(),
        ),
        (
            issuer("audience = 1"),
            "invalid type: a number, expected a string or a list of strings for `audience`".into(),
        ),
        (
            issuer("audience = [1]"),
            "invalid type: a number, expected a string or a list of strings for `audience`".into(),
        ),
        (
            issuer("or_claim = { azp = [{}] }"),
            "invalid type: a table, expected a table of strings or lists of strings for `or_claim`"
                .into(),
        ),
        (
            usual("leeway_seconds = -1"),
            "invalid type: a number, expected a whole number from 0 for `leeway_seconds`".into(),
        ),
        (
            usual("leeway_seconds = 1.5"),
            "invalid type: a number, expected a whole number from 0 for `leeway_seconds`".into(),
        ),
        (
            usual("leeway_seconds = '60'"),
            "invalid type: a string, expected a whole number from 0 for `leeway_seconds`".into(),
        ),
        (
            usual("max_age_seconds = inf"),
            "invalid type: no value, expected a whole number from 0 for `max_age_seconds`".into(),
        ),
        (
            usual("danger_no_expiry = 'yes'"),
            "invalid type: a string, expected a boolean for `danger_no_expiry`".into(),
        ),
        (
            "issuer = 1".to_owned(),
            "invalid type: a number, expected a list of tables for `issuer`".into(),
        ),
        (
            "issuer = [1]".to_owned(),
            "invalid type: a number, expected a table for each `issuer`".into(),
        ),
        (usual("issuer = 'https://other.example'"), "duplicate key".into()),
    ];
    for (text, message) in cases {
        let error = toml::from_str::<VerifierConfig>(&text).unwrap_err();
        assert_eq!(error.message(), message, "{text}");
        assert!(error.span().is_some(), "the place is known: {text}");
    }
}
