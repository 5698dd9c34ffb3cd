use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A place among those who wait.
pub(crate) struct Seat(Arc<AtomicUsize>);

impl Seat {
    /// `None` if all are taken.
    pub(crate) fn take(taken: &Arc<AtomicUsize>, seats: usize) -> Option<Self> {
        let free = |count: usize| (count < seats).then(|| count.saturating_add(1));
        taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, free).ok()?;
        Some(Self(Arc::clone(taken)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
