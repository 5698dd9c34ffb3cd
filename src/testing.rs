//! A fake provider for your own tests (feature `testing`).
//!
//! [`TestIssuer`] mints any token, good or bad, and publishes its keys: in memory, or
//! [on loopback](TestIssuer::serve). A test of a protected route:
//!
//! ```
//! # #[cfg(feature = "axum")] mod example {
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use tower::ServiceExt;
//! use tower_bearer::{
//!     ConfigError, JwtLayer, TrustedIssuer, VerifiedToken, Verifier,
//!     testing::{RequestExt, TestIssuer},
//! };
//!
//! /// The router of your service, as `main` builds it.
//! fn app(issuer: TrustedIssuer) -> Result<Router, ConfigError> {
//!     let me = |token: VerifiedToken| async move { token.subject().unwrap_or("nobody").to_owned() };
//!     let router = Router::new().route("/me", get(me));
//!     Ok(router.route_layer(JwtLayer::new(Verifier::new(issuer)?)))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] pub async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! let issuer = TestIssuer::new();
//! let token = issuer.token_for("https://api.example").subject("ada").mint();
//! let request = Request::get("/me").body(Body::empty())?.with_bearer(&token);
//! let response = app(issuer.trusted("https://api.example"))?.oneshot(request).await?;
//! assert_eq!(response.status(), 200);
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "axum")] fn main() { example::test().unwrap() }
//! # #[cfg(not(feature = "axum"))] fn main() {}
//! ```
//!
//! A handler can be tested without any layer, too: [`RequestExt::with_claims`] sets what a layer would have left.
//!
//! Whoever writes a `SessionStore` or a `RevocationLog` runs `session_store` and `revocation_log` over it (feature `issue`).
//!
//! The [chapter on testing](https://github.com/tower-bearer/tower-bearer/blob/main/docs/TESTING.md) shows bad tokens, rotation, outages and a server. Turn this
//! feature on under `[dev-dependencies]` only: whoever can call it can make a [`VerifiedToken`](crate::VerifiedToken) of anything.
//!
//! What is used wrongly panics, and says where: this is a kit for tests.

mod builder;
#[cfg(feature = "issue")]
mod conformance;
mod issuer;
mod provider;
mod request;
mod ring;
mod server;
mod token;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

#[cfg(feature = "issue")]
pub use self::conformance::{TestClock, revocation_log, session_store, session_store_by_own_clock};
pub use self::{
    builder::TestIssuerBuilder, issuer::TestIssuer, provider::Fetches, request::RequestExt,
    server::TestServer, token::TestToken,
};
use crate::error::KeyError;

/// Base64url without padding.
fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[expect(clippy::expect_used, reason = "only without memory or randomness, where no test goes on")]
fn sound<T>(made: Result<T, KeyError>) -> T {
    made.expect("aws-lc makes keys and signatures")
}

/// Ends a test that uses the kit in a way that makes no sense.
#[track_caller]
#[expect(clippy::panic, reason = "a test kit says what is wrong by panicking")]
fn misuse(message: &str) -> ! {
    panic!("{message}")
}
