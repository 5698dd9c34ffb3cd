//! Which processor a thread runs on: what is measured and what is done beside it should not take turns on one.

use std::{fs, process::Command};

/// Those that this process may use.
pub(crate) fn allowed() -> Vec<usize> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    listed(list.unwrap_or_default().trim())
}

/// Keeps this thread on these, and what it starts later. Without taskset it stays where the system puts it.
pub(crate) fn keep_to(processors: &[usize]) {
    let Ok(thread) = fs::read_link("/proc/thread-self") else { return };
    let Some(id) = thread.file_name() else { return };
    let list = processors.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let _ = Command::new("taskset").args(["--cpu-list", "--pid", &list]).arg(id).output();
}

/// The members of a list as `0-2,5`.
fn listed(list: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some(from.parse().ok()?..=to.parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn processors_are_counted_out() {
        assert_eq!(listed("0-2,5"), [0, 1, 2, 5]);
        assert_eq!(listed("7"), [7]);
        assert!(listed("").is_empty());
    }

    #[test]
    fn a_thread_stays_where_it_is_told_to() {
        let last = *allowed().last().unwrap();
        let stayed = thread::spawn(move || {
            keep_to(&[last]);
            let status = fs::read_to_string("/proc/thread-self/status").unwrap();
            status.contains(&format!("Cpus_allowed_list:\t{last}\n"))
        });
        assert!(stayed.join().unwrap());
    }
}
