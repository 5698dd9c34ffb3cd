//! [`TokenCache`]: what is known of tokens that were verified, in bounded memory.

use std::{
    fmt,
    hash::{Hash, Hasher},
    thread::available_parallelism,
};

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::{
    DefaultHashBuilder, Equivalent, OptionsBuilder, UnitWeighter,
    sync::{Cache, DefaultLifecycle},
};

/// A token that is longer is not remembered: whoever may sign tokens would otherwise decide how much memory the
/// tokens of all others have.
const LONGEST: usize = 4 * 1024;

/// How many bytes of a token its hash is made of: the last ones, which are the signature's.
const HASHED: usize = 16;

/// A shard that is smaller throws out what is in use while others have room.
const SMALLEST_SHARD: usize = 32;

/// What is known of each token. The caller sees to it that only verified ones come in.
///
/// A token is found by its end and then compared as a whole. Since only what was signed comes in, nobody can choose
/// many tokens that end alike; and the hash has a key of this process.
pub(crate) enum TokenCache<V> {
    /// By the tokens themselves.
    Whole(Shards<WholeToken, V>),
    /// By their SHA-256: half the memory, and no token in it.
    Digest(Shards<[u8; 32], V>),
}

type Shards<K, V> = Cache<K, V, UnitWeighter, DefaultHashBuilder, DefaultLifecycle<K, V>>;

impl<V: Clone> TokenCache<V> {
    /// For so many tokens at most; for none if it is zero.
    pub(crate) fn whole(capacity: usize) -> Option<Self> {
        shards(capacity).map(Self::Whole)
    }

    /// The same, by digest.
    pub(crate) fn by_digest(capacity: usize) -> Option<Self> {
        shards(capacity).map(Self::Digest)
    }

    pub(crate) fn get(&self, token: &[u8]) -> Option<V> {
        if token.len() > LONGEST {
            return None;
        }
        match self {
            Self::Whole(known) => known.get(&Presented(token)),
            Self::Digest(known) => known.get(&sha256(token)),
        }
    }

    pub(crate) fn insert(&self, token: &[u8], value: V) {
        if token.len() > LONGEST {
            return;
        }
        match self {
            Self::Whole(known) => known.insert(WholeToken(token.into()), value),
            Self::Digest(known) => known.insert(sha256(token), value),
        }
    }

    pub(crate) fn remove(&self, token: &[u8]) {
        match self {
            Self::Whole(known) => drop(known.remove(&Presented(token))),
            Self::Digest(known) => drop(known.remove(&sha256(token))),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Whole(known) => known.len(),
            Self::Digest(known) => known.len(),
        }
    }
}

/// Shards of equal size, so that rounding never makes room for more than was asked for.
fn shards<K, V>(capacity: usize) -> Option<Shards<K, V>>
where
    K: Eq + Hash,
    V: Clone,
{
    let threads = available_parallelism().map_or(1, usize::from);
    let mut count = threads.saturating_mul(4).checked_next_power_of_two()?;
    while count > 1 && capacity < count.saturating_mul(SMALLEST_SHARD) {
        count >>= 1;
    }
    let capacity = capacity & !count.saturating_sub(1);
    let options = OptionsBuilder::new()
        .shards(count)
        .estimated_items_capacity(capacity)
        .weight_capacity(u64::try_from(capacity).unwrap_or(u64::MAX))
        .build()
        .ok()
        .filter(|_| capacity != 0)?;
    let (weigher, hasher, life) =
        (UnitWeighter, DefaultHashBuilder::default(), DefaultLifecycle::default());
    Some(Cache::with_options(options, weigher, hasher, life))
}

fn sha256(token: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, token).as_ref());
    bytes
}

/// A token that was verified.
#[derive(PartialEq, Eq)]
pub(crate) struct WholeToken(Box<[u8]>);

impl Hash for WholeToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_end(&self.0, state);
    }
}

/// A token that is looked for.
struct Presented<'t>(&'t [u8]);

impl Hash for Presented<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_end(self.0, state);
    }
}

impl Equivalent<WholeToken> for Presented<'_> {
    fn equivalent(&self, known: &WholeToken) -> bool {
        *self.0 == *known.0
    }
}

fn hash_end(token: &[u8], state: &mut impl Hasher) {
    let start = token.len().saturating_sub(HASHED);
    state.write(token.get(start..).unwrap_or_default());
}

/// Shows how much is known, and nothing of it.
impl<V: Clone> fmt::Debug for TokenCache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").field("tokens", &self.len()).finish()
    }
}
