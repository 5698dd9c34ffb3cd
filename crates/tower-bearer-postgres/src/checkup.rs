//! What is right and what is wrong about the server and its settings.

use tokio::{runtime::Handle, time::timeout};
use tower_bearer::{Checkup, ConfigError, Soundness};

use crate::{fault::Fault, store::PostgresStore};

/// As tower-bearer itself.
const TARGET: &str = "tower_bearer";

impl PostgresStore {
    /// What is right and what is wrong about the server and its settings.
    pub async fn doctor(&self) -> Checkup {
        let mut checkup = Checkup::new(format!("PostgreSQL, schema {:?}", self.0.schema.name()));
        let inner = &*self.0;
        let asked = self.ask(|mut lease| async move {
            let done = match lease.connection() {
                Ok(connection) => inner.schema.state(connection).await,
                Err(fault) => Err(fault),
            };
            (lease, done)
        });
        match asked.await {
            Ok(_) => checkup.good("it can be reached"),
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                checkup.wrong(format!("it cannot be used: {}", source.unwrap_or_default()));
            }
        }
        checkup
    }

    pub(crate) async fn begin(&self) -> Result<(), ConfigError> {
        let leased = timeout(self.0.timeout, self.lease()).await.unwrap_or(Err(Fault::Slow));
        leased.map_err(|fault| ConfigError::new(fault.to_string()))?.give_back();
        Ok(())
    }

    pub(crate) fn log_checkup(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let store = self.clone();
        runtime.spawn(async move {
            for finding in store.doctor().await.findings() {
                let (finding, soundness) = (&*finding.text, finding.soundness);
                match soundness {
                    Soundness::Good => {}
                    Soundness::Doubtful => {
                        tracing::warn!(target: TARGET, finding, "a store's set-up is doubtful");
                    }
                    _ => tracing::error!(target: TARGET, finding, "a store's set-up is wrong"),
                }
            }
        });
    }
}
