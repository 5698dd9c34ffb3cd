use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use tower_bearer::{ConfigError, TokenErrorKind as Kind, Verifier, issuer_fn_sync};

use super::{
    accepted,
    entra::v2,
    internet::{RemoteJwks, TrustedIssuer},
    refused,
};

as_written! {
    type Tenants = Arc<RwLock<HashMap<String, RemoteJwks>>>;

    fn admit(tenants: &Tenants, tenant_id: &str) -> Result<(), ConfigError> {
        let name = format!("https://login.microsoftonline.com/{tenant_id}/v2.0");
        let keys = RemoteJwks::discovery(&name).build()?;
        tenants.write().unwrap().insert(name, keys);
        Ok(())
    }

    fn entra_tenants(tenants: Tenants) -> Verifier {
        Verifier::dynamic(issuer_fn_sync(move |iss| {
            let keys = tenants.read().unwrap().get(iss).cloned();
            Ok(keys.map(|keys| TrustedIssuer::new(iss, "API_CLIENT_ID", keys)))
        }))
    }
}

#[tokio::test]
async fn who_is_in_the_table_comes_in() {
    let tenants = Tenants::default();
    let verifier = entra_tenants(Arc::clone(&tenants));
    admit(&tenants, "TENANT_ID").unwrap();
    let token = accepted(&verifier, &v2()).await;
    assert_eq!(token.issuer(), "https://login.microsoftonline.com/TENANT_ID/v2.0");

    let of = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    refused(
        &verifier,
        [
            ("a stranger", v2().claim("iss", of("STRANGER")), Kind::UnknownIssuer),
            ("no tenant", v2().claim("iss", of("common")), Kind::UnknownIssuer),
            ("template", v2().claim("iss", of("{tenantid}")), Kind::UnknownIssuer),
            ("v1.0", v2().claim("iss", "https://sts.windows.net/TENANT_ID/"), Kind::UnknownIssuer),
            ("other API", v2().claim("aud", "OTHER"), Kind::AudienceMismatch),
            ("PS256", v2().header("alg", "PS256"), Kind::AlgorithmNotAllowed),
        ],
    )
    .await;
}

#[tokio::test]
async fn who_is_admitted_later_comes_in_later() {
    let tenants = Tenants::default();
    let verifier = entra_tenants(Arc::clone(&tenants));
    refused(&verifier, [("nobody is", v2().claim("iss", "https://x/v2.0"), Kind::UnknownIssuer)])
        .await;
    admit(&tenants, "TENANT_ID").unwrap();
    accepted(&verifier, &v2()).await;
}
