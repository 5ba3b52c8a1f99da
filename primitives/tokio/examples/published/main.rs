//! Tokio's own published tests against this package.
//!
//! `cargo run -p unpick-tokio --features full,sim --example published -- \
//!    [outside|inside] [--skip-unreachable] [FILE…]`
//!
//! The tests are taken from tokio's crate package, where cargo keeps it, and copied below
//! `target/published`, into a package whose `tokio` is this package with its feature `sim`.
//! `outside` runs them as they are. `inside` runs each that needs neither threads nor input and
//! output inside of runs: the plain one and 100 random ones. Without a word it does both. With the
//! names of files, or parts of them, it runs those. Where what the tests need cannot be downloaded,
//! that is a failure, or with `--skip-unreachable` a warning.

mod inside;
mod scan;
mod scratch;
mod skipped;

use std::process::ExitCode;

use self::scratch::{Scratch, Verdict};

/// Where tests are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// As they are, on tokio's runtimes.
    Outside,
    /// Inside of runs.
    Inside,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Place::Outside => "outside",
            Place::Inside => "inside",
        }
    }
}

/// What comes of a registry that cannot be reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unreachable {
    Fails,
    Skips,
}

fn main() -> ExitCode {
    let mut places = vec![Place::Outside, Place::Inside];
    let (mut unreachable, mut files) = (Unreachable::Fails, Vec::new());
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "outside" => places = vec![Place::Outside],
            "inside" => places = vec![Place::Inside],
            "--skip-unreachable" => unreachable = Unreachable::Skips,
            _ => files.push(word),
        }
    }
    let failed = places.into_iter().filter(|&place| !run(place, &files, unreachable)).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the tests of some files, or of all, and prints what came of them; says whether none failed.
fn run(place: Place, files: &[String], unreachable: Unreachable) -> bool {
    let scratch = Scratch::new(place);
    let (mut passed, mut skipped, mut failed) = (0, Vec::new(), Vec::new());
    let is_wanted =
        |file: &String| files.is_empty() || files.iter().any(|wanted| file.contains(wanted));
    let wanted: Vec<String> = scratch.files().into_iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        println!("none of tokio's files of tests is called {}", files.join(" or "));
        return false;
    }
    for file in wanted {
        let mut here = [0; 3];
        for (test, verdict) in scratch.run(&file) {
            let test = format!("{file}::{test}");
            match verdict {
                Verdict::Passed => here[0] += 1,
                Verdict::Skipped(why) => {
                    here[1] += 1;
                    skipped.push((why, test));
                }
                Verdict::Failed(why) => {
                    here[2] += 1;
                    failed.push((test, why));
                }
                Verdict::Unreachable(why) => {
                    println!("SKIPPED {}: what they need cannot be had:\n{why}", place.name());
                    return unreachable == Unreachable::Skips;
                }
            }
        }
        passed += here[0];
        println!(
            "{:>8} {file}: {} passed, {} skipped, {} failed",
            place.name(),
            here[0],
            here[1],
            here[2]
        );
    }
    skipped.sort();
    println!("\nskipped, {} of tokio {}:", place.name(), scratch.version());
    for group in skipped.chunk_by(|(one, _), (other, _)| one == other) {
        println!("  {} because {}", group.len(), group[0].0);
        for (_, test) in group {
            println!("      {test}");
        }
    }
    println!("\nfailed, {}:", place.name());
    for (test, why) in &failed {
        println!("  {test}\n      {}", why.replace('\n', "\n      "));
    }
    println!(
        "\n{}: {passed} passed, {} failed, {} skipped\n",
        place.name(),
        failed.len(),
        skipped.len()
    );
    failed.is_empty()
}
