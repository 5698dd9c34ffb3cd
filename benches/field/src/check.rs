//! Who may take part: a contender that lets a forged token pass has nothing to be timed for.

use std::time::Duration;

use http::StatusCode;

use crate::{
    app::{App, request},
    contender::Role,
    world::{Failure, Side},
};

/// Some fetch their keys in the background once they are built.
pub(crate) const PATIENCE: usize = 200;

/// Shows that the good token passes, and that what has to be refused is.
pub(crate) async fn admit(app: &App, role: Role, side: &Side) -> Result<(), Failure> {
    passes(app, side).await?;
    if role == Role::Baseline {
        return Ok(());
    }
    for (what, token) in [
        ("no token", None),
        ("a token with one bit of its signature flipped", Some(&side.tokens.flipped)),
        ("a token signed by another key", Some(&side.tokens.foreign)),
        ("an expired token", Some(&side.tokens.expired)),
    ] {
        let status = app.answer(&request(token.map(String::as_str))?).await;
        let refused = status == StatusCode::UNAUTHORIZED
            || token.is_none() && status == StatusCode::BAD_REQUEST;
        if !refused {
            return Err(format!("answers {what} with {status}").into());
        }
    }
    Ok(())
}

async fn passes(app: &App, side: &Side) -> Result<(), Failure> {
    let good = request(Some(&side.tokens.good))?;
    let mut status = StatusCode::OK;
    for _ in 0..PATIENCE {
        status = app.answer(&good).await;
        if status == StatusCode::OK {
            return Ok(());
        }
        pause().await;
    }
    Err(format!("answers the good token with {status}").into())
}

#[expect(clippy::disallowed_methods, reason = "there is no other way to know that keys are there")]
pub(crate) async fn pause() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

#[cfg(test)]
mod tests {
    use crate::{
        contender::{ALL, Role},
        world::{Algorithm, World},
    };

    use super::*;

    #[tokio::test]
    async fn who_looks_at_no_token_is_no_contender() {
        let world = World::new(&[Algorithm::Hs256]).unwrap();
        let side = world.side(Algorithm::Hs256).unwrap();
        let no_auth = ALL.iter().find(|one| one.role == Role::Baseline).unwrap();
        let app = no_auth.build(side).await.unwrap();
        let refused = admit(&app, Role::Peer, side).await.unwrap_err();
        assert_eq!(refused.to_string(), "answers no token with 200 OK");
    }

    #[tokio::test]
    async fn every_contender_refuses_what_it_has_to() {
        let world = World::new(&[Algorithm::Es256]).unwrap();
        let side = world.side(Algorithm::Es256).unwrap();
        for contender in ALL {
            let app = contender.build(side).await.unwrap();
            let admitted = admit(&app, contender.role, side).await;
            assert!(admitted.is_ok(), "{}: {admitted:?}", contender.name);
        }
    }
}
