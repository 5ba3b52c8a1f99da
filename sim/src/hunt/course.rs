//! Which strategy makes which run of a hunt, and under which switching.

use std::sync::Arc;

use super::Hunt;
use crate::options::Switching;
use crate::strategy::learning::{Learnt, Lessons};
use crate::strategy::portfolio::{self, Assignment, CALIBRATION_RUNS, Member};
use crate::strategy::{Kept, Steering, Swept};

/// Under which switching the runs of a hunt are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switchings {
    /// All under the one that the hunt's options name.
    One,
    /// Under both in turn: those with an even number preemptively.
    Both,
}

impl Switchings {
    /// The switching of a run, if it is another than the hunt's options name.
    pub(super) const fn of(self, number: u64) -> Option<Switching> {
        match self {
            Switchings::One => None,
            Switchings::Both if number.is_multiple_of(2) => Some(Switching::Preemptive),
            Switchings::Both => Some(Switching::Cooperative),
        }
    }
}

/// What makes which run. Nothing of it depends on jobs or shards.
#[derive(Debug)]
pub(super) struct Course {
    switchings: Switchings,
    member: Option<Member>,
    /// By switching, because programs give way less often cooperatively. With one switching, the
    /// first is for all.
    lessons: [Lessons; 2],
    /// What was learnt. Invariant: there once calibration is over.
    learnt: Option<[Arc<Learnt>; 2]>,
    /// Makes every run, where there is an order to be kept.
    steering: Option<Steering>,
}

/// What makes a run.
pub(super) struct Assigned {
    pub(super) assignment: Assignment,
    /// The switching, if it is another than the hunt's options name.
    pub(super) switching: Option<Switching>,
}

impl Course {
    pub(super) fn new(hunt: &Hunt) -> Course {
        let lessons = [Lessons::default(), Lessons::default()];
        let steering = hunt.order.clone().map(Steering::new);
        let Hunt { switchings, member, .. } = *hunt;
        Course { switchings, member, lessons, learnt: None, steering }
    }

    /// What came of the order of points, if there is one.
    pub(super) fn kept(&self) -> Option<Kept> {
        self.steering.as_ref().map(Steering::kept)
    }

    /// Ends the calibration: from here on nothing is learnt.
    pub(super) fn freeze(&mut self) {
        self.learnt = Some([0, 1].map(|side| Arc::new(self.lessons[side].learnt())));
    }

    /// How many interleavings were made where there are few, and under which switching if they are
    /// made under both.
    pub(super) fn swept(&self) -> Vec<(Option<Switching>, Swept)> {
        let Some(learnt) = &self.learnt else { return Vec::new() };
        let sides = match self.switchings {
            Switchings::One => vec![(None, &learnt[0])],
            Switchings::Both => vec![
                (Some(Switching::Preemptive), &learnt[0]),
                (Some(Switching::Cooperative), &learnt[1]),
            ],
        };
        let swept = |(switching, learnt): (_, &Arc<Learnt>)| Some((switching, learnt.swept()?));
        sides.into_iter().filter_map(swept).collect()
    }

    pub(super) fn assign(&self, number: u64) -> Assigned {
        let switching = self.switchings.of(number);
        let (side, step) = match switching {
            None => (0, 1),
            Some(Switching::Preemptive) => (0, 2),
            Some(Switching::Cooperative) => (1, 2),
        };
        if let Some(steering) = &self.steering {
            let name = String::from("order");
            let assignment = Assignment { name, chooser: steering.strategy().into() };
            return Assigned { assignment, switching };
        }
        if number < CALIBRATION_RUNS {
            let assignment = portfolio::calibrating(number / step, &self.lessons[side]);
            return Assigned { assignment, switching };
        }
        let learnt = self.learnt.as_ref().expect("calibration is over; a bug in unpick");
        let number = (number - CALIBRATION_RUNS) / step;
        let assignment = match self.member {
            Some(member) => portfolio::named(member, number, &learnt[side]),
            None => portfolio::rotating(number, &learnt[side]),
        };
        Assigned { assignment, switching }
    }
}
