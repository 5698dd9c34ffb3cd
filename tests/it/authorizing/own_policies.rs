//! Policies that users write: what they say is not checked when they are made.

use axum::Router;
use tower_bearer::{AuthorizeLayer, Denial, Lookup, Policy, RequestHead, VerifiedToken};

use super::{MISSING, authorization, jwt, lacks, missing_with, passed, read, scope, scoped};
use crate::support::App;

/// Says that it may ask for these, and permits everybody.
struct Says(&'static [&'static str]);

impl Policy for Says {
    fn authorize(&self, _: &VerifiedToken, _: RequestHead<'_>) -> Lookup<Result<(), Denial>> {
        Ok(()).into()
    }

    fn scopes(&self) -> Vec<&str> {
        self.0.to_vec()
    }
}

/// `scope = scope-token *( SP scope-token )` (RFC 6749 §3.3), whoever names them.
#[tokio::test]
async fn a_challenge_names_scopes_and_nothing_else() {
    let cases: [(&'static [&'static str], &str); 7] = [
        (&["a"], "a"),
        (&["a b", "c"], "c"),
        (&["ü", "a"], "a"),
        (&["a\r\nx-injected: 1"], ""),
        (&["a\"", "\\", "\t"], ""),
        (&[""], ""),
        (&["x", "", "y"], "x y"),
    ];
    for (says, named) in cases {
        let missing = match named {
            "" => MISSING.to_owned(),
            named => missing_with(named),
        };
        let route = || Router::new().route("/", passed());
        let own = App::serve(route().layer(jwt().require(Says(says)))).await;
        let inner = route().layer(AuthorizeLayer::new(Says(says)));
        let inner = App::serve(inner.layer(jwt().optional())).await;
        for app in [own, inner] {
            let reply = read(&app, "/", &authorization("absent")).await;
            reply.assert_refused(&says.concat(), 401, &missing);
        }

        // What it names and the token has is asked for again.
        let held = App::serve(route().layer(jwt().require(Says(says).and(scope("write"))))).await;
        let claims = serde_json::json!({ "scope": says });
        let token = super::bearer(&serde_json::json!({}), &claims);
        let expected = format!("{named} write");
        let reply = read(&held, "/", &token).await;
        reply.assert_refused(&says.concat(), 403, &lacks(expected.trim_start()));
        assert_eq!(read(&held, "/", &scoped("write")).await.status, 200, "{says:?}");
    }
}
