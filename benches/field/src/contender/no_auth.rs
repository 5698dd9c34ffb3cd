//! Nothing around the handler.

use crate::{
    app::{App, Framework, PATH},
    world::SUBJECT,
};

use super::{Contender, Role, Signatures};

pub(super) const AXUM_08: Contender = Contender {
    name: "no auth",
    package: "axum",
    signatures: Signatures::None,
    framework: Framework::Axum08,
    role: Role::Baseline,
    build: |_| {
        Box::pin(async { Ok(App::Axum08(axum::Router::new().route(PATH, axum::routing::get(me)))) })
    },
};

pub(super) const AXUM_07: Contender = Contender {
    name: "no auth, axum 0.7",
    package: "axum 0.7",
    framework: Framework::Axum07,
    build: |_| {
        Box::pin(async {
            Ok(App::Axum07(axum07::Router::new().route(PATH, axum07::routing::get(me))))
        })
    },
    ..AXUM_08
};

/// A `String`, as those who read a token make one.
async fn me() -> String {
    SUBJECT.to_owned()
}
