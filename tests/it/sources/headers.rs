//! `Authorization`, over the wire.

use super::{
    Answer::{self, Good, Malformed, Missing},
    Place, get, good, reads, with,
};

#[tokio::test]
async fn one_scheme_in_any_case_spaces_and_one_token() {
    const FOUND: Answer = Good(Place::Header);
    let cases: [(&str, Answer); 35] = [
        ("Bearer {}", FOUND),
        ("bearer {}", FOUND),
        ("BEARER {}", FOUND),
        ("bEaReR {}", FOUND),
        ("Bearer     {}", FOUND),
        (" Bearer {} ", FOUND), // HTTP/1.1 has white space around values (RFC 9110 §5.5)
        ("", Missing),
        ("Basic dTpw", Missing),
        ("Basic {}", Missing),
        ("DPoP {}", Missing),
        ("Token {}", Missing),
        ("Bear {}", Missing),
        ("Bearers {}", Missing),
        ("Bearer-Token {}", Missing),
        ("xBearer {}", Missing),
        ("{}", Missing),
        ("Bearer", Malformed),
        ("Bearer\t{}", Malformed),
        ("Bearer \t{}", Malformed),
        ("Bearer\u{a0}{}", Malformed),
        ("Bearer \u{a0}{}", Malformed),
        ("Bearer,{}", Malformed),
        ("Bearer={}", Malformed),
        ("Bearer:{}", Malformed),
        ("Bearer/{}", Malformed), // a slash is one of `token68`, and none of a scheme's name
        ("Bearer//{}", Malformed),
        ("Bearer: {}", Malformed),
        ("Bearer \"{}\"", Malformed),
        ("Bearer token={}", Malformed),
        ("Bearer token=\"{}\"", Malformed),
        ("Bearer {} {}", Malformed),
        ("Bearer {}, Basic dTpw", Malformed),
        ("Bearer {}, Bearer {}", Malformed),
        ("Bearer Bearer {}", Malformed),
        ("Bearer {};", Malformed),
    ];
    let app = reads(Place::Header.source()).await;
    for (line, answer) in cases {
        let line = line.replace("{}", &good());
        let reply = app.send(with(get(), &[("authorization", &line)])).await;
        answer.check(&line, &reply);
    }
}

#[tokio::test]
async fn two_lines_are_one_too_many_whatever_they_are() {
    let app = reads(Place::Header.source()).await;
    let bearer = format!("Bearer {}", good());
    for lines in [
        [&*bearer, &*bearer],
        [&*bearer, "Basic dTpw"],
        ["Basic dTpw", &*bearer],
        ["", &*bearer],
        ["Basic dTpw", "Basic dTpw"],
    ] {
        let lines = lines.map(|line| ("authorization", line));
        Malformed.check(&lines, &app.send(with(get(), &lines)).await);
    }
}
