//! Programs, worlds and models: what all property tests have in common.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use unpick_primitives::task::{sleep, spawn, timeout};
use unpick_sim::Run;
use unpick_sim::finding::Kind;
use unpick_sim::options::{Detection, Detectors, Switching};

/// How many random programs, and schedules of each in each mode.
const PROGRAMS: u32 = 150;
const SCHEDULES: u64 = 12;

/// A sequential model of a primitive.
pub(crate) trait Model: 'static {
    /// What can be observed to happen.
    type Event: Debug;
    /// What can be waited for.
    type Want: Clone + Debug;

    /// Somebody begins to wait. The answer comes back in `may_wait`.
    fn begin(&mut self, _want: &Self::Want) -> u64 {
        0
    }

    /// Somebody waits no more: it got what it wanted, or was cancelled.
    fn end(&mut self, _want: &Self::Want) {}

    /// Something happened: whether it could.
    fn happen(&mut self, event: &Self::Event) -> Result<(), String>;

    /// Whether somebody has to go on waiting although nothing moves any more.
    fn may_wait(&self, want: &Self::Want, begun: u64) -> bool;
}

/// A primitive, its model, and who waits.
pub(crate) struct World<P, M: Model> {
    pub(crate) primitive: P,
    pub(crate) model: RefCell<M>,
    waits: RefCell<BTreeMap<u64, (M::Want, u64)>>,
    log: RefCell<Vec<String>>,
}

impl<P, M: Model> World<P, M> {
    /// Tells the model that something happened.
    #[track_caller]
    pub(crate) fn happened(&self, event: M::Event) {
        self.log.borrow_mut().push(format!("{event:?}"));
        if let Err(why) = self.model.borrow_mut().happen(&event) {
            panic!("{event:?} is impossible: {why}; so far: {:?}", self.log.borrow());
        }
    }

    /// Waits for something, as the model shall know.
    pub(crate) async fn wait<F: Future>(&self, want: M::Want, future: F) -> F::Output {
        let begun = self.model.borrow_mut().begin(&want);
        let number = self.waits.borrow().keys().next_back().map_or(0, |last| last + 1);
        self.waits.borrow_mut().insert(number, (want, begun));
        let _ended = OnDrop(|| {
            let ended = self.waits.borrow_mut().remove(&number);
            ended.into_iter().for_each(|(want, _)| self.model.borrow_mut().end(&want));
        });
        future.await
    }

    /// Whoever waits must have to: says who does not.
    fn complaint(&self) -> Option<String> {
        let waits = self.waits.borrow();
        let (want, _) =
            waits.values().find(|(want, begun)| !self.model.borrow().may_wait(want, *begun))?;
        Some(format!("nothing moves, but {want:?} could; so far: {:?}", self.log.borrow()))
    }
}

/// Calls something when it is dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// One operation of a program: what, after which pause, and for how long it is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Step<O> {
    operation: O,
    pause: u64,
    patience: Option<u64>,
}

/// A few tasks with a few operations each, some of which are aborted.
#[derive(Clone, Debug)]
struct Program<O> {
    tasks: Vec<Vec<Step<O>>>,
    /// Which task, and after which time. A time-out asks an operation once more before it gives
    /// it up; an abort does not: what was granted meanwhile has to be passed on.
    aborts: Vec<(prop::sample::Index, u64)>,
}

fn programs<O: Clone + Debug + 'static>(
    operations: impl Strategy<Value = O> + 'static,
) -> impl Strategy<Value = Program<O>> {
    let patience = prop_oneof![3 => Just(None), 2 => (0..5u64).prop_map(Some)];
    let step = (operations, 0..3u64, patience);
    let step = step.prop_map(|(operation, pause, patience)| Step { operation, pause, patience });
    let tasks = prop::collection::vec(prop::collection::vec(step, 1..5), 2..5);
    let aborts = prop::collection::vec((any::<prop::sample::Index>(), 0..6u64), 0..3);
    (tasks, aborts).prop_map(|(tasks, aborts)| Program { tasks, aborts })
}

/// Holds the primitive against its model in random programs. `make` makes both; `perform`
/// carries out one operation, and says what happens.
#[track_caller]
pub(crate) fn check_model<P, M, O, Fut>(
    operations: impl Strategy<Value = O> + 'static,
    make: impl Fn(Switching) -> (P, M),
    perform: impl Fn(Rc<World<P, M>>, O) -> Fut + Copy + 'static,
) where
    P: 'static,
    M: Model,
    O: Clone + Debug + 'static,
    Fut: Future<Output = ()> + 'static,
{
    check_property(&programs(operations), PROGRAMS, |program| {
        for switching in [Switching::Cooperative, Switching::Preemptive] {
            for seed in 0..SCHEDULES {
                let (primitive, model) = make(switching);
                run_once(switching, seed, primitive, model, &program, perform)
                    .map_err(TestCaseError::fail)?;
            }
        }
        Ok(())
    });
}

/// Checks a property for so many values, always the same ones.
#[track_caller]
pub(crate) fn check_property<S: Strategy>(
    values: &S,
    cases: u32,
    check: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    if let Err(error) = TestRunner::new_with_rng(config, random).run(values, check) {
        panic!("{error}");
    }
}

fn run_once<P, M, O, Fut>(
    switching: Switching,
    seed: u64,
    primitive: P,
    model: M,
    program: &Program<O>,
    perform: impl Fn(Rc<World<P, M>>, O) -> Fut + Copy + 'static,
) -> Result<(), String>
where
    P: 'static,
    M: Model,
    O: Clone + 'static,
    Fut: Future<Output = ()> + 'static,
{
    // Woken by hand, a wait returns for nothing, which no model allows.
    let detectors = Detectors { lost_wakeups: Detection::Off, ..Detectors::DEFAULT };
    let run = Run::new().detectors(detectors);
    let run = match seed {
        0 => run.plain(),
        seed => run.seed(seed),
    };
    // Kept outside: the run's own finding, that nothing moves, would hide a panic that comes later.
    let complaint = RefCell::new(None);
    let outcome = run.switching(switching).execute(|| async {
        let world = Rc::new(World {
            primitive,
            model: RefCell::new(model),
            waits: RefCell::default(),
            log: RefCell::default(),
        });
        // The main future is dropped first, while those who wait still do.
        let _checks = OnDrop(|| *complaint.borrow_mut() = world.complaint());
        let tasks = program.tasks.iter().cloned().map(|steps| {
            let world = world.clone();
            spawn(async move {
                for Step { operation, pause, patience } in steps {
                    if pause > 0 {
                        sleep(Duration::from_micros(pause)).await;
                    }
                    let performed = perform(world.clone(), operation);
                    match patience {
                        None => performed.await,
                        Some(limit) => {
                            let _cancelled = timeout(Duration::from_micros(limit), performed).await;
                        }
                    }
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        for &(task, after) in &program.aborts {
            let victim = task.get(&tasks).abort_handle();
            spawn(async move {
                sleep(Duration::from_micros(after)).await;
                victim.abort();
            });
        }
        for task in tasks {
            // A panic is a finding; an abort is none.
            let _ended = task.await;
        }
    });
    if let Some(complaint) = complaint.take() {
        return Err(format!("{switching:?}, seed {seed}: {complaint}"));
    }
    match outcome.result {
        Ok(()) => Ok(()),
        Err(finding) if finding.kind == Kind::Deadlock => Ok(()),
        Err(finding) => Err(format!("{switching:?}, seed {seed}: {finding}")),
    }
}
