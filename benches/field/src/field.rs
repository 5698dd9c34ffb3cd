//! All contenders, built for one issuer and checked.

use tokio::runtime::Runtime;

use crate::{
    app::{App, Framework, request},
    check,
    contender::{ALL, Contender, Role},
    measure::Lane,
    world::{Failure, Side},
};

use http::{Request, StatusCode};

/// A contender that may be timed.
pub(crate) struct Entrant {
    pub(crate) contender: &'static Contender,
    pub(crate) app: App,
}

/// One issuer, who takes part there, and who does not.
pub(crate) struct Field<'a> {
    pub(crate) side: &'a Side,
    pub(crate) entrants: Vec<Entrant>,
    /// With the reason.
    pub(crate) absent: Vec<(&'static Contender, String)>,
    good: Request<()>,
}

impl<'a> Field<'a> {
    pub(crate) fn gather(runtime: &Runtime, side: &'a Side) -> Result<Self, Failure> {
        let good = request(Some(&side.tokens.good))?;
        let mut field = Self { side, entrants: Vec::new(), absent: Vec::new(), good };
        for contender in ALL {
            match runtime.block_on(enter(contender, side)) {
                Ok(app) => field.entrants.push(Entrant { contender, app }),
                Err(reason) => field.absent.push((contender, reason.to_string())),
            }
        }
        Ok(field)
    }

    pub(crate) fn of_role(&self, role: Role) -> impl Iterator<Item = &Entrant> {
        self.entrants.iter().filter(move |entrant| entrant.contender.role == role)
    }

    /// What a contender's time is added to.
    pub(crate) fn baseline(&self, framework: Framework) -> Result<usize, Failure> {
        let is = |one: &Entrant| {
            one.contender.role == Role::Baseline && one.contender.framework == framework
        };
        self.entrants
            .iter()
            .position(is)
            .ok_or_else(|| format!("no baseline for {framework:?}").into())
    }

    /// Answers to the good token.
    pub(crate) fn accepting<'b>(&'b self, runtime: &'b Runtime, app: &'b App) -> Lane<'b> {
        Lane::new(|times| app.time(runtime, &self.good, times, StatusCode::OK))
    }

    pub(crate) fn good(&self) -> &Request<()> {
        &self.good
    }

    /// The signature of the good token, and nothing else.
    pub(crate) fn raw(&self) -> Lane<'_> {
        let tokens = &self.side.tokens;
        Lane::new(|times| {
            let began = crate::app::now();
            for _ in 0..times {
                let (message, signature) =
                    std::hint::black_box((&tokens.message, &tokens.signature));
                if !self.side.raw.verify(message, signature) {
                    return Err("the good token's signature does not hold".into());
                }
            }
            Ok(began.elapsed())
        })
    }
}

async fn enter(contender: &'static Contender, side: &Side) -> Result<App, Failure> {
    let app = contender.build(side).await?;
    check::admit(&app, contender.role, side).await?;
    Ok(app)
}
