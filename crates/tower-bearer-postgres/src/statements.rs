//! All that is asked of the server, but for the check-up and what makes tables.
//!
//! Each is one statement, and so one transaction. `$1` is always the time of the test's clock in milliseconds, or null for the server's.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Postgres, postgres::PgArguments, query::Query};

/// A statement about one schema.
#[derive(Clone)]
pub(crate) struct Statement(Arc<str>);

impl Statement {
    fn new(schema: &Quoted, text: &str) -> Self {
        let text = text
            .replace("{locked}", "(SELECT l.id FROM {schema}.sessions l WHERE l.id = $2 AND l.counter = $3 AND NOT l.ended FOR NO KEY UPDATE)")
            .replace("{times}", "(SELECT t.latest, coalesce(t.now, {wall}) AS now FROM (SELECT) one LEFT JOIN {time} t ON true OFFSET 0)")
            .replace("{time}", "(SELECT latest, greatest(latest, {wall}) AS now, pg_is_in_recovery() AS follows FROM {schema}.clock OFFSET 0)")
            .replace("{wall}", "coalesce($1::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)")
            .replace("{durable}", "CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', true) END")
            .replace("{schema}", &schema.0);
        Self(text.split_whitespace().collect::<Vec<_>>().join(" ").into())
    }

    /// To be asked with this time.
    pub(crate) fn at(&self, clock: Option<i64>) -> Query<'_, Postgres, PgArguments> {
        // Nothing of it comes from outside but the schema's name, which is held against a list of letters.
        sqlx::query(AssertSqlSafe(Arc::clone(&self.0))).bind(clock)
    }
}

/// The name of a schema, in quotation marks.
#[derive(Clone)]
pub(crate) struct Quoted(pub(crate) String);

/// All statements about one schema.
pub(crate) struct Statements {
    pub(crate) append: Statement,
    pub(crate) create: Statement,
    pub(crate) find: Statement,
    pub(crate) forget: Statement,
    pub(crate) list: Statement,
    pub(crate) purge: Statement,
    pub(crate) raise: Statement,
    pub(crate) raise_unless_locked: Statement,
    pub(crate) renew: Statement,
    pub(crate) revoke: Statement,
    pub(crate) revoke_subject: Statement,
    pub(crate) snapshot: Statement,
    pub(crate) write: Statement,
}

impl Statements {
    pub(crate) fn new(schema: &Quoted) -> Self {
        let statement = |text| Statement::new(schema, text);
        Self {
            append: statement(APPEND),
            create: statement(CREATE),
            find: statement(FIND),
            forget: statement(FORGET),
            list: statement(LIST),
            purge: statement(PURGE),
            raise: statement(RAISE),
            raise_unless_locked: statement(RAISE_UNLESS_LOCKED),
            renew: statement(RENEW),
            revoke: statement(REVOKE),
            revoke_subject: statement(REVOKE_SUBJECT),
            snapshot: statement(SNAPSHOT),
            write: statement(WRITE),
        }
    }
}

const CREATE: &str = "
    INSERT INTO {schema}.sessions (id, subject, nonce, device, acr, counter, created_at, rotated_at, idle_until, expires_at, ended)
    SELECT $2, $3, $4, $5, $6, 0, t.now, t.now, least(t.now + $7, t.now + $8), t.now + $8, false FROM {time} t
    ON CONFLICT (id) DO NOTHING
    RETURNING created_at AS now, (SELECT latest FROM {schema}.clock) AS latest";

/// One row, also where there is no session: without a clock it would be none.
const FIND: &str = "
    SELECT t.now, t.latest, t.follows, s.id, s.subject, s.nonce, s.device, s.acr, s.counter, s.created_at, s.rotated_at, s.idle_until, s.expires_at, s.ended
    FROM {time} t LEFT JOIN {schema}.sessions s ON s.id = $2";

/// The next token of a session, which is the common case. Where it waits for another who writes the same row, the counter and the end are held
/// against what that one has written, and the end against the time after the wait. That is also when it was renewed: whoever asked may have gone, and comes again,
/// which by an older time would be a theft. So the row is locked before the time is asked: an UPDATE waits with what it has worked out, and writes that.
const RENEW: &str = "
    UPDATE {schema}.sessions s SET counter = s.counter + 1,
        (rotated_at, idle_until) = (SELECT w.now, least(w.now + $4, s.expires_at) FROM (SELECT greatest(t.now, {wall}) AS now OFFSET 0) w)
    FROM {time} t
    WHERE s.id = {locked} AND s.counter = $3 AND NOT s.ended AND greatest(t.now, {wall}) < least(s.idle_until, s.expires_at)
    RETURNING s.counter, s.rotated_at AS now, t.latest";

/// What was decided about a session that was read, unless it has changed since: a counter only rises, and with it changes all else but the end.
/// A renewal is of the time after the wait, as in `RENEW`.
const WRITE: &str = "
    UPDATE {schema}.sessions SET counter = $4, ended = $7,
        (rotated_at, idle_until) = (SELECT w.now, CASE WHEN $7 THEN $6 ELSE least(w.now + $6 - $5, expires_at) END
            FROM (SELECT CASE WHEN $7 THEN $5 ELSE greatest($5, {wall}) END AS now OFFSET 0) w)
    WHERE id = {locked} AND counter = $3 AND NOT ended
        AND ($7 OR greatest((SELECT latest FROM {schema}.clock), {wall}) < least(idle_until, expires_at))
    RETURNING CASE WHEN $7 THEN {durable} END";

/// It is ended also where the clock is missing, which is then an error.
const REVOKE: &str = "
    UPDATE {schema}.sessions s SET ended = true FROM {times} t
    WHERE s.id = $2 AND NOT s.ended
    RETURNING greatest(t.now, {wall}) AS now, t.latest, least(s.idle_until, s.expires_at) AS over_at, {durable}";

/// In the order of ids, so that two of these do not wait for each other. It is as `REVOKE` without a clock.
const REVOKE_SUBJECT: &str = "
    UPDATE {schema}.sessions s SET ended = true FROM {times} t
    WHERE s.id = ANY(ARRAY(
        SELECT o.id FROM {schema}.sessions o
        WHERE sha256(o.subject) = sha256($2) AND o.subject = $2 AND NOT o.ended AND o.id IS DISTINCT FROM $3
        ORDER BY o.id LIMIT $4 FOR UPDATE))
    RETURNING s.id, greatest(t.now, {wall}) AS now, t.latest, least(s.idle_until, s.expires_at) AS over_at, {durable}";

const LIST: &str = "
    SELECT t.now, t.latest, t.follows, s.* FROM {time} t LEFT JOIN LATERAL (
        SELECT o.id, o.subject, o.nonce, o.device, o.acr, o.counter, o.created_at, o.rotated_at, o.idle_until, o.expires_at, o.ended
        FROM {schema}.sessions o
        WHERE sha256(o.subject) = sha256($2) AND o.subject = $2 AND NOT o.ended AND o.id > $3
        ORDER BY o.id LIMIT $4) s ON true";

/// The array is made once; a mere subquery might be run again for each row. So is the time, without which the index could not say where to end: all that live
/// would be read. Of the six hours that it is in, all are.
const PURGE: &str = "
    DELETE FROM {schema}.sessions WHERE id = ANY(ARRAY(
        SELECT s.id FROM {schema}.sessions s
        WHERE s.ends_in <= (SELECT t.now / 21600000 FROM {time} t)
            AND (s.ended OR least(s.idle_until, s.expires_at) <= (SELECT t.now FROM {time} t))
        ORDER BY s.ends_in LIMIT $2 FOR UPDATE OF s SKIP LOCKED))";

const RAISE: &str = "
    UPDATE {schema}.clock SET latest = greatest(latest, $2, {wall}) WHERE latest < greatest($2, {wall})";

const RAISE_UNLESS_LOCKED: &str = "
    UPDATE {schema}.clock SET latest = greatest(latest, $2, {wall})
    WHERE one = (SELECT c.one FROM {schema}.clock c WHERE c.latest < $2 FOR UPDATE SKIP LOCKED)";

/// All are written, also what has passed by this server's clock: those of nodes may be behind.
///
/// What is there already is left out before it is tried: a row that is tried is locked, which is written down.
const APPEND: &str = "
    WITH given AS (
        SELECT sha256(int4send(octet_length(g.issuer)) || g.issuer || int2send(g.kind) || g.name) AS key,
            g.issuer, g.kind, g.name, max(g.before) AS before, max(g.until) AS until
        FROM unnest($2::bytea[], $3::smallint[], $4::bytea[], $5::bigint[], $6::bigint[]) AS g (issuer, kind, name, before, until)
        GROUP BY g.issuer, g.kind, g.name
    ), merged AS (
        INSERT INTO {schema}.revoked AS r (key, issuer, kind, name, before, until)
        SELECT * FROM given g WHERE NOT EXISTS (
            SELECT FROM {schema}.revoked k WHERE k.key = g.key AND k.before >= g.before AND k.until >= g.until)
        ORDER BY g.key
        ON CONFLICT (key) DO UPDATE SET before = greatest(r.before, excluded.before), until = greatest(r.until, excluded.until)
            WHERE excluded.before > r.before OR excluded.until > r.until
        RETURNING r.issuer, r.kind, r.name, r.before, r.until
    ), texts AS (
        SELECT concat_ws(' ', '1', kind, before, until, encode(issuer, 'hex'), encode(name, 'hex')) AS text FROM merged
    ), told AS (
        SELECT text FROM texts WHERE (SELECT count(*) <= $7 AND max(octet_length(text)) <= $8 FROM texts)
        UNION ALL SELECT '' FROM texts WHERE NOT (SELECT count(*) <= $7 AND max(octet_length(text)) <= $8 FROM texts)
    )
    SELECT pg_notify($9, text), {durable} FROM told";

/// Some of what has passed five minutes ago, for clocks are not all the same. The time is asked once, so that the index can be used.
const FORGET: &str = "
    DELETE FROM {schema}.revoked WHERE key = ANY(ARRAY(
        SELECT r.key FROM {schema}.revoked r WHERE r.until <= (SELECT {wall} / 1000 - 300)
        ORDER BY r.until LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// In the order in which they lie, as they come: by key it would be a leap for each. It has the same five minutes.
const SNAPSHOT: &str = "
    SELECT issuer, kind, name, before, until FROM {schema}.revoked WHERE until > (SELECT {wall} / 1000 - 300)";

/// A server that follows another may not know yet what has ended. It does not become such a one without a new start.
pub(crate) const FOLLOWS: &str = "SELECT pg_is_in_recovery() AS follows";
