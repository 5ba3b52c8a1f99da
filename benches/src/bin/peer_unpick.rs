//! Unpick's searches beside those of its peers: a program of their size, for what a process does
//! for the first time takes longer in a large one. It is asked as they are, and answers as they do:
//! see `benches/peers/common/measure.rs`.

use std::error::Error;
use std::process::ExitCode;

use unpick_benches::finding::{self, First};

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
    let search = || {
        let first = finding::first(program, seed, runs_max, strategy);
        first.ok_or_else(|| format!("there is no program `{program}`"))
    };
    let First { run, found, reported } = search()?;
    let reported = reported.map_or_else(|| String::from("-"), |it| it.as_nanos().to_string());
    match run {
        None => println!("never {} - -", found.as_nanos()),
        Some(run) => {
            println!("{run} {} {} {reported}", found.as_nanos(), search()?.found.as_nanos())
        }
    }
    Ok(())
}
