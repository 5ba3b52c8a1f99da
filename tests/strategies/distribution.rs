//! How strategies spread over schedules.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use unpick::Run;
use unpick::sim::seed::RunId;
use unpick::sim::strategy::learning::Lessons;
use unpick::sim::strategy::portfolio::{self, CALIBRATION_RUNS, Member};
use unpick::sim::strategy::{Chooser, Interest, Pct, Surw};
use unpick::sim::{spawn, yield_now};

/// Tasks that each log their number a few times, giving way in between.
async fn independent(counts: &[usize]) -> String {
    let log = Rc::new(RefCell::new(String::new()));
    let mut tasks = Vec::new();
    for (number, &count) in counts.iter().enumerate() {
        let log = log.clone();
        tasks.push(spawn(async move {
            for at in 0..count {
                if at > 0 {
                    yield_now().await;
                }
                log.borrow_mut().push_str(&number.to_string());
            }
        }));
    }
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
    log.take()
}

fn calibrated(counts: &'static [usize]) -> Arc<portfolio::Learnt> {
    let lessons = Lessons::default();
    for number in 0..CALIBRATION_RUNS {
        let assignment = portfolio::calibrating(number, &lessons);
        let run = Run::new().id(RunId::new(1, number)).strategy(assignment.chooser);
        run.execute(|| independent(counts)).result.expect("independent tasks pass");
    }
    Arc::new(lessons.learnt())
}

fn histogram(
    counts: &'static [usize],
    runs: u64,
    chooser: impl Fn() -> Chooser,
) -> BTreeMap<String, u64> {
    let mut histogram = BTreeMap::new();
    for number in 0..runs {
        let run = Run::new().id(RunId::new(2, number)).strategy(chooser());
        let log = run.execute(|| independent(counts)).result.expect("independent tasks pass");
        *histogram.entry(log).or_default() += 1;
    }
    histogram
}

/// Pearson's statistic against the even distribution over `classes`, in thousandths.
fn chi_squared_thousandths(histogram: &BTreeMap<String, u64>, classes: u64, runs: u64) -> u64 {
    let expected = 1000 * runs / classes;
    let unseen = classes - histogram.len() as u64;
    let seen: u64 = histogram
        .values()
        .map(|&count| {
            let difference = (1000 * count).abs_diff(expected);
            difference * difference / expected
        })
        .sum();
    seen + unseen * expected
}

#[test]
fn a_uniform_walk_is_uniform_over_the_interleavings_of_independent_tasks() {
    // 3 tasks of 3, 2 and 2 events: 7! / (3! 2! 2!) = 210 interleavings.
    const COUNTS: &[usize] = &[3, 2, 2];
    let learnt = calibrated(COUNTS);
    let walk = || Surw::new(learnt.clone(), Interest::Everything).into();
    let runs = 21_000;
    let histogram = histogram(COUNTS, runs, walk);
    assert_eq!(histogram.len(), 210);
    let statistic = chi_squared_thousandths(&histogram, 210, runs);
    // The 99.9 % quantile for 209 degrees of freedom is 277.
    assert!(statistic < 277_000, "chi squared is {statistic} thousandths");
}

#[test]
fn a_random_walk_is_not_uniform_over_the_interleavings_of_independent_tasks() {
    const COUNTS: &[usize] = &[3, 2, 2];
    let histogram = histogram(COUNTS, 21_000, || Chooser::RandomWalk);
    assert!(chi_squared_thousandths(&histogram, 210, 21_000) > 277_000);
}

#[test]
fn pct_reaches_its_bound_on_a_bug_of_depth_one() {
    // The last of four tasks runs first: an order of one pair against three others.
    const COUNTS: &[usize] = &[1, 1, 1, 1];
    let runs = 4000;
    let histogram = histogram(COUNTS, runs, || Pct::new(1, 5).into());
    let hits: u64 = histogram.iter().filter(|(log, _)| log.starts_with('3')).map(|(_, n)| n).sum();
    // n = 5 tasks with the main one: at least 1/5.
    assert!(hits * 5 >= runs, "{hits} of {runs}");
}

#[test]
fn pct_reaches_its_bound_on_a_bug_of_depth_two() {
    // The second task runs exactly within the first one, after its second of three events.
    const COUNTS: &[usize] = &[3, 1];
    let runs = 6000;
    let length = 4;
    let histogram = histogram(COUNTS, runs, || Pct::new(2, length).into());
    let hits = histogram.get("0010").copied().unwrap_or(0);
    // 1/(n k) with n = 3 tasks and k = 4 scheduling points.
    assert!(hits * 3 * u64::from(length) >= runs, "{hits} of {runs}");
}

#[test]
fn pct_reaches_its_bound_on_a_bug_of_depth_three() {
    // The second task begins between the first one's last two events, and ends after them: two
    // changes of priority, each at one point.
    const COUNTS: &[usize] = &[3, 2];
    let runs = 20_000;
    let length = 5;
    let deep = histogram(COUNTS, runs, || Pct::new(3, length).into());
    let hits = deep.get("00101").copied().unwrap_or(0);
    // 1/(n k^2) with n = 3 tasks and k = 5 scheduling points.
    assert!(hits * 3 * u64::from(length).pow(2) >= runs, "{hits} of {runs}");
    let shallow = histogram(COUNTS, runs, || Pct::new(2, length).into());
    assert!(!shallow.contains_key("00101"), "one change of priority is not enough");
}

/// What a strategy of the rotation makes of independent tasks in so many of its turns.
fn logs(counts: &'static [usize], member: Member, seed: u64, runs: u64) -> Vec<String> {
    let learnt = calibrated(counts);
    let run = |number| {
        let assignment = portfolio::named(member, number, &learnt);
        let run = Run::new().id(RunId::new(seed, number)).strategy(assignment.chooser);
        run.execute(|| independent(counts)).result.expect("independent tasks pass")
    };
    (0..runs).map(run).collect()
}

#[test]
fn uniform_walks_make_every_interleaving_once_before_they_repeat_one() {
    for (counts, number) in [(&[3, 2, 2][..], 210), (&[20, 1, 1], 462)] {
        for member in [Member::Urw, Member::Surw] {
            let made = logs(counts, member, 7, 2 * number);
            let (first, second) = made.split_at(number as usize);
            let all = |half: &[String]| half.iter().cloned().collect::<BTreeSet<String>>();
            assert_eq!(all(first).len() as u64, number, "{counts:?}");
            assert_eq!(all(second), all(first), "once more");
            assert_ne!(first, second, "in another order");
        }
        assert_ne!(logs(counts, Member::Urw, 7, number), logs(counts, Member::Urw, 8, number));
    }
}
