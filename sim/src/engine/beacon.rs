//! What other OS threads may see of a thread's run: for the watchdog, and for wakers that are
//! called from outside.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::ids::{Packed, Stamp, TaskId};
use super::origins::Origins;
use crate::seed::RunId;

/// What tasks of a run are called that were given a name, until those of another one are.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Of which run.
    stamp: Stamp,
    pub(crate) of: BTreeMap<TaskId, Box<str>>,
}

/// One thread's run, as seen by others. It has cache lines of its own: its thread writes into it at
/// every poll, and neighbours would be slowed down by that.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Beacon {
    /// The stamp of the run, or zero.
    stamp: AtomicU64,
    seed: AtomicU64,
    number: AtomicU64,
    /// How many polls this thread has begun.
    polls: AtomicU64,
    task: AtomicU32,
    /// How long one poll may take, in seconds, and the rest of them in nanoseconds; 0 for ever.
    poll_max: (AtomicU64, AtomicU32),
    /// Where the run's tasks come from. The thread itself has a clone of it.
    origins: Mutex<Origins>,
    names: Mutex<Names>,
    /// Whether `foreign` has something in it.
    was_woken: AtomicBool,
    /// What other threads have done to runs of this one.
    foreign: Mutex<Vec<Foreign>>,
}

/// Something that another thread has done to a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Foreign {
    /// It has woken this task.
    Woken(Packed),
    /// It has given up this hold.
    LetGo(Packed),
}

impl Foreign {
    const fn stamp(self) -> Stamp {
        match self {
            Foreign::Woken(packed) | Foreign::LetGo(packed) => packed.stamp(),
        }
    }
}

/// Every thread that has had a run and is still there.
static BEACONS: Mutex<Vec<Weak<Beacon>>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The beacons of all threads that are still there.
pub(crate) fn all() -> Vec<Arc<Beacon>> {
    lock(&BEACONS).iter().filter_map(Weak::upgrade).collect()
}

/// Called by a waker whose run is not the current one of its thread: tells the run, if it is
/// still going on elsewhere.
#[cold]
#[inline(never)]
pub(crate) fn wake_from_elsewhere(packed: Packed) {
    tell(Foreign::Woken(packed));
}

/// Called when a guard is dropped outside of the run that it is of, if it is of one: tells the run,
/// if it is still going on elsewhere.
#[inline]
pub(crate) fn let_go_elsewhere(hold: Packed) {
    if hold != Packed::NONE {
        tell(Foreign::LetGo(hold));
    }
}

#[cold]
#[inline(never)]
fn tell(foreign: Foreign) {
    for beacon in all() {
        if beacon.stamp.load(Ordering::Acquire) == foreign.stamp().0 {
            lock(&beacon.foreign).push(foreign);
            beacon.was_woken.store(true, Ordering::Release);
        }
    }
}

impl Beacon {
    /// A new beacon for this thread.
    pub(crate) fn register() -> Arc<Beacon> {
        let beacon = Arc::new(Beacon::default());
        let mut beacons = lock(&BEACONS);
        beacons.retain(|beacon| beacon.strong_count() > 0);
        beacons.push(Arc::downgrade(&beacon));
        beacon
    }

    pub(super) fn begin(&self, stamp: Stamp, run: RunId, poll_max: Option<Duration>) {
        let poll_max = poll_max.unwrap_or_default();
        self.seed.store(run.seed, Ordering::Relaxed);
        self.number.store(run.number, Ordering::Relaxed);
        self.poll_max.0.store(poll_max.as_secs(), Ordering::Relaxed);
        self.poll_max.1.store(poll_max.subsec_nanos(), Ordering::Relaxed);
        self.stamp.store(stamp.0, Ordering::Release);
    }

    pub(super) fn end(&self) {
        self.stamp.store(0, Ordering::Release);
    }

    /// Notes that a poll of `task` begins.
    #[inline]
    pub(super) fn poll_begins(&self, task: TaskId) {
        self.task.store(task.0, Ordering::Relaxed);
        // Only this thread writes, so that no atomic addition is needed.
        self.polls.store(self.polls.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Whether another thread may have done something to this run.
    #[inline]
    pub(super) fn was_woken(&self) -> bool {
        self.was_woken.load(Ordering::Relaxed)
    }

    /// What other threads have done to run `stamp`.
    pub(super) fn take_foreign(&self, stamp: Stamp) -> Vec<Foreign> {
        self.was_woken.store(false, Ordering::Relaxed);
        let mut foreign = std::mem::take(&mut *lock(&self.foreign));
        foreign.retain(|foreign| foreign.stamp() == stamp);
        foreign
    }

    /// Makes room in `own`, the thread's own clone, for more tasks.
    #[cold]
    #[inline(never)]
    pub(super) fn add_origins(&self, own: &mut Origins) {
        own.keep_up(&mut lock(&self.origins));
    }

    /// What those tasks of the run that goes on are called that were given a name.
    pub(super) fn lock_names(&self) -> MutexGuard<'_, Names> {
        let mut names = lock(&self.names);
        let stamp = Stamp(self.stamp.load(Ordering::Acquire));
        if names.stamp != stamp && stamp != Stamp::NONE {
            *names = Names { stamp, of: BTreeMap::new() };
        }
        names
    }

    /// The poll that goes on, as a run's stamp and the poll's number in it, and how long it may
    /// take in milliseconds.
    pub(crate) fn poll_going_on(&self) -> Option<((u64, u64), u64)> {
        let stamp = self.stamp.load(Ordering::Acquire);
        let (seconds, rest) = &self.poll_max;
        let limit = Duration::new(seconds.load(Ordering::Relaxed), rest.load(Ordering::Relaxed));
        let poll = (stamp, self.polls.load(Ordering::Relaxed));
        let limit_ms = limit.as_millis().max(1) as u64;
        (stamp != 0 && !limit.is_zero()).then_some((poll, limit_ms))
    }

    pub(crate) fn run(&self) -> RunId {
        RunId::new(self.seed.load(Ordering::Relaxed), self.number.load(Ordering::Relaxed))
    }

    /// Whether a run is going on.
    pub(crate) fn is_lit(&self) -> bool {
        self.stamp.load(Ordering::Acquire) != 0
    }

    /// The task that is being polled: what it is called, and where it was spawned.
    pub(crate) fn polled(&self) -> (String, Option<&'static Location<'static>>) {
        self.task(self.task.load(Ordering::Relaxed))
    }

    /// The task of this number: what it is called, and where it was spawned.
    pub(crate) fn task(&self, number: u32) -> (String, Option<&'static Location<'static>>) {
        let task = TaskId(number);
        let (path, site) = {
            let origins = lock(&self.origins);
            (origins.path(task), origins.site(task))
        };
        (self.lock_names().title(task, path), site)
    }
}

impl Names {
    /// The path of a task and its name, such as `main.2 reaper`.
    pub(super) fn title(&self, task: TaskId, path: String) -> String {
        match self.of.get(&task) {
            Some(name) => format!("{path} {name}"),
            None => path,
        }
    }
}
