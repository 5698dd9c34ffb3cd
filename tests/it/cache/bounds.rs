//! How much is remembered, and how little of it can be seen.

use super::*;

/// Gives a verifier a memory for so many tokens.
type RememberUpTo = fn(Verifier, usize) -> Verifier;

const KINDS: [(&str, RememberUpTo); 2] =
    [("whole", Verifier::cache), ("by digest", Verifier::cache_by_digest)];

/// A verifier with room for so many, and its count of signatures.
fn holding(kind: RememberUpTo, capacity: usize) -> (Verifier, Counting) {
    let counting = Counting::new(key(ES256).verifying());
    let issuer = standard(Ring::of(counting.verifying()));
    (kind(Verifier::new(issuer).unwrap(), capacity), counting)
}

/// Tokens that differ, made once.
fn tokens() -> &'static [String] {
    static TOKENS: std::sync::LazyLock<Vec<String>> =
        std::sync::LazyLock::new(|| (0..1_500).map(about).collect());
    &TOKENS
}

#[test]
fn there_are_never_more_than_there_may_be() {
    for (memory, kind) in KINDS {
        for capacity in [0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 255, 257, 1_000] {
            let (verifier, _) = holding(kind, capacity);
            for token in &tokens()[..(capacity + 50).max(100)] {
                assert_eq!(at_once(&verifier, token), Ok(()), "{memory}, {capacity}");
                if capacity > 0 {
                    let count = remembered(&verifier);
                    assert!(count <= capacity, "{memory}: {count} of {capacity}");
                }
            }
            if capacity > 0 {
                let count = remembered(&verifier);
                assert!(count * 4 >= capacity * 3, "{memory}: {count} of {capacity} is little");
            }
        }
    }
}

#[test]
fn room_for_none_is_no_memory() {
    for (memory, kind) in KINDS {
        let (verifier, counting) = holding(kind, 0);
        for expected in 1..4 {
            assert_eq!(at_once(&verifier, &tokens()[0]), Ok(()), "{memory}");
            assert_eq!(counting.count(), expected, "{memory}");
        }
        assert!(!format!("{verifier:?}").contains("tokens: "), "{memory}: {verifier:?}");
    }
}

/// Room for all there could ever be is not taken beforehand.
#[test]
fn room_without_end_takes_none() {
    for (memory, kind) in KINDS {
        for capacity in [usize::MAX, usize::MAX / 2, 1 << 40, u32::MAX as usize] {
            let (verifier, counting) = holding(kind, capacity);
            for _ in 0..2 {
                assert_eq!(at_once(&verifier, &tokens()[0]), Ok(()), "{memory}, {capacity}");
            }
            assert_eq!((counting.count(), remembered(&verifier)), (1, 1), "{memory}, {capacity}");
        }
    }
}

/// Tokens are spread by chance: a part of the room may be full when the whole is not.
#[test]
fn what_fits_is_found_again() {
    for (memory, kind) in KINDS {
        for (capacity, used) in [(1, 1), (32, 24), (33, 24), (64, 32), (1_000, 600)] {
            let (verifier, counting) = holding(kind, capacity);
            for _ in 0..4 {
                for token in &tokens()[..used] {
                    assert_eq!(at_once(&verifier, token), Ok(()), "{memory}, {capacity}");
                }
            }
            let misses = counting.count() - used;
            assert!(
                misses * 20 <= 3 * used,
                "{memory}, {capacity}: {misses} misses of {}",
                3 * used
            );
        }
    }
}

/// What is in use stays, though others come once and never again.
#[test]
fn passers_by_do_not_push_out_what_is_in_use() {
    for (memory, kind) in KINDS {
        let (verifier, counting) = holding(kind, 64);
        let (residents, strangers) = tokens().split_at(32);
        for _ in 0..3 {
            for token in residents {
                assert_eq!(at_once(&verifier, token), Ok(()));
            }
        }
        let before = counting.count();
        let mut asked = 0;
        for (stranger, resident) in strangers[..1_000].iter().zip(residents.iter().cycle()) {
            assert_eq!(at_once(&verifier, stranger), Ok(()));
            assert_eq!(at_once(&verifier, resident), Ok(()));
            asked += 1;
        }
        let misses = counting.count() - before - asked;
        assert!(misses * 10 <= asked, "{memory}: {misses} misses of {asked}");
    }
}

#[test]
fn debug_shows_how_many_and_none_of_them() {
    for (memory, kind) in KINDS {
        let (verifier, _) = holding(kind, 64);
        let token = about("ada");
        assert_eq!(at_once(&verifier, &token), Ok(()));
        for text in [format!("{verifier:?}"), format!("{verifier:#?}")] {
            assert!(text.contains("tokens: 1"), "{memory}: {text}");
            for secret in token.split('.').chain(["ada", "sub"]) {
                assert!(!text.contains(secret), "{memory}: {text}");
            }
        }
    }
}
