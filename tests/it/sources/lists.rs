//! Chains of sources: their order and their brackets make no difference.

use hyper::Request;
use tower_bearer::{RequestHead, TokenCookie, TokenErrorKind as Kind, TokenOrigin, TokenSource};

use super::{Answer, Body, Place, Source, good, reads, with};

/// What stands in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Absent,
    Malformed,
    Token,
    Twice,
}

impl State {
    const ALL: [Self; 4] = [Self::Absent, Self::Malformed, Self::Token, Self::Twice];

    fn texts(self) -> &'static [&'static str] {
        match self {
            Self::Absent => &[],
            Self::Malformed => &["a=b"],
            Self::Token => &["a.b.c"],
            Self::Twice => &["a.b.c", "a.b.c"],
        }
    }
}

type States = Vec<(Place, State)>;

/// The place of a token, or what is wrong.
pub(crate) type Found = Result<Option<Place>, Kind>;

pub(crate) fn found(source: &Source, request: &Request<Body>) -> Found {
    match source.token(RequestHead::of(request)) {
        Ok(presented) => Ok(presented.map(|presented| match presented.origin {
            TokenOrigin::Cookie => Place::Cookie,
            TokenOrigin::Header => Place::Header,
            TokenOrigin::Query => Place::Query,
            TokenOrigin::WebSocketProtocol => Place::Socket,
            _ => Place::Own,
        })),
        Err(error) => Err(error.kind()),
    }
}

/// What the contract says, told without looking at one place after the other.
fn model(states: &[(Place, State)]) -> Found {
    let present = states.iter().copied().filter(|(_, state)| *state != State::Absent);
    let (cookies, others): (States, States) =
        present.partition(|(place, _)| *place == Place::Cookie);
    let (place, state) = match (&*others, &*cookies) {
        ([], []) => return Ok(None),
        ([], [only]) | ([only], []) => only,
        // A cookie beside what is a header, or is no token at all.
        ([only], [_]) if matches!(only.0, Place::Header | Place::Socket) => only,
        ([only], [_]) if only.1 != State::Token => only,
        _ => return Err(Kind::SeveralCredentials),
    };
    match state {
        State::Absent => Ok(None),
        State::Malformed => Err(Kind::InvalidCredentials),
        State::Token => Ok(Some(*place)),
        State::Twice => Err(Kind::SeveralCredentials),
    }
}

/// All orders of these.
fn orders<T: Copy>(all: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = all.split_first() else { return vec![Vec::new()] };
    let mut found = Vec::new();
    for order in orders(rest) {
        for at in 0..=order.len() {
            let mut order = order.clone();
            order.insert(at, *first);
            found.push(order);
        }
    }
    found
}

/// Each order of the five places, in each of three ways to bracket it.
fn chains() -> Vec<(String, Source)> {
    let mut chains = Vec::new();
    for order in orders(&Place::ALL) {
        let (first, second) = order.split_at(2);
        let halves = Source::chain(first).and(Source::nested(second));
        for (shape, source) in
            [("left", Source::chain(&order)), ("right", Source::nested(&order)), ("both", halves)]
        {
            chains.push((format!("{order:?}, {shape}"), source));
        }
    }
    assert_eq!(chains.len(), 360);
    chains
}

/// Every combination of what may stand in the five places.
fn requests() -> Vec<(States, Request<Body>)> {
    let mut all = vec![Vec::new()];
    for place in Place::ALL {
        all = all
            .into_iter()
            .flat_map(|states: Vec<_>| {
                State::ALL.map(|state| [states.clone(), vec![(place, state)]].concat())
            })
            .collect();
    }
    assert_eq!(all.len(), 1024);
    let request = |states: &[(Place, State)]| {
        let mut request = super::get();
        for (place, state) in states {
            state.texts().iter().for_each(|text| place.put(&mut request, text));
        }
        request
    };
    all.into_iter().map(|states| (states.clone(), request(&states))).collect()
}

#[test]
fn no_order_and_no_brackets_make_a_difference() {
    let requests = requests();
    for (name, source) in chains() {
        for (states, request) in &requests {
            assert_eq!(found(&source, request), model(states), "{states:?} by {name}");
        }
    }
}

#[test]
fn two_places_are_told_as_several_credentials() {
    let two = |first, second| [(first, State::Token), (second, State::Token)];
    for (name, source) in chains() {
        for states in [two(Place::Header, Place::Query), two(Place::Cookie, Place::Query)] {
            let mut request = super::get();
            for (place, _) in states {
                place.put(&mut request, "a.b.c");
            }
            let found = found(&source, &request);
            assert_eq!(found, Err(Kind::SeveralCredentials), "{name}, {states:?}");
        }
    }
}

#[tokio::test]
async fn the_five_together_answer_as_each_alone() {
    for order in orders(&Place::ALL).into_iter().step_by(17) {
        let app = reads(Source::chain(&order)).await;
        for place in Place::ALL {
            let reply = app.send(place.get([good()])).await;
            Answer::Good(place).check(&(&order, place), &reply);
            let reply = app.send(place.get([""])).await;
            Answer::Malformed.check(&(&order, place), &reply);
        }
        Answer::Missing.check(&order, &app.send(super::get()).await);
    }
}

/// While a cookie gets another name, both are read.
#[tokio::test]
async fn two_cookies_are_one_too_many_and_a_header_beats_both() {
    let new = || Place::Cookie.source();
    let old = || Source::Cookie(TokenCookie::danger_insecure_cookies("sid").unwrap());
    let header = || Place::Header.source();
    for (name, source) in [
        ("new, old, header", new().and(old()).and(header())),
        ("new, (old, header)", new().and(old().and(header()))),
        ("header, (old, new)", header().and(old().and(new()))),
        ("(old, header), new", old().and(header()).and(new())),
    ] {
        let app = reads(source).await;
        let old = format!("sid={}", good());
        let either = with(super::get(), &[("cookie", &old)]);
        Answer::Good(Place::Cookie).check(&name, &app.send(either).await);
        for (old, text) in [(&*old, good()), ("sid=", good()), (&*old, "a b".into())] {
            let both = with(Place::Cookie.get([&text]), &[("cookie", old)]);
            Answer::Malformed.check(&(name, old), &app.send(both).await);
            let all = with(Place::Header.get([good()]), &[("cookie", old)]);
            let mut all = all;
            Place::Cookie.put(&mut all, &text);
            Answer::Good(Place::Header).check(&(name, old), &app.send(all).await);
        }
    }
}
