use std::{
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Wake, Waker},
};

use futures_util::future::ready;

use super::*;

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
        match self.try_join(questions, name) {
            Ok(Lookup::Pending(waiting)) => waiting,
            other => panic!("{other:?}"),
        }
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

fn in_flight(questions: &Questions<u32>) -> usize {
    lock(&questions.open).questions.len()
}

#[test]
fn those_who_ask_the_same_wait_for_one_answer() {
    let (questions, oracle, task) = (Questions::new(2), Oracle::default(), Arc::default());
    let mut waiting: Vec<_> = (0..10).map(|_| oracle.join(&questions, "a")).collect();
    let mut other = oracle.join(&questions, "b");
    assert_eq!((oracle.asked(), in_flight(&questions)), (2, 2));
    assert!(waiting.iter_mut().all(|waiting| Task::poll(&task, waiting).is_pending()));
    oracle.says(7);
    assert_eq!(task.woken(), 10);
    assert!(waiting.iter_mut().all(|waiting| Task::poll(&task, waiting) == Poll::Ready(7)));
    assert_eq!(in_flight(&questions), 1, "an answered question is over");
    assert_eq!(Task::poll(&task, &mut other), Poll::Ready(7));
    assert_eq!((oracle.asked(), in_flight(&questions)), (2, 0));
}

#[test]
fn what_is_known_is_not_asked_and_what_is_in_flight_is_not_looked_up() {
    let questions: Questions<u32> = Questions::new(1);
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
    let (questions, oracle) = (Questions::new(2), Oracle::default());
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
    let (questions, oracle, task) = (Questions::new(1), Oracle::default(), Arc::default());
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
fn whoever_goes_leaves_the_question_to_the_others() {
    let (questions, oracle) = (Questions::new(1), Oracle::default());
    let (gone, stays) = (Arc::default(), Arc::default());
    let (mut first, mut second) = (oracle.join(&questions, "a"), oracle.join(&questions, "a"));
    assert!(Task::poll(&gone, &mut first).is_pending());
    assert!(Task::poll(&stays, &mut second).is_pending());
    drop(first);
    oracle.says(7);
    assert!(stays.woken() > 0);
    assert_eq!(Task::poll(&stays, &mut second), Poll::Ready(7));
}

/// One task polls the question, which is woken at that moment; another comes and finds it busy; the
/// first goes away before it is polled again.
#[test]
fn one_who_came_between_a_wake_and_a_poll_is_not_forgotten() {
    let questions: Questions<u32> = Questions::new(1);
    let (gone, stays): (Arc<Task>, Arc<Task>) = Default::default();
    let late: Arc<Mutex<Option<BoxFuture<'static, u32>>>> = Arc::default();
    let mut polls = 0;
    let asking = poll_fn({
        let (late, stays) = (Arc::clone(&late), Arc::clone(&stays));
        move |context| {
            polls += 1;
            if polls > 1 {
                return Poll::Ready(7);
            }
            context.waker().wake_by_ref();
            assert!(Task::poll(&stays, lock(&late).as_mut().unwrap()).is_pending());
            Poll::Pending
        }
    });
    let join = |asking| match questions.join("a", || None, |_| asking) {
        Ok(Lookup::Pending(waiting)) => waiting,
        other => panic!("{other:?}"),
    };
    let mut first = join(asking.boxed());
    *lock(&late) = Some(join(ready(0).boxed()));
    assert!(Task::poll(&gone, &mut first).is_pending());
    assert_eq!((gone.woken(), stays.woken()), (1, 0));
    drop(first);
    assert_eq!(stays.woken(), 1, "it drives the question now");
    assert_eq!(Task::poll(&stays, lock(&late).as_mut().unwrap()), Poll::Ready(7));
}

#[test]
fn an_old_question_that_ends_late_leaves_a_new_one_alone() {
    let (questions, oracle) = (Questions::new(1), Oracle::default());
    let old = End { open: Arc::clone(&questions.open), name: "a".into(), number: 0 };
    drop(oracle.join(&questions, "a"));
    let _new = oracle.join(&questions, "a");
    drop(old);
    assert_eq!(in_flight(&questions), 1);
}

#[test]
fn a_question_that_panics_gives_its_place_free() {
    let questions: Questions<u32> = Questions::new(1);
    let panics = poll_fn(|_| -> Poll<u32> { panic!("by the test") });
    let Ok(waiting) = questions.join("a", || None, |_| panics) else { panic!("full") };
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = Task::poll(&Arc::default(), &mut pin!(waiting.into_future()));
    }));
    assert!(panicked.is_err());
    assert_eq!(in_flight(&questions), 0);
}
