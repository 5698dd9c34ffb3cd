//! Whatever happens in whatever order: no key that is gone is taken, and none that is there is refused.

use std::{collections::BTreeSet, iter};

use fastrand::Rng;

use super::*;

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What the server does from some time on.
#[derive(Clone, Debug)]
struct Phase {
    since: Duration,
    delay: Duration,
    /// The keys it publishes; none while it is out of order.
    keys: Option<BTreeSet<usize>>,
}

/// A world, and all that was done to it.
struct Model {
    world: World,
    keys: Vec<Key>,
    tokens: Vec<String>,
    phases: Vec<Phase>,
    rng: Rng,
}

impl Model {
    fn new(seed: u64) -> Self {
        let keys: Vec<Key> = NAMES.into_iter().map(Key::new).collect();
        let tokens = keys.iter().map(Key::token).collect();
        // A set that nobody asked for in an hour is given up, which is another promise.
        let world = World::with(|builder| builder.idle_after(500 * HOUR));
        let mut model = Self { world, keys, tokens, phases: Vec::new(), rng: Rng::with_seed(seed) };
        model.change();
        model
    }

    /// A rotation, an outage or a recovery.
    fn change(&mut self) {
        let mut delay = Duration::from_millis(self.rng.u64(0..4000) * self.rng.u64(0..2));
        let keys = (self.rng.u8(0..4) > 0).then(|| {
            let keys: BTreeSet<usize> = (0..NAMES.len()).filter(|_| self.rng.bool()).collect();
            // An empty set would be a failure, too.
            if keys.is_empty() { iter::once(0).collect() } else { keys }
        });
        let page = match &keys {
            Some(keys) => {
                let page = Page::keys(keys.iter().map(|key| self.keys[*key].jwk()));
                if self.rng.bool() { page.tagged(&format!("\"{keys:?}\"")) } else { page }
            }
            None => match self.rng.u8(0..4) {
                0 => Page::refused(),
                1 => Page::status(500),
                2 => Page::body("<html>"),
                _ => {
                    // It is given up then.
                    delay = 5 * SECOND;
                    Page::hang()
                }
            },
        };
        self.world.network.serve(URL, page.after(delay));
        self.phases.push(Phase { since: self.world.network.elapsed(), delay, keys });
    }

    /// What the server did at this time.
    fn phase(&self, at: Duration) -> &Phase {
        self.phases.iter().rev().find(|phase| phase.since <= at).unwrap()
    }

    /// The last good answer that had landed by then: when it was asked for, and its keys.
    fn landed(&self, by: Duration) -> Option<(Duration, &BTreeSet<usize>)> {
        self.world.network.last_asked(|at| {
            let Phase { delay, keys, .. } = self.phase(at);
            let keys = keys.as_ref().filter(|_| at + *delay <= by)?;
            Some((at, keys))
        })
    }

    /// A request with a token of one of the keys.
    async fn ask(&mut self) {
        let key = self.rng.usize(0..NAMES.len());
        let asked = self.world.network.elapsed();
        let status = self.world.status(&self.tokens[key]).await;
        let now = self.world.network.elapsed();
        // What lands in the very millisecond may count or not.
        let tick = Duration::from_millis(3);
        let sets = [now.saturating_sub(tick), now + tick].map(|by| self.landed(by));
        let context = || format!("{status} for {} at {asked:?} to {now:?}: {sets:?}", NAMES[key]);
        let limit = HOUR + 5 * MINUTE;
        let mut held = sets.iter().flatten();
        match status {
            200 => assert!(
                held.any(|(at, keys)| keys.contains(&key) && now - *at <= limit + tick),
                "{}",
                context()
            ),
            401 => assert!(held.any(|(_, keys)| !keys.contains(&key)), "{}", context()),
            503 => {
                // Of all that is back by now, the latest was a failure.
                let answered = self.world.network.last_asked(|at| {
                    let Phase { delay, keys, .. } = self.phase(at);
                    let by = if keys.is_some() { now.saturating_sub(tick) } else { now + tick };
                    (at + *delay <= by).then_some(keys.is_some())
                });
                assert_eq!(answered, Some(false), "{}", context());
                let here =
                    held.filter(|(at, keys)| keys.contains(&key) && now - *at < limit - tick);
                assert!(here.count() < 2, "{}", context());
            }
            _ => panic!("{}", context()),
        }
    }

    /// A stranger, who may leave before he is answered.
    async fn storm(&mut self) {
        let kid = self.rng.u32(..).to_string();
        let verifying = self.world.verifier.verify(&strange(&kid)).into_future();
        let patience = Duration::from_millis(self.rng.u64(0..3000));
        if let Ok(verified) = tokio::time::timeout(patience, verifying).await {
            assert!(verified.is_err());
        }
    }

    async fn step(&mut self) {
        match self.rng.u8(0..20) {
            0 => self.change(),
            1 => pass(Duration::from_millis(self.rng.u64(0..4_200_000))).await,
            2..=4 => pass(Duration::from_millis(self.rng.u64(0..60_000))).await,
            5..=7 => pass(Duration::from_millis(self.rng.u64(0..2_000))).await,
            8..=11 => self.storm().await,
            _ => self.ask().await,
        }
        // No two things happen in one millisecond.
        pass(Duration::from_millis(7)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn in_whatever_order_things_happen() {
    for seed in 0..30 {
        let mut model = Model::new(seed);
        for _ in 0..300 {
            model.step().await;
        }
        storms::assert_within_the_bucket(&model.world.network);
        // Not all of it was one long outage.
        assert!(model.landed(Duration::MAX).is_some(), "seed {seed}");
    }
}
