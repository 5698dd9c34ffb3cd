use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, task::AbortHandle, time::Instant};

use super::{
    core::Core,
    source::{Answer, Question},
};
use crate::{
    error::KeyError,
    keys::fetch::{BoxError, within},
};

/// What a flight brought, once it is back.
pub(super) type Landed = Option<Result<(), KeyError>>;

/// One fetch on its way. It belongs to no request: whoever waits for it may go.
pub(super) struct Flight {
    /// Later ones have higher numbers, whatever the order in which they come back.
    pub(super) number: u64,
    pub(super) occasion: Occasion,
    pub(super) sent: Instant,
    pub(super) landed: watch::Receiver<Landed>,
    task: AbortHandle,
}

/// Why something is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// Somebody who runs this program wants it now.
    Operator,
    /// There are no keys, or they are old enough.
    Schedule,
    /// A token names a key that is not in the set.
    UnknownKey,
}

impl Occasion {
    /// No cache on the way may answer.
    pub(super) fn is_past_caches(self) -> bool {
        self != Self::Schedule
    }

    /// What stands in metrics.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Schedule => "schedule",
            Self::UnknownKey => "unknown_key",
        }
    }

    /// A stranger can bring it about.
    pub(super) fn is_forced(self) -> bool {
        self == Self::UnknownKey
    }
}

impl Flight {
    /// It has neither come back nor ended with its runtime.
    pub(super) fn is_under_way(&self) -> bool {
        self.landed.has_changed().is_ok()
    }

    /// Ends it: the resolver is gone, and nobody waits.
    pub(super) fn abort(&self) {
        self.task.abort();
    }
}

/// What a flight carries home with it.
pub(super) struct Ticket {
    pub(super) number: u64,
    pub(super) occasion: Occasion,
    pub(super) sent: Instant,
}

/// Sends a flight off; `None` where there is no runtime.
pub(super) fn launch(core: &Arc<Core>, ticket: Ticket, question: Question) -> Option<Flight> {
    let runtime = tokio::runtime::Handle::try_current().ok()?;
    let (done, landed) = watch::channel(None);
    let Ticket { number, occasion, sent } = ticket;
    let unlanded = Unlanded { core: Arc::downgrade(core), ticket: Some(ticket) };
    let (source, getter) = (Arc::clone(&core.source), Arc::clone(&core.getter));
    let settings = core.settings.clone();
    let task = runtime.spawn(async move {
        let answer = source.ask(&getter, &settings, question).await;
        drop(done.send(unlanded.land(answer)));
    });
    Some(Flight { number, occasion, sent, landed, task: task.abort_handle() })
}

/// Sees to it that a flight whose client panics is one that failed.
struct Unlanded {
    core: Weak<Core>,
    ticket: Option<Ticket>,
}

impl Unlanded {
    fn land(mut self, answer: Result<Answer, BoxError>) -> Landed {
        let ticket = self.ticket.take()?;
        Some(self.core.upgrade()?.land(&ticket, answer))
    }
}

impl Drop for Unlanded {
    fn drop(&mut self) {
        // Else the runtime it ran on has ended, which says nothing of the source. Nothing may be locked
        // then: one that is ending drops a task within `spawn`, where the state is locked already.
        if !std::thread::panicking() {
            return;
        }
        let Some((ticket, core)) = self.ticket.take().zip(self.core.upgrade()) else { return };
        drop(core.land(&ticket, Err("the client panicked".into())));
    }
}

/// A place among those who wait.
pub(super) struct Seat(Arc<AtomicUsize>);

impl Seat {
    /// `None` if all are taken.
    pub(super) fn take(taken: &Arc<AtomicUsize>, seats: usize) -> Option<Self> {
        let free = |count: usize| (count < seats).then(|| count.saturating_add(1));
        taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, free).ok()?;
        Some(Self(Arc::clone(taken)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Waits for a flight to come back, in a seat. `None` if it never will.
pub(super) struct Waiting {
    pub(super) number: u64,
    /// It was sent after the request had come, past all caches: what it does not bring is not there.
    pub(super) conclusive: bool,
    pub(super) landed: watch::Receiver<Landed>,
    pub(super) seat: Seat,
}

impl Waiting {
    pub(super) async fn wait(self, longest: Duration) -> Landed {
        let Self { mut landed, seat, .. } = self;
        let back = within(longest, landed.wait_for(Option::is_some)).await;
        drop(seat);
        back?.ok()?.clone()
    }
}
