//! What the environment makes of a hunt.

use std::hash::{BuildHasher, Hasher};

use super::Hunt;
use super::keeping::Place;
use super::shard::Shard;
use crate::environment::{Environment, Regressions, Runs, Seed};
use crate::seed::RunId;
use crate::tape::Token;

/// What a hunt is to do in place of all its runs.
#[derive(Clone, Debug)]
pub(super) enum Only {
    /// This run.
    Run(RunId),
    /// This tape.
    Tape(Box<Token>),
}

/// A hunt as the environment wants it.
pub(super) struct Adjusted {
    pub(super) hunt: Hunt,
    pub(super) only: Option<Only>,
    /// What is to be said of it.
    pub(super) notes: Vec<String>,
}

impl Hunt {
    /// Takes this for what the environment says, rather than that of the process. With
    /// [`Environment::default`] nothing but the code counts.
    pub fn environment(mut self, environment: Environment) -> Hunt {
        self.environment = Some(environment);
        self
    }

    /// The hunt as the environment wants it.
    ///
    /// # Panics
    /// If the environment makes no sense.
    #[track_caller]
    pub(super) fn adjusted(&self) -> Adjusted {
        let environment = match &self.environment {
            Some(given) => given.clone(),
            None => match Environment::of_process() {
                Ok(environment) => environment,
                Err(error) => panic!("hunt `{}`: {error}", self.name),
            },
        };
        self.adjusted_to(environment)
    }

    fn adjusted_to(&self, environment: Environment) -> Adjusted {
        let mut hunt = self.clone();
        let (mut only, mut notes) = (None, Vec::new());
        match environment.seed {
            Some(_) if self.is_seeded => {
                notes.push(String::from("UNPICK_SEED was overruled: the code names a seed itself"))
            }
            Some(Seed::Base(seed)) => hunt.seed = seed,
            Some(Seed::Run(id)) => {
                hunt.seed = id.seed;
                only = Some(Only::Run(id));
                notes.push(format!("only run {id} was made, as UNPICK_SEED says"));
            }
            Some(Seed::Random) => {
                hunt.seed = std::hash::RandomState::new().build_hasher().finish();
                notes.push(format!("UNPICK_SEED=random drew {:#x}", hunt.seed));
            }
            None => {}
        }
        if let Some(token) = environment.tape {
            notes.push(format!("only the tape {token} was replayed, as UNPICK_TAPE says"));
            only = Some(Only::Tape(Box::new(token)));
        }
        hunt.runs = match environment.runs {
            Some(Runs::Exactly(runs)) => runs,
            Some(Runs::Times(factor)) => hunt.runs.saturating_mul(factor),
            None => hunt.runs,
        };
        hunt.keeping.report_dir = environment.report_dir.or(hunt.keeping.report_dir);
        match environment.regressions {
            Some(Regressions::Off) => hunt.keeping.regressions = Place::Off,
            Some(Regressions::File(path)) => hunt.keeping.regressions = Place::File(path),
            None => {}
        }
        hunt.wall_max = environment.time.or(hunt.wall_max);
        hunt.member = environment.strategy.or(hunt.member);
        hunt.jobs = environment.jobs.unwrap_or(hunt.jobs);
        if let Some((ordinal, count)) = environment.shard {
            hunt.shard = Shard::new(ordinal, count).unwrap_or(hunt.shard);
        }
        hunt.tell(&notes);
        Adjusted { hunt, only, notes }
    }
}
