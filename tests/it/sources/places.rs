//! What holds of every place: found, missing, malformed, sent twice, too long, and bad.

use http_body_util::Empty;
use hyper::Request;
use tower_bearer::{TokenSource, token_source_fn};

use super::{
    Answer::{Expired, Good, InvalidToken, Malformed, Missing},
    Own, Place, Source, at_hand, expired, get, good, layers, long, outcomes, reads,
};
use crate::support::{KeyPair, MODES, token};

/// Texts that are no `token68` and may stand in this place.
pub(super) fn malformed(place: Place, token: &str) -> Vec<String> {
    let mut forms: Vec<_> =
        ["", "=", "==", "a=b", "=a", "a@b", "a!b", "a:b", "a%2Eb", "%61", "a|b", "[a]"]
            .map(str::to_owned)
            .into();
    forms.push(format!("{token}%3D"));
    if place != Place::Query {
        // In a URI there are none (RFC 3986 §2).
        forms.extend([format!("\"{token}\""), "\u{e9}".to_owned(), format!("{token}\u{e4}")]);
    }
    forms
}

#[tokio::test]
async fn a_good_token_is_found_whether_its_key_is_at_hand_or_awaited() {
    for place in Place::ALL {
        for (keys, layer) in layers() {
            for (mode, set) in MODES {
                let app = outcomes(set(layer.clone()).source(place.source())).await;
                let reply = app.send(place.get([good()])).await;
                Good(place).check(&(place, keys, mode), &reply);
            }
        }
    }
}

#[tokio::test]
async fn nothing_there_is_no_credentials() {
    for place in Place::ALL {
        Missing.check(&place, &reads(place.source()).await.send(get()).await);
        let optional = outcomes(at_hand().optional().source(place.source())).await;
        assert_eq!(optional.send(get()).await.body, "absent", "{place:?}");
    }
}

#[tokio::test]
async fn each_source_looks_in_its_own_place_alone() {
    for place in Place::ALL {
        let app = reads(place.source()).await;
        for other in Place::ALL.into_iter().filter(|other| *other != place) {
            let reply = app.send(other.get([good()])).await;
            Missing.check(&(place, other), &reply);
        }
    }
}

#[tokio::test]
async fn the_default_is_the_header_alone() {
    let app = outcomes(at_hand()).await;
    for place in Place::ALL {
        let answer = if place == Place::Header { Good(place) } else { Missing };
        answer.check(&place, &app.send(place.get([good()])).await);
    }
}

#[tokio::test]
async fn what_is_no_token68_is_a_malformed_request() {
    for place in Place::ALL {
        let app = reads(place.source()).await;
        for text in malformed(place, &good()) {
            Malformed.check(&(place, &text), &app.send(place.get([&text])).await);
        }
    }
}

#[tokio::test]
async fn two_are_a_malformed_request_be_they_the_same() {
    for place in Place::ALL {
        let app = reads(place.source()).await;
        for texts in [[good(), good()], [good(), "a".into()], ["a".into(), good()]] {
            Malformed.check(&(place, &texts), &app.send(place.get(&texts)).await);
        }
    }
}

#[tokio::test]
async fn longer_than_16_kib_is_a_malformed_request() {
    for place in Place::ALL {
        let app = reads(place.source()).await;
        Malformed.check(&place, &app.send(place.get([long(1)])).await);
        InvalidToken.check(&place, &app.send(place.get([long(0)])).await);
    }
}

#[tokio::test]
async fn a_bad_token_is_401_in_every_place() {
    let forged = token().signed_by(&KeyPair::generate(tower_bearer::Algorithm::ES256));
    for place in Place::ALL {
        for (keys, layer) in layers() {
            let app = outcomes(layer.source(place.source())).await;
            Expired.check(&(place, keys), &app.send(place.get([expired()])).await);
            for text in [&*forged, "a", "a.b.c", "a==", "~+/"] {
                InvalidToken.check(&(place, keys, text), &app.send(place.get([text])).await);
            }
        }
    }
}

#[tokio::test]
async fn a_closure_is_a_source_like_another() {
    let closure = token_source_fn(|head| Own.token(head));
    let app = reads(closure).await;
    Good(Place::Own).check(&"good", &app.send(Place::Own.get([good()])).await);
    Missing.check(&"nothing", &app.send(get()).await);
    Malformed.check(&"empty", &app.send(Place::Own.get([""])).await);
    Expired.check(&"expired", &app.send(Place::Own.get([expired()])).await);
    Malformed.check(&"long", &app.send(Place::Own.get([long(1)])).await);
}

#[tokio::test]
async fn a_source_that_is_switched_off_finds_nothing() {
    for place in Place::ALL {
        let off: Option<Source> = None;
        let app = reads(off).await;
        for text in [&*good(), "", "a b"].into_iter().filter(|text| !text.contains(' ')) {
            Missing.check(&(place, text), &app.send(place.get([text])).await);
        }
        let on = reads(Some(place.source())).await;
        Good(place).check(&place, &on.send(place.get([good()])).await);
        Malformed.check(&place, &on.send(place.get([""])).await);
    }
}

#[tokio::test]
async fn what_is_for_a_proxy_is_not_for_us() {
    for place in Place::ALL {
        let bearer = format!("Bearer {}", good());
        let request = Request::get("/").header("proxy-authorization", bearer).body(Empty::new());
        Missing.check(&place, &reads(place.source()).await.send(request.unwrap()).await);
    }
}
