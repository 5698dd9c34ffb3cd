use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// What is remembered for a while, in bounded memory.
///
/// All entries live equally long, so that the order in which they came is the order in which they
/// expire: whatever has to make room is the entry that would have gone next, and is found at once.
pub(super) struct Table<V> {
    entries: HashMap<Arc<str>, Entry<V>>,
    /// The names in the order they came; `None` where one has come again since.
    order: VecDeque<Option<Arc<str>>>,
    /// The place of the first in `order`, counted from the beginning.
    first: usize,
    capacity: usize,
    lifetime: Duration,
}

struct Entry<V> {
    value: V,
    since: SystemTime,
    place: usize,
}

impl<V> Table<V> {
    pub(super) fn new(capacity: usize, lifetime: Duration) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), first: 0, capacity, lifetime }
    }

    pub(super) fn get(&self, name: &str, now: SystemTime) -> Option<&V> {
        let entry = self.entries.get(name)?;
        self.is_valid(entry, now).then_some(&entry.value)
    }

    /// All that is remembered now, in no order.
    pub(super) fn values(&self, now: SystemTime) -> impl Iterator<Item = &V> {
        let valid = move |entry: &&Entry<V>| self.is_valid(entry, now);
        self.entries.values().filter(valid).map(|entry| &entry.value)
    }

    /// Remembers a value from now on. What had to go is handed out, since dropping it may run foreign code
    /// and the table is mostly behind a lock.
    #[must_use]
    pub(super) fn insert(&mut self, name: Arc<str>, value: V, now: SystemTime) -> Vec<V> {
        let mut gone: Vec<V> = self.take_out(&name).into_iter().collect();
        while let Some(first) = self.order.front()
            && (self.order.len() >= self.capacity || !self.is_alive(first.as_deref(), now))
        {
            gone.extend(self.pop());
        }
        let place = self.first.wrapping_add(self.order.len());
        self.order.push_back(Some(Arc::clone(&name)));
        self.entries.insert(name, Entry { value, since: now, place });
        gone
    }

    /// A clock that was set back makes entries of the future, and nobody knows how old those are.
    fn is_valid(&self, entry: &Entry<V>, now: SystemTime) -> bool {
        now.duration_since(entry.since).is_ok_and(|age| age < self.lifetime)
    }

    fn is_alive(&self, name: Option<&str>, now: SystemTime) -> bool {
        name.is_some_and(|name| self.get(name, now).is_some())
    }

    /// Its place in the order stays, empty, so that the others keep theirs.
    fn take_out(&mut self, name: &str) -> Option<V> {
        let Entry { value, since: _, place } = self.entries.remove(name)?;
        if let Some(slot) = self.order.get_mut(place.wrapping_sub(self.first)) {
            *slot = None;
        }
        Some(value)
    }

    fn pop(&mut self) -> Option<V> {
        let name = self.order.pop_front()?;
        self.first = self.first.wrapping_add(1);
        self.entries.remove(&name?).map(|entry| entry.value)
    }
}

#[cfg(test)]
mod tests;
