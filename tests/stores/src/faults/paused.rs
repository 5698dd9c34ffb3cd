use std::time::{Duration, Instant};

use tower_bearer::{SessionErrorKind as Kind, TokenErrorKind, TokenPair};

use super::RECOVERY;
use crate::{
    Engine, Server as _,
    node::{Node, Site, patiently, rest},
};

/// The server stands still for 10 s: nobody can renew or log in, which is said in time; access tokens are taken, but for those that were revoked meanwhile on the node
/// that is asked; and all goes on after it.
pub async fn paused_for_10_s<E: Engine>() {
    Pause::<E>::begin().await.end(Duration::from_secs(10)).await;
}

/// The same for 60 s. After 30 s nobody knows any more what is revoked, and every access token is refused with 503.
pub async fn paused_for_60_s<E: Engine>() {
    let pause = Pause::<E>::begin().await;
    pause.until(Duration::from_secs(20)).await;
    for node in &pause.site.nodes {
        assert_eq!(node.call(pause.kept.access_token()).await, Ok(()), "for 30 s all is as before");
    }
    pause.until(Duration::from_secs(32)).await;
    for node in &pause.site.nodes {
        let told = node.call(pause.kept.access_token()).await;
        assert_eq!(told, Err(TokenErrorKind::RevocationUnavailable), "after 30 s nobody knows");
    }
    pause.end(Duration::from_secs(60)).await;
}

struct Pause<E: Engine> {
    site: Site<E>,
    began: Instant,
    kept: TokenPair,
    /// Was logged out during the pause, on the first node.
    gone: TokenPair,
}

impl<E: Engine> Pause<E> {
    async fn begin() -> Self {
        let site = Site::<E>::start(3).await;
        let first = site.nodes.first().expect("a node");
        let (kept, gone) = (login(first).await, login(first).await);
        let began = Instant::now();
        site.server.pause();
        assert!(first.logout(&gone).await.is_err(), "nobody can have written that down");
        assert!(first.refuses(gone.access_token()).await, "at once, on that node");
        let pause = Self { site, began, kept, gone };
        pause.sessions_stand_still().await;
        pause
    }

    async fn sessions_stand_still(&self) {
        for node in &self.site.nodes {
            let began = Instant::now();
            assert_eq!(node.renew(&self.kept).await.map(drop), Err(Kind::Unavailable));
            assert_eq!(node.login("ada").await.map(drop), Err(Kind::Unavailable));
            let took = began.elapsed();
            assert!(
                took < Duration::from_secs(4),
                "it took {took:?} to say twice that nobody answers"
            );
        }
    }

    async fn until(&self, after: Duration) {
        let left = after.saturating_sub(self.began.elapsed()).as_millis();
        rest(u64::try_from(left).expect("seconds")).await;
    }

    async fn end(self, after: Duration) {
        self.until(after).await;
        self.sessions_stand_still().await;
        let Self { site, kept, gone, began: _ } = self;
        site.server.resume();
        let took = site.recovers(RECOVERY).await;
        println!("paused for {} s: all goes on after {} ms", after.as_secs(), took.as_millis());
        site.all_refuse(&gone, RECOVERY).await;
        let mut pair = kept;
        for node in &site.nodes {
            assert_eq!(node.call(pair.access_token()).await, Ok(()));
            let renewed = patiently(async || node.renew(&pair).await).await;
            pair = renewed.expect("a client goes on with what it holds");
            let told = patiently(async || node.renew(&gone).await).await;
            assert_eq!(told.map(drop), Err(Kind::Ended));
        }
    }
}

async fn login<S: tower_bearer::SessionStore>(node: &Node<S>) -> TokenPair {
    patiently(async || node.login("ada").await).await.expect("a login")
}
