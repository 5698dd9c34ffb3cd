//! Trees of policies and tokens, and what should come of them.

use std::{future::ready, time::Duration};

use proptest::{collection::vec, prelude::*, sample::subsequence};
use serde_json::{Value, json};
use tower_bearer::{
    Denial, Policy, RequireAcr, RequireFreshAuth, RequireRole, RequireScope, VerifiedToken,
    policy_fn, policy_fn_async,
};

use super::super::token;
use crate::support::NOW;

pub(super) const SCOPES: [&str; 4] = ["a", "b", "c", "d"];
pub(super) const CLASSES: [&str; 3] = ["x", "y", "z"];
const ROLES: [&str; 2] = ["r", "s"];

/// What a token says; `Err` if that is of a wrong type.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) scopes: Result<Vec<&'static str>, ()>,
    pub(super) roles: Result<Vec<&'static str>, ()>,
    pub(super) acr: Result<Option<&'static str>, ()>,
    /// How many seconds ago the login was.
    pub(super) login: Result<Option<u64>, ()>,
}

impl Fact {
    pub(super) fn token(&self) -> VerifiedToken {
        let Self { scopes, roles, acr, login } = self;
        let mut changes = json!({});
        let mut claim = |name: &str, value: Result<Value, &()>| {
            // `null` would take the claim out: an object is as wrong a type for all of them.
            changes[name] = value.unwrap_or(json!({}));
        };
        claim("scope", scopes.as_ref().map(|scopes| json!(scopes.join(" "))));
        claim("roles", roles.as_ref().map(|roles| json!(roles)));
        claim("acr", acr.as_ref().map(|acr| json!(acr)));
        claim("auth_time", login.as_ref().map(|ago| json!(ago.map(|ago| NOW - ago))));
        token(&changes)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Mismatch,
    No,
    Unavailable,
    Yes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Later,
    Now,
    Soon,
}

#[derive(Clone, Debug)]
pub(super) enum Tree {
    Acr(Vec<&'static str>),
    AllRoles(Vec<&'static str>),
    AllScopes(Vec<&'static str>),
    And(Box<Self>, Box<Self>),
    AnyRole(Vec<&'static str>),
    AnyScope(Vec<&'static str>),
    Closure(Says, When),
    Fresh(u64),
    Not(Box<Self>),
    Or(Box<Self>, Box<Self>),
}

impl Tree {
    pub(super) fn build(&self) -> Box<dyn Policy> {
        match self {
            Self::Acr(values) => Box::new(RequireAcr::any(values).unwrap()),
            Self::AllRoles(roles) => Box::new(RequireRole::all("roles", roles).unwrap()),
            Self::AllScopes(scopes) => Box::new(RequireScope::all(scopes).unwrap()),
            Self::And(one, two) => Box::new(one.build().and(two.build())),
            Self::AnyRole(roles) => Box::new(RequireRole::any("roles", roles).unwrap()),
            Self::AnyScope(scopes) => Box::new(RequireScope::any(scopes).unwrap()),
            Self::Closure(says, when) => says.build(*when),
            Self::Fresh(age) => Box::new(RequireFreshAuth::within(Duration::from_secs(*age))),
            Self::Not(tree) => Box::new(tree.build().not()),
            Self::Or(one, two) => Box::new(one.build().or(two.build())),
        }
    }

    /// Yes, no, or unknown (Kleene's strong logic).
    pub(super) fn holds(&self, fact: &Fact) -> Option<bool> {
        let all = |has: &[&str], names: &[&str]| names.iter().all(|name| has.contains(name));
        let any = |has: &[&str], names: &[&str]| names.iter().any(|name| has.contains(name));
        match self {
            Self::Acr(values) => Some(fact.acr.ok()?.is_some_and(|acr| values.contains(&acr))),
            Self::AllRoles(roles) => Some(all(fact.roles.as_ref().ok()?, roles)),
            Self::AllScopes(scopes) => Some(all(fact.scopes.as_ref().ok()?, scopes)),
            Self::And(one, two) => match (one.holds(fact), two.holds(fact)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::AnyRole(roles) => Some(any(fact.roles.as_ref().ok()?, roles)),
            Self::AnyScope(scopes) => Some(any(fact.scopes.as_ref().ok()?, scopes)),
            Self::Closure(says, _) => match says {
                Says::Mismatch | Says::Unavailable => None,
                Says::No => Some(false),
                Says::Yes => Some(true),
            },
            Self::Fresh(age) => Some(fact.login.ok()?.is_some_and(|ago| ago <= age + 60)),
            Self::Not(tree) => tree.holds(fact).map(|holds| !holds),
            Self::Or(one, two) => match (one.holds(fact), two.holds(fact)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }

    /// The same policy, of which no part has to be waited for.
    pub(super) fn without_waiting(&self) -> Self {
        match self {
            Self::And(one, two) => {
                Self::And(Box::new(one.without_waiting()), Box::new(two.without_waiting()))
            }
            Self::Closure(says, _) => Self::Closure(*says, When::Now),
            Self::Not(tree) => Self::Not(Box::new(tree.without_waiting())),
            Self::Or(one, two) => {
                Self::Or(Box::new(one.without_waiting()), Box::new(two.without_waiting()))
            }
            leaf => leaf.clone(),
        }
    }

    /// All classes of login that are asked for, by those who ask.
    pub(super) fn classes(&self) -> Vec<&[&'static str]> {
        match self {
            Self::Acr(values) => vec![values],
            Self::And(one, two) | Self::Or(one, two) => {
                one.classes().into_iter().chain(two.classes()).collect()
            }
            Self::Not(tree) => tree.classes(),
            _ => Vec::new(),
        }
    }
}

impl Says {
    fn decision(self) -> Result<(), Denial> {
        match self {
            // The claim `sub` of every token here is a string.
            Self::Mismatch => Err(token(&json!({})).claim::<bool>("sub").unwrap_err().into()),
            Self::No => Err(Denial::forbidden()),
            Self::Unavailable => Err(Denial::unavailable("down")),
            Self::Yes => Ok(()),
        }
    }

    fn build(self, when: When) -> Box<dyn Policy> {
        let decision = self.decision();
        match when {
            When::Now => Box::new(policy_fn(move |_, _| decision.clone())),
            When::Soon => Box::new(policy_fn_async(move |_, _| ready(decision.clone()))),
            When::Later => Box::new(policy_fn_async(move |_, _| {
                let decision = decision.clone();
                async move {
                    tokio::task::yield_now().await;
                    decision
                }
            })),
        }
    }
}

fn some(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(of, 1..=of.len()).prop_shuffle()
}

/// Leaves that know what they are asked, and can be helped or not.
fn known() -> impl Strategy<Value = Tree> {
    prop_oneof![
        2 => some(&SCOPES).prop_map(Tree::AllScopes),
        1 => some(&SCOPES).prop_map(Tree::AnyScope),
        2 => some(&CLASSES).prop_map(Tree::Acr),
        2 => prop::sample::select(&[0, 10, 200][..]).prop_map(Tree::Fresh),
        1 => some(&ROLES).prop_map(Tree::AllRoles),
        1 => some(&ROLES).prop_map(Tree::AnyRole),
        1 => Just(Tree::Closure(Says::No, When::Now)),
        1 => prop::sample::select(&[When::Later, When::Now, When::Soon][..])
            .prop_map(|when| Tree::Closure(Says::Yes, when)),
    ]
}

fn closure() -> impl Strategy<Value = Tree> {
    use prop::sample::select;

    let says = select(&[Says::Mismatch, Says::No, Says::Unavailable, Says::Yes][..]);
    let when = select(&[When::Later, When::Now, When::Soon][..]);
    (says, when).prop_map(|(says, when)| Tree::Closure(says, when))
}

fn joined(leaf: impl Strategy<Value = Tree> + 'static) -> impl Strategy<Value = Tree> {
    leaf.prop_recursive(4, 10, 2, |inner| {
        let pair = (inner.clone(), inner).prop_map(|(one, two)| (Box::new(one), Box::new(two)));
        prop_oneof![
            pair.clone().prop_map(|(one, two)| Tree::And(one, two)),
            pair.prop_map(|(one, two)| Tree::Or(one, two)),
        ]
    })
}

/// Any policy.
pub(super) fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![3 => known(), 2 => closure()];
    leaf.prop_recursive(4, 12, 2, |inner| {
        let pair =
            (inner.clone(), inner.clone()).prop_map(|(one, two)| (Box::new(one), Box::new(two)));
        prop_oneof![
            2 => pair.clone().prop_map(|(one, two)| Tree::And(one, two)),
            2 => pair.prop_map(|(one, two)| Tree::Or(one, two)),
            1 => inner.prop_map(|tree| Tree::Not(Box::new(tree))),
        ]
    })
}

/// A policy without `not` that answers for certain, and at once if the answer is no.
pub(super) fn plain_tree() -> impl Strategy<Value = Tree> {
    joined(known())
}

/// Any token.
pub(super) fn facts() -> impl Strategy<Value = Fact> {
    let malformed = || prop::bool::weighted(0.2);
    (plain_facts(), malformed(), malformed(), malformed(), malformed()).prop_map(
        |(mut fact, scopes, roles, acr, login)| {
            if scopes {
                fact.scopes = Err(());
            }
            if roles {
                fact.roles = Err(());
            }
            if acr {
                fact.acr = Err(());
            }
            if login {
                fact.login = Err(());
            }
            fact
        },
    )
}

/// A token of which each claim is of its type.
pub(super) fn plain_facts() -> impl Strategy<Value = Fact> {
    let scopes = vec(prop::sample::select(&SCOPES[..]), 0..4);
    let roles = subsequence(&ROLES[..], 0..=2);
    let acr = prop::option::of(prop::sample::select(&["x", "y", "z", "pwd"][..]));
    let login = prop::option::of(prop::sample::select(&[0, 60, 61, 100, 260, 1000][..]));
    (scopes, roles, acr, login).prop_map(|(scopes, roles, acr, login)| Fact {
        scopes: Ok(scopes),
        roles: Ok(roles),
        acr: Ok(acr),
        login: Ok(login),
    })
}
