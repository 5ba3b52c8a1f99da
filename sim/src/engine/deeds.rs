//! What tasks have done through an object that may end the waits of others: puts, sets, notifies.
//!
//! Kept so that a task which waits for ever can be told who could have woken it, and what became
//! of that.

use std::panic::Location;
use std::ptr;

use super::Core;
use super::ids::TaskId;

/// Something that a task has done through an object, one or more times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deed {
    pub(crate) task: TaskId,
    /// What it did, such as `put`.
    pub(crate) action: &'static str,
    /// How often it did so.
    pub(crate) count: u64,
    /// How often that woke nobody.
    pub(crate) unheard: u64,
    /// Where it did so last.
    pub(crate) site: &'static Location<'static>,
    /// When it did so last.
    pub(crate) at_ns: u64,
    /// How many steps had been taken then.
    pub(crate) order: u64,
    /// Whether the last time woke nobody.
    pub(crate) is_unheard: bool,
}

/// What has been done through one object, the latest newcomer last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deeds {
    list: Vec<Deed>,
    /// How many entries had to make room for later ones.
    dropped: u64,
}

/// How many entries one object keeps.
const KEPT_MAX: usize = 32;
/// How many of the latest entries are looked at for the same task and action.
const LOOKED_AT: usize = 4;

impl Deeds {
    /// What was done, in the order in which each task first did it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Deed> {
        self.list.iter()
    }

    /// How many entries had to make room for later ones.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Notes what a task has done once more, if that is known under this very literal.
    #[inline]
    fn note_again(&mut self, new: &Deed) -> bool {
        // Texts are not compared: the same literal is mostly in one place.
        let same = |old: &Deed| old.task == new.task && ptr::eq(old.action, new.action);
        self.repeat(new, same)
    }

    #[inline(never)]
    fn note(&mut self, new: Deed) {
        if !self.repeat(&new, |old| old.task == new.task && old.action == new.action) {
            self.push(new);
        }
    }

    #[inline]
    fn repeat(&mut self, new: &Deed, same: impl Fn(&Deed) -> bool) -> bool {
        let old = self.list.iter_mut().rev().take(LOOKED_AT).find(|old| same(old));
        let Some(old) = old else { return false };
        old.count += 1;
        (old.site, old.is_unheard) = (new.site, false);
        (old.at_ns, old.order) = (new.at_ns, new.order);
        true
    }

    fn push(&mut self, new: Deed) {
        if self.list.len() == KEPT_MAX {
            self.list.remove(0);
            self.dropped += 1;
        }
        self.list.push(new);
    }
}

impl Core {
    /// Notes that the current task has done something that may end waits at an object.
    #[inline]
    pub(crate) fn acted(
        &mut self,
        object: u32,
        action: &'static str,
        site: &'static Location<'static>,
    ) {
        self.acted_if(object, action, site, |_| true);
    }

    /// The same, if it is among what the object's causes name: that is asked once for each task
    /// and action.
    #[inline]
    pub(crate) fn acted_if(
        &mut self,
        object: u32,
        action: &'static str,
        site: &'static Location<'static>,
        matters: impl FnOnce(&'static str) -> bool,
    ) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        let (at_ns, is_unheard) = (self.now_ns, false);
        let order = self.spent;
        let deed = Deed { task, action, count: 1, unheard: 0, site, at_ns, order, is_unheard };
        let deeds = &mut self.objects[object as usize].deeds;
        if !deeds.note_again(&deed) && matters(action) {
            deeds.note(deed);
        }
    }

    /// Notes that what the current task did last through an object woke nobody.
    pub(crate) fn went_unheard(&mut self, object: u32) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        let deeds = &mut self.objects[object as usize].deeds.list;
        if let Some(deed) =
            deeds.iter_mut().filter(|deed| deed.task == task).max_by_key(|deed| deed.order)
        {
            deed.unheard += 1;
            deed.is_unheard = true;
        }
    }

    /// What was done through an object that may end waits of this name, latest first.
    pub(super) fn deeds_for(&self, object: u32, wait: &str) -> impl Iterator<Item = &Deed> {
        let record = &self.objects[object as usize];
        let cause = record.causes.iter().find(|cause| cause.wait == wait);
        let ends = move |deed: &&Deed| cause.is_some_and(|cause| cause.by.contains(&deed.action));
        let mut deeds: Vec<&Deed> = record.deeds.iter().filter(ends).collect();
        deeds.sort_by_key(|deed| std::cmp::Reverse(deed.order));
        deeds.into_iter()
    }
}
