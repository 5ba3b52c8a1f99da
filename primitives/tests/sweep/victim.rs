//! Who is cancelled, where, and how.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use unpick_sim::{AbortHandle, JoinHandle, spawn};

/// How a task is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Its future is dropped as soon as it has suspended.
    InPlace,
    /// It is aborted as soon as it has suspended: dropped when it is next scheduled, after
    /// whatever comes in between.
    Aborted,
}

/// One cancellation: of one task, when it suspends for the n-th time.
#[derive(Clone, Debug)]
pub(crate) struct Victim {
    /// The number of the task, or `None` for nobody.
    task: Option<u32>,
    at: u32,
    manner: Manner,
    struck: Rc<Cell<bool>>,
}

impl Victim {
    pub(crate) fn new(task: u32, at: u32, manner: Manner) -> Victim {
        Victim { task: Some(task), at, manner, struck: Rc::default() }
    }

    pub(crate) fn nobody() -> Victim {
        Victim { task: None, ..Victim::new(0, 0, Manner::InPlace) }
    }

    /// A number of its own.
    pub(crate) fn number(&self) -> u64 {
        let task = self.task.map_or(0, |task| task + 1);
        u64::from(task) * 10_000 + u64::from(self.at) * 2 + self.manner as u64
    }

    /// Whether the cancellation took place in any of the runs.
    pub(crate) fn was_struck(&self) -> bool {
        self.struck.get()
    }

    /// Spawns task `number` of the program; if it is the victim, it is cancelled when it is time.
    pub(crate) fn spawn(
        &self,
        number: u32,
        future: impl Future<Output = ()> + 'static,
    ) -> JoinHandle<()> {
        if self.task != Some(number) {
            return spawn(future);
        }
        let doomed = Doomed {
            future: Some(Box::pin(future)),
            suspensions: 0,
            victim: self.clone(),
            handle: Rc::default(),
        };
        let own_handle = doomed.handle.clone();
        let handle = spawn(doomed);
        own_handle.set(Some(handle.abort_handle()));
        handle
    }
}

struct Doomed {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    suspensions: u32,
    victim: Victim,
    handle: Rc<Cell<Option<AbortHandle>>>,
}

impl Future for Doomed {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.future else { return Poll::Ready(()) };
        if future.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let now = self.suspensions;
        self.suspensions += 1;
        if now == self.victim.at {
            self.victim.struck.set(true);
            match self.victim.manner {
                Manner::InPlace => {
                    self.future = None;
                    return Poll::Ready(());
                }
                Manner::Aborted => {
                    let handle = self.handle.take().expect("it was spawned through a victim");
                    handle.abort();
                }
            }
        }
        Poll::Pending
    }
}

/// Waits until all tasks have ended, whichever way.
pub(crate) async fn all(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        match task.await {
            Ok(()) => {}
            Err(error) => assert!(error.is_cancelled(), "{error}"),
        }
    }
}
