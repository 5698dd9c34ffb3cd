//! Many requests that renew with one token at once.

use std::collections::HashSet;

use tower_bearer::{SessionStore, TokenPair};

use super::Service;

const ROUNDS: usize = 200;
const TASKS: usize = 50;

/// All get the same refresh token, and the session goes on with it.
async fn races<S: SessionStore>(service: Service<S>) {
    let mut pair = service.login("ada").await;
    for round in 0..ROUNDS {
        let renew = |_| {
            let (sessions, token) = (service.sessions.clone(), pair.refresh_token().to_owned());
            tokio::spawn(async move { super::renew(&sessions, &token).await })
        };
        let mut answers = Vec::new();
        for task in (0..TASKS).map(renew).collect::<Vec<_>>() {
            answers.push(task.await.unwrap().unwrap_or_else(|kind| panic!("{round}: {kind:?}")));
        }
        let access: HashSet<_> = answers.iter().map(|pair| pair.access_token().jwt_id()).collect();
        assert_eq!(access.len(), TASKS, "each has an access token of its own");
        let refresh: HashSet<_> = answers.iter().map(TokenPair::refresh_token).collect();
        assert_eq!(refresh.len(), 1, "round {round}");
        assert!(!refresh.contains(pair.refresh_token()), "round {round}");
        pair = answers.swap_remove(0);
    }
    assert_eq!(service.call(&pair).await, Ok(()));
    service.renew(pair.refresh_token()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory_one_wins_and_none_loses() {
    races(Service::new()).await;
}

#[cfg(feature = "redb")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_file_one_wins_and_none_loses() {
    let folder = super::redb::Folder::new();
    races(Service::open(&folder, &super::Hand::default())).await;
}
