//! What tasks have done through an object that may end the waits of others: puts, sets, notifies.
//!
//! Kept so that a task which waits for ever can be told who could have woken it, and what became
//! of that. Reports are rare, and deeds are not: so a deed is a note at first, and notes are put
//! together when there are many of them, or when somebody asks.

use std::panic::Location;
use std::ptr;

use super::Core;
use super::ids::TaskId;
use crate::probe::Cause;

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

/// That a task has done something through an object, as it is noted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    object: u32,
    task: TaskId,
    action: &'static str,
    site: &'static Location<'static>,
    at_ns: u64,
    order: u64,
    /// Whether it is kept whatever the object's causes name.
    is_certain: bool,
}

/// How many notes are made before they are put together.
const NOTES_MAX: usize = 256;

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
    fn note_again(&mut self, new: &Deed) -> bool {
        // Texts are not compared: the same literal is mostly in one place.
        let same = |old: &Deed| old.task == new.task && ptr::eq(old.action, new.action);
        self.repeat(new, same)
    }

    fn note(&mut self, new: Deed) {
        if !self.repeat(&new, |old| old.task == new.task && old.action == new.action) {
            self.push(new);
        }
    }

    fn repeat(&mut self, new: &Deed, same: impl Fn(&Deed) -> bool) -> bool {
        let old = self.list.iter_mut().rev().take(LOOKED_AT).find(|old| same(old));
        let Some(old) = old else { return false };
        old.count += 1;
        (old.site, old.is_unheard) = (new.site, false);
        (old.at_ns, old.order) = (new.at_ns, new.order);
        true
    }

    /// Puts a note with the others.
    fn add(&mut self, note: &Note, causes: &[Cause]) {
        let Note { task, action, site, at_ns, order, .. } = *note;
        let (count, unheard, is_unheard) = (1, 0, false);
        let deed = Deed { task, action, count, unheard, site, at_ns, order, is_unheard };
        let matters = |cause: &Cause| cause.by.contains(&action) || cause.owed.contains(&action);
        // Asked once for each task and action.
        if !self.note_again(&deed) && (note.is_certain || causes.iter().any(matters)) {
            self.note(deed);
        }
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
        self.note_deed(object, action, site, true);
    }

    /// The same, if it is among what the object's causes name.
    #[inline]
    pub(crate) fn acted_if_caused(
        &mut self,
        object: u32,
        action: &'static str,
        site: &'static Location<'static>,
    ) {
        self.note_deed(object, action, site, false);
    }

    #[inline(always)]
    fn note_deed(
        &mut self,
        object: u32,
        action: &'static str,
        site: &'static Location<'static>,
        is_certain: bool,
    ) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        let (at_ns, order) = (self.now_ns, self.spent());
        if self.notes.len() == NOTES_MAX {
            self.put_notes_together();
        }
        self.notes.push(Note { object, task, action, site, at_ns, order, is_certain });
    }

    /// Puts all notes together with what was done before.
    #[cold]
    #[inline(never)]
    pub(super) fn put_notes_together(&mut self) {
        for note in &self.notes {
            let record = &mut self.objects[note.object as usize];
            record.deeds.add(note, record.causes);
        }
        self.notes.clear();
    }

    /// Notes that what the current task did last through an object woke nobody.
    pub(crate) fn went_unheard(&mut self, object: u32) {
        self.put_notes_together();
        let task = self.current.unwrap_or(TaskId::MAIN);
        let deeds = &mut self.objects[object as usize].deeds.list;
        if let Some(deed) =
            deeds.iter_mut().filter(|deed| deed.task == task).max_by_key(|deed| deed.order)
        {
            deed.unheard += 1;
            deed.is_unheard = true;
        }
    }

    /// What was done through an object.
    pub(super) fn deeds(&self, object: u32) -> Deeds {
        let record = &self.objects[object as usize];
        let mut deeds = record.deeds.clone();
        for note in self.notes.iter().filter(|note| note.object == object) {
            deeds.add(note, record.causes);
        }
        deeds
    }

    /// What was done through an object that may end waits of this name, latest first.
    pub(super) fn deeds_for(&self, object: u32, wait: &str) -> impl Iterator<Item = Deed> {
        let record = &self.objects[object as usize];
        let cause = record.causes.iter().find(|cause| cause.wait == wait);
        let ends = move |deed: &Deed| cause.is_some_and(|cause| cause.by.contains(&deed.action));
        let mut deeds = self.deeds(object).list;
        deeds.retain(ends);
        deeds.sort_by_key(|deed| std::cmp::Reverse(deed.order));
        deeds.into_iter()
    }
}
