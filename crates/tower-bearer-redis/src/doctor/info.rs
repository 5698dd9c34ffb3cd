//! What a server says of itself.

use std::collections::HashMap;

use redis::Value;
use tower_bearer::{Checkup, ConfigError};

/// The fields of INFO.
pub(super) struct Info(HashMap<String, String>);

const NO_EVICTION: &str =
    "Set `maxmemory-policy noeviction`, in a managed service by its parameters";

/// More of it is not looked at.
const LINES: usize = 1000;

impl Info {
    pub(super) fn read(answer: &Value) -> Self {
        let text = match answer {
            Value::BulkString(bytes) => String::from_utf8_lossy(bytes),
            Value::VerbatimString { text, .. } => text.as_str().into(),
            _ => "".into(),
        };
        let fields = text.lines().take(LINES).filter_map(|line| line.split_once(':'));
        Self(fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }

    fn field(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value)
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.field(name) == value
    }

    fn number(&self, name: &str) -> u64 {
        self.field(name).parse().unwrap_or(0)
    }

    /// What there is to say but of the disk; an error if it is of no use.
    pub(super) fn judge(&self, checkup: &mut Checkup) -> Option<ConfigError> {
        let too_old = self.judge_the_version(checkup);
        self.judge_the_memory(checkup);
        let follows = self.judge_the_role(checkup);
        if self.is("cluster_enabled", "1") {
            checkup.doubtful(
                "it is a node of a cluster: all keys of a store are on one node, which is the one this store connects to. It does not follow them to another",
            );
        }
        too_old.or(follows)
    }

    fn judge_the_version(&self, checkup: &mut Checkup) -> Option<ConfigError> {
        let version = self.field("redis_version");
        let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
        match parts.next().flatten() {
            Some(major) if major >= 7 => {
                checkup.good(format!("the version is {}", shown(version)));
                None
            }
            Some(_) => {
                let text =
                    format!("Redis {} is too old: 7.0 is the oldest that will do", shown(version));
                checkup.wrong(text.clone());
                Some(ConfigError::new(text))
            }
            None => {
                checkup.doubtful(
                    "it does not say which version it is: 7.0 is the oldest that will do",
                );
                None
            }
        }
    }

    fn judge_the_memory(&self, checkup: &mut Checkup) {
        let policy = shown(self.field("maxmemory_policy"));
        let limit = self.number("maxmemory");
        match (&*policy, limit) {
            ("", _) => checkup.doubtful("it does not say what it does when its memory is full: see to it that it drops nothing (maxmemory-policy noeviction)"),
            ("noeviction", _) => checkup.good("it drops nothing when its memory is full (noeviction)"),
            (_, 0) => checkup.doubtful(format!(
                "maxmemory-policy is {policy}: with the first `maxmemory` it begins to drop sessions and revocations. {NO_EVICTION}"
            )),
            _ => checkup.wrong(format!(
                "maxmemory-policy is {policy}: when its memory is full it lets in who was locked out. It drops the list of a subject's sessions, and whoever logs out everywhere leaves some alive. It drops revocations: a revoked token is then \
                 accepted by nodes that start, until one that still knows it writes it back, which takes 5 s; if none does, for as long as the token lasts. It drops sessions, which end. {NO_EVICTION}, and give sessions a server of their own"
            )),
        }
    }

    /// A replica may be one that takes writes, of which nobody else hears.
    fn judge_the_role(&self, checkup: &mut Checkup) -> Option<ConfigError> {
        if self.is("role", "slave") {
            let text = "it is a replica: connect to its master";
            checkup.wrong(text);
            return Some(ConfigError::new(text));
        }
        if self.number("connected_slaves") > 0 {
            checkup.doubtful(
                "it has replicas, which follow a moment later: a failover loses the last writes. A lost renewal is made up for when its token comes, a lost revocation within 5 s by a node that knows it; a lost login has to be repeated. With `min-replicas-to-write 1` a master that was cut off from them takes no writes, and is not read",
            );
        }
        None
    }

    /// What a crash loses.
    pub(super) fn judge_the_disk(&self, checkup: &mut Checkup, fsync: &Fsync) {
        let logs = self.is("aof_enabled", "1");
        let last_failed =
            self.is("aof_last_write_status", "err") || self.is("rdb_last_bgsave_status", "err");
        if last_failed {
            checkup.wrong("it could not write to its disk when it last tried");
        }
        match (logs, fsync) {
            (true, Fsync::Said("always")) => checkup.good("a crash loses nothing that was answered (appendonly, appendfsync always)"),
            (true, Fsync::Said("everysec")) => checkup.doubtful(
                "a crash of the machine loses what was written within the last second or two (appendfsync everysec): logins, which have to be repeated, and renewals and revocations, which are made up for. With `appendfsync always` it loses nothing, \
                 and each write waits for the disk",
            ),
            (true, Fsync::Said(_)) => checkup.wrong(
                "a crash of the machine loses what the system had not written yet, half a minute or more (appendfsync no). Set `appendfsync everysec` or `always`",
            ),
            (true, _) => checkup.doubtful("it keeps a log of writes (appendonly); how often that goes to the disk, it does not say (CONFIG GET)"),
            (false, _) if self.field("aof_enabled").is_empty() => {
                checkup.doubtful("it does not say whether it writes to a disk: set `appendonly yes`");
            }
            (false, Fsync::NoCommand) => checkup.doubtful(
                "it keeps no log of writes (appendonly no), and has no CONFIG: a managed service, it seems, which says elsewhere what outlives a crash. Where that is nothing but the replicas, have one in another zone that takes over by itself: \
                 a failover loses the last writes, and with the last replica all is lost",
            ),
            (false, _) => checkup.wrong(
                "a restart loses all that came after the last snapshot, minutes or hours, or everything where there is none (appendonly no): sessions that ended come back, others are gone. Set `appendonly yes`",
            ),
        }
    }
}

/// What it answers when it is asked how often it writes to its disk.
pub(super) enum Fsync<'a> {
    /// It has no CONFIG, as services that are managed by others.
    NoCommand,
    Said(&'a str),
    Unknown,
}

/// A word that the server has chosen.
fn shown(word: &str) -> String {
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
    word.chars().filter(is_plain).take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a server that says this of itself.
    fn judged(info: &str) -> (bool, String) {
        let info = Info::read(&Value::VerbatimString {
            format: redis::VerbatimFormat::Text,
            text: info.replace(' ', "\r\n"),
        });
        let mut checkup = Checkup::new("Redis");
        let is_useless = info.judge(&mut checkup).is_some();
        info.judge_the_disk(&mut checkup, &Fsync::Unknown);
        (is_useless, checkup.to_string())
    }

    #[test]
    fn versions_are_told_apart() {
        for (version, is_too_old, wanted) in [
            ("7.0.0", false, "good   the version is 7.0.0"),
            ("7.2.4", false, "good   the version is 7.2.4"),
            ("10.0.1", false, "good   the version is 10.0.1"),
            ("6.2.14", true, "WRONG  Redis 6.2.14 is too old"),
            ("<b>", false, "doubt  it does not say which version"),
            ("", false, "doubt  it does not say which version"),
        ] {
            let (found, text) = judged(&format!("redis_version:{version}"));
            assert_eq!(found, is_too_old, "{version}");
            assert!(text.contains(wanted), "{version}: {text}");
        }
    }

    /// A right that is lacking, or a service that hides what it is.
    #[test]
    fn what_is_not_said_is_doubtful() {
        let (is_too_old, text) = judged("");
        assert!(!is_too_old);
        assert!(!text.contains("WRONG"), "{text}");
        for wanted in ["which version", "when its memory is full", "whether it writes to a disk"] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
    }

    #[test]
    fn a_disk_that_fails_is_wrong() {
        for failed in ["aof_last_write_status:err", "rdb_last_bgsave_status:err"] {
            let (_, text) = judged(&format!("aof_enabled:1 {failed}"));
            assert!(text.contains("WRONG  it could not write to its disk"), "{text}");
        }
        let (_, text) = judged("aof_enabled:1 aof_last_write_status:ok rdb_last_bgsave_status:ok");
        assert!(!text.contains("WRONG"), "{text}");
    }
}
