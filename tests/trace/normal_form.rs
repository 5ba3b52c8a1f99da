//! The normal form, against happens-before computed pair by pair.

use std::collections::{BTreeMap, BTreeSet};

use unpick::sim::assert_normal_form_snapshot;
use unpick::sim::choice::Label;
use unpick::sim::probe::Access;
use unpick::sim::seed::RunId;
use unpick::sim::strategy::Lockstep;
use unpick::sim::trace::{Event, EventKind, TaskRef, Trace};
use unpick::{Run, Switching, TimeModel};

use crate::programs::{self, traced};
use crate::support::programs::{Form, Program, Size, execute, generate};

/// What an event touches, and whether it changes it.
type Touched = (String, bool);

/// An event that counts: what it is called, whose it is, and what it touches.
struct Seen {
    /// Whose, and the how-manieth of that task.
    identity: (String, usize),
    what: String,
    touches: Vec<Touched>,
}

/// The events that count, without any folding, up to the end of the main task.
fn seen(trace: &Trace) -> Vec<Seen> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut blocked: BTreeMap<String, usize> = BTreeMap::new();
    let mut seen = Vec::new();
    let task = |task: TaskRef| trace.tasks[task.0 as usize].title();
    for event in &trace.events {
        let Some((what, mut touches)) = letter(trace, event, &mut blocked) else { continue };
        let owner = match event.kind {
            EventKind::Ended { task: ended, .. } => task(ended),
            _ => event.task.map_or_else(|| "clock".into(), task),
        };
        touches.push((format!("task {owner}"), true));
        let count = counts.entry(owner.clone()).or_default();
        *count += 1;
        seen.push(Seen { identity: (owner, *count), what, touches });
        if matches!(event.kind, EventKind::Ended { task: TaskRef(0), .. }) {
            break;
        }
    }
    seen
}

/// What an event is called and what it touches; `None` if it does not count.
fn letter(
    trace: &Trace,
    event: &Event,
    blocked: &mut BTreeMap<String, usize>,
) -> Option<(String, Vec<Touched>)> {
    let object = |kind: &EventKind| {
        kind.object().map(|object| format!("object {}", trace.objects[object.0 as usize].title))
    };
    let about = |task: TaskRef| format!("task {}", trace.tasks[task.0 as usize].title());
    let touched = object(&event.kind);
    let changes = |kind: &str| {
        let what = format!("{kind} {touched:?}");
        Some((what, touched.iter().map(|touched| (touched.clone(), true)).collect()))
    };
    let tells = |kind: &str, task: TaskRef| {
        Some((format!("{kind} {}", about(task)), vec![(about(task), true)]))
    };
    match &event.kind {
        EventKind::Executed(on) => {
            let key = format!("{} {touched:?}", on.name);
            if let Some(count) = blocked.get_mut(&key) {
                *count = count.saturating_sub(1);
            }
            let change = on.access == Access::Change;
            let touches = touched.iter().map(|touched| (touched.clone(), change)).collect();
            Some((key, touches))
        }
        EventKind::Blocked(on) => {
            *blocked.entry(format!("{} {touched:?}", on.name)).or_default() += 1;
            changes(&format!("{} blocked", on.name))
        }
        EventKind::Withdrawn(on) => {
            let count = blocked.get_mut(&format!("{} {touched:?}", on.name))?;
            *count = count.checked_sub(1)?;
            changes(&format!("{} dropped", on.name))
        }
        EventKind::Acquired { .. } => changes("hold"),
        EventKind::Released { .. } => changes("let go"),
        EventKind::Notified { woken, .. } => changes(&format!("notify {woken}")),
        EventKind::Granted { task, .. } | EventKind::Woken { task } => {
            let is_other = event.task.is_some_and(|waker| waker != *task);
            is_other.then(|| tells("wake", *task))?
        }
        EventKind::Spawned { task, .. } => tells("spawn", *task),
        EventKind::Joined { task } => tells("join", *task),
        EventKind::AbortRequested { task } => tells("abort", *task),
        EventKind::Ended { how, .. } => Some((format!("end {how:?}"), Vec::new())),
        EventKind::TimerStarted { deadline, .. } => Some((format!("sleep {deadline}"), Vec::new())),
        EventKind::ClockJumped { to } => {
            Some((format!("jump {to}"), vec![("everything".into(), true)]))
        }
        EventKind::Choice { choice, .. } if choice.label() == Label::Data => {
            Some((format!("draw {}", choice.taken()), vec![("data".into(), true)]))
        }
        EventKind::SharedRead { value, .. } => {
            let touches = touched.iter().map(|touched| (touched.clone(), false)).collect();
            Some((format!("get {touched:?} {value:?}"), touches))
        }
        EventKind::SharedWritten { value, .. } => changes(&format!("set {value:?}")),
        EventKind::SharedUpdated { value, .. } => changes(&format!("update {value:?}")),
        EventKind::Said { text, .. } => Some((format!("say {text}"), Vec::new())),
        _ => None,
    }
}

fn depend(one: &Seen, other: &Seen) -> bool {
    let is_all = |seen: &Seen| seen.touches.iter().any(|(thing, _)| thing == "everything");
    is_all(one)
        || is_all(other)
        || one.touches.iter().any(|(thing, changes)| {
            other.touches.iter().any(|(other, also)| thing == other && (*changes || *also))
        })
}

/// The name of each event, and every pair of which the one happens before the other.
type Order = (BTreeMap<(String, usize), String>, BTreeSet<[(String, usize); 2]>);

fn happens_before(trace: &Trace) -> Order {
    let seen = seen(trace);
    let mut before: Vec<BTreeSet<usize>> = Vec::new();
    for (index, event) in seen.iter().enumerate() {
        let mut mine = BTreeSet::new();
        for earlier in 0..index {
            if depend(&seen[earlier], event) {
                mine.insert(earlier);
                mine.extend(&before[earlier]);
            }
        }
        before.push(mine);
    }
    let names = seen.iter().map(|event| (event.identity.clone(), event.what.clone())).collect();
    let pairs = before.iter().enumerate().flat_map(|(index, mine)| {
        let seen = &seen;
        mine.iter().map(move |&earlier| [&seen[earlier], &seen[index]].map(|e| e.identity.clone()))
    });
    let pairs = pairs.collect();
    (names, pairs)
}

fn trace_of(program: &Program, seed: u64, number: u64) -> Trace {
    let switching = if number % 4 == 3 { Switching::Cooperative } else { Switching::Preemptive };
    let time = if number % 5 == 4 { TimeModel::Stalling } else { TimeModel::Exact };
    let run = Run::new().switching(switching).time(time).id(RunId::new(seed, number));
    execute(run.traced(), program).outcome.trace.expect("the run is traced")
}

#[test]
fn normal_forms_are_equal_exactly_if_happens_before_is() {
    let (mut equal, mut equal_but_for_the_order, mut different) = (0, 0, 0);
    for seed in 0..60 {
        for form in [Form::Free, Form::Balanced] {
            let program = generate(seed, Size::Small, form);
            let traces: Vec<Trace> =
                (0..8).map(|number| trace_of(&program, seed, number)).collect();
            let orders: Vec<Order> = traces.iter().map(happens_before).collect();
            let forms: Vec<_> = traces.iter().map(Trace::normal_form).collect();
            for one in 0..traces.len() {
                for other in 0..one {
                    let is_same = orders[one] == orders[other];
                    assert_eq!(
                        forms[one] == forms[other],
                        is_same,
                        "runs {one} and {other} of seed {seed}\n{program}\n{}\n{}",
                        forms[one],
                        forms[other]
                    );
                    assert_eq!(forms[one].to_string() == forms[other].to_string(), is_same);
                    if !is_same {
                        different += 1;
                    } else if traces[one].to_text() == traces[other].to_text() {
                        equal += 1;
                    } else {
                        equal_but_for_the_order += 1;
                    }
                }
            }
        }
    }
    assert!(
        equal > 50 && equal_but_for_the_order > 50 && different > 500,
        "{equal} equal, {equal_but_for_the_order} but for the order, {different} different"
    );
}

#[test]
fn a_normal_form_is_read_layer_by_layer() {
    let trace = traced(Run::new().strategy(Lockstep), programs::deposits);
    assert_normal_form_snapshot!("normal_form_lost_update", trace);
}

#[test]
fn time_and_wakeups_order_everything_that_they_order() {
    let trace = traced(Run::new().plain(), programs::pipeline);
    assert_normal_form_snapshot!("normal_form_pipeline", trace);
}
