//! Polling by hand, and running under many schedules.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use unpick_sim::Run;
use unpick_sim::options::Switching;

/// A future that is polled by hand, with a waker that counts.
pub(crate) struct Hand<F> {
    future: Pin<Box<F>>,
    wakes: Arc<Wakes>,
}

struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl<F: Future> Hand<F> {
    pub(crate) fn new(future: F) -> Hand<F> {
        Hand { future: Box::pin(future), wakes: Arc::new(Wakes(AtomicUsize::new(0))) }
    }

    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(self.wakes.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// How often it was woken so far.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }

    #[track_caller]
    pub(crate) fn assert_pending(&mut self) {
        assert!(self.poll().is_pending(), "it is ready, but should have to wait");
    }

    #[track_caller]
    pub(crate) fn assert_ready(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits, but should be ready"),
        }
    }
}

/// Polls a future for the first time, which has to leave it waiting.
#[track_caller]
pub(crate) fn waiting<F: Future>(future: F) -> Hand<F> {
    let mut hand = Hand::new(future);
    hand.assert_pending();
    hand
}

/// Polls a future once, which has to be enough.
#[track_caller]
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    Hand::new(future).assert_ready()
}

/// Runs a program under many schedules in both switching modes; its output must not vary.
#[track_caller]
pub(crate) fn check_always<T, Fut>(expected: &T, program: impl Fn() -> Fut)
where
    T: PartialEq + Debug,
    Fut: Future<Output = T>,
{
    for switching in [Switching::Cooperative, Switching::Preemptive] {
        for seed in 0..300 {
            let outcome = Run::new().seed(seed).switching(switching).execute(&program);
            match outcome.result {
                Ok(output) => assert_eq!(output, *expected, "{switching:?}, seed {seed}"),
                Err(finding) => panic!("{switching:?}, seed {seed}: {finding}"),
            }
        }
    }
}

impl<G> Hand<G> {
    /// Polls another future with this one's waker.
    pub(crate) fn poll_other<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        let waker = Waker::from(self.wakes.clone());
        future.poll(&mut Context::from_waker(&waker))
    }
}
