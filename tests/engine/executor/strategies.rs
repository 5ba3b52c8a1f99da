//! Strategies of anybody's that break their contract.

use std::panic::catch_unwind;

use unpick::sim::strategy::{Divergence, Point, Strategy};
use unpick::sim::streams::Streams;
use unpick::sim::{Run, spawn, yield_now};

/// Takes an alternative that there is not, or panics.
#[derive(Debug)]
enum Broken {
    TakesTooMuch,
    Panics,
}

impl Strategy for Broken {
    fn choose(&mut self, point: &Point<'_>, _: &mut Streams) -> Result<u32, Box<Divergence>> {
        match self {
            Broken::TakesTooMuch => Ok(point.arity),
            Broken::Panics => panic!("the strategy gives up"),
        }
    }
}

#[test]
fn a_strategy_that_fails_breaks_its_run_off_and_leaves_the_thread_free() {
    for (broken, message) in [
        (Broken::TakesTooMuch, "the alternative taken lies below the arity"),
        (Broken::Panics, "the strategy gives up"),
    ] {
        let run = Run::new().seed(0x5eed).strategy(broken);
        let broken_off = catch_unwind(std::panic::AssertUnwindSafe(|| {
            drop(run.execute(|| async {
                spawn(async {});
                yield_now().await;
            }));
        }));
        let payload = broken_off.expect_err("it is a misuse");
        let text = payload.downcast_ref::<String>().expect("it is formatted");
        assert!(text.starts_with("run 0x5eed/0 was broken off by a panic at "), "{text}");
        assert!(text.ends_with(message), "{text}");
        assert_eq!(Run::new().execute(|| async { yield_now().await }).result, Ok(()));
    }
}
