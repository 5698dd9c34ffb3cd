use axum::{extract::Request, routing::MethodRouter};
use tower_bearer::{JwtLayer, Outcome, TokenOrigin, VerifiedToken, http};

/// Puts a layer into a mode.
type Set = fn(JwtLayer) -> JwtLayer;

/// Every mode a layer can be in, and how it is put there.
pub(crate) const MODES: [(&str, Set); 3] = [
    ("required", |layer| layer),
    ("optional", JwtLayer::optional),
    ("best effort", JwtLayer::best_effort),
];

/// What a service behind the layer finds, in words: `absent`, `failed: <code>`,
/// `verified: <sub>, header` or `no layer`.
pub(crate) fn outcome<B>(request: &http::Request<B>) -> String {
    let token = VerifiedToken::of(request).and_then(VerifiedToken::subject);
    let alone = request.extensions().get::<VerifiedToken>().and_then(VerifiedToken::subject);
    assert_eq!(token, alone, "outcome and token tell the same");
    match Outcome::of(request) {
        None => "no layer".to_owned(),
        Some(Outcome::Absent) => "absent".to_owned(),
        Some(Outcome::Failed(error)) => format!("failed: {}", error.kind().code()),
        Some(Outcome::Verified { token, origin, .. }) => {
            let origin = match origin {
                TokenOrigin::Header => "header",
                TokenOrigin::Cookie => "cookie",
                TokenOrigin::Other => "other",
                TokenOrigin::Query => "query",
                TokenOrigin::WebSocketProtocol => "subprotocol",
                _ => "elsewhere",
            };
            format!("verified: {}, {origin}", token.subject().unwrap_or_default())
        }
        Some(_) => "unknown".to_owned(),
    }
}

/// A handler for any method that answers with the [`outcome`].
pub(crate) fn answer_outcome() -> MethodRouter {
    axum::routing::any(|request: Request| async move { outcome(&request) })
}
