//! Policies see every claim, and print none.

use std::{error::Error, fmt::Debug, sync::Arc, time::Duration};

use http_body_util::Empty;
use hyper::{Response, body::Bytes};
use serde_json::{Value, json};
use tower_bearer::{
    Algorithm, AuthorizeLayer, BearerResponder, Denial, JwtLayer, Policy, Rejection, RequestHead,
    RequireAcr, RequireClaim, RequireFreshAuth, RequireRole, RequireScope, Respond, StaticKeys,
    VerifiedToken, policy_fn, policy_fn_async,
};

use super::{CANARY, Misfit, Page, print_request, tokens};
use crate::support::{NOW, json_token, key, standard, verifiers};

/// Good tokens whose claims hold canaries wherever a policy looks, of the right type and of others.
fn tokens_for_policies() -> Vec<String> {
    let claims: [Value; 4] = [
        json!({ "roles": [CANARY], "acr": CANARY, "auth_time": NOW, "scope": CANARY, "plan": CANARY }),
        json!({ "roles": CANARY, "acr": [CANARY], "auth_time": CANARY, "scp": [CANARY] }),
        json!({ "roles": { CANARY: CANARY }, "acr": { CANARY: 1 }, "auth_time": [CANARY], "scope": { CANARY: 1 } }),
        json!({ "realm": { "roles": [CANARY, 7] }, "auth_time": 1, "scope": [[CANARY]], "plan": [CANARY] }),
    ];
    let signed = |mut claims: Value| {
        claims.as_object_mut().unwrap().insert("sub".to_owned(), CANARY.into());
        json_token(Algorithm::ES256, &json!({ "kid": CANARY }), &claims).compact()
    };
    claims.map(signed).to_vec()
}

/// A policy of every kind. The values that a set-up asks for may be secrets as well.
fn policies() -> Vec<Arc<dyn Policy>> {
    let roles = |path: &str| RequireRole::any(path, ["admin"]).unwrap();
    let scope = || RequireScope::all(["read"]).unwrap();
    let own = |token: &VerifiedToken, _: RequestHead<'_>| {
        token.claim::<Vec<u8>>("sub")?;
        Ok(())
    };
    let owner = |token: &VerifiedToken, _: RequestHead<'_>| {
        Denial::unless(token.subject() == Some("ada")).map_err(|d| d.with_reason("not_the_owner"))
    };
    let typed = |token: &VerifiedToken, _: RequestHead<'_>| {
        token.claims::<Misfit>()?;
        Ok(())
    };
    let store =
        |_: &VerifiedToken, _: RequestHead<'_>| Err(Denial::unavailable("no route to host"));
    let later = |token: &VerifiedToken, _: RequestHead<'_>| {
        let denied = token.claim::<u8>("sub").map(drop).map_err(Denial::from);
        async move { denied }
    };
    vec![
        Arc::new(scope()),
        Arc::new(RequireScope::any(["read", "write"]).unwrap()),
        Arc::new(scope().not()),
        Arc::new(roles("roles")),
        Arc::new(roles("/realm/roles")),
        Arc::new(roles("/roles/deeper").not()),
        Arc::new(RequireRole::all(["realm", "roles"], ["a", "b"]).unwrap()),
        Arc::new(RequireAcr::any(["phr"]).unwrap()),
        Arc::new(RequireFreshAuth::within(Duration::from_secs(60))),
        Arc::new(RequireClaim::present("/roles/admin").unwrap()),
        Arc::new(plan()),
        Arc::new(plan().not()),
        Arc::new(plan().and(scope())),
        Arc::new(plan().or(roles("roles"))),
        Arc::new(policy_fn(own)),
        Arc::new(policy_fn(owner)),
        Arc::new(policy_fn(typed)),
        Arc::new(policy_fn(store)),
        Arc::new(policy_fn_async(later)),
    ]
}

fn plan() -> RequireClaim {
    RequireClaim::one_of("plan", [json!("canary-7f3a9c-and-more"), json!({ CANARY: CANARY })])
        .unwrap()
}

fn print(value: &dyn Debug) {
    tracing::info!("{value:?} {value:#?}");
}

fn print_error(error: &(dyn Error + 'static)) {
    let mut next = Some(error);
    while let Some(error) = next {
        tracing::info!("{error} {error:?} {error:#?}");
        next = error.source();
    }
}

/// Prints all that can be held of a refusal.
fn printing(rejection: &Rejection) -> Response<Empty<Bytes>> {
    print_error(rejection);
    print(&rejection.challenge());
    print(&rejection.scopes().collect::<Vec<_>>());
    print(&rejection.acr_values().collect::<Vec<_>>());
    print(&(rejection.max_age(), rejection.retry_after(), rejection.wanted()));
    print(&(rejection.error_code(), rejection.description(), rejection.token_error()));
    if let Some(denial) = rejection.denial() {
        print_error(denial);
        print(&(denial.kind(), denial.reason(), denial.claim(), denial.retry_after()));
        print(&denial.scopes().collect::<Vec<_>>());
    }
    if let Some(error) = rejection.claims_error() {
        print_error(error);
    }
    BearerResponder::default().respond(rejection)
}

#[tokio::test]
async fn no_canary_is_logged_or_printed_by_any_policy() {
    let log = Page::new();
    let keys = StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap();
    let verifier = verifiers::new(standard(keys)).unwrap();
    let layer = || JwtLayer::new(verifier.clone()).respond_with(printing);
    let mut all = tokens_for_policies();
    all.extend(tokens().into_iter().map(|(_, token)| token));
    for policy in policies() {
        for token in &all {
            print_request(&log, layer().require(Arc::clone(&policy)), None, token).await;
            let further_in = AuthorizeLayer::new(Arc::clone(&policy));
            print_request(&log, layer().best_effort(), Some(further_in), token).await;
        }
    }
    log.debug(&(plan(), plan().and(plan()), plan().or(plan()), plan().not()));
    let text = log.0.text();
    for said in [
        "not_the_owner",
        "insufficient_scope",
        "insufficient_user_authentication",
        "claims do not fit the type asked for",
        "policy unavailable",
        r#"reason="granted""#,
        "RequireClaim",
    ] {
        assert!(text.contains(said), "{said:?} was not provoked:\n{text}");
    }
    log.assert_silent(&all);
}
