//! The whole suite runs with verifiers that remember as well: this holds that run to its word.

use super::*;
use crate::support::{app_of, verifiers};

#[tokio::test]
async fn in_a_run_that_remembers_the_second_answer_comes_from_memory() {
    let signatures = Counting::new(key(ES256).verifying());
    let verifier = verifiers::new(standard(Ring::of(signatures.verifying()))).unwrap();
    let remembers = verifiers::is_remembering();
    assert_eq!(std::env::var_os("TOWER_BEARER_TESTS").is_some(), remembers);

    verifiers::verify(&verifier, &about("ada")).await.unwrap();
    assert_eq!(signatures.count(), 1, "asked twice if it remembers, and checked once");
    let app = app_of(verifier.clone()).await;
    app.get(&about("grace")).await.assert_accepted("by HTTP");
    assert_eq!(signatures.count(), 2);
    let known = if remembers { remembered(&verifier) } else { 0 };
    assert_eq!(known, if remembers { 2 } else { 0 });

    let once = app.once();
    let token = about("edsger");
    once.get(&token).await.assert_accepted("once");
    once.get(&token).await.assert_accepted("twice");
    assert_eq!(signatures.count(), if remembers { 3 } else { 4 });
}
