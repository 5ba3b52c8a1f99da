//! `unpick asyncio` on the command line: what it prints, and how it exits.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs the command on this standard input.
fn run(input: &str, arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_unpick"))
        .arg("asyncio")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("it was asked for");
    // It may stop reading at a record that it cannot read.
    let _written = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

#[track_caller]
fn check_refused(input: &str, error: &str) {
    let output = run(input, &["-"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stderr), format!("unpick: {error}\n"));
}

const LOCKED: &str = r#"{"name":"locked","python":"3.11.7","program":{"objects":{"lock0":{"type":"lock"}},"tasks":[[["lock","lock0",[["sleep",5]]]]]},"expected":{"end":"finished","time_us":5,"blocked":{},"log":[[0,"t0","0","enter","ok"],[5,"t0","0.0","sleep","ok"],[5,"t0","0","lock","ok"],[5,"t0","","end","ok"]]}}"#;

#[test]
fn agreement_exits_with_0() {
    let output = run(&format!("{LOCKED}\n\n{LOCKED}\n"), &["-"]);
    assert_eq!(output.status.code(), Some(0));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(printed, "2 agree, 0 differ, 0 differ as documented\n");
}

#[test]
fn a_difference_is_shown_from_both_sides_and_exits_with_1() {
    let output = run(&LOCKED.replace("[5,\"t0\",\"0.0\"", "[4,\"t0\",\"0.0\""), &["-"]);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = "locked differs:\n  line 1 of t0\n    asyncio: t=0.000004 0.0 sleep \"ok\"\n    \
                    unpick:  t=0.000005 0.0 sleep \"ok\"\n\
                    0 agree, 1 differ, 0 differ as documented\n";
    assert_eq!(printed, expected);
}

#[test]
fn a_malformed_record_is_named_by_its_line_and_exits_with_2() {
    check_refused(
        &format!("{LOCKED}\n{}", LOCKED.replace("\"sleep\"", "\"slepe\"")),
        "-, line 2: program.tasks[0][0][0]: there is no operation `slepe`",
    );
    check_refused(
        &LOCKED.replace("[\"lock\",\"lock0\"", "[\"event_set\",\"lock0\""),
        "-, line 1: program.tasks[0][0]: `event_set` is not for `lock0`, a Lock",
    );
    check_refused(
        &LOCKED.replace("\"0.0\"", "\"0.9\""),
        "-, line 1: expected.log[1]: task t0 has no path 0.9",
    );
    check_refused("{}", "-, line 1: there is no field `name`");
    check_refused("[", "-, line 1: it is not JSON: EOF while parsing a list at line 1 column 1");
}

#[test]
fn a_file_that_is_not_there_exits_with_2() {
    let output = run("", &["no/such/file.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no/such/file.jsonl"));
}

#[test]
fn an_enumeration_says_whether_asyncios_outcome_is_among_ours() {
    let output = run(LOCKED, &["--enumerate", "10", "-"]);
    assert_eq!(output.status.code(), Some(0));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = "asyncio's outcome is among ours for 1, not for 0, not but as documented for 0, \
                    undecided for 0; 1 were enumerated wholly\n";
    assert_eq!(printed, expected);
}
