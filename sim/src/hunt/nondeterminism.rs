//! Whether a program does the same again: something that no tape controls may take part in it.
//!
//! A run is repeated from its tape, twice, each time traced and on a fresh OS thread. Then the
//! two are compared event by event. The first difference names the task and the line; what kind
//! of difference it is says what is the likely cause.

use std::future::Future;
use std::thread::{self, Scope};

use super::verdict::{Verdict, judge};
use crate::finding::{Finding, Kind, Place};
use crate::options::{Detection, Options};
use crate::run::Run;
use crate::seed::RunId;
use crate::strategy::Divergence;
use crate::tape::Tape;
use crate::time::Instant;
use crate::trace::{Event, EventKind, Site, TaskRef, Text, Trace};

/// One run in so many is repeated, beginning with run 0, before number [`OFTEN_BEFORE`].
pub const ONE_IN: u64 = 256;

/// Where a hunt has repeated 256 runs.
pub const OFTEN_BEFORE: u64 = 65_536;

/// One run in so many is repeated from there on.
pub const ONE_IN_LATER: u64 = 4096;

/// Whether a run of this number is one of those that a hunt repeats.
///
/// # Examples
/// ```
/// use unpick_sim::hunt::nondeterminism::is_repeated;
///
/// assert_eq!((0..65_536).filter(|&number| is_repeated(number)).count(), 256);
/// assert_eq!((65_536..1_000_000).filter(|&number| is_repeated(number)).count(), 229);
/// ```
#[must_use]
pub const fn is_repeated(number: u64) -> bool {
    number.is_multiple_of(if number < OFTEN_BEFORE { ONE_IN } else { ONE_IN_LATER })
}

/// Repeats a run from its tape, and says where it goes another way, if it does.
///
/// It costs two traced runs, and two OS threads; where there is none to be had, nothing is found.
/// Addresses in shown values and in what the program says do not count.
///
/// # Examples
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use unpick_sim::{Run, event};
/// use unpick_sim::finding::Kind;
/// use unpick_sim::hunt::nondeterminism;
/// use unpick_sim::options::Options;
/// use unpick_sim::seed::RunId;
///
/// static RUNS: AtomicUsize = AtomicUsize::new(0);
/// let program = || async { event!("run {}", RUNS.fetch_add(1, Ordering::Relaxed)) };
/// let tape = Run::new().execute(program).tape;
/// let finding = nondeterminism::check(&Options::default(), RunId::default(), &tape, &program);
/// assert_eq!(finding.unwrap().kind, Kind::Nondeterminism);
/// ```
pub fn check<F, Fut>(options: &Options, id: RunId, tape: &Tape, program: &F) -> Option<Finding>
where
    F: Fn() -> Fut + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    try_check(options, id, tape, program).ok().flatten()
}

/// There was no OS thread to be had on which to repeat a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoThread;

/// The same, telling apart that nothing was found and that nothing could be tried.
pub(super) fn try_check<F, Fut>(
    options: &Options,
    id: RunId,
    tape: &Tape,
    program: &F,
) -> Result<Option<Finding>, NoThread>
where
    F: Fn() -> Fut + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    if options.detectors.nondeterminism == Detection::Off {
        return Ok(None);
    }
    let Some(first) = repeat(options, id, tape, program)? else { return Ok(None) };
    let Some(second) = repeat(options, id, tape, program)? else { return Ok(None) };
    Ok(compare(options, id, tape, program, &first, &second))
}

/// The same, without waiting for it: each repetition begins the next thread, and the last one hands
/// over what was found, if anything was. Where there is no thread to be had, `ended` is dropped.
pub(super) fn check_aside<'scope, 'env, F, Fut>(
    scope: &'scope Scope<'scope, 'env>,
    options: &'env Options,
    id: RunId,
    tape: Tape,
    program: &'env F,
    ended: impl FnOnce(Option<Finding>, Tape) + Send + 'scope,
) where
    F: Fn() -> Fut + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    let make_first = move || {
        let Some(first) = make_again(options, id, &tape, program) else {
            return ended(None, tape);
        };
        let make_second = move || {
            let second = make_again(options, id, &tape, program);
            let compare = |second| compare(options, id, &tape, program, &first, &second);
            let finding = second.and_then(compare);
            ended(finding, tape);
        };
        let _second = thread::Builder::new().spawn_scoped(scope, make_second);
    };
    let _first = thread::Builder::new().spawn_scoped(scope, make_first);
}

/// What two repetitions show.
fn compare<F, Fut>(
    options: &Options,
    id: RunId,
    tape: &Tape,
    program: &F,
    first: &Repeated,
    second: &Repeated,
) -> Option<Finding>
where
    F: Fn() -> Fut + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    if let Some(place) = difference(&first.trace, &second.trace) {
        // Looked at once more, to tell a counter from a clock.
        let third = repeat(options, id, tape, program).ok().flatten();
        return Some(tell_difference(&first.trace, &second.trace, third.as_ref(), place));
    }
    first.divergence.as_ref().map(|divergence| tell_divergence(&first.trace, divergence))
}

/// A run that was made again.
struct Repeated {
    trace: Trace,
    divergence: Option<Divergence>,
}

/// Makes the run again on a fresh thread. `None` if the run could not be made.
fn repeat<F, Fut>(
    options: &Options,
    id: RunId,
    tape: &Tape,
    program: &F,
) -> Result<Option<Repeated>, NoThread>
where
    F: Fn() -> Fut + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    thread::scope(|scope| {
        let make = || make_again(options, id, tape, program);
        let repeated = thread::Builder::new().spawn_scoped(scope, make).map_err(|_| NoThread)?;
        Ok(repeated.join().ok().flatten())
    })
}

/// Makes the run again.
fn make_again<F, Fut>(options: &Options, id: RunId, tape: &Tape, program: &F) -> Option<Repeated>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let run = Run::with(options.clone()).id(id).replay(tape).traced();
    let outcome = judge(run.execute(program));
    outcome.trace.map(|trace| Repeated { trace, divergence: outcome.divergence })
}

/// The first event in which two runs differ.
fn difference(first: &Trace, second: &Trace) -> Option<usize> {
    let (first, second) = (&first.events, &second.events);
    let common = first.iter().zip(second).position(|(first, second)| !is_same(first, second));
    common.or((first.len() != second.len()).then_some(first.len().min(second.len())))
}

fn is_same(first: &Event, second: &Event) -> bool {
    if first == second {
        return true;
    }
    let (Some(one), Some(other)) = (shown(&first.kind), shown(&second.kind)) else { return false };
    let (mut bare, mut other_bare) = (first.clone(), second.clone());
    hide(&mut bare.kind);
    hide(&mut other_bare.kind);
    bare == other_bare && without_addresses(one) == without_addresses(other)
}

/// What a program shows of itself in an event.
fn shown(kind: &EventKind) -> Option<&str> {
    match kind {
        EventKind::SharedRead { value, .. }
        | EventKind::SharedWritten { value, .. }
        | EventKind::SharedUpdated { value, .. } => value.as_deref(),
        EventKind::Said { text, .. } => Some(text),
        _ => None,
    }
}

fn hide(kind: &mut EventKind) {
    match kind {
        EventKind::SharedRead { value, .. }
        | EventKind::SharedWritten { value, .. }
        | EventKind::SharedUpdated { value, .. } => *value = None,
        EventKind::Said { text, .. } => text.clear(),
        _ => {}
    }
}

/// The text without the digits of addresses, such as `0x7f12`.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split("0x");
    let mut bare = String::from(parts.next().unwrap_or_default());
    for part in parts {
        bare.push_str("0x");
        bare.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit()));
    }
    bare
}

/// What kind of thing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Difference {
    /// The same line, with another value.
    Value,
    /// A timer's deadline, or the clock.
    Time,
    /// What a task does next, or how much of it.
    Course,
}

/// A number that goes up by as much each time was counted; a large one that goes up by a little
/// was read off a clock.
fn cause_of_value(values: [&str; 3]) -> Option<&'static str> {
    let numbers = values.map(|value| {
        let digits = value.chars().filter(char::is_ascii_digit).collect::<String>();
        digits.parse::<u128>().ok()
    });
    let [Some(first), Some(second), Some(third)] = numbers else { return None };
    if first >= second || second >= third {
        return None;
    }
    let (once, again) = (second - first, third - second);
    if once == again {
        return Some(COUNTED);
    }
    (once < first / 100 && again < first / 100).then_some(CLOCK)
}

const COUNTED: &str = "a static, or something that the program's closure has captured, which goes \
    on from run to run: make it inside of the closure";
const CLOCK: &str = "`Instant::now` or `SystemTime::now`: use `unpick::sim::time::Instant::now`";
const HASHING: &str = "the order of a `HashMap` or `HashSet`: use `unpick::sim::HashMap`, or a \
    `BTreeMap`";
const SELECT: &str = "a `select!` of `futures` or `tokio` that is not biased: use \
    `select_biased!`, or `biased;`";
const GENERATOR: &str = "a random generator such as `rand::rng()`: use `unpick::sim::rng`";
const THREADS: &str = "what other OS threads do";

fn causes(difference: Difference) -> [&'static str; 5] {
    match difference {
        Difference::Value => [CLOCK, GENERATOR, COUNTED, HASHING, SELECT],
        Difference::Time => [CLOCK, GENERATOR, COUNTED, HASHING, THREADS],
        Difference::Course => [HASHING, SELECT, GENERATOR, CLOCK, COUNTED],
    }
}

fn tell_difference(
    first: &Trace,
    second: &Trace,
    third: Option<&Repeated>,
    place: usize,
) -> Finding {
    let [one, other] = [first, second].map(|trace| trace.events.get(place));
    let difference = match (one.map(|event| &event.kind), other.map(|event| &event.kind)) {
        (Some(one), Some(other)) if shown(one).is_some() && shown(other).is_some() => {
            Difference::Value
        }
        (Some(EventKind::TimerStarted { .. }), Some(EventKind::TimerStarted { .. }))
        | (Some(EventKind::ClockJumped { .. }), Some(EventKind::ClockJumped { .. })) => {
            Difference::Time
        }
        _ => Difference::Course,
    };
    let at = one.or(other).map_or(Instant::from_nanos(0), |event| event.at);
    let message = "two runs from one tape, each on a fresh thread, did not do the same: something \
                   takes part that no tape controls";
    let mut finding = Finding::new(Kind::Nondeterminism, message, at);
    let task = one.and_then(|event| event.task).or(other.and_then(|event| event.task));
    if let Some(last) = task.and_then(|task| last_of(first, task, place)) {
        finding.story.push(format!("alike     up to {}", line(first, last)));
    }
    for (trace, lead) in [(first, "once"), (second, "again")] {
        let line = (place..trace.events.len()).map(|event| line(trace, event));
        let line = line.filter(|line| !line.is_empty()).take(1).next();
        let line = line.unwrap_or_else(|| String::from("nothing more: the run was over"));
        finding.story.push(format!("{lead:<8}  {line}"));
    }
    let third = third.and_then(|third| third.trace.events.get(place));
    let values = [one, other, third].map(|event| event.and_then(|event| shown(&event.kind)));
    let known = match values {
        [Some(one), Some(other), Some(third)] => cause_of_value([one, other, third]),
        _ => None,
    };
    tell_causes(&mut finding, known, difference);
    finding.task = task.and_then(|task| first.tasks.get(task.0 as usize)).map(|task| task.title());
    finding.place = place_of(first, task, place);
    finding
}

/// Twice the same on fresh threads, but not what it did at first.
fn tell_divergence(trace: &Trace, divergence: &Divergence) -> Finding {
    let last = trace.events.len().saturating_sub(1);
    let at = trace.events.last().map_or(Instant::from_nanos(0), |event| event.at);
    let message = format!(
        "a run, repeated from its tape on fresh threads, did not do the same as at first: \
         {divergence}"
    );
    let mut finding = Finding::new(Kind::Nondeterminism, message, at);
    let task = trace.events.iter().rev().find_map(|event| event.task);
    if let Some(last) = task.and_then(|task| last_of(trace, task, last + 1)) {
        finding.story.push(format!("alike     up to {}", line(trace, last)));
    }
    finding.story.push(String::from(
        "likely    a static or a thread-local that was set up once, or something that the \
         program's closure has captured: the first run of a thread or a process finds it otherwise",
    ));
    tell_causes(&mut finding, None, Difference::Course);
    finding.task = task.and_then(|task| trace.tasks.get(task.0 as usize)).map(|task| task.title());
    finding.place = place_of(trace, task, last + 1);
    finding
}

fn tell_causes(finding: &mut Finding, known: Option<&'static str>, difference: Difference) {
    if let Some(known) = known {
        finding.story.push(format!("likely    {known}"));
    }
    let others = causes(difference).into_iter().filter(|&cause| Some(cause) != known);
    for (number, cause) in others.enumerate() {
        let lead = if number == 0 && finding.story.iter().all(|line| !line.starts_with("likely")) {
            "likely"
        } else {
            "or"
        };
        finding.story.push(format!("{lead:<8}  {cause}"));
    }
}

/// The last event of a task before a place that is worth telling.
fn last_of(trace: &Trace, task: TaskRef, before: usize) -> Option<usize> {
    let before = before.min(trace.events.len());
    (0..before).rev().find(|&event| {
        trace.events[event].task == Some(task)
            && !matches!(trace.events[event].kind, EventKind::Choice { .. })
            && !line(trace, event).is_empty()
    })
}

/// One event as text, with its task and its place in the source; empty if it is not told.
fn line(trace: &Trace, event: usize) -> String {
    let alone = Trace {
        run: trace.run,
        events: vec![trace.events[event].clone()],
        tasks: trace.tasks.clone(),
        objects: trace.objects.clone(),
    };
    let text = Text::default().with_sites().render(&alone);
    text.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}

/// The line at which a task was, at an event or before it.
fn place_of(trace: &Trace, task: Option<TaskRef>, place: usize) -> Option<Place> {
    let upto = trace.events.get(..=place).unwrap_or(&trace.events);
    let own = upto.iter().rev().filter(|event| event.task == task);
    own.filter_map(|event| site_of(&event.kind)).map(Site::place).next()
}

const fn site_of(kind: &EventKind) -> Option<Site> {
    match kind {
        EventKind::Announced(operation)
        | EventKind::Withdrawn(operation)
        | EventKind::Blocked(operation)
        | EventKind::Executed(operation) => Some(operation.site),
        EventKind::Spawned { site, .. }
        | EventKind::Acquired { site, .. }
        | EventKind::TimerStarted { site, .. }
        | EventKind::SharedRead { site, .. }
        | EventKind::SharedWritten { site, .. }
        | EventKind::SharedUpdated { site, .. } => Some(*site),
        _ => None,
    }
}
