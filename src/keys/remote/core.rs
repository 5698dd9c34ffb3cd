use std::{
    collections::HashSet,
    hash::RandomState,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use tokio::{sync::Notify, time::Instant};

use super::{
    flight::{Flight, Occasion, Ticket, launch},
    schedule::Schedule,
    settings::Settings,
    snapshot::{Snapshot, usable_until},
    source::{Answer, Published, Question, Source},
};
use crate::{
    endpoint::Endpoint,
    error::KeyError,
    keys::{KeysStatus, fetch::Getter},
    telemetry::{TARGET, count},
};

/// What all handles of a resolver, its flights and its keeper share.
pub(super) struct Core {
    /// What stands in logs: an issuer, or a URL without its query.
    pub(super) name: Arc<str>,
    pub(super) settings: Settings,
    pub(super) source: Arc<Source>,
    pub(super) getter: Arc<Getter>,
    pub(super) snapshot: ArcSwapOption<Snapshot>,
    /// All times in the atomics below are milliseconds since then.
    pub(super) began: Instant,
    /// When there was last a request, within a second.
    pub(super) used: AtomicU64,
    /// Until when the keeper of now has to show itself before another one takes its place.
    pub(super) lease: AtomicU64,
    /// Which keeper it is.
    pub(super) term: AtomicU64,
    /// Wakes the keeper.
    pub(super) wake: Arc<Notify>,
    pub(super) seats: Arc<AtomicUsize>,
    pub(super) hasher: RandomState,
    state: Mutex<State>,
}

/// What changes when something is fetched. Locked for moments, and never by a request whose key is at hand.
pub(super) struct State {
    pub(super) schedule: Schedule,
    pub(super) flight: Option<Flight>,
    launched: u64,
    landed: u64,
    address: Option<Endpoint>,
    pub(super) forgotten: HashSet<Box<str>>,
    pub(super) last_error: Option<String>,
}

impl Core {
    pub(super) fn new(settings: Settings, source: Source, getter: Getter) -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(State {
                schedule: Schedule::new(&settings, now),
                flight: None,
                launched: 0,
                landed: 0,
                address: None,
                forgotten: HashSet::new(),
                last_error: None,
            }),
            settings,
            name: source.name().into(),
            source: Arc::new(source),
            getter: Arc::new(getter),
            snapshot: ArcSwapOption::empty(),
            began: now,
            used: AtomicU64::new(0),
            lease: AtomicU64::new(0),
            term: AtomicU64::new(0),
            wake: Arc::default(),
            seats: Arc::default(),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a flight can be in the air: two questions for metadata, and the one for the keys.
    pub(super) fn longest_flight(&self) -> Duration {
        self.settings.timeout.saturating_mul(3).saturating_add(Duration::from_secs(1))
    }

    /// The latest flight, unless its runtime stands still.
    pub(super) fn in_the_air<'s>(&self, state: &'s State, now: Instant) -> Option<&'s Flight> {
        let since = |flight: &Flight| now.saturating_duration_since(flight.sent);
        let flight = state.flight.as_ref().filter(|flight| flight.is_under_way());
        flight.filter(|flight| since(flight) <= self.longest_flight())
    }

    /// Sends a flight off, whatever is in the air; `false` where there is no runtime.
    pub(super) fn launch(
        self: &Arc<Self>,
        state: &mut State,
        occasion: Occasion,
        now: Instant,
    ) -> bool {
        let number = state.launched.saturating_add(1);
        let question = Question {
            held: self.snapshot.load().as_deref().map(|held| Arc::clone(&held.published)),
            address: state.address.clone(),
            occasion,
        };
        let Some(flight) = launch(self, Ticket { number, occasion, sent: now }, question) else {
            return false;
        };
        state.launched = number;
        // One that is overtaken still comes back to those who wait for it.
        state.flight = Some(flight);
        true
    }

    /// A flight is back.
    pub(super) fn land(
        &self,
        ticket: &Ticket,
        answer: Result<Answer, String>,
    ) -> Result<(), KeyError> {
        let mut state = self.lock();
        state.arrived(ticket);
        let newest = ticket.number > state.landed;
        let outcome = match answer {
            Ok(answer) => {
                let unchanged = self.holds(&answer.published);
                if newest {
                    state.landed = ticket.number;
                    self.install(&mut state, ticket, answer);
                }
                Ok(if unchanged { "unchanged" } else { "changed" })
            }
            Err(reason) => {
                if newest {
                    state.schedule.failed(ticket.sent, &self.settings);
                    state.last_error = Some(reason.clone());
                }
                Err(reason)
            }
        };
        drop(state);
        self.wake_keeper();
        self.tell(ticket, outcome)
    }

    /// Logs and counts how it went.
    fn tell(&self, ticket: &Ticket, outcome: Result<&'static str, String>) -> Result<(), KeyError> {
        let (now, from) = (Instant::now(), &*self.name);
        let KeysStatus { keys, skipped, age, .. } = self.status(now);
        count::keys(&self.name, keys, age);
        count::fetch(
            &self.name,
            ticket.occasion.code(),
            outcome.as_ref().map_or("failed", |how| how),
        );
        match outcome {
            Ok(how) => {
                let skipped = skipped.len();
                tracing::debug!(target: TARGET, from, outcome = how, keys, skipped, "keys fetched");
                Ok(())
            }
            Err(error) => {
                tracing::warn!(target: TARGET, from, error, "keys not fetched");
                Err(KeyError::unavailable(format!("{from}: {error}")).told())
            }
        }
    }

    fn holds(&self, published: &Published) -> bool {
        self.snapshot.load().as_deref().is_some_and(|held| held.published.is_same_as(published))
    }

    fn install(&self, state: &mut State, ticket: &Ticket, answer: Answer) {
        let Answer { published, fresh, address, sent, complaint } = answer;
        let usable_until = usable_until(sent, fresh, self.settings.stale_for);
        let before = self.snapshot.load_full();
        let snapshot = match before {
            Some(held) if held.published.is_same_as(&published) => {
                Snapshot { published, usable_until, ..(*held).clone() }
            }
            _ => {
                state.schedule.new_set();
                Snapshot::new(published, &state.forgotten, usable_until)
            }
        };
        self.snapshot.store(Some(Arc::new(snapshot)));
        state.schedule.good(sent, fresh, ticket.occasion.is_forced());
        state.address = Some(address);
        state.last_error = complaint;
    }

    /// Keys of this name are taken from no set any more.
    pub(super) fn forget(&self, kid: &str) {
        let mut state = self.lock();
        state.forgotten.insert(kid.into());
        let Some(held) = self.snapshot.load_full() else { return };
        let published: Arc<Published> = Arc::clone(&held.published);
        let snapshot = Snapshot::new(published, &state.forgotten, held.usable_until);
        self.snapshot.store(Some(Arc::new(snapshot)));
    }

    /// Nobody has asked for keys in a long while: the next request is a first one.
    pub(super) fn retire(&self) {
        let mut state = self.lock();
        self.snapshot.store(None);
        state.schedule.retire();
        // Of what was wrong an hour ago nothing is known.
        state.last_error = None;
    }

    pub(super) fn status(&self, now: Instant) -> KeysStatus {
        let state = self.lock();
        let snapshot = self.snapshot.load();
        let published = snapshot.as_deref().map(|snapshot| &snapshot.published);
        let until = |at: Instant| at.saturating_duration_since(now);
        KeysStatus {
            usable: snapshot.as_deref().is_some_and(|snapshot| snapshot.is_usable(now))
                || state.last_error.is_none(),
            keys: published.map_or(0, |published| published.count),
            skipped: published.map_or_else(Vec::new, |published| published.skipped.clone()),
            age: state.schedule.last_good().map(|asked| now.saturating_duration_since(asked)),
            next_refresh: state.schedule.next().map(until),
            last_error: state.last_error.clone(),
        }
    }
}

impl State {
    fn arrived(&mut self, ticket: &Ticket) {
        if self.flight.as_ref().is_some_and(|flight| flight.number == ticket.number) {
            self.flight = None;
        }
    }
}
