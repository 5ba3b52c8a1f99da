//! Lanes: what a person reads of a failure.

use std::rc::Rc;
use std::time::Duration;

use unpick::Run;
use unpick::primitives::task::timeout;
use unpick::primitives::{Lock, Semaphore};
use unpick::sim::assert_lanes_snapshot;
use unpick::sim::choice::Label;
use unpick::sim::finding::Finding;
use unpick::sim::strategy::Lockstep;
use unpick::sim::trace::{EventKind, TaskRef, Trace};
use unpick::sim::{event, spawn, task, time, yield_now};

use crate::programs::{self, traced};

/// The trace of a run that gives way wherever it can, and what was found.
fn in_lockstep<Fut: Future>(program: fn() -> Fut) -> (Trace, Option<Finding>) {
    let outcome = Run::new().strategy(Lockstep).traced().execute(program);
    (outcome.trace.expect("the run is traced"), outcome.result.err())
}

#[test]
fn a_lost_update_is_read_off_two_lanes() {
    let (trace, _) = in_lockstep(programs::deposits);
    assert_lanes_snapshot!("lanes_lost_update", trace);
}

#[test]
fn a_deadlock_shows_who_waits_for_whom() {
    let (trace, finding) = in_lockstep(programs::ring);
    let finding = finding.expect("a deadlock");
    assert_lanes_snapshot!("lanes_deadlock", trace, finding);
}

#[test]
fn a_lost_wakeup_shows_the_notification_that_woke_nobody() {
    let (trace, finding) = in_lockstep(programs::drain);
    let finding = finding.expect("a deadlock");
    assert_lanes_snapshot!("lanes_lost_wakeup", trace, finding);
}

#[test]
fn time_stands_where_it_changes_and_wakeups_behind_what_woke() {
    let trace = traced(Run::new().plain(), programs::pipeline);
    insta::assert_snapshot!("lanes_pipeline", trace.lanes());
}

#[test]
fn a_marked_choice_has_a_rule_with_what_is_said_of_it_even_if_it_is_plain() {
    let (trace, _) = in_lockstep(programs::deposits);
    let numbers: Vec<usize> = trace
        .events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Choice { number, choice, .. } if choice.label() == Label::Schedule => {
                Some(number)
            }
            _ => None,
        })
        .collect();
    let unmarked = trace.lanes().to_string();
    for number in numbers {
        let text = trace.lanes().mark(number, "decisive: 50 % -> 100 %").to_string();
        let rules = text.matches("switch ======== decisive: 50 % -> 100 %\n").count();
        assert_eq!(rules, 1, "choice {number}\n{text}");
        assert!(text.lines().count() >= unmarked.lines().count());
    }
    assert_eq!(trace.lanes().mark(1000, "no such choice").to_string(), unmarked);
}

#[test]
fn a_note_stands_behind_its_event() {
    let (trace, _) = in_lockstep(programs::deposits);
    let is_write = |kind: &EventKind| matches!(kind, EventKind::SharedWritten { .. });
    let write = trace.events.iter().position(|event| is_write(&event.kind)).expect("a write");
    let text = trace.lanes().note(write, "this one is lost").to_string();
    let noted = text.lines().find(|line| line.contains("write balance = 110"));
    assert!(noted.is_some_and(|line| line.ends_with("   <- this one is lost")), "{text}");
}

/// A task that says so many things.
async fn talks(lines: usize) {
    for line in 0..lines {
        event!("line {line}");
        yield_now().await;
    }
}

#[test]
fn what_is_too_long_is_counted_in_the_middle_and_notes_stay() {
    let trace = traced(Run::new().plain(), || async { talks(500).await });
    let said = |text: &str| {
        let is_it =
            |kind: &EventKind| matches!(kind, EventKind::Said { text: said, .. } if said == text);
        trace.events.iter().position(|event| is_it(&event.kind)).expect("it is said")
    };
    let text = trace.lanes().lines_max(12).note(said("line 250"), "half-way").to_string();
    insta::assert_snapshot!("lanes_elided", text);
}

#[test]
fn of_many_tasks_four_have_lanes_and_the_others_are_counted() {
    let trace = traced(Run::new().plain(), || async {
        let tasks: Vec<_> = (0..9).map(|_| spawn(talks(2))).collect();
        for task in tasks {
            task.await.expect("nobody aborts it");
        }
    });
    let text = trace.lanes().to_string();
    let heading = text.lines().nth(1).expect("a line");
    assert_eq!(heading.matches("main.").count(), 4, "{text}");
    let footer = text.lines().last().expect("a line");
    let counted =
        "(not shown: main, 2 lines; main.1, 3 lines; main.2, 3 lines; 3 more tasks, 9 lines)";
    assert_eq!(footer.trim(), counted);
    let chosen = trace.lanes().tasks([TaskRef(9), TaskRef(1), TaskRef(9)]).to_string();
    let heading: Vec<&str> = chosen.lines().nth(1).expect("a line").split_whitespace().collect();
    assert_eq!(heading, ["t=0.000", "main.9", "main.1"]);
}

#[test]
fn no_line_is_longer_than_the_width_and_nothing_of_a_long_text_is_lost() {
    const SAID: &str =
        "once upon a time there was an unbreakably-long-word-of-more-than-forty-characters";
    let trace = traced(Run::new().plain(), || async {
        spawn(async { event!("{SAID}") }).await.expect("nobody aborts it");
        event!("{SAID}");
    });
    for width in [60, 80, 100] {
        let text = trace.lanes().width(width).tasks([TaskRef(0), TaskRef(1)]).to_string();
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(width), "{width}: {longest:?}\n{text}");
        let lanes = trace.lanes().width(width).with_sites(false);
        let text = lanes.tasks([TaskRef(0), TaskRef(1)]).to_string();
        let letters = |text: &str| text.replace(char::is_whitespace, "");
        assert_eq!(letters(&text).matches(&letters(SAID)).count(), 2, "{text}");
    }
}

#[test]
fn text_of_the_program_stays_on_its_line() {
    let trace = traced(Run::new().plain(), || async { event!("two\nlines\u{1b}[31m") });
    let text = trace.lanes().to_string();
    assert!(text.contains(r"say two\nlines\u{1b}[31m"), "{text}");
}

#[test]
fn a_name_that_two_tasks_have_is_not_used_to_tell_them_apart() {
    let trace = traced(Run::new().plain(), || async {
        for _ in 0..2 {
            let worker = task().named("worker").spawn(async { event!("here") });
            worker.await.expect("nobody aborts it");
        }
    });
    let text = trace.lanes().tasks([TaskRef(0)]).to_string();
    assert!(text.contains("spawns main.1") && text.contains("spawns main.2"), "{text}");
}

/// Says the same things in each round.
async fn goes_round() {
    event!("begins");
    for round in 0..100 {
        event!("round {round}");
        event!("and on");
    }
    event!("ends");
}

#[test]
fn what_goes_round_in_lines_that_are_left_out_is_told_with_how_often() {
    let trace = traced(Run::new().plain(), goes_round);
    let text = trace.lanes().lines_max(12).to_string();
    assert!(text.contains("... 191 more lines: the same 2 over and over, 95 times ..."), "{text}");
}

#[test]
fn lines_that_are_left_out_are_as_many_as_are_missing() {
    let whole = traced(Run::new().plain(), goes_round).lanes().lines_max(1000).to_string();
    let trace = traced(Run::new().plain(), goes_round);
    for most in [8, 9, 20, 100, 150] {
        let text = trace.lanes().lines_max(most).to_string();
        let left_out: usize = text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("... ")?.split(' ').next())
            .map(|count| count.parse::<usize>().expect("a count"))
            .sum();
        let gaps = text.matches("... ").count();
        assert_eq!(text.lines().count() - gaps + left_out, whole.lines().count(), "{text}");
        assert!(text.lines().count() - gaps <= most + 2, "beside file and heading: {text}");
    }
    assert!(!whole.contains("..."), "203 lines fit: {whole}");
}

#[test]
fn nobody_is_shown_to_wake_whose_time_has_come() {
    let run = |seed| Run::new().seed(seed).time(unpick::TimeModel::Stalling).strategy(Lockstep);
    let texts = (0..50).filter_map(|seed| {
        let outcome = run(seed).traced().execute(programs::sleeps_beside);
        outcome.trace.map(|trace| trace.lanes().to_string())
    });
    let mut ahead = texts.filter(|text| text.contains("the clock runs ahead"));
    let text = ahead.next().expect("in one of fifty runs the clock runs ahead");
    assert!(!text.contains("wakes sleeper"), "{text}");
}

/// Its worker sleeps, and is about to lock when the clock runs ahead.
async fn stalls_before_a_lock() {
    let lock = Rc::new(Lock::new(0).named("storage"));
    let locks = lock.clone();
    let worker = task().named("worker").spawn(async move {
        time::sleep(Duration::from_millis(50)).await;
        *locks.lock().await += 1;
    });
    time::sleep(Duration::from_millis(100)).await;
    *lock.lock().await += 1;
    worker.await.expect("nobody aborts it");
}

#[test]
fn whoever_goes_on_before_the_clock_runs_ahead_does_so_above_the_rule() {
    let run = |seed| Run::new().seed(seed).time(unpick::TimeModel::Stalling).strategy(Lockstep);
    let mut texts = (0..200).filter_map(|seed| {
        let outcome = run(seed).traced().execute(stalls_before_a_lock);
        outcome.trace.map(|trace| trace.lanes().with_sites(false).to_string())
    });
    let runs_ahead = "======== the clock runs ahead: t=0.050 -> t=0.100 ========";
    let text = texts.find(|text| text.contains(runs_ahead)).expect("in one of 200 runs");
    let rows: Vec<&str> = text.lines().collect();
    let rule = rows.iter().position(|row| row.starts_with(runs_ahead)).expect("it is there");
    let words = |row: usize| rows[row].split_whitespace().collect::<Vec<_>>();
    assert_eq!(words(rule - 1), ["t=0.050", "goes", "on"], "{text}");
    assert_eq!(words(rule + 1)[..4], ["t=0.100", "about", "to", "acquire"], "{text}");
    assert_eq!(text.matches("goes on").count(), 1, "whose time is that of its next line: {text}");
}

#[test]
fn whoever_is_woken_by_something_unknown_is_not_by_what_was_said_before() {
    let trace = traced(Run::new().plain(), || async {
        let (sender, receiver) = futures::channel::oneshot::channel();
        let worker = task().named("worker").spawn(async move {
            event!("it is done");
            sender.send(()).expect("somebody waits");
        });
        receiver.await.expect("it is sent");
        worker.await.expect("nobody aborts it");
    });
    let text = trace.lanes().with_sites(false).to_string();
    let (said, woke) = text.split_once("say it is done\n").expect("it is said");
    assert!(woke.trim_start().starts_with("wakes main\n"), "{said}{woke}");
}

#[test]
fn the_timer_of_a_timeout_that_was_up_is_not_called_a_sleep() {
    let trace = traced(Run::new().plain(), || async {
        let slow = time::sleep(Duration::from_millis(20));
        timeout(Duration::from_millis(10), slow).await.expect_err("it is too slow");
    });
    let text = trace.lanes().with_sites(false).to_string();
    let said = text.split_once("sleeps until t=0.020\n").map(|(_, then)| then.trim_start());
    assert!(said.is_some_and(|then| then.starts_with("timeout at t=0.010\n")), "{text}");
}

/// Six tasks with long names that do something.
async fn six() {
    let tasks: [_; 6] = std::array::from_fn(|number| {
        let name = format!("request-to-somewhere-{number}");
        task().named(name).spawn(async move { event!("has come to number {number}") })
    });
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

#[test]
fn six_lanes_with_long_names_fit_a_terminal_and_each_has_its_title_in_its_column() {
    let trace = traced(Run::new().plain(), six);
    for width in [70, 78, 80] {
        let text = trace.lanes().width(width).tasks((1..=6).map(TaskRef)).to_string();
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(width), "{width}: {longest:?}\n{text}");
        let column = |what: String| text.lines().find_map(|line| line.find(&what));
        let title = |number| column(format!("request-to-somewhere-{number} main.{}", number + 1));
        let titles: Vec<Option<usize>> = (0..6).map(title).collect();
        let mut said = text.lines().filter_map(|line| line.find("say has come"));
        assert!(titles.iter().all(|title| *title == said.next()), "{titles:?}\n{text}");
        assert!(titles[0].is_some() && titles.is_sorted_by(|a, b| a < b), "{text}");
    }
}

#[test]
fn a_panic_has_its_place() {
    let line = line!() + 1;
    let (trace, _) = in_lockstep(|| async { panic!("it is over") });
    let text = trace.lanes().to_string();
    assert!(text.contains(&format!("panics: it is over :{line}")), "{text}");
}

#[test]
fn whoever_waits_for_what_it_holds_itself_is_told_how_often_it_holds_it() {
    let (trace, _) = in_lockstep(|| async {
        let permits = Semaphore::new(2).named("permits");
        let _held = [permits.acquire().await, permits.acquire().await];
        drop(permits.acquire().await);
    });
    let text = trace.lanes().to_string();
    assert!(text.contains("acquire semaphore permits: waits for main itself 2 times"), "{text}");
}
