//! `Future`: one task waits for what another one resolves.

use std::rc::Rc;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::event;
use unpick::primitives::Future;
use unpick::primitives::task::{sleep, spawn};

/// A future that is resolved after 2 s.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "future",
    summary: "a task waits for a future that another one resolves after 2 s",
    variants: &[Variant::fixed(&|| program(wait_for_the_other()))],
};

type Promise = Future<&'static str, String>;

async fn resolve(future: Rc<Promise>) {
    sleep(Duration::from_secs(2)).await;
    // Nobody else resolves it.
    let _ = future.set_result("Future is done!");
}

async fn wait_for_the_other() -> Result<(), String> {
    let future = Rc::new(Promise::new().named("promise"));
    let resolver = spawn(resolve(future.clone()));
    let result = future.wait().await.map_err(|error| format!("{error:?}"))?;
    event!("{result}");
    resolver.await.map_err(|error| error.to_string())
}
