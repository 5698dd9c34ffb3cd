mod driving;
mod threads;

use std::{
    future::poll_fn,
    sync::atomic::{AtomicUsize, Ordering},
    task::Wake,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
    task::AtomicWaker,
};

use super::*;

/// The answer to a question that panics.
const PANICKED: u32 = 500;

/// Counts how often a task is woken.
#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Task {
    fn poll<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(self));
        future.poll_unpin(&mut Context::from_waker(&waker))
    }

    fn woken(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

/// A question that is answered by hand, and counts how often it is asked.
#[derive(Clone, Default)]
struct Oracle {
    asked: Arc<AtomicUsize>,
    answer: Arc<Mutex<Option<u32>>>,
    waker: Arc<AtomicWaker>,
}

impl Oracle {
    fn says(&self, answer: u32) {
        *lock(&self.answer) = Some(answer);
        self.waker.wake();
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn join(&self, questions: &Questions<u32>, name: &str) -> BoxFuture<'static, u32> {
        pending(self.try_join(questions, name))
    }

    fn try_join(&self, questions: &Questions<u32>, name: &str) -> Result<Lookup<u32>, Full> {
        questions.join(
            name,
            || None,
            |_| {
                self.asked.fetch_add(1, Ordering::SeqCst);
                let Self { answer, waker, .. } = self.clone();
                poll_fn(move |context| {
                    waker.register(context.waker());
                    lock(&answer).map_or(Poll::Pending, Poll::Ready)
                })
            },
        )
    }
}

/// One of those who wait for this future, and are the first to ask.
fn join<F>(questions: &Questions<u32>, asking: F) -> BoxFuture<'static, u32>
where
    F: Future<Output = u32> + Send + 'static,
{
    pending(questions.join("a", || None, |_| asking))
}

fn pending(joined: Result<Lookup<u32>, Full>) -> BoxFuture<'static, u32> {
    match joined {
        Ok(Lookup::Pending(waiting)) => waiting,
        other => panic!("{other:?}"),
    }
}

fn questions(questions: usize) -> Questions<u32> {
    Questions::new(Limits { questions, waiting: 100 }, || PANICKED)
}

fn in_flight(questions: &Questions<u32>) -> usize {
    lock(&questions.0.open).questions.len()
}

#[test]
fn those_who_ask_the_same_wait_for_one_answer() {
    let (questions, oracle, task) = (questions(2), Oracle::default(), Arc::default());
    let mut waiting: Vec<_> = (0..10).map(|_| oracle.join(&questions, "a")).collect();
    let mut other = oracle.join(&questions, "b");
    assert_eq!((oracle.asked(), in_flight(&questions)), (2, 2));
    assert!(waiting.iter_mut().all(|waiting| Task::poll(&task, waiting).is_pending()));
    oracle.says(7);
    assert_eq!(task.woken(), 1, "the one who drives");
    assert_eq!(Task::poll(&task, &mut waiting.remove(0)), Poll::Ready(7));
    assert_eq!(task.woken(), 9);
    assert!(waiting.iter_mut().all(|waiting| Task::poll(&task, waiting) == Poll::Ready(7)));
    assert_eq!(in_flight(&questions), 1, "an answered question is over");
    assert_eq!(Task::poll(&task, &mut other), Poll::Ready(7));
    assert_eq!((oracle.asked(), in_flight(&questions)), (2, 0));
}

#[test]
fn what_is_known_is_not_asked_and_what_is_in_flight_is_not_looked_up() {
    let questions = questions(1);
    let known = questions.join("a", || Some(1), |_| -> BoxFuture<'static, u32> { panic!("asked") });
    assert!(matches!(known, Ok(Lookup::Ready(1))));
    assert_eq!(in_flight(&questions), 0);
    let oracle = Oracle::default();
    let _first = oracle.join(&questions, "a");
    let second = questions.join("a", || panic!("looked up"), |_| ready(0));
    assert!(matches!(second, Ok(Lookup::Pending(_))));
}

#[test]
fn a_full_house_sends_others_away_and_says_so_once() {
    let (questions, oracle) = (questions(2), Oracle::default());
    let sent_away = || oracle.try_join(&questions, "c").map(drop);
    let first = oracle.join(&questions, "a");
    let second = oracle.join(&questions, "b");
    assert_eq!(sent_away(), Err(Full { news: true }));
    assert_eq!(sent_away(), Err(Full { news: false }));
    let same = oracle.join(&questions, "a");
    assert_eq!(sent_away(), Err(Full { news: false }), "one of the same name needs no place");
    drop(second);
    let third = oracle.join(&questions, "c");
    assert_eq!(oracle.try_join(&questions, "d").map(drop), Err(Full { news: true }));
    drop((first, same, third));
    assert_eq!(in_flight(&questions), 0);
}

#[test]
fn a_question_ends_when_nobody_waits_and_not_before() {
    let (questions, oracle, task) = (questions(1), Oracle::default(), Arc::default());
    for polled in [true, false] {
        let mut waiting: Vec<_> = (0..3).map(|_| oracle.join(&questions, "a")).collect();
        for waiting in &mut waiting {
            assert!(!polled || Task::poll(&task, waiting).is_pending());
        }
        while waiting.len() > 1 {
            drop(waiting.swap_remove(0));
            assert_eq!(in_flight(&questions), 1, "polled: {polled}");
        }
        waiting.clear();
        assert_eq!(in_flight(&questions), 0, "polled: {polled}");
    }
    assert_eq!(oracle.asked(), 2);
    let mut waiting = oracle.join(&questions, "a");
    oracle.says(7);
    assert_eq!(Task::poll(&task, &mut waiting), Poll::Ready(7));
}

#[test]
fn so_many_wait_in_all_and_one_who_goes_makes_room() {
    let questions = Questions::new(Limits { questions: 2, waiting: 3 }, || PANICKED);
    let (oracle, task) = (Oracle::default(), Arc::default());
    let turned_away = |name| oracle.try_join(&questions, name).map(drop);
    let mut waiting: Vec<_> = ["a", "b", "a"].map(|name| oracle.join(&questions, name)).into();
    assert_eq!(turned_away("a"), Err(Full { news: true }));
    assert_eq!(turned_away("c"), Err(Full { news: false }));
    let known = questions.join("c", || Some(1), |_| ready(0));
    assert!(matches!(known, Ok(Lookup::Ready(1))), "what is known needs no place");
    drop(waiting.remove(0));
    waiting.push(oracle.join(&questions, "b"));
    assert_eq!(turned_away("b"), Err(Full { news: false }));
    oracle.says(7);
    assert!(waiting.iter_mut().all(|waiting| Task::poll(&task, waiting) == Poll::Ready(7)));
    assert_eq!(turned_away("b"), Err(Full { news: false }), "an answered one who is still there");
    drop(waiting);
    drop([(); 3].map(|()| oracle.join(&questions, "a")));
    assert_eq!((in_flight(&questions), lock(&questions.0.open).waiting), (0, 0));
}

#[test]
fn an_old_question_that_ends_late_leaves_a_new_one_alone() {
    let (questions, oracle) = (questions(1), Oracle::default());
    let first = oracle.join(&questions, "a");
    let old = lock(&questions.0.open).questions["a"].clone();
    drop(first);
    let _new = oracle.join(&questions, "a");
    lock(&questions.0.open).end(&old);
    assert_eq!(in_flight(&questions), 1);
}

#[test]
fn a_panic_is_an_answer_for_all_and_the_next_one_asks_anew() {
    let (questions, oracle, task) = (questions(1), Oracle::default(), Arc::<Task>::default());
    let panics = poll_fn(|_| -> Poll<u32> { panic!("by the test") });
    let mut waiting = vec![join(&questions, panics)];
    waiting.extend((0..10).map(|_| oracle.join(&questions, "a")));
    assert_eq!(Task::poll(&task, &mut waiting[5]), Poll::Ready(PANICKED), "who polls it");
    assert_eq!(in_flight(&questions), 0, "though ten have not been polled yet");
    let mut next = oracle.join(&questions, "a");
    assert!(waiting.iter_mut().all(|waiting| Task::poll(&task, waiting) == Poll::Ready(PANICKED)));
    oracle.says(7);
    assert_eq!((Task::poll(&task, &mut next), oracle.asked()), (Poll::Ready(7), 1));
}
