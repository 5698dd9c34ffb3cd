//! The tables: what they are called, which version they are of, and how they are made.

use sqlx::{AssertSqlSafe, PgConnection};
use tower_bearer::ConfigError;

use crate::{fault::Fault, statements::Quoted};

/// The files that make the tables, in the order in which they are run. The number of the last is the version this crate counts on.
const FILES: [(&str, &str); 1] = [("001_tables.sql", include_str!("../sql/001_tables.sql"))];

/// Which server it is, and whether its version of our tables may be read, if there is one: without the right to it, to ask is an error.
const LOOK: &str = "
    SELECT current_setting('server_version_num')::int,
        CASE WHEN c.oid IS NOT NULL THEN has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') END
    FROM (SELECT) one LEFT JOIN pg_namespace n ON n.nspname = $1
        LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'version'";

/// What the files call the schema.
pub(crate) const DEFAULT: &str = "tower_bearer";

/// The oldest server that is supported, as PostgreSQL counts.
pub(crate) const OLDEST: i32 = 150_000;

/// The schema that the tables stand in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schema(String);

/// Which tables there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// As PostgreSQL counts: 150004 is 15.4.
    pub(crate) server: i32,
    /// 0 where there are none; missing where it may not be asked.
    pub(crate) tables: Option<i32>,
}

impl Schema {
    pub(crate) fn new(name: &str) -> Result<Self, ConfigError> {
        let letters = |letter: u8| letter.is_ascii_lowercase() || letter == b'_';
        let is_name = name.bytes().all(|letter| letters(letter) || letter.is_ascii_digit())
            && name.bytes().next().is_some_and(letters)
            && name.len() <= 63;
        // Names with this beginning are the server's own.
        if !is_name || name.starts_with("pg_") {
            return Err(ConfigError::new(
                "a schema's name has at most 63 of a-z, 0-9 and _, begins with no digit, and not with `pg_`",
            ));
        }
        Ok(Self(name.to_owned()))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    pub(crate) fn quoted(&self) -> Quoted {
        Quoted(format!("\"{}\"", self.0))
    }

    /// What there is.
    pub(crate) async fn state(&self, connection: &mut PgConnection) -> Result<State, Fault> {
        let look = sqlx::query_as(LOOK).bind(&self.0).fetch_one(&mut *connection);
        let (server, may_look): (i32, Option<bool>) = look.await?;
        let tables = match may_look {
            None => Some(0),
            Some(false) => None,
            Some(true) => Some(self.version(connection).await?),
        };
        Ok(State { server, tables })
    }

    async fn version(&self, connection: &mut PgConnection) -> Result<i32, Fault> {
        let query = format!("SELECT coalesce(max(number), 0) FROM {}.version", self.quoted().0);
        Ok(sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(connection).await?)
    }

    /// What to say to those who lack rights.
    pub(crate) fn grant(&self) -> String {
        let name = &self.0;
        format!(
            "this user may not use the tables in the schema {name:?}, or some are missing. Their owner says: GRANT USAGE ON SCHEMA {name} TO the_user; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {name} TO the_user;"
        )
    }

    /// Runs the files that were not run.
    pub(crate) async fn migrate(&self, connection: &mut PgConnection) -> Result<(), Fault> {
        for (number, (_, text)) in (1_i32..).zip(FILES) {
            // Others may have run it by now; it waits for them, and then says so.
            let there = self.state(connection).await?.tables;
            if there.ok_or_else(|| Fault::Said(self.grant()))? >= number {
                continue;
            }
            let text = text.replace(DEFAULT, &self.quoted().0);
            let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *connection).await;
            if let Err(error) = done {
                sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await?;
                if self.state(connection).await?.tables < Some(number) {
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }
}

impl State {
    /// Why this version cannot work with these tables, and what to do.
    pub(crate) fn refusal(self, schema: &Schema) -> Option<String> {
        let (name, wanted) = (schema.name(), i32::try_from(FILES.len()).unwrap_or(i32::MAX));
        if self.server < OLDEST {
            let major = self.server / 10_000;
            return Some(format!(
                "the server is PostgreSQL {major}, and 15 is the oldest that is supported"
            ));
        }
        let Some(tables) = self.tables else { return Some(schema.grant()) };
        if tables > wanted {
            return Some(format!(
                "the tables in the schema {name:?} are of version {tables}, and this release of tower-bearer-postgres knows {wanted}: use a newer release"
            ));
        }
        let (file, _) = usize::try_from(tables).ok().and_then(|run| FILES.get(run))?;
        Some(format!(
            "the schema {name:?} lacks tables of tower-bearer-postgres: call `migrate` before `connect`, or run `sql/{file}` and what follows it there"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        let long = "a".repeat(63);
        for name in ["tower_bearer", "a", "_", "a1", "select", &long] {
            assert_eq!(Schema::new(name).unwrap().quoted().0, format!("\"{name}\""));
        }
        let longer = "a".repeat(64);
        for name in
            ["", "1a", "A", "a b", "a\"b", "a;b", "a.b", "\u{e4}", "pg_catalog", "a\0", &longer]
        {
            assert!(Schema::new(name).is_err(), "{name:?}");
        }
    }
}
