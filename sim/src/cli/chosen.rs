//! Which run a subcommand is about.

use super::{Console, Scenario, Usage, Variant};
use crate::hunt;
use crate::options::{Options, Tracing};
use crate::run::{Outcome, Run};
use crate::seed::RunId;
use crate::strategy::{Replay, Strictness};
use crate::tape::Token;

/// A run of a scenario: from a seed, from a tape, or the plain one.
#[derive(Debug, clap::Args)]
pub(super) struct Chosen {
    /// The scenario.
    #[arg(index = 1)]
    scenario: String,
    /// Its variant; the first one if none is named.
    #[arg(index = 2)]
    variant: Option<String>,
    /// A run of a hunt: 0x5eed/41, or a seed alone for its run 0.
    #[arg(long, conflicts_with = "tape")]
    seed: Option<RunId>,
    /// A tape: 1pe:9@2=1,4=1~77ab03.
    #[arg(long)]
    tape: Option<Token>,
}

impl Chosen {
    pub(super) fn program<'a>(
        &self,
        console: &Console<'a>,
    ) -> Result<(&'a Scenario, &'static Variant), Usage> {
        let scenario = console.find(&self.scenario)?;
        Ok((scenario, scenario.variant(self.variant.as_deref())?))
    }

    /// The run of a hunt that was named, if one was.
    pub(super) fn seed(&self) -> Option<RunId> {
        self.seed
    }

    /// Another run of the same program.
    pub(super) fn beside(&self, seed: Option<RunId>, tape: Option<Token>) -> Chosen {
        let (scenario, variant) = (self.scenario.clone(), self.variant.clone());
        Chosen { scenario, variant, seed, tape }
    }

    /// Whether a seed or a tape was given.
    pub(super) fn is_named(&self) -> bool {
        self.seed.is_some() || self.tape.is_some()
    }

    /// Makes the run, traced.
    ///
    /// # Errors
    /// If there is no such program, or the tape is another program's.
    pub(super) fn execute(&self, console: &Console<'_>) -> Result<Outcome<()>, Usage> {
        let (scenario, variant) = self.program(console)?;
        let options = Options { tracing: Tracing::On, ..variant.options() };
        let outcome = match (self.seed, &self.tape) {
            (Some(id), _) => {
                let hunt =
                    variant.hunt(&scenario.title(variant)).options(options).seed(id.seed).quiet();
                hunt.run_one(id.number, variant.program)
            }
            (None, Some(token)) => {
                let options =
                    Options { switching: token.switching(), time: token.time(), ..options };
                let replay = Replay::token(token.clone(), Strictness::Strict);
                hunt::judge(Run::with(options).strategy(replay).execute(variant.program))
            }
            (None, None) => hunt::judge(Run::with(options).plain().execute(variant.program)),
        };
        match outcome.divergence {
            Some(divergence) => Err(divergence.into()),
            None => Ok(outcome),
        }
    }
}
