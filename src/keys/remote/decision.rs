//! What becomes of a token whose key is not at hand.

use std::{
    hash::BuildHasher,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    core::{Core, State},
    flight::{Flight, Occasion, Waiting},
    schedule::Verdict,
};
use crate::{
    error::KeyError,
    jose::{algorithm::Algorithm, key::VerifyingKey},
    keys::{seat::Seat, set::Found},
};

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

impl Core {
    /// What becomes of a token whose key was not in the snapshot.
    pub(super) fn decide(self: &Arc<Self>, wanted: &Wanted, now: Instant) -> Decision {
        let mut state = self.lock();
        if wanted.kid.as_deref().is_some_and(|kid| state.forgotten.contains(kid)) {
            return Decision::Answer(Err(KeyError::not_found()));
        }
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
            Verdict::Unavailable(rest) => unavailable(&self.name, state, rest),
            Verdict::Absent | Verdict::Fetch => unavailable(&self.name, state, Duration::ZERO),
        }
    }

    fn without_key(self: &Arc<Self>, state: &mut State, wanted: &Wanted, now: Instant) -> Decision {
        let kid = self.hasher.hash_one((wanted.kid.as_deref(), wanted.algorithm));
        let absent = || Decision::Answer(Err(KeyError::not_found()));
        if wanted.concluded {
            state.schedule.remember_absent(kid, &self.settings, now);
            return absent();
        }
        if state.schedule.is_absent(kid, now) {
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
            Verdict::Unavailable(rest) => unavailable(&self.name, state, rest),
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
            None => unavailable(&self.name, state, Duration::ZERO),
        }
    }

    fn seat(&self, state: &State, flight: &Flight, wanted: &Wanted) -> Decision {
        match Seat::take(&self.seats, self.settings.max_waiting) {
            None => unavailable(&self.name, state, Duration::ZERO),
            Some(seat) => Decision::Wait(Waiting {
                number: flight.number,
                conclusive: flight.occasion.is_past_caches() && flight.sent >= wanted.since,
                landed: flight.landed.clone(),
                seat,
            }),
        }
    }

    fn has_seat(&self) -> bool {
        self.seats.load(Ordering::Acquire) < self.settings.max_waiting
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
            Verdict::Unavailable(rest) if !anew => {
                unavailable(&self.name, &state, rest).into_waiting()
            }
            _ => self.launch_for(&mut state, &wanted, occasion, now).into_waiting(),
        }
    }
}

/// Why they are out of reach was logged when the fetch failed, and not again for each request.
fn unavailable(name: &str, state: &State, wait: Duration) -> Decision {
    let reason = state.last_error.as_deref().unwrap_or("asked too often");
    let error = KeyError::unavailable(format!("{name}: {reason}")).told();
    Decision::Answer(Err(error.with_retry_after(wait.max(Duration::from_secs(1)))))
}
