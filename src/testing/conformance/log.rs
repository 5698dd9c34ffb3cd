use std::{future::Future, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::{
    given::sorted,
    verdict::{Fault, Suite, Verdict, cases, same},
};
use crate::{
    error::StoreError,
    revocation::{RevocationLog, Revoked, RevokedEntry},
};

const ISSUER: &str = "https://issuer.example";
/// In the year 2200: nothing here is forgotten while it is looked at.
const UNTIL: u64 = 7_258_118_400;
/// So long may an entry be on its way.
const SOON: Duration = Duration::from_secs(5);

/// Holds a [`RevocationLog`] against everything that is asked of one. Each case begins with a log of its own, without entries, as `make` hands
/// it out.
///
/// ```
/// use tower_bearer::{MemoryLog, testing};
///
/// # #[tokio::main(flavor = "multi_thread", worker_threads = 2)] async fn main() {
/// testing::revocation_log(|| async { MemoryLog::new() }).await;
/// # }
/// ```
///
/// # Panics
///
/// The log fails in some of the cases: all of them are named, each with what was found. Or the tokio runtime has one thread only.
pub async fn revocation_log<L, R>(make: impl Fn() -> R)
where
    L: RevocationLog,
    R: Future<Output = L>,
{
    let mut suite = Suite::new("revocation_log");
    cases!(
        suite,
        Arc::new(make().await),
        [
            an_empty_log_has_no_entries,
            all_that_is_appended_is_there,
            appending_again_changes_nothing,
            names_are_told_apart,
            of_two_marks_the_later_one_counts,
            of_two_ends_the_later_one_counts,
            what_has_passed_does_no_harm,
            many_entries_are_kept,
            parallel_entries_are_kept,
            what_is_appended_is_told,
        ]
    );
    suite.end();
}

fn token(jti: &str) -> RevokedEntry {
    RevokedEntry::new(ISSUER, Revoked::Token { jti: jti.to_owned() }, UNTIL)
}

fn subject(sub: &str, before: u64) -> RevokedEntry {
    RevokedEntry::new(ISSUER, Revoked::Subject { sub: sub.to_owned(), before }, UNTIL)
}

/// All that can be revoked by this name.
fn all_of(name: &str) -> [RevokedEntry; 4] {
    let name = || name.to_owned();
    [
        Revoked::Token { jti: name() },
        Revoked::Session { sid: name() },
        Revoked::Subject { sub: name(), before: 1_700_000_000 },
        Revoked::Client { client_id: name(), before: 1_700_000_001 },
    ]
    .map(|what| RevokedEntry::new(ISSUER, what, UNTIL))
}

/// Holds if these entries are there, each once, and no other.
async fn has(log: &impl RevocationLog, wanted: &[RevokedEntry]) -> Verdict {
    let listed = |entries: &[RevokedEntry]| sorted(entries.iter().map(text).collect::<Vec<_>>());
    same("the entries", &listed(&log.snapshot().await?), &listed(wanted))
}

async fn an_empty_log_has_no_entries<L: RevocationLog>(log: Arc<L>) -> Verdict {
    log.append(Vec::new()).await?;
    has(&log, &[]).await
}

async fn all_that_is_appended_is_there<L: RevocationLog>(log: Arc<L>) -> Verdict {
    let everyone =
        |issuer, before| RevokedEntry::new(issuer, Revoked::Everyone { before }, UNTIL + before);
    let mut entries = Vec::from(all_of("ada"));
    log.append(entries.clone()).await?;
    has(&log, &entries).await?;
    // One log may be that of several issuers.
    let others = [everyone(ISSUER, 3), everyone("https://other.example", 5)];
    log.append(others.to_vec()).await?;
    entries.extend(others);
    has(&log, &entries).await
}

async fn appending_again_changes_nothing<L: RevocationLog>(log: Arc<L>) -> Verdict {
    let entries = all_of("ada");
    log.append([&entries[..], &entries[..]].concat()).await?;
    log.append(entries.to_vec()).await?;
    has(&log, &entries).await
}

async fn names_are_told_apart<L: RevocationLog>(log: Arc<L>) -> Verdict {
    let large = "x".repeat(4096);
    let names =
        ["", "a", "A", "a ", "a\0", "\0", "%", "_", "a:b", "a'b", "\u{e4}", "a\u{308}", &large];
    let mut entries: Vec<_> = names.iter().flat_map(|name| all_of(name)).collect();
    entries.push(RevokedEntry { issuer: "https://issuer.example/".to_owned(), ..token("a") });
    for entry in &entries {
        log.append(vec![entry.clone()]).await?;
    }
    has(&log, &entries).await
}

async fn of_two_marks_the_later_one_counts<L: RevocationLog>(log: Arc<L>) -> Verdict {
    for before in [5, 9, 7] {
        log.append(vec![subject("ada", before)]).await?;
    }
    let marks = log.snapshot().await?;
    let marks = marks.into_iter().filter_map(|entry| match entry.what {
        Revoked::Subject { sub, before } if sub == "ada" => Some(before),
        _ => None,
    });
    same("the latest mark", &marks.max(), &Some(9))
}

async fn of_two_ends_the_later_one_counts<L: RevocationLog>(log: Arc<L>) -> Verdict {
    for until in [UNTIL + 1, UNTIL + 3, UNTIL + 2] {
        log.append(vec![RevokedEntry { until, ..token("a") }]).await?;
    }
    let ends = log.snapshot().await?.into_iter().map(|entry| entry.until);
    same("the last end", &ends.max(), &Some(UNTIL + 3))
}

async fn what_has_passed_does_no_harm<L: RevocationLog>(log: Arc<L>) -> Verdict {
    let passed = RevokedEntry { until: 1, ..token("passed") };
    log.append(vec![passed, token("a")]).await?;
    let kept = log.snapshot().await?;
    same("whether the other is there", &kept.contains(&token("a")), &true)
}

async fn many_entries_are_kept<L: RevocationLog>(log: Arc<L>) -> Verdict {
    let entries: Vec<_> = (0..5000).map(|number| token(&number.to_string())).collect();
    log.append(entries.clone()).await?;
    has(&log, &entries).await
}

async fn parallel_entries_are_kept<L: RevocationLog>(log: Arc<L>) -> Verdict {
    let entries = |task: usize| -> Vec<_> {
        (0..20).map(|number| token(&format!("{task}-{number}"))).chain([token("shared")]).collect()
    };
    let append = |task| {
        let log = Arc::clone(&log);
        tokio::spawn(async move { log.append(entries(task)).await })
    };
    let tasks: Vec<_> = (0..50).map(append).collect();
    for task in tasks {
        task.await.map_err(|_| Fault::new("a task panics"))??;
    }
    let mut wanted: Vec<_> = (0..50).flat_map(entries).collect();
    wanted.sort_by_key(text);
    wanted.dedup();
    has(&log, &wanted).await
}

async fn what_is_appended_is_told<L: RevocationLog>(log: Arc<L>) -> Verdict {
    let Some(mut told) = log.subscribe().await? else { return Ok(()) };
    let appended: Vec<_> = (0..20).map(|number| token(&number.to_string())).collect();
    let (log, entries) = (Arc::clone(&log), appended.clone());
    let append = tokio::spawn(async move {
        for entry in entries {
            log.append(vec![entry]).await?;
        }
        Ok::<_, StoreError>(())
    });
    append.await.map_err(|_| Fault::new("a task panics"))??;
    let mut missing = appended;
    while !missing.is_empty() {
        let next = timeout(SOON, told.next()).await;
        let next = next.map_err(|_| Fault::new("it neither tells what is appended nor ends"))?;
        let Some(entry) = next else { return Ok(()) };
        missing.retain(|missing| *missing != entry);
    }
    Ok(())
}

/// What it says: its `Debug` names nobody.
fn text(entry: &RevokedEntry) -> String {
    serde_json::to_string(entry).unwrap_or_default()
}
