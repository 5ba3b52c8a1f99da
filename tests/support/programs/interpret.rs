//! Programs on the engine.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use unpick::sim::finding::Kind;
use unpick::sim::time::sleep;
use unpick::sim::{self, AbortHandle, JoinHandle, Outcome, Run, spawn, step, yield_now};

use super::{Body, CANCELLED, End, Op, Program, Summary, mix};
use crate::support::probed::{Channel, Lock};

/// What all tasks of a run share.
struct World {
    variables: RefCell<Vec<u64>>,
    locks: Vec<Rc<Lock>>,
    channels: Vec<Rc<Channel>>,
    /// By the order of spawning; the main task is the first.
    results: RefCell<Vec<Option<u64>>>,
    tasks: RefCell<Vec<Option<AbortHandle>>>,
}

/// What one task has to itself.
struct Local {
    register: u64,
    children: Vec<Option<JoinHandle<u64>>>,
}

/// A run of a program, and what came of it.
pub(crate) struct Executed {
    pub(crate) summary: Summary,
    pub(crate) outcome: Outcome<()>,
}

/// The program as a future that fails unless its variables end up so.
pub(crate) async fn expecting(program: &Program, expected: &[u64]) -> Result<(), String> {
    let world = Rc::new(World::new(program));
    main(Rc::clone(&world), program.main.clone()).await;
    let variables = world.variables.borrow();
    if *variables == expected { Ok(()) } else { Err(String::from("the variables differ")) }
}

/// Executes a program.
pub(crate) fn execute(run: Run, program: &Program) -> Executed {
    let mut world = None;
    let outcome = run.execute(|| {
        let here = Rc::new(World::new(program));
        world = Some(Rc::clone(&here));
        main(here, program.main.clone())
    });
    let world = world.expect("the closure is called in every run");
    let end = match &outcome.result {
        Ok(()) => End::Finished,
        Err(finding) if finding.kind == Kind::Deadlock => End::Deadlock,
        Err(finding) => End::Other(finding.to_string()),
    };
    let summary = Summary {
        end,
        variables: world.variables.borrow().clone(),
        results: world.results.borrow().clone(),
        unfinished: outcome.unfinished,
        elapsed_ns: outcome.elapsed.as_nanos(),
    };
    Executed { summary, outcome }
}

async fn main(world: Rc<World>, body: Body) {
    task(world, 0, body).await;
}

impl World {
    fn new(program: &Program) -> World {
        World {
            variables: RefCell::new(vec![0; program.variables]),
            locks: (0..program.locks).map(|_| Rc::new(Lock::new())).collect(),
            channels: program.channels.iter().map(|&c| Rc::new(Channel::new(c))).collect(),
            results: RefCell::new(vec![None]),
            tasks: RefCell::new(vec![None]),
        }
    }
}

async fn task(world: Rc<World>, number: usize, body: Body) -> u64 {
    let mut local = Local { register: number as u64, children: Vec::new() };
    perform_all(&world, &body, &mut local).await;
    world.results.borrow_mut()[number] = Some(local.register);
    local.register
}

fn perform_all<'a>(
    world: &'a Rc<World>,
    body: &'a [Op],
    local: &'a mut Local,
) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    Box::pin(async move {
        for op in body {
            perform(world, op, local).await;
        }
    })
}

async fn perform(world: &Rc<World>, op: &Op, local: &mut Local) {
    match op {
        Op::Spawn(body) => spawn_child(world, body, local),
        Op::Join(child) => {
            if let Some(handle) = local.children.get_mut(*child).and_then(Option::take) {
                let result = handle.await.unwrap_or(CANCELLED);
                local.register = mix(local.register, result);
            }
        }
        Op::Abort(task) => {
            let handle = world.tasks.borrow().get(*task).cloned().flatten();
            if let Some(handle) = handle {
                handle.abort();
            }
        }
        Op::Yield => yield_now().await,
        Op::Sleep(millis) => sleep(Duration::from_millis(*millis)).await,
        Op::Step => step().await,
        Op::Read(variable) => {
            local.register = mix(local.register, world.variables.borrow()[*variable]);
        }
        Op::Write(variable) => {
            world.variables.borrow_mut()[*variable] = local.register.wrapping_add(1);
        }
        Op::Lock(lock, body) => {
            let _guard = world.locks[*lock].acquire().await;
            perform_all(world, body, local).await;
        }
        Op::Send(channel) => {
            let channel = &world.channels[*channel];
            if channel.is_bounded() {
                channel.send(local.register).await;
            } else {
                channel.send_now(local.register);
            }
        }
        Op::Receive(channel) => {
            let message = world.channels[*channel].receive().await;
            local.register = mix(local.register, message);
        }
        Op::Draw(bound) => {
            local.register = mix(local.register, sim::pick(*bound as usize) as u64);
        }
    }
}

fn spawn_child(world: &Rc<World>, body: &Body, local: &mut Local) {
    let number = world.tasks.borrow().len();
    world.results.borrow_mut().push(None);
    let handle = spawn(task(Rc::clone(world), number, body.clone()));
    world.tasks.borrow_mut().push(Some(handle.abort_handle()));
    local.children.push(Some(handle));
}
