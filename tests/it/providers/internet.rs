//! The providers' documents at the addresses where providers have them, and `RemoteJwks` and `TrustedIssuer` under the
//! page's own names that look there.

use serde_json::{Value, json};
use tower_bearer::{
    Algorithms, Audience, BoxError, ConfigError, FetchBody, Header, KeyError, KeyResolver, Lookup,
    RemoteJwksBuilder, VerifyingKey,
    http::{Request, Response},
};

use super::shape::ISSUER;

/// What the metadata under each name says: the issuer, and where its keys are.
const ISSUERS: [(&str, &str, &str); 9] = [
    (
        "https://YOUR_TENANT.eu.auth0.com",
        "https://YOUR_TENANT.eu.auth0.com/",
        "https://YOUR_TENANT.eu.auth0.com/.well-known/jwks.json",
    ),
    (
        "https://login.microsoftonline.com/common/v2.0",
        "https://login.microsoftonline.com/{tenantid}/v2.0",
        "https://login.microsoftonline.com/common/discovery/v2.0/keys",
    ),
    (
        "https://login.microsoftonline.com/TENANT_ID/v2.0",
        "https://login.microsoftonline.com/TENANT_ID/v2.0",
        "https://login.microsoftonline.com/TENANT_ID/discovery/v2.0/keys",
    ),
    (
        "https://YOUR_DOMAIN.okta.com",
        "https://YOUR_DOMAIN.okta.com",
        "https://YOUR_DOMAIN.okta.com/oauth2/v1/keys",
    ),
    (
        "https://YOUR_DOMAIN.okta.com/oauth2/default",
        "https://YOUR_DOMAIN.okta.com/oauth2/default",
        "https://YOUR_DOMAIN.okta.com/oauth2/default/v1/keys",
    ),
    (
        "https://YOUR_HOST/realms/YOUR_REALM",
        "https://YOUR_HOST/realms/YOUR_REALM",
        "https://YOUR_HOST/realms/YOUR_REALM/protocol/openid-connect/certs",
    ),
    (
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE",
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE",
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE/.well-known/jwks.json",
    ),
    (
        "https://securetoken.google.com/YOUR_PROJECT",
        "https://securetoken.google.com/YOUR_PROJECT",
        "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
    ),
    (
        "https://accounts.google.com",
        "https://accounts.google.com",
        "https://www.googleapis.com/oauth2/v3/certs",
    ),
];

/// The keys at each address.
const SETS: [(&str, Set); 13] = [
    ("https://YOUR_TENANT.eu.auth0.com/.well-known/jwks.json", Set::Declared),
    ("https://login.microsoftonline.com/common/discovery/v2.0/keys", Set::Undeclared),
    ("https://login.microsoftonline.com/TENANT_ID/discovery/v2.0/keys", Set::Undeclared),
    ("https://login.microsoftonline.com/TENANT_ID/discovery/keys", Set::Undeclared),
    ("https://YOUR_DOMAIN.okta.com/oauth2/v1/keys", Set::Declared),
    ("https://YOUR_DOMAIN.okta.com/oauth2/default/v1/keys", Set::Declared),
    ("https://YOUR_HOST/realms/YOUR_REALM/protocol/openid-connect/certs", Set::Declared),
    (
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE/.well-known/jwks.json",
        Set::Declared,
    ),
    ("https://clerk.YOUR_SITE.com/.well-known/jwks.json", Set::Declared),
    ("https://YOUR_PROJECT.supabase.co/auth/v1/.well-known/jwks.json", Set::Curve),
    ("https://OLD_PROJECT.supabase.co/auth/v1/.well-known/jwks.json", Set::Empty),
    (
        "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
        Set::Declared,
    ),
    ("https://www.googleapis.com/oauth2/v3/certs", Set::Declared),
];

/// What providers make of their keys.
enum Set {
    /// Of an elliptic curve.
    Curve,
    /// Of RSA, with `alg`, and one that is for encryption.
    Declared,
    Empty,
    /// Of RSA, without `alg`.
    Undeclared,
}

/// What is at this address, if anything is.
fn document(address: &str) -> Option<Value> {
    if let Some((_, set)) = SETS.iter().find(|(at, _)| *at == address) {
        return Some(json!({ "keys": set.keys() }));
    }
    let name = address.strip_suffix("/.well-known/openid-configuration")?;
    let (_, issuer, keys) = ISSUERS.iter().find(|(at, ..)| *at == name)?;
    Some(json!({ "issuer": issuer, "jwks_uri": keys }))
}

impl Set {
    fn keys(&self) -> Vec<Value> {
        let all: Value = serde_json::from_str(&ISSUER.jwks()).unwrap();
        let of = |member: &str, value: &str| {
            let keys = all["keys"].as_array().unwrap().iter();
            keys.filter(|key| key[member] == value).cloned().collect::<Vec<_>>()
        };
        match self {
            Self::Curve => of("kty", "EC"),
            Self::Declared => {
                let mut keys = of("alg", "RS256");
                let mut other = keys[0].clone();
                other["kid"] = "for encryption".into();
                other["use"] = "enc".into();
                other["alg"] = "RSA-OAEP".into();
                keys.push(other);
                keys
            }
            Self::Empty => Vec::new(),
            Self::Undeclared => {
                let mut keys = of("kty", "RSA");
                for key in &mut keys {
                    let members = key.as_object_mut().unwrap();
                    members.remove("alg");
                    members.insert("x5t".to_owned(), members["kid"].clone());
                }
                keys
            }
        }
    }
}

async fn fetch(request: Request<()>) -> Result<Response<FetchBody>, BoxError> {
    let address = request.uri().to_string();
    let found = document(&address).ok_or_else(|| format!("nothing is at {address}"))?;
    Ok(Response::new(FetchBody::from(found.to_string())))
}

/// [`tower_bearer::RemoteJwks`] over this internet.
#[derive(Clone)]
pub(super) struct RemoteJwks(tower_bearer::RemoteJwks);

impl RemoteJwks {
    pub(super) fn new(url: impl AsRef<str>) -> Result<Self, ConfigError> {
        Builder(tower_bearer::RemoteJwks::builder(url).fetch(fetch)).build()
    }

    pub(super) fn discovery(issuer: impl AsRef<str>) -> Builder {
        Builder(tower_bearer::RemoteJwks::discovery(issuer).fetch(fetch))
    }
}

pub(super) struct Builder(RemoteJwksBuilder);

impl Builder {
    pub(super) fn build(self) -> Result<RemoteJwks, ConfigError> {
        self.0.build().map(RemoteJwks)
    }
}

impl KeyResolver for RemoteJwks {
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        self.0.resolve(header)
    }

    fn algorithms(&self) -> Option<Algorithms> {
        self.0.algorithms()
    }

    fn preload(&self) -> Lookup<Result<(), KeyError>> {
        self.0.preload()
    }
}

/// [`tower_bearer::TrustedIssuer`] over this internet.
pub(super) struct TrustedIssuer;

impl TrustedIssuer {
    #[expect(clippy::new_ret_no_self, reason = "it stands in for the one it returns")]
    pub(super) fn new(
        issuer: impl Into<String>,
        audience: impl Into<Audience>,
        keys: impl KeyResolver,
    ) -> tower_bearer::TrustedIssuer {
        tower_bearer::TrustedIssuer::new(issuer, audience, keys)
    }

    pub(super) fn discover(
        issuer: &str,
        audience: impl Into<Audience>,
    ) -> Result<tower_bearer::TrustedIssuer, ConfigError> {
        Ok(Self::new(issuer, audience, RemoteJwks::discovery(issuer).build()?))
    }
}
