//! The loop, and the state of the run on this thread.

#![expect(unsafe_code, reason = "a look at the engine is to be a place, and not a call")]

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::NONE;
use super::objects::Object;
use super::ready::Ready;
use super::tasks::{Body, State, Task};
use super::timers::Wheel;
use super::waker;

/// The main task, whose future is not the engine's.
pub(super) const MAIN: u32 = 0;

/// How many bits of a packed number are the index; the rest is the run's stamp.
pub(super) const INDEX_BITS: u32 = 24;

/// The index in a packed number.
#[inline(always)]
pub(super) const fn index_of(number: u64) -> usize {
    number as usize & ((1 << INDEX_BITS) - 1)
}

/// After how many turns a run is ended.
pub(super) const STEPS_MAX: u64 = 1_000_000;

pub(super) struct Engine {
    /// The run on this thread; zero between runs.
    pub(super) stamp: Cell<u64>,
    /// The stamp and number of the task that is polled, as in its waker.
    pub(super) current: Cell<u64>,
    /// Whether it was woken since its poll began.
    pub(super) woken: Cell<bool>,
    /// The virtual time, where a future that is made can read it.
    pub(super) now_ns: Cell<u64>,
    pub(super) core: RefCell<ManuallyDrop<Core>>,
}

thread_local! {
    static ENGINE: Engine = const {
        Engine {
            stamp: Cell::new(0),
            current: Cell::new(0),
            woken: Cell::new(false),
            now_ns: Cell::new(0),
            core: RefCell::new(ManuallyDrop::new(Core::new())),
        }
    };
}

/// The engine of this thread.
#[inline(always)]
pub(super) fn engine() -> &'static Engine {
    ENGINE.with(|engine| {
        // SAFETY: a thread's engine is where it is until the thread is gone: it is made of
        // constants, and never dropped. It is not `Sync`, so that no other thread gets hold of the
        // reference.
        unsafe { &*std::ptr::from_ref(engine) }
    })
}

pub(super) struct Core {
    pub(super) stamp: u64,
    /// How many more turns there may be.
    steps_left: u64,
    /// How often an operation asked whether it goes on.
    pub(super) asked: u64,
    pub(super) current: u32,
    /// What is to be looked at before the next turn: see the bits below.
    pub(super) attention: u32,
    /// The turn that a preemption choice has decided on, and its place then.
    pub(super) preselected: (u32, u32),
    /// The task whose operation was granted and has not been taken up.
    pub(super) granted: u32,
    random: Option<ChaCha8Rng>,
    seed: u64,
    tape: Vec<u64>,
    pub(super) ready: Ready,
    pub(super) tasks: Vec<Task>,
    /// How many of them belong to this run.
    pub(super) len: usize,
    /// How many tasks have not ended or were not joined.
    pub(super) left: usize,
    pub(super) objects: Vec<Object>,
    /// How often something was taken by who held something.
    pub(super) nested: u64,
    pub(super) now_ns: u64,
    pub(super) wheel: Wheel,
    finding: Option<String>,
    /// What is to be dropped while the engine is not borrowed, and as whose.
    errand: Option<Polled>,
    beacon: Option<Arc<Beacon>>,
}

/// Bits of [`Core::attention`]: a turn is preselected.
pub(super) const PRESELECTED: u32 = 1;
/// An operation was granted and not taken up yet.
pub(super) const GRANTED: u32 = 2;
/// There is a finding.
pub(super) const FINDING: u32 = 4;
/// The wait of the task that was polled may have closed a ring.
pub(super) const RING: u32 = 8;

/// Somebody is to be told of everything: a strategy, a trace, the run's class.
pub(super) const HEARD: u32 = 16;
/// No operation gives way.
pub(super) const SHUT: u32 = 32;
/// What stays for a whole run, or until somebody takes it away. Nobody sets it here; it is asked for
/// wherever an engine that has all of that would ask.
const LASTING: u32 = HEARD | SHUT;

/// What other threads may see of a run: the watchdog which poll takes long, and a waker that is
/// called there that it was.
#[derive(Default)]
struct Beacon {
    polled: AtomicU64,
    was_woken: AtomicBool,
}

/// What one run comes to.
#[derive(Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "tests look at all of it"))]
pub(crate) struct Outcome<T> {
    /// What the program returned, or the finding.
    pub(crate) result: Result<T, String>,
    /// The choices.
    pub(crate) tape: Tape,
    /// How many turns there were.
    pub(crate) steps: u64,
    /// How many tasks, the main one included.
    pub(crate) tasks: usize,
}

/// The choices of a run: see [`unpack`]. The next run uses its allocation again.
#[derive(Debug)]
pub(crate) struct Tape(pub(crate) Vec<u64>);

impl Drop for Tape {
    #[inline]
    fn drop(&mut self) {
        if self.0.capacity() > 0 {
            let choices = std::mem::take(&mut self.0);
            give_back(engine(), choices);
        }
    }
}

#[inline(never)]
fn give_back(engine: &Engine, mut choices: Vec<u64>) {
    if let Ok(mut core) = engine.core.try_borrow_mut()
        && core.tape.capacity() == 0
    {
        choices.clear();
        std::mem::forget(std::mem::replace(&mut core.tape, choices));
    }
}

/// Label, arity and alternative taken of a choice on a tape.
#[cfg(test)]
pub(crate) fn unpack(choice: u64) -> (u64, u32, u32) {
    (choice >> 60, (choice >> 30) as u32 & 0x3fff_ffff, choice as u32 & 0x3fff_ffff)
}

/// Makes one run.
pub(crate) fn run<F, Fut>(seed: u64, program: F) -> Outcome<Fut::Output>
where
    F: FnOnce() -> Fut,
    Fut: Future,
{
    let engine = engine();
    begin(engine, seed);
    let mut output = None;
    {
        let main = pin!(async { output = Some(program().await) });
        drive(engine, main);
    }
    if engine.core.borrow().has_left() {
        drop_left(engine);
    }
    engine.core.borrow_mut().end(engine, output)
}

fn begin(engine: &Engine, seed: u64) {
    assert!(engine.stamp.get() == 0, "one run at a time");
    // Zero is none. No other run of this process has it, whichever thread that is on.
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let stamp = NEXT.fetch_add(1, Ordering::Relaxed);
    engine.stamp.set(stamp);
    let core: &mut Core = &mut engine.core.borrow_mut();
    core.stamp = stamp;
    core.seed = seed;
    core.beacon.get_or_insert_default();
    core.steps_left = STEPS_MAX;
    if core.tasks.is_empty() {
        core.tasks.push(Task::new());
    }
    core.tasks[0].state = State::Ready;
    core.len = 1;
    core.ready.push(MAIN << 1);
}

/// Polls until the main future has ended, or there is a finding.
fn drive(engine: &Engine, mut main: Pin<&mut dyn Future<Output = ()>>) {
    loop {
        let next = engine.core.borrow_mut().next();
        if let Some(mut polled) = next {
            // Caught here rather than around each poll, which would cost every turn.
            let spin = AssertUnwindSafe(|| spin(engine, main.as_mut(), &mut polled));
            if catch_unwind(spin).is_err() {
                drop_panicked(engine, polled);
            }
        }
        let errand = engine.core.borrow_mut().errand.take();
        let Some((task, body)) = errand else { return };
        drop_guarded(engine, task, body);
    }
}

/// Drops what a task that panicked has left, and ends the run.
#[cold]
#[inline(never)]
fn drop_panicked(engine: &Engine, (task, body): Polled) {
    engine.core.borrow_mut().fail(format!("task {task} panicked"));
    drop_guarded(engine, task, body);
}

/// Drops something of a task's, as that task; a panic is a finding.
#[cold]
#[inline(never)]
fn drop_guarded<T>(engine: &Engine, task: u32, left: T) {
    engine.current.set(0);
    engine.woken.set(false);
    engine.core.borrow_mut().current = task;
    if catch_unwind(AssertUnwindSafe(|| drop(left))).is_err() {
        engine.core.borrow_mut().fail(format!("task {task} panicked when it was dropped"));
    }
}

/// Drops what is left of the tasks, in the order in which they were spawned.
#[cold]
#[inline(never)]
fn drop_left(engine: &Engine) {
    let mut task = 0;
    while let Some(body) = { engine.core.borrow_mut().take_left(task) } {
        drop_guarded(engine, task, body);
        task += 1;
    }
}

/// A task, and its body, which only the main one has not.
type Polled = (u32, Option<Pin<Box<dyn Body>>>);

fn spin(engine: &Engine, mut main: Pin<&mut dyn Future<Output = ()>>, polled: &mut Polled) {
    let beacon = engine.core.borrow().beacon.clone().expect("it is made with the first run");
    loop {
        let task = polled.0;
        let number = engine.stamp.get() << INDEX_BITS | u64::from(task);
        engine.current.set(number);
        beacon.polled.store(number, Ordering::Relaxed);
        // Its drop would do nothing: it owns nothing.
        let waker = ManuallyDrop::new(waker::waker(number));
        let mut context = Context::from_waker(&waker);
        let result = match &mut polled.1 {
            Some(body) => body.as_mut().poll(&mut context),
            None => main.as_mut().poll(&mut context),
        };
        let body = polled.1.take();
        let core: &mut Core = &mut engine.core.borrow_mut();
        match result {
            Poll::Pending => {
                let record = &mut core.tasks[task as usize];
                std::mem::forget(std::mem::replace(&mut record.body, body));
                if engine.woken.replace(false) {
                    core.ready.push(task << 1);
                } else {
                    record.state = State::Idle;
                }
            }
            Poll::Ready(()) => {
                engine.woken.set(false);
                if !core.settle_returned(task, body) {
                    return;
                }
            }
        }
        if beacon.was_woken.load(Ordering::Relaxed) {
            not_here();
        }
        let Some((task, body)) = core.next() else { return };
        polled.0 = task;
        // Forgotten, because it is known to be empty: its drop need not be looked at.
        std::mem::forget(std::mem::replace(&mut polled.1, body));
    }
}

/// What Unpick has and the minimal engine has not.
#[cold]
#[inline(never)]
pub(super) fn not_here() -> ! {
    panic!("the minimal engine has no strategies, traces, classes, or futures outside of runs")
}

/// The task that is being polled is to be polled again.
#[cold]
#[inline(never)]
pub(super) fn wake_current() {
    engine().woken.set(true);
}

impl Core {
    pub(super) const fn new() -> Core {
        Core {
            stamp: 0,
            steps_left: 0,
            asked: 0,
            current: NONE,
            attention: 0,
            preselected: (NONE, 0),
            granted: NONE,
            random: None,
            seed: 0,
            tape: Vec::new(),
            ready: Ready::new(),
            tasks: Vec::new(),
            len: 0,
            left: 0,
            objects: Vec::new(),
            nested: 0,
            now_ns: 0,
            wheel: Wheel::new(),
            finding: None,
            errand: None,
            beacon: None,
        }
    }

    /// One of `arity` alternatives, on the tape.
    #[inline(always)]
    pub(super) fn choose(&mut self, arity: u32) -> u32 {
        let word = match &mut self.random {
            Some(random) => random.next_u32(),
            None => self.first_word(),
        };
        let mut product = u64::from(word) * u64::from(arity);
        if (product as u32) < arity {
            product = self.redraw(product, arity);
        }
        let taken = product >> 32;
        self.tape.push(u64::from(arity) << 30 | taken);
        taken as u32
    }

    #[cold]
    #[inline(never)]
    fn first_word(&mut self) -> u32 {
        let mut key = *b"________________unpick streams 1";
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&0_u64.to_le_bytes());
        let mut random = ChaCha8Rng::from_seed(key);
        random.set_stream(0);
        self.random.insert(random).next_u32()
    }

    #[cold]
    #[inline(never)]
    fn redraw(&mut self, mut product: u64, arity: u32) -> u64 {
        let threshold = arity.wrapping_neg() % arity;
        while (product as u32) < threshold {
            let random = self.random.as_mut().expect("a word was drawn");
            product = u64::from(random.next_u32()) * u64::from(arity);
        }
        product
    }

    /// The next turn: whose, and the body to poll. `None` when the run is over.
    #[inline(always)]
    fn next(&mut self) -> Option<Polled> {
        loop {
            let key = if self.attention != 0
                && let Some(attended) = self.attend()
            {
                if attended == NONE {
                    return None;
                }
                attended
            } else if self.ready.len() > 1 {
                let taken = self.choose(self.ready.len() as u32);
                self.ready.take(taken as usize)
            } else if self.ready.len() == 1 {
                self.ready.take(0)
            } else {
                self.idle();
                continue;
            };
            self.steps_left -= 1;
            if self.steps_left == 0 {
                self.fail(String::from("out of steps"));
                return None;
            }
            let task = key >> 1;
            if key & 1 != 0 {
                self.grant(task);
            }
            self.current = task;
            let record = &mut self.tasks[task as usize];
            record.polls = record.polls.wrapping_add(1);
            let body = record.body.take();
            if record.is_aborted {
                self.end_aborted(task, body);
                return None;
            }
            return Some((task, body));
        }
    }

    /// What comes before a turn is chosen: a turn, or `NONE` if the run is over.
    #[inline(never)]
    fn attend(&mut self) -> Option<u32> {
        if self.attention & !PRESELECTED != 0 {
            if self.attention & GRANTED != 0 {
                self.snooze();
            }
            if self.attention & RING != 0 {
                self.look_for_ring(self.current);
            }
            if self.attention & FINDING != 0 {
                return Some(NONE);
            }
            if self.attention & LASTING != 0 {
                not_here();
            }
        }
        let (key, place) = self.preselected;
        let is_preselected = self.attention & PRESELECTED != 0;
        self.attention &= LASTING;
        if is_preselected
            && (place as usize) < self.ready.len()
            && self.ready.get(place as usize) == key
        {
            return Some(self.ready.take(place as usize));
        }
        None
    }

    /// Nothing is ready: the clock moves, or the run is stuck.
    #[inline(never)]
    fn idle(&mut self) {
        if self.fire_next() {
            let now_ns = self.now_ns;
            engine().now_ns.set(now_ns);
        } else {
            let report = self.who_waits();
            self.fail(report);
        }
    }

    #[cold]
    pub(super) fn fail(&mut self, finding: String) {
        self.finding.get_or_insert(finding);
        self.attention |= FINDING;
    }

    /// A task returned. Says whether the loop goes on.
    #[inline(always)]
    fn settle_returned(&mut self, id: u32, body: Option<Pin<Box<dyn Body>>>) -> bool {
        let record = &mut self.tasks[id as usize];
        if body.is_none() {
            return false;
        }
        record.state = State::Ended;
        let joiner = std::mem::replace(&mut record.joiner, NONE);
        if record.is_detached {
            self.discard(id, body);
            return false;
        }
        std::mem::forget(std::mem::replace(&mut record.body, body));
        if joiner != NONE {
            self.wake(joiner);
        }
        true
    }

    /// Has the output dropped of a task that nobody will ask for.
    #[cold]
    #[inline(never)]
    fn discard(&mut self, id: u32, body: Option<Pin<Box<dyn Body>>>) {
        self.left -= 1;
        self.errand = Some((id, body));
    }

    /// Has a task dropped that was aborted.
    #[cold]
    #[inline(never)]
    fn end_aborted(&mut self, id: u32, body: Option<Pin<Box<dyn Body>>>) {
        let record = &mut self.tasks[id as usize];
        record.state = State::Ended;
        self.left -= usize::from(record.is_detached);
        let joiner = std::mem::replace(&mut record.joiner, NONE);
        if joiner != NONE {
            self.wake(joiner);
        }
        self.errand = Some((id, body));
    }

    fn has_left(&self) -> bool {
        self.left > 0 || self.finding.is_some()
    }

    /// The body of a task that is left when the run is over; `None` if there is no such task.
    fn take_left(&mut self, id: u32) -> Option<Option<Pin<Box<dyn Body>>>> {
        let record = self.tasks[..self.len].get_mut(id as usize)?;
        record.state = State::Ended;
        Some(record.body.take())
    }

    /// Wakes a task.
    #[inline(always)]
    pub(super) fn wake(&mut self, id: u32) {
        let Some(record) = self.tasks.get_mut(id as usize) else { return };
        if record.state == State::Idle {
            record.state = State::Ready;
            self.ready.push(id << 1);
        } else if id == self.current {
            wake_current();
        }
    }

    /// Forgets what tasks that were left have been told of.
    #[cold]
    #[inline(never)]
    fn forget_left(&mut self) {
        self.left = 0;
        self.wheel.clear();
        self.tasks.clear();
    }

    #[inline(always)]
    fn end<T>(&mut self, engine: &Engine, output: Option<T>) -> Outcome<T> {
        engine.current.set(0);
        engine.stamp.set(0);
        if self.has_left() {
            self.forget_left();
        }
        let result = match (self.finding.take(), output) {
            (None, Some(output)) => Ok(output),
            (finding, _) => Err(finding.unwrap_or_default()),
        };
        self.random = None;
        self.stamp = 0;
        engine.now_ns.set(0);
        self.wheel.clear();
        self.asked = 0;
        self.attention = 0;
        self.current = NONE;
        self.ready.clear();
        self.objects.clear();
        self.now_ns = 0;
        let tasks = std::mem::take(&mut self.len);
        let steps = STEPS_MAX - self.steps_left;
        Outcome { result, tape: Tape(std::mem::take(&mut self.tape)), steps, tasks }
    }
}
