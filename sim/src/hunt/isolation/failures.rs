//! A failed run as it is told and kept: its finding and its tape.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::wire::{Input, Output};
use crate::choice::{Choice, Label};
use crate::finding::{Blocked, Finding, Holder, Kind, Place, Wait};
use crate::options::{Switching, TimeModel};
use crate::tape::Tape;
use crate::time::Instant;

pub(super) fn write_failed(out: &mut Output, finding: &Finding, tape: &Tape) {
    write_finding(out, finding);
    write_tape(out, tape);
}

pub(super) fn read_failed(input: &mut Input<'_>) -> Option<(Finding, Tape)> {
    Some((read_finding(input)?, read_tape(input)?))
}

pub(super) fn write_choice(out: &mut Output, choice: &Choice) {
    out.number(choice.label() as u64);
    out.number(u64::from(choice.arity()));
    out.number(u64::from(choice.taken()));
}

pub(super) fn read_choice(input: &mut Input<'_>) -> Option<Choice> {
    let label = *Label::ALL.get(usize::try_from(input.number()?).ok()?)?;
    let (arity, taken) = (input.number()?.try_into().ok()?, input.number()?.try_into().ok()?);
    let is_one = (1..=Choice::ARITY_MAX).contains(&arity) && taken < arity;
    is_one.then(|| Choice::new(label, arity, taken))
}

fn write_tape(out: &mut Output, tape: &Tape) {
    out.flag(tape.switching == Switching::Cooperative);
    out.flag(tape.time == TimeModel::Stalling);
    out.list(tape.choices.iter(), write_choice);
}

fn read_tape(input: &mut Input<'_>) -> Option<Tape> {
    let switching = if input.flag()? { Switching::Cooperative } else { Switching::Preemptive };
    let time = if input.flag()? { TimeModel::Stalling } else { TimeModel::Exact };
    Some(Tape { switching, time, choices: input.list(read_choice)? })
}

pub(super) fn write_place(out: &mut Output, place: &Place) {
    out.text(&place.file);
    out.number(u64::from(place.line));
    out.number(u64::from(place.column));
}

pub(super) fn read_place(input: &mut Input<'_>) -> Option<Place> {
    let file = input.text()?;
    let (line, column) = (input.number()?.try_into().ok()?, input.number()?.try_into().ok()?);
    Some(Place { file, line, column })
}

fn write_instant(out: &mut Output, instant: Instant) {
    out.number(instant.as_nanos());
}

fn read_instant(input: &mut Input<'_>) -> Option<Instant> {
    input.number().map(Instant::from_nanos)
}

pub(super) fn write_finding(out: &mut Output, finding: &Finding) {
    let Finding { kind, subject, message, story, at, task, place, blocked, evidence } = finding;
    out.text(kind.name());
    out.option(subject.as_deref(), Output::text);
    out.text(message);
    out.list(story.iter(), |out, line| out.text(line));
    write_instant(out, *at);
    out.option(task.as_deref(), Output::text);
    out.option(place.as_ref(), write_place);
    out.list(blocked.iter(), |out, Blocked { task, spawned, waits }| {
        out.text(task);
        out.option(spawned.as_ref(), write_place);
        out.list(waits.iter(), write_wait);
    });
    out.list(evidence.iter(), |out, line| out.text(line));
}

pub(super) fn read_finding(input: &mut Input<'_>) -> Option<Finding> {
    let name = input.text()?;
    Some(Finding {
        kind: Kind::all().find(|kind| kind.name() == name)?,
        subject: input.option(Input::text)?,
        message: input.text()?,
        story: input.list(Input::text)?,
        at: read_instant(input)?,
        task: input.option(Input::text)?,
        place: input.option(read_place)?,
        blocked: input.list(|input| {
            Some(Blocked {
                task: input.text()?,
                spawned: input.option(read_place)?,
                waits: input.list(read_wait)?,
            })
        })?,
        evidence: input.list(Input::text)?,
    })
}

fn write_wait(out: &mut Output, wait: &Wait) {
    out.text(wait.operation);
    out.option(wait.object.as_deref(), Output::text);
    write_place(out, &wait.place);
    write_instant(out, wait.since);
    out.list(wait.holders.iter(), |out, Holder { task, place, since }| {
        out.text(task);
        write_place(out, place);
        write_instant(out, *since);
    });
    out.number(wait.holders_more as u64);
}

fn read_wait(input: &mut Input<'_>) -> Option<Wait> {
    Some(Wait {
        operation: interned(input.text()?),
        object: input.option(Input::text)?,
        place: read_place(input)?,
        since: read_instant(input)?,
        holders: input.list(|input| {
            Some(Holder {
                task: input.text()?,
                place: read_place(input)?,
                since: read_instant(input)?,
            })
        })?,
        holders_more: input.number()?.try_into().ok()?,
    })
}

/// The name of an operation, which lives as long as the process, as it does in the worker. There
/// are as many as the source has.
fn interned(name: String) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    let name: &'static str = name.leak();
    names.insert(name);
    name
}
