//! The servers do what tests of stores count on.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "these are tests, and what a stopped process does not do takes time to be seen"
)]

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use tower_bearer_stores::{Postgres, Proxy, Redis, Server};

/// What Redis says to a command that stands in one line.
fn ask(redis: &Redis, command: &str) -> Option<String> {
    ask_by(&mut connect(redis.port(), LONG)?, command)
}

/// Time for an answer that has to come, on a busy machine.
const LONG: Duration = Duration::from_secs(20);

/// Time for an answer that must not come.
const SHORT: Duration = Duration::from_millis(500);

fn connect(port: u16, patience: Duration) -> Option<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(patience)).unwrap();
    Some(stream)
}

fn ask_by(stream: &mut TcpStream, command: &str) -> Option<String> {
    writeln!(stream, "{command}\r").ok()?;
    let mut answer = [0; 128];
    let length = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..length]).into_owned())
}

#[test]
fn redis_is_killed_stopped_saved_and_emptied() {
    let mut redis = Redis::start();
    assert_eq!(ask(&redis, "SET a 1").as_deref(), Some("+OK\r\n"));
    redis.kill();
    assert_eq!(ask(&redis, "GET a"), None);
    redis.save();
    redis.restart();
    assert_eq!(ask(&redis, "GET a").as_deref(), Some("$1\r\n1\r\n"));
    redis.pause();
    let began = Instant::now();
    assert_eq!(ask_by(&mut connect(redis.port(), SHORT).unwrap(), "GET a"), None);
    assert!(began.elapsed() >= Duration::from_millis(400), "it does not answer, and is there");
    redis.resume();
    assert_eq!(ask(&redis, "GET a").as_deref(), Some("$1\r\n1\r\n"));
    redis.kill();
    redis.erase();
    redis.restart();
    assert_eq!(ask(&redis, "GET a").as_deref(), Some("$-1\r\n"));
    redis.kill();
    redis.put_back();
    redis.restart();
    assert_eq!(ask(&redis, "GET a").as_deref(), Some("$1\r\n1\r\n"));
}

/// Whether PostgreSQL answers a request for TLS, which needs one of its processes.
fn answers_within(patience: Duration, postgres: &Postgres) -> bool {
    let Some(mut stream) = connect(postgres.port(), patience) else { return false };
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).is_ok()
        && stream.read(&mut [0]).is_ok_and(|length| length == 1)
}

fn answers(postgres: &Postgres) -> bool {
    answers_within(LONG, postgres)
}

#[test]
fn postgres_is_killed_stopped_saved_and_emptied() {
    let mut postgres = Postgres::start();
    assert!(answers(&postgres));
    postgres.pause();
    assert!(!answers_within(SHORT, &postgres));
    postgres.resume();
    assert!(answers(&postgres));
    postgres.kill();
    assert!(!answers(&postgres));
    postgres.save();
    postgres.restart();
    assert!(answers(&postgres));
    postgres.kill();
    postgres.erase();
    postgres.restart();
    assert!(answers(&postgres));
    postgres.kill();
    postgres.put_back();
    postgres.restart();
    assert!(answers(&postgres));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_does_what_networks_do() {
    let redis = Redis::start();
    let proxy = Proxy::before(redis.port()).await;
    let pong = Some("+PONG\r\n".to_owned());
    let new = || connect(proxy.port(), LONG).unwrap();

    let (mut first, mut second) = (new(), new());
    assert_eq!(ask_by(&mut first, "PING"), pong);
    assert_eq!(ask_by(&mut second, "PING"), pong);
    proxy.cut_after(3);
    assert_eq!(ask_by(&mut first, "PING").as_deref(), Some("+PO"));
    assert_eq!(first.read(&mut [0]).unwrap(), 0, "it was cut");
    assert_eq!(ask_by(&mut second, "PING"), pong, "and no other");

    proxy.swallow();
    let mut third = new();
    for stream in [&mut second, &mut third] {
        stream.set_read_timeout(Some(SHORT)).unwrap();
        assert_eq!(ask_by(stream, "PING"), None);
        assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock, "it stays");
    }
    proxy.pass();
    assert_eq!(ask_by(&mut second, "PING"), None, "what was swallowed never comes back");
    assert_eq!(ask_by(&mut new(), "PING"), pong);
    proxy.cut();
    for stream in [&mut second, &mut third] {
        assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)), "it was cut");
        assert_ne!(stream.read(&mut [0]).map_err(|it| it.kind()), Err(ErrorKind::WouldBlock));
    }
    assert_eq!(ask_by(&mut new(), "PING"), pong);

    let mut silenced = new();
    assert_eq!(ask_by(&mut silenced, "PING"), pong);
    proxy.swallow();
    proxy.pass();
    silenced.set_read_timeout(Some(SHORT)).unwrap();
    assert_eq!(ask_by(&mut silenced, "PING"), None, "also if it lasted no time");

    let other = Redis::start();
    let mut before = new();
    assert_eq!(ask_by(&mut before, "SET at first"), Some("+OK\r\n".to_owned()));
    proxy.lead_to(other.port());
    assert_eq!(ask_by(&mut before, "GET at").as_deref(), Some("$5\r\nfirst\r\n"));
    assert_eq!(ask_by(&mut new(), "GET at").as_deref(), Some("$-1\r\n"), "new ones lead there");
}
