use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Wake, Waker},
};

use futures_util::future::BoxFuture;

/// A question in flight: what is asked, and who waits for the answer.
///
/// Nothing foreign runs under the lock: the future and the wakers are handed out, to be polled, woken or
/// dropped without it.
pub(super) struct Question<A> {
    pub(super) name: Arc<str>,
    state: Mutex<State<A>>,
}

struct State<A> {
    /// `None` while it is polled, and once the question is over.
    asking: Option<BoxFuture<'static, A>>,
    answer: Option<A>,
    /// The future is new, or has been woken since somebody last came to poll it.
    due: bool,
    /// Who polled the future last, or was woken to do it.
    driver: u64,
    /// Of those who wait and were not woken since they were polled.
    wakers: BTreeMap<u64, Waker>,
    waiting: usize,
    /// The number of the next one who comes.
    next: u64,
}

/// What one who waits and is polled has to do.
pub(super) enum Turn<A> {
    /// Go with the answer.
    Answered(A),
    /// Poll the future, and give it back or the answer.
    Drive(BoxFuture<'static, A>),
    /// Wait to be woken.
    Wait,
}

/// What somebody who went has left.
pub(super) struct Left<A> {
    /// There is nobody else.
    pub(super) last: bool,
    /// Who has to do now what he was woken for.
    pub(super) heir: Option<Waker>,
    /// What has to be dropped.
    pub(super) remains: (Option<Waker>, Option<BoxFuture<'static, A>>),
}

impl<A> Question<A> {
    pub(super) fn new(name: Arc<str>, asking: BoxFuture<'static, A>) -> Self {
        let state = State {
            asking: Some(asking),
            answer: None,
            due: true,
            driver: 0,
            wakers: BTreeMap::new(),
            waiting: 0,
            next: 0,
        };
        Self { name, state: Mutex::new(state) }
    }

    /// One more waits. The number is his.
    pub(super) fn join(&self) -> u64 {
        let mut state = lock(&self.state);
        let number = state.next;
        state.next = number.wrapping_add(1);
        state.waiting = state.waiting.saturating_add(1);
        number
    }

    /// Takes the future back that was polled in vain. Whoever is returned has to be woken.
    #[must_use]
    pub(super) fn rest(&self, asking: BoxFuture<'static, A>) -> Option<Waker> {
        let mut state = lock(&self.state);
        state.asking = Some(asking);
        state.call()
    }

    /// One goes, with an answer or without. The last takes the future with him.
    #[must_use]
    pub(super) fn leave(&self, number: u64) -> Left<A> {
        let mut state = lock(&self.state);
        state.waiting = state.waiting.saturating_sub(1);
        let last = state.waiting == 0;
        let waker = state.wakers.remove(&number);
        let asking = if last { state.asking.take() } else { None };
        let heir = if number == state.driver { state.call() } else { None };
        Left { last, heir, remains: (waker, asking) }
    }
}

impl<A: Clone> Question<A> {
    /// The turn of one who waits, with the waker to reach him by.
    pub(super) fn turn(&self, number: u64, waker: &Waker) -> Turn<A> {
        let waker = waker.clone();
        let (turn, spare) = lock(&self.state).turn(number, waker);
        drop(spare);
        turn
    }

    /// Takes the answer. All who wait have to be woken.
    #[must_use]
    pub(super) fn answer(&self, answer: A) -> BTreeMap<u64, Waker> {
        let mut state = lock(&self.state);
        state.answer = Some(answer);
        std::mem::take(&mut state.wakers)
    }
}

#[cfg(test)]
impl<A> Question<A> {
    /// Nobody holds its lock.
    pub(super) fn is_free(&self) -> bool {
        self.state.try_lock().is_ok()
    }
}

impl<A: Clone> State<A> {
    /// With a waker that nobody needs any more.
    fn turn(&mut self, number: u64, waker: Waker) -> (Turn<A>, Option<Waker>) {
        if let Some(answer) = &self.answer {
            return (Turn::Answered(answer.clone()), Some(waker));
        }
        let spare = self.wakers.insert(number, waker);
        // Whoever was woken for it may be long in coming: the first who is there does it.
        let due = self.due;
        let Some(asking) = self.asking.take_if(|_| due) else { return (Turn::Wait, spare) };
        self.due = false;
        self.driver = number;
        (Turn::Drive(asking), spare)
    }
}

impl<A> State<A> {
    /// Whom to wake, if the future is to be polled: who did it last, or else anybody. Who has no waker here
    /// will be polled anyway.
    fn call(&mut self) -> Option<Waker> {
        if !self.due || self.asking.is_none() {
            return None;
        }
        let last = self.wakers.remove_entry(&self.driver);
        let (number, waker) = last.or_else(|| self.wakers.pop_first())?;
        self.driver = number;
        Some(waker)
    }

    fn ring(&mut self) -> Option<Waker> {
        // Else somebody has been woken already.
        if std::mem::replace(&mut self.due, true) { None } else { self.call() }
    }
}

/// The future's waker, whoever polls it. There is no circle: the future goes when nobody waits for it.
impl<A: Send + 'static> Wake for Question<A> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let driver = lock(&self.state).ring();
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}

/// What is behind the lock is whole after a panic, too: every change is one step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
