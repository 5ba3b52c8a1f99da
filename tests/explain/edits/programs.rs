//! Ten bugs in the shapes of the gallery's, each of which can be edited.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use unpick::primitives::task::{sleep, timeout};
use unpick::primitives::{Lock, Notify, Queue, Semaphore};
use unpick::sim::{JoinHandle, Shared, pick, task, yield_now};

/// What somebody did to the program since its failure was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    None,
    /// Every task has another name.
    Renamed,
    /// A task was added before all others, which has nothing to do with them.
    Neighbour,
    /// Tasks take the lock of a journal, one more await, before what they did.
    Journal,
}

pub(crate) type Done = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// A bug, edited.
pub(crate) type Bug = fn(Edit) -> Done;

/// Every bug by its name.
pub(crate) const BUGS: [(&str, Bug); 10] = [
    ("lost update", |edit| Box::pin(lost_update(World::new(edit)))),
    ("opposite locks", |edit| Box::pin(opposite_locks(World::new(edit)))),
    ("philosophers", |edit| Box::pin(philosophers(World::new(edit)))),
    ("missed notify", |edit| Box::pin(missed_notify(World::new(edit)))),
    ("double-checked", |edit| Box::pin(double_checked(World::new(edit)))),
    ("semaphore twice", |edit| Box::pin(semaphore_twice(World::new(edit)))),
    ("stop while in use", |edit| Box::pin(stop_while_in_use(World::new(edit)))),
    ("unordered shutdown", |edit| Box::pin(unordered_shutdown(World::new(edit)))),
    ("pool leak", |edit| Box::pin(pool_leak(World::new(edit)))),
    ("torn read", |edit| Box::pin(torn_read(World::new(edit)))),
];

/// What an edit changes.
#[derive(Clone)]
struct World {
    edit: Edit,
    journal: Rc<Lock<()>>,
}

impl World {
    fn new(edit: Edit) -> World {
        if edit == Edit::Neighbour {
            let _ended_by_itself = task().named("neighbour").spawn(async {
                let own = Lock::new(()).named("own");
                for _ in 0..3 {
                    drop(own.lock().await);
                    yield_now().await;
                }
            });
        }
        World { edit, journal: Rc::new(Lock::new(()).named("journal")) }
    }

    fn spawn(&self, name: &str, future: impl Future<Output = ()> + 'static) -> JoinHandle<()> {
        let name = match self.edit {
            Edit::Renamed => format!("new-{name}"),
            _ => name.to_owned(),
        };
        let world = self.clone();
        task().named(name).spawn(async move {
            world.write_down().await;
            future.await;
        })
    }

    async fn write_down(&self) {
        if self.edit == Edit::Journal {
            drop(self.journal.lock().await);
        }
    }
}

async fn join(tasks: impl IntoIterator<Item = JoinHandle<()>>) -> Result<(), String> {
    let tasks: Vec<JoinHandle<()>> = tasks.into_iter().collect();
    for task in tasks {
        task.await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn lost_update(world: World) -> Result<(), String> {
    let balance = Rc::new(Shared::synchronized(100).named("balance"));
    let audit = Rc::new(Lock::new(()).named("audit"));
    let deposit = |amount: u32| {
        let (balance, audit, world) = (balance.clone(), audit.clone(), world.clone());
        async move {
            let seen = balance.get();
            world.write_down().await;
            drop(audit.lock().await);
            balance.set(seen + amount);
        }
    };
    join([world.spawn("teller-1", deposit(10)), world.spawn("teller-2", deposit(20))]).await
}

async fn opposite_locks(world: World) -> Result<(), String> {
    let [left, right] = ["left", "right"].map(|name| Rc::new(Lock::new(()).named(name)));
    let both = |first: &Rc<Lock<()>>, second: &Rc<Lock<()>>| {
        let (first, second, world) = (first.clone(), second.clone(), world.clone());
        async move {
            let _first = first.lock().await;
            world.write_down().await;
            let _second = second.lock().await;
        }
    };
    join([world.spawn("up", both(&left, &right)), world.spawn("down", both(&right, &left))]).await
}

async fn philosophers(world: World) -> Result<(), String> {
    let forks = ["fork-0", "fork-1", "fork-2"].map(|name| Rc::new(Lock::new(()).named(name)));
    let dine = |seat: usize| {
        let (left, right) = (forks[seat].clone(), forks[(seat + 1) % 3].clone());
        async move {
            let _left = left.lock().await;
            let _right = right.lock().await;
        }
    };
    join((0..3).map(|seat| world.spawn(&format!("philosopher-{seat}"), dine(seat)))).await
}

async fn missed_notify(world: World) -> Result<(), String> {
    let is_up = Rc::new(Cell::new(false));
    let came_up = Rc::new(Notify::new().named("came_up"));
    let log = Rc::new(Lock::new(()).named("log"));
    let client = {
        let (is_up, came_up, log, world) =
            (is_up.clone(), came_up.clone(), log.clone(), world.clone());
        async move {
            while !is_up.get() {
                world.write_down().await;
                drop(log.lock().await);
                came_up.notified().await;
            }
        }
    };
    let server = async move {
        drop(log.lock().await);
        is_up.set(true);
        came_up.notify_waiters();
    };
    join([world.spawn("client", client), world.spawn("server", server)]).await
}

async fn double_checked(world: World) -> Result<(), String> {
    let (made, lock) = (Rc::new(Cell::new(0)), Rc::new(Lock::new(()).named("making")));
    let get = || {
        let (made, lock, world) = (made.clone(), lock.clone(), world.clone());
        async move {
            if made.get() == 0 {
                world.write_down().await;
                let _making = lock.lock().await;
                made.set(made.get() + 1);
            }
        }
    };
    join([world.spawn("first", get()), world.spawn("second", get())]).await?;
    if made.get() == 1 { Ok(()) } else { Err(format!("it was made {} times", made.get())) }
}

async fn semaphore_twice(world: World) -> Result<(), String> {
    let permits = Rc::new(Semaphore::new(2).named("permits"));
    let work = || {
        let (permits, world) = (permits.clone(), world.clone());
        async move {
            let _first = permits.acquire().await;
            world.write_down().await;
            let _second = permits.acquire().await;
        }
    };
    join([world.spawn("one", work()), world.spawn("other", work())]).await
}

async fn stop_while_in_use(world: World) -> Result<(), String> {
    let is_stopped = Rc::new(Cell::new(false));
    let device = Rc::new(Lock::new(()).named("device"));
    let user = {
        let (is_stopped, device, world) = (is_stopped.clone(), device.clone(), world.clone());
        async move {
            if is_stopped.get() {
                return;
            }
            world.write_down().await;
            let _device = device.lock().await;
            assert!(!is_stopped.get(), "the device is used after it was stopped");
        }
    };
    let stopper = async move {
        yield_now().await;
        drop(device.lock().await);
        is_stopped.set(true);
    };
    join([world.spawn("user", user), world.spawn("stopper", stopper)]).await
}

async fn unordered_shutdown(world: World) -> Result<(), String> {
    let items = Rc::new(RefCell::new(Vec::new()));
    let [intake, outlet] = ["intake", "outlet"].map(|name| Rc::new(Lock::new(()).named(name)));
    let writer = {
        let (items, intake, outlet) = (items.clone(), intake.clone(), outlet.clone());
        let world = world.clone();
        async move {
            drop(intake.lock().await);
            world.write_down().await;
            drop(outlet.lock().await);
            items.borrow_mut().push("item");
        }
    };
    let closer = {
        let items = items.clone();
        async move {
            drop(intake.lock().await);
            drop(outlet.lock().await);
            items.borrow_mut().push("end");
        }
    };
    join([world.spawn("writer", writer), world.spawn("closer", closer)]).await?;
    if *items.borrow() == ["item", "end"] { Ok(()) } else { Err(String::from("the end is early")) }
}

async fn pool_leak(world: World) -> Result<(), String> {
    let pool = Rc::new(Queue::new(1).named("idle"));
    pool.put(()).await.map_err(|error| error.to_string())?;
    let check_out = |pool: Rc<Queue<()>>, world: World| async move {
        let connection = pool.get().await;
        world.write_down().await;
        sleep(Duration::from_millis(5 * pick(4) as u64)).await;
        let _back = connection.map(|connection| pool.put_nowait(connection));
    };
    let hurried = check_out(pool.clone(), world.clone());
    let hurried = async move {
        let _gave_up = timeout(Duration::from_millis(12), hurried).await;
    };
    join([world.spawn("hurried", hurried)]).await?;
    join([world.spawn("patient", check_out(pool, world.clone()))]).await
}

async fn torn_read(world: World) -> Result<(), String> {
    let accounts = Rc::new(["from", "to"].map(|name| Shared::synchronized(50).named(name)));
    let gate = Rc::new(Lock::new(()).named("gate"));
    let transfer = {
        let (accounts, gate, world) = (accounts.clone(), gate.clone(), world.clone());
        async move {
            accounts[0].update(|from| *from -= 10);
            world.write_down().await;
            drop(gate.lock().await);
            accounts[1].update(|to| *to += 10);
        }
    };
    let check = async move {
        drop(gate.lock().await);
        let sum = accounts[0].get() + accounts[1].get();
        assert_eq!(sum, 100, "the sum of both accounts");
    };
    join([world.spawn("transfer", transfer), world.spawn("check", check)]).await
}
