//! Polling by hand, and noting what came of it.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use proptest::collection::vec;
use proptest::prelude::Strategy;
use proptest::prop_assert_eq;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How many futures go on at a time.
pub(crate) const SLOTS: usize = 4;

/// Whether somebody was woken since it was last asked.
#[derive(Default)]
pub(crate) struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Flag {
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

/// Futures that are polled by hand, each with a waker of its own.
pub(crate) struct Slots {
    futures: [Option<Pin<Box<dyn Future<Output = String>>>>; SLOTS],
    flags: [Arc<Flag>; SLOTS],
}

impl Default for Slots {
    fn default() -> Slots {
        Slots {
            futures: std::array::from_fn(|_| None),
            flags: std::array::from_fn(|_| Arc::default()),
        }
    }
}

impl Slots {
    /// Begins a future in a slot, if that is free.
    pub(crate) fn begin(
        &mut self,
        slot: usize,
        future: impl Future<Output = String> + 'static,
    ) -> String {
        if self.futures[slot].is_some() {
            return String::from("taken");
        }
        self.futures[slot] = Some(Box::pin(future));
        self.poll(slot)
    }

    pub(crate) fn poll(&mut self, slot: usize) -> String {
        let Some(future) = &mut self.futures[slot] else { return String::from("nothing") };
        let waker = Waker::from(self.flags[slot].clone());
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => String::from("pending"),
            Poll::Ready(output) => {
                self.drop(slot);
                output
            }
        }
    }

    pub(crate) fn drop(&mut self, slot: usize) {
        self.futures[slot] = None;
        self.flags[slot].take();
    }

    /// Which of those that wait were woken.
    pub(crate) fn woken(&self) -> Vec<usize> {
        (0..SLOTS).filter(|slot| self.flags[*slot].take()).collect()
    }
}

/// Polls a future once, and drops it.
pub(crate) fn once<T: Debug>(future: impl Future<Output = T>) -> String {
    let mut future = std::pin::pin!(future);
    format!("{:?}", future.as_mut().poll(&mut Context::from_waker(Waker::noop())))
}

/// Is pending once.
pub(crate) async fn pause() {
    let mut is_over = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut is_over, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Holds what one side and what the other says of the same operations against each other: for a
/// sample of random programs, or for as many as `UNPICK_CAMPAIGN` says.
#[track_caller]
pub(crate) fn check_same<O: Clone + Debug>(
    operations: impl Strategy<Value = O>,
    ours: impl Fn(&[O]) -> Vec<String>,
    tokios: impl Fn(&[O]) -> Vec<String>,
) {
    let cases = match std::env::var("UNPICK_CAMPAIGN") {
        Err(_) => 300,
        Ok(count) => count.parse().expect("UNPICK_CAMPAIGN is a number of programs"),
    };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let programs = vec(operations, 1..24);
    let checked = TestRunner::new_with_rng(config, random).run(&programs, |program| {
        prop_assert_eq!(ours(&program), tokios(&program), "ours, and tokio's");
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}
