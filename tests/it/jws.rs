//! Signed tokens over HTTP: RFC 7515, 7518, 8037 and the attacks of RFC 8725.
//!
//! Every 401 looks the same on the wire, so each refusal is checked twice: what the client sees,
//! and that the verifier refused for the reason the case is about.

mod algorithms;
mod confusion;
mod encoding;
mod header;
mod json;
mod key_choice;
mod signatures;
mod typ;

use std::fmt;

use axum::{Json, Router, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use tower_bearer::{
    Algorithm, Claims, JwtLayer, StaticKeys, TokenErrorKind, TrustedIssuer, Verifier, VerifyingKey,
};

use crate::support::{App, Reply, Token, key, standard, verifiers};

/// A server, and the verifier inside it.
pub(crate) struct Judge {
    app: App,
    verifier: Verifier,
}

/// A server that answers `GET /` with the claims.
pub(crate) async fn judge(issuer: TrustedIssuer) -> Judge {
    let verifier = verifiers::new(issuer).unwrap();
    let me = |Claims(claims): Claims<Value>| async move { Json((*claims).clone()) };
    let router = Router::new().route("/", get(me));
    let app = App::serve(router.route_layer(JwtLayer::new(verifier.clone()))).await;
    Judge { app, verifier }
}

/// A server with one key and all defaults.
pub(crate) async fn judge_with(key: VerifyingKey) -> Judge {
    judge(standard(StaticKeys::new([key]).unwrap())).await
}

/// A server with the ES256 key of all tests.
pub(crate) async fn es256() -> Judge {
    judge_with(key(Algorithm::ES256).verifying()).await
}

impl Judge {
    pub(crate) async fn accepts(&self, case: impl fmt::Display, token: &str) -> Reply {
        let reply = self.app.get(token).await;
        reply.assert_accepted(&case.to_string());
        reply
    }

    /// Refused on the wire, and for this reason.
    pub(crate) async fn refuses(&self, case: impl fmt::Display, token: &str, kind: TokenErrorKind) {
        self.know_its_siblings().await;
        let (case, reply) = (case.to_string(), self.app.get(token).await);
        if is_token68(token) && kind != TokenErrorKind::TokenTooLong {
            reply.assert_invalid_token(&case);
        } else {
            reply.assert_invalid_request(&case);
        }
        assert_eq!(self.reason(token).await, Some(kind), "{case}");
    }

    /// Where it remembers, it then knows the tokens that this one may be made of.
    async fn know_its_siblings(&self) {
        if verifiers::is_remembering() {
            for minted in Token::lately() {
                drop(self.verifier.verify(&minted).await);
            }
        }
    }

    /// Why the verifier refuses it, whoever brought it.
    pub(crate) async fn reason(&self, token: &str) -> Option<TokenErrorKind> {
        verifiers::verify(&self.verifier, token).await.err().map(|error| error.kind())
    }
}

/// RFC 9110 §11.2; anything else is a malformed request and not a malformed token.
fn is_token68(token: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(allowed)
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// These segments under a good signature, however they are spelled.
fn seal(algorithm: Algorithm, header: &str, payload: &str) -> String {
    let input = format!("{header}.{payload}");
    let signature = key(algorithm).sign(input.as_bytes());
    format!("{input}.{}", encode(signature))
}

/// The token's segments.
fn cut(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

/// The token's signature, decoded.
fn signature_of(token: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(cut(token)[2]).unwrap()
}

/// The same token with these bytes as its signature.
fn resigned(token: &str, signature: &[u8]) -> String {
    let [header, payload, _] = cut(token);
    format!("{header}.{payload}.{}", encode(signature))
}
