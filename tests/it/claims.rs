//! The claims a token must have, and what is read from them: RFC 7519 §4.1, RFC 7800, RFC 9068.
//!
//! Every case goes over HTTP, and is put to the verifier as well: strangers are not told which
//! rule refused them, so that only there can be seen that it was the one the case is about.

mod accessors;
mod audience;
mod dates;
mod fault;
mod issuer;
mod others;

use serde_json::{Value, json};
use tower_bearer::{Algorithm, StaticKeys, TokenErrorKind as Kind, TrustedIssuer, Verifier};

use crate::support::{App, app_of, claims, json_token, key, standard, token, verifiers};

/// A server and the verifier within.
struct Judge {
    app: App,
    verifier: Verifier,
}

impl Judge {
    async fn of(issuer: TrustedIssuer) -> Self {
        Self::any_of([issuer]).await
    }

    async fn any_of(issuers: impl IntoIterator<Item = TrustedIssuer>) -> Self {
        let verifier = verifiers::any_of(issuers).unwrap();
        Self { app: app_of(verifier.clone()).await, verifier }
    }

    /// 200, and the handler sees the very claims.
    async fn accepts(&self, case: &str, token: &str) {
        let verified = verifiers::verify(&self.verifier, token).await;
        let verified = verified.unwrap_or_else(|error| panic!("{case}: {error}"));
        let reply = self.app.get(token).await;
        reply.assert_accepted(case);
        let sent: Value = serde_json::from_str(verified.payload()).unwrap();
        assert_eq!(reply.claims(), sent, "{case}");
    }

    /// 401 with the challenge of its kind, for this reason and no other.
    async fn refuses(&self, case: &str, token: &str, kind: Kind) {
        let error = verifiers::verify(&self.verifier, token).await.err();
        assert_eq!(error.map(|error| error.kind()), Some(kind), "{case}");
        let reply = self.app.get(token).await;
        match kind {
            Kind::Expired => reply.assert_expired(case),
            _ => reply.assert_invalid_token(case),
        }
    }

    /// Accepts, or refuses for this reason.
    async fn answers(&self, case: &str, token: &str, expected: Result<(), Kind>) {
        match expected {
            Ok(()) => self.accepts(case, token).await,
            Err(kind) => self.refuses(case, token, kind).await,
        }
    }
}

fn keys() -> StaticKeys {
    StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap()
}

/// The issuer of all tests with its defaults.
fn trusted() -> TrustedIssuer {
    standard(keys())
}

/// A good token with these claims put in or, where they are `null`, taken out.
fn with(changes: &Value) -> String {
    json_token(Algorithm::ES256, &json!({}), changes).compact()
}

/// A good token in which this claim has this value, spelt in JSON: it may be `null`, or no JSON.
fn spelt(name: &str, value: &str) -> String {
    let others = claims(&json!({ name: null })).to_string();
    let others = others.strip_prefix('{').unwrap();
    token().payload(format!("{{\"{name}\":{value},{others}")).compact()
}
