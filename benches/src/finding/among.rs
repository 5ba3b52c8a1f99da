//! How soon each single interleaving of a program is made, rather than one that was picked.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Mutex;

use unpick::sim::options::Detection;
use unpick::sim::strategy::portfolio::{CALIBRATION_RUNS, Member};
use unpick::sim::{spawn, yield_now};
use unpick::{Detectors, Hunt};

/// More runs than it takes to make all of them.
const RUNS_MAX: u64 = 2000;

/// An interleaving: whose turn it was, turn by turn.
type Turns = Vec<u8>;

/// The program `among_20`, but that it notes its interleaving and never fails.
async fn among(made: &Mutex<Vec<Turns>>) {
    let turns: Rc<RefCell<Turns>> = Rc::default();
    let mut tasks = Vec::new();
    for (name, steps) in [(b'a', 20), (b'b', 0), (b'c', 0)] {
        let turns = turns.clone();
        tasks.push(spawn(async move {
            turns.borrow_mut().push(name);
            for _ in 0..steps {
                yield_now().await;
                turns.borrow_mut().push(name);
            }
        }));
    }
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
    made.lock().expect("nobody panics").push(turns.take());
}

/// In which run, from 1, each interleaving is made for the first time, in ascending order.
fn firsts(hunt: &Hunt, before: u64) -> Firsts {
    let made = Mutex::new(Vec::new());
    hunt.run(|| among(&made)).assert_ok();
    let mut first = BTreeMap::new();
    for (number, turns) in made.into_inner().expect("nobody panics").into_iter().enumerate() {
        // What calibration makes counts only where it is counted.
        if number as u64 >= before {
            first.entry(turns).or_insert(number as u64 + 1 - before);
        }
    }
    let mut firsts: Vec<u64> = first.into_values().collect();
    firsts.sort_unstable();
    firsts
}

/// How many interleavings there are.
pub const ALL_OF_AMONG: u64 = 506;

/// In which run, from 1, each interleaving is made for the first time under a base seed, in ascending
/// order.
pub type Firsts = Vec<u64>;

fn hunt(seed: u64) -> Hunt {
    let once = Detectors { nondeterminism: Detection::Off, ..Detectors::DEFAULT };
    Hunt::new("among_20").quiet().seed(seed).runs(RUNS_MAX).detectors(once)
}

/// By the portfolio, calibration counted.
#[must_use]
pub fn interleavings_by_portfolio(seeds: u64) -> Vec<Firsts> {
    (0..seeds).map(|seed| firsts(&hunt(seed), 0)).collect()
}

/// By uniform walks alone, calibration not counted.
#[must_use]
pub fn interleavings_alone(seeds: u64) -> Vec<Firsts> {
    let alone = |seed| hunt(seed).strategy(Member::Urw).past_calibration();
    (0..seeds).map(|seed| firsts(&alone(seed), CALIBRATION_RUNS)).collect()
}

/// Prints, for the portfolio (calibration counted) and for uniform walks alone (calibration not
/// counted), in which run an interleaving is made for the first time: the mean, the median and the
/// most over all interleavings and so many base seeds.
pub fn print_means(seeds: u64) {
    println!("| strategy | interleavings | mean runs | median | most |");
    println!("|---|---|---|---|---|");
    let rows =
        [("portfolio", interleavings_by_portfolio(seeds)), ("urw", interleavings_alone(seeds))];
    for (name, by_seed) in rows {
        let is_whole = by_seed.iter().all(|firsts| firsts.len() as u64 == ALL_OF_AMONG);
        assert!(is_whole, "some interleavings were not made within {RUNS_MAX} runs");
        let mut all: Vec<u64> = by_seed.into_iter().flatten().collect();
        all.sort_unstable();
        let tenths = all.iter().sum::<u64>() * 10 / all.len() as u64;
        println!(
            "| {name} | {ALL_OF_AMONG} | {}.{} | {} | {} |",
            tenths / 10,
            tenths % 10,
            all[(all.len() - 1) / 2],
            all[all.len() - 1]
        );
    }
}
