//! The suites for stores and logs: ours pass, and those that are wrong in one thing fail in the case that is about it.

mod log;
mod store;

use std::{future::Future, panic::AssertUnwindSafe};

use futures_util::FutureExt as _;
use tower_bearer::{MemoryLog, MemoryStore, testing};

use self::{
    log::{BrokenLog, LogFault},
    store::{Broken, Fault},
};

const THREADS: &str = "several threads";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_conforms() {
    testing::session_store(|clock| async { MemoryStore::with_clock(clock) }).await;
    testing::session_store_by_own_clock(|| async { MemoryStore::new() }).await;
    testing::revocation_log(|| async { MemoryLog::new() }).await;
}

/// What a suite says of what fails.
async fn complaint(suite: impl Future<Output = ()>) -> String {
    let panic = AssertUnwindSafe(suite).catch_unwind().await.expect_err("this is broken");
    let message = panic.downcast_ref::<String>().map(String::as_str);
    message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap().to_owned()
}

/// The names of the cases that failed.
fn failed(complaint: &str) -> Vec<&str> {
    let lines = complaint.lines().filter_map(|line| line.strip_prefix("  "));
    lines.filter_map(|line| line.split_once(": ").map(|(name, _)| name)).collect()
}

#[tokio::test]
async fn one_thread_is_too_few() {
    let said =
        complaint(testing::session_store(|clock| async { MemoryStore::with_clock(clock) })).await;
    assert!(said.contains(THREADS), "{said}");
    let said = complaint(testing::revocation_log(|| async { MemoryLog::new() })).await;
    assert!(said.contains(THREADS), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_a_store_is_found() {
    for (fault, case) in [
        (Fault::AbsoluteSlides, "no_rotation_extends_a_life"),
        (Fault::ClockGoesBack, "a_clock_set_back_brings_nothing_to_life"),
        (Fault::CreateReplaces, "an_id_is_taken_once"),
        (Fault::CutsSubjects, "subjects_are_told_apart"),
        (Fault::ForwardRefused, "a_newer_token_is_taken_forward"),
        (Fault::GraceExclusive, "the_grace_has_an_edge"),
        (Fault::GraceSlides, "the_grace_does_not_slide"),
        (Fault::ListsEnded, "idle_sessions_end"),
        (Fault::LosesAcr, "all_of_a_session_is_kept"),
        (Fault::Panics, "purge_drops_what_has_ended"),
        (Fault::PurgesAll, "purge_keeps_to_its_limit"),
        (Fault::Races, "parallel_renewals_rotate_once"),
        (Fault::ReuseBeforeEnd, "what_has_ended_is_said_first"),
        (Fault::ReuseForgiven, "an_older_token_ends_the_session"),
        (Fault::RevokesAlways, "revoke_ends_one_session"),
        (Fault::RevokesKept, "revoke_subject_ends_all_but_one"),
        (Fault::RevokesPrefix, "subjects_are_told_apart"),
        (Fault::SuccessorDiffers, "the_last_token_is_replayed"),
        (Fault::UnknownFails, "unknown_sessions_have_ended"),
    ] {
        let make = |clock| async move { Broken::new(fault, clock) };
        let said = complaint(testing::session_store(make)).await;
        assert!(failed(&said).contains(&case), "{fault:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_a_log_is_found() {
    for (fault, case) in [
        (LogFault::Doubles, "appending_again_changes_nothing"),
        (LogFault::FirstEndCounts, "of_two_ends_the_later_one_counts"),
        (LogFault::IgnoresCase, "names_are_told_apart"),
        (LogFault::LastMarkCounts, "of_two_marks_the_later_one_counts"),
        (LogFault::OneIssuer, "all_that_is_appended_is_there"),
        (LogFault::Page, "many_entries_are_kept"),
        (LogFault::RefusesPassed, "what_has_passed_does_no_harm"),
        (LogFault::Silent, "what_is_appended_is_told"),
    ] {
        let make = || async move { BrokenLog::new(fault) };
        let said = complaint(testing::revocation_log(make)).await;
        assert!(failed(&said).contains(&case), "{fault:?}: {said}");
    }
}
