use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use tokio::{sync::Notify, time::Instant};

use super::{
    flight::{Flight, Occasion, Seat, Ticket, Waiting, launch},
    schedule::{Schedule, Verdict},
    settings::Settings,
    snapshot::{Snapshot, usable_until},
    source::{Answer, Published, Question, Source},
};
use crate::{
    error::KeyError,
    jose::{algorithm::Algorithm, key::VerifyingKey},
    keys::{
        KeysStatus,
        fetch::{BoxError, Endpoint, Getter, reason},
        set::Found,
    },
    telemetry::TARGET,
};

/// What all handles of a resolver, its flights and its keeper share.
pub(super) struct Core {
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
    seats: Arc<AtomicUsize>,
    hasher: RandomState,
    state: Mutex<State>,
}

/// What changes when something is fetched. Locked for moments, and never by a request whose key is at hand.
pub(super) struct State {
    pub(super) schedule: Schedule,
    pub(super) flight: Option<Flight>,
    launched: u64,
    landed: u64,
    generation: u64,
    address: Option<Endpoint>,
    forgotten: HashSet<Box<str>>,
    last_error: Option<String>,
}

/// The key a token names.
pub(super) struct Wanted {
    pub(super) kid: Option<Box<str>>,
    pub(super) algorithm: Algorithm,
    pub(super) since: Instant,
    /// The last flight that was waited for.
    pub(super) waited_for: u64,
    /// A flight that was sent for this name is back.
    pub(super) concluded: bool,
    /// How often a flight may yet be waited for.
    pub(super) patience: u8,
}

pub(super) enum Decision {
    Answer(Result<VerifyingKey, KeyError>),
    /// A flight is needed, and here is no runtime for it.
    NoRuntime,
    Wait(Waiting),
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
                generation: 0,
                address: None,
                forgotten: HashSet::new(),
                last_error: None,
            }),
            settings,
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

    /// What becomes of a token whose key was not in the snapshot.
    pub(super) fn decide(self: &Arc<Self>, wanted: &Wanted, now: Instant) -> Decision {
        let mut state = self.lock();
        let snapshot = self.snapshot.load();
        let usable = snapshot.as_deref().filter(|snapshot| snapshot.is_usable(now));
        let Some(usable) = usable else { return self.without_keys(&mut state, wanted, now) };
        match usable.keys.find(wanted.kid.as_deref(), wanted.algorithm) {
            Found::Key(key) => Decision::Answer(Ok(key.clone())),
            Found::NotOne => Decision::Answer(Err(KeyError::not_found())),
            Found::Unknown => self.without_key(&mut state, wanted, now),
        }
    }

    fn without_keys(
        self: &Arc<Self>,
        state: &mut State,
        wanted: &Wanted,
        now: Instant,
    ) -> Decision {
        if let Some(decision) = self.join(state, wanted, now) {
            return decision;
        }
        match state.schedule.on_empty(now) {
            Verdict::Fetch if wanted.patience > 0 => {
                self.launch_for(state, wanted, Occasion::Schedule, now)
            }
            Verdict::Unavailable(rest) => unavailable(state, rest),
            Verdict::Absent | Verdict::Fetch => unavailable(state, Duration::ZERO),
        }
    }

    fn without_key(self: &Arc<Self>, state: &mut State, wanted: &Wanted, now: Instant) -> Decision {
        let kid = self.hasher.hash_one((wanted.kid.as_deref(), wanted.algorithm));
        let absent = || Decision::Answer(Err(KeyError::not_found()));
        if wanted.concluded {
            state.schedule.remember_absent(kid, &self.settings, now);
            return absent();
        }
        let forgotten = wanted.kid.as_deref().is_some_and(|kid| state.forgotten.contains(kid));
        if forgotten || state.schedule.is_absent(kid, now) {
            return absent();
        }
        if let Some(decision) = self.join(state, wanted, now) {
            return decision;
        }
        let verdict = if wanted.patience > 0 && self.has_seat() {
            state.schedule.on_unknown(&self.settings, now)
        } else {
            state.schedule.without_fetch(&self.settings, now, Duration::ZERO)
        };
        match verdict {
            Verdict::Absent => absent(),
            Verdict::Fetch => self.launch_for(state, wanted, Occasion::UnknownKey, now),
            Verdict::Unavailable(rest) => unavailable(state, rest),
        }
    }

    /// Waits for the flight in the air, unless this request has already waited for it.
    fn join(&self, state: &State, wanted: &Wanted, now: Instant) -> Option<Decision> {
        let flight = self.in_the_air(state, now)?;
        if flight.number <= wanted.waited_for || wanted.patience == 0 {
            return None;
        }
        Some(self.seat(state, flight, wanted))
    }

    fn launch_for(
        self: &Arc<Self>,
        state: &mut State,
        wanted: &Wanted,
        occasion: Occasion,
        now: Instant,
    ) -> Decision {
        if !self.launch(state, occasion, now) {
            return Decision::NoRuntime;
        }
        match &state.flight {
            Some(flight) => self.seat(state, flight, wanted),
            None => unavailable(state, Duration::ZERO),
        }
    }

    fn seat(&self, state: &State, flight: &Flight, wanted: &Wanted) -> Decision {
        match Seat::take(&self.seats, self.settings.max_waiting) {
            None => unavailable(state, Duration::ZERO),
            Some(seat) => Decision::Wait(Waiting {
                number: flight.number,
                conclusive: flight.occasion.is_past_caches() && flight.sent >= wanted.since,
                landed: flight.landed.clone(),
                seat,
            }),
        }
    }

    fn has_seat(&self) -> bool {
        self.seats.load(std::sync::atomic::Ordering::Acquire) < self.settings.max_waiting
    }

    /// The latest flight, unless its runtime stands still.
    pub(super) fn in_the_air<'s>(&self, state: &'s State, now: Instant) -> Option<&'s Flight> {
        let since = |flight: &Flight| now.saturating_duration_since(flight.sent);
        state.flight.as_ref().filter(|flight| since(flight) <= self.longest_flight())
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

    /// A place in a flight: the one in the air or, if the keys are wanted anew, one of its own.
    pub(super) fn board(self: &Arc<Self>, anew: bool, now: Instant) -> Result<Waiting, KeyError> {
        let mut state = self.lock();
        let wanted = Wanted::new(None, Algorithm::ES256, now);
        if !anew && let Some(decision) = self.join(&state, &wanted, now) {
            return decision.into_waiting();
        }
        let occasion = if anew { Occasion::Operator } else { Occasion::Schedule };
        match state.schedule.on_empty(now) {
            Verdict::Unavailable(rest) if !anew => unavailable(&state, rest).into_waiting(),
            _ => self.launch_for(&mut state, &wanted, occasion, now).into_waiting(),
        }
    }

    /// A flight is back.
    pub(super) fn land(
        &self,
        ticket: &Ticket,
        answer: Result<Answer, BoxError>,
    ) -> Result<(), KeyError> {
        let mut state = self.lock();
        state.arrived(ticket);
        let newest = ticket.number > state.landed;
        let result = match answer {
            Ok(answer) => {
                if newest {
                    state.landed = ticket.number;
                    self.install(&mut state, ticket, answer);
                }
                Ok(())
            }
            Err(error) => {
                let reason = reason(&error);
                if newest {
                    state.schedule.failed(ticket.sent, &self.settings);
                    state.last_error = Some(reason.clone());
                }
                tracing::warn!(target: TARGET, from = self.source.name(), error = reason, "keys not fetched");
                Err(KeyError::unavailable(reason))
            }
        };
        drop(state);
        self.wake.notify_one();
        result
    }

    /// A flight will never be back, through no fault of the source.
    pub(super) fn lose(&self, ticket: &Ticket) {
        self.lock().arrived(ticket);
        self.wake.notify_one();
    }

    fn install(&self, state: &mut State, ticket: &Ticket, answer: Answer) {
        let Answer { set, fresh, address, sent, complaint } = answer;
        let usable_until = usable_until(sent, fresh, self.settings.stale_for);
        let before = self.snapshot.load_full();
        let snapshot = match before {
            Some(held) if held.published.is_same_as(&set) => {
                Snapshot { published: set, usable_until, ..(*held).clone() }
            }
            _ => {
                state.generation = state.generation.saturating_add(1);
                state.schedule.new_set();
                Snapshot::new(set, &state.forgotten, state.generation, usable_until)
            }
        };
        tracing::debug!(
            target: TARGET,
            from = self.source.name(),
            keys = snapshot.published.count,
            skipped = snapshot.published.skipped.len(),
            generation = snapshot.generation,
            "keys fetched"
        );
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
        state.generation = state.generation.saturating_add(1);
        let published: Arc<Published> = Arc::clone(&held.published);
        let snapshot =
            Snapshot::new(published, &state.forgotten, state.generation, held.usable_until);
        self.snapshot.store(Some(Arc::new(snapshot)));
    }

    /// Nobody has asked for keys in a long while: the next request is a first one.
    pub(super) fn retire(&self) {
        let _state = self.lock();
        self.snapshot.store(None);
    }

    pub(super) fn status(&self, now: Instant) -> KeysStatus {
        let state = self.lock();
        let snapshot = self.snapshot.load();
        let published = snapshot.as_deref().map(|snapshot| &snapshot.published);
        let until = |at: Instant| at.saturating_duration_since(now);
        KeysStatus {
            usable: snapshot.as_deref().is_some_and(|snapshot| snapshot.is_usable(now)),
            keys: published.map_or(0, |published| published.count),
            skipped: published.map_or_else(Vec::new, |published| published.skipped.clone()),
            age: state.schedule.last_good().map(|asked| now.saturating_duration_since(asked)),
            next_refresh: state.schedule.next().map(until),
            last_error: state.last_error.clone(),
        }
    }
}

impl Wanted {
    pub(super) fn new(kid: Option<&str>, algorithm: Algorithm, now: Instant) -> Self {
        Self {
            kid: kid.map(Into::into),
            algorithm,
            since: now,
            waited_for: 0,
            concluded: false,
            patience: 3,
        }
    }
}

impl Decision {
    fn into_waiting(self) -> Result<Waiting, KeyError> {
        match self {
            Self::Wait(waiting) => Ok(waiting),
            Self::Answer(Err(error)) => Err(error),
            Self::Answer(Ok(_)) | Self::NoRuntime => Err(no_runtime()),
        }
    }
}

/// Keys are fetched by a task.
pub(super) fn no_runtime() -> KeyError {
    KeyError::unavailable("there is no tokio runtime to fetch keys on")
}

impl State {
    fn arrived(&mut self, ticket: &Ticket) {
        if self.flight.as_ref().is_some_and(|flight| flight.number == ticket.number) {
            self.flight = None;
        }
    }
}

fn unavailable(state: &State, wait: Duration) -> Decision {
    let reason = state.last_error.clone().unwrap_or_else(|| "asked too often".to_owned());
    let wait = wait.max(Duration::from_secs(1));
    Decision::Answer(Err(KeyError::unavailable(reason).with_retry_after(wait)))
}
