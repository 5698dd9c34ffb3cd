use std::{
    any::Any,
    collections::HashMap,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use futures_util::future::BoxFuture;

use super::question::{Left, Question, Turn, lock};
use crate::lookup::Lookup;

/// Questions in flight: one for each name, however many wait for its answer, and so many in all.
///
/// Nothing is spawned: those who wait drive the question, one at a time, and it ends when nobody waits any
/// more. The answer wakes all; who goes wakes one other at most.
pub(super) struct Questions<A>(Arc<Desk<A>>);

/// How much there may be at once.
pub(super) struct Limits {
    pub(super) questions: usize,
    /// For all questions together.
    pub(super) waiting: usize,
}

/// There are too many questions in flight, or too many who wait for them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full {
    /// Nobody was told so since a question was begun.
    pub(super) news: bool,
}

struct Desk<A> {
    limits: Limits,
    /// The answer to a question that panics.
    panicked: fn() -> A,
    /// May be held when a question is locked, and not the other way round.
    open: Mutex<Open<A>>,
}

struct Open<A> {
    questions: HashMap<Arc<str>, Arc<Question<A>>>,
    waiting: usize,
    /// The last one who came was sent away.
    full: bool,
}

impl<A: Clone + Send + 'static> Questions<A> {
    pub(super) fn new(limits: Limits, panicked: fn() -> A) -> Self {
        let open = Mutex::new(Open { questions: HashMap::new(), waiting: 0, full: false });
        Self(Arc::new(Desk { limits, panicked, open }))
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
        let Self(desk) = self;
        let mut open = lock(&desk.open);
        let found = open.questions.get(name).map(Arc::clone);
        if found.is_none()
            && let Some(answer) = known()
        {
            return Ok(Lookup::Ready(answer));
        }
        if !open.has_room(&desk.limits, found.is_none()) {
            return Err(Full { news: !std::mem::replace(&mut open.full, true) });
        }
        let question = found.unwrap_or_else(|| open.begin(name.into(), ask));
        open.waiting = open.waiting.saturating_add(1);
        let number = question.join();
        Ok(Lookup::pending(Waiting { desk: Arc::clone(desk), question, number }))
    }
}

impl<A> Open<A> {
    fn has_room(&self, limits: &Limits, for_question: bool) -> bool {
        let questions = self.questions.len() < limits.questions;
        self.waiting < limits.waiting && (questions || !for_question)
    }

    fn begin<F>(&mut self, name: Arc<str>, ask: impl FnOnce(Arc<str>) -> F) -> Arc<Question<A>>
    where
        F: Future<Output = A> + Send + 'static,
    {
        self.full = false;
        let asking = Box::pin(ask(Arc::clone(&name)));
        let question = Arc::new(Question::new(Arc::clone(&name), asking));
        self.questions.insert(name, Arc::clone(&question));
        question
    }

    /// Gives the place of a question free, unless a later one of its name has it.
    fn end(&mut self, over: &Arc<Question<A>>) {
        if self.questions.get(&over.name).is_some_and(|question| Arc::ptr_eq(question, over)) {
            self.questions.remove(&over.name);
        }
    }
}

/// One of those who wait for an answer.
struct Waiting<A> {
    desk: Arc<Desk<A>>,
    question: Arc<Question<A>>,
    number: u64,
}

impl<A: Clone + Send + 'static> Waiting<A> {
    fn drive(&self, mut asking: BoxFuture<'static, A>) -> Poll<A> {
        let waker = Waker::from(Arc::clone(&self.question));
        let mut context = Context::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| asking.as_mut().poll(&mut context)));
        let (answer, panic) = match polled {
            Ok(Poll::Pending) => {
                self.question.rest(asking).into_iter().for_each(Waker::wake);
                return Poll::Pending;
            }
            Ok(Poll::Ready(answer)) => (answer, None),
            Err(panic) => ((self.desk.panicked)(), Some(panic)),
        };
        Poll::Ready(self.answer(answer, (asking, panic)))
    }

    /// `spent` is foreign, and may panic again when it is dropped: only once all others have the answer.
    fn answer(&self, answer: A, spent: (BoxFuture<'static, A>, Option<Box<dyn Any + Send>>)) -> A {
        // Before anybody hears of it: who asks again then is not given the same.
        lock(&self.desk.open).end(&self.question);
        let mut others = self.question.answer(answer.clone());
        others.remove(&self.number);
        others.into_values().for_each(Waker::wake);
        drop(spent);
        answer
    }
}

impl<A: Clone + Send + 'static> Future for Waiting<A> {
    type Output = A;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<A> {
        match self.question.turn(self.number, context.waker()) {
            Turn::Answered(answer) => Poll::Ready(answer),
            Turn::Drive(asking) => self.drive(asking),
            Turn::Wait => Poll::Pending,
        }
    }
}

impl<A> Drop for Waiting<A> {
    fn drop(&mut self) {
        let mut open = lock(&self.desk.open);
        open.waiting = open.waiting.saturating_sub(1);
        let Left { last, heir, remains } = self.question.leave(self.number);
        if last {
            open.end(&self.question);
        }
        drop(open);
        heir.into_iter().for_each(Waker::wake);
        drop(remains);
    }
}

#[cfg(test)]
mod tests;
