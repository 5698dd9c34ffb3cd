//! What the server says of itself.

use sqlx::{AssertSqlSafe, FromRow, Row as _, postgres::PgRow};

use crate::{fault::Fault, lease::Lease, schema::State, store::Inner};

/// The settings of the server and of our connections to it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "settings as the server has them")]
pub(super) struct Settings {
    /// It has as many connections for users as this, in all.
    pub(super) connections: i32,
    pub(super) fsync: bool,
    pub(super) full_page_writes: bool,
    pub(super) synchronous_commit: String,
    pub(super) synchronous_standbys: bool,
    pub(super) standbys: i64,
    pub(super) is_replica: bool,
    pub(super) is_read_only: bool,
    /// Somebody's service: there is a role that only those have.
    pub(super) is_managed: bool,
    /// It sees while it waits that nobody waits for it any more.
    pub(super) watches: bool,
    pub(super) isolation: String,
    pub(super) autovacuum: bool,
    /// In milliseconds since 1970.
    pub(super) wall: i64,
}

/// What there is in the tables, and whether that may be changed.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    pub(super) may_all: bool,
    /// Missing if somebody has emptied the table.
    pub(super) latest: Option<i64>,
    /// So many sessions have ended some time ago, up to [`MANY`] and one more.
    pub(super) ended: i64,
}

/// From so many on it is said that they wait to be dropped.
pub(super) const MANY: i64 = 100_000;

#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) state: State,
    pub(super) settings: Settings,
    /// Of tables as this version knows them, if we may look.
    pub(super) tables: Option<Tables>,
}

/// Without the macros of sqlx.
macro_rules! from_row {
    ($type:ident { $($name:ident),+ }) => {
        impl FromRow<'_, PgRow> for $type {
            fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
                Ok(Self { $($name: row.try_get(stringify!($name))?),+ })
            }
        }
    };
}

from_row!(Settings {
    connections,
    fsync,
    full_page_writes,
    synchronous_commit,
    synchronous_standbys,
    standbys,
    is_replica,
    is_read_only,
    is_managed,
    watches,
    isolation,
    autovacuum,
    wall
});
from_row!(Tables { may_all, latest, ended });

const SETTINGS: &str = "
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS connections,
        current_setting('fsync')::bool AS fsync, current_setting('full_page_writes')::bool AS full_page_writes,
        current_setting('synchronous_commit') AS synchronous_commit,
        current_setting('synchronous_standby_names') <> '' AS synchronous_standbys,
        (SELECT count(*) FROM pg_stat_replication) AS standbys,
        pg_is_in_recovery() AS is_replica, current_setting('transaction_read_only')::bool AS is_read_only,
        EXISTS (SELECT FROM pg_roles WHERE rolname IN ('rdsadmin', 'cloudsqladmin', 'alloydbadmin', 'azure_pg_admin')) AS is_managed,
        current_setting('client_connection_check_interval') <> '0' AS watches,
        current_setting('default_transaction_isolation') AS isolation, current_setting('autovacuum')::bool AS autovacuum,
        floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS wall";

/// Whether all may be done that is done to these tables: asked first, for what may not be read is an error.
const RIGHTS: &str = "
    SELECT has_schema_privilege($1, 'USAGE')
        AND (SELECT bool_and(has_table_privilege(c.oid, needed.deed)) AND count(DISTINCT c.oid) = 4
            FROM (VALUES ('version', 'SELECT'), ('clock', 'SELECT'), ('clock', 'UPDATE'),
                ('sessions', 'SELECT'), ('sessions', 'INSERT'), ('sessions', 'UPDATE'), ('sessions', 'DELETE'),
                ('revoked', 'SELECT'), ('revoked', 'INSERT'), ('revoked', 'UPDATE'), ('revoked', 'DELETE')) AS needed (name, deed)
            JOIN pg_class c ON c.relname = needed.name AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1))";

const TABLES: &str = "
    SELECT true AS may_all, (SELECT max(latest) FROM {schema}.clock) AS latest,
        (SELECT count(*) FROM (SELECT FROM {schema}.sessions WHERE ends_in < $1 / 21600000 LIMIT $2) AS first) AS ended";

impl Inner {
    pub(super) async fn facts(&self, lease: &mut Lease) -> Result<Facts, Fault> {
        let state = self.schema.state(lease.connection()?).await?;
        let settings: Settings = sqlx::query_as(SETTINGS).fetch_one(lease.connection()?).await?;
        let tables = match state.refusal(&self.schema) {
            Some(_) => None,
            None => Some(self.tables(lease, settings.wall).await?),
        };
        Ok(Facts { state, settings, tables })
    }

    async fn tables(&self, lease: &mut Lease, wall: i64) -> Result<Tables, Fault> {
        let rights = sqlx::query_scalar(RIGHTS).bind(self.schema.name());
        let may_all: Option<bool> = rights.fetch_one(lease.connection()?).await?;
        if may_all != Some(true) {
            return Ok(Tables { may_all: false, latest: None, ended: 0 });
        }
        let now = self.clock().unwrap_or(wall);
        let query = TABLES.replace("{schema}", &self.schema.quoted().0);
        let query = sqlx::query_as(AssertSqlSafe(query)).bind(now).bind(MANY.saturating_add(1));
        Ok(query.fetch_one(lease.connection()?).await?)
    }
}
