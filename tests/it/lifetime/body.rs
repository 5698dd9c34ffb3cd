//! A body that ends with a token, by itself.

use std::{convert::Infallible, pin::Pin};

use futures_util::{FutureExt, stream};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::{
    HeaderMap,
    body::{Body, Bytes, Frame},
};
use tower_bearer::LifetimeBody;

use super::*;

type Bound<B> = Pin<Box<LifetimeBody<B>>>;

async fn token(seconds: f64) -> VerifiedToken {
    verified(issuer(), &token_for(seconds)).await
}

/// One for 5 s around what the source sends.
async fn cut() -> (Source, Bound<Feed>) {
    let (source, feed) = feed();
    (source, Box::pin(LifetimeBody::new(feed, &token(5.0).await)))
}

/// What a frame holds, in words.
fn told<E: std::fmt::Display>(frame: Option<Result<Frame<Bytes>, E>>) -> String {
    match frame {
        None => "end".to_owned(),
        Some(Err(error)) => format!("error: {error}"),
        Some(Ok(frame)) => match frame.into_data() {
            Ok(data) => String::from_utf8(data.to_vec()).unwrap(),
            Err(frame) => format!("{:?}", frame.into_trailers().unwrap()),
        },
    }
}

/// The next frame.
async fn next<B>(body: &mut Bound<B>) -> String
where
    LifetimeBody<B>: Body<Data = Bytes, Error: std::fmt::Display>,
{
    told(soon(body.frame()).await)
}

/// What is there now.
fn at_hand<B>(body: &mut Bound<B>) -> Option<String>
where
    LifetimeBody<B>: Body<Data = Bytes, Error: std::fmt::Display>,
{
    body.frame().now_or_never().map(told)
}

const CUT: &str = "error: the token has expired";

#[tokio::test(start_paused = true)]
async fn frames_before_the_end_arrive_as_they_are() {
    let (mut source, mut body) = cut().await;
    source.send("one");
    source.send("");
    source.frame(Err("broken"));
    source.send("two");
    let trailers: HeaderMap = [("a", "b")].into_iter().map(pair).collect();
    source.frame(Ok(Frame::trailers(trailers.clone())));
    source.end();
    for expected in ["one", "", "error: broken", "two", &format!("{trailers:?}"), "end"] {
        assert_eq!(at_hand(&mut body).as_deref(), Some(expected));
    }
}

fn pair((name, value): (&str, &str)) -> (hyper::header::HeaderName, hyper::header::HeaderValue) {
    (name.parse().unwrap(), value.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn it_ends_by_an_error_that_says_why() {
    let (source, mut body) = cut().await;
    let began = Instant::now();
    source.send("one");
    assert_eq!(next(&mut body).await, "one");
    let error = soon(body.frame()).await.unwrap().unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&TokenEnd::Expired));
    assert_at("exp", began.elapsed(), 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn it_ends_as_if_it_were_complete_where_that_was_asked() {
    let (source, feed) = feed();
    let mut body = Box::pin(LifetimeBody::new(feed, &token(5.0).await).ending_cleanly());
    let began = Instant::now();
    source.send("one");
    assert_eq!(next(&mut body).await, "one");
    assert_eq!(next(&mut body).await, "end");
    assert_at("exp", began.elapsed(), 5 * SECOND);
    assert!(source.is_dropped());
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_status_of_grpc_where_that_was_asked() {
    for (answer, status, message) in [
        (Revocation::Good, "16", "the token has expired"),
        (Revocation::Revoked, "16", "the token is not valid here"),
        (Revocation::Unknown, "14", "this cannot be decided now"),
    ] {
        let (source, feed) = feed();
        let check = Told::default();
        let token = verified(issuer().revocation(check.clone()), &token_for(5.0)).await;
        let mut body = Box::pin(LifetimeBody::new(feed, &token).ending_as_grpc());
        check.say(answer);
        let trailers = soon(body.frame()).await.unwrap().unwrap().into_trailers().unwrap();
        assert_eq!(trailers.len(), 2);
        assert_eq!(trailers["grpc-status"], status);
        assert_eq!(trailers["grpc-message"], message);
        assert_eq!(next(&mut body).await, "end");
        assert!(source.is_dropped());
    }
}

#[tokio::test(start_paused = true)]
async fn no_frame_follows_the_end_and_what_is_inside_is_dropped_with_it() {
    let (source, mut body) = cut().await;
    source.send("withheld");
    pass(5 * SECOND).await;
    source.send("withheld");
    assert_eq!(at_hand(&mut body).as_deref(), Some(CUT), "though there was one");
    assert!(source.is_dropped(), "at once, though the body is held");
    source.send("withheld");
    for _ in 0..3 {
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
        assert_eq!(at_hand(&mut body).as_deref(), Some("end"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_always_ready_is_cut_as_well() {
    let hand = Hand::default();
    let token = verified(standard(keys()).clock(hand.clone()), &token_for(5.0)).await;
    let endless = stream::repeat_with(|| Ok::<_, Infallible>(Frame::data(Bytes::from("more"))));
    let mut body = Box::pin(LifetimeBody::new(StreamBody::new(endless), &token));
    for _ in 0..1000 {
        assert_eq!(at_hand(&mut body).as_deref(), Some("more"));
    }
    tokio::time::advance(5 * SECOND).await;
    assert_eq!(at_hand(&mut body).as_deref(), Some(CUT));
}

#[tokio::test(start_paused = true)]
async fn what_ends_by_itself_is_dropped_then_and_never_cut() {
    let (mut source, mut body) = cut().await;
    source.send("all");
    source.end();
    assert_eq!(next(&mut body).await, "all");
    assert_eq!(next(&mut body).await, "end");
    assert!(source.is_dropped() && body.is_end_stream());
    pass(10 * SECOND).await;
    assert_eq!(next(&mut body).await, "end");
}

#[tokio::test(start_paused = true)]
async fn what_is_complete_is_not_cut() {
    let token = token(5.0).await;
    let mut all = Box::pin(LifetimeBody::new(Full::from("all"), &token));
    assert_eq!(next(&mut all).await, "all");
    let mut nothing = Box::pin(LifetimeBody::new(Empty::new(), &token));
    pass(5 * SECOND).await;
    assert_eq!(next(&mut all).await, "end", "a reader that asks whether there is more");
    assert_eq!(next(&mut nothing).await, "end");
    let mut late = Box::pin(LifetimeBody::new(Full::from("late"), &self::token(5.0).await));
    pass(60 * SECOND).await;
    assert_eq!(next(&mut late).await, CUT, "but for what has not begun");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_of_a_length_that_may_not_come() {
    let token = token(5.0).await;
    let found = |body: &dyn Body<Data = Bytes, Error = Box<dyn std::error::Error + Send + Sync>>| {
        (body.size_hint().lower(), body.size_hint().upper())
    };
    assert_eq!(found(&LifetimeBody::new(Full::from("four"), &token)), (0, Some(4)));
    assert_eq!(found(&LifetimeBody::new(Feed::default(), &token)), (0, None));
    assert_eq!(found(&LifetimeBody::new(Empty::new(), &token)), (0, Some(0)), "the whole");
    assert_eq!(found(&LifetimeBody::<Full<Bytes>>::from("four".to_owned())), (4, Some(4)));
}

#[tokio::test(start_paused = true)]
async fn a_body_made_of_nothing_or_of_text_never_ends_early() {
    let made = LifetimeBody::<Full<Bytes>>::from("a problem".to_owned());
    let empty = LifetimeBody::<Empty<Bytes>>::default();
    pass(DAY).await;
    assert_eq!(made.collect().await.unwrap().to_bytes(), "a problem");
    assert!(empty.is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_that_nobody_asked_for() {
    let (source, mut body) = cut().await;
    for text in ["one", "two", "three"] {
        source.send(text);
    }
    assert_eq!(source.polled(), 0);
    for asked in 1..=3 {
        next(&mut body).await;
        assert_eq!(source.polled(), asked);
        pass(SECOND).await;
        assert_eq!(source.polled(), asked, "a reader that takes its time");
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_wakes_who_waits_and_so_does_the_end() {
    let (source, mut body) = cut().await;
    let began = Instant::now();
    let reader = tokio::spawn(async move {
        let mut read = Vec::new();
        while let Some(frame) = body.frame().await {
            read.push((told(Some(frame)), began.elapsed()));
        }
        read
    });
    for _ in 0..2 {
        pass(Duration::from_millis(1_500)).await;
        source.send("tick");
    }
    let read = soon(reader).await.unwrap();
    let (texts, times): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    assert_eq!(texts, ["tick", "tick", CUT]);
    for (found, expected) in times.into_iter().zip([1_500, 3_000, 5_000]) {
        assert_at("in time", found, Duration::from_millis(expected));
    }
}

fn movable<T: Unpin>(_: &T) {}

#[tokio::test(start_paused = true)]
async fn a_check_that_panics_lets_nothing_pass() {
    let broken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&broken);
    let check = tower_bearer::revocation_fn(move |_| {
        assert_eq!(counted.load(Ordering::SeqCst), 0, "broken");
        Revocation::Good
    });
    let token = verified(issuer().revocation(check), &token_for(900.0)).await;
    let (source, feed) = feed();
    let mut body = Box::pin(LifetimeBody::new(feed, &token));
    source.send("one");
    source.send("withheld");
    assert_eq!(at_hand(&mut body).as_deref(), Some("one"));
    broken.store(1, Ordering::SeqCst);
    pass(SECOND).await;
    for _ in 0..3 {
        let frame = std::panic::AssertUnwindSafe(|| at_hand(&mut body));
        assert!(std::panic::catch_unwind(frame).is_err());
    }
    broken.store(0, Ordering::SeqCst);
    assert_eq!(at_hand(&mut body).as_deref(), Some("withheld"), "once somebody can say");
}

#[tokio::test(start_paused = true)]
async fn any_body_will_do() {
    let token = token(5.0).await;
    // Errors of several types, movable or not.
    let of_axum = LifetimeBody::new(axum::body::Body::from("axum"), &token);
    assert_eq!(of_axum.collect().await.unwrap().to_bytes(), "axum");
    let infallible = LifetimeBody::new(Full::<Bytes>::from("full"), &token);
    assert_eq!(infallible.collect().await.unwrap().to_bytes(), "full");
    let boxed: LifetimeBody<_> = LifetimeBody::new(Feed::default().boxed_unsync(), &token);
    assert_eq!(boxed.collect().await.unwrap().to_bytes(), "");
    let twice = LifetimeBody::new(LifetimeBody::new(Full::<Bytes>::from("twice"), &token), &token);
    assert_eq!(twice.collect().await.unwrap().to_bytes(), "twice");

    movable(&LifetimeBody::new(Full::<Bytes>::from("full"), &token));
    movable(&token.lifetime());
}

#[tokio::test(start_paused = true)]
async fn of_two_tokens_the_first_end_counts() {
    for (inner, outer) in [(3.0, 7.0), (7.0, 3.0)] {
        let (_source, feed) = feed();
        let body = LifetimeBody::new(feed, &token(inner).await);
        let mut body = Box::pin(LifetimeBody::new(body, &token(outer).await));
        let began = Instant::now();
        assert_eq!(next(&mut body).await, CUT);
        assert_at("the first", began.elapsed(), 3 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_is_written_down_and_nothing_of_the_token() {
    let log = crate::support::Log::capture();
    let (_source, mut body) = cut().await;
    next(&mut body).await;
    let text = log.text();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("ends with")).collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert!(lines[0].contains("DEBUG tower_bearer: response ends with its token"), "{text}");
    assert!(lines[0].ends_with(r#"reason="expired""#), "{text}");
    assert_eq!(format!("{body:?}"), "LifetimeBody(..)");
}
