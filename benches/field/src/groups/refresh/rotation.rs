//! An issuer on loopback whose keys change whenever they are asked for, and somebody who asks for them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use axum::{
    Router, extract::State, http::header::CONTENT_TYPE, response::IntoResponse, routing::get,
};
use serde_json::Value;
use tower_bearer::Verifier;

use crate::{
    groups::one_thread,
    world::{Failure, bind},
};

/// How long there is nothing to do between two refreshes.
const REST: Duration = Duration::from_millis(5);

/// What happens during a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Nothing.
    Never = 0,
    /// Keys are fetched, and each time a name of one of them is another.
    Changing = 1,
    /// Keys are fetched, and are what they were.
    Unchanged = 2,
}

impl Pace {
    pub(super) fn described(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Changing => "every 5 ms, to another set each time",
            Self::Unchanged => "every 5 ms, to the same set",
        }
    }
}

/// A set of keys, and who fetches it.
pub(super) struct Rotation {
    url: String,
    state: Arc<Shared>,
}

struct Shared {
    /// The set has one key that stays, which signs, and one whose name changes.
    jwks: Value,
    pace: AtomicU8,
    published: AtomicU64,
    refreshes: [AtomicU64; 3],
    failed: AtomicU64,
}

impl Rotation {
    /// Publishes the set from a thread of its own.
    pub(super) fn serve(jwks: &str) -> Result<Self, Failure> {
        let (listener, origin) = bind()?;
        let state = Arc::new(Shared {
            jwks: serde_json::from_str(jwks)?,
            pace: AtomicU8::default(),
            published: AtomicU64::default(),
            refreshes: Default::default(),
            failed: AtomicU64::default(),
        });
        let router = Router::new().route("/jwks", get(published)).with_state(Arc::clone(&state));
        let runtime = one_thread()?;
        thread::Builder::new().name("rotation".to_owned()).spawn(move || {
            runtime.block_on(async move {
                axum::serve(tokio::net::TcpListener::from_std(listener)?, router).await
            })
        })?;
        Ok(Self { url: format!("{origin}/jwks"), state })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Refreshes this verifier's keys at the pace that is set, from a thread of its own, until this is dropped.
    pub(super) fn refresh(&self, verifier: Verifier) -> Result<(), Failure> {
        let runtime = one_thread()?;
        let state = Arc::clone(&self.state);
        thread::Builder::new().name("refresh".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let mut tick = tokio::time::interval(REST);
                tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                loop {
                    tick.tick().await;
                    state.refresh(&verifier).await;
                }
            });
        })?;
        Ok(())
    }

    pub(super) fn pace(&self, pace: Pace) {
        self.state.pace.store(pace as u8, Ordering::Relaxed);
    }

    /// How many refreshes there were at this pace. All of them have to be good.
    pub(super) fn refreshes(&self, pace: Pace) -> Result<u64, Failure> {
        let failed = self.state.failed.load(Ordering::Relaxed);
        if failed > 0 {
            return Err(format!("{failed} refreshes failed").into());
        }
        let counted = self.state.refreshes.get(usize::from(pace as u8));
        match counted.map(|counted| counted.load(Ordering::Relaxed)) {
            None | Some(0) => Err("no keys were refreshed".into()),
            Some(refreshes) => Ok(refreshes),
        }
    }
}

/// Who measures something else next wants no fetches beside it.
impl Drop for Rotation {
    fn drop(&mut self) {
        self.pace(Pace::Never);
    }
}

impl Shared {
    async fn refresh(&self, verifier: &Verifier) {
        let pace = self.pace.load(Ordering::Relaxed);
        if pace == Pace::Never as u8 {
            return;
        }
        match verifier.refresh_now().await {
            Ok(()) => {
                if let Some(counted) = self.refreshes.get(usize::from(pace)) {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
            Err(_) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn published(&self) -> Value {
        let number = if self.pace.load(Ordering::Relaxed) == Pace::Changing as u8 {
            self.published.fetch_add(1, Ordering::Relaxed)
        } else {
            self.published.load(Ordering::Relaxed)
        };
        let mut jwks = self.jwks.clone();
        if let Some(kid) = jwks.pointer_mut("/keys/1/kid") {
            *kid = Value::String(format!("next-{number}"));
        }
        jwks
    }
}

async fn published(State(state): State<Arc<Shared>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], state.published().to_string())
}
