//! What comes over a connection without having been asked for.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use futures_util::{StreamExt as _, stream};
use redis::{PushInfo, PushKind, Value};
use tokio::sync::broadcast::{self, Receiver, Sender};
use tower_bearer::{RevokedEntry, Told};

use crate::entry;

/// So many entries may wait for a reader that is slow; after that it reads everything.
const BACKLOG: usize = 4096;

/// Hears what one connection is told.
#[derive(Clone)]
pub(crate) struct Ears(Arc<Inner>);

struct Inner {
    channel: Vec<u8>,
    told: Mutex<Sender<RevokedEntry>>,
    is_gone: AtomicBool,
}

impl Ears {
    pub(crate) fn new(channel: &[u8]) -> Self {
        Self(Arc::new(Inner {
            channel: channel.to_vec(),
            told: Mutex::new(broadcast::channel(BACKLOG).0),
            is_gone: AtomicBool::new(false),
        }))
    }

    /// The connection was lost.
    pub(crate) fn is_gone(&self) -> bool {
        self.0.is_gone.load(Ordering::Acquire)
    }

    /// What is told from now on.
    pub(crate) fn listen(&self) -> Told {
        let listening = self.0.told.lock().unwrap_or_else(PoisonError::into_inner).subscribe();
        // Whoever lags behind has missed some: it ends, and everything is read.
        let next = |mut listening: Receiver<_>| async move {
            let entry = listening.recv().await.ok()?;
            Some((entry, listening))
        };
        stream::unfold(listening, next).boxed()
    }

    /// Ends all that is told: some of it may have been missed.
    pub(crate) fn end(&self) {
        *self.0.told.lock().unwrap_or_else(PoisonError::into_inner) = broadcast::channel(BACKLOG).0;
    }

    fn lose(&self) {
        self.0.is_gone.store(true, Ordering::Release);
        self.end();
    }

    fn hear(&self, push: &PushInfo) {
        match &push.kind {
            PushKind::Disconnection => self.lose(),
            PushKind::Message => self.take(&push.data),
            // Somebody has told the server to: there will be no more messages.
            PushKind::Unsubscribe => self.end(),
            _ => {}
        }
    }

    fn take(&self, message: &[Value]) {
        let [Value::BulkString(channel), Value::BulkString(text)] = message else {
            return self.end();
        };
        if *channel != self.0.channel {
            return;
        }
        let Some(entries) = entry::told(text) else { return self.end() };
        let told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            // Nobody may be listening.
            let _ = told.send(entry);
        }
    }

    /// What a connection calls. Once that is dropped, the connection is gone, whatever it has said before.
    pub(crate) fn hearing(&self) -> impl Fn(PushInfo) -> Result<(), redis::aio::SendError> + use<> {
        let hearing = Hearing(self.clone());
        move |push| {
            hearing.0.hear(&push);
            Ok(())
        }
    }
}

struct Hearing(Ears);

impl Drop for Hearing {
    fn drop(&mut self) {
        self.0.lose();
    }
}
