//! Where keys come from, what a resolver gets to see, and who trusts whom.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use futures_util::FutureExt;
use hyper::{Request, Response};
use serde_json::{Value, json};
use tokio::sync::{Barrier, Semaphore, mpsc};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_bearer::{
    Algorithm, Audience, ConfigError, Header, JwtLayer, KeyError, KeyErrorKind, KeyResolver,
    Lookup, SignatureError, SignatureVerifier, StaticKeys, TokenError, TokenErrorKind,
    TrustedIssuer, VerifiedToken, Verifier, VerifyingKey, resolver_fn, resolver_fn_sync,
};

use crate::support::{
    AUDIENCE, App, ISSUER, KeyPair, NOW, app, clock, json_token, key, standard, token, verifiers,
};

const OTHER_ISSUER: &str = "https://other.example";
const OTHER_AUDIENCE: &str = "https://other-api.example";

fn es256() -> VerifyingKey {
    key(Algorithm::ES256).verifying()
}

fn token_with(header: &Value, claims: &Value) -> String {
    json_token(Algorithm::ES256, header, claims).compact()
}

/// A good token that names this key.
fn named(kid: &str) -> String {
    token_with(&json!({ "kid": kid }), &json!({}))
}

/// Takes any signature: what is refused with it is refused for another reason.
struct Credulous;

impl SignatureVerifier for Credulous {
    fn verify(&self, _: &[u8], _: &[u8]) -> Result<(), SignatureError> {
        Ok(())
    }
}

/// Answers that a `kid` asks for.
fn answer(kid: Option<&str>) -> Result<VerifyingKey, KeyError> {
    match kid {
        Some("found") => Ok(es256()),
        Some("down") => Err(KeyError::unavailable("out of reach")),
        Some("broken") => Err(KeyError::invalid("the row holds no key")),
        Some("credulous RS256") => Ok(VerifyingKey::from_verifier(Algorithm::RS256, Credulous)),
        Some("credulous ES384") => Ok(VerifyingKey::from_verifier(Algorithm::ES384, Credulous)),
        Some("another") => Ok(KeyPair::generate(Algorithm::ES256).verifying()),
        _ => Err(KeyError::not_found()),
    }
}

/// The same answers at once and after a while.
async fn apps() -> [(&'static str, App); 2] {
    let at_once = resolver_fn_sync(|header| answer(header.kid()));
    let later = resolver_fn(|header| {
        let kid = header.kid().map(str::to_owned);
        async move {
            tokio::task::yield_now().await;
            answer(kid.as_deref())
        }
    });
    [("at once", app(standard(at_once)).await), ("later", app(standard(later)).await)]
}

#[tokio::test]
async fn a_key_that_is_found_opens_and_one_that_is_not_does_not() {
    for (when, app) in apps().await {
        app.get(&named("found")).await.assert_accepted(when);
        app.get(&named("lost")).await.assert_invalid_token(when);
        app.get(&token().compact()).await.assert_invalid_token(when);
        app.get(&named("another")).await.assert_invalid_token(when);
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_not_the_fault_of_the_token() {
    for (when, app) in apps().await {
        for kid in ["down", "broken"] {
            app.get(&named(kid)).await.assert_unavailable(&format!("{kid}, {when}"));
        }
    }
}

#[tokio::test]
async fn a_key_of_another_algorithm_than_the_header_names_is_refused() {
    for (when, app) in apps().await {
        for (kid, own) in
            [("credulous RS256", Algorithm::RS256), ("credulous ES384", Algorithm::ES384)]
        {
            for algorithm in Algorithm::ALL {
                let token = json_token(algorithm, &json!({ "kid": kid }), &json!({})).compact();
                let (case, reply) = (format!("{algorithm}, {kid}, {when}"), app.get(&token).await);
                if algorithm == own {
                    reply.assert_accepted(&case);
                } else {
                    reply.assert_invalid_token(&case);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_key_is_asked_for_by_what_the_header_says() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let keys = resolver_fn_sync(move |header| {
        let seen =
            (header.algorithm(), header.kid().map(str::to_owned), header.typ().map(str::to_owned));
        tell.send(seen).unwrap();
        Ok(es256())
    });
    let app = app(standard(keys)).await.once();
    for (header, kid, typ) in [
        (json!({}), None, Some("at+jwt")),
        (json!({ "kid": "a" }), Some("a"), Some("at+jwt")),
        (json!({ "kid": "", "typ": null }), Some(""), None),
        (json!({ "kid": "ä\"\n", "jku": "https://evil.example" }), Some("ä\"\n"), Some("at+jwt")),
    ] {
        app.get(&token_with(&header, &json!({}))).await.assert_accepted(&header.to_string());
        let seen = told.recv().await.unwrap();
        assert_eq!(seen, (Algorithm::ES256, kid.map(str::to_owned), typ.map(str::to_owned)));
    }
}

#[tokio::test]
async fn a_resolver_sees_only_tokens_that_have_passed_everything_else() {
    let asked = Arc::new(AtomicUsize::new(0));
    let at_once = resolver_fn_sync({
        let asked = Arc::clone(&asked);
        move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            Ok(es256())
        }
    });
    let later = resolver_fn({
        let asked = Arc::clone(&asked);
        move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            async { Ok(es256()) }
        }
    });
    let strict = |issuer: TrustedIssuer| {
        issuer.algorithms([Algorithm::ES256]).require_claim("use", "access")
    };
    let with = |header: Value, mut claims: Value| {
        claims.as_object_mut().unwrap().entry("use").or_insert("access".into());
        token_with(&header, &claims)
    };
    let header = |header| with(header, json!({}));
    let claims = |claims| with(json!({}), claims);
    let long = claims(json!({ "fill": "a".repeat(13_000) }));
    let refused = [
        ("expired", claims(json!({ "exp": NOW - 60 }))),
        ("not valid yet", claims(json!({ "nbf": NOW + 61 }))),
        ("no expiry", claims(json!({ "exp": null }))),
        ("another issuer", claims(json!({ "iss": "https://issuer.example/" }))),
        ("no issuer", claims(json!({ "iss": null }))),
        ("another audience", claims(json!({ "aud": "https://api.example/" }))),
        ("no audience", claims(json!({ "aud": null }))),
        ("bound", claims(json!({ "cnf": {} }))),
        ("claim of another type", claims(json!({ "sub": 7 }))),
        ("another type", header(json!({ "typ": "dpop+jwt" }))),
        ("critical", header(json!({ "crit": ["exp"] }))),
        (
            "algorithm that is not allowed",
            json_token(Algorithm::RS256, &json!({}), &json!({ "use": "access" })).compact(),
        ),
        ("unknown algorithm", header(json!({ "alg": "ES256K" }))),
        ("none", header(json!({ "alg": "none" }))),
        ("no JWT", "a.b.c".to_owned()),
        ("too long", long),
    ];
    for (when, issuer) in [("at once", standard(at_once)), ("later", standard(later))] {
        let app = app(strict(issuer)).await.once();
        for (name, token) in &refused {
            let status = app.get(token).await.status;
            assert_eq!(status, if *name == "too long" { 400 } else { 401 }, "{name}, {when}");
            assert_eq!(asked.load(Ordering::SeqCst), 0, "{name}, {when}");
        }
        app.get(&claims(json!({}))).await.assert_accepted(when);
        assert_eq!(asked.swap(0, Ordering::SeqCst), 1, "the good one, {when}");
    }
}

/// A resolver that answers once it is let, and says when it is asked and when it is dropped.
struct Gate {
    open: Arc<Semaphore>,
    asked: mpsc::UnboundedReceiver<()>,
    dropped: mpsc::UnboundedReceiver<()>,
}

/// Tells that it is gone.
struct Dropped(mpsc::UnboundedSender<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

fn gate() -> (impl KeyResolver, Gate) {
    let open = Arc::new(Semaphore::new(0));
    let (ask, asked) = mpsc::unbounded_channel();
    let (drop, dropped) = mpsc::unbounded_channel();
    let opens = Arc::clone(&open);
    let resolver = resolver_fn(move |_| {
        ask.send(()).unwrap();
        let (opens, dropped) = (Arc::clone(&opens), Dropped(drop.clone()));
        async move {
            let _dropped = dropped;
            opens.acquire().await.unwrap().forget();
            Ok(es256())
        }
    });
    (resolver, Gate { open, asked, dropped })
}

#[tokio::test]
async fn a_token_that_expires_while_its_key_is_fetched_is_refused() {
    for (name, later, expires) in [
        ("no time passes", NOW, false),
        ("still within the leeway", NOW + 900 + 59, false),
        ("the leeway is over", NOW + 900 + 60, true),
        ("long after", NOW + 86_400, true),
    ] {
        let time = Arc::new(AtomicU64::new(NOW));
        let (keys, mut gate) = gate();
        let issuer = standard(keys).clock({
            let time = Arc::clone(&time);
            move || UNIX_EPOCH + Duration::from_secs(time.load(Ordering::SeqCst))
        });
        let app = Arc::new(app(issuer).await.once());
        let request = tokio::spawn({
            let (app, token) = (Arc::clone(&app), token().compact()); // good for 900 s
            async move { app.get(&token).await }
        });
        gate.asked.recv().await.unwrap();
        time.store(later, Ordering::SeqCst);
        gate.open.add_permits(1);
        let reply = request.await.unwrap();
        if expires {
            reply.assert_expired(name);
        } else {
            reply.assert_accepted(name);
        }
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_while_its_key_is_fetched_leaves_nothing_behind() {
    let (keys, mut gate) = gate();
    let layer = JwtLayer::new(verifiers::new(standard(keys)).unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let inner = ServiceBuilder::new().concurrency_limit(1).service(service_fn({
        let calls = Arc::clone(&calls);
        move |_: Request<String>| {
            calls.fetch_add(1, Ordering::SeqCst);
            async { Ok::<_, Infallible>(Response::new(String::new())) }
        }
    }));
    let mut service = ServiceBuilder::new().layer(layer).service(inner);
    let cargo = Arc::new(());
    let request = || {
        Request::get("/")
            .header("authorization", format!("Bearer {}", token().compact()))
            .extension(Arc::clone(&cargo))
            .body(String::new())
            .unwrap()
    };

    for _ in 0..3 {
        let mut waiting = Box::pin(service.ready().await.unwrap().call(request()));
        assert!(waiting.as_mut().now_or_never().is_none(), "it waits for its key");
        assert_eq!(Arc::strong_count(&cargo), 2, "the request is kept");
        drop(waiting);
        assert_eq!(Arc::strong_count(&cargo), 1, "the request is gone");
        assert!(gate.dropped.try_recv().is_ok(), "the question is gone");
        gate.asked.try_recv().unwrap();
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);

    // The one permit has come back each time, and later requests are served.
    gate.open.add_permits(1);
    let ready = service.ready().now_or_never().expect("a permit").unwrap();
    assert_eq!(ready.call(request()).await.unwrap().status(), 200);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_while_its_key_is_fetched_harms_nobody() {
    let (keys, mut gate) = gate();
    let app = Arc::new(app(standard(keys)).await.once());
    let get = || {
        let (app, token) = (Arc::clone(&app), token().compact());
        tokio::spawn(async move { app.get(&token).await })
    };
    let (impatient, patient) = (get(), get());
    gate.asked.recv().await.unwrap();
    gate.asked.recv().await.unwrap();
    impatient.abort();
    let hung_up = tokio::time::timeout(Duration::from_secs(30), gate.dropped.recv());
    hung_up.await.expect("the question is dropped").unwrap();
    gate.open.add_permits(2);
    patient.await.unwrap().assert_accepted("the one that waits");
    get().await.unwrap().assert_accepted("a later one");
}

/// The standard issuer and another one; both call their one key `1`.
fn two_issuers(other: &KeyPair) -> Verifier {
    let keys = StaticKeys::new([es256().with_kid("1")]).unwrap();
    let others = StaticKeys::new([other.verifying().with_kid("1")]).unwrap();
    let other = TrustedIssuer::new(OTHER_ISSUER, OTHER_AUDIENCE, others).clock(clock);
    verifiers::any_of([standard(keys), other]).unwrap()
}

#[tokio::test]
async fn two_issuers_that_share_a_key_id_never_cross() {
    let other = KeyPair::generate(Algorithm::ES256);
    let verifier = two_issuers(&other);
    let token = |iss: &str, aud: &str| {
        json_token(Algorithm::ES256, &json!({ "kid": "1" }), &json!({ "iss": iss, "aud": aud }))
    };
    let own = key(Algorithm::ES256);
    let signature = Err(TokenErrorKind::InvalidSignature);
    let audience = Err(TokenErrorKind::AudienceMismatch);
    for (name, iss, aud, signer, expected) in [
        ("the first one's", ISSUER, AUDIENCE, own, Ok(ISSUER)),
        ("the second one's", OTHER_ISSUER, OTHER_AUDIENCE, &other, Ok(OTHER_ISSUER)),
        ("the first one's, key of the second", ISSUER, AUDIENCE, &other, signature),
        ("the second one's, key of the first", OTHER_ISSUER, OTHER_AUDIENCE, own, signature),
        ("the first one's, audience of the second", ISSUER, OTHER_AUDIENCE, own, audience),
        ("the second one's, audience of the first", OTHER_ISSUER, AUDIENCE, &other, audience),
        ("nobody's", "https://third.example", AUDIENCE, own, Err(TokenErrorKind::UnknownIssuer)),
        (
            "of another case",
            "https://Issuer.example",
            AUDIENCE,
            own,
            Err(TokenErrorKind::UnknownIssuer),
        ),
    ] {
        let token = token(iss, aud).signed_by(signer);
        let result = verifier.verify(&token).await;
        let found = result.as_ref().map(VerifiedToken::issuer).map_err(TokenError::kind);
        assert_eq!(found, expected, "{name}");
    }
}

#[tokio::test]
async fn an_issuer_is_asked_for_its_own_tokens_only() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let issuer = |name: &'static str| {
        let tell = tell.clone();
        let keys = resolver_fn_sync(move |_| {
            tell.send(name).unwrap();
            Ok(es256())
        });
        TrustedIssuer::new(name, AUDIENCE, keys).clock(clock)
    };
    let verifier = verifiers::any_of([issuer(ISSUER), issuer(OTHER_ISSUER)]).unwrap();
    for name in [OTHER_ISSUER, ISSUER, OTHER_ISSUER] {
        let token = token_with(&json!({}), &json!({ "iss": name }));
        assert_eq!(verifier.verify(&token).await.unwrap().issuer(), name);
        assert_eq!(told.try_recv(), Ok(name));
    }
    let stranger = token_with(&json!({}), &json!({ "iss": "https://third.example" }));
    assert!(verifier.verify(&stranger).await.is_err());
    assert!(told.try_recv().is_err(), "nobody is asked for a stranger's token");
}

#[test]
fn a_set_up_that_cannot_work_is_refused_and_says_what_to_do() {
    fn keys() -> StaticKeys {
        StaticKeys::new([es256()]).unwrap()
    }
    fn issuer(name: &str, audience: impl Into<Audience>) -> TrustedIssuer {
        TrustedIssuer::new(name, audience, keys())
    }
    fn new(issuer: TrustedIssuer) -> Result<Verifier, ConfigError> {
        verifiers::new(issuer)
    }
    let any_key = || TrustedIssuer::new(ISSUER, AUDIENCE, resolver_fn_sync(|_| Ok(es256())));
    let none: [&str; 0] = [];
    let twice = || [issuer(ISSUER, AUDIENCE), issuer(ISSUER, OTHER_AUDIENCE)];
    // What the message must speak of: the setting, and what to do about it.
    for (name, built, words) in [
        ("no issuer", verifiers::any_of([]), &["at least one", "issuer"][..]),
        ("one issuer twice", verifiers::any_of(twice()), &[ISSUER, "twice"]),
        ("empty issuer", new(issuer("", AUDIENCE)), &["issuer is empty", "`iss`"]),
        ("empty audience", new(issuer(ISSUER, "")), &["audience is empty", "`aud`"]),
        ("no audience", new(issuer(ISSUER, none)), &["audience is empty", "`aud`"]),
        ("an empty one", new(issuer(ISSUER, [AUDIENCE, ""])), &["audience is empty", "`aud`"]),
        (
            "a claim without a name",
            new(issuer(ISSUER, Audience::new(AUDIENCE).or_claim("", ["a"]))),
            &["`or_claim`"],
        ),
        (
            "a claim without values",
            new(issuer(ISSUER, Audience::new(AUDIENCE).or_claim("azp", none))),
            &["`or_claim`"],
        ),
        (
            "no algorithms",
            new(issuer(ISSUER, AUDIENCE).algorithms([])),
            &[ISSUER, "`.algorithms(..)`"],
        ),
        ("no algorithms, any key", new(any_key().algorithms([])), &[ISSUER, "`.algorithms(..)`"]),
        (
            "algorithms of other keys",
            new(issuer(ISSUER, AUDIENCE).algorithms([Algorithm::RS256, Algorithm::ES384])),
            &[ISSUER, "`.algorithms(..)`", "keys"],
        ),
        ("an empty type", new(issuer(ISSUER, AUDIENCE).typ("")), &["`typ`"]),
        (
            "a claim to require without a name",
            new(issuer(ISSUER, AUDIENCE).require_claim("", "a")),
            &["`require_claim`"],
        ),
        (
            "a bad one among good",
            verifiers::any_of([issuer(ISSUER, AUDIENCE), issuer("", "a")]),
            &["`iss`"],
        ),
    ] {
        let error = built.map(drop).expect_err(name).to_string();
        for word in words {
            assert!(error.contains(word), "{name}: {word:?} in {error:?}");
        }
    }
    // And what can work is taken.
    assert!(new(issuer(ISSUER, AUDIENCE)).is_ok());
    assert!(new(issuer(ISSUER, AUDIENCE).algorithms([Algorithm::RS256, Algorithm::ES256])).is_ok());
    assert!(new(any_key().algorithms([Algorithm::RS256])).is_ok());
    assert!(verifiers::any_of([issuer(ISSUER, AUDIENCE), issuer(OTHER_ISSUER, AUDIENCE)]).is_ok());
}

/// A backend that knows one signature, and says what it was asked.
struct Backend {
    asked: mpsc::UnboundedSender<(Vec<u8>, Vec<u8>)>,
}

impl SignatureVerifier for Backend {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        self.asked.send((message.to_vec(), signature.to_vec())).unwrap();
        match signature {
            b"good" => Ok(()),
            b"offline" => Err(SignatureError::Unavailable),
            _ => Err(SignatureError::Invalid),
        }
    }
}

#[tokio::test]
async fn a_signature_verifier_of_ones_own_decides() {
    let (tell, mut asked) = mpsc::unbounded_channel();
    let hsm = VerifyingKey::from_verifier(Algorithm::PS512, Backend { asked: tell });
    let at_once = StaticKeys::new([hsm.clone().with_kid("hsm")]).unwrap();
    let later = resolver_fn(move |_| {
        let hsm = hsm.clone();
        async { Ok(hsm) }
    });
    for (when, app) in
        [("at once", app(standard(at_once)).await), ("later", app(standard(later)).await)]
    {
        let token = json_token(Algorithm::PS512, &json!({ "kid": "hsm" }), &json!({}));
        app.get(&token.with_signature(b"good")).await.assert_accepted(when);
        let question = (token.signing_input().into_bytes(), b"good".to_vec());
        assert_eq!(asked.try_recv(), Ok(question), "{when}");

        app.get(&token.with_signature(b"bad")).await.assert_invalid_token(when);
        app.get(&token.with_signature(b"offline")).await.assert_unavailable(when);
        while asked.try_recv().is_ok() {}

        let other = json_token(Algorithm::PS384, &json!({ "kid": "hsm" }), &json!({}));
        app.get(&other.with_signature(b"good")).await.assert_invalid_token(when);
        assert!(asked.try_recv().is_err(), "not asked for another algorithm, {when}");
    }
}

/// When a preload ends, and whether it succeeds.
type Preload = (When, bool);

#[derive(Clone, Copy)]
enum When {
    Later,
    Once,
}

struct Preloads {
    preload: Preload,
    done: Arc<AtomicUsize>,
}

impl KeyResolver for Preloads {
    fn resolve(&self, _: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        Lookup::Ready(Ok(es256()))
    }

    fn preload(&self) -> Lookup<Result<(), KeyError>> {
        let (when, good) = self.preload;
        let done = Arc::clone(&self.done);
        let finish = move || {
            if good {
                done.fetch_add(1, Ordering::SeqCst);
                Ok(())
            } else {
                Err(KeyError::unavailable("out of reach"))
            }
        };
        match when {
            When::Once => Lookup::Ready(finish()),
            When::Later => Lookup::pending(async move {
                tokio::task::yield_now().await;
                finish()
            }),
        }
    }
}

#[tokio::test]
async fn preloading_fetches_for_every_issuer_and_fails_if_one_fails() {
    use When::{Later, Once};

    let cases: [(&str, &[Preload], bool); 9] = [
        ("one, at once", &[(Once, true)], true),
        ("one, later", &[(Later, true)], true),
        ("two", &[(Once, true), (Later, true)], true),
        ("three", &[(Later, true), (Once, true), (Later, true)], true),
        ("one fails at once", &[(Once, false)], false),
        ("one fails later", &[(Later, false)], false),
        ("one of two fails at once", &[(Once, false), (Once, true)], false),
        ("one of two fails later", &[(Once, true), (Later, false)], false),
        ("one at once, the other waits", &[(Once, false), (Later, true)], false),
    ];
    for (name, preloads, good) in cases {
        let done = Arc::new(AtomicUsize::new(0));
        let issuers = preloads.iter().enumerate().map(|(n, preload)| {
            let keys = Preloads { preload: *preload, done: Arc::clone(&done) };
            TrustedIssuer::new(format!("https://{n}.example"), AUDIENCE, keys).clock(clock)
        });
        let verifier = verifiers::any_of(issuers).unwrap();
        let result = verifier.preload().await;
        let expected = if good { Ok(()) } else { Err(KeyErrorKind::Unavailable) };
        assert_eq!(result.map_err(|error| error.kind()), expected, "{name}");
        if good {
            assert_eq!(done.load(Ordering::SeqCst), preloads.len(), "{name}");
        }
        // Whatever came of it, requests are served.
        let token = token_with(&json!({}), &json!({ "iss": "https://0.example" }));
        assert!(verifier.verify(&token).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn keys_in_memory_are_preloaded_without_waiting() {
    let keys = || StaticKeys::new([es256()]).unwrap();
    let other = TrustedIssuer::new(OTHER_ISSUER, AUDIENCE, keys());
    let verifier = verifiers::any_of([standard(keys()), other]).unwrap();
    assert!(matches!(verifier.preload(), Lookup::Ready(Ok(()))));
}

#[tokio::test]
async fn issuers_are_preloaded_at_once_and_not_one_after_the_other() {
    /// Is done when both have begun.
    struct Meets(Arc<Barrier>);

    impl KeyResolver for Meets {
        fn resolve(&self, _: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
            Lookup::Ready(Err(KeyError::not_found()))
        }

        fn preload(&self) -> Lookup<Result<(), KeyError>> {
            let barrier = Arc::clone(&self.0);
            Lookup::pending(async move {
                barrier.wait().await;
                Ok(())
            })
        }
    }

    let barrier = Arc::new(Barrier::new(2));
    let issuer = |name| TrustedIssuer::new(name, AUDIENCE, Meets(Arc::clone(&barrier)));
    let verifier = verifiers::any_of([issuer(ISSUER), issuer(OTHER_ISSUER)]).unwrap();
    let preloaded = tokio::spawn(async move { verifier.preload().await });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(preloaded.is_finished(), "each waits for the other to begin");
    preloaded.await.unwrap().unwrap();
}
