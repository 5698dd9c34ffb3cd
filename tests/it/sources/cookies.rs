//! The cookie, in every form in which one may come.

use tower_bearer::TokenCookie;

use super::{
    Answer::{self, Good, Malformed, Missing},
    Place, get, good, reads, with,
};

const FOUND: Answer = Good(Place::Cookie);

/// `{}` is a good token.
fn cases() -> Vec<(&'static str, &'static [&'static str], Answer)> {
    vec![
        ("alone", &["__Host-token={}"], FOUND),
        ("first", &["__Host-token={}; theme=dark"], FOUND),
        ("last", &["theme=dark; __Host-token={}"], FOUND),
        ("without spaces", &["a=b;__Host-token={};c=d"], FOUND),
        ("many spaces", &["a=b;   __Host-token={}   ;c=d"], FOUND),
        ("tabs", &["a=b;\t__Host-token={}\t;c=d"], FOUND),
        ("spaces around the name", &["a=b; __Host-token ={}"], FOUND),
        ("spaces around the value", &["a=b; __Host-token= {} "], FOUND),
        ("a semicolon behind it", &["__Host-token={};"], FOUND),
        ("semicolons around it", &[";;__Host-token={};;"], FOUND),
        ("lines, as HTTP/2 splits them", &["a=b", "__Host-token={}", "c=d"], FOUND),
        ("others twice", &["a=b; a=c; __Host-token={}"], FOUND),
        ("others that are odd", &["=; a; =b; \u{e9}=\u{e9}; \"; __Host-token={}"], FOUND),
        ("an empty line", &["", "__Host-token={}"], FOUND),
        ("no cookie", &["theme=dark"], Missing),
        ("an empty line alone", &[""], Missing),
        ("semicolons alone", &[";;;"], Missing),
        ("another case", &["__host-token={}; __Host-Token={}; __HOST-TOKEN={}"], Missing),
        ("a longer name", &["__Host-token2={}; __Host-tokens={}"], Missing),
        ("a shorter name", &["__Host-toke={}; __Host-={}; token={}"], Missing),
        ("a name that ends so", &["x__Host-token={}; a.__Host-token={}"], Missing),
        ("another prefix", &["__Secure-token={}; Host-token={}; _Host-token={}"], Missing),
        ("a name with a space", &["__Host- token={}; __Host-token x={}"], Missing),
        ("a percent-encoded name", &["__Host%2Dtoken={}; %5F%5FHost-token={}"], Missing),
        ("in quotes", &["\"__Host-token\"={}"], Missing),
        // What frameworks that strip Unicode's spaces take for ours; browsers do not know it for a prefix.
        ("behind a no-break space", &["\u{a0}__Host-token={}"], Missing),
        ("behind a wide space", &["\u{2000}__Host-token={}; \u{3000}__Host-token={}"], Missing),
        ("behind a next-line", &["\u{85}__Host-token={}"], Missing),
        ("before a no-break space", &["__Host-token\u{a0}={}"], Missing),
        // A cookie without a name has a value alone.
        ("nameless", &["={}; {}"], Missing),
        ("nameless, and its value has our name", &["=__Host-token={}"], Missing),
        ("a name without a value", &["__Host-token"], Missing),
        ("in the value of another", &["a=__Host-token={}"], Missing),
        ("separated by a comma", &["a=b, __Host-token={}"], Missing),
        // A comma was a separator once (RFC 2965 §3.3.4); no more.
        ("and a comma", &["__Host-token={}, a=b"], Malformed),
        ("empty", &["__Host-token="], Malformed),
        ("empty, and others", &["__Host-token=; a=b"], Malformed),
        ("spaces alone", &["__Host-token=   "], Malformed),
        ("quoted", &["__Host-token=\"{}\""], Malformed),
        ("quoted on one side", &["__Host-token=\"{}"], Malformed),
        ("percent-encoded", &["__Host-token=%65{}"], Malformed),
        ("two words", &["__Host-token={} {}"], Malformed),
        ("Bearer", &["__Host-token=Bearer {}"], Malformed),
        ("an equals sign before it", &["__Host-token=={}"], Malformed),
        ("not ASCII", &["__Host-token={}\u{e9}"], Malformed),
        ("a no-break space behind it", &["__Host-token={}\u{a0}"], Malformed),
        ("two words in its name's place", &["__Host-token=a=b"], Malformed),
        ("twice in a line", &["__Host-token={}; __Host-token={}"], Malformed),
        ("twice in two lines", &["__Host-token={}", "__Host-token={}"], Malformed),
        ("twice, one of them empty", &["__Host-token=; __Host-token={}"], Malformed),
        ("twice, the other one empty", &["__Host-token={}; __Host-token="], Malformed),
        ("twice, spaces around a name", &["__Host-token={}; __Host-token =x"], Malformed),
    ]
}

async fn check(name: &str, cookie: TokenCookie, ours: &str) {
    let app = reads(cookie).await;
    for (case, lines, answer) in cases() {
        let lines: Vec<_> =
            lines.iter().map(|line| line.replace("{}", &good()).replace(name, ours)).collect();
        let lines: Vec<_> = lines.iter().map(|line| ("cookie", &**line)).collect();
        answer.check(&(case, ours), &app.send(with(get(), &lines)).await);
    }
}

#[tokio::test]
async fn every_form_of_a_cookie() {
    check("__Host-token", TokenCookie::new("__Host-token").unwrap(), "__Host-token").await;
}

#[tokio::test]
async fn a_cookie_whose_name_has_no_prefix_is_read_alike() {
    let cookie = TokenCookie::danger_insecure_cookies("__Host-token").unwrap();
    check("__Host-token", cookie, "__Host-token").await;
    let app = reads(TokenCookie::danger_insecure_cookies("sid").unwrap()).await;
    for (line, answer) in [
        ("sid={}", FOUND),
        ("SID={}", Missing),
        ("__Host-sid={}; __Secure-sid={}; sid2={}; psid={}", Missing),
        ("sid={}; sid={}", Malformed),
        ("sid=", Malformed),
    ] {
        let line = line.replace("{}", &good());
        answer.check(&line, &app.send(with(get(), &[("cookie", &line)])).await);
    }
}

#[test]
fn a_name_that_others_could_set_is_refused_and_told_what_to_do() {
    for (name, better) in [
        ("token", "`__Host-token`"),
        ("", "`__Host-`"),
        ("__host-token", "`__Host-token`"),
        ("__HOST-token", "`__Host-token`"),
        ("__Secure-token", "`__Host-token`"),
        ("Host-token", "`__Host-Host-token`"),
        (" __Host-token", "`__Host- __Host-token`"),
    ] {
        let error = TokenCookie::new(name).unwrap_err().to_string();
        for words in [better, "danger_insecure_cookies", "planted"] {
            assert!(error.contains(words), "{name:?}: {error}");
        }
    }
}

#[test]
fn a_name_that_no_cookie_may_have_is_refused_and_told_what_to_do() {
    for name in [
        "a b",
        "a=b",
        "a;b",
        "a,b",
        "a\"b",
        "a/b",
        "(a)",
        "gr\u{f6}\u{df}e",
        "a\r\nb",
        "a\tb",
        "a\0",
        "a\u{a0}",
    ] {
        for error in [
            TokenCookie::danger_insecure_cookies(name).unwrap_err(),
            TokenCookie::new(format!("__Host-{name}")).unwrap_err(),
        ] {
            let error = error.to_string();
            assert!(error.contains("RFC 6265") && error.contains("letters"), "{name:?}: {error}");
        }
    }
    assert!(TokenCookie::danger_insecure_cookies("").is_err());
    for name in ["sid", "a!#$%&'*+-.^_`|~0", "__Secure-sid"] {
        assert!(TokenCookie::danger_insecure_cookies(name).is_ok(), "{name}");
    }
}
