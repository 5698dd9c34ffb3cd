-- The tables of tower-bearer-postgres, as `PostgresStore` counts on them: version 1.
--
-- They stand in the schema tower_bearer. For another one, put its name in the place of this one everywhere, in double quotes:
--   sed 's/tower_bearer/"other"/g' 001_tables.sql | psql ...
-- All times of sessions are in milliseconds since 1970, those of revocations in seconds.

BEGIN ISOLATION LEVEL READ COMMITTED;

-- Of several nodes that start at once, one makes the tables; the others find them.
SELECT pg_advisory_xact_lock(8388071123);

CREATE SCHEMA IF NOT EXISTS tower_bearer;

-- Which of these files have been run.
CREATE TABLE tower_bearer.version (
    number integer PRIMARY KEY,
    made_at timestamptz NOT NULL DEFAULT now()
);

-- The latest time that was seen: one row. A server's clock that is set back brings no session to life.
CREATE TABLE tower_bearer.clock (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    latest bigint NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

INSERT INTO tower_bearer.clock (latest) VALUES (0);

-- One row for each session. Subjects, devices and acr are bytes of UTF-8, for they may hold a NUL, which text may not.
--
-- A renewal changes counter, rotated_at and idle_until. None of these is in an index, and a fifth of each page is kept free, so that a renewal
-- writes one row and no index (a HOT update), and pages tidy themselves.
--
-- What purge looks for by index is ends_in: the six hours in which the session ends unless it is renewed, and 0 once it was ended. A renewal
-- changes it four times a day at most.
CREATE TABLE tower_bearer.sessions (
    id bytea PRIMARY KEY CHECK (octet_length(id) = 16),
    subject bytea NOT NULL,
    nonce bytea NOT NULL CHECK (octet_length(nonce) = 32),
    device bytea NOT NULL,
    acr bytea,
    counter bigint NOT NULL CHECK (counter >= 0),
    created_at bigint NOT NULL CHECK (created_at >= 0),
    rotated_at bigint NOT NULL CHECK (rotated_at >= 0),
    idle_until bigint NOT NULL CHECK (idle_until >= 0),
    expires_at bigint NOT NULL CHECK (expires_at >= 0),
    ended boolean NOT NULL,
    ends_in bigint NOT NULL GENERATED ALWAYS AS
        (CASE WHEN ended THEN 0 ELSE least(idle_until, expires_at) / 21600000 END) STORED
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1);

-- Subjects may be longer than a key of an index.
CREATE INDEX sessions_of_subject ON tower_bearer.sessions (sha256(subject), id);
CREATE INDEX sessions_by_end ON tower_bearer.sessions (ends_in);

-- What was revoked. The key is a digest of issuer, kind and name, which may be longer than a key of an index.
CREATE TABLE tower_bearer.revoked (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    issuer bytea NOT NULL,
    kind smallint NOT NULL,
    name bytea NOT NULL,
    before bigint NOT NULL,
    until bigint NOT NULL
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1);

CREATE INDEX revoked_by_end ON tower_bearer.revoked (until);

INSERT INTO tower_bearer.version (number) VALUES (1);

COMMIT;
