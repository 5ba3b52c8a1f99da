//! The executor: one per OS thread, one run at a time.
//!
//! The loop in [`drive`] chooses a turn, polls its task once, and applies what that woke; when
//! there is no turn it jumps the clock to the next timer; when there is no timer either, the run
//! is over or stuck. All state is in one [`Core`], borrowed for short stretches only.
//!
//! Invariant: no code of others (a poll, a drop, a waker that is not ours, a timer source) is
//! ever called while the core is borrowed.

mod beacon;
mod choosing;
mod classes;
mod deeds;
mod detectors;
mod diagnosis;
mod drive;
mod events;
mod faults;
mod heed;
mod ids;
mod lines;
mod lists;
mod losses;
mod objects;
mod operations;
mod origins;
mod properties;
mod ready;
mod session;
mod table;
mod tasks;
mod timers;
mod virtual_clock;
mod waits;
mod waker;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::{Arc, MutexGuard};
use std::task::Waker;

use beacon::Names;
pub(crate) use beacon::{Beacon, all as all_beacons, let_go_elsewhere};
pub(crate) use choosing::Question;
use classes::{Classes, ObjectPast};
use detectors::lock_order::LockOrder;
pub(crate) use detectors::lock_order::Nested;
pub(crate) use detectors::{Accessed, SharedAccess};
use detectors::{ByHand, Detectors, Quiet, Suspected};
use events::Events;
use heed::Heed;
pub(crate) use ids::{OperationId, Packed, Stamp, TaskId, Turn};
use losses::Losses;
use objects::Numbers;
pub(crate) use objects::{HoldRecord, ObjectRecord, Objects};
pub(crate) use operations::{Description, Gate, Handed, OperationRecord, WaitsBy};
pub(crate) use session::{drop_task_now, execute, give_back, is_inside, outcome};
pub(crate) use tasks::{Duty, JoinPoll, NewTask, OnPanic, spawn};
pub(crate) use timers::{Timer, TimerKey};
pub(crate) use waker::{Waiter, is_of_run, is_task_waker, own_task, wake_task};

use self::faults::FaultState;
use self::lists::Lists;
use self::origins::Origins;
use self::properties::Watches;
pub(crate) use self::ready::ReadySet;
use self::table::Table;
use self::tasks::{Aside, Joiner, Tasks};
use self::timers::Timers;
use crate::callers;
use crate::choice::Choice;
use crate::finding::Finding;
use crate::options::Options;
use crate::properties::Passed;
use crate::seed::RunId;
use crate::strategy::{Chooser, Divergence};
use crate::streams::Streams;
use crate::time::{Instant, TimerSource};
use crate::trace::{Event, EventKind, ObjectInfo, TaskInfo, Trace};

/// What belongs to the poll that is going on. In one word, so that it is reset at once.
#[derive(Debug)]
#[repr(align(4))]
pub(crate) struct PollState {
    /// Whether an operation has given way: later ones then do so without a choice.
    gave_way: bool,
    /// Whether the task was woken since its poll began, unless it is known to [`Engine::polled`].
    woken: bool,
    /// Whether it waits for something instrumented.
    pub(crate) is_known: bool,
    _rest_of_the_word: bool,
}

impl PollState {
    /// That of a poll that begins.
    const NEW: PollState =
        PollState { gave_way: false, woken: false, is_known: false, _rest_of_the_word: false };
}

/// The state of the run on this thread, or what its last run left to be used again.
pub(crate) struct Core {
    /// Zero between runs.
    pub(crate) stamp: Stamp,
    pub(crate) run: RunId,
    pub(crate) options: Options,
    chooser: Chooser,
    /// Whether the chooser is a strategy, which is asked and told.
    is_asking: bool,
    /// Where the program asks what is being chosen.
    asked_at: Option<&'static Location<'static>>,
    /// What is to be heeded at every turn.
    heed: Heed,
    streams: Streams,
    tape: Vec<Choice>,
    /// The room that the next run's tape begins with, by how long the last one's was.
    tape_room: usize,

    tasks: Tasks,
    /// How many there were, when the run is over.
    tasks_made: usize,
    /// How many tasks, the main one apart, have not ended or have left something to whoever
    /// joins them.
    left: usize,
    /// How many clones of the tasks' wakers are about.
    wakers: usize,
    /// By the task's number; shorter than there are tasks, as long as it is not needed.
    asides: Vec<Aside>,
    /// Who waits for the end of which task.
    joiners: Table<Joiner>,
    /// The messages of those that have panicked, as far as somebody may ask for them.
    panicked: BTreeMap<TaskId, String>,
    ready: ReadySet,
    /// The task whose code is running, or `None` in the engine's own.
    pub(crate) current: Option<TaskId>,
    /// Which poll of the current task that is.
    poll_number: u32,
    pub(crate) poll: PollState,
    /// The key of the turn that a preemption choice has decided on, and its place in the ready set
    /// then. Of no meaning unless that is [to be heeded](Heed::PRESELECTED).
    preselected: (u32, u32),
    /// The operation that was granted and has not been executed yet, or none.
    pub(crate) granted: Packed,
    /// What the loop is to do next, if that is not to poll a task.
    errand: Option<drive::Errand>,
    /// A task whose operation was granted while its waker is being called.
    entering: Option<TaskId>,
    /// For how many reasons no operation gives way: cooperative switching, `without_switching`
    /// futures that are being polled, and that the run is over.
    pub(crate) gates_shut: u32,
    /// Whether what is left of the run is being dropped: nothing gives way any more.
    teardown: bool,
    steps: u64,
    /// How many turns, and operations that are asked for, are left before `eye_from`. Below zero
    /// beyond that.
    left_to_eye: i64,
    /// How many tasks, daemons apart, had not ended when the run was over.
    unfinished: usize,
    /// From how much of the budget on the loop keeps an eye on it: the last few turns of a run that
    /// uses it up are kept, to show what was going round. It is set by
    /// [`open_eye_from`](Core::open_eye_from).
    eye_from: u64,
    /// The tasks of those turns.
    recent: Vec<TaskId>,

    pub(crate) operations: Lists<OperationRecord>,
    pub(crate) objects: Objects,
    free_objects: Vec<u32>,
    /// How many objects of each kind each task has made.
    object_numbers: Numbers,
    /// What tasks have done of late that may end the waits of others.
    notes: Vec<deeds::Note>,

    now_ns: u64,
    /// How far the clock may go.
    elapsed_max_ns: u64,
    pub(crate) timers: Timers,
    source: Option<Box<dyn TimerSource>>,
    /// Of which step, and at which instant, the source was told last.
    told_at: (u64, u64),
    /// Wakers of others, to be called as soon as the core is not borrowed.
    wakes: Vec<Waker>,

    /// The order of hash maps, once that is decided.
    hashing_order: Option<u32>,
    /// How many messages were stamped, in a traced run.
    messages: u64,
    /// The properties that were passed.
    properties: Vec<Passed>,
    watches: Watches,
    /// There in a run in which faults may strike.
    faults: Option<Box<FaultState>>,
    /// The task whose wait may have closed a ring.
    ring_from: Option<TaskId>,
    /// How many tasks were looked at in search of rings, beyond the first few of each search.
    looked_further: usize,
    /// Rings that were seen, and have to last.
    suspected: Vec<Suspected>,
    /// There while tasks are woken by hand, at a standstill.
    by_hand: Option<Box<ByHand>>,
    quiet: Quiet,
    finding: Option<Box<Finding>>,
    /// What was left when a traced run was over that nobody finds fault with.
    remarks: Vec<String>,
    /// How much was held at the end of a run by whoever will not let go of it.
    left_held: usize,
    divergence: Option<Divergence>,
    events: Option<Events>,
    /// There between a run that was traced and its outcome.
    trace: Option<Box<Trace>>,
    /// There in a traced run.
    losses: Option<Box<Losses>>,
    /// There once the run has a shared variable.
    detectors: Option<Box<Detectors>>,
    /// What is left of those of an earlier run: allocations alone.
    spare_detectors: Option<Box<Detectors>>,
    pub(crate) classes: Classes,
    /// There once a task has taken something while it held something else.
    lock_order: Option<Box<LockOrder>>,
    beacon: OnceCell<Arc<Beacon>>,
    /// Where the tasks come from, as the beacon has it too.
    origins: Origins,
}

/// How many of the last turns are kept of a run that uses up its budget of steps.
const RECENT: u64 = 256;

/// How many later findings a finding keeps as evidence.
const EVIDENCE_MAX: usize = 8;

struct Engine {
    /// A copy of the core's stamp that can be read while the core is borrowed.
    stamp: Cell<Stamp>,
    /// The stamps that this thread may give to its next runs: from this one, up to before that.
    stamps: Cell<(u64, u64)>,
    /// The task that is being polled, or [`Packed::WOKEN`] once it has been woken since; none at all
    /// other times. So a task that wakes itself is marked without a look at the core.
    polled: Cell<Packed>,
    /// Whether the run may be traced: then every wake-up is told of.
    is_traced: Cell<bool>,
    /// Dropped by [`Leaving`], so that a look at the engine need not ask whether its thread has
    /// dropped it already.
    core: RefCell<ManuallyDrop<Core>>,
}

thread_local! {
    static ENGINE: Engine = const {
        Engine {
            stamp: Cell::new(Stamp::NONE),
            stamps: Cell::new((0, 0)),
            polled: Cell::new(Packed::NONE),
            is_traced: Cell::new(false),
            core: RefCell::new(ManuallyDrop::new(Core::new())),
        }
    };
    static LEAVING: Leaving = const { Leaving };
}

/// This thread's engine, for what has much to do there: what [`LocalKey::with`] hands on is moved,
/// and what it does mostly becomes a function that gets all it needs through memory.
///
/// [`LocalKey::with`]: std::thread::LocalKey::with
#[inline(always)]
#[expect(unsafe_code, reason = "a look at the engine is to be a place, and not a call")]
fn engine() -> &'static Engine {
    const { assert!(!std::mem::needs_drop::<Engine>(), "it is to last as long as its thread") };
    // SAFETY: A thread's engine is made of constants and never dropped, so it is there, in its place,
    // for as long as its thread is. It is not `Sync`, so no other thread gets hold of the reference.
    ENGINE.with(|engine| unsafe { &*std::ptr::from_ref(engine) })
}

/// Drops what the runs of a thread have left when the thread ends.
struct Leaving;

impl Leaving {
    /// Makes sure of that, on this thread.
    fn prepare() {
        // A thread that is ending already keeps what the last of its runs leaves.
        let _none = LEAVING.try_with(|_| ());
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let left = engine().core.try_borrow_mut().ok();
        let left = left.map(|mut core| std::mem::replace(&mut **core, Core::new()));
        // Once the engine is not borrowed any more.
        drop(left);
    }
}

/// From here on every wake-up of the run on this thread is told of.
fn trace_wakes() {
    engine().is_traced.set(true);
}

/// The core of the run on this thread; `None` outside of a run.
#[inline]
pub(crate) fn with_run<R>(act: impl FnOnce(&mut Core) -> R) -> Option<R> {
    let engine = engine();
    if engine.stamp.get() == Stamp::NONE {
        return None;
    }
    Some(act(&mut engine.core.borrow_mut()))
}

/// Where a thread's engine is.
#[derive(Clone, Copy)]
pub(crate) struct Whereabouts(&'static Engine);

impl Whereabouts {
    /// Of this thread's.
    #[inline(always)]
    pub(crate) fn here() -> Whereabouts {
        Whereabouts(engine())
    }

    /// Does something in any case: without the core outside of a run.
    #[inline(always)]
    pub(crate) fn with_core<R>(self, act: impl FnOnce(Option<&mut Core>) -> R) -> R {
        let mut core = match self.0.stamp.get() {
            Stamp::NONE => None,
            _ => Some(self.0.core.borrow_mut()),
        };
        // In one place, of which it becomes a part.
        act(core.as_mut().map(|core| &mut ***core))
    }
}

/// Does in a run what may turn out not to be possible, or not that easily: `None` then, and where
/// the core cannot be had. Never panics.
#[inline(always)]
pub(crate) fn try_run<R>(act: impl FnOnce(&mut Core) -> Option<R>) -> Option<R> {
    let engine = engine();
    if engine.stamp.get() == Stamp::NONE {
        return None;
    }
    let mut core = engine.core.try_borrow_mut().ok()?;
    act(&mut core)
}

/// The stamp of the run on this thread, or none.
#[inline]
fn current_stamp() -> Stamp {
    engine().stamp.get()
}

/// The core of the run on this thread, if it is the run with this stamp.
#[inline]
pub(crate) fn with_run_of<R>(stamp: Stamp, act: impl FnOnce(&mut Core) -> R) -> Option<R> {
    let engine = engine();
    if engine.stamp.get() != stamp {
        return None;
    }
    Some(act(&mut engine.core.borrow_mut()))
}

/// The core of the run on this thread, for what makes no sense outside of one.
///
/// # Panics
/// Outside of a run: with what was tried, and what is allowed.
#[inline]
#[track_caller]
pub(crate) fn expect_run<R>(what: &str, act: impl FnOnce(&mut Core) -> R) -> R {
    match with_run(act) {
        Some(result) => result,
        None => outside(what),
    }
}

/// Panics because something was tried outside of a run.
#[cold]
#[track_caller]
pub(crate) fn outside(what: &str) -> ! {
    panic!(
        "{what} was called outside of a run; it is allowed only in a future (or in the closure \
         that makes it) that a run or a hunt executes, on that run's own thread"
    )
}

impl Core {
    const fn new() -> Core {
        Core {
            stamp: Stamp::NONE,
            run: RunId::new(0, 0),
            options: Options::DEFAULT,
            chooser: Chooser::RandomWalk,
            is_asking: false,
            asked_at: None,
            heed: Heed::NOTHING,
            streams: Streams::new(RunId::new(0, 0)),
            tape: Vec::new(),
            tape_room: 0,
            tasks: Tasks::new(),
            tasks_made: 0,
            left: 0,
            wakers: 0,
            asides: Vec::new(),
            joiners: Table::new(),
            panicked: BTreeMap::new(),
            ready: ReadySet::new(),
            current: None,
            poll_number: 0,
            poll: PollState::NEW,
            preselected: (0, 0),
            granted: Packed::NONE,
            errand: None,
            entering: None,
            gates_shut: 0,
            teardown: false,
            steps: 0,
            left_to_eye: 0,
            unfinished: 0,
            eye_from: 0,
            recent: Vec::new(),
            operations: Lists::new(),
            objects: Objects::new(),
            free_objects: Vec::new(),
            object_numbers: Numbers::new(),
            notes: Vec::new(),
            now_ns: 0,
            elapsed_max_ns: u64::MAX,
            timers: Timers::new(),
            source: None,
            told_at: (0, 0),
            wakes: Vec::new(),
            hashing_order: None,
            messages: 0,
            properties: Vec::new(),
            watches: Watches::new(),
            faults: None,
            ring_from: None,
            looked_further: 0,
            suspected: Vec::new(),
            by_hand: None,
            quiet: Quiet { rounds: 0, since_ns: 0 },
            finding: None,
            remarks: Vec::new(),
            left_held: 0,
            divergence: None,
            events: None,
            trace: None,
            losses: None,
            detectors: None,
            spare_detectors: None,
            classes: Classes::new(),
            lock_order: None,
            beacon: OnceCell::new(),
            origins: Origins::new(),
        }
    }

    /// The virtual time.
    #[inline]
    pub(crate) fn now(&self) -> Instant {
        Instant::from_nanos(self.now_ns)
    }

    /// Records an event, if the run is traced. `make` is not called otherwise.
    #[inline]
    pub(crate) fn record(&mut self, make: impl FnOnce(&Core) -> EventKind) {
        if self.events.is_some() {
            self.record_now(make);
        }
    }

    #[cold]
    fn record_now(&mut self, make: impl FnOnce(&Core) -> EventKind) {
        let event = Event { at: self.now(), task: self.current.map(Into::into), kind: make(self) };
        if let Some(events) = &mut self.events {
            events.push(event);
            callers::note(events.count() - 1);
        }
    }

    /// Ends the run with a finding. The first one stands, and later ones are its evidence.
    #[cold]
    pub(crate) fn fail(&mut self, finding: Finding) {
        // What another OS thread has done comes first: whatever goes wrong may be due to that.
        if self.beacon().was_woken() {
            self.fail_woken_from_elsewhere();
        }
        match &mut self.finding {
            None => self.finding = Some(Box::new(finding)),
            Some(first) if first.evidence.len() < EVIDENCE_MAX => {
                first.evidence.push(format!("{}: {}", finding.kind, finding.message));
            }
            Some(_) => {}
        }
        self.heed.add(Heed::ATTENTION);
    }

    pub(crate) fn is_traced(&self) -> bool {
        self.events.is_some()
    }

    /// Whether a strategy or a trace is to be told of everything.
    #[inline]
    pub(crate) fn is_heard(&self) -> bool {
        self.heed.has(Heed::HEARD)
    }

    /// Whether anybody looks at what is executed.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        self.heed.has(Heed::WATCHED)
    }

    /// Whether anybody may follow who does what: if not, nobody needs to be asked for.
    #[inline]
    pub(crate) fn is_followed(&self) -> bool {
        self.heed.has(Heed::FOLLOWED)
    }

    /// Turns, and operations that went on in place: what the budget of steps is spent on.
    #[inline]
    fn spent(&self) -> u64 {
        self.eye_from.wrapping_add_signed(self.left_to_eye.wrapping_neg())
    }

    /// Spends one more. Says how many are left before an eye is to be kept on the budget; below
    /// zero beyond that.
    #[inline(always)]
    fn spend(&mut self) -> i64 {
        self.left_to_eye -= 1;
        self.left_to_eye
    }

    /// Keeps an eye on the budget once so much is spent, of which that much is by now.
    fn open_eye_from(&mut self, eye_from: u64, spent: u64) {
        // No run spends more.
        self.eye_from = eye_from.min(i64::MAX as u64);
        self.left_to_eye = self.eye_from as i64 - spent as i64;
    }

    /// The names that a trace's events refer to.
    fn bind_trace(&self, events: Events) -> Trace {
        let events = events.into_trace();
        let names = self.names();
        let tasks = (0..self.tasks.len() as u32).map(TaskId).map(|task| TaskInfo {
            path: self.origins.path(task),
            name: names.of.get(&task).map(|name| name.to_string()),
            spawned: self.origins.site(task).map(Into::into),
        });
        let tasks = tasks.collect();
        drop(names);
        let objects = self.objects.iter().enumerate().map(|(index, object)| ObjectInfo {
            kind: object.kind,
            title: self.object_title(index as u32),
            made: object.site.into(),
        });
        Trace { run: self.run, events, tasks, objects: objects.collect() }
    }

    fn beacon(&self) -> &Arc<Beacon> {
        self.beacon.get_or_init(Beacon::register)
    }

    /// What tasks of the run were given names.
    fn names(&self) -> MutexGuard<'_, Names> {
        self.beacon().lock_names()
    }
}
