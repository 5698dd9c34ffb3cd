//! The task that keeps a set fresh: started by a request, on the runtime that serves it, and ended with
//! the resolver or after an hour without a request.

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use tokio::{runtime::Handle, sync::watch, time::Instant};

use super::{
    core::Core,
    flight::{Landed, Occasion},
};

/// How late a keeper may be before its runtime is taken for dead or stuck.
const GRACE: Duration = Duration::from_secs(5);

impl Core {
    /// Notes that there was a request, and sees to it that somebody keeps the set fresh.
    pub(super) fn touch(self: &Arc<Self>, now: Instant) {
        let at = self.millis(now);
        // A write for each request would have all threads fight for one cache line.
        if at >= self.used.load(Ordering::Relaxed).saturating_add(1000) {
            self.used.store(at, Ordering::Relaxed);
        }
        let lease = self.lease.load(Ordering::Acquire);
        if at >= lease {
            self.start(lease, now);
        }
    }

    /// Starts a keeper, unless another request was faster.
    fn start(self: &Arc<Self>, lease: u64, now: Instant) {
        let Ok(runtime) = Handle::try_current() else { return };
        let next = self.lease_until(now);
        if self.lease.compare_exchange(lease, next, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return;
        }
        let term = self.term.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        self.used.store(self.millis(now), Ordering::Relaxed);
        runtime.spawn(Keeper { core: Arc::downgrade(self), term }.keep());
    }

    /// Wakes whoever sleeps, and one who is about to: a keeper on a runtime that stands still must not catch
    /// what the one in its place waits for.
    pub(super) fn wake_keeper(&self) {
        self.wake.notify_waiters();
        self.wake.notify_one();
    }

    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.began).as_millis();
        // Zero is for a lease that nobody holds.
        u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// The keeper will show itself at this time.
    fn hold_lease(&self, at: Instant) {
        self.lease.store(self.lease_until(at), Ordering::Release);
    }

    fn lease_until(&self, at: Instant) -> u64 {
        self.millis(at.checked_add(GRACE).unwrap_or(at))
    }

    fn idle_at(&self) -> Instant {
        let used = Duration::from_millis(self.used.load(Ordering::Relaxed));
        let last = self.began.checked_add(used).unwrap_or(self.began);
        last.checked_add(self.settings.idle_after).unwrap_or(last)
    }
}

struct Keeper {
    core: Weak<Core>,
    term: u64,
}

enum Step {
    End,
    Sleep(Instant),
    Wait(watch::Receiver<Landed>, Duration),
}

impl Keeper {
    async fn keep(self) {
        let Some(wake) = self.core.upgrade().map(|core| Arc::clone(&core.wake)) else { return };
        loop {
            match self.step() {
                Step::End => return,
                Step::Sleep(until) => {
                    let awake = wake.notified();
                    drop(tokio::time::timeout_at(until, awake).await);
                }
                Step::Wait(mut landed, longest) => {
                    drop(tokio::time::timeout(longest, landed.wait_for(Option::is_some)).await);
                }
            }
        }
    }

    /// What to do now. The resolver is held for this moment only.
    fn step(&self) -> Step {
        let Some(core) = self.core.upgrade() else { return Step::End };
        if core.term.load(Ordering::Acquire) != self.term {
            return Step::End;
        }
        let now = Instant::now();
        let idle = core.idle_at();
        if idle <= now {
            core.retire();
            return Step::End;
        }
        let mut state = core.lock();
        let due = state.schedule.next().unwrap_or(now);
        if core.in_the_air(&state, now).is_none()
            && due <= now
            && !core.launch(&mut state, Occasion::Schedule, now)
        {
            return Step::End;
        }
        if let Some(flight) = core.in_the_air(&state, now) {
            let longest = core.longest_flight();
            core.hold_lease(now.checked_add(longest).unwrap_or(now));
            return Step::Wait(flight.landed.clone(), longest);
        }
        let until = due.min(idle);
        core.hold_lease(until);
        Step::Sleep(until)
    }
}

impl Drop for Keeper {
    /// Ended, or dropped with its runtime: the next request starts another one.
    fn drop(&mut self) {
        let Some(core) = self.core.upgrade() else { return };
        if core.term.load(Ordering::Acquire) == self.term {
            core.lease.store(0, Ordering::Release);
        }
    }
}

/// Nobody can ask any more: the keeper ends at once.
impl Drop for Core {
    fn drop(&mut self) {
        self.wake_keeper();
        if let Some(flight) = &self.lock().flight {
            flight.abort();
        }
    }
}
