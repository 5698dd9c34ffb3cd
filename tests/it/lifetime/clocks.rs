//! The clock decides, wherever it is set, and no clock prolongs.

use super::*;

/// A token with 60 s to go, by a clock that stands until it is set.
async fn by_hand() -> (Hand, Lifetime) {
    let hand = Hand::default();
    let issuer = standard(keys()).clock(hand.clone());
    let lifetime = verified(issuer, &token_for(60.0)).await.lifetime();
    (hand, lifetime)
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_stands_still_keeps_no_token_alive() {
    let (_, lifetime) = by_hand().await;
    let (end, after) = ends(lifetime).await;
    assert_eq!(end, TokenEnd::Expired);
    assert_at("as it was foreseen", after, 60 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_forward_ends_it_within_a_second() {
    for set_to in [60, 61, 1_000_000] {
        let (hand, lifetime) = by_hand().await;
        let ends = tokio::spawn(ends(lifetime));
        pass(Duration::from_millis(20_300)).await;
        hand.set(set_to);
        let (end, after) = ends.await.unwrap();
        assert_eq!(end, TokenEnd::Expired);
        assert_within_a_second("set forward", after, Duration::from_millis(20_300));
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_forward_but_not_so_far_ends_it_by_what_it_says() {
    let (hand, lifetime) = by_hand().await;
    let ends = tokio::spawn(ends(lifetime));
    pass(20 * SECOND).await;
    hand.set(59);
    pass(5 * SECOND).await;
    assert!(!ends.is_finished());
    hand.set(60);
    assert_within_a_second("then", ends.await.unwrap().1, 25 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_does_not_prolong() {
    for set_to in [-1, -3600, -1_000_000_000] {
        let (hand, lifetime) = by_hand().await;
        let ends = tokio::spawn(ends(lifetime));
        pass(30 * SECOND).await;
        hand.set(set_to);
        let (end, after) = ends.await.unwrap();
        assert_eq!(end, TokenEnd::Expired);
        assert_at("as it was foreseen", after, 60 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_wrong_in_the_beginning_counts_once_it_is_right() {
    let (hand, _) = by_hand().await;
    hand.set(-1_000_000);
    let issuer = standard(keys()).clock(hand.clone());
    let lifetime = verified(issuer, &token_for(60.0)).await.lifetime();
    let ends = tokio::spawn(ends(lifetime));
    pass(10 * SECOND).await;
    assert!(!ends.is_finished());
    hand.set(60);
    assert_within_a_second("set right", ends.await.unwrap().1, 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn every_issuer_has_its_own_clock() {
    let (slow, fast) = (Hand::default(), Hand::default());
    let token =
        async |hand: &Hand| verified(standard(keys()).clock(hand.clone()), &token_for(60.0)).await;
    let of_slow = tokio::spawn(ends(token(&slow).await.lifetime()));
    let of_fast = tokio::spawn(ends(token(&fast).await.lifetime()));
    pass(5 * SECOND).await;
    fast.set(60);
    assert_within_a_second("fast", of_fast.await.unwrap().1, 5 * SECOND);
    assert_at("slow", of_slow.await.unwrap().1, 60 * SECOND);
}
