//! A task of a program: its operations, one after the other.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use unpick::primitives::task::{
    AbortHandle, GatherError, WaitFor, gather, sleep, spawn, task_group, timeout, wait,
};

use super::journal::Journal;
use super::things::Thing;
use crate::asyncio::program::{Act, Body, Mode, Operation, Program};

/// What the tasks of a run share.
pub(super) struct World {
    journal: Rc<Journal>,
    things: Vec<Thing>,
    /// The program's own tasks, which can be cancelled.
    victims: RefCell<Vec<AbortHandle>>,
}

impl World {
    pub(super) fn new(program: &Program, journal: Rc<Journal>) -> World {
        let things = program.objects.iter().map(Thing::new).collect();
        World { journal, things, victims: RefCell::default() }
    }

    pub(super) fn set_victims(&self, victims: impl IntoIterator<Item = AbortHandle>) {
        self.victims.borrow_mut().extend(victims);
    }
}

/// What ends an operation and everything around it that does not catch it.
#[derive(Debug)]
pub(super) enum Raised {
    /// A `ValueError`.
    ValueError,
    /// A child task was cancelled by itself: a `CancelledError`.
    Cancelled,
    /// An operation on an object of another type: refused when programs are read.
    Misplaced,
}

impl Raised {
    fn name(&self) -> &'static str {
        match self {
            Raised::ValueError => "ValueError",
            Raised::Cancelled => "cancelled",
            Raised::Misplaced => "TypeError",
        }
    }
}

type Performed = Result<(), Raised>;

/// A task, from when it is spawned until it is dropped.
pub(super) struct Actor {
    world: Rc<World>,
    name: String,
}

impl Actor {
    /// Spawned now; counts as unfinished until it is dropped.
    pub(super) fn new(world: &Rc<World>, name: String) -> Actor {
        world.journal.place(&name, "");
        Actor { world: world.clone(), name }
    }

    /// A child of this task, in its operation at `path`.
    fn child(&self, path: &str, number: usize) -> Actor {
        Actor::new(&self.world, format!("{}/{path}/{number}", self.name))
    }

    /// Performs a body, and notes how the task ended.
    pub(super) async fn perform(self, body: Body) -> Performed {
        let mut ending = Ending { actor: &self, how: "cancelled" };
        let performed = self.operations("", &body).await;
        ending.how = match &performed {
            Ok(()) => "ok",
            Err(raised) => raised.name(),
        };
        performed
    }

    /// Boxed, because bodies are in bodies.
    fn operations<'a>(
        &'a self,
        path: &'a str,
        body: &'a [Operation],
    ) -> Pin<Box<dyn Future<Output = Performed> + 'a>> {
        Box::pin(async move {
            for (index, operation) in body.iter().enumerate() {
                let here = match path {
                    "" => index.to_string(),
                    _ => format!("{path}.{index}"),
                };
                self.world.journal.place(&self.name, &here);
                let result = self.operation(&here, &operation.act).await?;
                self.world.journal.place(&self.name, &here);
                self.note(&here, operation.name, result);
            }
            Ok(())
        })
    }

    async fn operation(&self, path: &str, act: &Act) -> Result<Value, Raised> {
        Ok(match act {
            Act::Sleep(us) => {
                sleep(Duration::from_micros(*us)).await;
                json!("ok")
            }
            Act::Raise => return Err(Raised::ValueError),
            Act::Guarded(object, body) => {
                let thing = self.world.things.get(*object).ok_or(Raised::Misplaced)?;
                let _guard = thing.guard().await.ok_or(Raised::Misplaced)?;
                self.note(path, "enter", json!("ok"));
                self.operations(path, body).await?;
                json!("ok")
            }
            Act::Timeout(us, body) => {
                match timeout(Duration::from_micros(*us), self.operations(path, body)).await {
                    Ok(performed) => performed.map(|()| json!("ok"))?,
                    Err(_) => json!("TimeoutError"),
                }
            }
            Act::Gather(bodies) => self.gather(path, bodies).await?,
            Act::Group(bodies) => self.group(path, bodies).await,
            Act::Wait(mode, bodies) => self.wait(path, *mode, bodies).await?,
            Act::Cancel(number) => {
                let victim = self.world.victims.borrow().get(*number).cloned();
                json!(victim.is_some_and(|victim| victim.abort()))
            }
            _ => self.operate(act).await.ok_or(Raised::Misplaced)?,
        })
    }

    async fn operate(&self, act: &Act) -> Option<Value> {
        self.world.things.get(act.object()?)?.operate(act).await
    }

    async fn gather(&self, path: &str, bodies: &[Body]) -> Result<Value, Raised> {
        let children = bodies.iter().enumerate();
        let children =
            children.map(|(number, body)| self.child(path, number).perform(body.clone()));
        match gather(children).await {
            Ok(_) => Ok(json!("ok")),
            Err(GatherError::Failed(Raised::ValueError)) => Ok(json!("ValueError")),
            Err(GatherError::Failed(raised)) => Err(raised),
            Err(GatherError::Cancelled) => Err(Raised::Cancelled),
        }
    }

    async fn group(&self, path: &str, bodies: &[Body]) -> Value {
        let left = task_group(async |group| {
            for (number, body) in bodies.iter().enumerate() {
                group.spawn(self.child(path, number).perform(body.clone()));
            }
            Ok(())
        });
        json!(if left.await.is_ok() { "ok" } else { "ExceptionGroup" })
    }

    async fn wait(&self, path: &str, mode: Mode, bodies: &[Body]) -> Result<Value, Raised> {
        if bodies.is_empty() {
            // As asyncio has it: "Set of Tasks/Futures is empty."
            return Err(Raised::ValueError);
        }
        let children = bodies.iter().enumerate();
        let children: Vec<_> = children
            .map(|(number, body)| spawn(self.child(path, number).perform(body.clone())))
            .collect();
        let wait_for = match mode {
            Mode::FirstCompleted => WaitFor::FirstCompleted,
            Mode::FirstException => WaitFor::FirstException,
            Mode::AllCompleted => WaitFor::AllCompleted,
        };
        let waited = wait(children, wait_for).await;
        Ok(json!([waited.done.len(), waited.pending.len()]))
    }

    fn note(&self, path: &str, operation: &str, result: Value) {
        self.world.journal.note(&self.name, path, operation, result);
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.world.journal.end(&self.name);
    }
}

/// Notes how a task that has begun ended: unless it says otherwise, it was cancelled.
struct Ending<'a> {
    actor: &'a Actor,
    how: &'static str,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.actor.note("", "end", json!(self.how));
    }
}
