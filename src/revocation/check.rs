//! Whether a token was taken back.

use std::{sync::atomic::Ordering, time::Duration};

use super::{Inner, Revocations, set::Identity};
use crate::{
    clock::NumericDate,
    error::ConfigError,
    token::{Revocation, RevocationCheck, VerifiedToken},
};

impl Inner {
    fn has_revoked(&self, token: &VerifiedToken) -> bool {
        let identity = Identity {
            jwt_id: token.jwt_id(),
            session_id: token.session_id(),
            subject: token.subject(),
            client_id: token.client_id(),
        };
        let set = self.read();
        if set.has(&identity) {
            return true;
        }
        let Some(before) = set.watermark(&identity) else { return false };
        drop(set);
        #[expect(clippy::cast_precision_loss, reason = "whole seconds below 2⁵³ are exact")]
        let is_later = |issued_at: NumericDate| issued_at.as_secs_f64() >= before as f64;
        !token.issued_at().is_some_and(is_later)
    }
}

impl RevocationCheck for Revocations {
    fn check(&self, token: &VerifiedToken) -> Revocation {
        let inner = &*self.0;
        // What is dated ahead of its time would outlive every entry.
        if token.issued_at().is_some_and(|issued_at| issued_at > inner.latest()) {
            return Revocation::Revoked;
        }
        if inner.used.load(Ordering::Acquire) && inner.has_revoked(token) {
            return Revocation::Revoked;
        }
        match &inner.following {
            Some(following) if !following.is_fresh() => Revocation::Unknown,
            _ => Revocation::Good,
        }
    }

    fn fits(
        &self,
        issuer: &str,
        longest: Option<Duration>,
        leeway: Duration,
    ) -> Result<(), ConfigError> {
        let inner = &*self.0;
        if *issuer != *inner.issuer {
            return Err(ConfigError::new(format!(
                "the revocations are those of {:?}, and the issuer is {issuer:?}: each issuer has its own",
                inner.issuer
            )));
        }
        match longest {
            Some(longest) if longest <= inner.longest => {}
            _ => {
                return Err(ConfigError::new(format!(
                    "an entry is forgotten once tokens of {} s have expired: say that none of {issuer:?} lives longer, by `.max_lifetime(..)`",
                    inner.longest.as_secs()
                )));
            }
        }
        if leeway > inner.leeway {
            return Err(ConfigError::new(
                "the leeway of the issuer is larger than that of its revocations, which would forget too early: set both",
            ));
        }
        Ok(())
    }
}
