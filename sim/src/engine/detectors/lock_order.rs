//! Locks that are taken while others are held, from which a hunt sees orders that could deadlock.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::panic::Location;

use super::super::{Core, ObjectRecord, TaskId};
use crate::options::Detection;

/// One thing that is held, known by the same key in every run of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NestedObject {
    pub(crate) key: u64,
    kind: &'static str,
    name: Option<Cow<'static, str>>,
    /// Where it was taken.
    pub(crate) site: &'static Location<'static>,
}

/// Something that a task took while it held something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nested {
    /// The hash of the task's path.
    pub(crate) task: u64,
    pub(crate) held: NestedObject,
    pub(crate) taken: NestedObject,
    /// The keys of everything that it held, in order.
    pub(crate) guards: Vec<u64>,
}

/// Such as `lock db (src/pool.rs:41)`.
impl fmt::Display for NestedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        write!(f, " ({}:{})", self.site.file(), self.site.line())
    }
}

/// What tells one nesting from another: the task, both objects, and both sites.
type Identity = (u64, u64, u64, (&'static str, u32, u32), (&'static str, u32, u32));

/// How many distinct nestings of one run are kept; later ones are not looked at.
const NESTED_MAX: usize = 256;

/// The state of the detector.
#[derive(Debug, Default)]
pub(crate) struct LockOrder {
    seen: BTreeSet<Identity>,
    nested: Vec<Nested>,
}

impl Nested {
    pub(crate) fn identity(&self) -> Identity {
        let site = |of: &NestedObject| (of.site.file(), of.site.line(), of.site.column());
        (self.task, self.held.key, self.taken.key, site(&self.held), site(&self.taken))
    }
}

impl Core {
    /// A task that holds something took hold of something else. Cold: programs do that now and
    /// then, and costs go by how much is held at that moment.
    #[cold]
    pub(in super::super) fn note_nested(&mut self, task: TaskId, hold: u32) {
        if self.options.detectors.lock_order == Detection::Off || self.teardown {
            return;
        }
        let Some(&taken) = self.objects.hold(hold) else { return };
        let mut held: Vec<_> = self
            .objects
            .holds()
            .filter(|(index, held)| *index != hold && held.task == task)
            .filter(|(_, held)| held.mode.has_guard() && held.object != taken.object)
            .map(|(_, held)| self.nested_object(held.object, held.site))
            .collect();
        let taken = self.nested_object(taken.object, taken.site);
        let mut guards: Vec<u64> = held.iter().map(|held| held.key).collect();
        guards.sort_unstable();
        let task = self.path_hash(task);
        let order = self.lock_order.get_or_insert_default();
        for held in held.drain(..) {
            let nested = Nested { task, held, taken: taken.clone(), guards: guards.clone() };
            if order.nested.len() < NESTED_MAX && order.seen.insert(nested.identity()) {
                order.nested.push(nested);
            }
        }
    }

    /// The same key for the same object in every run: who made it, of which kind, as the
    /// how-manieth.
    fn nested_object(&self, index: u32, site: &'static Location<'static>) -> NestedObject {
        let ObjectRecord { kind, name, creator, number, .. } = &self.objects[index as usize];
        let path = self.path_hash(*creator);
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        let key = kind.as_bytes().iter().chain(&number.to_le_bytes()).fold(path, step);
        NestedObject { key, kind, name: name.clone(), site }
    }

    /// What was taken while something was held, at the end of a run.
    #[inline]
    pub(in super::super) fn take_nested(&mut self) -> Vec<Nested> {
        self.lock_order.take().map_or_else(Vec::new, |order| order.nested)
    }
}
