use std::{cell::RefCell, collections::VecDeque};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use tower_bearer::Algorithm;

use super::{AUDIENCE, ISSUER, KeyPair, NOW, key};

thread_local! {
    static LATELY: RefCell<VecDeque<String>> = const { RefCell::new(VecDeque::new()) };
}

/// A token in the making: header and claims as bytes, so that they can be anything at all.
#[derive(Clone)]
pub(crate) struct Token {
    header: Vec<u8>,
    payload: Vec<u8>,
    signer: Algorithm,
}

/// The claims every good token has, with these put in or, where they are `null`, taken out.
pub(crate) fn claims(changes: &Value) -> Value {
    let good =
        json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": NOW + 900, "iat": NOW });
    changed(good, changes)
}

fn changed(object: Value, changes: &Value) -> Value {
    let Value::Object(mut members) = object else { panic!("not an object") };
    for (name, value) in changes.as_object().unwrap_or(&Map::new()) {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(members)
}

/// A good ES256 token.
pub(crate) fn token() -> Token {
    json_token(Algorithm::ES256, &json!({}), &json!({}))
}

/// A token signed with the algorithm's key; `null` takes a member out of header or claims.
pub(crate) fn json_token(algorithm: Algorithm, header: &Value, changes: &Value) -> Token {
    let header = changed(json!({ "alg": algorithm.name(), "typ": "at+jwt" }), header);
    Token {
        header: header.to_string().into_bytes(),
        payload: claims(changes).to_string().into_bytes(),
        signer: algorithm,
    }
}

impl Token {
    /// These bytes as the header, whatever they are.
    pub(crate) fn header(mut self, header: impl AsRef<[u8]>) -> Self {
        self.header = header.as_ref().to_vec();
        self
    }

    /// These bytes as the claims, whatever they are.
    pub(crate) fn payload(mut self, payload: impl AsRef<[u8]>) -> Self {
        self.payload = payload.as_ref().to_vec();
        self
    }

    /// Signed with the key of this algorithm, whatever the header says.
    pub(crate) fn signed_as(mut self, algorithm: Algorithm) -> Self {
        self.signer = algorithm;
        self
    }

    pub(crate) fn signing_input(&self) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        format!("{}.{}", encode(&self.header), encode(&self.payload))
    }

    /// The compact form, with the signature of [`key`].
    pub(crate) fn compact(&self) -> String {
        self.signed_by(key(self.signer))
    }

    /// The compact form, with the signature of this key.
    pub(crate) fn signed_by(&self, key: &KeyPair) -> String {
        let token = self.with_signature(&key.sign(self.signing_input().as_bytes()));
        LATELY.with_borrow_mut(|lately| {
            lately.push_back(token.clone());
            if lately.len() > 8 {
                lately.pop_front();
            }
        });
        token
    }

    /// The last tokens that were signed on this thread.
    pub(crate) fn lately() -> Vec<String> {
        LATELY.with_borrow(|lately| lately.iter().cloned().collect())
    }

    /// The compact form with these bytes as its signature.
    pub(crate) fn with_signature(&self, signature: &[u8]) -> String {
        format!("{}.{}", self.signing_input(), URL_SAFE_NO_PAD.encode(signature))
    }
}
