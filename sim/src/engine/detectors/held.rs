//! What each task holds while it accesses shared variables.

use std::panic::Location;
use std::rc::Rc;

use super::super::{Core, TaskId};
use super::access::Places;

/// One thing that a task holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HeldObject {
    /// The hold's place in the engine's table.
    hold: u32,
    pub(super) object: u32,
    pub(super) site: &'static Location<'static>,
}

/// What a task holds at one moment, oldest first; `None` for nothing.
pub(super) type Held = Option<Rc<[HeldObject]>>;

/// What one task holds now.
#[derive(Debug, Default)]
struct Holding {
    list: Vec<HeldObject>,
    /// The same, as it was handed out last.
    snapshot: Held,
}

/// What each task holds now.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    tasks: Vec<Holding>,
}

impl Holdings {
    pub(super) fn took(
        &mut self,
        task: TaskId,
        hold: u32,
        object: u32,
        site: &'static Location<'static>,
    ) {
        if self.tasks.len() <= task.index() {
            self.tasks.resize_with(task.index() + 1, Holding::default);
        }
        let holding = &mut self.tasks[task.index()];
        holding.list.push(HeldObject { hold, object, site });
        holding.snapshot = None;
    }

    pub(super) fn let_go(&mut self, task: TaskId, hold: u32) {
        if let Some(holding) = self.tasks.get_mut(task.index()) {
            holding.list.retain(|held| held.hold != hold);
            holding.snapshot = None;
        }
    }

    pub(super) fn of(&mut self, task: TaskId) -> Held {
        let holding = self.tasks.get_mut(task.index())?;
        if holding.snapshot.is_none() && !holding.list.is_empty() {
            holding.snapshot = Some(Rc::from(holding.list.as_slice()));
        }
        holding.snapshot.clone()
    }
}

/// What both have: held without a break from the one moment to the other.
pub(super) fn throughout(from: &Held, to: &Held) -> Option<HeldObject> {
    let (from, to) = (from.as_deref()?, to.as_deref()?);
    from.iter().find(|held| to.contains(held)).copied()
}

impl Core {
    /// Such as `holding lock a (:12)`, or `holding nothing`.
    pub(super) fn holding(&self, held: &Held, places: &mut Places) -> String {
        let Some(held) = held.as_deref() else { return String::from("holding nothing") };
        let held = held.iter().map(|held| {
            format!("{} (taken at {})", self.object_title(held.object), places.show(held.site))
        });
        format!("holding {}", held.collect::<Vec<_>>().join(" and "))
    }
}
