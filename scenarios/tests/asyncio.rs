//! The primitives against asyncio: a sample of what an oracle recorded, and fresh programs where
//! there is a Python to ask.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use unpick_scenarios::asyncio::differences::Reason;
use unpick_scenarios::asyncio::program::Record;
use unpick_scenarios::asyncio::{Judgement, interpreter, judge, outcomes, reading};

const SMALL: &str = include_str!("data/asyncio-small.jsonl");
const MEDIUM: &str = include_str!("data/asyncio-medium.jsonl");
const LARGE: &str = include_str!("data/asyncio-large.jsonl");
/// Programs with queues that are shut down and barriers that are reset, by CPython 3.13:
/// `asyncio_shutdown.py` writes more of them.
const SHUTDOWN: &str = include_str!("data/asyncio-shutdown.jsonl");
/// Programs that differ, for each reason there is.
const DIFFERENCES: &str = include_str!("data/asyncio-differences.jsonl");

#[track_caller]
fn read(text: &str) -> Vec<Record> {
    let read = |line| reading::read(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(read).collect()
}

/// No program differs, but for one in so many that may.
#[track_caller]
fn check_agreement(text: &str, at_least: usize, documented_one_in: usize) {
    let records = read(text);
    assert!(records.len() >= at_least, "only {} programs", records.len());
    let mut documented = Vec::new();
    for record in &records {
        match judge(record) {
            Judgement::Agrees => {}
            Judgement::DiffersAsDocumented(..) => documented.push(record.name.as_str()),
            Judgement::Differs(found) => panic!("{} differs: {found:#?}", record.name),
        }
    }
    assert!(
        documented.len() * documented_one_in <= records.len(),
        "too many differ, though as documented: {documented:?}"
    );
}

#[test]
fn small_programs_do_what_asyncio_does() {
    check_agreement(SMALL, 150, 100);
}

#[test]
fn medium_programs_do_what_asyncio_does() {
    check_agreement(MEDIUM, 60, 50);
}

#[test]
fn large_programs_do_what_asyncio_does() {
    check_agreement(LARGE, 20, 20);
}

#[test]
fn queues_are_shut_down_and_barriers_reset_as_in_cpython_3_13() {
    check_agreement(SHUTDOWN, 100, 100);
}

#[test]
fn each_documented_difference_is_told_by_its_reason() {
    let mut seen = [0; 9];
    for record in read(DIFFERENCES) {
        let Judgement::DiffersAsDocumented(reason, _) = judge(&record) else {
            panic!("{} does not differ as documented: {:?}", record.name, judge(&record));
        };
        seen[match reason {
            Reason::FutureCancelledToo => 0,
            Reason::GroupFailedToo => 1,
            Reason::RequestLeftBehind => 2,
            Reason::OrderOfTurns(_, None) => 3,
            Reason::OrderOfTurns(_, Some(_)) => 4,
            Reason::CancelledInOneTurn => 5,
            Reason::DroppedInPlace => 6,
            Reason::NotifiedLater => 7,
            Reason::HandedToTheCancelled => 8,
        }] += 1;
    }
    assert!(seen.iter().all(|&count| count > 0), "not every reason is there: {seen:?}");
}

#[test]
fn a_made_up_outcome_is_a_difference() {
    let line = SMALL.lines().next().expect("there is one");
    let edits: [fn(&mut Value); 4] = [
        |expected| expected["time_us"] = json!(7),
        |expected| expected["end"] = json!("deadlock"),
        |expected| expected["blocked"]["t0"] = json!("0"),
        |expected| {
            expected["log"].as_array_mut().expect("a log has lines").pop();
        },
    ];
    for edit in edits {
        let mut record: Value = serde_json::from_str(line).expect("it is JSON");
        edit(&mut record["expected"]);
        let record = reading::read(&record.to_string()).expect("it is a record");
        assert!(matches!(judge(&record), Judgement::Differs(_)), "{:?}", judge(&record));
    }
}

/// What asyncio did is one of the things that our schedules lead to, whatever their order.
#[test]
fn asyncios_outcome_is_among_ours() {
    let (mut whole, mut runs) = (0, 0);
    let records = read(SMALL);
    for record in &records {
        let outcomes = outcomes::enumerate(record, 100);
        assert_eq!(outcomes.finding, None, "{}", record.name);
        assert!(outcomes.has_asyncios || !outcomes.is_whole, "{}: {outcomes:?}", record.name);
        whole += usize::from(outcomes.is_whole);
        runs += outcomes.runs;
    }
    println!("{whole} of {} programs were enumerated wholly, in {runs} runs", records.len());
    assert!(whole * 5 > records.len(), "hardly any program was enumerated wholly: {whole}");
}

/// Programs that Python has not seen before, and what it does with them now.
#[test]
fn fresh_programs_do_what_asyncio_does() {
    let Some(python) = python(11, u32::MAX) else { return };
    for (size, count, documented_one_in) in
        [("small", 200, 50), ("medium", 100, 25), ("large", 20, 10)]
    {
        let fresh = generate(python, ORACLE, size, 7_000_001, count);
        check_agreement(&fresh, count, documented_one_in);
    }
}

#[test]
fn fresh_programs_that_shut_queues_down_do_what_asyncio_does() {
    let Some(python) = python(13, u32::MAX) else { return };
    for (size, count, documented_one_in) in [("small", 100, 25), ("medium", 50, 12)] {
        let fresh = generate(python, SHUTDOWN_ORACLE, size, 7_000_001, count);
        check_agreement(&fresh, count, documented_one_in);
    }
}

/// Which programs are kept depends on what that Python does with them, but not on anything else.
#[test]
fn a_seed_gives_the_recorded_program_again() {
    let Some(python) = python(11, u32::MAX) else { return };
    let count = SMALL.lines().count();
    let again = generate(python, ORACLE, "small", 1, count);
    for (again, recorded) in again.lines().zip(SMALL.lines()) {
        let [again, recorded] =
            [again, recorded].map(|line| serde_json::from_str::<Value>(line).expect("it is JSON"));
        if again["python"] != recorded["python"] {
            println!("skipped: the sample was recorded by Python {}", recorded["python"]);
            return;
        }
        assert_eq!(again, recorded);
    }
}

/// What writes programs, and says what Python does with them.
const ORACLE: &str = "asyncio_oracle.py";
const SHUTDOWN_ORACLE: &str = "asyncio_shutdown.py";

/// A Python of these minor versions; says so if there is none.
fn python(from: u32, to: u32) -> Option<&'static str> {
    let check = format!("import sys; sys.exit(not {from} <= sys.version_info[1] <= {to})");
    let is_there = |python: &&str| {
        let status = Command::new(python).args(["-c", &check]).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let found = ["python3", "python3.13"].into_iter().find(is_there);
    if found.is_none() {
        println!("skipped: there is no python3 of a version from 3.{from} to 3.{to}");
    }
    found
}

fn generate(python: &str, script: &str, size: &str, seed: usize, count: usize) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
    let (seed, count) = (seed.to_string(), count.to_string());
    let output = Command::new(python)
        // Nothing is to be left beside the script.
        .arg("-B")
        .arg(script)
        .args(["generate", "--seed", &seed, "--count", &count, "--size", size])
        .output()
        .expect("it has just been there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn no_damaged_record_makes_the_interpreter_panic() {
    let damages = [json!(null), json!(-1), json!(u64::MAX), json!("t9"), json!([]), json!({})];
    let (mut refused, mut accepted) = (0, 0);
    for line in DIFFERENCES
        .lines()
        .chain(SMALL.lines().take(5))
        .chain(SHUTDOWN.lines().take(5))
        .filter(|line| line.len() < 1_500)
    {
        let whole: Value = serde_json::from_str(line).expect("it is JSON");
        for place in places(&whole) {
            for damage in &damages {
                let mut record = whole.clone();
                *record.pointer_mut(&place).expect("it is there") = damage.clone();
                match reading::read(&record.to_string()) {
                    Err(error) => {
                        assert!(!error.to_string().is_empty());
                        refused += 1;
                    }
                    Ok(record) => {
                        let _report = interpreter::run_plain(&record.program);
                        accepted += 1;
                    }
                }
            }
        }
        for length in (0..line.len()).step_by(7) {
            assert!(reading::read(&line[..length]).is_err());
        }
    }
    assert!(refused > 1_000 && accepted > 100, "{refused} refused, {accepted} accepted");
}

/// Pointers to every value of a program.
fn places(record: &Value) -> Vec<String> {
    let mut found = vec![String::from("/program")];
    let mut next = 0;
    while let Some(place) = found.get(next).cloned() {
        match record.pointer(&place) {
            Some(Value::Array(items)) => {
                found.extend((0..items.len()).map(|index| format!("{place}/{index}")));
            }
            Some(Value::Object(fields)) => {
                found.extend(fields.keys().map(|key| format!("{place}/{key}")));
            }
            _ => {}
        }
        next += 1;
    }
    found
}
