//! A run from its beginning to its end: what is set up, and how everything is put away.

use std::cell::OnceCell;
use std::future::Future;
use std::mem::{replace, take};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::detectors::Quiet;
use super::events::Events;
use super::faults::FaultState;
use super::ids::{Packed, STAMP_MAX, Stamp, TaskId, Turn};
use super::tasks::{Aside, Duty, Joiner, Leftover, State, Task, TaskBody};
use super::{
    Core, ENGINE, Engine, Heed, Leaving, OperationRecord, PollState, RECENT, Timer, drive, engine,
    with_run,
};
use crate::choice::Choice;
use crate::finding::{Finding, Kind};
use crate::options::{Options, Switching, Tracing};
use crate::panics;
use crate::probe::{self, Manner, Standing};
use crate::run::Outcome;
use crate::seed::RunId;
use crate::strategy::{Chooser, Notice};
use crate::tape::Tape;
use crate::time::{Instant, TimerSource};
use crate::trace::{Ending, EventKind};

pin_project! {
    /// The main future, with a place for its output.
    struct Main<F: Future> {
        #[pin]
        future: Option<F>,
        output: Option<F::Output>,
    }
}

impl<F: Future> Future for Main<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let future = this.future.as_pin_mut().expect("main is polled while it is there");
        future.poll(cx).map(|output| *this.output = Some(output))
    }
}

/// How long a tape is made room for beforehand, at the most.
const TAPE_ROOM_MAX: usize = 1 << 18;

/// Whether this thread is inside a run.
#[inline]
pub(crate) fn is_inside() -> bool {
    engine().stamp.get() != Stamp::NONE
}

/// Carries out one run on this thread, which must not be inside one. The output is there unless
/// the run was ended by a finding; what else came of it is in [`outcome`] then.
pub(crate) fn execute<F, Fut>(
    options: Options,
    run: RunId,
    chooser: Chooser,
    manner: Manner,
    program: F,
) -> (Option<Fut::Output>, Standing)
where
    F: FnOnce() -> Fut,
    Fut: Future,
{
    panics::install_hook();
    let stamp = begin(options, run, chooser);
    let abandoned = Abandoned(stamp);
    let mut output = None;
    let companion = probe::companion();
    let begun = || {
        if let Some(companion) = companion {
            (companion.begin)(manner);
        }
        program()
    };
    match catch_unwind(AssertUnwindSafe(begun)) {
        Ok(future) => {
            let mut main = pin!(Main { future: Some(future), output: None });
            drive::drive(stamp, main.as_mut());
            begin_teardown();
            drop_guarded(TaskId::MAIN, || main.as_mut().project().future.set(None));
            output = main.as_mut().project().output.take();
        }
        Err(panic) => {
            let message = panics::caught(panic);
            with_run(|core| {
                core.fail_panicked(TaskId::MAIN, message);
                core.tasks[TaskId::MAIN.index()].ending = Some(Ending::Panicked);
            });
            begin_teardown();
        }
    }
    if with_run(|core| core.has_nothing_left()) != Some(true) {
        drop_tasks();
        drop_rest();
        if with_run(|core| core.finding.is_some()) == Some(true) {
            // Nobody will take it, and its drop is still the program's code.
            drop_guarded(TaskId::MAIN, || drop(output.take()));
            drop_tasks();
            drop_rest();
        }
    }
    let mut standing = Standing::Stands;
    if let Some(companion) = companion.filter(|_| manner == Manner::OnTrial) {
        drop_guarded(TaskId::MAIN, || standing = (companion.end)());
        if standing == Standing::Void {
            drop_tasks();
            drop_rest();
        }
    }
    end(standing);
    std::mem::forget(abandoned);
    (output, standing)
}

/// What came of the run that this thread has made last, which returned this or has a finding. To be
/// asked for once.
pub(crate) fn outcome<T>(output: Option<T>, standing: Standing) -> Outcome<T> {
    engine().core.borrow_mut().take_outcome(output, standing)
}

/// Keeps the allocation of a tape that is dropped for the next run of this thread, unless it has
/// one or this is not worth its memory.
#[inline(never)]
pub(crate) fn give_back(mut choices: Vec<Choice>) {
    if choices.capacity() > TAPE_ROOM_MAX {
        return;
    }
    choices.clear();
    let engine = engine();
    if let Ok(mut core) = engine.core.try_borrow_mut()
        && core.tape.capacity() == 0
    {
        // Forgotten, because it is known to be empty: its drop need not be looked at.
        std::mem::forget(replace(&mut core.tape, choices));
    }
}

/// Leaves the run with this stamp when a panic gets out of it, which only a strategy or the
/// engine itself can bring about: the thread can make another run after that.
struct Abandoned(Stamp);

impl Drop for Abandoned {
    fn drop(&mut self) {
        ENGINE.with(|engine| {
            if engine.stamp.get() != self.0 {
                return;
            }
            engine.stamp.set(Stamp::NONE);
            engine.polled.set(Packed::NONE);
            let Ok(mut core) = engine.core.try_borrow_mut() else { return };
            core.beacon().end();
            let beacon = core.beacon.take();
            let mut left = replace(&mut **core, Core::new());
            core.beacon = beacon.map(OnceCell::from).unwrap_or_default();
            left.beacon = OnceCell::new();
            // The program's futures are not dropped: that would run its code, outside of its
            // run and while unwinding.
            std::mem::forget(left);
        });
    }
}

/// How many stamps a thread takes at a time, so that threads do not meet at each run.
const STAMPS: u64 = 1024;

/// A stamp that no other run of this process has.
#[inline]
fn new_stamp(engine: &Engine) -> Stamp {
    let (next, end) = engine.stamps.get();
    if next == end {
        return take_stamps(engine);
    }
    engine.stamps.set((next + 1, end));
    Stamp(next)
}

#[cold]
fn take_stamps(engine: &Engine) -> Stamp {
    // Zero is none.
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let first = NEXT.fetch_add(STAMPS, Ordering::Relaxed);
    let end = first + STAMPS;
    assert!(end <= STAMP_MAX, "this process has made {STAMP_MAX} runs, which is its limit");
    engine.stamps.set((first + 1, end));
    Leaving::prepare();
    Stamp(first)
}

fn begin(options: Options, run: RunId, chooser: Chooser) -> Stamp {
    // One that nobody asked for, such as that of a panic that the program handled.
    panics::take_place();
    let engine = engine();
    let stamp = new_stamp(engine);
    let core: &mut Core = &mut engine.core.borrow_mut();
    core.stamp = stamp;
    core.run = run;
    core.options = options;
    core.is_asking = matches!(chooser, Chooser::Strategy(_));
    core.chooser = chooser;
    core.classes.begin(core.options.classes);
    core.elapsed_max_ns = (Instant::START + core.options.elapsed_max).as_nanos();
    core.open_eye_from(core.options.steps_max.saturating_sub(RECENT), 0);
    core.streams.restart(run);
    core.tape.reserve(core.tape_room);
    // What is not asked for is not there: the last run has put its own away.
    if core.options.tracing != Tracing::Off {
        core.listen_for_a_trace(core.options.tracing);
    }
    let is_traced = core.events.is_some();
    engine.is_traced.set(is_traced);
    let is_heard = core.is_asking || is_traced;
    core.heed = Heed::NOTHING;
    core.heed.set(Heed::HEARD, is_heard);
    core.heed.set(Heed::FOLLOWED, is_heard);
    core.heed.set(Heed::WATCHED, is_heard || core.classes.is_on());
    core.beacon().begin(stamp, run, core.options.poll_max);
    core.tasks.begin();
    if core.is_asking {
        core.tell(Notice::Spawned { task: 0, parent: 0, path: Task::MAIN.path });
    }
    core.make_ready(Turn::Resume(TaskId::MAIN));
    core.set_current(Some(TaskId::MAIN));
    if core.options.faults.is_any() {
        core.faults = FaultState::new(core.options.faults);
    }
    core.heed.set(Heed::ATTENTION, core.is_watchful());
    core.gates_shut = u32::from(core.options.switching == Switching::Cooperative);
    engine.stamp.set(stamp);
    stamp
}

fn begin_teardown() {
    with_run(|core| {
        core.conclude();
        core.teardown = true;
        core.gates_shut += 1;
        core.conclude_class();
        core.record_left_behind(TaskId::MAIN);
    });
}

/// Drops something of a task's as that task. A panic is a finding.
fn drop_guarded(task: TaskId, drop: impl FnOnce()) {
    with_run(|core| core.set_current(Some(task)));
    if let Err(panic) = catch_unwind(AssertUnwindSafe(drop)) {
        let message = panics::caught(panic);
        with_run(|core| core.fail_panicked(task, message));
    }
}

/// Drops a task of this run where it stands, from the code of another: it ends as cancelled. One
/// that is being polled or dropped is aborted instead. Says whether it was unfinished.
pub(crate) fn drop_task_now(stamp: Stamp, task: TaskId) -> bool {
    let taken = with_run(|core| (core.stamp == stamp).then(|| core.take_unfinished(task)));
    match taken.flatten() {
        None | Some(Unfinished::Ended) => false,
        Some(Unfinished::Running) => true,
        Some(Unfinished::Resting(body, dropper)) => {
            with_run(|core| core.order_drop(dropper, task));
            drop_guarded(task, || drop(body));
            with_run(|core| {
                core.end_task(task, Ending::Cancelled);
                core.set_current(dropper);
                core.order_dropped(dropper, task);
                core.order_after_end(task);
            });
            true
        }
    }
}

/// What `drop_task_now` finds.
enum Unfinished {
    /// Nothing: the task has ended.
    Ended,
    /// The task's own code is running: it was aborted.
    Running,
    /// The task's body, and the task whose code asked for it.
    Resting(TaskBody, Option<TaskId>),
}

/// Drops the tasks in the order in which they were spawned, and those that they spawn meanwhile.
fn drop_tasks() {
    let mut from = TaskId(1);
    while let Some((task, remains)) = with_run(|core| core.take_remains(from)).flatten() {
        drop_guarded(task, || drop(remains));
        from = TaskId(task.0 + 1);
    }
}

/// Drops what the engine keeps for others, and whatever those drops leave, until nothing is left:
/// the drop of a source of timers may spawn, sleep and wake like any other code.
fn drop_rest() {
    while let Some(rest) = with_run(Core::take_rest).flatten() {
        drop_guarded(TaskId::MAIN, || drop(rest));
        drop_tasks();
    }
}

/// What the engine keeps for others.
type Rest = (Vec<Timer>, Vec<OperationRecord>, Vec<Waker>, Option<Box<dyn TimerSource>>);

/// What a task still has when its run is over.
type Remains = (Option<TaskBody>, Option<Joiner>);

impl Core {
    /// What must be dropped of the first task from here on that has anything left.
    fn take_remains(&mut self, from: TaskId) -> Option<(TaskId, Remains)> {
        self.current = None;
        for index in from.index()..self.tasks.len() {
            let task = &mut self.tasks[index];
            if task.state == State::Ended && task.leftover == Leftover::Taken {
                continue;
            }
            self.left -= 1;
            let id = TaskId(index as u32);
            if task.state != State::Ended && task.new.duty == Duty::Finite {
                self.unfinished += 1;
            }
            self.record_left_behind(id);
            let task = &mut self.tasks[index];
            task.state = State::Ended;
            task.leftover = Leftover::Taken;
            let body = task.body.take();
            return Some((id, (body, self.take_joiner(id))));
        }
        debug_assert_eq!(self.left, 0, "nothing is left of any task; a bug in unpick");
        None
    }

    /// Whether the run has passed and left nothing but its output: all of its tasks have ended and
    /// were joined, or nobody wanted to, and nothing is kept for others.
    fn has_nothing_left(&self) -> bool {
        self.finding.is_none() && self.left == 0 && self.keeps_nothing()
    }

    fn keeps_nothing(&self) -> bool {
        self.operations.is_empty()
            && self.timers.is_empty()
            && self.wakes.is_empty()
            && self.source.is_none()
    }

    /// What the engine still keeps for others, if it keeps anything.
    fn take_rest(&mut self) -> Option<Rest> {
        if self.keeps_nothing() {
            return None;
        }
        let operations = self.operations.clear();
        let wakes = take(&mut self.wakes);
        let rest = (self.timers.clear(), operations, wakes, self.source.take());
        let is_bare = rest.0.is_empty() && rest.1.is_empty() && rest.2.is_empty();
        (!is_bare || rest.3.is_some()).then_some(rest)
    }

    fn take_unfinished(&mut self, id: TaskId) -> Unfinished {
        match self.tasks[id.index()].state {
            State::Ended => return Unfinished::Ended,
            State::Running => {}
            State::Idle | State::Ready => {
                self.record(move |_| EventKind::AbortRequested { task: id.into() });
                self.order_between(id);
                self.withdraw_turns(id);
                self.make_unready(Turn::Resume(id));
                let task = &mut self.tasks[id.index()];
                // From here on its wakers are inert: it is as good as ended.
                task.state = State::Ended;
                if let Some(body) = task.body.take() {
                    return Unfinished::Resting(body, self.current);
                }
            }
        }
        self.abort(id);
        Unfinished::Running
    }

    /// Whose code runs, outside of a turn.
    fn set_current(&mut self, task: Option<TaskId>) {
        self.current = task;
        self.poll_number = task.map_or(0, |task| self.tasks[task.index()].polls);
    }

    fn record_left_behind(&mut self, id: TaskId) {
        if self.tasks[id.index()].state != State::Ended {
            // Main is ended by its panic only here.
            let ending = self.tasks[id.index()].ending;
            let how = ending.unwrap_or(Ending::LeftBehind);
            let current = replace(&mut self.current, ending.map(|_| id));
            self.record(move |_| EventKind::Ended { task: id.into(), how });
            self.current = current;
        }
    }
}

/// Puts everything away, keeping allocations for the next run, but for what came of this one.
fn end(standing: Standing) {
    with_run(|core| {
        if core.beacon().was_woken() {
            core.fail_woken_from_elsewhere();
        }
        if standing == Standing::Stands {
            core.finish_strategy();
        }
        if core.finding.is_some() {
            core.note_keepers();
        } else if core.objects.are_held() {
            core.note_forgotten_guards();
        }
        let events = core.events.take().filter(|_| core.keeps_a_trace());
        core.trace = events.map(|events| Box::new(core.bind_trace(events)));
        core.beacon().end();
        core.put_rare_away();
        core.stamp = Stamp::NONE;
        core.put_tasks_away();
        core.ready.clear();
        core.current = None;
        core.poll = PollState::NEW;
        core.granted = Packed::NONE;
        core.entering = None;
        core.hashing_order = None;
        core.told_at = (0, 0);
        core.wakers = 0;
        core.messages = 0;
        core.teardown = false;
        core.recent.clear();
        core.ring_from = None;
        core.suspected.clear();
        core.looked_further = 0;
        core.quiet = Quiet::default();
        core.objects.clear();
        core.notes.clear();
        core.free_objects.clear();
        core.object_numbers.clear();
        // What they had was handed out.
        core.operations.clear();
        core.timers.clear();
        // Somewhat more: the next run may be somewhat longer.
        core.tape_room = (core.tape.len() + core.tape.len() / 2).min(TAPE_ROOM_MAX);
    });
    engine().stamp.set(Stamp::NONE);
}

impl Core {
    #[expect(clippy::result_large_err, reason = "what makes it is inlined into where it goes")]
    fn take_outcome<T>(&mut self, output: Option<T>, standing: Standing) -> Outcome<T> {
        match output {
            Some(output) if !self.has_rare_outcome() => self.plain_outcome(|| Ok(output), standing),
            output => self.take_rare_outcome(output, standing),
        }
    }

    fn has_rare_outcome(&self) -> bool {
        self.finding.is_some()
            || self.divergence.is_some()
            || self.trace.is_some()
            || self.lock_order.is_some()
            || !self.remarks.is_empty()
            || !self.properties.is_empty()
    }

    /// What came of a run, without what comes of few. Made in its place, as it is large.
    #[inline(always)]
    fn plain_outcome<T>(
        &mut self,
        result: impl FnOnce() -> Result<T, Finding>,
        standing: Standing,
    ) -> Outcome<T> {
        let Options { switching, time, classes, .. } = self.options;
        let class = self.classes.end(classes);
        Outcome {
            result: result(),
            divergence: None,
            remarks: Vec::new(),
            held: take(&mut self.left_held),
            tape: Tape { switching, time, choices: take(&mut self.tape) },
            properties: Vec::new(),
            trace: None,
            nested: Vec::new(),
            steps: take(&mut self.steps),
            tasks: take(&mut self.tasks_made),
            unfinished: take(&mut self.unfinished),
            elapsed: Instant::from_nanos(take(&mut self.now_ns)),
            class: class.map(|(class, _)| class),
            awaits: class.map(|(_, awaits)| awaits),
            chooser: replace(&mut self.chooser, Chooser::RandomWalk),
            standing,
        }
    }

    #[expect(clippy::result_large_err, reason = "what makes it is inlined into where it goes")]
    #[cold]
    #[inline(never)]
    fn take_rare_outcome<T>(&mut self, output: Option<T>, standing: Standing) -> Outcome<T> {
        let result = match (self.finding.take(), output) {
            (Some(finding), _) => Err(*finding),
            (None, Some(output)) => Ok(output),
            (None, None) => {
                let message = "the run ended without an output; this is a bug in unpick";
                Err(Finding::new(Kind::Error, message, self.now()))
            }
        };
        let mut outcome = self.plain_outcome(|| result, standing);
        outcome.divergence = self.divergence.take();
        outcome.remarks = take(&mut self.remarks);
        outcome.properties = take(&mut self.properties);
        outcome.trace = self.trace.take().map(|trace| *trace);
        outcome.nested = self.take_nested();
        outcome
    }

    #[cold]
    #[inline(never)]
    fn listen_for_a_trace(&mut self, tracing: Tracing) {
        self.events = match tracing {
            Tracing::Off => None,
            Tracing::On => Some(Events::default()),
            Tracing::Last(last) => Some(Events::last(last)),
        };
        self.losses = Some(Box::default());
    }

    /// Drops what most runs do not have. That it is not there is asked first: their drops are
    /// calls.
    #[inline]
    fn put_rare_away(&mut self) {
        let has_any = self.losses.is_some()
            || self.faults.is_some()
            || self.detectors.is_some()
            || self.by_hand.is_some()
            || !self.watches.is_empty();
        if has_any {
            self.drop_rare();
        }
    }

    #[cold]
    #[inline(never)]
    fn drop_rare(&mut self) {
        self.losses = None;
        self.faults = None;
        if let Some(mut detectors) = self.detectors.take() {
            detectors.clear();
            self.spare_detectors = Some(detectors);
        }
        self.by_hand = None;
        self.watches.clear();
    }

    /// Forgets the tasks, of which nothing is left but bodies for tasks of later runs.
    fn put_tasks_away(&mut self) {
        self.tasks_made = self.tasks.len();
        self.tasks.clear();
        // Mostly the main task is the only one of which there is anything, and it joins again.
        self.asides.truncate(1);
        if let [main] = &mut self.asides[..] {
            *main = Aside::default();
        }
        self.joiners.clear();
        if !self.panicked.is_empty() {
            self.panicked.clear();
        }
    }

    /// Lets the strategy say whether the run was what it expected.
    fn finish_strategy(&mut self) {
        let Chooser::Strategy(strategy) = &mut self.chooser else { return };
        if let Err(divergence) = strategy.finish(&self.tape) {
            self.fail_diverged(divergence);
        }
    }
}
