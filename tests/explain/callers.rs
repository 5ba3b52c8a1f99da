//! From where operations were called, as reports say it.

mod programs;

use std::future::Future;

use unpick::sim::finding::Place;
use unpick::sim::hunt::explain::Minimal;
use unpick::sim::hunt::{Failure, Hunt};
use unpick::sim::options::Detection;
use unpick::sim::trace::{Event, EventKind, TaskRef};
use unpick::{Kind, Options};

/// The first failure of a hunt with these options, explained.
fn failure<F, Fut>(options: Options, program: F) -> Failure
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = ()>,
{
    let mut report = Hunt::new("called").options(options).quiet().run(program);
    assert!(!report.failures.is_empty(), "nothing was found: {report}");
    report.failures.remove(0)
}

fn minimal<F, Fut>(program: F) -> Minimal
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = ()>,
{
    let failure = failure(Options::default(), program);
    failure.minimal().expect("it fails again").clone()
}

/// The letters of these lines of the programs.
fn letters<'a>(places: impl IntoIterator<Item = &'a Place>) -> String {
    let lines: Vec<&str> = include_str!("callers/programs.rs").lines().collect();
    let letter = |place: &Place| {
        assert_eq!(place.file, "tests/explain/callers/programs.rs");
        let letter = lines[place.line as usize - 1].rsplit_once("// ");
        letter.map_or("?", |(_, letter)| letter)
    };
    places.into_iter().map(letter).collect()
}

/// The events in which the program said something.
fn said(minimal: &Minimal) -> Vec<usize> {
    let said = |&event: &usize| matches!(minimal.trace.events[event].kind, EventKind::Said { .. });
    (0..minimal.trace.events.len()).filter(said).collect()
}

/// For each thing that the program said, the letters of the lines above it, the innermost first.
fn above_what_was_said(minimal: &Minimal) -> Vec<String> {
    said(minimal).into_iter().map(|event| letters(minimal.callers.above(event))).collect()
}

/// The same, of those lines that say something.
fn telling_of_what_was_said(minimal: &Minimal) -> Vec<String> {
    said(minimal).into_iter().map(|event| letters(minimal.callers.telling(event))).collect()
}

/// What a report says of how a task came to a place, with letters for lines.
fn way(report: &str) -> Option<String> {
    telling(report, " came to ")
}

/// The first line of a report that says this, and what it is continued with, with letters for
/// lines.
fn telling(report: &str, what: &str) -> Option<String> {
    let mut lines = report.lines().skip_while(|line| !line.contains(what));
    let first = lines.next()?;
    let rest = lines.take_while(|line| line.starts_with("    "));
    let text = std::iter::once(first).chain(rest).collect::<Vec<_>>().join(" ");
    let words = text.split_whitespace().map(|word| {
        let Some((_, line)) = word.rsplit_once(':') else { return word.to_owned() };
        let (line, comma) = line.strip_suffix(',').map_or((line, ""), |line| (line, ","));
        let Ok(line) = line.parse() else { return word.to_owned() };
        let place = Place { file: "tests/explain/callers/programs.rs".into(), line, column: 0 };
        format!("{}{comma}", letters([&place]))
    });
    Some(words.collect::<Vec<String>>().join(" "))
}

#[test]
fn a_report_says_from_where_a_helper_was_called() {
    let failure = failure(Options::default(), programs::twice);
    assert_eq!(failure.finding.kind, Kind::Deadlock);
    let report = failure.to_string();
    assert_eq!(
        way(&report).as_deref(),
        Some("main came to A in 2 ways: (1) from C, t=0.000; (2) from E, t=0.000"),
        "{report}"
    );
}

#[test]
fn a_guard_is_shown_to_be_dropped_where_its_scope_ends() {
    let minimal = minimal(programs::twice);
    let is_drop = |kind: &EventKind| matches!(kind, EventKind::Executed(operation) if !operation.site.is_known());
    let events = minimal.trace.events.iter();
    let drop = events.clone().position(|event| is_drop(&event.kind)).expect("a guard is dropped");
    assert_eq!(letters(minimal.callers.own(drop)), "B");
    assert_eq!(letters(minimal.callers.above(drop)), "C");
}

#[test]
fn what_libraries_and_unpick_put_between_two_lines_is_passed_over() {
    let minimal = minimal(programs::through_libraries);
    assert_eq!(above_what_was_said(&minimal), ["F", "G", "JH", "I"]);
}

#[test]
fn the_line_that_is_above_all_that_a_spawned_task_does_says_nothing() {
    let once = minimal(programs::through_libraries);
    assert_eq!(telling_of_what_was_said(&once), ["F", "G", "JH", ""], "of I there is one call");
    let more = minimal(programs::in_a_block);
    assert_eq!(above_what_was_said(&more), ["P", "OP", "P"]);
    assert_eq!(telling_of_what_was_said(&more), ["", "O", ""]);
}

#[test]
fn nothing_is_said_where_no_helper_was_called() {
    let minimal = minimal(programs::directly);
    assert_eq!(above_what_was_said(&minimal), ["", ""]);
    let report = failure(Options::default(), programs::directly).to_string();
    assert!(!report.contains(" from :"), "{report}");
    assert_eq!(way(&report), None, "{report}");
}

#[test]
fn of_a_long_run_the_events_are_looked_at_that_a_report_shows() {
    let failure = failure(Options::default(), programs::at_length);
    let minimal = failure.minimal().expect("it fails again");
    let looked_at =
        (0..minimal.trace.events.len()).filter(|&event| minimal.callers.is_known(event));
    assert!((8..=80).contains(&looked_at.count()), "of {} events", minimal.trace.events.len());
    let report = failure.to_string();
    let way = way(&report);
    let said = "main came to A in 2 ways: (1) from J from L, t=0.000; (2) from M, t=0.000";
    assert_eq!(way.as_deref(), Some(said), "{report}");
}

#[test]
fn where_a_future_that_is_moved_has_kept_its_first_waker_is_told() {
    let report = failure(Options::default(), programs::moved).to_string();
    let said = telling(&report, "a waker of ").expect("it is told");
    assert_eq!(said, "a waker of main was kept last at S from T from U, t=0.000", "{report}");
    // It is the one line to change.
    assert!(report.contains("first.get_or_insert_with(|| cx.waker().clone());"), "{report}");
}

#[test]
fn nobody_is_asked_who_called_if_that_is_switched_off() {
    let options = Options { callers: Detection::Off, ..Options::default() };
    let failure = failure(options, programs::twice);
    let minimal = failure.minimal().expect("it fails again");
    assert!(minimal.callers.is_empty());
    let report = failure.to_string();
    assert!(!report.contains(" from :") && way(&report).is_none(), "{report}");
    let looked_at = self::minimal(programs::twice);
    assert_eq!(looked_at.trace, minimal.trace, "a trace does not know who called");
}

#[test]
fn a_wake_of_something_unknown_has_its_own_place_whatever_was_said_before() {
    let failure = failure(Options::default(), programs::moved);
    let minimal = failure.minimal().expect("it fails again");
    let is_wake =
        |event: &Event| event.task.is_some() && event.kind == EventKind::Woken { task: TaskRef(0) };
    let wake = minimal.trace.events.iter().position(is_wake).expect("main is woken");
    assert_eq!(letters(minimal.callers.own(wake)), "V");
    let report = failure.to_string();
    let line = report.lines().find(|line| line.contains("wakes main")).expect("it has a line");
    let place = minimal.callers.own(wake).expect("it has a place");
    assert!(line.ends_with(&format!(":{}", place.line)), "{report}");
}
