//! Whose token it was, and whether he is still trusted, on the same terms.

use tower_bearer::{
    IssuerError, IssuerResolver,
    TokenErrorKind::{
        AudienceMismatch, InvalidSignature, IssuerUnavailable, MissingClaim, UnknownIssuer,
    },
};

use super::*;
use crate::support::{AUDIENCE, KeyPair};

const ACME: &str = "https://acme.example";
const BETA: &str = "https://beta.example";

fn of(issuer: &str) -> String {
    with(&json!({ "iss": issuer }))
}

#[test]
fn two_issuers_with_keys_of_one_name_do_not_meet() {
    for (memory, remember) in MEMORIES {
        let pair = KeyPair::generate(ES256);
        let (acme, beta) = (Ring::of(key(ES256).verifying()), Ring::of(pair.verifying()));
        let trusted = |name: &str, keys: &Ring| {
            TrustedIssuer::new(name, AUDIENCE, keys.clone()).clock(crate::support::clock)
        };
        let both = [trusted(ACME, &acme), trusted(BETA, &beta)];
        let verifier = remember(Verifier::any_of(both).unwrap());
        let claims = json!({ "iss": BETA });
        let of_beta = json_token(ES256, &json!({ "kid": "a" }), &claims).signed_by(&pair);
        for _ in 0..2 {
            assert_eq!(at_once(&verifier, &of(ACME)), Ok(()), "{memory}");
            assert_eq!(at_once(&verifier, &of_beta), Ok(()), "{memory}");
            assert_eq!(at_once(&verifier, &of(BETA)), Err(InvalidSignature), "{memory}");
        }
        acme.remove("a");
        assert_eq!(at_once(&verifier, &of_beta), Ok(()), "{memory}: beta has lost nothing");
        assert!(at_once(&verifier, &of(ACME)).is_err(), "{memory}");
    }
}

#[test]
fn clones_share_what_they_remember_and_no_one_else_does() {
    for (memory, remember) in MEMORIES {
        let counting = Counting::new(key(ES256).verifying());
        let ring = Ring::of(counting.verifying());
        let verifier = || remember(Verifier::new(standard(ring.clone())).unwrap());
        let (one, other, token) = (verifier(), verifier(), about("ada"));
        for (name, verifier, expected) in [
            ("new", &one, 1),
            ("its clone", &one.clone(), 1),
            ("another", &other, 2),
            ("made anew of the first", &remember(one.clone()), 3),
            ("the first again", &one, 3),
        ] {
            assert_eq!(at_once(verifier, &token), Ok(()), "{memory}, {name}");
            assert_eq!(counting.count(), expected, "{memory}, {name}");
        }
        // With one and the same set of keys there is still another rule.
        let strict = standard(ring.clone()).require_claim("tenant", "acme");
        let strict = remember(Verifier::new(strict).unwrap());
        assert_eq!(at_once(&strict, &token), Err(MissingClaim), "{memory}");
    }
}

#[test]
fn a_verifier_without_memory_is_made_of_one_with_it() {
    let counting = Counting::new(key(ES256).verifying());
    let verifier = Verifier::new(standard(Ring::of(counting.verifying()))).unwrap();
    let (with, without) = (verifier.clone().cache(64), verifier.cache(64).cache(0));
    let token = about("ada");
    for expected in [(1, 2), (2, 3), (3, 4)] {
        assert_eq!(at_once(&without, &token), Ok(()));
        assert_eq!(counting.count(), expected.0 + usize::from(expected.0 > 1));
        assert_eq!(at_once(&with, &token), Ok(()));
        assert_eq!(counting.count(), expected.1);
    }
}

type Rule = fn(TrustedIssuer) -> TrustedIssuer;

/// A resolver whose answer about everybody is in the hand of the test.
#[derive(Clone)]
struct Tenants {
    time: Time,
    keys: Ring,
    answer: Arc<Mutex<Result<Option<Rule>, ()>>>,
}

impl Tenants {
    fn say(&self, answer: Result<Option<Rule>, ()>) {
        *self.answer.lock().unwrap() = answer;
    }
}

impl IssuerResolver for Tenants {
    fn resolve(&self, iss: &str) -> Lookup<Result<Option<TrustedIssuer>, IssuerError>> {
        let clock = self.time.clone();
        let issuer =
            TrustedIssuer::new(iss, AUDIENCE, self.keys.clone()).clock(move || clock.get());
        let answer = *self.answer.lock().unwrap();
        Lookup::Ready(match answer {
            Ok(rule) => Ok(rule.map(|rule| rule(issuer))),
            Err(()) => Err(IssuerError::unavailable("out of reach")),
        })
    }

    fn now(&self) -> SystemTime {
        self.time.get()
    }
}

/// So long an issuer is known, and so long a name is nobody's.
const KNOWN: u64 = 300;
const UNKNOWN: u64 = 60;

struct Rented {
    tenants: Tenants,
    signatures: Counting,
    verifier: Verifier,
    token: String,
    other: String,
}

impl Rented {
    /// One whose tokens have been verified and remembered.
    async fn new(remember: Remember) -> Self {
        let signatures = Counting::new(key(ES256).verifying());
        let answer = Arc::new(Mutex::new(Ok(Some((|issuer| issuer) as Rule))));
        let keys = Ring::of(signatures.verifying());
        let tenants = Tenants { time: Time::new(), keys, answer };
        let verifier = remember(Verifier::dynamic(tenants.clone()));
        let other = with(&json!({ "iss": ACME, "sub": "grace" }));
        let world = Self { tenants, signatures, verifier, token: of(ACME), other };
        for _ in 0..3 {
            assert_eq!(world.ask().await, Ok(()));
        }
        assert_eq!(world.signatures.count(), 1, "whoever asks for the issuer remembers as well");
        for _ in 0..2 {
            assert_eq!(at_once(&world.verifier, &world.other), Ok(()));
        }
        assert_eq!((world.signatures.count(), remembered(&world.verifier)), (2, 2));
        world
    }

    async fn ask(&self) -> Result<(), TokenErrorKind> {
        self.verifier.verify(&self.token).await.map(drop).map_err(|error| error.kind())
    }
}

#[tokio::test]
async fn a_tenant_whose_rules_change_is_judged_by_the_new_ones_when_the_old_ones_are_over() {
    let cases: [(&str, Rule, Result<(), TokenErrorKind>); 5] = [
        ("the same", |issuer| issuer, Ok(())),
        ("a claim is required", |issuer| issuer.require_claim("tenant", "acme"), Err(MissingClaim)),
        (
            "tokens are too old",
            |issuer| issuer.max_age(Duration::from_secs(60)),
            Err(TokenErrorKind::TooOld),
        ),
        ("no leeway", |issuer| issuer.leeway(Duration::ZERO), Ok(())),
        (
            "another clock",
            |issuer| issuer.clock(|| UNIX_EPOCH + Duration::from_secs(NOW + 960)),
            Err(TokenErrorKind::Expired),
        ),
    ];
    for (memory, remember) in MEMORIES {
        for (name, rule, expected) in cases {
            let world = Rented::new(remember).await;
            world.tenants.say(Ok(Some(rule)));
            world.tenants.time.set(NOW + KNOWN - 1);
            assert_eq!(world.ask().await, Ok(()), "{memory}, {name}: still known");
            world.tenants.time.set(NOW + KNOWN);
            for _ in 0..3 {
                assert_eq!(world.ask().await, expected, "{memory}, {name}");
                // Remembered on the old terms, when the new ones are known already.
                let other = at_once(&world.verifier, &world.other);
                assert_eq!(other, expected, "{memory}, {name}: another token of his");
            }
            if expected.is_ok() {
                assert_eq!(world.signatures.count(), 2, "{memory}, {name}: the key is the same");
            }
        }
    }
}

#[tokio::test]
async fn a_tenant_with_another_audience_is_another() {
    for (memory, remember) in MEMORIES {
        let world = Rented::new(remember).await;
        world.tenants.say(Ok(Some(|_| {
            let keys = Ring::of(key(ES256).verifying());
            TrustedIssuer::new(ACME, "https://other.example", keys).clock(crate::support::clock)
        })));
        world.tenants.time.set(NOW + KNOWN);
        for _ in 0..2 {
            assert_eq!(world.ask().await, Err(AudienceMismatch), "{memory}");
            let other = at_once(&world.verifier, &world.other);
            assert_eq!(other, Err(AudienceMismatch), "{memory}: another token of his");
        }
        assert_eq!(remembered(&world.verifier), 0, "{memory}");
    }
}

#[tokio::test]
async fn a_tenant_that_is_gone_is_nobody_when_its_time_is_over_and_may_come_back() {
    for (memory, remember) in MEMORIES {
        let world = Rented::new(remember).await;
        world.tenants.say(Ok(None));
        assert_eq!(world.ask().await, Ok(()), "{memory}: still known");
        world.tenants.time.set(NOW + KNOWN);
        assert_eq!(world.ask().await, Err(UnknownIssuer), "{memory}");
        assert_eq!(world.ask().await, Err(UnknownIssuer), "{memory}");
        world.tenants.say(Ok(Some(|issuer| issuer)));
        assert_eq!(world.ask().await, Err(UnknownIssuer), "{memory}: remembered as nobody");
        world.tenants.time.set(NOW + KNOWN + UNKNOWN);
        for _ in 0..3 {
            assert_eq!(world.ask().await, Ok(()), "{memory}: back");
        }
    }
}

#[tokio::test]
async fn while_nobody_can_say_who_is_trusted_nothing_is_taken_from_memory() {
    for (memory, remember) in MEMORIES {
        let world = Rented::new(remember).await;
        world.tenants.say(Err(()));
        assert_eq!(world.ask().await, Ok(()), "{memory}: still known");
        world.tenants.time.set(NOW + KNOWN);
        assert_eq!(world.ask().await, Err(IssuerUnavailable), "{memory}");
        assert_eq!(world.ask().await, Err(IssuerUnavailable), "{memory}");
        world.tenants.say(Ok(Some(|issuer| issuer)));
        for _ in 0..3 {
            assert_eq!(world.ask().await, Ok(()), "{memory}");
        }
        let before = world.signatures.count();
        assert_eq!(world.ask().await, Ok(()), "{memory}");
        assert_eq!(world.signatures.count(), before, "{memory}: remembered again");
    }
}

/// A token of a tenant whose key goes is refused at once, whatever is known of the tenant.
#[tokio::test]
async fn a_tenants_keys_count_at_once() {
    for (memory, remember) in MEMORIES {
        let world = Rented::new(remember).await;
        world.tenants.keys.remove("a");
        assert_eq!(world.ask().await, Err(TokenErrorKind::UnknownKey), "{memory}");
    }
}
