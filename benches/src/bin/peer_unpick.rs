//! Unpick's searches beside those of its peers: a program of their size, for what a process does
//! for the first time takes longer in a large one. It is asked as they are, and answers as they do:
//! see `benches/peers/common/measure.rs`.

use std::error::Error;
use std::process::ExitCode;

use unpick_benches::finding::{self, Explaining, First};

fn main() -> ExitCode {
    match answer() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peer-unpick: {error}");
            ExitCode::from(2)
        }
    }
}

fn answer() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, program, seed, runs_max] = arguments.as_slice() else {
        return Err("find PROGRAM SEED RUNS_MAX".into());
    };
    if what != "find" {
        return Err(format!("`{what}`; allowed: find").into());
    }
    let strategy = match std::env::var("PEER_STRATEGY") {
        Ok(name) => Some(name.parse()?),
        Err(_) => None,
    };
    let (seed, runs_max) = (seed.parse()?, runs_max.parse()?);
    let search = |explaining| {
        let first = finding::first(program, seed, runs_max, strategy, explaining);
        first.ok_or_else(|| format!("there is no program `{program}`"))
    };
    let First { run, found, .. } = search(Explaining::None)?;
    let Some(run) = run else {
        println!("never {} - -", found.as_nanos());
        return Ok(());
    };
    let again = search(Explaining::None)?.found;
    let reported = match strategy {
        None => search(Explaining::Whole)?.reported.as_nanos().to_string(),
        Some(_) => String::from("-"),
    };
    println!("{run} {} {} {reported}", found.as_nanos(), again.as_nanos());
    Ok(())
}
