mod mint;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{misuse, provider::Provider};
use crate::jose::algorithm::Algorithm;

/// How long a token lives unless it is told otherwise.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// In seconds, and more than the largest leeway there can be.
const FAR: u64 = 2 * 60 * 60;

/// A token in the making; [`TestIssuer::token`](super::TestIssuer::token) begins one.
///
/// It begins as an access token in the sense of RFC 9068, good but for its audience:
///
/// | member | value |
/// |---|---|
/// | `alg`, `kid` | the issuer's first algorithm, and the key that signs with it now |
/// | `typ` | `at+jwt` |
/// | `iss` | the issuer's name |
/// | `sub`, `client_id` | `user`, `client` |
/// | `iat`, `exp` | now, and in 15 minutes |
/// | `jti` | `token-0`, `token-1`, …: another one for each token |
///
/// Each method sets what it says whatever was there, so of two that contradict each other the last one counts.
///
/// ```
/// use tower_bearer::testing::TestIssuer;
///
/// let issuer = TestIssuer::new();
/// let good = issuer.token_for("https://api.example").subject("ada").claim("scope", "read").mint();
/// let bad = issuer.token_for("https://api.example").expired().without("sub").mint();
/// # assert_ne!(good, bad);
/// ```
///
/// `Debug` shows the issuer's name alone.
#[derive(Clone)]
#[must_use = "a token is not made until `.mint()`"]
pub struct TestToken {
    provider: Arc<Provider>,
    algorithm: Algorithm,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    /// The text that stands in the place of the claims.
    payload: Option<Vec<u8>>,
    names_key: bool,
    signature: Signature,
}

#[derive(Clone, Copy)]
enum Signature {
    Good,
    None,
    Wrong,
}

impl TestToken {
    pub(super) fn new(provider: Arc<Provider>) -> Self {
        let serial = provider.next_serial();
        let claims = [
            ("iss", provider.name().into()),
            ("sub", "user".into()),
            ("client_id", "client".into()),
            ("jti", format!("token-{serial}").into()),
        ];
        let token = Self {
            algorithm: provider.algorithm,
            header: Map::from_iter([("typ".to_owned(), "at+jwt".into())]),
            claims: claims
                .map(|(name, value): (&str, Value)| (name.to_owned(), value))
                .into_iter()
                .collect(),
            payload: None,
            names_key: true,
            signature: Signature::Good,
            provider,
        };
        token.issued_ago(Duration::ZERO).expires_in(LIFETIME)
    }

    /// Whom it is for: `aud` as a string.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.claim("aud", audience.into())
    }

    /// Whom it is for: `aud` as an array.
    pub fn audiences<A: Into<String>>(self, audiences: impl IntoIterator<Item = A>) -> Self {
        self.claim("aud", audiences.into_iter().map(Into::into).collect::<Vec<String>>())
    }

    /// Whom it is about: `sub`.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.claim("sub", subject.into())
    }

    /// Another issuer's name in `iss`; the key stays this issuer's.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.claim("iss", issuer.into())
    }

    /// One claim, of any JSON. [`Value::Null`] puts a `null` there; to take a claim out there is
    /// [`without`](Self::without).
    ///
    /// # Panics
    ///
    /// The value cannot be written as JSON.
    #[track_caller]
    pub fn claim(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.claims.insert(name.into(), to_json(value));
        self
    }

    /// Several claims: the members of a JSON object, a map or a struct. Those it does not name stay.
    ///
    /// ```
    /// use serde_json::json;
    /// use tower_bearer::testing::TestIssuer;
    ///
    /// let token = TestIssuer::new().token().claims(json!({ "sub": "ada", "roles": ["admin"] })).mint();
    /// # assert_eq!(token.split('.').count(), 3);
    /// ```
    ///
    /// # Panics
    ///
    /// It is no JSON object.
    #[track_caller]
    pub fn claims(mut self, claims: impl Serialize) -> Self {
        self.claims.extend(to_object(claims));
        self
    }

    /// Without this claim, be it one of the issuer's own.
    pub fn without(mut self, claim: &str) -> Self {
        self.claims.remove(claim);
        self
    }

    /// These bytes in the place of the claims, whatever they are: claims that stand twice, or no JSON at all.
    pub fn payload(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.payload = Some(payload.into());
        self
    }

    /// How long it lives from now on: `exp`, in whole seconds.
    pub fn expires_in(self, lifetime: Duration) -> Self {
        let expiry = self.now().saturating_add(lifetime.as_secs());
        self.claim("exp", expiry)
    }

    /// Expired two hours ago and issued 15 minutes before that, which no leeway makes good.
    pub fn expired(self) -> Self {
        let expiry = self.now().saturating_sub(FAR);
        self.claim("exp", expiry).claim("iat", expiry.saturating_sub(LIFETIME.as_secs()))
    }

    /// Valid in two hours and no sooner (`nbf`), which no leeway makes good, and for 15 minutes from then on.
    pub fn not_yet_valid(self) -> Self {
        let begin = self.now().saturating_add(FAR);
        self.claim("nbf", begin).claim("exp", begin.saturating_add(LIFETIME.as_secs()))
    }

    /// Issued this long ago (`iat`), in whole seconds: for verifiers with a `max_age`. `exp` stays.
    pub fn issued_ago(self, age: Duration) -> Self {
        let issued = self.now().saturating_sub(age.as_secs());
        self.claim("iat", issued)
    }

    /// Signed with this algorithm, and with the issuer's key for it, which is made now if there is none. Making one
    /// for RSA takes a while; all six algorithms of RSA share it.
    ///
    /// A new key is published at once. A secret never is: [`TestIssuer::secret`](super::TestIssuer::secret) hands
    /// it out.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Another name than the key's own in `kid`.
    pub fn kid(self, kid: impl Into<String>) -> Self {
        self.header("kid", kid.into())
    }

    /// Without `kid`.
    pub fn without_kid(mut self) -> Self {
        self.header.remove("kid");
        self.names_key = false;
        self
    }

    /// One member of the header, of any JSON. An `alg` put here is what the header says, and
    /// [`algorithm`](Self::algorithm) still what the token is signed with.
    ///
    /// # Panics
    ///
    /// The value cannot be written as JSON.
    #[track_caller]
    pub fn header(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.header.insert(name.into(), to_json(value));
        self
    }

    /// Without `typ`.
    pub fn without_typ(mut self) -> Self {
        self.header.remove("typ");
        self
    }

    /// With a signature that does not belong to it. Everything else is as it would be, the `kid` included.
    pub fn wrong_signature(mut self) -> Self {
        self.signature = Signature::Wrong;
        self
    }

    /// `alg` is `none`, and the signature is empty ([RFC 7515 A.5](https://www.rfc-editor.org/rfc/rfc7515#appendix-A.5)).
    pub fn unsigned(mut self) -> Self {
        self.signature = Signature::None;
        self.header("alg", "none").without_kid()
    }

    fn now(&self) -> u64 {
        self.provider.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }
}

#[track_caller]
fn to_json(value: impl Serialize) -> Value {
    match serde_json::to_value(value) {
        Ok(value) => value,
        Err(error) => misuse(&format!("this cannot be written as JSON: {error}")),
    }
}

#[track_caller]
pub(super) fn to_object(claims: impl Serialize) -> Map<String, Value> {
    match to_json(claims) {
        Value::Object(members) => members,
        _ => misuse("claims are a JSON object, a map or a struct"),
    }
}

impl fmt::Debug for TestToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestToken").field("issuer", &self.provider.name()).finish_non_exhaustive()
    }
}
