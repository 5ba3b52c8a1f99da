//! The `unpick` command as its users meet it: what it prints, and its exit codes.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;
use unpick_scenarios::SCENARIOS;

fn unpick(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_unpick")).args(arguments).output();
    output.expect("the command starts")
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("it prints text")
}

/// Checks that the command is refused with exit code 2, and says why.
#[track_caller]
fn check_refused(arguments: &[&str], why: &str) {
    let output = unpick(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(error.contains(why), "{arguments:?}: {error}");
}

/// The subcommands that take a scenario, each with what makes it a whole command line.
const ON_SCENARIOS: [(&str, &[&str]); 7] = [
    ("run", &[]),
    ("hunt", &[]),
    ("replay", &["--tape", TAPE]),
    ("explain", &[]),
    ("trace", &[]),
    ("diff", &[]),
    ("bench", &["--millis", "1"]),
];

/// A tape on which `lost-update buggy` fails.
const TAPE: &str = "1pe:3@1=1~5f0964";

#[test]
fn a_misspelt_name_is_corrected_in_every_subcommand() {
    for (subcommand, rest) in ON_SCENARIOS {
        let scenario = [&[subcommand, "lost-updte"], rest].concat();
        check_refused(&scenario, "a similar value exists: 'lost-update'");
        let variant = [&[subcommand, "lost-update", "bugy"], rest].concat();
        check_refused(&variant, "a similar value exists: 'buggy'");
        let option = [&[subcommand, "lost-update", "--jsn"], rest].concat();
        check_refused(&option, "a similar argument exists: '--json'");
    }
    check_refused(&["hnt"], "a similar subcommand exists: 'hunt'");
    check_refused(&["list", "--jsn"], "a similar argument exists: '--json'");
    check_refused(&["asyncio", "-", "--jsn"], "a similar argument exists: '--json'");
    check_refused(&["completions", "bsh"], "a similar value exists: 'bash'");
}

#[test]
fn a_value_that_is_not_allowed_is_refused_with_those_that_are() {
    let refusals: [(&[&str], &str); 14] = [
        (&["hunt", "lost-update", "--runs", "0"], "0 is not in 1.."),
        (&["hunt", "lost-update", "--jobs", "0"], "0 is not in 1..=256"),
        (&["hunt", "lost-update", "--strategy", "rnadom"], "a similar value exists: 'random'"),
        (&["hunt", "lost-update", "--strategy", "pct(65)"], "allowed: fifo, lockstep"),
        (&["hunt", "lost-update", "--seed", "seed"], "`seed` is not a seed"),
        (&["hunt", "lost-update", "--seed", "0x5eed/41"], "`replay --seed 0x5eed/41` makes it"),
        (&["hunt", "lost-update", "--junit", "no/such/folder/file"], "no/such/folder/file"),
        (&["run", "lost-update", "--seed", "1", "--tape", TAPE], "cannot be used with"),
        (&["replay", "lost-update", "--tape", "1pe"], "1pe"),
        (&["replay", "lost-update"], "needs `--seed` or `--tape`"),
        (&["explain", "lost-update", "--runs", "0"], "0 is not in 1.."),
        (&["trace", "hello", "--format", "htlm"], "a similar value exists: 'html'"),
        (&["diff", "lost-update", "--other-seed", "seed"], "`seed` is not a seed"),
        (&["bench", "lost-update", "--millis", "0"], "0 is not in 1..=60000"),
    ];
    for (arguments, why) in refusals {
        check_refused(arguments, why);
    }
}

#[test]
fn a_tape_of_another_program_is_refused_and_says_where() {
    for subcommand in ["run", "replay", "explain", "trace", "diff"] {
        check_refused(&[subcommand, "lost-update", "--tape", "1pe:19~922a6b"], "choice");
    }
}

#[test]
fn exit_codes_say_whether_it_was_as_expected() {
    let table: [(&[&str], i32); 15] = [
        (&["list"], 0),
        (&["completions", "fish"], 0),
        (&["run", "lost-update", "fixed"], 0),
        // A run that does not meet the planted bug is no surprise, and one that does is none.
        (&["run", "lost-update", "buggy"], 0),
        (&["run", "lost-update", "buggy", "--tape", TAPE], 0),
        (&["replay", "lost-update", "buggy", "--tape", TAPE], 0),
        (&["hunt", "lost-update"], 0),
        (&["hunt", "lost-update", "buggy", "--runs", "1"], 1),
        (&["explain", "lost-update", "buggy"], 0),
        (&["explain", "lost-update", "buggy", "--runs", "1"], 1),
        (&["explain", "lost-update", "fixed"], 0),
        (&["trace", "lost-update", "--tape", TAPE], 0),
        (&["diff", "lost-update", "--tape", TAPE], 0),
        (&["bench", "lost-update", "--millis", "1"], 0),
        (&[], 2),
    ];
    for (arguments, code) in table {
        let output = unpick(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", printed(&output));
    }
}

/// The fields that a page documents for a subcommand: the first cells of its table.
fn documented<'a>(page: &'a str, subcommand: &str) -> BTreeSet<&'a str> {
    let mut sections = page.split("\n## ");
    let section = sections.find(|section| section.starts_with(&format!("{subcommand}\n")));
    let section = section.unwrap_or_else(|| panic!("nothing on {subcommand}"));
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().expect("a cell ends")).collect()
}

/// Checks that each object that the command prints has exactly these fields.
#[track_caller]
fn check_fields(arguments: &[&str], fields: &BTreeSet<&str>, objects: usize) {
    assert!(!fields.is_empty(), "{arguments:?}");
    let output = printed(&unpick(arguments));
    let mut count = 0;
    for line in output.lines() {
        let object: Value = serde_json::from_str(line).expect("it is JSON");
        let printed = object.as_object().expect("it is an object").keys();
        assert_eq!(printed.map(String::as_str).collect::<BTreeSet<_>>(), *fields, "{arguments:?}");
        count += 1;
    }
    assert_eq!(count, objects, "{arguments:?}");
}

#[test]
fn json_has_the_documented_fields_and_no_others() {
    let page = include_str!("../../sim/src/cli/json.md");
    let programs = SCENARIOS.iter().map(|scenario| scenario.variants.len()).sum();
    check_fields(&["list", "--json"], &documented(page, "list"), programs);
    let run = documented(page, "run");
    check_fields(&["run", "lost-update", "--json"], &run, 1);
    check_fields(&["replay", "lost-update", "--tape", TAPE, "--json"], &run, 1);
    check_fields(&["hunt", "lost-update", "--json"], &documented(page, "hunt"), 2);
    let explain = documented(page, "explain");
    check_fields(&["explain", "lost-update", "buggy", "--json"], &explain, 1);
    check_fields(&["explain", "lost-update", "fixed", "--json"], &explain, 1);
    let diff = ["diff", "lost-update", "--tape", TAPE, "--json"];
    check_fields(&diff, &documented(page, "diff"), 1);
    let bench = ["bench", "lost-update", "--millis", "1", "--json"];
    check_fields(&bench, &documented(page, "bench"), 8);
    let trace = printed(&unpick(&["trace", "lost-update", "--json"]));
    assert_eq!(trace, printed(&unpick(&["trace", "lost-update", "--format", "jsonl"])));
}

#[test]
fn help_shows_the_documented_fields_and_exit_codes() {
    let page = include_str!("../../sim/src/cli/json.md");
    for subcommand in ["list", "run", "hunt", "explain", "diff", "bench"] {
        let help = printed(&unpick(&[subcommand, "--help"]));
        for field in documented(page, subcommand) {
            assert!(help.contains(&format!("\n  {field} ")), "{field} in {help}");
        }
        assert!(help.contains("Exit codes:"), "{help}");
    }
}

#[test]
fn json_of_a_hunt_names_a_tape_that_fails_again() {
    let output = printed(&unpick(&["hunt", "lost-update", "--json", "--seed", "0x5eed"]));
    let rows: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    assert_eq!((&rows[0]["kind"], &rows[1]["kind"]), (&"lost update".into(), &Value::Null));
    let tape = rows[0]["tape"].as_str().expect("a tape");
    let again = printed(&unpick(&["replay", "lost-update", "buggy", "--tape", tape, "--json"]));
    let again: Value = serde_json::from_str(&again).expect("it is JSON");
    assert_eq!(again["kind"], "lost update");
}

#[test]
fn explain_cuts_down_and_says_what_decided() {
    let explained = unpick(&["explain", "lost-update", "--tape", "1pe:4@1=1,2=1~f37a0c"]);
    for part in [
        "LOST UPDATE on shared balance",
        "decisive",
        "2 unusual choices",
        "in the run that was named",
    ] {
        let text = printed(&explained);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(part), "{part}: {text}");
    }
    let json = printed(&unpick(&["explain", "lost-update", "--json"]));
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!((&json["kind"], &json["minimal_deviations"]), (&"lost update".into(), &1.into()));
}

#[test]
fn diff_says_where_two_runs_part() {
    let tape = "1pe:3@1=1~5f0964";
    let output = printed(&unpick(&["diff", "lost-update", "--tape", tape]));
    assert!(output.contains("then one") && output.contains("then other"), "{output}");
}

#[test]
fn a_trace_comes_in_every_form() {
    let begins = [
        ("text", "    0.000  main"),
        ("lanes", "places are lines of"),
        ("normal", ""),
        ("jsonl", "{"),
        ("perfetto", "{"),
        ("dot", "digraph"),
        ("html", "<!doctype html>"),
    ];
    for (format, begin) in begins {
        let arguments = ["trace", "opposite-locks", "--seed", "0x5eed/1", "--format", format];
        let output = unpick(&arguments);
        assert_eq!(output.status.code(), Some(0), "{format}");
        let output = printed(&output);
        assert!(output.len() > 100 && output.starts_with(begin), "{format}: {output}");
    }
}

#[test]
fn junit_xml_has_a_case_for_each_program() {
    let file = std::env::temp_dir().join(format!("unpick-{}.xml", std::process::id()));
    let path = file.to_str().expect("a path in text");
    unpick(&["hunt", "lost-update", "buggy", "--runs", "1", "--junit", path]);
    let written = std::fs::read_to_string(&file).expect("the file was written");
    std::fs::remove_file(&file).expect("the file is ours");
    assert!(written.contains("tests=\"1\"") && written.contains("failures=\"1\""), "{written}");
    assert!(written.contains("the planted bug was not found"), "{written}");
}

#[test]
fn completions_know_scenarios_variants_and_strategies() {
    for shell in ["bash", "zsh", "fish"] {
        let script = printed(&unpick(&["completions", shell]));
        for (subcommand, _) in ON_SCENARIOS {
            assert!(script.contains(subcommand), "{shell}: {script}");
        }
        let is_between = |char: char| !char.is_alphanumeric() && char != '-';
        let counts = ["dining-philosophers", "buggy", "lockstep"]
            .map(|name| script.split(is_between).filter(|word| *word == name).count());
        assert!(counts[0] >= ON_SCENARIOS.len() && counts[1] >= ON_SCENARIOS.len(), "{counts:?}");
        assert!(counts[2] >= 1, "{shell} does not complete strategies");
    }
    for shell in ["powershell", "elvish"] {
        assert!(printed(&unpick(&["completions", shell])).contains("replay"), "{shell}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_unpick"))
        .arg("list")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_hunt_of_many_programs_shows_no_bar_where_there_is_no_terminal() {
    let output = unpick(&["hunt", "lost-update"]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
