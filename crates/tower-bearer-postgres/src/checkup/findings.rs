//! What the settings of a server mean, and what to do about it.

use tower_bearer::Checkup;

use super::facts::{Facts, MANY, Settings, Tables};
use crate::schema::Schema;

/// So far clocks may be apart in milliseconds without anybody caring.
const NEAR: i64 = 2_000;

impl Facts {
    /// Why the store cannot work at all.
    pub(super) fn refusal(&self, schema: &Schema) -> Option<String> {
        let Self { state, settings, tables } = self;
        if let Some(refusal) = state.refusal(schema) {
            return Some(refusal);
        }
        if settings.is_replica {
            return Some(
                "the server is a replica, which can only be read: connect to the primary"
                    .to_owned(),
            );
        }
        if settings.is_read_only {
            return Some(
                "transactions of this user only read: turn `default_transaction_read_only` off"
                    .to_owned(),
            );
        }
        let Some(Tables { may_all: true, latest, .. }) = tables else {
            return Some(schema.grant());
        };
        let name = schema.name();
        latest.is_none().then(|| {
            format!("the table {name}.clock is empty: INSERT INTO {name}.clock (latest) VALUES (0)")
        })
    }

    /// Says what is right and what is wrong. `ours` is this node's time in milliseconds since 1970, `pool` the most connections it may open.
    pub(super) fn tell(&self, checkup: &mut Checkup, schema: &Schema, ours: i64, pool: u32) {
        let major = self.state.server.checked_div(10_000).unwrap_or_default();
        match self.refusal(schema) {
            Some(refusal) => checkup.wrong(refusal),
            None => checkup.good(format!(
                "PostgreSQL {major} has the tables of version {} and takes changes",
                self.state.tables.unwrap_or_default()
            )),
        }
        self.settings.tell_durability(checkup);
        self.settings.tell_standbys(checkup);
        self.settings.tell_work(checkup, pool);
        self.tell_clocks(checkup, ours);
        if let Some(tables) = &self.tables {
            tables.tell(checkup);
        }
    }

    fn tell_clocks(&self, checkup: &mut Checkup, ours: i64) {
        let wall = self.settings.wall;
        let apart = wall.saturating_sub(ours).saturating_abs();
        if apart > NEAR {
            checkup.doubtful(format!(
                "its clock is {apart} ms from this machine's: sessions end by its clock and tokens by this one. Synchronise both (NTP)."
            ));
        } else {
            checkup.good("its clock is this machine's, within 2 s");
        }
        let latest = self.tables.as_ref().and_then(|tables| tables.latest).unwrap_or_default();
        let ahead = latest.saturating_sub(wall);
        if ahead > NEAR {
            checkup.wrong(format!(
                "it has been {ahead} ms later than it is now by its clock. The store's time stands still until then: no session becomes idle, and none that is begun ends before. If that was a mistake, and sessions that were said to have ended may go on: UPDATE the table `clock`, SET latest = 0."
            ));
        }
    }
}

impl Settings {
    fn tell_durability(&self, checkup: &mut Checkup) {
        let is_torn = !self.fsync || !self.full_page_writes;
        if is_torn && self.is_managed {
            checkup.doubtful(
                "`fsync` or `full_page_writes` is off, and the server is a provider's: some have storage that does without (Aurora). Ask yours whether what was answered outlives a crash of the machine.",
            );
        } else if is_torn {
            checkup.wrong(
                "`fsync` or `full_page_writes` is off: a crash of the machine can destroy all sessions and revocations. Turn both on.",
            );
        } else if self.synchronous_commit == "off" {
            checkup.doubtful(
                "`synchronous_commit` is off: a crash loses the last renewals and logins, up to about a second of them. A token that was lost in this way is taken once more, for it is newer than what is known; who has just logged in does so again. Revocations and ends of sessions are written with it on. To lose none: ALTER ROLE .. SET synchronous_commit = on.",
            );
        } else {
            checkup.good("what was answered is on disk");
        }
    }

    fn tell_standbys(&self, checkup: &mut Checkup) {
        let is_local = matches!(&*self.synchronous_commit, "off" | "local");
        if self.standbys == 0 {
            checkup.doubtful(
                "no standby is connected: when this server is away, tokens are verified and nobody can log in, renew or log out everywhere. A provider may keep one that PostgreSQL does not know of (RDS Multi-AZ, Aurora); whether that has what was answered, the provider says.",
            );
        } else if !self.synchronous_standbys || is_local {
            checkup.doubtful(
                "standbys follow without being waited for: a failover loses the last changes. Tokens that were renewed are taken once more; revocations are written again by the nodes that know them, within 5 s; who has just logged in does so again. Name them in `synchronous_standby_names` if that is too much.",
            );
        } else {
            checkup.good("a standby has what was answered");
        }
    }

    fn tell_work(&self, checkup: &mut Checkup, pool: u32) {
        let Self { connections, isolation, autovacuum, .. } = self;
        let needed = i64::from(pool).saturating_add(1);
        if needed > i64::from(*connections) {
            checkup.wrong(format!(
                "this node may open {needed} connections, and the server takes {connections} in all: lower `max_connections` of the pool, or raise it on the server"
            ));
        } else {
            checkup.good(format!(
                "this node opens {needed} connections, of {connections} that there are, and up to five times as many while questions are not answered in time"
            ));
        }
        if self.watches {
            checkup.good("the server sees when a question was given up");
        } else {
            checkup.doubtful(
                "`client_connection_check_interval` is 0 on this connection: a server that waits for a lock does not see when a question was given up, and each keeps one of its connections until then. The store sets it where nobody has prepared a statement before. Where others do, as in `after_connect`, say it to the server, if its system can (Linux, macOS, the BSDs): ALTER ROLE .. SET client_connection_check_interval = '1s'.",
            );
        }
        if isolation != "read committed" {
            checkup.doubtful(format!(
                "`default_transaction_isolation` is {isolation:?}: it is right all the same, and slower, for the server refuses what is tried at once and it is tried again. \"read committed\" is enough."
            ));
        }
        if *autovacuum {
            checkup.good("autovacuum is on");
        } else {
            checkup.wrong("autovacuum is off: the tables grow with each renewal. Turn it on.");
        }
    }
}

impl Tables {
    fn tell(&self, checkup: &mut Checkup) {
        if self.ended > MANY {
            checkup.doubtful(format!(
                "more than {MANY} sessions have ended and are kept: call `Sessions::purge` now and then, in one of the nodes or all"
            ));
        } else {
            checkup.good(format!("{} sessions wait to be dropped", self.ended));
        }
    }
}

#[cfg(test)]
mod tests;
