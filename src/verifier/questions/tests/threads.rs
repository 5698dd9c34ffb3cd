//! Those who wait come and go on several threads.

use std::{sync::mpsc, thread, time::Duration};

use super::*;

const THREADS: usize = 8;
const ROUNDS: usize = 2_000;

/// Far beyond what it takes: whoever is not done by then hangs.
const PATIENCE: Duration = Duration::from_secs(120);

type Parcel = (Waker, Arc<AtomicUsize>);

/// A thread that wakes what it is sent, as a runtime does when something has come from the network.
fn network() -> mpsc::Sender<Parcel> {
    let (sender, receiver) = mpsc::channel::<Parcel>();
    thread::spawn(move || {
        for (waker, come) in receiver {
            come.fetch_add(1, Ordering::SeqCst);
            waker.wake();
        }
    });
    sender
}

/// Takes three round trips, and yields before each. It hangs if one wake gets lost.
fn asking(network: mpsc::Sender<Parcel>) -> impl Future<Output = u32> + Send {
    let come = Arc::new(AtomicUsize::new(0));
    let (mut sent, mut yielded) = (0, false);
    poll_fn(move |context| {
        if come.load(Ordering::SeqCst) < sent {
            return Poll::Pending;
        }
        if sent == 3 {
            return Poll::Ready(7);
        }
        yielded = !yielded;
        if yielded {
            context.waker().wake_by_ref();
        } else {
            sent += 1;
            network.send((context.waker().clone(), Arc::clone(&come))).unwrap();
        }
        Poll::Pending
    })
}

#[test]
fn many_who_come_and_go_on_several_threads_never_hang() {
    let limits = Limits { questions: 2, waiting: THREADS * 2 };
    let questions = Arc::new(Questions::new(limits, || PANICKED));
    let (done, all_done) = mpsc::channel();
    let network = network();
    for thread in 0..THREADS {
        let (questions, network, done) = (Arc::clone(&questions), network.clone(), done.clone());
        thread::spawn(move || {
            let join = |round: usize| {
                let name = if round.is_multiple_of(3) { "b" } else { "a" };
                pending(questions.join(name, || None, |_| asking(network.clone())))
            };
            for round in 0..ROUNDS {
                let (mut brief, stays) = (join(round), join(round));
                // It goes at once, or after it has been polled, and perhaps woken.
                for _ in 0..(thread + round) % 4 {
                    let _ = Task::poll(&Arc::default(), &mut brief);
                }
                drop(brief);
                assert_eq!(futures_executor::block_on(stays), 7);
            }
            done.send(()).unwrap();
        });
    }
    for _ in 0..THREADS {
        all_done.recv_timeout(PATIENCE).expect("somebody waits for ever, or has panicked");
    }
    assert_eq!((in_flight(&questions), lock(&questions.0.open).waiting), (0, 0));
}
