//! What it costs to find a key that is at hand, and whether two threads get into each other's way:
//!
//! ```sh
//! cargo bench --bench keys
//! ```
//!
//! Two threads share one resolver; in the control each has one of its own, so that they share nothing.
//! What the machine itself does to two threads is in both, and only the ratio of the two says something
//! of the resolver. Each line is the median of several runs that take turns.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a benchmark ends where something is wrong"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::{hint::black_box, time::Instant};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tower_bearer::{
    BoxError, FetchBody, Header, KeyError, KeyResolver, Lookup, RemoteJwks, StaticKeys,
    TrustedIssuer, Verifier, VerifyingKey, http,
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://api.example";
const ASKED: u32 = 100_000;
const RUNS: usize = 21;

/// Three keys, as most issuers publish them: points of RFC 7517 and RFC 7515, and an Ed25519 key of RFC 8037.
const JWKS: &str = r#"{"keys":[
    {"kty":"EC","kid":"1","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"},
    {"kty":"EC","kid":"2","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty":"OKP","kid":"3","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// Asks its resolver many times for each token.
struct Many<R>(R);

impl<R: KeyResolver> KeyResolver for Many<R> {
    fn resolve(&self, header: &Header<'_>) -> Lookup<Result<VerifyingKey, KeyError>> {
        for _ in 0..ASKED {
            assert!(matches!(black_box(self.0.resolve(header)), Lookup::Ready(Ok(_))));
        }
        Lookup::Ready(Err(KeyError::not_found()))
    }
}

fn remote() -> Verifier {
    let keys = RemoteJwks::builder("https://issuer.example/jwks")
        .fetch(|_: http::Request<()>| async {
            Ok::<_, BoxError>(http::Response::new(FetchBody::from(JWKS)))
        })
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { keys.preload().await.unwrap() });
    verifier(keys)
}

fn in_memory() -> Verifier {
    verifier(StaticKeys::from_jwks(JWKS).unwrap())
}

fn verifier(keys: impl KeyResolver) -> Verifier {
    Verifier::new(TrustedIssuer::new(ISSUER, AUDIENCE, Many(keys))).unwrap()
}

/// A token as good as any before its signature is looked at.
fn token() -> String {
    let claims = format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":99999999999}}"#);
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode(r#"{"alg":"ES256","kid":"2"}"#), encode(&claims), encode("no"))
}

/// Nanoseconds for each look-up of each thread.
fn measure(verifiers: &[Verifier], token: &str) -> f64 {
    let began = Instant::now();
    std::thread::scope(|scope| {
        for verifier in verifiers {
            scope.spawn(move || {
                for _ in 0..10 {
                    let judged = verifier.verify(token);
                    assert!(matches!(judged, Lookup::Ready(Err(error)) if error.kind().code() == "unknown_key"));
                }
            });
        }
    });
    began.elapsed().as_secs_f64() * 1e9 / f64::from(ASKED) / 10.0
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let token = token();
    for (name, make) in [("remote set", remote as fn() -> Verifier), ("static keys", in_memory)] {
        let (one, other) = (make(), make());
        let [mut alone, mut shared, mut apart] = [const { Vec::new() }; 3];
        for _ in 0..RUNS {
            alone.push(measure(std::slice::from_ref(&one), &token));
            shared.push(measure(&[one.clone(), one.clone()], &token));
            apart.push(measure(&[one.clone(), other.clone()], &token));
        }
        let [alone, shared, apart] = [alone, shared, apart].map(median);
        println!("{name}: {alone:.0} ns a look-up");
        println!("  two threads, one resolver    {:.2} of one thread", shared / alone);
        println!("  two threads, one each        {:.2} of one thread (control)", apart / alone);
        println!("  the one over the control     {:.2}", shared / apart);
    }
}
