//! What has to be waited for is not waited for once the answer stands.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
};

use futures_executor::block_on;
use serde_json::json;
use tower_bearer::{
    Denial, Lookup, Policy, RequestHead, RequireScope, http::Request, policy_fn, policy_fn_async,
};

use super::token;

/// How often a policy was asked, and how often its future was polled.
#[derive(Clone, Default)]
struct Count(Arc<(AtomicUsize, AtomicUsize)>);

impl Count {
    fn seen(&self) -> (usize, usize) {
        (self.0.0.load(Relaxed), self.0.1.load(Relaxed))
    }
}

/// What a policy says.
#[derive(Clone, Copy)]
enum Says {
    Lacks,
    No,
    Unknown,
    Yes,
}

use Says::{Lacks, No, Unknown, Yes};

impl Says {
    fn decision(self) -> Result<(), Denial> {
        match self {
            Lacks => Err(RequireScope::all(["b"]).unwrap().denial()),
            No => Err(Denial::forbidden()),
            Unknown => Err(Denial::unavailable("down")),
            Yes => Ok(()),
        }
    }
}

fn now(says: Says, count: &Count) -> impl Policy + use<> {
    let count = count.clone();
    policy_fn(move |_, _| {
        count.0.0.fetch_add(1, Relaxed);
        says.decision()
    })
}

/// Answers at the second poll.
fn later(says: Says, count: &Count) -> impl Policy + use<> {
    let count = count.clone();
    policy_fn_async(move |_, _| {
        count.0.0.fetch_add(1, Relaxed);
        let (count, mut polled) = (count.clone(), false);
        poll_fn(move |cx| {
            count.0.1.fetch_add(1, Relaxed);
            if polled {
                return Poll::Ready(says.decision());
            }
            polled = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    })
}

/// Whether it answers at once, and whether the answer is yes.
fn ask(policy: &impl Policy) -> (bool, bool) {
    let request = Request::new(());
    let lookup = policy.authorize(&token(&json!({})), RequestHead::of(&request));
    (matches!(lookup, Lookup::Ready(_)), block_on(lookup.into_future()).is_ok())
}

const NEVER: (usize, usize) = (0, 0);
const ASKED: (usize, usize) = (1, 0);
const POLLED: (usize, usize) = (1, 2);

/// What one says, what the other says later, whether that is known at once, the answer, and what is seen of the other.
type Case = (Says, Says, bool, bool, (usize, usize));

const AND: &[Case] = &[
    (No, Yes, true, false, ASKED),
    (Lacks, Yes, true, false, ASKED),
    (Unknown, Yes, false, false, POLLED),
    (Yes, Yes, false, true, POLLED),
    (Yes, No, false, false, POLLED),
];

const OR: &[Case] = &[
    (Yes, No, true, true, ASKED),
    (No, Yes, false, true, POLLED),
    (Lacks, Yes, false, true, POLLED),
    (Unknown, Yes, false, true, POLLED),
    (No, No, false, false, POLLED),
];

#[test]
fn one_at_once_and_the_other_later() {
    for &(one, other, at_once, yes, seen) in AND {
        let count = Count::default();
        let last = later(other, &count).and(now(one, &Count::default()));
        assert_eq!((ask(&last), count.seen()), ((at_once, yes), seen));
        let count = Count::default();
        let first = now(one, &Count::default()).and(later(other, &count));
        // It is not even asked if no answer of its could add to this one.
        let seen = if matches!(one, No) { NEVER } else { seen };
        assert_eq!((ask(&first), count.seen()), ((at_once, yes), seen));
    }
    for &(one, other, at_once, yes, seen) in OR {
        let count = Count::default();
        let last = later(other, &count).or(now(one, &Count::default()));
        assert_eq!((ask(&last), count.seen()), ((at_once, yes), seen));
        let count = Count::default();
        let first = now(one, &Count::default()).or(later(other, &count));
        let seen = if matches!(one, Yes) { NEVER } else { seen };
        assert_eq!((ask(&first), count.seen()), ((at_once, yes), seen));
    }
}

#[test]
fn both_later() {
    for &(one, other, settled, yes, _) in AND {
        let (first, second) = (Count::default(), Count::default());
        let policy = later(one, &first).and(later(other, &second));
        assert_eq!(ask(&policy), (false, yes));
        assert_eq!(first.seen(), POLLED);
        assert_eq!(second.seen(), if settled { ASKED } else { POLLED });
    }
    for &(one, other, settled, yes, _) in OR {
        let (first, second) = (Count::default(), Count::default());
        let policy = later(one, &first).or(later(other, &second));
        assert_eq!(ask(&policy), (false, yes));
        assert_eq!(first.seen(), POLLED);
        assert_eq!(second.seen(), if settled { ASKED } else { POLLED });
    }
}

#[test]
fn both_at_once() {
    for (one, yes, seen) in
        [(No, false, NEVER), (Lacks, false, ASKED), (Unknown, false, ASKED), (Yes, true, ASKED)]
    {
        let count = Count::default();
        assert_eq!(ask(&now(one, &Count::default()).and(now(Yes, &count))), (true, yes));
        assert_eq!(count.seen(), seen);
    }
    for (one, yes, seen) in
        [(Yes, true, NEVER), (Lacks, false, ASKED), (Unknown, false, ASKED), (No, false, ASKED)]
    {
        let count = Count::default();
        assert_eq!(ask(&now(one, &Count::default()).or(now(No, &count))), (true, yes));
        assert_eq!(count.seen(), seen);
    }
}

#[test]
fn it_holds_at_any_depth() {
    let count = Count::default();
    let slow = || later(Yes, &count);
    let nested =
        slow().and(slow().or(slow())).and(slow().not().not()).and(now(No, &Count::default()));
    assert_eq!((ask(&nested), count.seen()), ((true, false), (4, 0)));
    let count = Count::default();
    let slow = || later(No, &count);
    let nested =
        slow().or(slow().and(slow())).or(slow().not().not()).or(now(Yes, &Count::default()));
    assert_eq!((ask(&nested), count.seen()), ((true, true), (4, 0)));
}
