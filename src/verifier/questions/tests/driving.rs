//! Who is woken, and who polls.

use std::sync::OnceLock;

use super::*;

/// A future that is woken by hand, as often as one likes, counts how often it is polled, and pends until it
/// is told the answer.
#[derive(Clone, Default)]
struct Engine(Arc<(AtomicUsize, OnceLock<Waker>, OnceLock<u32>)>);

impl Engine {
    fn run(&self) -> impl Future<Output = u32> + Send + 'static {
        let Self(engine) = self.clone();
        poll_fn(move |context| {
            engine.0.fetch_add(1, Ordering::SeqCst);
            // Whoever polls, it is the same.
            assert!(engine.1.get_or_init(|| context.waker().clone()).will_wake(context.waker()));
            engine.2.get().map_or(Poll::Pending, |answer| Poll::Ready(*answer))
        })
    }

    fn ring(&self) {
        self.0.1.get().unwrap().wake_by_ref();
    }

    fn says(&self, answer: u32) {
        self.0.2.set(answer).unwrap();
        self.ring();
    }

    /// How often it was polled since the last time.
    fn polled(&self) -> usize {
        self.0.0.swap(0, Ordering::SeqCst)
    }
}

/// One who waits, and the task he waits in.
struct One {
    task: Arc<Task>,
    waiting: BoxFuture<'static, u32>,
}

impl One {
    fn of<F>(questions: &Questions<u32>, asking: F) -> Self
    where
        F: Future<Output = u32> + Send + 'static,
    {
        Self { task: Arc::default(), waiting: join(questions, asking) }
    }

    fn poll(&mut self) -> Poll<u32> {
        Task::poll(&self.task, &mut self.waiting)
    }

    #[track_caller]
    fn waits(mut self) -> Self {
        assert!(self.poll().is_pending());
        self
    }
}

/// So many who wait for one engine. They have been polled.
fn crowd<const N: usize>(engine: &Engine) -> [One; N] {
    let questions = Questions::new(Limits { questions: 1, waiting: N }, || PANICKED);
    std::array::from_fn(|_| One::of(&questions, engine.run()).waits())
}

fn woken(crowd: &[One]) -> Vec<usize> {
    crowd.iter().map(|one| one.task.woken()).collect()
}

#[test]
fn one_drives_and_the_answer_wakes_all() {
    let engine = Engine::default();
    let mut crowd = crowd::<4>(&engine);
    assert_eq!((engine.polled(), woken(&crowd)), (1, vec![0; 4]));
    for _ in 0..3 {
        engine.ring();
        engine.ring();
        assert_eq!(woken(&crowd), [1, 0, 0, 0]);
        assert!(crowd[0].poll().is_pending());
        assert_eq!(engine.polled(), 1);
    }
    engine.says(7);
    assert_eq!(woken(&crowd), [1, 0, 0, 0]);
    assert_eq!(crowd[0].poll(), Poll::Ready(7));
    assert_eq!(woken(&crowd), [0, 1, 1, 1]);
    assert!(crowd.iter_mut().skip(1).all(|one| one.poll() == Poll::Ready(7)));
    assert_eq!(engine.polled(), 1);
}

#[test]
fn a_poll_for_another_reason_costs_the_future_nothing() {
    let engine = Engine::default();
    let mut crowd = crowd::<3>(&engine);
    for _ in 0..5 {
        assert!(crowd.iter_mut().all(|one| one.poll().is_pending()));
    }
    assert_eq!((engine.polled(), woken(&crowd)), (1, vec![0; 3]));
}

#[test]
fn those_who_go_cost_the_others_nothing() {
    let engine = Engine::default();
    let mut crowd = Vec::from(crowd::<1_000>(&engine));
    drop(crowd.drain(..900));
    assert_eq!((engine.polled(), woken(&crowd)), (1, vec![0; 100]));
    engine.ring();
    assert_eq!(woken(&crowd).iter().sum::<usize>(), 1);

    // Each of these has been woken to drive, and goes instead.
    for left in (1..100).rev() {
        drop(crowd.remove(0));
        assert_eq!(woken(&crowd).iter().sum::<usize>(), 1, "{left} are left");
    }
    assert_eq!(engine.polled(), 0);
    engine.says(7);
    assert_eq!(crowd[0].poll(), Poll::Ready(7));
}

#[test]
fn one_who_was_woken_and_goes_wakes_exactly_one_other() {
    let engine = Engine::default();
    let [first, second, third, mut fourth] = crowd::<4>(&engine);
    drop(third);
    engine.says(7);
    assert_eq!(first.task.woken(), 1);
    drop(first);
    assert_eq!((second.task.woken(), fourth.task.woken()), (1, 0));
    drop(second);
    assert_eq!(fourth.task.woken(), 1);
    assert_eq!(fourth.poll(), Poll::Ready(7));
}

#[test]
fn one_who_was_not_woken_and_goes_wakes_nobody() {
    let engine = Engine::default();
    let [mut first, second, third] = crowd::<3>(&engine);
    engine.says(7);
    assert_eq!(first.task.woken(), 1);
    drop(second);
    assert_eq!((first.task.woken(), third.task.woken()), (0, 0));
    assert_eq!(first.poll(), Poll::Ready(7));
    assert_eq!(third.task.woken(), 1);
    drop(first);
    assert_eq!(third.task.woken(), 0);
    engine.ring();
    assert_eq!(third.task.woken(), 0, "there is nothing left to poll");
}

#[test]
fn one_who_goes_before_the_wake_leaves_it_to_another() {
    let engine = Engine::default();
    let [first, mut second] = crowd::<2>(&engine);
    drop(first);
    assert_eq!(second.task.woken(), 0, "there is nothing to do yet");
    engine.says(7);
    assert_eq!(second.task.woken(), 1);
    assert_eq!(second.poll(), Poll::Ready(7));
}

#[test]
fn one_who_has_not_been_polled_yet_drives_where_nobody_else_does() {
    let (questions, engine) = (questions(1), Engine::default());
    let one = || One::of(&questions, engine.run());
    let (never, first, mut second) = (one(), one().waits(), one());
    engine.says(7);
    assert_eq!(first.task.woken(), 1);
    drop(first);
    assert_eq!((never.task.woken(), second.task.woken()), (0, 0), "there is no waker yet");
    assert_eq!(second.poll(), Poll::Ready(7));
}

/// A task may hold on to its future and do something else.
#[test]
fn one_who_was_woken_and_does_not_come_holds_up_nobody_who_is_polled() {
    let (questions, engine) = (questions(1), Engine::default());
    let one = || One::of(&questions, engine.run()).waits();
    let (mut idle, mut other) = (one(), one());
    engine.ring();
    assert_eq!((idle.task.woken(), other.task.woken()), (1, 0));
    let third = one();
    assert_eq!(engine.polled(), 2, "who comes drives");
    engine.says(7);
    assert_eq!((idle.task.woken(), other.task.woken(), third.task.woken()), (0, 0, 1));
    assert_eq!(other.poll(), Poll::Ready(7), "and so does who is there");
    assert_eq!((engine.polled(), third.task.woken()), (1, 0), "who was woken is not woken twice");
    assert_eq!(idle.poll(), Poll::Ready(7));
}

#[test]
fn a_future_that_wakes_itself_while_it_is_polled_wakes_who_polls_it() {
    let questions = questions(1);
    let mut left = 3;
    let asking = poll_fn(move |context| {
        left -= 1;
        context.waker().wake_by_ref();
        context.waker().wake_by_ref();
        if left == 0 { Poll::Ready(7) } else { Poll::Pending }
    });
    let (mut first, mut second) = (One::of(&questions, asking), One::of(&questions, ready(0)));
    assert!(first.poll().is_pending());
    assert_eq!((first.task.woken(), second.task.woken()), (1, 0));
    assert!(second.poll().is_pending(), "it comes first, and drives");
    assert_eq!((first.task.woken(), second.task.woken()), (0, 1));
    drop(second);
    assert_eq!(first.task.woken(), 0, "it has been woken, and has yet to come");
    assert_eq!(first.poll(), Poll::Ready(7));
}

/// One task polls the question, which is woken at that moment; another comes and finds it busy; the
/// first goes away before it is polled again.
#[test]
fn one_who_came_between_a_wake_and_a_poll_is_not_forgotten() {
    let questions = questions(1);
    let late: Arc<Mutex<Option<One>>> = Arc::default();
    let mut polls = 0;
    let asking = poll_fn({
        let late = Arc::clone(&late);
        move |context| {
            polls += 1;
            if polls > 1 {
                return Poll::Ready(7);
            }
            context.waker().wake_by_ref();
            assert!(lock(&late).as_mut().unwrap().poll().is_pending());
            Poll::Pending
        }
    });
    let mut first = One::of(&questions, asking);
    *lock(&late) = Some(One::of(&questions, ready(0)));
    assert!(first.poll().is_pending());
    let mut late = lock(&late).take().unwrap();
    assert_eq!((first.task.woken(), late.task.woken()), (1, 0));
    drop(first);
    assert_eq!(late.task.woken(), 1, "it drives the question now");
    assert_eq!(late.poll(), Poll::Ready(7));
}

#[test]
fn one_who_came_while_the_future_answered_is_woken() {
    let questions = questions(1);
    let late: Arc<Mutex<Option<One>>> = Arc::default();
    let asking = poll_fn({
        let late = Arc::clone(&late);
        move |_| {
            assert!(lock(&late).as_mut().unwrap().poll().is_pending());
            Poll::Ready(7)
        }
    });
    let mut first = One::of(&questions, asking);
    *lock(&late) = Some(One::of(&questions, ready(0)));
    assert_eq!(first.poll(), Poll::Ready(7));
    drop(first);
    let mut late = lock(&late).take().unwrap();
    assert_eq!((late.task.woken(), late.poll()), (1, Poll::Ready(7)));
}

/// A future that looks whether it is polled and dropped without a lock.
struct Free {
    desk: Arc<Desk<u32>>,
    question: Arc<Mutex<Option<Arc<Question<u32>>>>>,
    seen: Arc<AtomicUsize>,
    answer: Poll<u32>,
}

impl Free {
    fn look(&self) {
        assert!(self.desk.open.try_lock().is_ok());
        assert!(lock(&self.question).as_ref().unwrap().is_free());
        self.seen.fetch_add(1, Ordering::SeqCst);
    }
}

impl Future for Free {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        self.look();
        self.answer
    }
}

impl Drop for Free {
    fn drop(&mut self) {
        self.look();
    }
}

#[test]
fn the_future_is_neither_polled_nor_dropped_under_a_lock() {
    for (answer, name) in [(Poll::Ready(7), "answered"), (Poll::Pending, "given up")] {
        let (questions, question) = (questions(1), Arc::default());
        let seen = Arc::new(AtomicUsize::new(0));
        let free = Free {
            desk: Arc::clone(&questions.0),
            question: Arc::clone(&question),
            seen: Arc::clone(&seen),
            answer,
        };
        let mut waiting = join(&questions, free);
        *lock(&question) = lock(&questions.0.open).questions.get("a").cloned();
        assert_eq!(Task::poll(&Arc::default(), &mut waiting), answer);
        drop(waiting);
        assert_eq!(seen.load(Ordering::SeqCst), 2, "{name}: polled once and dropped");
        assert_eq!(Arc::strong_count(lock(&question).as_ref().unwrap()), 1, "{name}: no circle");
    }
}
