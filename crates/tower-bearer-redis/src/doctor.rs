//! What is right and wrong about a server.

mod info;
mod push;

use std::time::{Duration, UNIX_EPOCH};

use redis::{AsyncConnectionConfig, Client, Value, aio::MultiplexedConnection};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tower_bearer::{Checkup, Clock as _, ConfigError, SystemClock};

use self::info::{Fsync, Info};
use crate::{fault::Fault, keys::Keys, row, scripts::Scripts};

/// What was found.
pub(crate) struct Report {
    pub(crate) checkup: Checkup,
    /// The store cannot work like that.
    pub(crate) hopeless: Option<ConfigError>,
}

pub(crate) struct Doctor<'s> {
    pub(crate) client: &'s Client,
    pub(crate) keys: &'s Keys,
    pub(crate) scripts: &'s Scripts,
    pub(crate) patience: Duration,
    /// It goes by another clock than the server's.
    pub(crate) has_clock: bool,
}

/// A renewal takes a round trip.
const FAR: Duration = Duration::from_millis(50);

/// Clocks may differ by so much.
const AHEAD: Duration = Duration::from_secs(2);

impl Report {
    /// The store cannot work: the first reason is the error.
    fn give_up(&mut self, text: &str, fault: &Fault) {
        let text = format!("{text}: {fault}");
        self.checkup.wrong(text.clone());
        self.hopeless.get_or_insert_with(|| ConfigError::new(text));
    }
}

impl Doctor<'_> {
    pub(crate) async fn examine(&self) -> Report {
        let address = self.client.get_connection_info().addr().to_string();
        let of = format!("Redis at {address}, keys {}*", self.keys.tag());
        let mut report = Report { checkup: Checkup::new(of), hopeless: None };
        let nowhere = format!("no session can be kept on {address}");
        let (pushed, mut heard) = mpsc::unbounded_channel();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_push_sender(pushed);
        let connected = self.client.get_multiplexed_async_connection_with_config(&config);
        match timeout(self.patience, connected).await.map_err(|_| Fault::Slow) {
            Ok(Ok(mut connection)) => {
                self.look(&mut report, &mut connection).await;
                self.listen(&mut report, &mut connection, &mut heard).await;
            }
            Ok(Err(error)) => {
                report.give_up(&nowhere, &error.into());
            }
            Err(fault) => report.give_up(&nowhere, &fault),
        }
        report
    }

    async fn look(&self, report: &mut Report, connection: &mut MultiplexedConnection) {
        let began = Instant::now();
        let time = self.ask(connection, &redis::cmd("TIME")).await;
        let took = began.elapsed();
        match time {
            Ok(time) => {
                compare(report, &time, took);
                self.look_at_the_clock(report, connection, &time).await;
            }
            Err(fault) => report.give_up("TIME is not answered", &fault),
        }
        match self.ask(connection, &redis::cmd("INFO")).await {
            Ok(answer) => {
                let info = Info::read(&answer);
                if let Some(useless) = info.judge(&mut report.checkup) {
                    report.hopeless = Some(useless);
                }
                self.look_at_the_disk(report, connection, &info).await;
            }
            Err(fault) => report.checkup.doubtful(format!(
                "INFO is not answered ({fault}): whether the version is 7.0 or later, whether memory and disk are set up for sessions, and who its replicas are, nobody knows"
            )),
        }
        self.write(report, connection).await;
    }

    /// The time that is kept never goes back, and so stands still after a clock that was ahead.
    async fn look_at_the_clock(
        &self,
        report: &mut Report,
        connection: &mut MultiplexedConnection,
        time: &Value,
    ) {
        let kept = self.ask(connection, redis::cmd("GET").arg(&self.keys.clock)).await;
        let kept = kept.ok().as_ref().and_then(row::number).unwrap_or(0);
        let ahead = (kept / 1000).saturating_sub(seconds(time).unwrap_or(u64::MAX));
        if !self.has_clock && ahead > AHEAD.as_secs() {
            report.checkup.wrong(format!(
                "its clock was {ahead} s ahead of what it shows now: until it gets there, no session ends by its age, and an old refresh token is replayed rather than taken for theft. Once the clock is right, delete the key {}: \
                 what was said to have ended stays so, and what was renewed meanwhile lasts {ahead} s longer at most",
                self.keys.clock
            ));
        }
    }

    async fn look_at_the_disk(
        &self,
        report: &mut Report,
        connection: &mut MultiplexedConnection,
        info: &Info,
    ) {
        let mut asked = redis::cmd("CONFIG");
        asked.arg("GET").arg("appendfsync");
        let answer = self.ask(connection, &asked).await;
        let fsync = match &answer {
            Ok(answer) => setting(answer).map_or(Fsync::Unknown, Fsync::Said),
            Err(fault) if fault.has_code("ERR") => Fsync::NoCommand,
            Err(_) => Fsync::Unknown,
        };
        info.judge_the_disk(&mut report.checkup, &fsync);
    }

    /// Uses all the commands that it takes, on keys of their own.
    async fn write(&self, report: &mut Report, connection: &mut MultiplexedConnection) {
        let mut asking = self.scripts.probe.key(&self.keys.probe);
        asking.key(format!("{}:set", self.keys.probe)).arg(format!("{}:none", self.keys.probe));
        let asked = asking.invoke_async::<Value>(connection);
        let written = timeout(self.patience, asked).await.map_err(|_| Fault::Slow);
        match written.and_then(|answer| answer.map_err(Fault::from)) {
            Ok(_) => report.checkup.good("it takes writes"),
            Err(fault) if fault.has_code("OOM") => report
                .checkup
                .wrong("its memory is full: nobody can log in. Give it more, by `maxmemory`"),
            Err(fault) => report.give_up("it does not do what a store needs", &fault),
        }
        let mut reading = self.scripts.read.key(&self.keys.log);
        reading.arg(1).arg("").arg("");
        let read = timeout(self.patience, reading.invoke_async::<Value>(connection)).await;
        let read = read.map_err(|_| Fault::Slow).and_then(|answer| answer.map_err(Fault::from));
        if let Err(fault) = read {
            report.give_up("the log of revocations cannot be read", &fault);
        }
    }

    async fn ask(
        &self,
        connection: &mut MultiplexedConnection,
        asked: &redis::Cmd,
    ) -> Result<Value, Fault> {
        let answer = timeout(self.patience, asked.query_async(connection)).await;
        answer.map_err(|_| Fault::Slow)?.map_err(Fault::from)
    }
}

/// Its clock with ours.
fn compare(report: &mut Report, time: &Value, took: Duration) {
    let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let text = format!("a round trip takes {:.1} ms", millis(took));
    if took > FAR {
        report.checkup.doubtful(format!(
            "{text}: each renewal waits for one, so the server should be nearer"
        ));
    } else {
        report.checkup.good(text);
    }
    let Some(theirs) = seconds(time) else {
        return report.give_up("TIME is no time", &Fault::Damaged("the time"));
    };
    let ours = SystemClock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let apart = Duration::from_secs(ours.as_secs().abs_diff(theirs));
    let text = format!("its clock and ours are {} s apart", apart.as_secs());
    if apart > AHEAD {
        report.checkup.doubtful(format!(
            "{text}: sessions end by its clock, tokens by ours. Let both be set by NTP"
        ));
    } else {
        report.checkup.good(text);
    }
}

fn seconds(time: &Value) -> Option<u64> {
    let Value::Array(parts) = time else { return None };
    row::number(parts.first()?)
}

/// The one setting that was asked for.
fn setting(answer: &Value) -> Option<&str> {
    match answer {
        Value::Map(pairs) => row::text(&pairs.first()?.1),
        Value::Array(parts) => row::text(parts.get(1)?),
        _ => None,
    }
}
