//! Programs on the engine.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use unpick::primitives::{Barrier, Event, Lock, Notify, Queue, RwLock, Semaphore};
use unpick::sim::time::sleep;
use unpick::sim::{JoinHandle, Shared, spawn, step, yield_now};

use super::programs::{Op, Program, THINGS, VARIABLES};

struct World {
    variables: [Shared<u64>; VARIABLES],
    locks: [Lock<()>; THINGS],
    rwlocks: [RwLock<()>; THINGS],
    semaphores: [Semaphore; THINGS],
    events: [Event; THINGS],
    notifies: [Notify; THINGS],
    /// One has room for one item, the other for any number.
    queues: [Queue<u64>; THINGS],
    barriers: [Barrier; THINGS],
}

impl World {
    fn new() -> World {
        let names = ["v0", "v1", "v2", "v3"];
        World {
            variables: names.map(|name| Shared::new(0).named(name)),
            locks: [Lock::new(()), Lock::new(())],
            rwlocks: [RwLock::new(()), RwLock::new(())],
            semaphores: [Semaphore::new(1), Semaphore::new(2)],
            events: [Event::new(), Event::new()],
            notifies: [Notify::new(), Notify::new()],
            queues: [Queue::new(1), Queue::new(0)],
            barriers: [Barrier::new(2), Barrier::new(2)],
        }
    }
}

/// Spawns the tasks, and then does some of what they may wait for. Those that wait for more are
/// left behind.
pub(crate) async fn main(program: Program) {
    let world = Rc::new(World::new());
    for body in &program.tasks {
        let (world, body) = (world.clone(), body.clone());
        spawn(async move { perform_all(&world, &body, &mut Vec::new()).await });
    }
    for _ in 0..3 {
        sleep(Duration::from_millis(10)).await;
        world.events.iter().for_each(Event::set);
        world.notifies.iter().for_each(Notify::notify_one);
        for queue in &world.queues {
            let _full = queue.put_nowait(0);
        }
    }
    sleep(Duration::from_millis(10)).await;
}

fn perform_all<'a>(
    world: &'a Rc<World>,
    body: &'a [Op],
    children: &'a mut Vec<JoinHandle<()>>,
) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    Box::pin(async move {
        for op in body {
            perform(world, op, children).await;
        }
    })
}

/// Accesses, on a line of its own for each variable, as a program has them: what is known of one
/// line is told once.
fn get(variables: &[Shared<u64>; VARIABLES], variable: usize) {
    match variable {
        0 => variables[0].get(),
        1 => variables[1].get(),
        2 => variables[2].get(),
        _ => variables[3].get(),
    };
}

fn set(variables: &[Shared<u64>; VARIABLES], variable: usize) {
    match variable {
        0 => variables[0].set(7),
        1 => variables[1].set(7),
        2 => variables[2].set(7),
        _ => variables[3].set(7),
    }
}

fn update(variables: &[Shared<u64>; VARIABLES], variable: usize) {
    match variable {
        0 => variables[0].update(|value| *value += 1),
        1 => variables[1].update(|value| *value += 1),
        2 => variables[2].update(|value| *value += 1),
        _ => variables[3].update(|value| *value += 1),
    }
}

async fn perform(world: &Rc<World>, op: &Op, children: &mut Vec<JoinHandle<()>>) {
    match op {
        Op::Get(variable) => get(&world.variables, *variable),
        Op::Set(variable) => set(&world.variables, *variable),
        Op::Update(variable) => update(&world.variables, *variable),
        Op::Yield => yield_now().await,
        Op::Step => step().await,
        Op::Sleep(millis) => sleep(Duration::from_millis(*millis)).await,
        Op::Lock(thing, body) => {
            let _guard = world.locks[*thing].lock().await;
            perform_all(world, body, children).await;
        }
        Op::ReadLock(thing, body) => {
            let _guard = world.rwlocks[*thing].read().await;
            perform_all(world, body, children).await;
        }
        Op::WriteLock(thing, body) => {
            let _guard = world.rwlocks[*thing].write().await;
            perform_all(world, body, children).await;
        }
        Op::Permit(thing, body) => {
            let _permit = world.semaphores[*thing].acquire().await;
            perform_all(world, body, children).await;
        }
        Op::Set1(thing) => world.events[*thing].set(),
        Op::Wait(thing) => {
            world.events[*thing].wait().await;
            world.events[*thing].clear();
        }
        Op::Notify(thing) => world.notifies[*thing].notify_one(),
        Op::NotifyAll(thing) => world.notifies[*thing].notify_waiters(),
        Op::Notified(thing) => world.notifies[*thing].notified().await,
        Op::Put(thing) => world.queues[*thing].put(1).await.expect("nobody shuts it down"),
        Op::Take(thing) => {
            world.queues[*thing].get().await.expect("nobody shuts it down");
        }
        Op::Meet(thing) => {
            world.barriers[*thing].wait().await.expect("nobody aborts it");
        }
        Op::Spawn(body) => {
            let (world, body) = (world.clone(), body.clone());
            let child = spawn(async move { perform_all(&world, &body, &mut Vec::new()).await });
            children.push(child);
        }
        Op::Join => {
            if let Some(child) = children.pop() {
                child.await.expect("nobody aborts it");
            }
        }
    }
}
