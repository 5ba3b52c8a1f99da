//! Starvation: a task waits in an object's queue while others take the object again and again.
//!
//! Only that: a task that is ready and not run is the schedule's doing, and schedules here are
//! unfair on purpose. A task that waits in a queue and was not woken is up to the primitive alone,
//! whatever the schedule. Whoever is woken and comes too late begins anew.

use std::panic::Location;

use super::super::operations::{Handed, Phase};
use super::super::tasks::State;
use super::super::{Core, TaskId};
use super::access::Places;
use crate::finding::{Finding, Kind};
use crate::options::Detection;
use crate::time::Instant;

/// How often others may pass a task that waits, those not counted who may have come before it.
const PASSES_MAX: u32 = 1000;

/// After how many takes of an object its waiters are looked at: a power of two.
const LOOK_EVERY: u32 = 256;

impl Core {
    /// Now and then when an object was taken, which it was `takes` times: looks at who waits.
    #[inline(always)]
    pub(in super::super) fn after_take(
        &mut self,
        takes: u32,
        object: u32,
        taker: TaskId,
        site: &'static Location<'static>,
    ) {
        if takes.is_multiple_of(LOOK_EVERY) {
            self.look_for_starving(object, taker, site);
        }
    }

    #[cold]
    fn look_for_starving(&mut self, object: u32, taker: TaskId, site: &'static Location<'static>) {
        if self.options.detectors.starvation == Detection::Off
            || self.teardown
            || self.finding.is_some()
        {
            return;
        }
        let takes = self.objects[object as usize].takes;
        // Whoever stood before it in the queue passes it once, and was an operation, too.
        let before = u32::try_from(self.operations.most()).unwrap_or(u32::MAX);
        let passes_max = PASSES_MAX.saturating_add(before);
        let waiting = self.operations.iter().filter(|(_, operation)| {
            operation.description.object == Some(object)
                && operation.phase == Phase::Blocked
                && operation.handed == Handed::Nothing
                && operation.task != taker
                && self.tasks[operation.task.index()].state == State::Idle
        });
        let passed = waiting.map(|(_, operation)| (takes.wrapping_sub(operation.takes), operation));
        let passed = passed.filter(|(passes, _)| *passes >= passes_max);
        let longest =
            passed.max_by_key(|(passes, operation)| (*passes, std::cmp::Reverse(operation.task)));
        let Some((passes, operation)) = longest else { return };
        let (task, waits_at) = (operation.task, operation.description.site);
        let mut places = Places::default();
        let title = self.task_title(task);
        let message = format!(
            "{title} has waited in {} since t={} ({}), and was not woken while others took it {passes} \
             times",
            operation.description.name,
            Instant::from_nanos(operation.since_ns),
            places.show(waits_at),
        );
        let mut finding = Finding::new(Kind::Starvation, message, self.now());
        finding.subject = Some(self.object_title(object));
        let holds = self.objects.holds_of(object);
        for (_, hold) in holds.take(4) {
            finding.story.push(format!(
                "{} holds it since t={} (taken at {})",
                self.task_title(hold.task),
                Instant::from_nanos(hold.since_ns),
                places.show(hold.site)
            ));
        }
        finding.story.push(format!(
            "{} was the last to take it, at {}. Whoever comes later must not get it before {title}: \
             a queue that hands over in order does that",
            self.task_title(taker),
            places.show(site),
        ));
        finding.task = Some(title);
        finding.place = Some(waits_at.into());
        self.fail(finding);
    }
}
