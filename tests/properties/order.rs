//! `Hunt::order`: only schedules that keep an order of points.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use unpick::primitives::Lock;
use unpick::sim::hunt::Isolation;
use unpick::sim::time::sleep;
use unpick::sim::{point, spawn, step, task};
use unpick::{Hunt, Kind, Report, TimeModel};

/// Tellers read, give way some times, and write.
async fn tellers(count: u32, steps: u32) {
    let balance = Rc::new(Cell::new(0));
    let tasks: Vec<_> = (0..count)
        .map(|number| {
            let balance = balance.clone();
            task().named(format!("teller-{number}")).spawn(async move {
                for _ in 0..steps {
                    step().await;
                }
                point!("read").await;
                let seen = balance.get();
                for _ in 0..steps {
                    step().await;
                }
                point!("write").await;
                balance.set(seen + 1);
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
    assert_eq!(balance.get(), count, "an update is lost");
}

fn panic_of(report: &Report) -> String {
    let check = std::panic::AssertUnwindSafe(|| report.assert_ok());
    let panic = std::panic::catch_unwind(check).expect_err("it fails");
    panic.downcast_ref::<String>().expect("a text").clone()
}

#[test]
fn the_order_of_a_ticket_finds_its_bug_within_few_runs() {
    // One teller reads, all others do their work, and it writes over them.
    let order =
        ["teller-2:read", "teller-0:write", "teller-1:write", "teller-3:write", "teller-2:write"];
    for seed in 0..20 {
        let report = Hunt::new("ticket").quiet().seed(seed).order(order).run(|| tellers(4, 5));
        let failure = report.failure().expect("the update is lost");
        assert!(failure.finding.message.contains("an update is lost"), "{report}");
        assert!(report.runs <= 60, "{} runs", report.runs);
        assert_eq!(failure.strategy, "order");
    }
}

#[test]
fn an_order_in_which_nothing_goes_wrong_is_kept_and_passes() {
    let order = ["teller-0:read", "teller-0:write", "teller-1:read", "teller-1:write"];
    let report = Hunt::new("fine").runs(300).order(order).run(|| tellers(2, 5));
    report.assert_ok();
    let kept = report.order.as_ref().expect("there is an order");
    assert!(kept.kept > 100, "{kept}");
    assert!(report.to_string().contains("the order was kept in"), "{report}");
}

#[test]
fn a_point_that_stands_twice_is_passed_twice() {
    let order = ["read", "read", "write"];
    let report = Hunt::new("twice").quiet().order(order).run(|| tellers(2, 0));
    assert!(report.finding().is_some(), "{report}");
}

#[test]
fn an_order_that_no_schedule_keeps_fails_and_says_where_it_got_stuck() {
    let report = Hunt::new("locked").runs(200).order(["a:in", "b:in", "a:out"]).run(|| async {
        let lock = Rc::new(Lock::new(()));
        let tasks = ["a", "b"].map(|name| {
            let lock = lock.clone();
            task().named(name).spawn(async move {
                let _guard = lock.lock().await;
                point!("in").await;
                point!("out").await;
            })
        });
        for task in tasks {
            task.await.expect("nobody aborts it");
        }
    });
    let panic = panic_of(&report);
    let expected = "no schedule of 200 kept the order: after `a:in` (1 of 3 points) `out` was passed \
        before `b:in`";
    assert!(panic.contains(expected), "{panic}");
}

#[test]
fn an_order_within_one_step_is_told_to_give_way() {
    let report = Hunt::new("step").runs(60).order(["first", "other", "second"]).run(|| async {
        let task = spawn(async { point!("other") });
        point!("first");
        point!("second");
        task.await.map(drop)
    });
    let panic = panic_of(&report);
    let expected = "`second` was passed before `other`, in one step with `first`: nothing can come \
        in between (put `point!(\"second\").await` there)";
    assert!(panic.contains(expected), "{panic}");
}

#[test]
fn an_unknown_point_is_named_beside_the_known_ones() {
    let report = Hunt::new("unknown").runs(40).order(["read", "wirte"]).run(|| tellers(1, 1));
    let expected = "no run passed `wirte` at all; points that were passed: `read`, `write`";
    assert!(panic_of(&report).contains(expected), "{report}");
}

#[test]
fn an_unknown_point_is_named_also_beside_a_finding() {
    let hunt = Hunt::new("unknown").quiet().unexplained().order(["read", "wirte"]);
    for isolation in [Isolation::None, Isolation::Process] {
        let hunt = hunt.clone().isolate(isolation).expect(Kind::Panic);
        let report = hunt.run(|| async {
            point!("read");
            assert_eq!(1, 2, "a bug");
        });
        let expected = "order: no run passed `wirte` at all; points that were passed: `read`";
        assert!(report.to_string().contains(expected), "{report}");
        let panic = panic_of(&report);
        assert!(panic.contains("expected an order of points, all of which some run"), "{panic}");
    }
}

#[test]
fn the_clock_runs_ahead_of_who_is_held_back() {
    let program = || async {
        let sleeper = spawn(async {
            sleep(Duration::from_secs(1)).await;
            point!("late").await;
        });
        point!("early").await;
        sleeper.await
    };
    let hunt = Hunt::new("stall").runs(100).order(["late", "early"]);
    hunt.clone().time(TimeModel::Stalling).run(program).assert_ok();
    assert!(panic_of(&hunt.run(program)).contains("`early` was passed before `late`"));
}

#[test]
fn a_run_of_such_a_hunt_is_remade_by_its_number() {
    let hunt =
        Hunt::new("again").quiet().order(["teller-1:read", "teller-0:write", "teller-1:write"]);
    let report = hunt.run(|| tellers(2, 3));
    let failure = report.failure().expect("the update is lost");
    let again = hunt.run_one(failure.id.number, || tellers(2, 3));
    assert_eq!(again.tape, failure.tape);
}

#[test]
#[should_panic(expected = "hunt `none`: an order has no points; allowed: `label`, or `task:label`")]
fn an_order_without_points_is_refused() {
    let _hunt = Hunt::new("none").order([""; 0]);
}
