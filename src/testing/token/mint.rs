//! From what a token is to be to the token.

use std::{error::Error, sync::Arc};

use serde_json::{Map, Value};

use super::{
    super::{encode, misuse, sound},
    Signature, TestToken,
};
use crate::{
    claims::audience::Audience,
    keys::StaticKeys,
    lookup::Lookup,
    token::VerifiedToken,
    verifier::{TrustedIssuer, Verifier},
};

impl TestToken {
    /// The token in compact form (RFC 7515 §7.1). Called again on a clone it gives the same claims, but
    /// the key is the one that signs then.
    pub fn mint(self) -> String {
        let key = self.provider.ring().active(self.algorithm);
        let mut header = Map::from_iter([("alg".to_owned(), self.algorithm.name().into())]);
        if self.names_key {
            header.insert("kid".to_owned(), key.kid().into());
        }
        header.extend(self.header);
        let payload =
            self.payload.unwrap_or_else(|| Value::Object(self.claims).to_string().into_bytes());
        let signed = format!("{}.{}", encode(Value::Object(header).to_string()), encode(payload));
        let mut signature = match self.signature {
            Signature::None => Vec::new(),
            Signature::Good | Signature::Wrong => sound(key.sign(signed.as_bytes())),
        };
        if let (Signature::Wrong, Some(byte)) = (self.signature, signature.first_mut()) {
            *byte ^= 1;
        }
        format!("{signed}.{}", encode(signature))
    }

    /// The token, minted and verified with the issuer's own key, for functions that take a [`VerifiedToken`]. No
    /// audience is asked for.
    ///
    /// ```
    /// use tower_bearer::{VerifiedToken, testing::TestIssuer};
    ///
    /// fn may_write(token: &VerifiedToken) -> bool {
    ///     token.scopes().contains("write")
    /// }
    ///
    /// let reader = TestIssuer::new().token().claim("scope", "read").verified();
    /// assert!(!may_write(&reader));
    /// ```
    ///
    /// # Panics
    ///
    /// No verifier would take it.
    #[track_caller]
    pub fn verified(self) -> VerifiedToken {
        match self.verify() {
            Ok(token) => token,
            Err(error) => misuse(&format!("no verifier would take this token: {error}")),
        }
    }

    fn verify(self) -> Result<VerifiedToken, Box<dyn Error>> {
        let key = self.provider.ring().active(self.algorithm);
        // A secret answers to whatever `kid` the token was given.
        let keys = match key.secret() {
            Some(secret) => StaticKeys::from_secret(self.algorithm, secret)?,
            None => StaticKeys::new([key.verifying_key()])?,
        };
        let name = self.claims.get("iss").and_then(Value::as_str).unwrap_or_default().to_owned();
        let clock = Arc::clone(&self.provider.clock);
        let issuer =
            TrustedIssuer::new(name, Audience::danger_any(), keys).clock(move || clock.now());
        match Verifier::new(issuer)?.verify(&self.mint()) {
            Lookup::Ready(verified) => Ok(verified?),
            Lookup::Pending(_) => Err("the key is not at hand".into()),
        }
    }
}
