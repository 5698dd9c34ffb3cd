//! What a challenge promises: a token that has what it asks for is permitted, and where nothing is asked for, no
//! token would be.

use proptest::{prelude::*, sample::subsequence};
use tower_bearer::{Policy, Rejection, RejectionKind as Kind};

use super::{
    cases,
    model::{CLASSES, Fact, SCOPES, Tree, facts, plain_facts, plain_tree, tree},
};
use crate::policies::decide;

fn rejection(tree: &Tree, fact: &Fact) -> Option<Rejection> {
    decide(&tree.build(), &fact.token()).err().map(Rejection::from)
}

/// Only what was tested: the names are those of the model.
fn known(name: &str) -> &'static str {
    SCOPES.into_iter().chain(CLASSES).find(|known| *known == name).unwrap()
}

/// All tokens that somebody gets who does what he is told, and no more: exactly these scopes, if any are named; any of
/// the classes; a login as old as it may be. What nothing is said of stays.
fn obeyed(rejection: &Rejection, fact: &Fact) -> Vec<Fact> {
    let mut new = fact.clone();
    if rejection.scopes().len() > 0 {
        new.scopes = Ok(rejection.scopes().map(known).collect());
    }
    if let Some(age) = rejection.max_age() {
        new.login = Ok(Some(age.as_secs()));
    }
    if rejection.acr_values().len() == 0 {
        return vec![new];
    }
    let classes = rejection.acr_values().map(known);
    classes.map(|class| Fact { acr: Ok(Some(class)), ..new.clone() }).collect()
}

/// Who has asked for the class of the old login does not get it with the new one: nobody can have both.
fn loses_a_class(tree: &Tree, old: &Fact, new: &Fact) -> bool {
    let has = |fact: &Fact, classes: &[&str]| {
        fact.acr.unwrap().is_some_and(|class| classes.contains(&class))
    };
    tree.classes().into_iter().any(|classes| has(old, classes) && !has(new, classes))
}

/// All tokens of the same user and the same roles.
fn others(fact: &Fact) -> impl Iterator<Item = Fact> {
    (0..16_u32).flat_map(move |bits| {
        let scopes: Vec<_> =
            (0..4).filter(|n| bits >> n & 1 == 1).map(|n: usize| SCOPES[n]).collect();
        CLASSES.into_iter().flat_map(move |class| {
            let scopes = scopes.clone();
            [None, Some(0)].map(move |login| Fact {
                scopes: Ok(scopes.clone()),
                acr: Ok(Some(class)),
                login: Ok(login),
                ..fact.clone()
            })
        })
    })
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn who_does_what_he_is_told_is_permitted(tree in plain_tree(), fact in plain_facts()) {
        let Some(rejection) = rejection(&tree, &fact) else { return Ok(()) };
        if matches!(rejection.kind(), Kind::InsufficientScope | Kind::InsufficientUserAuthentication) {
            for new in obeyed(&rejection, &fact) {
                let fits = loses_a_class(&tree, &fact, &new) || tree.holds(&new) == Some(true);
                prop_assert!(fits, "{:?}: {new:?}", rejection.challenge());
                prop_assert_eq!(decide(&tree.build(), &new.token()).is_ok(), tree.holds(&new).unwrap());
            }
        }
    }

    #[test]
    fn nothing_is_asked_for_where_nothing_would_help(tree in plain_tree(), fact in plain_facts()) {
        let Some(rejection) = rejection(&tree, &fact) else { return Ok(()) };
        if rejection.kind() == Kind::Forbidden {
            let helps = others(&fact).find(|other| tree.holds(other) == Some(true));
            prop_assert!(helps.is_none(), "{helps:?}");
        }
    }

    /// A login is asked for with the status for it, and only where scopes alone are not what comes first.
    #[test]
    fn what_is_asked_for_fits_its_kind(tree in tree(), fact in facts()) {
        let Some(rejection) = rejection(&tree, &fact) else { return Ok(()) };
        let (scopes, acr) = (rejection.scopes().len() > 0, rejection.acr_values().len() > 0);
        let login = acr || rejection.max_age().is_some();
        match rejection.kind() {
            Kind::InsufficientScope => prop_assert!(scopes && !login),
            Kind::InsufficientUserAuthentication => prop_assert!(login),
            _ => prop_assert!(!scopes && !login),
        }
    }

    #[test]
    fn only_scopes_and_classes_of_the_policy_are_named_each_once(tree in tree(), fact in facts()) {
        let Some(rejection) = rejection(&tree, &fact) else { return Ok(()) };
        let policy = tree.build();
        let mut seen = Vec::new();
        for scope in rejection.scopes() {
            prop_assert!(policy.scopes().contains(&scope) && !seen.contains(&scope));
            seen.push(scope);
        }
        for class in rejection.acr_values() {
            let known = tree.classes().concat().contains(&class);
            prop_assert!(known && !seen.contains(&class));
            seen.push(class);
        }
    }

    /// The order in which scopes are named is that in which the policy declares them.
    #[test]
    fn scopes_stand_in_their_order(
        scopes in subsequence(&SCOPES[..], 1..=4).prop_shuffle(), fact in plain_facts(),
    ) {
        let leaves = scopes.iter().map(|scope| Tree::AllScopes(vec![*scope]));
        let tree = leaves.reduce(|one, two| Tree::And(Box::new(one), Box::new(two))).unwrap();
        if let Some(rejection) = rejection(&tree, &fact) {
            prop_assert_eq!(rejection.scopes().collect::<Vec<_>>(), scopes);
        }
    }
}
