//! Taking the token off the request: RFC 6750 §2, RFC 9110 §11.

use tower_bearer::{Algorithm, StaticKeys};

use crate::support::{App, app, key, standard, token};

async fn es256() -> App {
    app(standard(StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap())).await
}

#[tokio::test]
async fn the_scheme_is_matched_in_any_case_and_spaces_may_be_many() {
    let (app, token) = (es256().await, token().compact());
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        for spaces in [" ", "  ", "        "] {
            let line = format!("{scheme}{spaces}{token}");
            app.authorization([&line]).await.assert_accepted(&line[..12]);
        }
    }
}

#[tokio::test]
async fn no_credentials_or_another_scheme_are_missing_credentials() {
    let app = es256().await;
    app.authorization::<&str>([]).await.assert_missing("no header");
    for line in ["Basic dTpw", "Digest username=\"a\"", "Bearers a.b.c", "DPoP a.b.c"] {
        app.authorization([line]).await.assert_missing(line);
    }
}
