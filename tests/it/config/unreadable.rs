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
            "invalid type: a string, expected a table such as `{ discover = true }`".into(),
        ),
        (
            issuer("keys = ['jwks.json']"),
            "invalid type: sequence, expected a table such as `{ discover = true }`".into(),
        ),
        (
            issuer("keys = { discover = 'yes' }"),
            "invalid type: string \"yes\", expected a boolean".into(),
        ),
        (
            issuer("audience = 1"),
            "invalid type: integer `1`, expected a string or a list of strings".into(),
        ),
        (issuer("audience = [1]"), "invalid type: integer `1`, expected a string".into()),
        (usual("leeway_seconds = -1"), "invalid value: integer `-1`, expected u64".into()),
        (usual("leeway_seconds = 1.5"), "invalid type: floating point `1.5`, expected u64".into()),
        (usual("leeway_seconds = '60'"), "invalid type: string \"60\", expected u64".into()),
        (
            usual("danger_no_expiry = 'yes'"),
            "invalid type: string \"yes\", expected a boolean".into(),
        ),
        (usual("issuer = 'https://other.example'"), "duplicate key".into()),
    ];
    for (text, message) in cases {
        let error = toml::from_str::<VerifierConfig>(&text).unwrap_err();
        assert_eq!(error.message(), message, "{text}");
        assert!(error.span().is_some(), "the place is known: {text}");
    }
}
