use tower_bearer::{
    Algorithm, ConfigError, RequireClaim, RequireRole, RequireScope, TokenErrorKind as Kind,
    Verifier,
};

use super::{
    Shape, accepted,
    internet::{RemoteJwks, TrustedIssuer},
    refused,
};

as_written! {
    fn entra() -> Result<Verifier, ConfigError> {
        let issuer =
            TrustedIssuer::discover("https://login.microsoftonline.com/TENANT_ID/v2.0", "API_CLIENT_ID")?;
        Verifier::new(issuer)
    }

    fn entra_v1() -> Result<Verifier, ConfigError> {
        let keys = RemoteJwks::new("https://login.microsoftonline.com/TENANT_ID/discovery/keys")?;
        let audience = ["api://API_CLIENT_ID", "API_CLIENT_ID"];
        Verifier::new(TrustedIssuer::new("https://sts.windows.net/TENANT_ID/", audience, keys))
    }
}

pub(super) fn v2() -> Shape {
    Shape::of("Entra: one tenant, v2.0")
}

fn v1() -> Shape {
    Shape::of("Entra: one tenant, v1.0")
}

const NAME: &str = "https://login.microsoftonline.com/TENANT_ID/v2.0";
const V1_NAME: &str = "https://sts.windows.net/TENANT_ID/";

#[tokio::test]
async fn its_tokens_are_taken() {
    let verifier = entra().unwrap();
    let token = accepted(&verifier, &v2()).await;
    assert!(token.scopes().contains("Orders.Read"));
    assert_eq!(token.claim::<Vec<String>>("roles").unwrap().unwrap(), ["Orders.Admin"]);

    let application = accepted(&verifier, &v2().without("scp")).await;
    assert!(application.scopes().is_empty());
}

#[tokio::test]
async fn rights_can_be_asked_for() {
    let verifier = entra().unwrap();
    let token = accepted(&verifier, &v2()).await;
    let bare = accepted(&verifier, &v2().without("scp").without("roles")).await;
    permits!(token, bare, RequireScope::all(["Orders.Read"]));
    permits!(token, bare, RequireRole::any("roles", ["Orders.Admin"]));
    permits!(token, bare, RequireClaim::present("scp"));
}

#[tokio::test]
async fn near_misses_are_not() {
    let personal = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
    let common = "https://login.microsoftonline.com/common/v2.0";
    let graph = "00000003-0000-0000-c000-000000000000";
    refused(
        &entra().unwrap(),
        [
            ("v1.0", v1().claim("aud", "API_CLIENT_ID"), Kind::UnknownIssuer),
            ("a slash", v2().claim("iss", format!("{NAME}/")), Kind::UnknownIssuer),
            ("other tenant", v2().claim("iss", NAME.replace("TEN", "X")), Kind::UnknownIssuer),
            ("personal account", v2().claim("iss", personal), Kind::UnknownIssuer),
            ("common", v2().claim("iss", common), Kind::UnknownIssuer),
            ("for Graph", v2().claim("aud", graph), Kind::AudienceMismatch),
            ("URI", v2().claim("aud", "api://API_CLIENT_ID"), Kind::AudienceMismatch),
            ("other client's ID token", v2().claim("aud", "CLIENT_ID"), Kind::AudienceMismatch),
            ("no audience", v2().without("aud"), Kind::MissingClaim),
            ("PS256", v2().header("alg", "PS256"), Kind::AlgorithmNotAllowed),
            ("proof of possession", v2().header("typ", "pop"), Kind::TypeNotAllowed),
        ],
    )
    .await;
}

/// What the page warns of: with one registration for client and API, nothing but the scope is missing.
#[tokio::test]
async fn an_id_token_of_the_api_itself_has_no_scopes() {
    let id_token = v2().without("scp").without("azp").without("azpacr");
    assert!(accepted(&entra().unwrap(), &id_token).await.scopes().is_empty());
}

#[tokio::test]
async fn keys_without_alg_are_used_as_they_are_named() {
    let issuer = || TrustedIssuer::discover(NAME, "API_CLIENT_ID").unwrap();
    let both = Verifier::new(issuer().algorithms([Algorithm::RS256, Algorithm::PS256])).unwrap();
    accepted(&both, &v2()).await;
    accepted(&both, &v2().header("alg", "PS256")).await;
    let other = Verifier::new(issuer().algorithms([Algorithm::PS256])).unwrap();
    refused(&other, [("RS256", v2(), Kind::AlgorithmNotAllowed)]).await;
}

#[tokio::test]
async fn tokens_of_version_1_are_taken_under_their_own_name() {
    let verifier = entra_v1().unwrap();
    assert!(accepted(&verifier, &v1()).await.scopes().contains("Orders.Read"));
    accepted(&verifier, &v1().claim("aud", "API_CLIENT_ID")).await;
    refused(
        &verifier,
        [
            ("v2.0", v2(), Kind::UnknownIssuer),
            ("no slash", v1().claim("iss", V1_NAME.trim_end_matches('/')), Kind::UnknownIssuer),
            ("other tenant", v1().claim("iss", "https://sts.windows.net/X/"), Kind::UnknownIssuer),
            ("other API", v1().claim("aud", "api://OTHER"), Kind::AudienceMismatch),
            ("slash in URI", v1().claim("aud", "api://API_CLIENT_ID/"), Kind::AudienceMismatch),
            ("PS256", v1().header("alg", "PS256"), Kind::AlgorithmNotAllowed),
        ],
    )
    .await;
}

/// "Give both to `Verifier::any_of`".
#[tokio::test]
async fn both_versions_can_be_taken() {
    let v2_issuer = TrustedIssuer::discover(NAME, "API_CLIENT_ID").unwrap();
    let keys =
        RemoteJwks::new("https://login.microsoftonline.com/TENANT_ID/discovery/keys").unwrap();
    let v1_issuer = TrustedIssuer::new(V1_NAME, "api://API_CLIENT_ID", keys);
    let verifier = Verifier::any_of([v2_issuer, v1_issuer]).unwrap();
    accepted(&verifier, &v2()).await;
    accepted(&verifier, &v1()).await;
}

/// The metadata of `common` has a template for a name.
#[tokio::test]
async fn nobody_is_called_common() {
    let name = "https://login.microsoftonline.com/common/v2.0";
    let verifier = Verifier::new(TrustedIssuer::discover(name, "API_CLIENT_ID").unwrap()).unwrap();
    refused(
        &verifier,
        [
            ("a tenant's", v2(), Kind::UnknownIssuer),
            ("its own", v2().claim("iss", name), Kind::KeysUnavailable),
        ],
    )
    .await;
}
