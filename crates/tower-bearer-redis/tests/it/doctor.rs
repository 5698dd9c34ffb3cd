//! Servers that are set up well, and badly.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use tower_bearer::{RevocationLog as _, SessionId, SessionStore as _, testing::TestClock};
use tower_bearer_stores::{Redis, Server as _};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Asked, LIMITS, at, begin, builder, said, until};

#[tokio::test]
async fn a_good_server_is_said_to_be_good() {
    let server = Redis::start();
    let store = at(&server.url()).connect().await.unwrap();
    let checkup = store.doctor().await;
    let text = checkup.to_string();
    assert!(checkup.is_sound(), "{text}");
    for line in [
        "Redis at 127.0.0.1:",
        "  good   a round trip takes ",
        "  good   its clock and ours are 0 s apart",
        "  good   the version is 7.",
        "  good   it drops nothing when its memory is full",
        "  good   a crash loses nothing that was answered",
        "  good   it takes writes",
        "  good   it tells of revocations",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("doubt") && !text.contains("WRONG"), "{text}");
    // It leaves nothing behind.
    let keys: Vec<String> = Asked::of(&server.url()).await.ask(&["KEYS", "*"]).await;
    assert!(keys.is_empty(), "{keys:?}");
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    for (settings, wanted) in [
        (
            &["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"][..],
            "WRONG  maxmemory-policy is allkeys-lru: when its memory is full it lets in who was locked out",
        ),
        (
            &["--maxmemory", "100mb", "--maxmemory-policy", "volatile-ttl"],
            "WRONG  maxmemory-policy is volatile-ttl: ",
        ),
        (
            &["--maxmemory-policy", "allkeys-lru"],
            "doubt  maxmemory-policy is allkeys-lru: with the first",
        ),
        (
            &["--appendfsync", "everysec"],
            "doubt  a crash of the machine loses what was written within the last second or two",
        ),
        (
            &["--appendfsync", "no"],
            "WRONG  a crash of the machine loses what the system had not written yet",
        ),
        (
            // As a service that others manage.
            &["--appendonly", "no", "--rename-command", "CONFIG", ""],
            "doubt  it keeps no log of writes (appendonly no), and has no CONFIG",
        ),
        (&["--appendonly", "no"], "WRONG  a restart loses all that came after the last snapshot"),
    ] {
        let server = Redis::with(settings);
        let store = at(&server.url()).connect().await.unwrap();
        let checkup = store.doctor().await;
        assert!(checkup.to_string().contains(wanted), "{settings:?}\n{checkup}");
        assert_eq!(checkup.is_sound(), wanted.starts_with("doubt"), "{checkup}");
    }
}

#[tokio::test]
async fn masters_and_replicas_are_told_apart() {
    let (master, replica) = (Redis::start(), Redis::start());
    let mut asked = Asked::of(&replica.url()).await;
    asked.ask::<()>(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]).await;
    let mut asked = Asked::of(&master.url()).await;
    while !asked.ask::<String>(&["INFO", "replication"]).await.contains("connected_slaves:1") {
        tokio::task::yield_now().await;
    }
    let checkup = at(&master.url()).connect().await.unwrap().doctor().await;
    assert!(checkup.is_sound(), "{checkup}");
    assert!(checkup.to_string().contains("doubt  it has replicas"), "{checkup}");
    let error = said(&at(&replica.url()).connect().await.unwrap_err());
    assert!(error.contains("it is a replica"), "{error}");
    let checkup = at(&replica.url()).connect_lazy().unwrap().doctor().await;
    assert!(checkup.to_string().contains("WRONG  it is a replica"), "{checkup}");
    // Also one that takes writes.
    asked.ask::<()>(&["CONFIG", "SET", "replica-read-only", "no"]).await;
    let error = said(&at(&replica.url()).connect().await.unwrap_err());
    assert!(error.contains("it is a replica"), "{error}");
}

/// A node of a cluster that has other slots than ours.
#[tokio::test]
async fn a_node_without_our_keys_is_refused() {
    let server = Redis::with(&["--cluster-enabled", "yes"]);
    let error = said(&at(&server.url()).connect().await.unwrap_err());
    assert!(error.contains("CLUSTERDOWN") || error.contains("MOVED"), "{error}");
}

#[tokio::test]
async fn a_clock_that_was_ahead_is_said() {
    let server = Redis::start();
    let store = at(&server.url()).connect().await.unwrap();
    let mut asked = Asked::of(&server.url()).await;
    let [seconds, _]: [u64; 2] = asked.ask::<Vec<u64>>(&["TIME"]).await.try_into().unwrap();
    let ahead = (seconds * 1000 + 3_600_000).to_string();
    asked.ask::<()>(&["SET", "{tower-bearer}:clock", &ahead]).await;
    let checkup = store.doctor().await;
    assert!(checkup.to_string().contains("WRONG  its clock was 3600 s ahead"), "{checkup}");
    asked.ask::<()>(&["SET", "{tower-bearer}:clock", &(seconds * 1000).to_string()]).await;
    let checkup = store.doctor().await;
    assert!(checkup.is_sound(), "{checkup}");
    asked.ask::<()>(&["DEL", "{tower-bearer}:clock"]).await;
    let checkup = store.doctor().await;
    assert!(checkup.is_sound(), "{checkup}");
}

/// What it says of deleting the clock: `an_end_is_written_down_once` has the rest.
#[tokio::test]
async fn without_the_clock_all_goes_on_by_the_time_it_is() {
    let (server, clock) = (Redis::start(), TestClock::new());
    let store = at(&server.url()).clock(clock.clone()).connect_lazy().unwrap();
    let hour = std::time::Duration::from_secs(3600);
    let id = begin(&store, 1, "ada").await;
    clock.forward(hour);
    store.rotate(id, 0, LIMITS).await.unwrap();
    clock.back(hour);
    clock.forward(LIMITS.grace * 2);
    let replayed = tower_bearer::Rotation::Replayed { counter: 1 };
    assert_eq!(store.rotate(id, 0, LIMITS).await.unwrap(), replayed, "time stands still");
    Asked::of(&server.url()).await.ask::<u32>(&["DEL", "{tower-bearer}:clock"]).await;
    assert_eq!(store.rotate(id, 0, LIMITS).await.unwrap(), replayed, "it lasts longer");
    store.rotate(id, 1, LIMITS).await.unwrap();
    clock.forward(LIMITS.grace * 2);
    let reused = tower_bearer::Rotation::Reused;
    assert_eq!(store.rotate(id, 1, LIMITS).await.unwrap(), reused, "time goes on");
}

/// A clock of a test's own may show any time.
#[tokio::test]
async fn a_clock_that_was_given_is_not_judged() {
    let clock = TestClock::new();
    clock.forward(std::time::Duration::from_secs(1 << 32));
    let store = builder().clock(clock).connect_lazy().unwrap();
    begin(&store, 1, "ada").await;
    let checkup = store.doctor().await;
    assert!(!checkup.to_string().contains("WRONG  its clock"), "{checkup}");
}

/// What a program logs that has not waited for its server.
#[tokio::test]
async fn what_is_wrong_is_logged_once() {
    for is_lazy in [true, false] {
        let logged = Logged::default();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(logged.clone());
        let _guard = tracing::subscriber::set_default(subscriber.finish());
        let server = Redis::with(&["--appendonly", "no"]);
        let builder = at(&server.url());
        let store = if is_lazy {
            builder.connect_lazy().unwrap()
        } else {
            builder.connect().await.unwrap()
        };
        let has_said = || logged.text().matches("a restart loses all").count();
        assert_eq!(has_said(), usize::from(!is_lazy));
        store.find(SessionId::from_bytes([1; 16])).await.unwrap();
        until("it is logged", async || has_said() == 1).await;
        store.snapshot().await.unwrap();
        for _ in 0..3 {
            assert!(!store.doctor().await.is_sound());
        }
        assert!(logged.text().contains("ERROR tower_bearer: the set-up of a store is wrong"));
        assert_eq!(has_said(), 1, "{}", logged.text());
    }
}

#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl<'l> MakeWriter<'l> for Logged {
    type Writer = Self;

    fn make_writer(&'l self) -> Self {
        self.clone()
    }
}

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
