//! One question for each issuer, and 64 in all.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use futures_util::{FutureExt, future::join_all};
use hyper::header::RETRY_AFTER;
use serde_json::json;
use tower_bearer::{IssuerError, IssuerResolver, Lookup, TokenErrorKind};

use super::{ACME, Answer, BETA, Tenants, good, token_of, verify};
use crate::support::{App, Log, NOW, Reply, verifiers};

/// Requests that wait by now, since their questions were asked or joined.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

fn get(app: &Arc<App>, token: String) -> tokio::task::JoinHandle<Reply> {
    let app = Arc::clone(app);
    tokio::spawn(async move { app.get(&token).await })
}

#[tokio::test]
async fn a_hundred_requests_of_a_new_tenant_are_one_question() {
    let tenants = Tenants::of([ACME]).closed();
    let app = Arc::new(tenants.app().await);
    let token = |n| token_of(ACME, &json!({}), &json!({ "sub": format!("user {n}") }));
    let waiting: Vec<_> = (0..100).map(|n| get(&app, token(n))).collect();
    settle().await;
    tenants.open(1);
    for (n, reply) in join_all(waiting).await.into_iter().enumerate() {
        let reply = reply.unwrap();
        reply.assert_accepted("one of a hundred");
        assert_eq!(reply.claims()["sub"], format!("user {n}"), "each has its own claims");
    }
    assert_eq!(tenants.asked(), [ACME]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_several_threads_it_is_one_question_as_well() {
    for _ in 0..50 {
        let tenants = Tenants::of([ACME]);
        let verifier = tenants.verifier();
        let token: Arc<str> = good(ACME).into();
        let verifying = (0..20).map(|_| {
            let (verifier, token) = (verifier.clone(), Arc::clone(&token));
            tokio::spawn(async move { verify(&verifier, &token).await })
        });
        for found in join_all(verifying).await {
            assert_eq!(found.unwrap(), Ok(ACME.to_owned()));
        }
        assert_eq!(tenants.asked(), [ACME]);
    }
}

/// Reads the time once as it was a second ago, as a thread does that is put to sleep just then.
struct Late {
    tenants: Tenants,
    late: Arc<AtomicBool>,
}

impl IssuerResolver for Late {
    fn resolve(&self, iss: &str) -> Lookup<Answer> {
        self.tenants.resolve(iss)
    }

    fn now(&self) -> SystemTime {
        let late = self.late.swap(false, Ordering::SeqCst);
        self.tenants.now() - Duration::from_secs(u64::from(late))
    }
}

#[tokio::test]
async fn one_who_read_the_time_before_the_answer_came_does_not_ask_again() {
    let tenants = Tenants::of([ACME]);
    let late = Arc::new(AtomicBool::new(false));
    let resolver = Late { tenants: tenants.clone(), late: Arc::clone(&late) };
    let verifier = verifiers::dynamic(resolver);
    for iss in [ACME, BETA] {
        let found = verify(&verifier, &good(iss)).await;
        late.store(true, Ordering::SeqCst);
        assert_eq!(verify(&verifier, &good(iss)).await, found, "{iss}");
        assert!(!late.load(Ordering::SeqCst), "the time was read");
        assert_eq!(tenants.asked(), [iss]);
    }
}

#[tokio::test]
async fn those_who_wait_for_an_outage_are_all_told() {
    let unavailable = || IssuerError::unavailable("gone").with_retry_after(Duration::from_secs(9));
    let tenants = Tenants::new(move |_| Err(unavailable())).closed();
    let app = Arc::new(tenants.app().await);
    let waiting: Vec<_> = (0..10).map(|_| get(&app, good(ACME))).collect();
    while tenants.asked.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    settle().await;
    tenants.open(usize::from(u16::MAX));
    for reply in join_all(waiting).await {
        let reply = reply.unwrap();
        reply.assert_unavailable("one of ten");
        assert_eq!(reply.headers[RETRY_AFTER], "9");
    }
}

#[tokio::test]
async fn the_sixty_fifth_question_is_not_asked() {
    let log = Log::capture();
    let tenants = Tenants::of([ACME, BETA]);
    let verifier = tenants.verifier();
    assert!(verify(&verifier, &good(BETA)).await.is_ok());
    let tenants = tenants.closed();
    assert_eq!(tenants.asked(), [BETA]);

    let name = |n| format!("https://{n}.example");
    let mut waiting: Vec<_> =
        (0..64).map(|n| Box::pin(verifier.verify(&good(&name(n))).into_future())).collect();
    assert!(waiting.iter_mut().all(|waiting| waiting.now_or_never().is_none()));
    assert_eq!(tenants.asked().len(), 64);

    assert!(matches!(verifier.verify(&good(ACME)), Lookup::Ready(Err(_))), "the 65th");
    let app = crate::support::app_of(verifier.clone()).await;
    for _ in 0..3 {
        let reply = app.get(&good(ACME)).await;
        reply.assert_unavailable("the 65th");
        assert_eq!(reply.headers[RETRY_AFTER], "1");
    }
    assert_eq!(
        log.text().matches("WARN tower_bearer: issuers unavailable").count(),
        1,
        "{}",
        log.text()
    );
    app.get(&good(BETA)).await.assert_accepted("one who is known");
    let same = verifier.verify(&good(&name(7)));
    assert!(matches!(same, Lookup::Pending(_)), "it joins a question in flight");
    assert!(tenants.asked().is_empty());

    // One of them is answered, and there is room.
    tenants.open(1);
    let found = waiting.remove(0).await.map(drop).map_err(|error| error.kind());
    assert_eq!(found, Err(TokenErrorKind::UnknownIssuer));
    let mut now = Box::pin(verifier.verify(&good(ACME)).into_future());
    assert!(now.as_mut().now_or_never().is_none());
    assert_eq!(tenants.asked(), [ACME]);
    drop((waiting, same));
    tenants.open(1);
    assert!(now.await.is_ok());
}

#[tokio::test]
async fn a_known_issuer_whose_time_is_over_is_a_question_like_another() {
    let tenants = Tenants::of([BETA]);
    let verifier = tenants.verifier();
    assert!(verify(&verifier, &good(BETA)).await.is_ok());
    let tenants = tenants.closed();
    let waiting: Vec<_> =
        (0..64).map(|n| verifier.verify(&good(&format!("https://{n}.example")))).collect();
    tenants.at(NOW + 299);
    assert!(verify(&verifier, &good(BETA)).await.is_ok(), "it needs no question");
    tenants.at(NOW + 300);
    let turned_away = Err(TokenErrorKind::IssuerUnavailable);
    assert_eq!(verify(&verifier, &good(BETA)).await, turned_away);
    drop(waiting);
    tenants.open(1);
    assert!(verify(&verifier, &good(BETA)).await.is_ok());
}

#[tokio::test]
async fn of_those_who_wait_the_1025th_is_turned_away() {
    let log = Log::capture();
    let tenants = Tenants::of([ACME, BETA]);
    let verifier = tenants.verifier();
    assert!(verify(&verifier, &good(BETA)).await.is_ok());
    let tenants = tenants.closed();
    let (acme, stranger) = (good(ACME), good("https://nobody.example"));
    let wait = |n| verifier.verify(if n == 0 { &stranger } else { &acme });
    let mut waiting: Vec<_> = (0..1_024).map(|n| Box::pin(wait(n).into_future())).collect();
    for (n, waiting) in waiting.iter_mut().enumerate() {
        assert!(waiting.now_or_never().is_none(), "{n}");
    }
    assert!(matches!(verifier.verify(&acme), Lookup::Ready(Err(_))), "the 1,025th");
    let app = crate::support::app_of(verifier.clone()).await;
    for (name, token) in [("one of many", &acme), ("another", &good("https://another.example"))] {
        let reply = app.get(token).await;
        reply.assert_unavailable(name);
        assert_eq!(reply.headers[RETRY_AFTER], "1", "{name}");
    }
    let text = log.text();
    assert_eq!(text.matches("WARN tower_bearer: issuers unavailable").count(), 1, "{text}");
    app.get(&good(BETA)).await.assert_accepted("one who is known");

    drop(waiting.pop());
    waiting.push(Box::pin(wait(1).into_future()));
    assert!(matches!(verifier.verify(&acme), Lookup::Ready(Err(_))), "one place was free");
    tenants.open(2);
    let answers = join_all(waiting).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1_023);
    assert_eq!(tenants.asked(), [BETA, "https://nobody.example", ACME]);
}

/// As a task does that is busy with something else.
#[tokio::test]
async fn one_who_holds_on_and_does_not_look_keeps_no_later_request_waiting() {
    let tenants = Tenants::of([ACME]).closed();
    let verifier = tenants.verifier();
    let mut idle = Box::pin(verifier.verify(&good(ACME)).into_future());
    assert!(idle.as_mut().now_or_never().is_none());
    tenants.open(1);
    assert!(verifier.verify(&good(ACME)).await.is_ok());
    assert!(idle.await.is_ok());
    assert_eq!(tenants.asked(), [ACME]);
}

#[tokio::test]
async fn whoever_is_given_up_takes_nothing_from_the_others_and_leaves_room() {
    let tenants = Tenants::of([ACME]).closed();
    let verifier = tenants.verifier();
    let wait = || Box::pin(verifier.verify(&good(ACME)).into_future());
    let (mut first, mut second, mut third) = (wait(), wait(), wait());
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    drop(first);
    assert!(third.as_mut().now_or_never().is_none());
    drop(third);
    tenants.open(1);
    assert!(second.await.is_ok());
    assert_eq!(tenants.asked(), [ACME]);

    // A stranger who asks and hangs up holds no place.
    let name = |n| format!("https://{n}.example");
    for n in 0..200 {
        let mut waiting = Box::pin(verifier.verify(&good(&name(n))).into_future());
        assert!(waiting.as_mut().now_or_never().is_none(), "{n}");
    }
    assert_eq!(tenants.asked().len(), 200);
}

#[tokio::test]
async fn a_client_that_hangs_up_harms_nobody() {
    let tenants = Tenants::of([ACME]).closed();
    let app = Arc::new(tenants.app().await);
    let impatient = get(&app, good(ACME));
    while tenants.asked.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let patient = get(&app, good(ACME));
    settle().await;
    impatient.abort();
    settle().await;
    tenants.open(2);
    patient.await.unwrap().assert_accepted("the one that waits");
    get(&app, good(ACME)).await.unwrap().assert_accepted("a later one");
}

#[tokio::test]
async fn a_verifier_that_is_gone_still_answers_those_who_wait() {
    let tenants = Tenants::of([ACME]).closed();
    let verifier = tenants.verifier();
    let waiting = verifier.verify(&good(ACME));
    drop(verifier);
    tenants.open(1);
    assert!(waiting.await.is_ok());
    assert_eq!(Arc::strong_count(&tenants.door), 1, "and is gone with the last of them");
}
