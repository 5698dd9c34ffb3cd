//! What holds of every policy and every token.

mod model;
mod promises;

use proptest::prelude::*;
use tower_bearer::{Policy, VerifiedToken};

use self::model::{Fact, Tree, facts, tree};
use super::decide;

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Yes, no, or unknown: neither it nor its opposite is permitted.
fn decision(tree: &Tree, fact: &Fact) -> Option<bool> {
    decision_on(tree, &fact.token())
}

fn decision_on(tree: &Tree, token: &VerifiedToken) -> Option<bool> {
    match decide(&tree.build(), token) {
        Ok(()) => Some(true),
        Err(_) => decide(&tree.build().not(), token).is_ok().then_some(false),
    }
}

fn and(one: &Tree, two: &Tree) -> Tree {
    Tree::And(Box::new(one.clone()), Box::new(two.clone()))
}

fn or(one: &Tree, two: &Tree) -> Tree {
    Tree::Or(Box::new(one.clone()), Box::new(two.clone()))
}

fn not(tree: &Tree) -> Tree {
    Tree::Not(Box::new(tree.clone()))
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn the_decision_is_that_of_a_logic_of_three_values(tree in tree(), fact in facts()) {
        prop_assert_eq!(decision(&tree, &fact), tree.holds(&fact));
        let opposite = not(&tree);
        prop_assert_eq!(decision(&opposite, &fact), opposite.holds(&fact));
    }

    #[test]
    fn waiting_makes_no_difference(tree in tree(), fact in facts()) {
        prop_assert_eq!(decision(&tree, &fact), decision(&tree.without_waiting(), &fact));
    }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn laws_of_logic((p, q, r) in (tree(), tree(), tree()), fact in facts()) {
        let same = [
            ("twice not", not(&not(&p)), p.clone()),
            ("not and", not(&and(&p, &q)), or(&not(&p), &not(&q))),
            ("not or", not(&or(&p, &q)), and(&not(&p), &not(&q))),
            ("and, turned round", and(&p, &q), and(&q, &p)),
            ("or, turned round", or(&p, &q), or(&q, &p)),
            ("and, grouped", and(&and(&p, &q), &r), and(&p, &and(&q, &r))),
            ("or, grouped", or(&or(&p, &q), &r), or(&p, &or(&q, &r))),
            ("and absorbs", and(&p, &or(&p, &q)), p.clone()),
            ("or absorbs", or(&p, &and(&p, &q)), p.clone()),
            ("and over or", and(&p, &or(&q, &r)), or(&and(&p, &q), &and(&p, &r))),
            ("or over and", or(&p, &and(&q, &r)), and(&or(&p, &q), &or(&p, &r))),
            ("and itself", and(&p, &p), p.clone()),
            ("or itself", or(&p, &p), p.clone()),
        ];
        let token = fact.token();
        for (law, one, two) in same {
            prop_assert_eq!(decision_on(&one, &token), decision_on(&two, &token), "{}", law);
        }
    }
}
