//! Programs on the library's own primitives: its locks, and queues for channels.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use unpick::primitives::{Lock, Queue};
use unpick::sim::time::sleep;
use unpick::sim::{self, AbortHandle, JoinHandle, Outcome, Run, spawn, step, yield_now};

use super::{Body, CANCELLED, Op, Program, mix};

/// What all tasks of a run share.
struct World {
    variables: RefCell<Vec<u64>>,
    locks: Vec<Lock<()>>,
    channels: Vec<Queue<u64>>,
    tasks: RefCell<Vec<Option<AbortHandle>>>,
}

/// What one task has to itself.
struct Local {
    register: u64,
    children: Vec<Option<JoinHandle<u64>>>,
}

/// Executes a program.
pub(crate) fn execute_on_primitives(run: Run, program: &Program) -> Outcome<()> {
    run.execute(|| {
        let world = Rc::new(World {
            variables: RefCell::new(vec![0; program.variables]),
            locks: (0..program.locks).map(|_| Lock::new(())).collect(),
            channels: program.channels.iter().map(|size| Queue::new(size.unwrap_or(0))).collect(),
            tasks: RefCell::new(vec![None]),
        });
        let body = program.main.clone();
        async move {
            task(world, 0, body).await;
        }
    })
}

async fn task(world: Rc<World>, number: usize, body: Body) -> u64 {
    let mut local = Local { register: number as u64, children: Vec::new() };
    perform_all(&world, &body, &mut local).await;
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
        Op::Spawn(body) => {
            let number = world.tasks.borrow().len();
            let handle = spawn(task(Rc::clone(world), number, body.clone()));
            world.tasks.borrow_mut().push(Some(handle.abort_handle()));
            local.children.push(Some(handle));
        }
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
            let _guard = world.locks[*lock].lock().await;
            perform_all(world, body, local).await;
        }
        Op::Send(channel) => {
            let queue = &world.channels[*channel];
            if queue.maxsize() > 0 {
                queue.put(local.register).await.expect("nobody shuts it down");
            } else {
                queue.put_nowait(local.register).expect("it has no bound");
            }
        }
        Op::Receive(channel) => {
            let message = world.channels[*channel].get().await.expect("nobody shuts it down");
            local.register = mix(local.register, message);
        }
        Op::Draw(bound) => {
            local.register = mix(local.register, sim::pick(*bound as usize) as u64);
        }
    }
}
