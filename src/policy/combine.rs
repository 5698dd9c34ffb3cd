use super::{
    Policy,
    denial::{Denial, DenialKind},
    lacking::Mentioned,
};
use crate::{head::RequestHead, lookup::Lookup, token::VerifiedToken};

type Decision = Result<(), Denial>;

/// What [`Policy::and`] makes.
#[derive(Clone, Debug)]
pub struct And<P, Q>(pub(super) P, pub(super) Q);

/// What [`Policy::or`] makes.
#[derive(Clone, Debug)]
pub struct Or<P, Q>(pub(super) P, pub(super) Q);

/// What [`Policy::not`] makes.
#[derive(Clone, Debug)]
pub struct Not<P>(pub(super) P);

impl<P: Policy, Q: Policy> And<P, Q> {
    fn judge(&self, token: &VerifiedToken, head: RequestHead<'_>) -> Lookup<Decision> {
        let one = match self.0.authorize(token, head) {
            Lookup::Ready(Err(denial)) if denial.kind() == DenialKind::Forbidden => {
                return Err(denial).into();
            }
            one => one,
        };
        match (one, self.1.authorize(token, head)) {
            (Lookup::Ready(one), Lookup::Ready(two)) => both(one, two).into(),
            // The answer is no, whatever the other one says.
            (Lookup::Ready(Err(denial)), Lookup::Pending(_))
            | (Lookup::Pending(_), Lookup::Ready(Err(denial)))
                if denial.is_decided() =>
            {
                Err(denial).into()
            }
            (Lookup::Ready(one), Lookup::Pending(two)) => {
                Lookup::pending(async move { both(one, two.await) })
            }
            (Lookup::Pending(one), Lookup::Ready(two)) => {
                Lookup::pending(async move { both(one.await, two) })
            }
            (Lookup::Pending(one), Lookup::Pending(two)) => Lookup::pending(async move {
                match one.await {
                    Err(denial) if denial.is_decided() => Err(denial),
                    one => both(one, two.await),
                }
            }),
        }
    }
}

impl<P: Policy, Q: Policy> Policy for And<P, Q> {
    fn authorize(&self, token: &VerifiedToken, head: RequestHead<'_>) -> Lookup<Decision> {
        match self.judge(token, head) {
            Lookup::Ready(Ok(())) => Ok(()).into(),
            decision => {
                let mentioned = Mentioned::by(self, token);
                decision.map(move |decision| decision.map_err(|d| d.completed(&mentioned)))
            }
        }
    }

    fn scopes(&self) -> Vec<&str> {
        union(&self.0, &self.1)
    }
}

impl<P: Policy, Q: Policy> Policy for Or<P, Q> {
    fn authorize(&self, token: &VerifiedToken, head: RequestHead<'_>) -> Lookup<Decision> {
        let one = match self.0.authorize(token, head) {
            Lookup::Ready(Ok(())) => return Ok(()).into(),
            one => one,
        };
        match (one, self.1.authorize(token, head)) {
            (_, Lookup::Ready(Ok(()))) => Ok(()).into(),
            (Lookup::Ready(one), Lookup::Ready(two)) => either(one, two).into(),
            (Lookup::Ready(one), Lookup::Pending(two)) => {
                Lookup::pending(async move { either(one, two.await) })
            }
            (Lookup::Pending(one), Lookup::Ready(two)) => {
                Lookup::pending(async move { either(one.await, two) })
            }
            (Lookup::Pending(one), Lookup::Pending(two)) => Lookup::pending(async move {
                match one.await {
                    Ok(()) => Ok(()),
                    one => either(one, two.await),
                }
            }),
        }
    }

    fn scopes(&self) -> Vec<&str> {
        union(&self.0, &self.1)
    }
}

impl<P: Policy> Policy for Not<P> {
    fn authorize(&self, token: &VerifiedToken, head: RequestHead<'_>) -> Lookup<Decision> {
        self.0.authorize(token, head).map(|decision| match decision {
            Ok(()) => Err(Denial::forbidden()),
            Err(denial) if denial.is_decided() => Ok(()),
            Err(unknown) => Err(unknown),
        })
    }
}

fn both(one: Decision, two: Decision) -> Decision {
    match (one, two) {
        (Err(one), Err(two)) => Err(one.and(two)),
        (one, two) => one.and(two),
    }
}

fn either(one: Decision, two: Decision) -> Decision {
    match (one, two) {
        (Err(one), Err(two)) => Err(one.or(two)),
        _ => Ok(()),
    }
}

/// The scopes of both, each once.
fn union<'p>(one: &'p impl Policy, two: &'p impl Policy) -> Vec<&'p str> {
    let mut scopes = one.scopes();
    for scope in two.scopes() {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}
