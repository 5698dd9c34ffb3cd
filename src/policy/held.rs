//! What a policy may ask for, and what of it a token has.

use std::sync::Arc;

use super::Policy;
use crate::{
    jose::json::{Text, find_member},
    token::{ClaimsError, VerifiedToken},
};

/// What a policy may ask for and a token has.
#[derive(Default)]
pub(crate) struct Held {
    pub(super) scopes: Vec<Arc<str>>,
    /// The classes that are enough, if that of its login is one of them.
    pub(super) classes: Vec<Arc<str>>,
}

impl Held {
    pub(crate) fn by(policy: &dyn Policy, token: &VerifiedToken) -> Self {
        let own = token.scopes();
        let held = named_by(policy).filter(|scope| own.contains(scope));
        let mut classes = policy.acr_values();
        classes.retain(|class| is_class(class));
        if !classes.is_empty() && !class(token).is_ok_and(|own| is_one_of(own, &classes)) {
            classes.clear();
        }
        Self {
            scopes: held.map(Into::into).collect(),
            classes: classes.into_iter().map(Into::into).collect(),
        }
    }
}

/// The scopes that a policy may ask for, as far as a challenge can name them: whoever implements one may say anything.
pub(crate) fn named_by(policy: &dyn Policy) -> impl Iterator<Item = &str> {
    policy.scopes().into_iter().filter(|scope| is_scope(scope))
}

/// `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`
pub(super) fn is_scope(scope: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    !scope.is_empty() && scope.bytes().all(allowed)
}

/// Whether a list of classes can hold this one.
pub(super) fn is_class(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The class of the login behind a token.
pub(super) fn class(token: &VerifiedToken) -> Result<Option<Text<'_>>, ClaimsError> {
    find_member(token.payload(), "acr").map_err(|_| ClaimsError::in_field("acr"))
}

fn is_one_of(own: Option<Text<'_>>, classes: &[&str]) -> bool {
    own.is_some_and(|Text(own)| classes.iter().any(|class| **class == *own))
}
