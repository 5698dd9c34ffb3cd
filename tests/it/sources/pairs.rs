//! Tokens in two places at once.

use super::{
    Answer::{self, Expired, Good, InvalidToken, Malformed, Missing},
    Place, Source, expired, get, good, long, reads, with,
};

/// What stands in one of two places.
const TEXTS: [&str; 5] = ["good", "expired", "no JWT", "empty", "too long"];

fn text(name: &str) -> String {
    match name {
        "good" => good(),
        "expired" => expired(),
        "no JWT" => "a.b.c".to_owned(),
        "empty" => String::new(),
        "too long" => long(1),
        _ => panic!("no such text"),
    }
}

/// What becomes of this text in this place, alone.
fn alone(place: Place, name: &str) -> Answer {
    match name {
        "good" => Good(place),
        "expired" => Expired,
        "no JWT" => InvalidToken,
        _ => Malformed,
    }
}

/// Headers, which a client means, beat a cookie, which a browser sends; all else is one too many.
fn together(first: (Place, &str), second: (Place, &str)) -> Answer {
    match (first, second) {
        ((place @ (Place::Header | Place::Socket), name), (Place::Cookie, _))
        | ((Place::Cookie, _), (place @ (Place::Header | Place::Socket), name)) => {
            alone(place, name)
        }
        _ => Malformed,
    }
}

#[tokio::test]
async fn every_pair_of_places_good_and_bad() {
    for first in Place::ALL {
        for second in Place::ALL.into_iter().filter(|second| *second != first) {
            let app = reads(Source::chain(&[first, second])).await;
            for one in TEXTS {
                for (place, other) in [(first, second), (second, first)] {
                    let reply = app.send(place.get([text(one)])).await;
                    alone(place, one).check(&(place, one, "and not", other), &reply);
                }
                for two in TEXTS {
                    let mut request = first.get([text(one)]);
                    second.put(&mut request, text(two));
                    let reply = app.send(request).await;
                    together((first, one), (second, two)).check(&(first, one, second, two), &reply);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_header_beats_a_cookie_whatever_is_wrong_with_the_cookie() {
    let cookies: [&[&str]; 9] = [
        &["__Host-token={}"],
        &["__Host-token={}; __Host-token={}"],
        &["__Host-token={}", "__Host-token=a"],
        &["__Host-token="],
        &["__Host-token=\"{}\""],
        &["__Host-token=a b"],
        &["__Host-token=\u{e9}"],
        &["__Host-token=a.b.c"],
        &["a=b; __Host-token"],
    ];
    for place in [Place::Header, Place::Socket] {
        for places in [[place, Place::Cookie], [Place::Cookie, place]] {
            let app = reads(Source::chain(&places)).await;
            for lines in cookies {
                let lines: Vec<_> = lines.iter().map(|line| line.replace("{}", &good())).collect();
                let lines: Vec<_> = lines.iter().map(|line| ("cookie", &**line)).collect();
                for name in TEXTS {
                    let request = with(place.get([text(name)]), &lines);
                    alone(place, name).check(&(places, name, &lines), &app.send(request).await);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_malformed_header_is_never_rescued_by_a_cookie() {
    for places in [[Place::Header, Place::Cookie], [Place::Cookie, Place::Header]] {
        let app = reads(Source::chain(&places)).await;
        for line in ["Bearer", "Bearer a b", "Bearer\ta", "Bearer \u{e9}", "Bearer =", "bearer,"] {
            let request = with(Place::Cookie.get([good()]), &[("authorization", line)]);
            Malformed.check(&(places, line), &app.send(request).await);
        }
        let two = [("authorization", "Basic dTpw"), ("authorization", "Basic dTpw")];
        let request = with(Place::Cookie.get([good()]), &two);
        Malformed.check(&(places, "two lines"), &app.send(request).await);
    }
    let app = reads(Source::chain(&[Place::Socket, Place::Cookie])).await;
    for line in
        ["bearer", "chat, bearer", "bearer, \"a\"", "bearer, bearer, a", "bearer, a, bearer, a"]
    {
        let request = with(Place::Cookie.get([good()]), &[("sec-websocket-protocol", line)]);
        Malformed.check(&line, &app.send(request).await);
    }
}

#[tokio::test]
async fn what_is_no_bearer_token_leaves_the_other_place_alone() {
    for place in Place::ALL.into_iter().filter(|place| *place != Place::Header) {
        for places in [[Place::Header, place], [place, Place::Header]] {
            let app = reads(Source::chain(&places)).await;
            for line in ["Basic dTpw", "", "DPoP a.b.c", "Bearers a"] {
                let request = with(place.get([good()]), &[("authorization", line)]);
                Good(place).check(&(places, line), &app.send(request).await);
                let request = with(place.get([expired()]), &[("authorization", line)]);
                Expired.check(&(places, line), &app.send(request).await);
                let request = with(get(), &[("authorization", line)]);
                Missing.check(&(places, line), &app.send(request).await);
            }
        }
    }
    let app = reads(Source::chain(&[Place::Socket, Place::Cookie])).await;
    let request = with(Place::Cookie.get([good()]), &[("sec-websocket-protocol", "chat.v2")]);
    Good(Place::Cookie).check(&"a subprotocol of the application", &app.send(request).await);
}
