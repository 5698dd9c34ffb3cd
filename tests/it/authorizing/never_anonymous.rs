//! A bad token never makes an anonymous request, whatever is wrong with it and whoever asks.

use std::{collections::BTreeSet, fs, path::Path, time::SystemTime};

use axum::{Router, extract, routing::get};
use hyper::Request;
use serde_json::{Value, json};
use syn::Item;
use tower_bearer::{
    Algorithm, AuthorizationHeader, AuthorizeLayer, Claims, Denial, IssuerError, IssuerResolver,
    JwtLayer, KeyError, Lookup, MAX_TOKEN_LEN, Outcome, Policy, Presented, Rejection,
    RejectionKind, RequestHead, Revocation, TokenError, TokenErrorKind, TokenOrigin, TokenSource,
    TrustedIssuer, VerifiedToken, policy_fn, resolver_fn_sync, revocation_fn,
};

use super::{
    Awaited, EXPIRED, INVALID_REQUEST, INVALID_TOKEN, MISSING, admin, authorization, layer, passed,
    read, scope, send,
};
use crate::support::verifiers;
use crate::{
    answers::invalid_tokens,
    support::{App, MODES, Reply, clock, json_token, outcome},
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
    /// Where the token is said to be from.
    origin: TokenOrigin,
}

impl Case {
    fn new<L: AsRef<[u8]>>(kind: TokenErrorKind, layer: &JwtLayer, lines: &[L]) -> Self {
        let lines = lines.iter().map(|line| line.as_ref().to_vec()).collect();
        Self { kind, layer: layer.clone(), lines, origin: TokenOrigin::Header }
    }

    /// Its layer, set up like this.
    fn layer(&self, set: impl Fn(JwtLayer) -> JwtLayer) -> JwtLayer<Relabelled> {
        set(self.layer.clone()).source(Relabelled(self.origin))
    }

    /// A `GET` that opens a socket, and does not say from where.
    async fn send(&self, app: &App, path: &str) -> Reply {
        send(app, Request::get(path).header("upgrade", "websocket"), &self.lines).await
    }
}

/// The header, said to be of this origin.
#[derive(Clone, Copy)]
struct Relabelled(TokenOrigin);

impl TokenSource for Relabelled {
    fn token<'r>(&self, head: RequestHead<'r>) -> Result<Option<Presented<'r>>, TokenError> {
        let found = AuthorizationHeader.token(head)?;
        Ok(found.map(|found| Presented::new(found.token, self.0)))
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

/// A token for every kind of error that is of tokens, and a layer that finds it.
pub(crate) fn tokens() -> Vec<(TokenErrorKind, JwtLayer, String)> {
    let (issuer, tokens) = invalid_tokens();
    let fixed = JwtLayer::new(verifiers::new(issuer).unwrap());
    let of_fixed = tokens.into_iter().map(|(kind, token)| (kind, fixed.clone(), token));
    let mut cases: Vec<_> = of_fixed.collect();
    cases.push((TokenErrorKind::Expired, fixed, own(&json!({ "exp": 1 }))));
    let good = own(&json!({}));
    let dynamic = JwtLayer::new(verifiers::dynamic(Down));
    cases.push((TokenErrorKind::IssuerUnavailable, dynamic, good.clone()));
    for error in [KeyError::unavailable("no route to host"), KeyError::invalid("no key")] {
        let keyless = layer(resolver_fn_sync(move |_| Err(error.clone())));
        cases.push((TokenErrorKind::KeysUnavailable, keyless, good.clone()));
    }
    for (kind, known) in [
        (TokenErrorKind::Revoked, Revocation::Revoked),
        (TokenErrorKind::RevocationUnavailable, Revocation::Unknown),
    ] {
        let (issuer, _) = invalid_tokens();
        let issuer = issuer.revocation(revocation_fn(move |_| known));
        cases.push((kind, JwtLayer::new(verifiers::new(issuer).unwrap()), good.clone()));
    }
    cases
}

/// A token of [`invalid_tokens`]'s issuer that is good but for these claims.
fn own(changes: &Value) -> String {
    let mut claims = json!({ "use": "access" });
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    json_token(Algorithm::ES256, &json!({}), &claims).compact()
}

/// Every kind of error there is, from a request that has it.
fn cases() -> Vec<Case> {
    let (issuer, _) = invalid_tokens();
    let fixed = JwtLayer::new(verifiers::new(issuer).unwrap());
    let good = own(&json!({}));
    let bearer = format!("Bearer {good}");
    let mut cases: Vec<_> = tokens()
        .into_iter()
        .map(|(kind, layer, token)| Case::new(kind, &layer, &[format!("Bearer {token}")]))
        .collect();
    let too_long = format!("Bearer {}", "a".repeat(MAX_TOKEN_LEN + 1));
    cases.push(Case::new(TokenErrorKind::TokenTooLong, &fixed, &[too_long]));
    let forged = Case::new(TokenErrorKind::CrossOrigin, &fixed, &[&bearer]);
    cases.push(Case { origin: TokenOrigin::Cookie, ..forged });
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
    cases
}

/// The variants of `TokenErrorKind`, as the source has them.
pub(crate) fn kinds_of_the_source() -> BTreeSet<String> {
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
    let provoked: BTreeSet<_> = cases().iter().map(|case| format!("{:?}", case.kind)).collect();
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

/// Status and challenge of such an error.
pub(crate) fn expected(kind: TokenErrorKind) -> (u16, &'static str) {
    match Rejection::from(tower_bearer::TokenError::from(kind)).kind() {
        RejectionKind::CrossOrigin => (403, ""),
        RejectionKind::InvalidRequest => (400, INVALID_REQUEST),
        RejectionKind::ExpiredToken => (401, EXPIRED),
        RejectionKind::InvalidToken => (401, INVALID_TOKEN),
        RejectionKind::Unavailable => (503, ""),
        other => panic!("{other:?} is not of a token"),
    }
}

#[tokio::test]
async fn each_request_has_the_error_that_it_is_here_for() {
    for case in cases() {
        let Case { kind, lines, .. } = &case;
        let seen = get(|request: extract::Request| async move { outcome(&request) });
        let app =
            App::serve(Router::new().route("/", seen).layer(case.layer(JwtLayer::best_effort)))
                .await;
        let reply = case.send(&app, "/").await;
        assert_eq!(reply.body, format!("failed: {}", kind.code()), "{lines:?}");
    }
}

#[tokio::test]
async fn no_bad_token_passes_for_none_in_optional_mode_nor_by_best_effort() {
    for case in cases() {
        let Case { kind, lines, .. } = &case;
        let (status, challenge) = expected(*kind);
        for (mode, set) in MODES {
            let app = App::serve(readers().layer(case.layer(set))).await;
            for path in OPTIONS.into_iter().chain(POLICIES) {
                let name = format!("{kind:?}, {mode}, {path}, {lines:?}");
                case.send(&app, path).await.assert_refused(&name, status, challenge);
            }
        }
    }
}

#[tokio::test]
async fn nor_where_the_layer_itself_requires_what_anybody_has() {
    for case in cases() {
        let Case { kind, lines, .. } = &case;
        let (status, challenge) = expected(*kind);
        for (mode, set) in MODES {
            let layer = case
                .layer(|layer| set(layer).require(admin().not()).require(policy_fn(|_, _| Ok(()))));
            let app = App::serve(Router::new().route("/", passed()).layer(layer)).await;
            let name = format!("{kind:?}, {mode}, {lines:?}");
            case.send(&app, "/").await.assert_refused(&name, status, challenge);
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
