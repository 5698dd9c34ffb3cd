//! What can be read and makes no sense: the message names the setting and says what to do.

use super::{REST, START, error};

const KEYS: &str = r#"keys = { jwks_file = "jwks.json" }"#;
const AUDIENCE: &str = r#"audience = "https://api.example""#;

#[test]
fn of_an_issuer() {
    let es = "issuer = \"https://issuer.example\"\n";
    let cases = [
        ("keys = {}", "audience: missing: name this service as its tokens do in `aud`"),
        (AUDIENCE, "keys: missing: say where they are, such as `{ discover = true }`"),
        ("audience = []", "audience: the list is empty: put something in it"),
        ("audience = ''", "audience[0]: it is empty: write a name"),
        ("audience = ['a', '']", "audience[1]: it is empty: write a name"),
        (
            "or_claim = {}\naudience = 'a'",
            "or_claim: name exactly one claim, such as `{ client_id = [\"…\"] }`",
        ),
        (
            "or_claim = { '' = 'a' }\naudience = 'a'",
            "or_claim: name exactly one claim, such as `{ client_id = [\"…\"] }`",
        ),
        (
            "or_claim = { a = 'a', b = 'b' }\naudience = 'a'",
            "or_claim: name exactly one claim, such as `{ client_id = [\"…\"] }`",
        ),
        (
            "or_claim = { azp = [] }\naudience = 'a'",
            "or_claim.azp: the list is empty: put something in it",
        ),
        ("or_claim = { azp = [''] }\naudience = 'a'", "or_claim.azp[0]: it is empty: write a name"),
    ];
    for (settings, message) in cases {
        let error = error("of_an_issuer", &format!("[[issuer]]\n{es}{settings}")).to_string();
        assert_eq!(error, format!("issuer[0].{message}"), "{settings}");
    }
}

#[test]
fn of_its_rules() {
    let names = "ES256, ES384, ES512, Ed25519, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512";
    let unknown = format!("algorithms[1]: no such algorithm: there are {names}, and case counts");
    let cases = [
        ("algorithms = []", "algorithms: the list is empty: put something in it"),
        ("algorithms = ['ES256', 'es384']", &unknown),
        ("algorithms = ['ES256', 'none']", &unknown),
        (
            "leeway_seconds = 3601",
            "leeway_seconds: more than an hour, 3600, would switch expiry off: set the clocks instead",
        ),
        (
            "max_lifetime_seconds = 0",
            "max_lifetime_seconds: no token lives for no time: 0 refuses all",
        ),
        ("typ = ''", "typ: it is empty: leave it out, or name a media type"),
        ("profile = 'rfc9069'", "profile: there is one, \"rfc9068\""),
        ("require = { '' = 1 }", "require: the name of a claim is empty"),
        ("require = { level = nan }", "require.level: it has no value"),
        (
            "require = { birth = 1815-12-10 }",
            "require.birth: claims hold no dates: put it in quotes",
        ),
        (
            "danger_any_audience = true",
            "danger_any_audience: it contradicts `audience`: whoever is named there, all are taken; leave one of them out",
        ),
        (
            "profile = 'rfc9068'\nor_claim = { azp = 'a' }",
            "profile: it contradicts `or_claim`: RFC 9068 asks for `aud`; leave one of them out",
        ),
        (
            "profile = 'rfc9068'\ndanger_no_expiry = true",
            "profile: it contradicts `danger_no_expiry`: RFC 9068 asks for `exp`; leave one of them out",
        ),
        (
            "profile = 'rfc9068'\ntyp = 'JWT'",
            "profile: it contradicts `typ`: RFC 9068 asks for `at+jwt`; leave one of them out",
        ),
        (
            "max_lifetime_seconds = 60\ndanger_no_expiry = true",
            "max_lifetime_seconds: it contradicts `danger_no_expiry`: it asks for `exp`; leave one of them out",
        ),
    ];
    for (settings, message) in cases {
        let error = error("of_its_rules", &format!("{START}{REST}{settings}")).to_string();
        assert_eq!(error, format!("issuer[0].{message}"), "{settings}");
    }
}

#[test]
fn of_algorithms_and_the_key() {
    let text = format!(
        "{START}{AUDIENCE}\nalgorithms = ['ES384', 'PS256']\nkeys = {{ pem_file = 'es256.pem', algorithm = 'ES256' }}"
    );
    assert_eq!(
        error("of_the_key", &text).to_string(),
        "issuer[0].algorithms: it names none that the keys can verify, which are for {ES256}"
    );
}

#[test]
fn of_any_audience_and_another_claim() {
    let text = format!("{START}{KEYS}\ndanger_any_audience = true\nor_claim = {{ azp = 'a' }}");
    assert_eq!(
        error("any_audience", &text).to_string(),
        "issuer[0].danger_any_audience: it contradicts `or_claim`: whoever is named there, all are taken; leave one of them out"
    );
}

#[test]
fn of_the_list() {
    let same = format!("{START}{REST}{START}{REST}");
    let twice = "issuer[1].issuer: it is there twice: give it all its audiences and keys at once";
    let second = format!("{START}{REST}[[issuer]]\nissuer = 'https://other.example'");
    let cases = [
        ("", "issuer: there is none: name one to trust"),
        ("issuer = []", "issuer: there is none: name one to trust"),
        (&same, twice),
        (&second, "issuer[1].audience: missing: name this service as its tokens do in `aud`"),
        ("[[issuer]]", "issuer[0].issuer: missing: name it as its tokens do in `iss`"),
        ("[[issuer]]\n[[issuer]]", "issuer[0].issuer: missing: name it as its tokens do in `iss`"),
        (
            "[[issuer]]\nissuer = ''",
            "issuer[0].issuer: it is empty: name it as its tokens do in `iss`",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(error("of_the_list", text).to_string(), message, "{text}");
    }
}
