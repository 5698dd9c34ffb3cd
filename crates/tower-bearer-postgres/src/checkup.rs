//! What is right and what is wrong about the server and its settings.

mod facts;
mod findings;

use std::time::UNIX_EPOCH;

use sqlx::{ConnectOptions as _, PgPool};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout},
};
use tower_bearer::{Checkup, Clock as _, ConfigError, SystemClock};

use self::facts::Facts;
use crate::{
    fault::Fault,
    listener::Listener,
    store::{Inner, LOOK, PostgresStore},
    time::millis,
};

impl PostgresStore {
    /// Looks at the server and its settings: what is right, what has a price, and what is wrong, with what to do about it. A server that cannot be reached
    /// is a finding, too.
    ///
    /// It takes a few seconds at most. Nothing of it names a session, a subject or a password.
    ///
    /// ```no_run
    /// # async fn doctor(store: tower_bearer_postgres::PostgresStore) {
    /// print!("{}", store.doctor().await);
    /// # }
    /// ```
    pub async fn doctor(&self) -> Checkup {
        let mut checkup = Checkup::new(format!("PostgreSQL, schema {:?}", self.0.schema.name()));
        let began = Instant::now();
        match self.facts().await {
            Ok(facts) => {
                let took = began.elapsed().as_millis();
                checkup.good(format!("it has answered some questions within {took} ms"));
                self.tell(&facts, &mut checkup);
                self.0.tell_push(&mut checkup).await;
            }
            Err(fault) => checkup.wrong(unreachable(&self.0.pool, fault).await),
        }
        checkup
    }

    fn tell(&self, facts: &Facts, checkup: &mut Checkup) {
        let ours = SystemClock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let most = self.0.pool.options().get_max_connections();
        facts.tell(checkup, &self.0.schema, millis(ours), most);
    }

    /// By a connection that is not looked at before.
    async fn facts(&self) -> Result<Facts, Fault> {
        let inner = &*self.0;
        self.ask_any(|mut lease| async move {
            let done = inner.facts(&mut lease).await;
            (lease, done)
        })
        .await
    }

    /// Holds if the store can work, and logs what else is to be said.
    pub(crate) async fn begin(&self) -> Result<(), ConfigError> {
        let facts = match self.facts().await {
            Ok(facts) => facts,
            Err(fault) => return Err(ConfigError::new(unreachable(&self.0.pool, fault).await)),
        };
        if let Some(refusal) = facts.refusal(&self.0.schema) {
            return Err(ConfigError::new(refusal));
        }
        self.know();
        let mut checkup = Checkup::new("PostgreSQL");
        self.tell(&facts, &mut checkup);
        checkup.log();
        Ok(())
    }

    /// The same once a server is reached that was not there at the beginning.
    pub(crate) fn log_checkup(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let store = self.clone();
        runtime.spawn(async move { store.doctor().await.log() });
    }
}

/// What to do when there is no answer. A pool tries until its time is over and does not say why, so a connection is asked for without it.
pub(crate) async fn unreachable(pool: &PgPool, fault: Fault) -> String {
    let fault = match fault {
        Fault::Slow => match timeout(LOOK, pool.connect_options().connect()).await {
            Ok(Ok(_)) => Fault::Said("the pool has no connection left".to_owned()),
            Ok(Err(error)) => error.into(),
            Err(_) => Fault::Slow,
        },
        fault => fault,
    };
    format!(
        "PostgreSQL cannot be asked: {fault}. Look at host, port, user and password of the pool, at what that user may do, and whether the server has connections left."
    )
}

impl Inner {
    /// Sends a message that says nothing, and waits for it.
    async fn tell_push(&self, checkup: &mut Checkup) {
        let began = Instant::now();
        let heard = timeout(self.timeout.max(LOOK), async {
            let mut listener = Listener::of(self).await?;
            self.probe(&mut listener, self.timeout.max(LOOK)).await
        });
        match heard.await.unwrap_or(Err(Fault::Slow)) {
            Ok(()) => {
                let took = began.elapsed().as_millis();
                checkup.good(format!("revocations are told to other nodes: a new connection has heard a message {took} ms after it was asked for"));
            }
            Err(fault) => checkup.doubtful(format!(
                "revocations are not told to other nodes, which read them every 5 s: {fault}. Behind PgBouncer in transaction mode, give `listen_with` a way past it."
            )),
        }
    }
}
