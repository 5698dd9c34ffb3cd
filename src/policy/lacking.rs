//! What a new token would have to bring, as far as it is known why this one is not enough.

use std::{collections::HashSet, hash::Hash, iter, mem, sync::Arc};

use super::held::Held;

/// What a token lacks.
#[derive(Clone, Debug)]
pub(crate) struct Lacking {
    /// All that are needed, those that are held among them.
    needed: Vec<Arc<str>>,
    /// One of them is not held.
    lacks_scope: bool,
    /// The login that is lacking.
    step_up: Option<StepUp>,
    /// The classes of which the login that is there is one, where that is needed and held: the next login should be no
    /// weaker. Any if there is none.
    classes: Vec<Arc<str>>,
}

/// What another login would have to be ([RFC 9470 §3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StepUp {
    /// One of these, the best first; any if there is none.
    pub(crate) acr_values: Vec<Arc<str>>,
    /// Not longer ago than this, in seconds.
    pub(crate) max_age: Option<u64>,
}

/// Ways to be permitted: each is enough. There is at least one.
#[derive(Clone)]
pub(super) struct Ways {
    first: Lacking,
    others: Vec<Lacking>,
}

/// More ways than this are not told apart: other logins beyond them are forgotten, and scopes alone never are. So nothing
/// is asked for in vain, and all that can be missed is the one login of so many that would help. It bounds what `and` makes of
/// `or`s.
const MOST: usize = 32;

impl Ways {
    pub(super) fn one(lacking: Lacking) -> Self {
        Self { first: lacking, others: Vec::new() }
    }

    /// One of these or one of those.
    pub(super) fn or(self, other: Self) -> Self {
        let Self { first, others } = self;
        let rest = others.into_iter().chain([other.first]).chain(other.others);
        rest.fold(Self::one(first), Self::with)
    }

    /// One of these and one of those together; `None` if no two can be had together.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        let pairs = self.iter().flat_map(|one| other.iter().filter_map(move |two| one.and(two)));
        pairs.fold(None, |ways, pair| {
            Some(match ways {
                Some(ways) => Self::with(ways, pair),
                None => Self::one(pair),
            })
        })
    }

    /// With what is needed and held as well, so that the next token does not lack that instead.
    pub(super) fn completed(self, before: &Held, after: &Held) -> Self {
        let Self { mut first, mut others } = self;
        for way in iter::once(&mut first).chain(&mut others) {
            let own = mem::replace(&mut way.needed, before.scopes.clone());
            add(&mut way.needed, &own);
            add(&mut way.needed, &after.scopes);
            way.classes = common(&common(&before.classes, &way.classes), &after.classes);
        }
        Self { first, others }
    }

    /// What to ask for: the first way.
    pub(super) fn choice(&self) -> &Lacking {
        &self.first
    }

    fn iter(&self) -> impl Iterator<Item = &Lacking> {
        iter::once(&self.first).chain(&self.others)
    }

    /// One way more, in the place of one that differs from it in one respect alone, if there is one.
    fn with(mut self, way: Lacking) -> Self {
        let ways = iter::once(&mut self.first).chain(&mut self.others);
        for own in ways {
            if own.merge(&way) {
                return self;
            }
        }
        if way.step_up.is_none() {
            self.others.truncate(MOST.saturating_sub(2));
        }
        if self.others.len() < MOST.saturating_sub(1) {
            self.others.push(way);
        }
        self
    }
}

impl Lacking {
    pub(super) fn of_scopes(scopes: Vec<Arc<str>>) -> Self {
        Self { needed: scopes, lacks_scope: true, step_up: None, classes: Vec::new() }
    }

    pub(super) fn of_login(step_up: StepUp) -> Self {
        Self { needed: Vec::new(), lacks_scope: false, step_up: Some(step_up), classes: Vec::new() }
    }

    /// What a client should ask for: all that are needed, or nothing if it has them.
    pub(crate) fn scopes(&self) -> &[Arc<str>] {
        if self.lacks_scope { &self.needed } else { &[] }
    }

    /// Whether another login is needed.
    pub(super) fn lacks_login(&self) -> bool {
        self.step_up.is_some()
    }

    /// The login that a client should ask for: of a class that is needed and, where that can be, of one that was enough
    /// before.
    pub(crate) fn login(&self) -> Option<StepUp> {
        let StepUp { acr_values, max_age } = self.step_up.as_ref()?;
        Some(StepUp { acr_values: common(acr_values, &self.classes), max_age: *max_age })
    }

    /// Both at once, if that can be.
    fn and(&self, other: &Self) -> Option<Self> {
        let step_up = match (&self.step_up, &other.step_up) {
            (Some(one), Some(two)) => Some(one.and(two)?),
            (one, two) => one.as_ref().or(two.as_ref()).cloned(),
        };
        let mut needed = self.needed.clone();
        add(&mut needed, &other.needed);
        let lacks_scope = self.lacks_scope || other.lacks_scope;
        let classes = common(&self.classes, &other.classes);
        Some(Self { needed, lacks_scope, step_up, classes })
    }

    /// Becomes one way with another if they differ in one respect, and says whether they do. Whoever has the scopes of
    /// both has those of one.
    fn merge(&mut self, other: &Self) -> bool {
        let same_scopes = self.scopes() == other.scopes();
        let merged = match (&mut self.step_up, &other.step_up) {
            (None, None) => true,
            (Some(one), Some(two)) if same_scopes => one.merge(two),
            _ => false,
        };
        if merged {
            add(&mut self.needed, &other.needed);
            // Where one of them minds no class, none is to be minded.
            if self.classes.is_empty() || other.classes.is_empty() {
                self.classes.clear();
            } else {
                add(&mut self.classes, &other.classes);
            }
        }
        merged
    }
}

impl StepUp {
    /// A login that is both; `None` if its class cannot be.
    fn and(&self, other: &Self) -> Option<Self> {
        let acr_values: Vec<_> = match (&*self.acr_values, &*other.acr_values) {
            ([], values) | (values, []) => values.to_vec(),
            (one, two) => one.iter().filter(|value| two.contains(value)).cloned().collect(),
        };
        let impossible =
            acr_values.is_empty() && !(self.acr_values.is_empty() && other.acr_values.is_empty());
        let max_age = self.max_age.into_iter().chain(other.max_age).min();
        (!impossible).then_some(Self { acr_values, max_age })
    }

    /// Becomes a login that is one of them, if they differ in the class or in the age alone: then it is the wider of both.
    fn merge(&mut self, other: &Self) -> bool {
        if self.acr_values == other.acr_values {
            self.max_age = self.max_age.zip(other.max_age).map(|(one, two)| one.max(two));
            return true;
        }
        let names_both = !self.acr_values.is_empty() && !other.acr_values.is_empty();
        let mergeable = names_both && self.max_age == other.max_age;
        if mergeable {
            add(&mut self.acr_values, &other.acr_values);
        }
        mergeable
    }
}

/// The names that stand in both lists. An empty one means any; of two that have nothing in common the first counts.
pub(super) fn common<T: Clone + Eq>(one: &[T], two: &[T]) -> Vec<T> {
    let both: Vec<T> = one.iter().filter(|name| two.contains(name)).cloned().collect();
    match (one, &*both) {
        ([], _) => two.to_vec(),
        (_, []) => one.to_vec(),
        _ => both,
    }
}

/// Adds each name that is not there yet, in linear time.
pub(super) fn add<T: Clone + Eq + Hash>(names: &mut Vec<T>, others: &[T]) {
    const FEW: usize = 16;
    if others.len() > FEW {
        let mut seen: HashSet<T> = names.iter().cloned().collect();
        names.extend(others.iter().filter(|other| seen.insert((*other).clone())).cloned());
        return;
    }
    for other in others {
        if !names.contains(other) {
            names.push(other.clone());
        }
    }
}
