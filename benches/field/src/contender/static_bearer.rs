//! tower-http's layer that compares the header with one token, which it knows.

#![expect(
    deprecated,
    reason = "tower-http calls it too basic: there is hardly less to do, so it is a floor"
)]

use axum::{Router, body::Body, routing::get};
use tower_http::{
    auth::require_authorization::Bearer, validate_request::ValidateRequestHeaderLayer,
};

use crate::{
    app::{App, Framework, PATH},
    world::{SUBJECT, Side},
};

use super::{Contender, Role, Signatures};

pub(super) const CONTENDER: Contender = Contender {
    name: "tower-http, one static token",
    package: "tower-http",
    signatures: Signatures::None,
    framework: Framework::Axum08,
    role: Role::StaticBearer,
    build: |side| Box::pin(async { Ok(App::Axum08(app(side))) }),
};

fn app(side: &Side) -> Router {
    let layer: ValidateRequestHeaderLayer<Bearer<Body>> =
        ValidateRequestHeaderLayer::bearer(&side.tokens.good);
    Router::new().route(PATH, get(me)).layer(layer)
}

/// Only one may call, so the handler knows who it is.
async fn me() -> String {
    SUBJECT.to_owned()
}
