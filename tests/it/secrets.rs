//! No token, key or claim ever reaches a log: canaries are planted in all three, everything there is
//! to log and to print is written down, and none of it may hold one.

mod policies;
#[cfg(feature = "cookies")]
mod sources;

use std::{
    convert::Infallible,
    fmt::{Debug, Display, Write as _},
    rc::Rc,
    time::SystemTime,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http_body_util::Empty;
use hyper::{Request, Response, body::Bytes, header::AUTHORIZATION};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_bearer::{
    Algorithm, AuthorizationHeader, AuthorizeLayer, Claims, IssuerError, IssuerResolver, JwtLayer,
    KeyError, Lookup, Outcome, Presented, Rejection, RequestHead, Respond, StaticKeys, TokenOrigin,
    TrustedIssuer, VerifiedToken, VerifyingKey, resolver_fn, resolver_fn_sync,
};

use crate::support::{AUDIENCE, ISSUER, Log, Token, clock, json_token, key, standard, verifiers};

/// Stands in secrets, claims, headers and key ids; nothing else may print it.
const CANARY: &str = "canary-7f3a9c";

/// A secret that is nothing but canary.
const SECRET: &str = "canary-7f3a9c-canary-7f3a9c-canary-7f3a9c-canary-7f3a9c-canary-7f3a9c";

/// A log that everything else there is to print is written to as well.
#[derive(Clone)]
struct Page(Rc<Log>);

impl Page {
    fn new() -> Self {
        Self(Rc::new(Log::capture()))
    }

    fn debug(&self, value: &dyn Debug) {
        self.0.line(&format!("{value:?} {value:#?}"));
    }

    fn display(&self, value: &dyn Display) {
        self.0.line(&value.to_string());
    }

    fn error(&self, error: &dyn std::error::Error) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.display(&error);
            self.debug(&error);
            next = error.source();
        }
    }

    /// Nothing that was planted stands anywhere, in any of the spellings it could have.
    fn assert_silent(&self, tokens: &[String]) {
        let text = self.0.text();
        let bytes = |bytes: &[u8]| {
            bytes.iter().take(12).fold(String::new(), |mut list, byte| {
                write!(list, "{byte}, ").unwrap();
                list
            })
        };
        let hex = CANARY.bytes().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        let mut planted = vec![CANARY.to_owned(), bytes(CANARY.as_bytes()), hex];
        // Any run of a token's or key's own characters.
        for token in tokens {
            planted.extend(
                token.split('.').map(|segment| segment[..segment.len().min(16)].to_owned()),
            );
            planted.extend(token.split('.').map(|s| s[s.len().saturating_sub(16)..].to_owned()));
        }
        let jwk = key(Algorithm::ES256).jwk();
        planted.extend(["x", "y"].map(|name| jwk[name].as_str().unwrap().to_owned()));
        planted.push(URL_SAFE_NO_PAD.encode(SECRET)[..20].to_owned());
        for canary in planted.iter().filter(|canary| canary.len() >= 8) {
            assert!(!text.contains(canary), "{canary:?} stands in the log:\n{text}");
        }
    }
}

/// Tokens with a canary wherever one can be, good and bad in every way.
fn tokens() -> Vec<(&'static str, String)> {
    let header = json!({ "kid": CANARY, CANARY: CANARY });
    let with = |header: &Value, claims: Value| {
        let mut all = json!({ "sub": CANARY, "jti": CANARY, "client_id": CANARY, CANARY: [CANARY], "scope": CANARY, "roles": { CANARY: 1 } });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        json_token(Algorithm::ES256, header, &all)
    };
    let good = |claims: Value| with(&header, claims).compact();
    let raw = |header: &str, payload: &str| -> Token {
        with(&json!({}), json!({})).header(header).payload(payload)
    };
    let forged = good(json!({}));
    let (input, _) = forged.rsplit_once('.').unwrap();
    vec![
        ("good", good(json!({}))),
        ("forged", format!("{input}.{}", URL_SAFE_NO_PAD.encode([7; 64]))),
        ("expired", good(json!({ "exp": 1 }))),
        ("of another issuer", good(json!({ "iss": CANARY }))),
        ("of an issuer that is nearly ours", good(json!({ "iss": format!("{ISSUER}/") }))),
        ("for others", good(json!({ "aud": CANARY }))),
        ("without dates", good(json!({ "exp": null }))),
        ("with a wrong date", good(json!({ "exp": CANARY }))),
        ("bound", good(json!({ "cnf": { "jkt": CANARY } }))),
        ("of another type", with(&json!({ "typ": CANARY }), json!({})).compact()),
        ("of no algorithm", raw(&format!(r#"{{"alg":"{CANARY}"}}"#), "{}").compact()),
        ("with crit", raw(&format!(r#"{{"alg":"ES256","crit":["{CANARY}"]}}"#), "{}").compact()),
        ("with broken JSON", raw(&format!("{{\"{CANARY}"), "{}").compact()),
        ("with broken claims", raw(r#"{"alg":"ES256"}"#, &format!("[\"{CANARY}\"")).compact()),
        (
            "with a member twice",
            raw(r#"{"alg":"ES256"}"#, &format!(r#"{{"{CANARY}":1,"{CANARY}":2}}"#)).compact(),
        ),
        ("that is none", CANARY.to_owned()),
        ("of two words", format!("{CANARY} {CANARY}")),
    ]
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "claims that never fit, in several ways")]
struct Misfit {
    sub: Vec<String>,
    roles: Vec<u8>,
}

/// Sends one request through a layer and prints whatever can be held of it.
async fn print_request<R: Respond<Empty<Bytes>>>(
    log: &Page,
    layer: JwtLayer<AuthorizationHeader, R>,
    policy: Option<AuthorizeLayer>,
    token: &str,
) {
    let handler_log = log.clone();
    let inner = service_fn(move |request: Request<Empty<Bytes>>| {
        let log = handler_log.clone();
        async move {
            log.debug(&Outcome::of(&request));
            log.debug(&RequestHead::of(&request));
            log.debug(&request.headers());
            if let Some(token) = VerifiedToken::of(&request) {
                print_token(&log, token);
            }
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    log.debug(&(&layer, &policy));
    let service = ServiceBuilder::new().layer(layer).option_layer(policy).service(inner);
    let request = Request::builder().header(AUTHORIZATION, format!("Bearer {token}"));
    let future = service.oneshot(request.body(Empty::new()).unwrap());
    let response = future.await.unwrap();
    log.debug(&response);
    log.debug(&response.headers());
}

fn print_token(log: &Page, token: &VerifiedToken) {
    log.debug(token);
    log.debug(token.scopes());
    log.debug(&token.expires_at());
    log.debug(&Claims(token.claims::<Value>().unwrap()));
    let error = token.claims::<Misfit>().unwrap_err();
    log.error(&error);
    let rejection = Rejection::from(error);
    log.error(&rejection);
    log.error(&token.claim::<u8>("sub").unwrap_err());
}

type Answer = fn(&str, &StaticKeys) -> Result<Option<TrustedIssuer>, IssuerError>;

/// Tenants that are known, that are mistaken for others, or out of reach.
struct Tenants {
    answer: Answer,
    keys: StaticKeys,
}

impl IssuerResolver for Tenants {
    fn resolve(&self, iss: &str) -> Lookup<Result<Option<TrustedIssuer>, IssuerError>> {
        Lookup::Ready((self.answer)(iss, &self.keys))
    }

    fn now(&self) -> SystemTime {
        clock()
    }
}

fn layers(keys: &StaticKeys) -> Vec<JwtLayer> {
    let unavailable = resolver_fn(|_| async { Err(KeyError::unavailable("no route to host")) });
    let unknown = resolver_fn_sync(|_| Err(KeyError::not_found()));
    let broken = resolver_fn_sync(|_| VerifyingKey::from_secret(Algorithm::HS256, CANARY));
    let verifiers =
        [standard(keys.clone()), standard(unavailable), standard(unknown), standard(broken)]
            .map(|issuer| verifiers::new(issuer).unwrap());
    let typed = JwtLayer::new(verifiers[0].clone()).claims::<Misfit>();
    let asked: [Answer; 3] = [
        |iss, keys| Ok((iss == ISSUER).then(|| standard(keys.clone()))),
        |_, keys| Ok(Some(standard(keys.clone()))),
        |_, _| Err(IssuerError::unavailable("no route to database")),
    ];
    let asked = asked.map(|answer| verifiers::dynamic(Tenants { answer, keys: keys.clone() }));
    let layers = verifiers.into_iter().chain(asked).map(JwtLayer::new);
    layers
        .flat_map(|layer| [layer.clone(), layer.clone().optional(), layer.best_effort()])
        .chain([typed])
        .collect()
}

#[tokio::test]
async fn no_canary_is_logged_or_printed_by_any_request() {
    let log = Page::new();
    let keys = StaticKeys::new([key(Algorithm::ES256).verifying()]).unwrap();
    for layer in layers(&keys) {
        for (name, token) in tokens() {
            tracing::info!("a token {name}");
            print_request(&log, layer.clone(), None, &token).await;
        }
    }
    let text = log.0.text();
    for event in [
        "request refused",
        "request passes",
        "keys unavailable",
        "issuers unavailable",
        "issuer misconfigured",
        "unknown issuer is nearly a trusted one",
        "claims do not fit the type asked for",
    ] {
        assert!(text.contains(event), "{event:?} was not provoked:\n{text}");
    }
    log.assert_silent(&tokens().into_iter().map(|(_, token)| token).collect::<Vec<_>>());
}

#[tokio::test]
async fn no_canary_is_printed_by_any_type() {
    let log = Page::new();
    let secret = VerifyingKey::from_secret(Algorithm::HS256, SECRET).unwrap().with_kid(CANARY);
    let public = key(Algorithm::ES256).verifying().with_kid(CANARY);
    log.debug(&secret);
    log.debug(&public);
    let keys = StaticKeys::new([secret, public]).unwrap();
    log.debug(&keys);
    let issuer =
        TrustedIssuer::new(ISSUER, AUDIENCE, keys).clock(clock).require_claim("sub", CANARY);
    log.debug(&issuer);
    let verifier = verifiers::new(issuer).unwrap();
    log.debug(&verifier);
    log.debug(&verifier.verify(CANARY));
    for (_, token) in tokens() {
        match verifier.verify(&token).await {
            Ok(token) => print_token(&log, &token),
            Err(error) => {
                log.error(&error);
                log.error(&Rejection::from(error));
            }
        }
        log.debug(&Presented::new(&token, TokenOrigin::Header));
    }
    log.debug(&resolver_fn_sync(|_| Err(KeyError::not_found())));

    let odd = json!({ "keys": [{ "kty": CANARY }, { "kty": "oct", "k": CANARY }, { "kty": "EC", "crv": CANARY, "kid": CANARY }, { "kty": "RSA", "n": CANARY, "e": "AQAB" }] });
    log.error(&StaticKeys::from_jwks(odd.to_string()).unwrap_err());
    log.error(&StaticKeys::from_jwks(format!("{{\"keys\":{CANARY}")).unwrap_err());
    for algorithm in Algorithm::ALL {
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{CANARY}\n-----END PUBLIC KEY-----");
        for error in [
            VerifyingKey::from_pem(algorithm, &pem).err(),
            VerifyingKey::from_pem(algorithm, CANARY).err(),
            VerifyingKey::from_der(algorithm, CANARY).err(),
            VerifyingKey::from_secret(algorithm, &pem).err(),
            VerifyingKey::from_secret(algorithm, CANARY).err(),
        ] {
            log.error(&error.expect("a canary is no key"));
        }
    }
    assert!(log.0.text().len() > 2000, "something was printed");
    log.assert_silent(&tokens().into_iter().map(|(_, token)| token).collect::<Vec<_>>());
}
