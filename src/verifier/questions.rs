use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
    task::AtomicWaker,
};

use crate::lookup::Lookup;

/// Questions in flight: one for each name, however many wait for its answer, and so many in all.
///
/// Nothing is spawned: those who wait drive the question, and it ends when nobody waits any more.
pub(super) struct Questions<A> {
    open: Arc<Mutex<Open<A>>>,
    capacity: usize,
}

/// There are too many questions in flight.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full {
    /// Nobody was told so since there was room.
    pub(super) news: bool,
}

struct Open<A> {
    questions: HashMap<Arc<str>, Question<A>>,
    /// Tells a question from a later one of the same name.
    next: u64,
    /// The last one who came was sent away.
    full: bool,
}

struct Question<A> {
    number: u64,
    /// Weak, so that a question ends when nobody waits for it.
    answer: WeakShared<BoxFuture<'static, A>>,
    nudge: Arc<AtomicWaker>,
}

impl<A: Clone + Send + Sync + 'static> Questions<A> {
    pub(super) fn new(capacity: usize) -> Self {
        let open = Open { questions: HashMap::new(), next: 0, full: false };
        Self { open: Arc::new(Mutex::new(open)), capacity }
    }

    /// Waits for the answer to the question of this name, or asks it.
    ///
    /// `known` is the answer where it is at hand. It is called once no question of this name is in flight: whoever
    /// asks must have made it known by the end of its future, so that nothing is asked twice. `ask` is
    /// called under the lock, and its future is polled later, without it.
    pub(super) fn join<F>(
        &self,
        name: &str,
        known: impl FnOnce() -> Option<A>,
        ask: impl FnOnce(Arc<str>) -> F,
    ) -> Result<Lookup<A>, Full>
    where
        F: Future<Output = A> + Send + 'static,
    {
        let mut open = lock(&self.open);
        if let Some(waiting) = open.questions.get(name).and_then(Question::wait) {
            return Ok(Lookup::pending(waiting));
        }
        if let Some(answer) = known() {
            return Ok(Lookup::Ready(answer));
        }
        if open.questions.len() >= self.capacity {
            let news = !std::mem::replace(&mut open.full, true);
            return Err(Full { news });
        }
        let name: Arc<str> = name.into();
        let waiting = open.begin(&self.open, Arc::clone(&name), ask(name));
        Ok(Lookup::pending(waiting))
    }
}

impl<A: Clone + Send + Sync + 'static> Open<A> {
    fn begin(
        &mut self,
        open: &Arc<Mutex<Self>>,
        name: Arc<str>,
        asking: impl Future<Output = A> + Send + 'static,
    ) -> Waiting<A> {
        let number = self.next;
        self.next = number.wrapping_add(1);
        self.full = false;
        let ends = End { open: Arc::clone(open), name: Arc::clone(&name), number };
        let nudge = Arc::new(AtomicWaker::new());
        let mut asking = Box::pin(asking);
        let answer = poll_fn({
            let nudge = Arc::clone(&nudge);
            move |context| {
                // Moved in, to be dropped with the question.
                let _ = &ends;
                nudge.register(context.waker());
                asking.as_mut().poll(context)
            }
        });
        let answer = answer.boxed().shared();
        if let Some(weak) = answer.downgrade() {
            let nudge = Arc::clone(&nudge);
            self.questions.insert(name, Question { number, answer: weak, nudge });
        }
        Waiting { answer, nudge }
    }
}

impl<A> Question<A> {
    /// `None` if nobody waits for it any more, and it is about to end.
    fn wait(&self) -> Option<Waiting<A>> {
        Some(Waiting { answer: self.answer.upgrade()?, nudge: Arc::clone(&self.nudge) })
    }
}

/// One of those who wait for an answer.
struct Waiting<A> {
    answer: Shared<BoxFuture<'static, A>>,
    nudge: Arc<AtomicWaker>,
}

impl<A: Clone> Future for Waiting<A> {
    type Output = A;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<A> {
        self.answer.poll_unpin(context)
    }
}

/// `Shared` wakes those who wait at the moment. Had this one been woken, and another come before it was
/// polled, the other would never hear of it.
impl<A> Drop for Waiting<A> {
    fn drop(&mut self) {
        self.nudge.wake();
    }
}

/// Gives the place of a question free, whether it was answered or given up.
struct End<A> {
    open: Arc<Mutex<Open<A>>>,
    name: Arc<str>,
    number: u64,
}

impl<A> Drop for End<A> {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if open.questions.get(&self.name).is_some_and(|question| question.number == self.number) {
            open.questions.remove(&self.name);
        }
    }
}

/// What is behind the lock is whole after a panic, too: every change is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
