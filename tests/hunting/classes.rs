//! The hash of a run's class, against a comparison that looks at every event.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use unpick::primitives::{Lock, Queue, Semaphore};
use unpick::sim::choice::Label;
use unpick::sim::class::Class;
use unpick::sim::options::{Detection, Options, Switching, TimeModel};
use unpick::sim::probe::Access;
use unpick::sim::strategy::Systematic;
use unpick::sim::tape::Tape;
use unpick::sim::time::sleep;
use unpick::sim::trace::{EventKind, ObjectRef, TaskRef, Trace};
use unpick::sim::{AbortHandle, Shared, spawn, step, yield_now};
use unpick::{Run, event};

/// One thing that a task does; the number says to which object.
#[derive(Clone, Copy, Debug)]
enum Op {
    Lock(usize),
    TryLock(usize),
    Put(usize),
    Get(usize),
    Permit,
    Read(usize),
    Write(usize),
    ReadLater(usize),
    Yield,
    Step,
    Sleep(u64),
    Abort(usize),
    IsFinished(usize),
    Draw,
}

type Program = Vec<Vec<Op>>;

/// Two or three tasks of up to three operations each.
fn generate(seed: u64) -> Program {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut below = move |bound: u64| (random.next_u64() % bound) as usize;
    let tasks = 2 + below(2);
    let length = if tasks == 2 { 4 } else { 3 };
    let mut task = |_| {
        let count = 1 + below(length);
        let mut op = |_| match below(16) {
            0 | 1 => Op::Lock(below(2)),
            2 => Op::TryLock(below(2)),
            3 => Op::Put(below(2)),
            4 => Op::Get(below(2)),
            5 => Op::Permit,
            6 | 7 => Op::Read(below(2)),
            8 | 9 => Op::Write(below(2)),
            10 => Op::ReadLater(below(2)),
            11 => [Op::Yield, Op::Step][below(2)],
            12 => Op::Sleep(1 + below(2) as u64),
            13 => Op::Abort(below(2)),
            14 => Op::IsFinished(below(2)),
            _ => Op::Draw,
        };
        (0..count).map(&mut op).collect()
    };
    (0..tasks).map(&mut task).collect()
}

struct World {
    locks: [Lock<()>; 2],
    queues: [Queue<u32>; 2],
    semaphore: Semaphore,
    variables: [Shared<u32>; 2],
    tasks: std::cell::RefCell<Vec<AbortHandle>>,
}

async fn perform(world: Rc<World>, ops: Vec<Op>) {
    for op in ops {
        match op {
            Op::Lock(lock) => drop(world.locks[lock].lock().await),
            Op::TryLock(lock) => drop(world.locks[lock].try_lock()),
            Op::Put(queue) => drop(world.queues[queue].put(1).await),
            Op::Get(queue) => drop(world.queues[queue].get().await),
            Op::Permit => drop(world.semaphore.acquire().await),
            Op::Read(variable) => assert!(world.variables[variable].get() < 2),
            Op::Write(variable) => world.variables[variable].set(1),
            Op::ReadLater(variable) => assert!(world.variables[variable].read().await < 2),
            Op::Yield => {
                event!("yields");
                yield_now().await;
            }
            Op::Step => step().await,
            Op::Sleep(millis) => sleep(Duration::from_millis(millis)).await,
            Op::Abort(task) => {
                let was_unfinished = world.tasks.borrow()[task].abort();
                event!("aborted: {was_unfinished}");
            }
            Op::IsFinished(task) => {
                let is_finished = world.tasks.borrow()[task].is_finished();
                event!("finished: {is_finished}");
            }
            Op::Draw => assert!(unpick::sim::pick(2) < 2),
        }
    }
}

fn program(program: &Program) -> Pin<Box<dyn Future<Output = ()> + '_>> {
    Box::pin(async move {
        let world = Rc::new(World {
            locks: [Lock::new(()), Lock::new(())],
            queues: [Queue::new(1), Queue::new(1)],
            semaphore: Semaphore::new(1),
            variables: [Shared::synchronized(0), Shared::synchronized(0)],
            tasks: std::cell::RefCell::default(),
        });
        let tasks = program.iter().map(|ops| spawn(perform(world.clone(), ops.clone())));
        let tasks: Vec<_> = tasks.collect();
        let handles = tasks.iter().map(|task| task.abort_handle());
        world.tasks.borrow_mut().extend(handles);
        for task in tasks {
            let _may_be_aborted = task.await;
        }
    })
}

/// What a run comes to apart from the order of independent operations, written down in full. An
/// operation is named by its task, its number in it, and what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Form {
    /// Of each object, in order, what changed it, and as one group what read it in between.
    /// Groups of reads stand at even places, and may be empty.
    objects: BTreeMap<String, Vec<BTreeSet<Named>>>,
    /// Of each step that touches everything, all that came before.
    everything: Vec<(Named, BTreeSet<Named>)>,
    /// What tasks did that concerns only themselves.
    own: BTreeSet<Named>,
}

type Named = (u32, usize, String);

/// The clock, as a task.
const CLOCK: u32 = u32::MAX;

/// Puts a form together, event by event.
#[derive(Default)]
struct Naive {
    form: Form,
    before: BTreeSet<Named>,
    counts: BTreeMap<u32, usize>,
    /// Which task waits for which object.
    waiting: BTreeSet<(u32, Option<String>)>,
    /// Tasks in an await of which nothing is known.
    unknown: BTreeSet<u32>,
    /// The task whose poll began in one.
    poll: Option<u32>,
}

impl Naive {
    fn name(&mut self, task: u32, what: &str) -> Named {
        let count = self.counts.entry(task).or_default();
        *count += 1;
        (task, *count, what.to_owned())
    }

    fn own(&mut self, task: u32, what: &str) {
        let named = self.name(task, what);
        self.form.own.insert(named);
    }

    fn operation(&mut self, task: u32, object: Option<String>, access: Access, what: &str) {
        let before = self.before.clone();
        let named = self.name(task, what);
        self.before.insert(named.clone());
        let Some(object) = object else {
            self.form.everything.push((named, before));
            return;
        };
        let groups = self.form.objects.entry(object).or_insert_with(|| vec![BTreeSet::new()]);
        match access {
            Access::Change => groups.extend([BTreeSet::from([named]), BTreeSet::new()]),
            Access::Read => drop(groups.last_mut().map(|reads| reads.insert(named))),
        }
    }

    /// The poll of a task is over that began in an await of which nothing is known.
    fn end_poll(&mut self) {
        if let Some(task) = self.poll.take() {
            self.operation(task, None, Access::Change, "unknown");
        }
    }

    fn abort(&mut self, task: u32, other: u32) {
        let at = self.counts.get(&other).copied().unwrap_or(0);
        let named = self.name(task, &format!("aborts {other} at {at}"));
        self.before.insert(named.clone());
        self.form.own.insert(named);
    }
}

fn form_of(trace: &Trace) -> Form {
    let mut naive = Naive::default();
    let title = |object: ObjectRef| trace.objects[object.0 as usize].title.clone();
    for event in &trace.events {
        let task = event.task.map_or(0, |task| task.0);
        if let EventKind::Step { .. } | EventKind::Ended { .. } | EventKind::ClockJumped { .. } =
            event.kind
        {
            naive.end_poll();
        }
        match &event.kind {
            EventKind::Ended { task: TaskRef(0), .. } => break,
            EventKind::Step { .. } if naive.unknown.remove(&task) => naive.poll = Some(task),
            EventKind::Said { text, .. } if text == "yields" => {
                naive.poll = Some(task);
                naive.end_poll();
                naive.unknown.insert(task);
            }
            EventKind::Said { text, .. } => naive.own(task, text),
            EventKind::Choice { choice, .. } if choice.label() == Label::Data => {
                naive.own(task, &format!("draws {}", choice.taken()));
            }
            EventKind::Blocked(operation) => {
                let object = operation.object.map(title);
                naive.waiting.insert((task, object.clone()));
                naive.operation(task, object, Access::Change, operation.name);
            }
            EventKind::Withdrawn(operation) => {
                let object = operation.object.map(title);
                if naive.waiting.remove(&(task, object.clone())) {
                    naive.operation(task, object, Access::Change, "leaves");
                }
            }
            EventKind::Executed(operation) => {
                let object = operation.object.map(title);
                naive.waiting.remove(&(task, object.clone()));
                naive.operation(task, object, operation.access, operation.name);
            }
            EventKind::SharedRead { object, .. } => {
                naive.operation(task, Some(title(*object)), Access::Read, "get");
            }
            EventKind::SharedWritten { object, .. } => {
                naive.operation(task, Some(title(*object)), Access::Change, "set");
            }
            EventKind::ClockJumped { .. } => naive.operation(CLOCK, None, Access::Change, "jump"),
            EventKind::AbortRequested { task: other } => naive.abort(task, other.0),
            _ => {}
        }
    }
    naive.form
}

fn options(switching: Switching, time: TimeModel) -> Options {
    Options { switching, time, classes: Detection::On, ..Options::default() }
}

/// Every run of a program, as its hash and its form; `None` if there are too many.
fn enumerate(ops: &Program, options: &Options, runs_max: usize) -> Option<Vec<(Class, Form)>> {
    let mut systematic = Systematic::new();
    let mut tapes = Vec::new();
    loop {
        let run = Run::with(options.clone()).strategy(systematic.strategy());
        let tape = run.execute(|| program(ops)).tape;
        let is_last = !systematic.advance(&tape);
        tapes.push(tape);
        if is_last {
            break;
        }
        if tapes.len() >= runs_max {
            return None;
        }
    }
    // Forms are what takes time.
    let again = |tape: &Tape| {
        let run = Run::with(options.clone()).traced().replay(tape);
        let outcome = run.execute(|| program(ops));
        let trace = outcome.trace.expect("the run is traced");
        (outcome.class.expect("classes are hashed"), form_of(&trace))
    };
    Some(tapes.iter().map(again).collect())
}

#[test]
fn equal_hashes_are_equal_classes_and_the_other_way_round() {
    let (mut compared, mut runs, mut classes) = (0, 0, 0);
    for seed in 0..130 {
        let ops = generate(seed);
        for (switching, time) in [
            (Switching::Preemptive, TimeModel::Exact),
            (Switching::Cooperative, TimeModel::Exact),
            (Switching::Preemptive, TimeModel::Stalling),
        ] {
            let Some(made) = enumerate(&ops, &options(switching, time), 400) else { continue };
            let mut form_of_class = BTreeMap::new();
            for (class, form) in &made {
                let known = form_of_class.entry(*class).or_insert(form);
                assert_eq!(*known, form, "one hash, two classes: seed {seed}, {ops:?}");
            }
            let forms: BTreeSet<&Form> = made.iter().map(|(_, form)| form).collect();
            assert_eq!(form_of_class.len(), forms.len(), "one class, two hashes: {seed}, {ops:?}");
            compared += 1;
            runs += made.len();
            classes += forms.len();
        }
    }
    assert!(compared > 120 && runs > 3 * classes, "{compared}, {runs} runs, {classes} classes");
}

/// The classes among all runs of a program.
#[track_caller]
fn check_classes<F: Future<Output = ()>>(program: impl Fn() -> F, runs: usize, classes: usize) {
    let mut systematic = Systematic::new();
    let (mut found, mut made) = (BTreeSet::new(), 0);
    loop {
        let options = options(Switching::Preemptive, TimeModel::Exact);
        let run = Run::with(options).strategy(systematic.strategy());
        let outcome = run.execute(&program);
        found.insert(outcome.class.expect("classes are hashed"));
        made += 1;
        if !systematic.advance(&outcome.tape) {
            break;
        }
    }
    assert_eq!((made, found.len()), (runs, classes));
}

/// Two tasks that do this.
async fn two<F: Future<Output = ()> + 'static>(task: impl Fn(usize) -> F) {
    for task in [spawn(task(0)), spawn(task(1))] {
        task.await.expect("nobody aborts it");
    }
}

#[test]
fn tasks_with_locks_of_their_own_have_one_class() {
    let own = |_| async {
        let lock = Lock::new(());
        drop(lock.lock().await);
        drop(lock.lock().await);
    };
    check_classes(|| two(own), 35, 1);
}

#[test]
fn reads_commute_and_writes_do_not() {
    let reads = || async {
        let shared = Rc::new(Shared::synchronized(0));
        two(|_| {
            let shared = shared.clone();
            async move { assert_eq!(shared.read().await, 0) }
        })
        .await;
    };
    check_classes(reads, 10, 1);
    let writes = || async {
        let shared = Rc::new(Shared::synchronized(0));
        two(|number| {
            let shared = shared.clone();
            async move { shared.write(number).await }
        })
        .await;
    };
    check_classes(writes, 10, 2);
}

#[test]
fn a_yield_may_touch_anything() {
    check_classes(|| two(|_| yield_now()), 10, 6);
}

#[test]
fn the_order_in_which_tasks_wait_for_a_lock_is_part_of_the_class() {
    let program = || async {
        let lock = Rc::new(Lock::new(()));
        let guard = lock.lock().await;
        let wait = |lock: Rc<Lock<()>>| async move { drop(lock.lock().await) };
        let tasks = [spawn(wait(lock.clone())), spawn(wait(lock.clone()))];
        yield_now().await;
        yield_now().await;
        drop(guard);
        for task in tasks {
            task.await.expect("nobody aborts it");
        }
    };
    let mut classes = BTreeSet::new();
    for seed in 0..400 {
        let options = options(Switching::Cooperative, TimeModel::Exact);
        let outcome = Run::with(options).seed(seed).execute(program);
        classes.insert(outcome.class.expect("classes are hashed"));
    }
    assert!(classes.len() >= 2, "{classes:?}");
}

/// Reports compare classes across processes and machines.
#[test]
fn a_class_is_pinned() {
    let ops = vec![
        vec![Op::Lock(0), Op::Write(0), Op::Yield, Op::Put(0), Op::Sleep(1)],
        vec![Op::Lock(0), Op::Read(0), Op::Draw, Op::Get(0), Op::IsFinished(0), Op::Abort(0)],
    ];
    let options = options(Switching::Preemptive, TimeModel::Stalling);
    let outcome = Run::with(options).seed(0x5eed).execute(|| program(&ops));
    assert_eq!(
        outcome.class.map(|class| class.to_string()).as_deref(),
        Some("41894b1b79be4b7cb1d62f8c52fb0313")
    );
}
