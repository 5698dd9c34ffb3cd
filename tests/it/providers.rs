//! `docs/PROVIDERS.md`, run: its set-ups judge tokens minted from its JSON, and near misses of them.

/// Takes code of the page: runs it, and holds the page to it.
macro_rules! as_written {
    ($($item:item)*) => {
        $($item)*

        #[test]
        fn the_code_stands_in_the_page() {
            $(super::page::has(stringify!($item));)*
        }
    };
}

/// Takes a requirement of the page: holds the page to it, and this token permits it, while that one does not.
macro_rules! permits {
    ($good:expr, $bad:expr, $requirement:expr) => {
        super::page::has(concat!("`", stringify!($requirement)));
        let requirement = $requirement.unwrap();
        assert_eq!(requirement.check(&$good).map_err(|denial| denial.kind()), Ok(()));
        assert!(requirement.check(&$bad).is_err());
    };
}

mod auth0;
mod clerk;
mod cognito;
mod entra;
mod entra_tenants;
mod firebase;
mod google;
mod internet;
mod keycloak;
mod okta;
mod page;
mod shape;
mod supabase;

use tower_bearer::{TokenErrorKind, VerifiedToken, Verifier};

use self::shape::Shape;
use crate::support::verifiers;

async fn accepted(verifier: &Verifier, shape: &Shape) -> VerifiedToken {
    verifiers::verify(&verifiers::remembering(verifier.clone()), &shape.compact()).await.unwrap()
}

/// Each case is refused, and for this reason.
async fn refused<const N: usize>(verifier: &Verifier, cases: [(&str, Shape, TokenErrorKind); N]) {
    let verifier = verifiers::remembering(verifier.clone());
    for (name, shape, reason) in cases {
        let judged =
            verifiers::verify(&verifier, &shape.compact()).await.map_err(|error| error.kind());
        assert_eq!(judged.map(drop), Err(reason), "{name}");
    }
}

/// What is no JWT is refused as such.
async fn opaque(verifier: &Verifier, tokens: &[&str]) {
    for token in tokens {
        let error = verifiers::verify(verifier, token).await.unwrap_err();
        assert_eq!(error.kind(), TokenErrorKind::Malformed, "{token}");
    }
}
