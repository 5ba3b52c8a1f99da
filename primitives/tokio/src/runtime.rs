//! Runtimes: tokio's own outside of runs. Inside of a run there is the run, and a runtime that the
//! program makes spawns into it.

mod builder;
mod handle;
mod local;
mod of_run;

pub use tokio::runtime::*;

pub use self::builder::Builder;
pub use self::handle::{EnterGuard, Handle};
pub use self::local::LocalRuntime;
pub use self::of_run::Runtime;

/// Ends the run with what to do in the place of blocking.
#[cold]
#[track_caller]
pub(crate) fn refuse_to_block(what: &str, instead: &str) -> ! {
    panic!(
        "`{what}` was called inside of a run and would have to wait: blocking the thread would \
         block every task of the run. Await instead: {instead}"
    )
}
