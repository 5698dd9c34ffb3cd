use tower_bearer::{SessionErrorKind as Kind, SessionStore as _, TokenPair};

use super::RECOVERY;
use crate::{
    Engine, Server as _,
    node::{Site, eventually, patiently, rest},
};

/// The server loses its last writes, as by a failover to a replica that had not got them: what was revoked stays so on each node that knew, and the others learn
/// it; sessions that were ended end again, in the store too; renewals go forward; who has logged in since has to do so again.
pub async fn writes_lost<E: Engine>() {
    let mut scene = Scene::<E>::before().await;
    scene.site.server(|server| {
        server.kill();
        server.save();
        server.restart();
    });
    scene.site.recovers(RECOVERY).await;
    scene.happens().await;
    scene.site.server(|server| {
        server.kill();
        server.put_back();
        server.restart();
    });
    scene.is_known_still().await;
    scene.is_told_again().await;

    let fresh = E::connect(scene.site.server.port()).await;
    for pair in [&scene.left, &scene.left_everywhere] {
        let (id, fresh) = (pair.session().id, &fresh);
        let has_ended = async || fresh.find(id).await.is_ok_and(|it| it.is_none_or(|it| it.ended));
        eventually("the store ends it again", RECOVERY, has_ended).await;
    }
    scene.stays_ended().await;
    let mut renewed = scene.renewed;
    for node in &scene.site.nodes {
        let again = patiently(async || node.renew(&renewed).await).await;
        renewed = again.expect("it goes forward");
    }
    let late = scene.late.expect("somebody has logged in");
    let first = scene.site.nodes.first().expect("a node");
    let told = patiently(async || first.renew(&late).await).await;
    assert_eq!(told.map(drop), Err(Kind::Invalid), "nobody remembers that login");
}

/// The server comes back without data: the same, and everybody has to log in again.
pub async fn emptied<E: Engine>() {
    let mut scene = Scene::<E>::before().await;
    scene.happens().await;
    scene.site.server(|server| {
        server.kill();
        server.erase();
        server.restart();
    });
    E::prepare(scene.site.server.port()).await;
    scene.is_known_still().await;
    scene.is_told_again().await;
    scene.stays_ended().await;
    let first = scene.site.nodes.first().expect("a node");
    for pair in [&scene.renewed, scene.late.as_ref().expect("a login")] {
        let told = patiently(async || first.renew(pair).await).await;
        assert_eq!(told.map(drop), Err(Kind::Invalid));
    }
    let pair = patiently(async || first.login("ada").await).await.expect("a login");
    patiently(async || first.renew(&pair).await).await.expect("a renewal");
}

struct Scene<E: Engine> {
    site: Site<E>,
    /// Is renewed after the store was saved.
    renewed: TokenPair,
    /// Is logged out of then.
    left: TokenPair,
    /// Of a subject who logs out everywhere then.
    left_everywhere: TokenPair,
    /// Whose access token is revoked then.
    taken_back: TokenPair,
    /// Begins then.
    late: Option<TokenPair>,
}

impl<E: Engine> Scene<E> {
    async fn before() -> Self {
        let site = Site::<E>::start(3).await;
        let node = site.nodes.first().expect("a node");
        let mut pairs = Vec::new();
        for subject in ["ada", "ada", "bob", "cyd"] {
            pairs.push(patiently(async || node.login(subject).await).await.expect("a login"));
        }
        let pairs: [_; 4] = pairs.try_into().expect("four");
        let [renewed, left, left_everywhere, taken_back] = pairs;
        Self { site, renewed, left, left_everywhere, taken_back, late: None }
    }

    fn revoked(&self) -> [&TokenPair; 3] {
        [&self.left, &self.left_everywhere, &self.taken_back]
    }

    /// What the store will lose. The last node hears nothing of it.
    async fn happens(&mut self) {
        let [first, second, third] = &*self.site.nodes else { unreachable!("three nodes") };
        self.site.proxies.get(2).expect("a proxy").swallow();
        for node in [first, second, first] {
            let renewed = patiently(async || node.renew(&self.renewed).await).await;
            self.renewed = renewed.expect("a renewal");
        }
        patiently(async || first.logout(&self.left).await).await.expect("a logout");
        let everywhere =
            patiently(async || second.sessions.end_all("bob").await.map_err(|it| it.kind())).await;
        everywhere.expect("a logout");
        let jti = self.taken_back.access_token().jwt_id();
        let is_written = async || first.revocations.revoke_token(jti).await.is_ok();
        eventually("it is written down", RECOVERY, is_written).await;
        let late = patiently(async || second.login("dan").await).await;
        self.late = Some(late.expect("a login"));
        for pair in self.revoked() {
            for node in [first, second] {
                let refuses = async || node.refuses(pair.access_token()).await;
                eventually("a node that hears refuses", RECOVERY, refuses).await;
            }
            let told = third.call(pair.access_token()).await;
            assert_eq!(told, Ok(()), "the last node does not know");
        }
    }

    /// At once and for as long as it takes the others to learn of it.
    async fn is_known_still(&self) {
        for _ in 0..50 {
            for pair in self.revoked() {
                for node in self.site.nodes.iter().take(2) {
                    assert!(node.refuses(pair.access_token()).await, "what is known stays so");
                }
            }
            rest(20).await;
        }
    }

    /// To be asked after what the store says of it: a renewal ends a session there, too.
    async fn stays_ended(&self) {
        for node in &self.site.nodes {
            for pair in [&self.left, &self.left_everywhere] {
                assert!(node.renew(pair).await.is_err(), "who has logged out stays so");
            }
        }
    }

    async fn is_told_again(&self) {
        self.site.proxies.get(2).expect("a proxy").pass();
        for pair in self.revoked() {
            self.site.all_refuse(pair, RECOVERY).await;
        }
        let took = self.site.recovers(RECOVERY).await;
        println!("lost: all goes on {} ms later", took.as_millis());
    }
}
