//! Where the tasks of a thread's run come from, which makes their paths.
//!
//! It is written down at every spawn, by the run's own thread, and read when somebody asks: a
//! report, or the watchdog, which is another thread. So it is in atomics, which cost the spawn
//! what plain numbers would.

#![expect(unsafe_code, reason = "an atomic has a pointer, where a reference is meant")]

use std::panic::Location;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use super::ids::TaskId;

/// How many tasks a chunk is for.
const CHUNK: usize = 256;

/// Where one task comes from.
#[derive(Debug)]
struct Origin {
    /// The parent's number, and above that the how-manieth of its children it is, from 1; zero for
    /// the main task. Invariant: the parent's number is less than the task's own.
    parent_and_ordinal: AtomicU64,
    /// Where it was spawned. Invariant: null, or made of a reference.
    site: AtomicPtr<Location<'static>>,
}

impl Origin {
    /// That of the main task.
    const fn of_main() -> Origin {
        Origin { parent_and_ordinal: AtomicU64::new(0), site: AtomicPtr::new(ptr::null_mut()) }
    }
}

/// So many of them, which stay where they are.
type Chunk = [Origin; CHUNK];

/// Where tasks come from, by their numbers. Clones are of the same tasks, as far as each has
/// [kept up](Origins::keep_up).
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    /// Invariant: the first of all is the main task's.
    chunks: Vec<Arc<Chunk>>,
}

impl Origins {
    pub(super) const fn new() -> Origins {
        Origins { chunks: Vec::new() }
    }

    /// Writes down where a task comes from. Says whether there was a place for that.
    #[inline(always)]
    #[must_use]
    pub(super) fn note(
        &self,
        task: TaskId,
        (parent, ordinal): (TaskId, u32),
        site: &'static Location<'static>,
    ) -> bool {
        let Some(chunk) = self.chunks.get(task.index() / CHUNK) else { return false };
        let origin = &chunk[task.index() % CHUNK];
        let both = u64::from(ordinal) << 32 | u64::from(parent.0);
        origin.parent_and_ordinal.store(both, Ordering::Relaxed);
        origin.site.store(ptr::from_ref(site).cast_mut(), Ordering::Relaxed);
        true
    }

    /// Has one chunk more, which is that of `all`: a new one, if `all` has no more itself.
    pub(super) fn keep_up(&mut self, all: &mut Origins) {
        let next = self.chunks.len();
        if all.chunks.len() <= next {
            all.chunks.push(Arc::new([const { Origin::of_main() }; CHUNK]));
        }
        self.chunks.push(all.chunks[next].clone());
    }

    fn get(&self, task: TaskId) -> Option<&Origin> {
        self.chunks.get(task.index() / CHUNK).map(|chunk| &chunk[task.index() % CHUNK])
    }

    /// The parent of a task, and the how-manieth of its children it is; `None` of the main task.
    fn parent(&self, task: TaskId) -> Option<(TaskId, u32)> {
        let both = self.get(task)?.parent_and_ordinal.load(Ordering::Relaxed);
        // The number of a parent is less, so that who goes on to that comes to an end.
        let (parent, ordinal) = (TaskId(both as u32), (both >> 32) as u32);
        (ordinal > 0 && parent < task).then_some((parent, ordinal))
    }

    /// Where a task was spawned; `None` of the main task.
    pub(super) fn site(&self, task: TaskId) -> Option<&'static Location<'static>> {
        let site = self.get(task)?.site.load(Ordering::Relaxed);
        // SAFETY: It is null, or was made of a reference that is good for ever, which nothing is
        // written through.
        unsafe { site.as_ref() }
    }

    /// How one comes from the main task to this one: to its how-manieth child, and so on.
    pub(super) fn ordinals(&self, task: TaskId) -> Vec<u32> {
        let mut ordinals = Vec::new();
        let mut at = task;
        while let Some((parent, ordinal)) = self.parent(at) {
            ordinals.push(ordinal);
            at = parent;
        }
        ordinals.reverse();
        ordinals
    }

    /// The path of a task from the main one, such as `main.2.1`.
    pub(super) fn path(&self, task: TaskId) -> String {
        let mut path = String::from("main");
        for ordinal in self.ordinals(task) {
            path.push('.');
            path.push_str(&ordinal.to_string());
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_of_every_chunk_are_known_to_whoever_has_kept_up() {
        let (mut own, mut all) = (Origins::new(), Origins::new());
        let site = Location::caller();
        let chain = 3 * CHUNK as u32;
        for task in 1..chain {
            let origin = (TaskId(task - 1), task);
            if !own.note(TaskId(task), origin, site) {
                own.keep_up(&mut all);
                assert!(own.note(TaskId(task), origin, site), "there is a place now");
            }
        }
        assert_eq!((own.path(TaskId(3)), own.site(TaskId(3))), ("main.1.2.3".into(), Some(site)));
        let last = TaskId(chain - 1);
        assert_eq!(all.path(last), own.path(last));
        assert_eq!(all.path(last).matches('.').count(), chain as usize - 1);
        assert_eq!((all.path(TaskId::MAIN), all.site(TaskId::MAIN)), ("main".into(), None));
        // Whoever begins anew finds the same places.
        let mut anew = Origins::new();
        anew.keep_up(&mut all);
        assert_eq!(anew.path(TaskId(2)), "main.1.2");
        assert_eq!(anew.path(last), "main", "that is none of its tasks yet");
    }

    #[test]
    fn another_thread_may_read_while_tasks_are_added() {
        let all = std::sync::Mutex::new(Origins::new());
        let lock = || all.lock().expect("nobody panics");
        let (site, last) = (Location::caller(), 2 * CHUNK as u32);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut own = Origins::new();
                for task in 1..=last {
                    let origin = (TaskId::MAIN, task);
                    if !own.note(TaskId(task), origin, site) {
                        own.keep_up(&mut lock());
                        assert!(own.note(TaskId(task), origin, site), "there is a place now");
                    }
                }
            });
            loop {
                let seen = lock().clone();
                let read = [1, last / 2, last].map(|task| (seen.path(TaskId(task)), task));
                let known = read.iter().filter(|(path, task)| *path == format!("main.{task}"));
                let (known, sites) = (known.count(), read.map(|(_, task)| seen.site(TaskId(task))));
                assert!(sites.iter().flatten().all(|seen| *seen == site), "a place or none");
                if known == 3 {
                    break;
                }
                std::thread::yield_now();
            }
        });
    }
}
