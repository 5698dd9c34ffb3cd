//! Promises 7, 17 and 19: what a set says of a key, and what a token's `kid` may cause.

use super::*;
use crate::support::verifiers;

#[tokio::test(start_paused = true)]
async fn a_removed_key_dies_with_the_next_good_fetch() {
    let (kept, removed) = (Key::new("kept"), Key::new("removed"));
    let world = World::warm([&kept, &removed]).await;
    assert!(world.at_once(&removed.token()).is_ok());
    world.publish([&kept]);
    let died = world.until(&removed.token(), 401).await;
    assert!(died <= 265 * SECOND, "{died:?}");
    assert!(world.at_once(&kept.token()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_removed_key_dies_with_a_fetch_for_another_one() {
    let (kept, removed) = (Key::new("kept"), Key::new("removed"));
    let world = World::warm([&kept, &removed]).await;
    world.publish([&kept]);
    assert_eq!(world.status(&strange("x")).await, 401);
    assert_eq!(world.status(&removed.token()).await, 401);
    assert!(world.at_once(&kept.token()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_changes_hands_changes_keys() {
    let (before, after) = (Key::new("a"), Key::new("a"));
    let world = World::warm([&before]).await;
    world.publish([&after]);
    assert_eq!(world.at_once(&after.token()).unwrap_err(), TokenErrorKind::InvalidSignature);
    world.keys.refresh_now().await.unwrap();
    assert_eq!(world.at_once(&before.token()).unwrap_err(), TokenErrorKind::InvalidSignature);
    assert!(world.at_once(&after.token()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_odd_key_costs_itself_alone() {
    let key = Key::new("good");
    let odd = [
        ("post-quantum", json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "odd", "pub": "AA" })),
        ("another curve", json!({ "kty": "OKP", "crv": "Ed448", "kid": "odd", "x": "AA" })),
        ("a type of the future", json!({ "kty": "X", "kid": "odd" })),
        ("members missing", json!({ "kty": "EC", "kid": "odd" })),
        ("members of the wrong type", json!({ "kty": "EC", "crv": 256, "kid": ["odd"] })),
        ("no object", json!("odd")),
        ("null", json!(null)),
        ("for encryption", Key::new("odd").pair.jwk_with(&json!({ "kid": "odd", "use": "enc" }))),
        ("for wrapping", key.pair.jwk_with(&json!({ "kid": "odd", "key_ops": ["wrapKey"] }))),
        ("a secret", json!({ "kty": "oct", "alg": "HS256", "kid": "odd", "k": "A".repeat(43) })),
        ("a secret without alg", json!({ "kty": "oct", "kid": "odd", "k": "A".repeat(43) })),
    ];
    for (case, jwk) in odd {
        for (jwks, index) in [([jwk.clone(), key.jwk()], 0), ([key.jwk(), jwk], 1)] {
            let world = World::new();
            world.network.serve(URL, Page::keys(jwks));
            assert_eq!(world.status(&key.token()).await, 200, "{case}");
            let status = world.keys.status().unwrap();
            assert!(status.usable, "{case}");
            assert_eq!((status.keys, status.skipped.len()), (1, 1), "{case}");
            assert_eq!(status.skipped[0].index(), index, "{case}");
            assert!(!status.skipped[0].reason().is_empty(), "{case}");
            assert_eq!(status.last_error, None, "{case}");
            assert_eq!(world.status(&strange("odd")).await, 401, "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_a_remote_set_signs_nothing() {
    let key = Key::new("good");
    let secret = crate::support::key(Algorithm::HS256);
    let world = World::new();
    let jwk = secret.jwk_with(&json!({ "kid": "s" }));
    world.network.serve(URL, Page::keys([key.jwk(), jwk]));
    let header = json!({ "kid": "s" });
    let token = json_token(Algorithm::HS256, &header, &json!({})).signed_by(secret);
    // Refused without a question: no remote key is one of HS256.
    assert_eq!(world.at_once(&token).unwrap_err(), TokenErrorKind::AlgorithmNotAllowed);
    assert_eq!(world.network.count(), 0);
    world.keys.preload().await.unwrap();
    let skipped = world.keys.status().unwrap().skipped;
    assert!(skipped[0].reason().contains("secret"), "{skipped:?}");
    let all = standard(world.keys.clone()).algorithms([Algorithm::HS256]);
    assert!(verifiers::new(all).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_known_kid_with_a_bad_signature_fetches_nothing() {
    let key = Key::new("a");
    let world = World::warm([&key]).await;
    for _ in 0..100 {
        let refused = world.at_once(&strange("a")).unwrap_err();
        assert_eq!(refused, TokenErrorKind::InvalidSignature);
        pass(SECOND).await;
    }
    assert_eq!(world.network.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_fail_before_their_key_fetch_nothing() {
    let key = Key::new("a");
    let world = World::warm([&key]).await;
    let (kid, es256) = (json!({ "kid": "x" }), Algorithm::ES256);
    let good = json_token(es256, &kid, &json!({})).compact();
    let cases = [
        ("expired", json_token(es256, &kid, &json!({ "exp": 1 })).compact()),
        ("another issuer", json_token(es256, &kid, &json!({ "iss": "x" })).compact()),
        ("another audience", json_token(es256, &kid, &json!({ "aud": "x" })).compact()),
        (
            "another type",
            json_token(es256, &json!({ "kid": "x", "typ": "x" }), &json!({})).compact(),
        ),
        ("crit", json_token(es256, &json!({ "kid": "x", "crit": ["x"] }), &json!({})).compact()),
        ("no kid at all", json_token(Algorithm::ES384, &json!({}), &json!({})).compact()),
        ("too long", format!("{good}{}", "A".repeat(16 * 1024))),
        ("no token", "a.b.c".to_owned()),
    ];
    for (case, token) in cases {
        assert!(world.at_once(&token).is_err(), "{case}");
    }
    assert_eq!(world.network.count(), 1);
    assert_eq!(world.status(&good).await, 401);
    assert_eq!(world.network.count(), 2, "and this is one that does");
}

#[tokio::test(start_paused = true)]
async fn without_a_kid_the_only_key_that_fits_is_meant() {
    let (one, two) = (Key::new("one"), Key::new("two"));
    let other = crate::support::key(Algorithm::Ed25519).jwk_with(&json!({ "kid": "three" }));
    let world = World::new();
    world.network.serve(URL, Page::keys([one.jwk(), other.clone()]));
    assert_eq!(world.status(&one.token_without_kid()).await, 200, "one, among other types");
    assert_eq!(world.status(&two.token_without_kid()).await, 401, "not by that key");

    world.network.serve(URL, Page::keys([one.jwk(), two.jwk(), other]));
    world.keys.refresh_now().await.unwrap();
    for key in [&one, &two] {
        let refused = world.at_once(&key.token_without_kid()).unwrap_err();
        assert_eq!(refused, TokenErrorKind::UnknownKey, "one of several");
        assert!(world.at_once(&key.token()).is_ok(), "by its name");
    }
    assert_eq!(world.network.count(), 2, "no token without a name causes a fetch");
}

#[tokio::test(start_paused = true)]
async fn a_kid_found_absent_is_remembered_for_15_seconds() {
    let plenty = 100.try_into().unwrap();
    let world = World::with(|builder| builder.forced_fetches(plenty, SECOND));
    let key = Key::new("a");
    world.publish([&key]);
    world.keys.preload().await.unwrap();
    // Seconds, the name that is asked for, and whether that is fetched for.
    let cases = [
        (0, "x", true),
        (0, "x", false),
        (0, "y", true),
        (14, "x", false),
        (15, "x", true),
        (16, "y", true),
        (17, "x", false),
    ];
    let began = Instant::now();
    for (second, kid, fetches) in cases {
        sleep_until(began + second * SECOND + Duration::from_millis(5)).await;
        let before = world.network.count();
        assert_eq!(world.status(&strange(kid)).await, 401);
        assert_eq!(world.network.count() > before, fetches, "{kid} after {second} s");
    }
    let before = world.network.count();
    let other = json_token(Algorithm::ES384, &json!({ "kid": "x" }), &json!({})).compact();
    assert_eq!(world.status(&other).await, 401);
    assert_eq!(world.network.count(), before + 1, "another algorithm is another key");
}

#[tokio::test(start_paused = true)]
async fn a_set_that_is_the_same_clears_nothing() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let world = World::warm([&old]).await;
    assert_eq!(world.status(&new.token()).await, 401);
    world.keys.refresh_now().await.unwrap();
    pass(15 * SECOND - Duration::from_millis(10)).await;
    assert_eq!(world.at_once(&new.token()).unwrap_err(), TokenErrorKind::UnknownKey);
}

#[tokio::test(start_paused = true)]
async fn a_new_set_lets_an_absent_name_be_asked_for_again_at_once() {
    let plenty = 100.try_into().unwrap();
    let world = World::with(|builder| builder.forced_fetches(plenty, SECOND));
    let (old, new) = (Key::new("old"), Key::new("new"));
    world.publish([&old]);
    assert_eq!(world.status(&new.token()).await, 401);
    world.publish([&old, &Key::new("another")]);
    world.keys.refresh_now().await.unwrap();
    world.publish([&old, &new]);
    assert_eq!(world.status(&new.token()).await, 200);
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_is_bounded() {
    let plenty = 1000.try_into().unwrap();
    let world = World::with(|builder| builder.forced_fetches(plenty, SECOND));
    world.publish([&Key::new("a")]);
    for number in 0..300 {
        assert_eq!(world.status(&strange(&number.to_string())).await, 401);
    }
    let remembered = (0..300).filter(|number| {
        let verified = world.verifier.verify(&strange(&number.to_string()));
        matches!(verified, Lookup::Ready(_))
    });
    // Strangers cannot push out what is remembered.
    assert_eq!(remembered.collect::<Vec<_>>(), (0..256).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn an_undeclared_rsa_key_is_for_rs256_unless_it_is_said() {
    let cases = [
        (Algorithm::RS256, None, true),
        (Algorithm::PS256, None, false),
        (Algorithm::RS512, None, false),
        (Algorithm::PS256, Some(Algorithm::PS256), true),
        (Algorithm::RS512, Some(Algorithm::RS512), true),
        (Algorithm::RS256, Some(Algorithm::PS256), false),
    ];
    for (algorithm, said, good) in cases {
        let pair = crate::support::key(algorithm);
        let World { network, keys, .. } = World::new();
        network.serve(URL, Page::keys([pair.jwk_with(&json!({ "alg": null, "kid": "a" }))]));
        let issuer = standard(keys.clone());
        let issuer = match said {
            Some(said) => issuer.algorithms([said]),
            None => issuer,
        };
        let verifier = verifiers::new(issuer).unwrap();
        let token = json_token(algorithm, &json!({ "kid": "a" }), &json!({})).compact();
        let accepted = verifier.verify(&token).await.is_ok();
        assert_eq!(accepted, good, "{algorithm} where {said:?} is named");
        keys.preload().await.unwrap();
        assert_eq!(keys.status().unwrap().keys, 1, "it is one key");
    }
}
