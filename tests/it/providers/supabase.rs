use serde_json::json;
use tower_bearer::{
    Algorithm, ConfigError, Header, KeyError, KeyResolver, KeysStatus, Lookup, RequireClaim,
    RequireRole, StaticKeys, TokenErrorKind as Kind, Verifier, VerifyingKey,
};

use super::{
    Shape, accepted,
    internet::{RemoteJwks, TrustedIssuer},
    opaque, refused,
    shape::ISSUER,
};

as_written! {
    fn supabase() -> Result<Verifier, ConfigError> {
        let name = "https://YOUR_PROJECT.supabase.co/auth/v1";
        let keys = RemoteJwks::new(format!("{name}/.well-known/jwks.json"))?;
        Verifier::new(TrustedIssuer::new(name, "authenticated", keys))
    }

    fn supabase_secret(secret: &[u8]) -> Result<Verifier, ConfigError> {
        let keys = StaticKeys::hs256(secret)?;
        Verifier::new(TrustedIssuer::new("https://YOUR_PROJECT.supabase.co/auth/v1", "authenticated", keys))
    }

    struct Both { old: StaticKeys, new: RemoteJwks }

    impl KeyResolver for Both {
        fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
            if header.algorithm().is_symmetric() { self.old.resolve(header) } else { self.new.resolve(header) }
        }

        fn preload(&self) -> Lookup<Result<(), KeyError>> {
            self.new.preload()
        }

        fn refresh_now(&self) -> Lookup<Result<(), KeyError>> {
            self.new.refresh_now()
        }

        fn forget_key(&self, kid: &str) -> bool {
            self.new.forget_key(kid)
        }

        fn status(&self) -> Option<KeysStatus> {
            self.new.status()
        }
    }

    fn supabase_both(secret: &[u8]) -> Result<Verifier, ConfigError> {
        let name = "https://YOUR_PROJECT.supabase.co/auth/v1";
        let new = RemoteJwks::new(format!("{name}/.well-known/jwks.json"))?;
        let keys = Both { old: StaticKeys::hs256(secret)?, new };
        Verifier::new(TrustedIssuer::new(name, "authenticated", keys))
    }
}

const NAME: &str = "https://YOUR_PROJECT.supabase.co/auth/v1";

fn new() -> Shape {
    Shape::of("Supabase: signing keys")
}

fn old() -> Shape {
    Shape::of("Supabase: the shared secret")
}

/// What applications send as `apikey`.
fn api_key() -> Shape {
    let shape = old().claim("iss", "supabase").claim("role", "anon").claim("ref", "YOUR_PROJECT");
    shape.without("aud").without("sub")
}

fn secret() -> Vec<u8> {
    ISSUER.secret(Algorithm::HS256)
}

#[tokio::test]
async fn its_tokens_are_taken() {
    let token = accepted(&supabase().unwrap(), &new()).await;
    assert_eq!(token.algorithm(), Algorithm::ES256);
    let metadata: serde_json::Value = token.claim("app_metadata").unwrap().unwrap();
    assert_eq!(metadata["provider"], "email");
    accepted(&supabase_secret(&secret()).unwrap(), &old()).await;
}

#[tokio::test]
async fn rights_can_be_asked_for() {
    let verifier = supabase().unwrap();
    let token = accepted(&verifier, &new().claim("aal", "aal2")).await;
    let bare = accepted(&verifier, &new().without("app_metadata")).await;
    permits!(token, bare, RequireRole::any("/app_metadata/providers", ["email"]));
    permits!(token, bare, RequireClaim::equals("aal", "aal2"));
}

#[tokio::test]
async fn near_misses_are_not() {
    let other = "https://OTHER_PROJECT.supabase.co/auth/v1";
    let near = |shape: fn() -> Shape| {
        [
            ("other project", shape().claim("iss", other), Kind::UnknownIssuer),
            ("a slash", shape().claim("iss", format!("{NAME}/")), Kind::UnknownIssuer),
            ("other audience", shape().claim("aud", "anon"), Kind::AudienceMismatch),
            ("no audience", shape().without("aud"), Kind::MissingClaim),
            ("API key", api_key(), Kind::UnknownIssuer),
        ]
    };
    let (keys, by_secret) = (supabase().unwrap(), supabase_secret(&secret()).unwrap());
    refused(&keys, near(new)).await;
    refused(&by_secret, near(old)).await;
    refused(&keys, [("old token", old(), Kind::AlgorithmNotAllowed)]).await;
    refused(&by_secret, [("new token", new(), Kind::AlgorithmNotAllowed)]).await;
    opaque(&keys, &["sb_publishable_x", "sb_secret_x"]).await;
    let stranger = supabase_secret(&[7; 32]).unwrap();
    refused(&stranger, [("other secret", old(), Kind::InvalidSignature)]).await;
}

#[tokio::test]
async fn both_are_taken_while_one_follows_the_other() {
    let verifier = supabase_both(&secret()).unwrap();
    accepted(&verifier, &old()).await;
    accepted(&verifier, &new()).await;
    verifier.preload().await.unwrap();
    refused(&verifier, [("API key", api_key(), Kind::UnknownIssuer)]).await;
}

/// The set of a project that has no signing keys yet.
#[tokio::test]
async fn an_empty_set_verifies_nothing() {
    let name = "https://OLD_PROJECT.supabase.co/auth/v1";
    let keys = RemoteJwks::new(format!("{name}/.well-known/jwks.json")).unwrap();
    let verifier = Verifier::new(TrustedIssuer::new(name, "authenticated", keys)).unwrap();
    refused(
        &verifier,
        [
            ("of the secret", old().claim("iss", name), Kind::AlgorithmNotAllowed),
            ("of a key", new().claim("iss", name), Kind::KeysUnavailable),
        ],
    )
    .await;
}

/// What the page warns of.
#[tokio::test]
async fn the_audience_does_not_tell_users_apart() {
    let verifier = supabase().unwrap();
    let anonymous = new().claim("is_anonymous", true);
    accepted(&verifier, &anonymous).await;
    let of_client = new().claim("client_id", "9a8b7c6d-5e4f-3a2b-1c0d-9e8f7a6b5c4d");
    assert!(accepted(&verifier, &of_client).await.client_id().is_some());
    assert!(accepted(&verifier, &new()).await.client_id().is_none());

    let keys = RemoteJwks::new(format!("{NAME}/.well-known/jwks.json")).unwrap();
    let issuer = TrustedIssuer::new(NAME, "authenticated", keys);
    let strict = Verifier::new(issuer.require_claim("is_anonymous", json!(false))).unwrap();
    accepted(&strict, &new()).await;
    refused(&strict, [("anonymous", anonymous, Kind::InvalidClaim)]).await;
}
