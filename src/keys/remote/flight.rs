use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{sync::watch, task::AbortHandle, time::Instant};

use super::{core::Core, source::Question};
use crate::{
    error::KeyError,
    keys::{
        fetch::{reason, within},
        seat::Seat,
    },
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
    let core_of_task = Arc::downgrade(core);
    let (source, getter) = (Arc::clone(&core.source), Arc::clone(&core.getter));
    let settings = core.settings.clone();
    let task = runtime.spawn(async move {
        // What the client and its errors do is the user's code. None of it runs while the state is locked.
        let asked = async {
            source.ask(&getter, &settings, question).await.map_err(|error| reason(&error))
        };
        let answer = AssertUnwindSafe(asked).catch_unwind().await;
        let answer = answer.unwrap_or_else(|_| Err("the client panicked".to_owned()));
        if let Some(core) = core_of_task.upgrade() {
            drop(done.send(Some(core.land(&ticket, answer))));
        }
    });
    Some(Flight { number, occasion, sent, landed, task: task.abort_handle() })
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
