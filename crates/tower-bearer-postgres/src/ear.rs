//! One connection that is told what was revoked, for all who listen.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use sqlx::postgres::{PgListener, PgNotification};
use tokio::{
    runtime::Handle,
    sync::broadcast::{self, Receiver, Sender},
    time::timeout,
};
use tower_bearer::RevokedEntry;

use crate::{fault::Fault, listener::Listener, message, store::Inner};

/// So many entries may wait for a reader that is slow; after that it reads everything.
const BACKLOG: usize = 4096;

/// A connection that is silent for so long is asked whether it is well.
const SILENCE: Duration = Duration::from_secs(3);

/// So long it may take to say so.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// Who tells the present listeners, while there are any.
#[derive(Default)]
pub(crate) struct Ears(Mutex<Option<Sender<RevokedEntry>>>);

impl Ears {
    fn lock(&self) -> MutexGuard<'_, Option<Sender<RevokedEntry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more who listens to the connection there is. The task that reads it ends with the last of them, and closes the ear first.
    fn join(&self) -> Option<Receiver<RevokedEntry>> {
        self.lock().as_ref().map(Sender::subscribe)
    }

    /// Nobody joins this one any more.
    fn leave(&self, sender: &Sender<RevokedEntry>) {
        let mut ear = self.lock();
        if ear.as_ref().is_some_and(|ear| ear.same_channel(sender)) {
            *ear = None;
        }
    }
}

/// Tells others until it is dropped, in whatever way: a task ends also with its runtime, or by a panic.
struct Ear {
    inner: Weak<Inner>,
    sender: Sender<RevokedEntry>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.upgrade() {
            inner.ears.leave(&self.sender);
        }
    }
}

impl Inner {
    /// Somebody who listens. From now on all that is told reaches him, or the stream ends.
    pub(crate) async fn listen(self: &Arc<Self>) -> Result<Receiver<RevokedEntry>, Fault> {
        if let Some(listening) = self.ears.join() {
            return Ok(listening);
        }
        let runtime = Handle::try_current().map_err(|error| Fault::Said(error.to_string()))?;
        let mut listener = Listener::of(self).await?;
        let half = self.timeout.checked_div(2).unwrap_or(self.timeout);
        self.probe(&mut listener, half).await?;
        let (sender, receiver) = broadcast::channel(BACKLOG);
        // Of two who begin at once both have a connection; the later one is joined by others.
        *self.ears.lock() = Some(sender.clone());
        let ear = Ear { inner: Arc::downgrade(self), sender };
        runtime.spawn(async move { hear(listener, &ear.sender).await });
        Ok(receiver)
    }
}

/// Tells what it hears until something may have been missed, or nobody listens any more.
async fn hear(mut listener: Listener, sender: &Sender<RevokedEntry>) {
    while sender.receiver_count() > 0 {
        let Ok(connection) = listener.get() else { return };
        match timeout(SILENCE, connection.try_recv()).await {
            Ok(Ok(Some(told))) if tell(&told, sender) => {}
            Err(_) if is_well(connection).await => {}
            _ => return,
        }
    }
}

/// `false` if it cannot be understood, or says that everything is to be read.
fn tell(told: &PgNotification, sender: &Sender<RevokedEntry>) -> bool {
    if message::is_probe(told.payload()) {
        return true;
    }
    let Some(entry) = message::read(told.payload()) else { return false };
    // Nobody may be listening.
    let _ = sender.send(entry);
    true
}

async fn is_well(listener: &mut PgListener) -> bool {
    let asked = sqlx::query("SELECT 1").execute(listener);
    timeout(PATIENCE, asked).await.is_ok_and(|answer| answer.is_ok())
}
