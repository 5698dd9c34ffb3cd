//! What a new token would have to bring, as far as it is known why this one is not enough.

use std::sync::Arc;

use super::Policy;
use crate::token::VerifiedToken;

/// What a token lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lacking {
    pub(crate) scopes: Vec<Arc<str>>,
    pub(crate) step_up: Option<StepUp>,
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
    all: Vec<Lacking>,
    choice: Lacking,
}

/// The scopes that a policy may ask for, and whether a token has them.
pub(crate) struct Mentioned(Vec<(Arc<str>, bool)>);

impl Mentioned {
    pub(crate) fn by(policy: &dyn Policy, token: &VerifiedToken) -> Self {
        let held = token.scopes();
        let scopes = policy.scopes().into_iter();
        Self(scopes.map(|scope| (scope.into(), held.contains(scope))).collect())
    }
}

/// More ways than this are not told apart. It bounds what `and` makes of `or`s.
const MOST: usize = 32;

impl Ways {
    pub(super) fn one(lacking: Lacking) -> Self {
        Self { all: vec![lacking.clone()], choice: lacking }
    }

    /// One of these or one of those.
    pub(super) fn or(self, other: Self) -> Self {
        let Self { mut all, choice } = self;
        all.extend(other.all);
        all.truncate(MOST);
        Self::of(all).unwrap_or_else(|| Self::one(choice))
    }

    /// One of these and one of those together; `None` if no two can be had together.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        let pairs = self.all.iter().flat_map(|one| other.all.iter().map(move |two| one.and(two)));
        Self::of(pairs.flatten().take(MOST).collect())
    }

    /// Asks for what was needed of this token as well, so that the next one does not lack that instead.
    pub(super) fn completed(mut self, mentioned: &Mentioned) -> Self {
        for way in self.all.iter_mut().filter(|way| !way.scopes.is_empty()) {
            let wanted = |(scope, held): &&(Arc<str>, bool)| *held || way.scopes.contains(scope);
            let mut scopes: Vec<_> =
                mentioned.0.iter().filter(wanted).map(|(scope, _)| Arc::clone(scope)).collect();
            scopes.append(&mut way.scopes);
            way.scopes = without_repetition(scopes);
        }
        let Self { all, choice } = self;
        Self::of(all).unwrap_or_else(|| Self::one(choice))
    }

    /// What to ask for. The first way, and with it those that differ from it in the same respect alone: whoever has the
    /// scopes of all of them has those of one.
    pub(super) fn choice(&self) -> &Lacking {
        &self.choice
    }

    fn of(all: Vec<Lacking>) -> Option<Self> {
        let (first, others) = all.split_first()?;
        let choice = others.iter().fold(first.clone(), Lacking::or);
        Some(Self { all, choice })
    }
}

impl Lacking {
    /// Both at once, if that can be.
    fn and(&self, other: &Self) -> Option<Self> {
        let scopes = self.scopes.iter().chain(&other.scopes).cloned().collect();
        let step_up = match (&self.step_up, &other.step_up) {
            (Some(one), Some(two)) => Some(one.and(two)?),
            (one, two) => one.as_ref().or(two.as_ref()).cloned(),
        };
        Some(Self { scopes: without_repetition(scopes), step_up })
    }

    /// What is enough for both, if they differ in one respect; else the first.
    fn or(self, other: &Self) -> Self {
        match (&self.step_up, &other.step_up) {
            (None, None) => {
                let scopes = self.scopes.iter().chain(&other.scopes).cloned().collect();
                Self { scopes: without_repetition(scopes), step_up: None }
            }
            (Some(one), Some(two)) if self.scopes.is_empty() && other.scopes.is_empty() => {
                Self { scopes: Vec::new(), step_up: Some(one.or(two)) }
            }
            _ => self,
        }
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

    /// A login that is one of them: the wider of two classes or of two ages; else the first.
    fn or(&self, other: &Self) -> Self {
        let same_age = self.max_age == other.max_age;
        if same_age && !self.acr_values.is_empty() && !other.acr_values.is_empty() {
            let values = self.acr_values.iter().chain(&other.acr_values).cloned().collect();
            return Self { acr_values: without_repetition(values), max_age: self.max_age };
        }
        if self.acr_values == other.acr_values {
            let max_age = self.max_age.max(other.max_age);
            return Self { acr_values: self.acr_values.clone(), max_age };
        }
        self.clone()
    }
}

/// Each but once, where it stood first.
fn without_repetition(names: Vec<Arc<str>>) -> Vec<Arc<str>> {
    let mut once: Vec<Arc<str>> = Vec::with_capacity(names.len());
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}
