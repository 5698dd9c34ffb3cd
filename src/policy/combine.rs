use super::{
    Policy,
    denial::Denial,
    held::Held,
    lacking::{add, common},
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
    fn join(
        &self,
        one: Lookup<Decision>,
        two: Lookup<Decision>,
        token: &VerifiedToken,
    ) -> Lookup<Decision> {
        let (held_by_one, held_by_two) = (|| Held::by(&self.0, token), || Held::by(&self.1, token));
        match (one, two) {
            (Lookup::Ready(one), Lookup::Ready(two)) => {
                both(one, two, held_by_one, held_by_two).into()
            }
            // The answer is no, whatever the other one says.
            (Lookup::Ready(Err(one)), Lookup::Pending(_)) if one.is_decided() => {
                both(Err(one), Ok(()), held_by_one, held_by_two).into()
            }
            (Lookup::Pending(_), Lookup::Ready(Err(two))) if two.is_decided() => {
                both(Ok(()), Err(two), held_by_one, held_by_two).into()
            }
            (Lookup::Ready(one), Lookup::Pending(two)) => {
                let (held, rest) = (held_by_one(), one.is_err().then(held_by_two));
                Lookup::pending(async move {
                    both(one, two.await, || held, || rest.unwrap_or_default())
                })
            }
            (Lookup::Pending(one), Lookup::Ready(two)) => {
                let (rest, held) = (two.is_err().then(held_by_one), held_by_two());
                Lookup::pending(async move {
                    both(one.await, two, || rest.unwrap_or_default(), || held)
                })
            }
            (Lookup::Pending(one), Lookup::Pending(two)) => {
                let (held_by_one, held_by_two) = (held_by_one(), held_by_two());
                Lookup::pending(async move {
                    let one = one.await;
                    let is_no = one.as_ref().is_err_and(Denial::is_decided);
                    let two = if is_no { Ok(()) } else { two.await };
                    both(one, two, || held_by_one, || held_by_two)
                })
            }
        }
    }
}

impl<P: Policy, Q: Policy> Policy for And<P, Q> {
    fn authorize(&self, token: &VerifiedToken, head: RequestHead<'_>) -> Lookup<Decision> {
        let one = self.0.authorize(token, head);
        if matches!(&one, Lookup::Ready(Err(denial)) if denial.is_final()) {
            return one;
        }
        self.join(one, self.1.authorize(token, head), token)
    }

    fn scopes(&self) -> Vec<&str> {
        union(self.0.scopes(), &self.1.scopes())
    }

    fn acr_values(&self) -> Vec<&str> {
        common(&self.0.acr_values(), &self.1.acr_values())
    }
}

impl<P: Policy, Q: Policy> Policy for Or<P, Q> {
    fn authorize(&self, token: &VerifiedToken, head: RequestHead<'_>) -> Lookup<Decision> {
        let one = self.0.authorize(token, head);
        if matches!(one, Lookup::Ready(Ok(()))) {
            return one;
        }
        first_of(one, self.1.authorize(token, head))
    }

    fn scopes(&self) -> Vec<&str> {
        union(self.0.scopes(), &self.1.scopes())
    }

    fn acr_values(&self) -> Vec<&str> {
        union(self.0.acr_values(), &self.1.acr_values())
    }
}

impl<P: Policy> Policy for Not<P> {
    fn authorize(&self, token: &VerifiedToken, head: RequestHead<'_>) -> Lookup<Decision> {
        self.0.authorize(token, head).map(|decision| match decision {
            Ok(()) => Err(Denial::forbidden()),
            Err(denial) if denial.is_decided() => Ok(()),
            Err(unknown) => Err(unknown.without_challenge()),
        })
    }
}

/// What one of them needed and the token has is asked for again, so that the next token does not lack that instead.
fn both(
    one: Decision,
    two: Decision,
    held_by_one: impl FnOnce() -> Held,
    held_by_two: impl FnOnce() -> Held,
) -> Decision {
    match (one, two) {
        (Ok(()), Ok(())) => Ok(()),
        (Ok(()), Err(two)) => Err(two.completed(&held_by_one(), &Held::default())),
        (Err(one), Ok(())) => Err(one.completed(&Held::default(), &held_by_two())),
        (Err(one), Err(two)) => Err(one.and(two)),
    }
}

/// Yes, as soon as one of them says so.
fn first_of(one: Lookup<Decision>, two: Lookup<Decision>) -> Lookup<Decision> {
    match (one, two) {
        (Lookup::Ready(Ok(())), _) | (_, Lookup::Ready(Ok(()))) => Ok(()).into(),
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

fn either(one: Decision, two: Decision) -> Decision {
    match (one, two) {
        (Err(one), Err(two)) => Err(one.or(two)),
        _ => Ok(()),
    }
}

/// The names of both, each once.
fn union<'p>(mut names: Vec<&'p str>, others: &[&'p str]) -> Vec<&'p str> {
    add(&mut names, others);
    names
}
