//! The ways that a request can go, each with the token that takes it.

#![expect(clippy::unwrap_used, reason = "a program that counts ends where something is wrong")]

use std::time::{Duration, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tower_bearer::{
    Algorithm, JwtLayer, SignatureError, SignatureVerifier, StaticKeys, TrustedIssuer, Verifier,
    VerifyingKey,
    http::{HeaderValue, StatusCode},
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";
const KID: &str = "2026-01";
const NOW: u64 = 1_800_000_000;

/// What is sent, through which layer, and what has to come back.
pub(crate) struct Path {
    pub(crate) name: &'static str,
    pub(crate) layer: JwtLayer,
    pub(crate) authorization: HeaderValue,
    pub(crate) status: StatusCode,
}

pub(crate) fn all() -> Vec<Path> {
    let refused = StatusCode::UNAUTHORIZED;
    vec![
        path("cached", verifier().cache(1_000), good(), StatusCode::OK),
        path("accepted", verifier(), good(), StatusCode::OK),
        path("expired", verifier(), bearer(KID, NOW - 3_600, GENUINE), refused),
        path("forged", verifier(), bearer(KID, NOW + 3_600, FORGED), refused),
        path("unknown_kid", verifier(), bearer("2025-12", NOW + 3_600, GENUINE), refused),
    ]
}

/// The header of a request that is let pass.
pub(crate) fn good() -> HeaderValue {
    bearer(KID, NOW + 3_600, GENUINE)
}

fn path(
    name: &'static str,
    verifier: Verifier,
    authorization: HeaderValue,
    status: StatusCode,
) -> Path {
    Path { name, layer: JwtLayer::new(verifier), authorization, status }
}

fn verifier() -> Verifier {
    let key = VerifyingKey::from_verifier(Algorithm::ES256, FirstByte).with_kid(KID);
    let issuer = TrustedIssuer::new(ISSUER, AUDIENCE, StaticKeys::new([key]).unwrap())
        .clock(|| UNIX_EPOCH + Duration::from_secs(NOW));
    Verifier::new(issuer).unwrap()
}

/// Takes a signature for good by its first byte.
struct FirstByte;

const GENUINE: u8 = 1;
const FORGED: u8 = 2;

impl SignatureVerifier for FirstByte {
    fn verify(&self, _: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        if signature.first() == Some(&GENUINE) { Ok(()) } else { Err(SignatureError::Invalid) }
    }
}

/// A token as access tokens mostly are: some 360 bytes of claims, a signature of 64 bytes.
fn bearer(kid: &str, expires_at: u64, signature: u8) -> HeaderValue {
    let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#);
    let claims = format!(
        r#"{{"iss":"{ISSUER}","sub":"auth0|62b7d2f6c1a94e0012f3a9d4","aud":["{AUDIENCE}","https://issuer.example/userinfo"],"iat":{issued},"nbf":{issued},"exp":{expires_at},"jti":"0d9f2c1e-8b57-4a63-9c1e-5f7a2b3c4d5e","scope":"openid profile email orders:read orders:write","roles":["customer","support","auditor"],"client_id":"s6BhdRkqt3"}}"#,
        issued = NOW - 7_200,
    );
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let [header, claims] = [header, claims].map(|text| encode(text.as_bytes()));
    HeaderValue::try_from(format!("Bearer {header}.{claims}.{}", encode(&[signature; 64]))).unwrap()
}
