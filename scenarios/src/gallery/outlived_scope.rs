//! Tasks that outlive the function that spawned them.
//!
//! What Nathaniel J. Smith's "Notes on structured concurrency" (2018) is against.
//!
//! - Symptom: a task writes into a directory that has been removed.
//! - Cause: a build compiles its parts in tasks and awaits one after the other. At the first
//!   failure `?` leaves the function, which cleans up, while the other tasks go on.
//! - Shortest schedule: one switch, to the part that fails, before the other one has written.
//! - Fix: spawn into a task group, which is not left before all its tasks are gone.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::{task, task_group, yield_now};
use unpick::{Kind, event};

/// Two parts, one of which does not compile.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "outlived-scope",
    summary: "a build fails and removes its directory while a task still writes into it",
    variants: &[
        Variant::buggy(&|| program(build_and_clean(build_buggy)), Kind::Panic, 70),
        Variant::fixed(&|| program(build_and_clean(build_fixed))),
    ],
};

struct Directory {
    is_removed: Cell<bool>,
    files: RefCell<Vec<&'static str>>,
    compiler: Lock,
}

async fn compile(directory: Rc<Directory>, part: &'static str) -> Result<(), String> {
    let _compiler = directory.compiler.lock().await;
    assert!(!directory.is_removed.get(), "{part} was written into a directory that is gone");
    if part == "broken" {
        return Err(format!("{part} does not compile"));
    }
    directory.files.borrow_mut().push(part);
    event!("{part} is compiled");
    Ok(())
}

async fn build_buggy(directory: &Rc<Directory>) -> Result<(), String> {
    let parts = ["broken", "sound"];
    let parts = parts.map(|part| task().named(part).spawn(compile(directory.clone(), part)));
    for part in parts {
        part.await.map_err(|error| error.to_string())??;
    }
    Ok(())
}

async fn build_fixed(directory: &Rc<Directory>) -> Result<(), String> {
    let built = task_group(async |group| {
        group.spawn(compile(directory.clone(), "broken"));
        group.spawn(compile(directory.clone(), "sound"));
        Ok(())
    });
    built.await.map_err(|error| error.to_string())
}

async fn build_and_clean(
    build: impl AsyncFn(&Rc<Directory>) -> Result<(), String>,
) -> Result<(), String> {
    let directory = Rc::new(Directory {
        is_removed: Cell::new(false),
        files: RefCell::default(),
        compiler: Lock::new(()).named("compiler"),
    });
    let built = build(&directory).await;
    directory.is_removed.set(true);
    event!("removed the directory");
    // The program goes on.
    yield_now().await;
    yield_now().await;
    match built {
        Err(_) => Ok(()),
        Ok(()) => Err(String::from("what does not compile was built")),
    }
}
