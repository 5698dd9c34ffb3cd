//! A set and its log: what is known where, when, and while the log is away.

use std::{
    future::{pending, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, future::BoxFuture};
use serde_json::json;
use tokio::time::{Instant, advance, timeout};
use tower_bearer::{
    Algorithm::ES256, MemoryLog, RevocationLog, Revocations, Revoked, RevokedEntry, StoreError,
    TokenErrorKind as Kind, Told, Verifier,
};

use super::keys;
use crate::support::{Hand, ISSUER, NOW, json_token, standard};

const LONGEST: Duration = Duration::from_secs(900);

/// A log that tells nothing by itself, can be cut off, and loses what it has.
#[derive(Clone, Default)]
pub(super) struct Mute(Arc<Held>);

#[derive(Default)]
struct Held {
    entries: Mutex<Vec<RevokedEntry>>,
    is_down: AtomicBool,
    is_read_only: AtomicBool,
    appended: AtomicUsize,
}

impl RevocationLog for Mute {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let flags = [&self.0.is_down, &self.0.is_read_only];
            if flags.iter().any(|flag| flag.load(Ordering::SeqCst)) {
                return Err(StoreError::unavailable("cut off"));
            }
            self.0.appended.fetch_add(entries.len(), Ordering::SeqCst);
            self.0.entries.lock().unwrap().extend(entries);
            Ok(())
        })
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        Box::pin(async move {
            if self.0.is_down.load(Ordering::SeqCst) {
                return Err(StoreError::unavailable("cut off"));
            }
            Ok(self.0.entries.lock().unwrap().clone())
        })
    }
}

impl Mute {
    pub(super) fn cut_off(&self, is_down: bool) {
        self.0.is_down.store(is_down, Ordering::SeqCst);
    }

    pub(super) fn is_read_only(&self, is_read_only: bool) {
        self.0.is_read_only.store(is_read_only, Ordering::SeqCst);
    }

    pub(super) fn appended(&self) -> usize {
        self.0.appended.load(Ordering::SeqCst)
    }

    pub(super) fn lose_all(&self) {
        self.0.entries.lock().unwrap().clear();
    }
}

struct Node {
    revocations: Revocations,
    verifier: Verifier,
}

impl Node {
    fn of(log: impl RevocationLog) -> Self {
        Self::with(log, |builder| builder)
    }

    fn with(
        log: impl RevocationLog,
        set: impl FnOnce(tower_bearer::RevocationsBuilder) -> tower_bearer::RevocationsBuilder,
    ) -> Self {
        let builder = Revocations::builder(ISSUER, LONGEST).clock(Hand::default()).log(log);
        let revocations = set(builder).build().unwrap();
        let issuer = standard(keys()).max_lifetime(LONGEST).revocation(revocations.clone());
        Self { revocations, verifier: Verifier::new(issuer).unwrap() }
    }

    async fn ask(&self, sid: &str) -> Result<(), Kind> {
        let claims = json!({ "sid": sid, "iat": NOW, "exp": NOW + 900 });
        let token = json_token(ES256, &json!({}), &claims).compact();
        self.verifier.verify(&token).await.map(drop).map_err(|error| error.kind())
    }
}

/// Lets all tasks come to rest.
pub(super) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

pub(super) async fn after(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn other_nodes_are_told() {
    let log = MemoryLog::new();
    let (one, other) = (Node::of(log.clone()), Node::of(log.clone()));
    settle().await;
    one.revocations.revoke_session("s").await.unwrap();
    settle().await;
    assert_eq!(other.ask("s").await, Err(Kind::Revoked));
    assert_eq!(other.ask("s2").await, Ok(()));
    // One that comes later reads it.
    let late = Node::of(log);
    settle().await;
    assert_eq!(late.ask("s").await, Err(Kind::Revoked));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_does_not_tell_is_read_every_five_seconds() {
    let log = Mute::default();
    let (one, other) = (Node::of(log.clone()), Node::of(log));
    settle().await;
    one.revocations.revoke_session("s").await.unwrap();
    assert_eq!(one.ask("s").await, Err(Kind::Revoked));
    after(3).await;
    assert_eq!(other.ask("s").await, Ok(()));
    // Somewhat less than five, since reading takes time, too.
    advance(Duration::from_millis(1300)).await;
    settle().await;
    assert_eq!(other.ask("s").await, Err(Kind::Revoked));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_could_not_be_read_is_read_again_soon() {
    let log = Mute::default();
    let node = Node::of(log.clone());
    settle().await;
    log.cut_off(true);
    after(32).await;
    assert_eq!(node.ask("s").await, Err(Kind::RevocationUnavailable));
    log.cut_off(false);
    after(4).await;
    assert_eq!(node.ask("s").await, Ok(()));
}

/// A log that does not come to tell: it says so, or never says anything.
#[derive(Clone)]
struct Deaf(Mute, bool);

impl RevocationLog for Deaf {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.append(entries)
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        self.0.snapshot()
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Option<Told>, StoreError>> {
        if self.1 {
            return Box::pin(pending());
        }
        Box::pin(ready(Err(StoreError::unavailable("too many connections"))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_tell_is_read_all_the_same() {
    for hangs in [false, true] {
        let log = Mute::default();
        let (one, other) = (Node::of(log.clone()), Node::of(Deaf(log, hangs)));
        settle().await;
        after(1).await;
        assert_eq!(other.ask("s").await, Ok(()));
        for sid in ["a", "b", "c"] {
            one.revocations.revoke_session(sid).await.unwrap();
            for _ in 0..20 {
                advance(Duration::from_millis(250)).await;
                settle().await;
            }
            assert_eq!(other.ask(sid).await, Err(Kind::Revoked), "{hangs}");
        }
    }
}

/// A log of which something is revoked while one waits to be told.
#[derive(Clone)]
struct Between(MemoryLog);

impl RevocationLog for Between {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.append(entries)
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        self.0.snapshot()
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Option<Told>, StoreError>> {
        Box::pin(async {
            let what = Revoked::Session { sid: "s".to_owned() };
            self.0.append(vec![RevokedEntry::new(ISSUER, what, NOW + 900)]).await?;
            self.0.subscribe().await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_before_one_is_told_is_read() {
    let node = Node::of(Between(MemoryLog::new()));
    settle().await;
    assert_eq!(node.ask("s").await, Err(Kind::Revoked));
}

#[tokio::test(start_paused = true)]
async fn before_the_log_was_read_nobody_knows() {
    let log = Mute::default();
    log.cut_off(true);
    let node = Node::of(log.clone());
    settle().await;
    assert_eq!(node.ask("s").await, Err(Kind::RevocationUnavailable));
    log.cut_off(false);
    after(5).await;
    assert_eq!(node.ask("s").await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn after_thirty_seconds_without_the_log_nobody_knows() {
    let log = Mute::default();
    let node = Node::of(log.clone());
    settle().await;
    log.cut_off(true);
    after(30).await;
    assert_eq!(node.ask("s").await, Ok(()));
    after(1).await;
    assert_eq!(node.ask("s").await, Err(Kind::RevocationUnavailable));
    // What is known to be revoked is said to be.
    assert!(node.revocations.revoke_session("s").await.is_err());
    assert_eq!(node.ask("s").await, Err(Kind::Revoked));
    log.cut_off(false);
    after(5).await;
    assert_eq!(node.ask("s2").await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn staleness_can_be_chosen() {
    let log = Mute::default();
    let node = Node::with(log.clone(), |set| set.accept_while_stale(Duration::from_secs(300)));
    settle().await;
    log.cut_off(true);
    after(300).await;
    assert_eq!(node.ask("s").await, Ok(()));
    after(1).await;
    assert_eq!(node.ask("s").await, Err(Kind::RevocationUnavailable));
}

#[tokio::test(start_paused = true)]
async fn what_a_log_has_lost_it_is_given_back_once() {
    let log = Mute::default();
    let node = Node::of(log.clone());
    settle().await;
    node.revocations.revoke_session("s").await.unwrap();
    node.revocations.revoke_subject("u").await.unwrap();
    log.lose_all();
    after(5).await;
    assert_eq!(log.0.entries.lock().unwrap().len(), 2);
    assert_eq!(log.0.appended.load(Ordering::SeqCst), 4);
    // Nothing that was revoked is good again meanwhile, and nothing is written twice.
    assert_eq!(node.ask("s").await, Err(Kind::Revoked));
    after(60).await;
    assert_eq!(log.0.appended.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_written_is_written_later() {
    let log = Mute::default();
    let node = Node::of(log.clone());
    settle().await;
    log.cut_off(true);
    assert!(node.revocations.revoke_session("s").await.is_err());
    assert_eq!(node.ask("s").await, Err(Kind::Revoked));
    log.cut_off(false);
    after(5).await;
    let other = Node::of(log);
    settle().await;
    assert_eq!(other.ask("s").await, Err(Kind::Revoked));
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_clock_is_a_day_ahead_locks_nobody_out() {
    let log = Mute::default();
    let ahead = Hand::default();
    ahead.set(86_400);
    let wrong = Node::with(log.clone(), |set| set.clock(ahead));
    let hand = Hand::default();
    let right = Node::with(log, |set| set.clock(hand.clone()));
    settle().await;
    wrong.revocations.revoke_everyone().await.unwrap();
    wrong.revocations.revoke_session("s").await.unwrap();
    after(5).await;
    let at = |seconds: u64| {
        let claims = json!({ "sub": "u", "iat": NOW + seconds, "exp": NOW + seconds + 900 });
        json_token(ES256, &json!({}), &claims).compact()
    };
    assert!(right.verifier.verify(&at(0)).await.is_err(), "it is revoked nonetheless");
    right.verifier.verify(&at(65)).await.unwrap();
    // It counts once, and not anew with each reading.
    for seconds in 1..20 {
        hand.set(seconds * 5);
        after(5).await;
        right.verifier.verify(&at(65)).await.unwrap();
    }
    assert!(right.verifier.verify(&at(0)).await.is_err());
}

/// A log that panics once.
#[derive(Clone)]
struct Panicking(Mute, Arc<AtomicBool>);

impl RevocationLog for Panicking {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.append(entries)
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        assert!(self.1.swap(true, Ordering::SeqCst), "once");
        self.0.snapshot()
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_panics_is_asked_again() {
    let node = Node::of(Panicking(Mute::default(), Arc::default()));
    settle().await;
    assert_eq!(node.ask("s").await, Err(Kind::RevocationUnavailable));
    after(5).await;
    assert_eq!(node.ask("s").await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn many_entries_come_in_and_go_back() {
    let (log, other) = (Mute::default(), Mute::default());
    let node = Node::of(log.clone());
    settle().await;
    for at in 0..5000 {
        drop(node.revocations.revoke_session(&at.to_string()));
    }
    after(5).await;
    assert_eq!(log.0.entries.lock().unwrap().len(), 5000);
    other.0.entries.lock().unwrap().clone_from(&log.0.entries.lock().unwrap());
    let reader = Node::of(other);
    settle().await;
    assert_eq!(reader.revocations.len(), 5000);
    after(60).await;
    assert_eq!(reader.revocations.len(), 5000, "nothing stands twice");
}

#[tokio::test(start_paused = true)]
async fn a_log_serves_several_issuers() {
    let log = MemoryLog::new();
    let node = Node::of(log.clone());
    let others = Revocations::builder("https://other.example", LONGEST)
        .clock(Hand::default())
        .log(log)
        .build()
        .unwrap();
    settle().await;
    others.revoke_session("s").await.unwrap();
    others.revoke_everyone().await.unwrap();
    after(5).await;
    assert_eq!(node.ask("s").await, Ok(()));
    assert!(node.revocations.is_empty());
}

/// A log that takes its time to be read: what it says is what it had when it was asked.
#[derive(Clone)]
struct Slow(MemoryLog, Arc<AtomicUsize>);

impl RevocationLog for Slow {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.1.fetch_add(entries.len(), Ordering::SeqCst);
        self.0.append(entries)
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        let entries = self.0.snapshot();
        Box::pin(async {
            let entries = entries.await;
            let _ = timeout(Duration::from_secs(3), pending::<()>()).await;
            entries
        })
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Option<Told>, StoreError>> {
        self.0.subscribe()
    }
}

#[tokio::test(start_paused = true)]
async fn one_hears_while_one_reads_and_takes_nothing_for_lost() {
    let written = Arc::new(AtomicUsize::new(0));
    let node = Node::of(Slow(MemoryLog::new(), Arc::clone(&written)));
    settle().await;
    after(3).await;
    for sid in ["a", "b", "c", "d"] {
        after(4).await;
        // It is reading by now, or will be in a moment.
        node.revocations.revoke_session(sid).await.unwrap();
        after(1).await;
        after(3).await;
    }
    after(20).await;
    assert_eq!(written.load(Ordering::SeqCst), 4, "each was written once");

    let log = Slow(MemoryLog::new(), Arc::default());
    let (writer, reader) = (Node::of(log.0.clone()), Node::of(log));
    settle().await;
    writer.revocations.revoke_session("s").await.unwrap();
    settle().await;
    assert_eq!(reader.ask("s").await, Err(Kind::Revoked), "it has not been read yet");
    assert_eq!(reader.ask("t").await, Err(Kind::RevocationUnavailable));
}

/// A log that can be read and does not answer else.
struct Hanging(Mute);

impl RevocationLog for Hanging {
    fn append(&self, _: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(pending())
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        self.0.snapshot()
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_long_to_be_logged_out() {
    let node = Node::of(Hanging(Mute::default()));
    settle().await;
    let began = Instant::now();
    node.revocations.revoke_session("s").await.unwrap_err();
    assert!(began.elapsed() <= Duration::from_secs(2));
    assert_eq!(node.ask("s").await, Err(Kind::Revoked));
}

/// A log whose every subscription ends at once.
#[derive(Clone)]
struct Flapping(MemoryLog, Arc<AtomicUsize>);

impl RevocationLog for Flapping {
    fn append(&self, entries: Vec<RevokedEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.append(entries)
    }

    fn snapshot(&self) -> BoxFuture<'_, Result<Vec<RevokedEntry>, StoreError>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.snapshot()
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Option<Told>, StoreError>> {
        Box::pin(ready(Ok(Some(futures_util::stream::empty().boxed()))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_and_goes_means_reading_and_no_storm() {
    let (log, read) = (MemoryLog::new(), Arc::new(AtomicUsize::new(0)));
    let node = Node::of(Flapping(log.clone(), Arc::clone(&read)));
    let writer = Node::of(log);
    settle().await;
    writer.revocations.revoke_session("s").await.unwrap();
    for _ in 0..10 {
        advance(Duration::from_millis(100)).await;
        settle().await;
    }
    assert_eq!(node.ask("s").await, Err(Kind::Revoked));
    assert!((2..=12).contains(&read.load(Ordering::SeqCst)), "{read:?}");
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_last_clone() {
    let log = Mute::default();
    let node = Node::of(log.clone());
    settle().await;
    let before = Arc::strong_count(&log.0);
    drop(node);
    after(6).await;
    assert_eq!(Arc::strong_count(&log.0), before - 1);
}

#[tokio::test]
async fn what_is_known_is_not_too_old_before_it_is_read_again() {
    let builder = Revocations::builder(ISSUER, LONGEST).log(MemoryLog::new());
    let error = builder.accept_while_stale(Duration::from_secs(9)).build().unwrap_err();
    assert!(error.to_string().contains("10 s"), "{error}");
}

#[test]
fn a_log_needs_a_runtime() {
    let error = Revocations::builder(ISSUER, LONGEST).log(MemoryLog::new()).build().unwrap_err();
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}
