//! One connection that is told what was revoked, for all who listen.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::postgres::{PgListener, PgNotification, PgPoolOptions};
use tokio::{
    runtime::Handle,
    sync::broadcast::{self, Receiver, Sender},
    time::timeout,
};
use tower_bearer::RevokedEntry;

use crate::{fault::Fault, message, store::Inner};

/// So many entries may wait for a reader that is slow; after that it reads everything.
const BACKLOG: usize = 4096;

/// A connection that is silent for so long is asked whether it is well.
const SILENCE: Duration = Duration::from_secs(3);

/// So long it may take to say so.
const PATIENCE: Duration = Duration::from_secs(3);

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
}

impl Inner {
    /// Somebody who listens. From now on all that is told reaches him, or the stream ends.
    pub(crate) async fn listen(self: &Arc<Self>) -> Result<Receiver<RevokedEntry>, Fault> {
        if let Some(listening) = self.ears.join() {
            return Ok(listening);
        }
        let listener = self.listener().await?;
        let runtime = Handle::try_current().map_err(|error| Fault::Said(error.to_string()))?;
        let (sender, receiver) = broadcast::channel(BACKLOG);
        // Of two who begin at once both have a connection; the later one is joined by others.
        *self.ears.lock() = Some(sender.clone());
        let inner = Arc::downgrade(self);
        runtime.spawn(async move {
            hear(listener, &sender).await;
            let Some(inner) = inner.upgrade() else { return };
            let mut ear = inner.ears.lock();
            if ear.as_ref().is_some_and(|ear| ear.same_channel(&sender)) {
                *ear = None;
            }
        });
        Ok(receiver)
    }

    /// A connection of its own, to which everything is told from now on.
    pub(crate) async fn listener(&self) -> Result<PgListener, Fault> {
        let options =
            self.listen_with.clone().unwrap_or_else(|| (*self.pool.connect_options()).clone());
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&pool).await?;
        // What is told while it is away would be lost, and nobody would know.
        listener.eager_reconnect(false);
        listener.listen(self.schema.name()).await?;
        Ok(listener)
    }
}

/// Tells what it hears until something may have been missed, or nobody listens any more.
async fn hear(mut listener: PgListener, sender: &Sender<RevokedEntry>) {
    while sender.receiver_count() > 0 {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(told))) if tell(&told, sender) => {}
            Err(_) if is_well(&mut listener).await => {}
            _ => return,
        }
    }
}

/// `false` if it cannot be understood, or says that everything is to be read.
fn tell(told: &PgNotification, sender: &Sender<RevokedEntry>) -> bool {
    if told.payload() == message::PROBE {
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
