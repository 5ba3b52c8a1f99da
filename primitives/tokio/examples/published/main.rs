//! Tokio's own published tests against this package.
//!
//! `cargo run -p unpick-tokio --example published -- [outside|inside] [FILE…]`
//!
//! The tests are taken from tokio's crate package, where cargo keeps it, and copied below
//! `target/published`, into a package whose `tokio` is this package with its feature `sim`.
//! `outside` runs them as they are. `inside` runs each that needs neither threads nor input and
//! output inside of runs: the plain one and 100 random ones. Without a word it does both.

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

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let places: Vec<Place> = match words.first().map(String::as_str) {
        Some("outside") => vec![Place::Outside],
        Some("inside") => vec![Place::Inside],
        _ => vec![Place::Outside, Place::Inside],
    };
    let is_word = |word: &&String| !["outside", "inside"].contains(&word.as_str());
    let files: Vec<&String> = words.iter().filter(is_word).collect();
    let mut has_failed = false;
    for place in places {
        has_failed |= run(place, &files);
    }
    if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs the tests of some files, or of all, and prints what came of them; says whether any failed.
fn run(place: Place, files: &[&String]) -> bool {
    let scratch = Scratch::new(place);
    let (mut passed, mut skipped, mut failed) = (0, Vec::new(), Vec::new());
    for file in scratch.files() {
        if !files.is_empty() && !files.iter().any(|wanted| file.contains(wanted.as_str())) {
            continue;
        }
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
    !failed.is_empty()
}
