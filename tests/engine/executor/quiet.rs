//! Nothing is printed while runs go on, and everything else goes to the hook that was there.

use std::sync::atomic::{AtomicUsize, Ordering};

use unpick::sim::{Run, spawn, task};

use crate::support::child;

const NAME: &str = "executor::quiet::runs_print_nothing_and_other_panics_go_to_the_previous_hook";

static CALLS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn runs_print_nothing_and_other_panics_go_to_the_previous_hook() {
    if child::is_child() {
        return panic_inside_and_outside();
    }
    let output = child::run_test(NAME);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(errors, "hook: outside 1\nhook: outside 2\nhook: outside 3\n");
}

fn panic_inside_and_outside() {
    std::panic::set_hook(Box::new(|info| {
        CALLS.fetch_add(1, Ordering::SeqCst);
        let message = info.payload().downcast_ref::<&str>().copied().unwrap_or("?");
        eprintln!("hook: {message}");
    }));
    assert!(std::panic::catch_unwind(|| panic!("outside 1")).is_err());
    for seed in 0..50 {
        let outcome = Run::new().seed(seed).execute(|| async {
            let handled = task().handles_panics().spawn(async { panic!("handled") });
            let _: Result<(), _> = handled.await;
            let caught = std::panic::catch_unwind(|| panic!("caught"));
            assert!(caught.is_err());
            spawn(async { panic!("not handled") }).await
        });
        assert!(outcome.result.map(|_: Result<(), _>| ()).is_err());
    }
    assert!(std::panic::catch_unwind(|| panic!("outside 2")).is_err());
    // On another thread, while this one is inside of a run.
    let outcome = Run::new().execute(|| async {
        std::thread::scope(|scope| scope.spawn(|| panic!("outside 3")).join().is_err())
    });
    assert_eq!(outcome.result, Ok(true));
    assert_eq!(CALLS.load(Ordering::SeqCst), 3);
}
