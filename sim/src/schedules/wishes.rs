//! What the environment asks of schedules.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::environment::{Environment, Seed};
use crate::seed::RunId;
use crate::strategy::portfolio::Member;
use crate::strategy::{Chooser, Delay, Fifo, Lockstep, Pct, Pos};
use crate::tape::Token;

/// What schedules obey of the environment.
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes {
    /// In place of every schedule.
    pub(super) tape: Option<Token>,
    /// What is mixed into the seed that proptest draws.
    seed: u64,
    member: Option<Member>,
    /// What is not obeyed, a line each.
    notes: Vec<String>,
}

impl Wishes {
    /// What this environment asks for.
    ///
    /// # Errors
    /// If it asks for what schedules cannot do in any way: with what is allowed.
    pub(super) fn of(environment: Environment) -> Result<Wishes, String> {
        let Environment { seed, tape, runs, time, strategy, jobs, shard, .. } = environment;
        let (report_dir, regressions) = (environment.report_dir, environment.regressions);
        let seed = match seed {
            None | Some(Seed::Random) => 0,
            Some(Seed::Base(seed)) => seed,
            Some(Seed::Run(id)) => {
                return Err(format!(
                    "UNPICK_SEED={id}: names a run of a hunt, and schedules() is none; allowed: a \
                     base seed, which is mixed into proptest's, or UNPICK_TAPE"
                ));
            }
        };
        if let Some(member @ (Member::Urw | Member::Surw)) = strategy {
            let name = if member == Member::Urw { "urw" } else { "surw" };
            return Err(format!(
                "UNPICK_STRATEGY={name}: learns from earlier runs, of which schedules() has none; \
                 allowed: fifo, lockstep, random, pct, pos, delay, also with a parameter"
            ));
        }
        let unheard = [
            ("UNPICK_RUNS", runs.is_some(), "PROPTEST_CASES says how many cases there are"),
            ("UNPICK_TIME", time.is_some(), "proptest makes the runs"),
            ("UNPICK_JOBS", jobs.is_some(), "proptest makes the runs"),
            ("UNPICK_SHARD", shard.is_some(), "every part makes all cases"),
            ("UNPICK_REPORT_DIR", report_dir.is_some(), "proptest reports"),
            ("UNPICK_REGRESSIONS", regressions.is_some(), "proptest has files of its own"),
        ];
        let unheard = unheard.into_iter().filter(|(_, is_set, _)| *is_set);
        let notes =
            unheard.map(|(name, _, why)| format!("{name} says nothing to schedules(): {why}"));
        Ok(Wishes { tape, seed, member: strategy, notes: notes.collect() })
    }

    /// What the environment of this process asks for. What is not obeyed is told once.
    ///
    /// # Panics
    /// If it makes no sense.
    pub(super) fn of_process() -> Wishes {
        static HAS_TOLD: AtomicBool = AtomicBool::new(false);
        let environment = Environment::of_process().map_err(|error| error.to_string());
        let wishes = environment.and_then(Wishes::of);
        let wishes = wishes.unwrap_or_else(|error| panic!("schedules(): {error}"));
        if !wishes.notes.is_empty() && !HAS_TOLD.swap(true, Ordering::Relaxed) {
            for note in &wishes.notes {
                // Past the test harness's capture: a green test tells it, too.
                let _ = writeln!(std::io::stderr(), "unpick: {note}");
            }
        }
        wishes
    }

    /// The run of a schedule for which proptest drew this seed; the how-manieth try it is.
    pub(super) fn id(&self, drawn: u64, number: u64) -> RunId {
        RunId::new(drawn ^ self.seed.wrapping_mul(MIX), number)
    }

    /// What makes the choices of a random schedule. Nothing is learnt, so that the seed remakes it.
    pub(super) fn chooser(&self, seed: u64) -> Chooser {
        let points = 4 << (seed / 16 % 5);
        let third = (seed / 4 % 3) as u32;
        match self.member {
            None => match seed % 4 {
                0 | 1 => Chooser::RandomWalk,
                2 => Pos::new().into(),
                _ => Pct::new(2 + third, points).into(),
            },
            Some(Member::Fifo) => Fifo.into(),
            Some(Member::Lockstep) => Lockstep.into(),
            // The uniform walks were refused.
            Some(Member::Random | Member::Urw | Member::Surw) => Chooser::RandomWalk,
            Some(Member::Pct) => Pct::new(2 + third, points).into(),
            Some(Member::PctOfDepth(depth)) => Pct::new(depth, points).into(),
            Some(Member::Pos) => Pos::new().into(),
            Some(Member::Delay) => Delay::new(1 + third, points).into(),
            Some(Member::Delays(delays)) => Delay::new(delays, points).into(),
        }
    }
}

/// An odd constant with no pattern: the golden ratio's fraction.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(variables: &[(&str, &str)]) -> Result<Wishes, String> {
        let environment = Environment::read(variables.iter().copied());
        Wishes::of(environment.expect("it is well-formed"))
    }

    #[test]
    fn what_schedules_cannot_do_is_refused_with_what_is_allowed() {
        for (name, value) in [("UNPICK_SEED", "0x5eed/3"), ("UNPICK_STRATEGY", "surw")] {
            let error = wishes(&[(name, value)]).expect_err("it is refused");
            assert!(error.starts_with(&format!("{name}={value}: ")), "{error}");
            assert!(error.contains("allowed: "), "{error}");
        }
    }

    #[test]
    fn what_is_not_obeyed_is_told() {
        let names = ["UNPICK_RUNS", "UNPICK_JOBS", "UNPICK_SHARD", "UNPICK_TIME"];
        let wishes =
            wishes(&[(names[0], "9"), (names[1], "2"), (names[2], "1/2"), (names[3], "1s")]);
        let notes = wishes.expect("it is allowed").notes;
        assert_eq!(notes.len(), names.len(), "{notes:?}");
        assert!(names.iter().all(|name| notes.iter().any(|note| note.starts_with(name))));
    }

    #[test]
    fn a_base_seed_moves_every_schedule_and_none_moves_nothing() {
        let plain = wishes(&[]).expect("it is allowed");
        assert_eq!(plain.id(7, 3), RunId::new(7, 3));
        let moved = wishes(&[("UNPICK_SEED", "0x5eed")]).expect("it is allowed");
        assert_ne!(moved.id(7, 3), plain.id(7, 3));
    }
}
