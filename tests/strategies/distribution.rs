//! How strategies spread over schedules.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use unpick::Run;
use unpick::sim::seed::RunId;
use unpick::sim::strategy::learning::Lessons;
use unpick::sim::strategy::portfolio::{self, CALIBRATION_RUNS, Member};
use unpick::sim::strategy::{Chooser, Interest, Pct, Pos, Surw};
use unpick::sim::{Shared, spawn, yield_now};

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
    let deep = histogram(COUNTS, runs, || Pct::new(2, length).into());
    let hits = deep.get("0010").copied().unwrap_or(0);
    // 1/(n k) with n = 3 tasks and k = 4 scheduling points.
    assert!(hits * 3 * u64::from(length) >= runs, "{hits} of {runs}");
    let shallow = histogram(COUNTS, runs, || Pct::new(1, length).into());
    assert!(!shallow.contains_key("0010"), "it takes a change of priority");
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

/// How often, in 4000 runs of partial-order sampling, one operation came after eight of another
/// task that raced with it, if `races`, of those in which it was announced before the first.
fn last_of_nine(races: bool) -> (u64, u64) {
    let (mut announced, mut last) = (0, 0);
    for number in 0..4000 {
        let run = Run::new().id(RunId::new(3, number)).strategy(Pos::new());
        let log = run.execute(|| async move {
            let log = Rc::new(RefCell::new(String::new()));
            let variables = [Rc::new(Shared::synchronized(0)), Rc::new(Shared::synchronized(0))];
            let (many, one) = (variables[0].clone(), variables[usize::from(!races)].clone());
            let (logs, logs_one) = (log.clone(), log.clone());
            let eight = spawn(async move {
                for value in 0..8 {
                    many.write(value).await;
                    logs.borrow_mut().push('8');
                }
            });
            let single = spawn(async move {
                logs_one.borrow_mut().push('(');
                one.write(9).await;
                logs_one.borrow_mut().push(')');
            });
            eight.await.expect("nobody aborts it");
            single.await.expect("nobody aborts it");
            log.take()
        });
        let log = log.result.expect("it passes");
        announced += u64::from(log.starts_with('('));
        last += u64::from(log == "(88888888)");
    }
    (announced, last)
}

#[test]
fn partial_order_sampling_draws_anew_for_what_races_with_an_executed_operation() {
    // A new draw for each of eight: 1 in 2^8. One draw for all of them: 1 in 9.
    let (announced, last) = last_of_nine(true);
    assert!(announced > 1000 && last * 60 < announced, "{last} of {announced}");
    let (announced, last) = last_of_nine(false);
    assert!(announced > 1000 && last * 15 > announced, "{last} of {announced}");
}

/// The runs of a hunt of independent tasks by the portfolio, and the strategy of each.
fn hunted(counts: &'static [usize], seed: u64, runs: u64) -> Vec<(String, String)> {
    let lessons = Lessons::default();
    let make = |number, assignment: portfolio::Assignment| {
        let run = Run::new().id(RunId::new(seed, number)).strategy(assignment.chooser);
        let log = run.execute(|| independent(counts)).result.expect("independent tasks pass");
        (assignment.name, log)
    };
    let early = CALIBRATION_RUNS.min(runs);
    let mut all: Vec<_> =
        (0..early).map(|number| make(number, portfolio::calibrating(number, &lessons))).collect();
    let learnt = Arc::new(lessons.learnt());
    let late = CALIBRATION_RUNS..runs;
    all.extend(
        late.map(|number| make(number, portfolio::rotating(number - CALIBRATION_RUNS, &learnt))),
    );
    all
}

#[test]
fn the_portfolio_takes_every_one_of_few_interleavings_once_before_it_rotates() {
    for (counts, number) in [(&[20, 1, 1][..], 462), (&[3, 2, 2], 210), (&[2, 1], 3)] {
        // Eight that measure; of the calibration all others walk, and then 15 of 16.
        let late = 462_u64.min(number).saturating_sub(24);
        let runs = 8 + number.min(24) + late + late / 15;
        let all = hunted(counts, 7, runs);
        let walked = all.iter().skip(8).filter(|(name, _)| name == "urw");
        let walked: Vec<&String> = walked.map(|(_, log)| log).collect();
        let distinct: BTreeSet<&String> = walked.iter().copied().collect();
        assert_eq!((walked.len(), distinct.len()), (number as usize, number as usize));
        // What comes behind is the rotation.
        let longer = hunted(counts, 7, runs.max(CALIBRATION_RUNS) + 17);
        let later: BTreeSet<&str> =
            longer[longer.len() - 16..].iter().map(|(name, _)| name.as_str()).collect();
        assert!(later.contains("surw") && later.contains("pos"), "{later:?}");
    }
}
