use super::*;

#[test]
fn a_type_is_compared_without_its_case_and_without_application() {
    let access = || TypRule::AccessToken;
    let exactly = |typ: &str| TypRule::exactly(typ);
    let cases = [
        ("default: none", access(), None, true),
        ("default: JWT", access(), Some("JWT"), true),
        ("default: jwt", access(), Some("jwt"), true),
        ("default: at+jwt", access(), Some("at+jwt"), true),
        ("default: another case", access(), Some("AT+Jwt"), true),
        ("default: the long form", access(), Some("application/at+jwt"), true),
        ("default: the long form in another case", access(), Some("Application/AT+JWT"), true),
        ("default: empty", access(), Some(""), false),
        ("default: a proof", access(), Some("dpop+jwt"), false),
        ("default: a logout token", access(), Some("logout+jwt"), false),
        ("default: an id token", access(), Some("id+jwt"), false),
        ("default: another signature", access(), Some("JOSE"), false),
        ("default: a space behind", access(), Some("JWT "), false),
        ("default: a space before", access(), Some(" at+jwt"), false),
        ("default: a parameter", access(), Some("at+jwt;v=1"), false),
        ("default: another top-level type", access(), Some("text/at+jwt"), false),
        ("default: no top-level type", access(), Some("/at+jwt"), false),
        ("default: twice", access(), Some("application/application/at+jwt"), false),
        ("default: longer", access(), Some("at+jwtx"), false),
        ("default: shorter", access(), Some("at+jw"), false),
        ("default: the long s of Unicode", access(), Some("jo\u{17f}e"), false),
        ("exactly: it", exactly("at+jwt"), Some("at+jwt"), true),
        ("exactly: another case", exactly("at+jwt"), Some("AT+JWT"), true),
        ("exactly: the long form", exactly("at+jwt"), Some("application/at+jwt"), true),
        ("exactly: none", exactly("at+jwt"), None, false),
        ("exactly: JWT", exactly("at+jwt"), Some("JWT"), false),
        ("exactly: empty", exactly("at+jwt"), Some(""), false),
        ("exactly JWT: it", exactly("JWT"), Some("jwt"), true),
        ("exactly JWT: at+jwt", exactly("JWT"), Some("at+jwt"), false),
        ("exactly JWT: the long form", exactly("JWT"), Some("application/jwt"), true),
        ("exactly JWT: none", exactly("JWT"), None, false),
        ("exactly of ours: it", exactly("vnd.example+jwt"), Some("VND.example+jwt"), true),
        ("exactly of ours: at+jwt", exactly("vnd.example+jwt"), Some("at+jwt"), false),
    ];
    for (name, rule, typ, allowed) in cases {
        let expected = if allowed { Ok(()) } else { Err(Kind::TypeNotAllowed) };
        assert_eq!(rule.check(typ), expected, "{name}");
    }
}

/// A media type means the same with `application/` and without (RFC 7515 §4.1.9), whoever writes it.
#[test]
fn the_type_to_ask_for_may_have_its_long_form() {
    let rule = TypRule::exactly("application/at+jwt");
    for typ in ["application/at+jwt", "at+jwt", "AT+JWT"] {
        assert_eq!(rule.check(Some(typ)), Ok(()), "{typ}");
    }
    assert_eq!(rule.check(Some("JWT")), Err(Kind::TypeNotAllowed));
    assert_eq!(rule.check(None), Err(Kind::TypeNotAllowed));
}

/// Dates as a token has them: `exp`, `nbf`, `iat`.
fn dates(exp: Option<f64>, nbf: Option<f64>, iat: Option<f64>) -> Dates {
    let date = |seconds: Option<f64>| seconds.map(at);
    Dates { expires_at: date(exp), not_before: date(nbf), issued_at: date(iat) }
}

fn kind(checked: Result<(), TokenError>) -> Result<(), Kind> {
    checked.map_err(|error| error.kind())
}

fn at(seconds: f64) -> NumericDate {
    serde_json::from_value(seconds.into()).unwrap()
}

const NOW: f64 = 1000.0;

#[test]
fn dates_are_held_against_the_time_of_day() {
    let defaults = TimeRules::default();
    let none = TimeRules { leeway: Duration::ZERO, ..defaults };
    let lenient = TimeRules { expiry_required: false, ..defaults };
    let cases = [
        ("good", defaults, dates(Some(1001.0), Some(999.0), Some(998.0)), Ok(())),
        ("exp: leeway not over", defaults, dates(Some(940.5), None, None), Ok(())),
        ("exp: leeway over", defaults, dates(Some(940.0), None, None), Err(Kind::Expired)),
        ("exp: zero", defaults, dates(Some(0.0), None, None), Err(Kind::Expired)),
        ("exp: the last number", defaults, dates(Some(f64::MAX), None, None), Ok(())),
        ("exp: missing", defaults, dates(None, None, None), Err(Kind::MissingClaim)),
        ("exp: missing, not required", lenient, dates(None, None, None), Ok(())),
        ("exp: over, not required", lenient, dates(Some(940.0), None, None), Err(Kind::Expired)),
        ("exp: no leeway, to come", none, dates(Some(1000.5), None, None), Ok(())),
        ("exp: no leeway, now", none, dates(Some(1000.0), None, None), Err(Kind::Expired)),
        ("nbf: within leeway", defaults, dates(Some(2e3), Some(1060.0), None), Ok(())),
        (
            "nbf: beyond leeway",
            defaults,
            dates(Some(2e3), Some(1060.5), None),
            Err(Kind::NotYetValid),
        ),
        ("nbf: no leeway, now", none, dates(Some(2e3), Some(1000.0), None), Ok(())),
        (
            "nbf: no leeway, to come",
            none,
            dates(Some(2e3), Some(1000.5), None),
            Err(Kind::NotYetValid),
        ),
        (
            "nbf: counts without exp",
            lenient,
            dates(None, Some(1060.5), None),
            Err(Kind::NotYetValid),
        ),
        (
            "both: expired comes first",
            defaults,
            dates(Some(1.0), Some(2e3), None),
            Err(Kind::Expired),
        ),
        ("iat: to come", defaults, dates(Some(2e3), None, Some(1e9)), Ok(())),
    ];
    for (name, rules, dates, expected) in cases {
        assert_eq!(kind(rules.check(dates, at(NOW))), expected, "{name}");
    }
}

#[test]
fn max_age_counts_from_iat() {
    let age = Duration::from_secs(100);
    let defaults = TimeRules { max_age: Some(age), ..TimeRules::default() };
    let none = TimeRules { leeway: Duration::ZERO, ..defaults };
    let endless = TimeRules { max_age: Some(Duration::MAX), ..defaults };
    let cases = [
        ("now", defaults, Some(1000.0), Ok(())),
        ("age and leeway ago", defaults, Some(840.0), Ok(())),
        ("longer ago", defaults, Some(839.5), Err(Kind::TooOld)),
        ("leeway to come", defaults, Some(1060.0), Ok(())),
        ("further to come", defaults, Some(1060.5), Err(Kind::NotYetValid)),
        ("missing", defaults, None, Err(Kind::MissingClaim)),
        ("no leeway: age ago", none, Some(900.0), Ok(())),
        ("no leeway: longer ago", none, Some(899.5), Err(Kind::TooOld)),
        ("no leeway: to come", none, Some(1000.5), Err(Kind::NotYetValid)),
        ("any age", endless, Some(0.0), Ok(())),
        ("any age, missing", endless, None, Err(Kind::MissingClaim)),
        ("any age, to come", endless, Some(f64::MAX), Err(Kind::NotYetValid)),
    ];
    for (name, rules, iat, expected) in cases {
        assert_eq!(kind(rules.check(dates(Some(2e3), None, iat), at(NOW))), expected, "{name}");
    }
}

#[test]
fn max_lifetime_is_exp_less_iat_without_leeway() {
    let rules = TimeRules {
        max_lifetime: Some(Duration::from_secs(100)),
        expiry_required: false,
        ..TimeRules::default()
    };
    let cases = [
        ("shorter", Some(1050.0), Some(1000.0), Ok(())),
        ("exactly", Some(1050.0), Some(950.0), Ok(())),
        ("longer", Some(1050.0), Some(949.5), Err(Kind::LifetimeTooLong)),
        ("iat to come", Some(1300.0), Some(1200.0), Ok(())),
        ("iat after exp", Some(1050.0), Some(1200.0), Ok(())),
        ("the last number", Some(f64::MAX), Some(0.0), Err(Kind::LifetimeTooLong)),
        ("no iat", Some(1050.0), None, Err(Kind::MissingClaim)),
        ("no exp", None, Some(950.0), Err(Kind::MissingClaim)),
        ("expired comes first", Some(900.0), Some(100.0), Err(Kind::Expired)),
    ];
    for (name, exp, iat, expected) in cases {
        assert_eq!(kind(rules.check(dates(exp, None, iat), at(NOW))), expected, "{name}");
    }
}
