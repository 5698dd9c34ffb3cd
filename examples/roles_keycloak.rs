//! Roles as Keycloak writes them: those of the realm, and those of a client. An area for
//! administrators, and a page that is open to whom it is about and to them.
//!
//! ```sh
//! cargo run --example roles_keycloak     # prints URL and tokens: GUEST has no role, ADA reads, ROOT administers
//!
//! curl -i $URL/orders -H "authorization: Bearer $GUEST_TOKEN"         # 403, and no challenge: a role is not asked for
//! curl -i $URL/orders -H "authorization: Bearer $ADA_TOKEN"           # 200
//! curl -i $URL/admin/users -H "authorization: Bearer $ADA_TOKEN"      # 403
//! curl -i $URL/admin/users -H "authorization: Bearer $ROOT_TOKEN"     # 200
//! curl -i $URL/users/ada -H "authorization: Bearer $ADA_TOKEN"        # 200, her own
//! curl -i $URL/users/root -H "authorization: Bearer $ADA_TOKEN"       # 403, which a log would call not_the_owner
//! curl -i $URL/users/ada -H "authorization: Bearer $ROOT_TOKEN"       # 200
//! curl -i $URL/admin/users                                            # 401, who asks comes first
//! ```
//!
//! With a realm of yours: `TrustedIssuer::discover("https://YOUR_HOST/realms/YOUR_REALM", "orders-api")?`, and an
//! audience mapper; see `docs/PROVIDERS.md`.

use axum::{Router, extract::Path, routing::get};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use tower_bearer::{
    AuthorizeLayer, ConfigError, Denial, JwtLayer, Policy, RequireRole, StaticKeys, TrustedIssuer,
    Verifier, policy_fn,
};

const ISSUER: &str = "https://sso.example/realms/shop";
const API: &str = "orders-api";

/// A role of the realm: `{ "realm_access": { "roles": [..] } }`.
fn administrator() -> Result<RequireRole, ConfigError> {
    RequireRole::any("/realm_access/roles", ["orders-admin"])
}

/// A role of this client: `{ "resource_access": { "orders-api": { "roles": [..] } } }`.
fn reader() -> Result<RequireRole, ConfigError> {
    RequireRole::any(["resource_access", API, "roles"], ["reader"])
}

/// The user whom the page is about.
fn owner() -> impl Policy {
    policy_fn(|token, head| {
        let user = head.uri().path().strip_prefix("/users/");
        Denial::unless(user.is_some() && user == token.subject())
            .map_err(|denial| denial.with_reason("not_the_owner"))
    })
}

fn app(verifier: Verifier) -> Result<Router, ConfigError> {
    let orders = Router::new()
        .route("/orders", get(async || "all orders\n"))
        .route_layer(AuthorizeLayer::new(reader()?));
    let users = Router::new()
        .route("/users/{id}", get(async |Path(id): Path<String>| format!("all about {id}\n")))
        .route_layer(AuthorizeLayer::new(owner().or(administrator()?)));
    let admin = Router::new()
        .route("/users", get(async || "all users\n"))
        .route_layer(AuthorizeLayer::new(administrator()?));
    Ok(orders.merge(users).nest("/admin", admin).route_layer(JwtLayer::new(verifier)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;

    // Keycloak says in the claim `typ` what a token is: ID tokens stay out.
    let keys = StaticKeys::hs256(secret)?;
    let issuer = TrustedIssuer::new(ISSUER, API, keys).require_claim("typ", "Bearer");
    let app = app(Verifier::new(issuer)?)?;

    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("GUEST_TOKEN={}", mint(&secret, "guest", json!([]), json!({}))?);
    println!(
        "ADA_TOKEN={}",
        mint(&secret, "ada", json!([]), json!({ API: { "roles": ["reader"] } }))?
    );
    println!("ROOT_TOKEN={}", mint(&secret, "root", json!(["orders-admin"]), json!({}))?);
    println!("URL=http://{0}\nlistening on http://{0}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn mint(
    secret: &[u8],
    user: &str,
    realm: Value,
    clients: Value,
) -> jsonwebtoken::errors::Result<String> {
    let exp = jsonwebtoken::get_current_timestamp() + 300;
    let claims = json!({
        "iss": ISSUER, "aud": [API, "account"], "sub": user, "typ": "Bearer", "azp": "shop", "exp": exp,
        "realm_access": { "roles": realm }, "resource_access": clients,
    });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret))
}
