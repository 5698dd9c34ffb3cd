//! A connection that listens.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::{runtime::Builder, time::timeout};

use crate::{ear::PATIENCE, fault::Fault, lease::Lease, store::Inner};

/// So long it may take to listen no more.
const LEAVE: Duration = Duration::from_millis(100);

/// A listener that is gone once it is dropped.
///
/// By itself it would take leave of the server first, and wait for one that does not answer.
pub(crate) struct Listener(Option<PgListener>);

impl Listener {
    /// A connection of its own, to which everything is told from now on.
    pub(crate) async fn of(inner: &Inner) -> Result<Self, Fault> {
        let options = inner.listen_with.clone();
        let options = options.unwrap_or_else(|| (*inner.pool.connect_options()).clone());
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options);
        let mut this = Self(Some(PgListener::connect_with(&pool).await?));
        let listener = this.get()?;
        // What is told while it is away would be lost, and nobody would know.
        listener.eager_reconnect(false);
        let listens = timeout(PATIENCE, listener.listen(inner.schema.name())).await;
        listens.map_err(|_| Fault::Slow)??;
        Ok(this)
    }

    pub(crate) fn get(&mut self) -> Result<&mut PgListener, Fault> {
        self.0.as_mut().ok_or_else(|| Fault::Said("the connection was closed".to_owned()))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let Ok(grave) = Builder::new_current_thread().build() else { return };
        let handle = grave.handle().clone();
        // What it begins in a runtime that ends is never done, and its connection is closed.
        let _entered = handle.enter();
        drop(self.0.take());
        grave.shutdown_background();
    }
}

impl Inner {
    /// Sends a message that says nothing, as any other would be told, and waits until it is heard: a proxy may take a `LISTEN` that leads to nothing.
    pub(crate) async fn probe(
        &self,
        listener: &mut Listener,
        patience: Duration,
    ) -> Result<(), Fault> {
        let heard = timeout(patience, async {
            let probe = self.send_probe().await?;
            hear_probe(listener.get()?, &probe).await
        });
        if let Ok(heard) = heard.await {
            return heard;
        }
        // It stands in a connection of that proxy's, whoever gets that next.
        let _ = timeout(LEAVE, listener.get()?.unlisten_all()).await;
        let millis = patience.as_millis();
        Err(Fault::Said(format!("a message has not arrived within {millis} ms")))
    }

    /// Another node's would say nothing of the server that is asked here.
    async fn send_probe(&self) -> Result<String, Fault> {
        let mut lease = Lease::of(&self.pool, &self.cuts).await?;
        let query = sqlx::query_scalar(SEND_PROBE).bind(self.schema.name());
        let sent = query.fetch_one(lease.connection()?).await.map_err(Fault::from);
        lease.settle(&sent);
        sent
    }
}

const SEND_PROBE: &str = "SELECT probe FROM (SELECT '0 ' || gen_random_uuid() AS probe OFFSET 0) one, pg_notify($1, probe)";

async fn hear_probe(listener: &mut PgListener, probe: &str) -> Result<(), Fault> {
    loop {
        match listener.try_recv().await? {
            Some(told) if told.payload() == probe => return Ok(()),
            Some(_) => {}
            None => return Err(Fault::Broken("the connection was lost".to_owned())),
        }
    }
}
