//! Two users, with their passwords as argon2 has them.

use std::{collections::HashMap, sync::Arc};

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use tower_bearer::{Grant, GrantError, Session};

/// A real service has a database.
#[derive(Clone)]
pub(crate) struct Users(Arc<HashMap<&'static str, User>>);

struct User {
    /// In the form `$argon2id$v=19$..`, as databases keep it.
    hash: String,
    roles: &'static [&'static str],
}

impl Users {
    pub(crate) fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let mut users = HashMap::new();
        for (name, password, roles) in [
            ("ada", "lovelace", &["auditor", "clerk"][..]),
            ("eve", "gardens", &["clerk"]),
            // Nobody: it is what a name that is unknown is compared with, and takes as long.
            ("", "", &[]),
        ] {
            let mut salt = [0; 16];
            getrandom::fill(&mut salt)?;
            let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt)?;
            users.insert(name, User { hash: hash.to_string(), roles });
        }
        Ok(Self(Arc::new(users)))
    }

    /// What somebody may do, if the password is right.
    pub(crate) async fn check(&self, name: &str, password: String) -> Option<Grant> {
        let user = self.0.get(name).or_else(|| self.0.get(""))?;
        let hash = user.hash.clone();
        // It is slow on purpose: not on a thread that serves others.
        let verified = tokio::task::spawn_blocking(move || {
            let hash = PasswordHash::new(&hash).ok()?;
            Argon2::default().verify_password(password.as_bytes(), &hash).ok()
        });
        verified.await.ok()??;
        if user.roles.is_empty() { None } else { Grant::new().roles(user.roles.to_vec()).ok() }
    }

    /// Asked at each renewal: whoever has been removed goes no further, and whose roles were changed has others.
    pub(crate) fn grant(&self, session: &Session) -> Result<Grant, GrantError> {
        let user = self.0.get(&*session.subject).ok_or_else(GrantError::denied)?;
        Ok(Grant::new().roles(user.roles.to_vec())?)
    }
}
