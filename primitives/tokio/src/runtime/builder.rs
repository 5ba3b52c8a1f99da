//! What a runtime is to be.

use std::io;
use std::time::Duration;

use tokio::runtime::LocalOptions;

use super::{LocalRuntime, Runtime};
use crate::inside::is_inside;

/// What a runtime is to be. Inside of a run all of it is ignored.
#[derive(Debug)]
pub struct Builder(tokio::runtime::Builder);

/// Methods that hand on what they are given.
macro_rules! settings {
    ($($(#[$attribute:meta])* $name:ident($($value:ident: $type:ty),*): $what:literal;)*) => {
        $(
            #[doc = concat!($what, " See tokio's documentation.")]
            $(#[$attribute])*
            pub fn $name(&mut self, $($value: $type),*) -> &mut Self {
                self.0.$name($($value),*);
                self
            }
        )*
    };
}

impl Builder {
    /// One that polls its tasks on the thread that blocks on it.
    #[must_use]
    pub fn new_current_thread() -> Builder {
        Builder(tokio::runtime::Builder::new_current_thread())
    }

    /// One that polls its tasks on threads of its own.
    #[cfg(feature = "rt-multi-thread")]
    #[must_use]
    pub fn new_multi_thread() -> Builder {
        Builder(tokio::runtime::Builder::new_multi_thread())
    }

    settings! {
        enable_all(): "Turns on input, output and time, as far as the features go.";
        worker_threads(val: usize): "How many threads poll tasks.";
        max_blocking_threads(val: usize): "How many threads run what blocks, at the most.";
        thread_name(val: impl Into<String>): "What its threads are called.";
        name(val: impl Into<String>): "What it is called.";
        thread_stack_size(val: usize): "How much stack its threads have, in bytes.";
        thread_keep_alive(duration: Duration): "How long a thread for what blocks stays idle.";
        global_queue_interval(val: u32): "After how many ticks it looks at the queue of all.";
        event_interval(val: u32): "After how many ticks it looks at the driver.";
        enable_time(): "Turns on time.";
        start_paused(start_paused: bool): "Whether its clock stands at the beginning.";
        #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
        enable_io(): "Turns on input and output.";
        #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
        max_io_events_per_tick(capacity: usize): "How many events it takes from the system at once.";
        #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
        max_io_events_per_busy_tick(capacity: usize): "How many, when it does not wait for them.";
    }

    /// How its threads are called. See tokio's documentation.
    pub fn thread_name_fn<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() -> String + Send + Sync + 'static,
    {
        self.0.thread_name_fn(f);
        self
    }

    /// What to do after a thread has started. See tokio's documentation.
    pub fn on_thread_start<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.0.on_thread_start(f);
        self
    }

    /// What to do before a thread stops. See tokio's documentation.
    pub fn on_thread_stop<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.0.on_thread_stop(f);
        self
    }

    /// What to do before a thread goes idle. See tokio's documentation.
    pub fn on_thread_park<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.0.on_thread_park(f);
        self
    }

    /// What to do after a thread was idle. See tokio's documentation.
    pub fn on_thread_unpark<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.0.on_thread_unpark(f);
        self
    }

    /// Builds it. Inside of a run, one that spawns into the run.
    ///
    /// # Errors
    /// If its threads or its driver cannot be had.
    pub fn build(&mut self) -> io::Result<Runtime> {
        if is_inside() { Ok(Runtime::of_run()) } else { self.0.build().map(Runtime::from) }
    }

    /// Builds one whose tasks need not be `Send`.
    ///
    /// # Errors
    /// If its driver cannot be had, and inside of a run, where a `LocalSet` does the same.
    pub fn build_local(&mut self, options: LocalOptions) -> io::Result<LocalRuntime> {
        LocalRuntime::build(|| self.0.build_local(options))
    }
}
