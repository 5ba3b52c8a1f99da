//! One run alone: what `UNPICK_SEED=S/k` and `UNPICK_TAPE` ask for.

use std::future::Future;
use std::time::Duration;

use super::Hunt;
use super::findings::Caught;
use super::jobs::Harvest;
use super::keeping::REPLAY;
use super::lock_order::Nestings;
use super::surroundings::Only;
use super::tally::Tally;
use super::verdict::{Verdict, judge};
use crate::run::Run;
use crate::seed::RunId;

/// Makes this run, and no other that counts.
pub(super) fn carry_out<F, Fut>(hunt: &Hunt, only: &Only, program: &F) -> Harvest
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    let (id, strategy, outcome) = match only {
        Only::Run(id) => {
            let (strategy, outcome) = hunt.remake(id.number, program);
            (*id, strategy, outcome)
        }
        Only::Tape(token) => {
            let run = Run::with(hunt.options.clone()).replay_token(token);
            (RunId::new(hunt.seed, 0), String::from(REPLAY), judge(run.execute(program)))
        }
    };
    let mut tally = Tally::default();
    tally.add(id.number, &strategy, &outcome);
    let tape = outcome.tape;
    let after = Duration::ZERO;
    let caught = outcome.result.err().map(|finding| Caught { id, strategy, finding, tape, after });
    Harvest {
        caught: caught.into_iter().collect(),
        tally,
        runs: 1,
        is_out_of_time: false,
        wall: Duration::ZERO,
        order: None,
        swept: Vec::new(),
        nestings: Nestings::default(),
        notes: Vec::new(),
    }
}
