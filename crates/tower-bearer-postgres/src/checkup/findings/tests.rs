use tower_bearer::Soundness::{self, Doubtful, Good, Wrong};

use super::*;
use crate::schema::State;

const WALL: i64 = 1_700_000_000_000;

/// A server that is set up well.
fn well() -> Facts {
    Facts {
        state: State { server: 150_004, tables: Some(1) },
        settings: Settings {
            connections: 97,
            fsync: true,
            full_page_writes: true,
            synchronous_commit: "on".to_owned(),
            synchronous_standbys: true,
            standbys: 1,
            is_replica: false,
            is_read_only: false,
            is_managed: false,
            watches: true,
            isolation: "read committed".to_owned(),
            autovacuum: true,
            wall: WALL,
        },
        tables: Some(Tables { may_all: true, latest: Some(WALL), ended: 5 }),
    }
}

fn checkup(facts: &Facts, pool: u32) -> Checkup {
    let mut checkup = Checkup::new("it");
    facts.tell(&mut checkup, &Schema::new("tower_bearer").unwrap(), WALL + 100, pool);
    checkup
}

#[test]
fn all_is_well() {
    let checkup = checkup(&well(), 10);
    let sound = checkup.findings().iter().all(|finding| finding.soundness == Good);
    assert!(sound, "{checkup}");
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    type Spoil = fn(&mut Facts);
    let cases: [(&str, Spoil, Soundness, &str); 22] = [
        ("an old server", |facts| facts.state.server = 140_010, Wrong, "PostgreSQL 14"),
        ("no tables", |facts| facts.state.tables = Some(0), Wrong, "sql/001_tables.sql"),
        ("newer tables", |facts| facts.state.tables = Some(2), Wrong, "a newer release"),
        ("a replica", |facts| facts.settings.is_replica = true, Wrong, "primary"),
        (
            "read only",
            |facts| facts.settings.is_read_only = true,
            Wrong,
            "default_transaction_read_only",
        ),
        ("no rights", |facts| facts.tables.as_mut().unwrap().may_all = false, Wrong, "GRANT"),
        ("no look", |facts| facts.state.tables = None, Wrong, "GRANT"),
        ("no clock", |facts| facts.tables.as_mut().unwrap().latest = None, Wrong, "INSERT INTO"),
        ("no fsync", |facts| facts.settings.fsync = false, Wrong, "fsync"),
        (
            "no fsync at a provider's",
            |facts| (facts.settings.fsync, facts.settings.is_managed) = (false, true),
            Doubtful,
            "Ask yours",
        ),
        (
            "torn pages at a provider's",
            |facts| (facts.settings.full_page_writes, facts.settings.is_managed) = (false, true),
            Doubtful,
            "Ask yours",
        ),
        ("torn pages", |facts| facts.settings.full_page_writes = false, Wrong, "full_page_writes"),
        (
            "late commits",
            |facts| facts.settings.synchronous_commit = "off".to_owned(),
            Doubtful,
            "a crash loses",
        ),
        ("no standby", |facts| facts.settings.standbys = 0, Doubtful, "no standby"),
        (
            "late standbys",
            |facts| facts.settings.synchronous_standbys = false,
            Doubtful,
            "a failover loses",
        ),
        (
            "local commits",
            |facts| facts.settings.synchronous_commit = "local".to_owned(),
            Doubtful,
            "a failover loses",
        ),
        (
            "no watch",
            |facts| facts.settings.watches = false,
            Doubtful,
            "client_connection_check_interval",
        ),
        ("few connections", |facts| facts.settings.connections = 10, Wrong, "11 connections"),
        (
            "isolation",
            |facts| facts.settings.isolation = "serializable".to_owned(),
            Doubtful,
            "serializable",
        ),
        ("no vacuum", |facts| facts.settings.autovacuum = false, Wrong, "autovacuum is off"),
        ("clocks apart", |facts| facts.settings.wall += 5_000, Doubtful, "NTP"),
        (
            "a clock set back",
            |facts| facts.tables.as_mut().unwrap().latest = Some(WALL + 9_000),
            Wrong,
            "SET latest = 0",
        ),
    ];
    for (name, spoil, soundness, text) in cases {
        let mut facts = well();
        spoil(&mut facts);
        let checkup = checkup(&facts, 10);
        let found = checkup
            .findings()
            .iter()
            .any(|finding| finding.soundness == soundness && finding.text.contains(text));
        assert!(found, "{name}: {checkup}");
        assert_eq!(checkup.is_sound(), soundness != Wrong, "{name}: {checkup}");
    }
}

#[test]
fn sessions_that_pile_up_are_named() {
    let mut facts = well();
    facts.tables.as_mut().unwrap().ended = MANY + 1;
    assert!(checkup(&facts, 10).to_string().contains("Sessions::purge"));
}
