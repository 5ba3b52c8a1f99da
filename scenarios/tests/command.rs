//! The `unpick` command as its users meet it: what it prints, and its exit codes.

use std::process::{Command, Output};

use serde_json::Value;

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
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(why), "{error}");
}

#[test]
fn a_misspelt_scenario_is_refused_and_corrected() {
    check_refused(&["hunt", "lost-updte"], "a similar value exists: 'lost-update'");
    check_refused(&["hnt"], "a similar subcommand exists: 'hunt'");
}

#[test]
fn an_unknown_variant_is_refused_with_the_known_ones() {
    check_refused(&["hunt", "lost-update", "bugy"], "no variant `bugy`; allowed: buggy, fixed");
}

#[test]
fn options_out_of_range_are_refused() {
    check_refused(&["hunt", "lost-update", "--runs", "0"], "0 is not in 1..");
    check_refused(&["hunt", "lost-update", "--strategy", "psychic"], "allowed: fifo, lockstep");
    check_refused(&["hunt", "lost-update", "--seed", "seed"], "`seed` is not a seed");
    check_refused(&["replay", "lost-update", "--tape", "1pe"], "1pe");
    check_refused(&["replay", "lost-update"], "needs `--seed` or `--tape`");
}

#[test]
fn a_tape_of_another_program_is_refused_and_says_where() {
    let output = unpick(&["replay", "lost-update", "--tape", "1pe:19~922a6b"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("choice"), "{error}");
}

#[test]
fn an_expected_finding_is_a_success_and_a_missed_one_is_none() {
    assert_eq!(unpick(&["hunt", "lost-update", "buggy"]).status.code(), Some(0));
    let missed = unpick(&["hunt", "lost-update", "buggy", "--runs", "1"]);
    assert_eq!(missed.status.code(), Some(1), "{}", printed(&missed));
    assert!(printed(&missed).contains("NOT as expected"));
}

#[test]
fn json_has_the_documented_fields_one_object_a_program() {
    let output = printed(&unpick(&["hunt", "lost-update", "--json", "--seed", "0x5eed"]));
    let rows: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    assert_eq!(rows.len(), 2, "buggy and fixed");
    for row in &rows {
        for field in [
            "scenario",
            "variant",
            "strategy",
            "runs",
            "first_failure_run",
            "kind",
            "seed",
            "tape",
            "deviations",
            "choices",
            "distinct_classes",
            "wall_s",
            "expected",
            "as_expected",
        ] {
            assert!(row.get(field).is_some(), "{field} in {row}");
        }
    }
    assert_eq!(rows[0]["kind"], "lost update");
    assert_eq!(rows[1]["kind"], Value::Null);
    let tape = rows[0]["tape"].as_str().expect("a tape");
    assert_eq!(unpick(&["replay", "lost-update", "buggy", "--tape", tape]).status.code(), Some(1));
}

#[test]
fn explain_cuts_down_and_says_what_decided() {
    let explained = unpick(&["explain", "lost-update", "--tape", "1pe:4@1=1,2=1~f37a0c"]);
    assert_eq!(explained.status.code(), Some(1), "{}", printed(&explained));
    for part in [
        "LOST UPDATE on shared balance",
        "decisive",
        "2 unusual choices",
        "in the run that was named",
    ] {
        assert!(printed(&explained).contains(part), "{part}: {}", printed(&explained));
    }
    let json = printed(&unpick(&["explain", "lost-update", "--json"]));
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!((&json["kind"], &json["minimal_deviations"]), (&"lost update".into(), &1.into()));
    let passing = unpick(&["explain", "lost-update", "fixed"]);
    assert_eq!(passing.status.code(), Some(0), "{}", printed(&passing));
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
    check_refused(&["trace", "hello", "--format", "smoke"], "possible values: text, lanes");
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
fn completions_know_the_scenarios() {
    let script = printed(&unpick(&["completions", "bash"]));
    assert!(script.contains("dining-philosophers"), "{script}");
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
