//! Which strategy makes which run of a hunt.

use std::sync::Arc;

use crate::strategy::learning::{Learnt, Lessons};
use crate::strategy::portfolio::{self, Assignment, CALIBRATION_RUNS, Member};

/// Which strategy makes which run.
#[derive(Debug, Default)]
pub(super) struct Course {
    lessons: Lessons,
    /// What was learnt, from the end of the calibration on.
    learnt: Option<Arc<Learnt>>,
}

impl Course {
    pub(super) fn assign(&mut self, number: u64, member: Option<Member>) -> Assignment {
        if number < CALIBRATION_RUNS {
            return portfolio::calibrating(number, &self.lessons);
        }
        let learnt = self.learnt.get_or_insert_with(|| Arc::new(self.lessons.learnt()));
        let number = number - CALIBRATION_RUNS;
        match member {
            Some(member) => portfolio::named(member, number, learnt),
            None => portfolio::rotating(number, learnt),
        }
    }
}
