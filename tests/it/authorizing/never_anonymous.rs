//! A bad token never makes an anonymous request, whatever is wrong with it and whoever asks.

use std::{collections::BTreeSet, fs, path::Path, time::SystemTime};

use axum::{Router, extract::Request, routing::get};
use serde_json::{Value, json};
use syn::Item;
use tower_bearer::{
    Algorithm, AuthorizeLayer, Claims, Denial, IssuerError, IssuerResolver, JwtLayer, KeyError,
    Lookup, MAX_TOKEN_LEN, Outcome, Policy, Rejection, RejectionKind, Revocation, TokenErrorKind,
    TrustedIssuer, VerifiedToken, Verifier, policy_fn, resolver_fn_sync, revocation_fn,
};

use super::{
    Awaited, EXPIRED, INVALID_REQUEST, INVALID_TOKEN, MISSING, admin, authorization, layer, passed,
    read, scope,
};
use crate::{
    answers::invalid_tokens,
    support::{App, MODES, clock, json_token, outcome},
};

/// A tenants' database that is down.
struct Down;

impl IssuerResolver for Down {
    fn resolve(&self, _: &str) -> Lookup<Result<Option<TrustedIssuer>, IssuerError>> {
        Lookup::Ready(Err(IssuerError::unavailable("no route to database")))
    }

    fn now(&self) -> SystemTime {
        clock()
    }
}

/// What may be wrong, a layer that finds it, and the request in which it finds it.
struct Case {
    kind: TokenErrorKind,
    layer: JwtLayer,
    lines: Vec<Vec<u8>>,
}

impl Case {
    fn new<L: AsRef<[u8]>>(kind: TokenErrorKind, layer: &JwtLayer, lines: &[L]) -> Self {
        let lines = lines.iter().map(|line| line.as_ref().to_vec()).collect();
        Self { kind, layer: layer.clone(), lines }
    }
}

/// Forms of an `Authorization` that are malformed, each in its way.
fn malformed(token: &str) -> Vec<Vec<u8>> {
    let mut forms: Vec<Vec<u8>> = [
        "Bearer",
        "bearer",
        "Bearer =",
        "Bearer a=b",
        "Bearer a b",
        "Bearer a,b",
        "Bearer,a",
        "Bearer\ta",
        "Bearer \ta",
        "Bearer token=\"a\"",
        "Bearer \"a\"",
        "Bearer a;b",
        "Bearer:a",
        "Bearer {}",
        "Bearer a@b",
    ]
    .map(|form| form.as_bytes().to_vec())
    .to_vec();
    forms.push([b"Bearer ", token.as_bytes(), b", Bearer ", token.as_bytes()].concat());
    forms.push([b"Bearer ", token.as_bytes(), b" ", token.as_bytes()].concat());
    forms.push([b"Bearer\t", token.as_bytes()].concat());
    forms.push([b"Bearer ", token.as_bytes(), "ä".as_bytes()].concat());
    forms.push([b"Bearer \xff", token.as_bytes()].concat());
    forms.push([b"Bearer\xa0", token.as_bytes()].concat());
    forms
}

/// Every kind of error there is, from a request that has it.
fn cases() -> Vec<Case> {
    let (issuer, tokens) = invalid_tokens();
    let fixed = JwtLayer::new(Verifier::new(issuer).unwrap());
    let own = |changes: Value| {
        let mut claims = json!({ "use": "access" });
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        json_token(Algorithm::ES256, &json!({}), &claims).compact()
    };
    let good = own(json!({}));
    let bearer = format!("Bearer {good}");
    let mut cases: Vec<_> = tokens
        .into_iter()
        .map(|(kind, token)| Case::new(kind, &fixed, &[format!("Bearer {token}")]))
        .collect();
    let expired = format!("Bearer {}", own(json!({ "exp": 1 })));
    let too_long = format!("Bearer {}", "a".repeat(MAX_TOKEN_LEN + 1));
    cases.push(Case::new(TokenErrorKind::Expired, &fixed, &[expired]));
    cases.push(Case::new(TokenErrorKind::TokenTooLong, &fixed, &[too_long]));
    for lines in [
        [&*bearer, &*bearer],
        [&*bearer, "Basic dTpw"],
        ["Basic dTpw", &*bearer],
        ["Bearer", "Bearer"],
        ["", &*bearer],
        ["", ""],
    ] {
        cases.push(Case::new(TokenErrorKind::SeveralCredentials, &fixed, &lines));
    }
    for form in malformed(&good) {
        cases.push(Case::new(TokenErrorKind::InvalidCredentials, &fixed, &[form]));
    }
    let dynamic = JwtLayer::new(Verifier::dynamic(Down));
    cases.push(Case::new(TokenErrorKind::IssuerUnavailable, &dynamic, &[&bearer]));
    for error in [KeyError::unavailable("no route to host"), KeyError::invalid("no key")] {
        let keyless = layer(resolver_fn_sync(move |_| Err(error.clone())));
        cases.push(Case::new(TokenErrorKind::KeysUnavailable, &keyless, &[&bearer]));
    }
    for (kind, known) in [
        (TokenErrorKind::Revoked, Revocation::Revoked),
        (TokenErrorKind::RevocationUnavailable, Revocation::Unknown),
    ] {
        let (issuer, _) = invalid_tokens();
        let issuer = issuer.revocation(revocation_fn(move |_| known));
        let layer = JwtLayer::new(Verifier::new(issuer).unwrap());
        cases.push(Case::new(kind, &layer, &[&bearer]));
    }
    cases
}

/// The variants of `TokenErrorKind`, as the source has them.
fn kinds_of_the_source() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/error/token.rs");
    let file = syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
    let kinds = file.items.iter().find_map(|item| match item {
        Item::Enum(item) if item.ident == "TokenErrorKind" => Some(&item.variants),
        _ => None,
    });
    kinds.unwrap().iter().map(|variant| variant.ident.to_string()).collect()
}

#[test]
fn there_is_a_request_for_every_kind_of_error() {
    let mut provoked: BTreeSet<_> = cases().iter().map(|case| format!("{:?}", case.kind)).collect();
    // Of cookies alone.
    provoked.insert("CrossOrigin".to_owned());
    assert_eq!(provoked, kinds_of_the_source());
}

/// Says `nobody` wherever a request without credentials is let through, and a bad one must not be.
fn readers() -> Router {
    let nobody = |is_some: bool| if is_some { "somebody" } else { "nobody" };
    let denied = || policy_fn(|_, _| Err(Denial::forbidden()));
    Router::new()
        .route(
            "/option-claims",
            get(move |claims: Option<Claims<Value>>| async move { nobody(claims.is_some()) }),
        )
        .route(
            "/option-token",
            get(move |token: Option<VerifiedToken>| async move { nobody(token.is_some()) }),
        )
        .route("/not-admin", passed().layer(AuthorizeLayer::new(admin().not())))
        .route("/not-scope", passed().layer(AuthorizeLayer::new(scope("read").not())))
        .route("/not-awaited", passed().layer(AuthorizeLayer::new(Awaited(admin().not()))))
        .route("/not-denied", passed().layer(AuthorizeLayer::new(denied().not())))
        .route("/either", passed().layer(AuthorizeLayer::new(admin().or(admin().not()))))
        .route("/whoever", passed().layer(AuthorizeLayer::new(policy_fn(|_, _| Ok(())))))
}

const OPTIONS: [&str; 2] = ["/option-claims", "/option-token"];
const POLICIES: [&str; 6] =
    ["/not-admin", "/not-scope", "/not-awaited", "/not-denied", "/either", "/whoever"];

fn expected(kind: TokenErrorKind) -> (u16, &'static str) {
    match Rejection::from(tower_bearer::TokenError::from(kind)).kind() {
        RejectionKind::InvalidRequest => (400, INVALID_REQUEST),
        RejectionKind::ExpiredToken => (401, EXPIRED),
        RejectionKind::InvalidToken => (401, INVALID_TOKEN),
        RejectionKind::Unavailable => (503, ""),
        other => panic!("{other:?} is not of a token"),
    }
}

#[tokio::test]
async fn each_request_has_the_error_that_it_is_here_for() {
    for Case { kind, layer, lines } in cases() {
        let seen = get(|request: Request| async move { outcome(&request) });
        let app = App::serve(Router::new().route("/", seen).layer(layer.best_effort())).await;
        let reply = read(&app, "/", &lines).await;
        assert_eq!(reply.body, format!("failed: {}", kind.code()), "{lines:?}");
    }
}

#[tokio::test]
async fn no_bad_token_passes_for_none_in_optional_mode_nor_by_best_effort() {
    for Case { kind, layer, lines } in cases() {
        let (status, challenge) = expected(kind);
        for (mode, set) in MODES {
            let app = App::serve(readers().layer(set(layer.clone()))).await;
            for path in OPTIONS.into_iter().chain(POLICIES) {
                let case = format!("{kind:?}, {mode}, {path}, {lines:?}");
                read(&app, path, &lines).await.assert_refused(&case, status, challenge);
            }
        }
    }
}

#[tokio::test]
async fn nor_where_the_layer_itself_requires_what_anybody_has() {
    for Case { kind, layer, lines } in cases() {
        let (status, challenge) = expected(kind);
        for (mode, set) in MODES {
            let layer = set(layer.clone()).require(admin().not()).require(policy_fn(|_, _| Ok(())));
            let app = App::serve(Router::new().route("/", passed()).layer(layer)).await;
            let case = format!("{kind:?}, {mode}, {lines:?}");
            read(&app, "/", &lines).await.assert_refused(&case, status, challenge);
        }
    }
}

#[tokio::test]
async fn only_the_absence_of_credentials_is_anonymous() {
    let (_, layer) = super::layers().into_iter().next().unwrap();
    for set in [JwtLayer::optional, JwtLayer::best_effort] {
        let app = App::serve(readers().layer(set(layer.clone()))).await;
        for lines in [vec![], vec![""], vec!["Basic dTpw"], vec!["DPoP a.b.c"], vec!["Bearers a"]] {
            for path in OPTIONS {
                assert_eq!(read(&app, path, &lines).await.body, "nobody", "{path}, {lines:?}");
            }
            for path in POLICIES {
                // The opposite of a scope is none to ask for.
                read(&app, path, &lines).await.assert_refused(path, 401, MISSING);
            }
        }
        for path in OPTIONS {
            let reply = read(&app, path, &authorization("permitted")).await;
            assert_eq!(reply.body, "somebody", "{path}");
        }
    }
}

#[tokio::test]
async fn a_failure_that_the_program_itself_puts_there_is_refused_as_well() {
    let planted = Outcome::Failed(TokenErrorKind::InvalidSignature.into());
    let router = readers().layer(axum::Extension(planted));
    let app = App::serve(router).await;
    for path in OPTIONS.into_iter().chain(POLICIES) {
        let reply = read(&app, path, &authorization("permitted")).await;
        reply.assert_refused(path, 401, INVALID_TOKEN);
    }
}
