//! Traces as lanes: a column a task, for the failure that somebody is to understand.

mod folding;
mod layout;
pub(super) mod lines;
mod rounds;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{EventKind, TaskRef, Trace};
use crate::callers::Callers;
use crate::finding::Finding;

/// A trace with a column for each task that matters, one line an event, and virtual time at the
/// left where it changes.
///
/// Only what a reader needs is there. A lock that is taken and let go in one step is one line,
/// and who woke whom stands behind what woke it. A rule across the page says where a choice let
/// another task come in than the plain one, or the clock run ahead: a task that had come to its turn
/// before that `goes on` above it. Lines that are left out are counted. It ends where the main task
/// ends, or the run was over: what was dropped then is not told.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, Shared, event, task};
///
/// let outcome = Run::new().plain().traced().execute(|| async {
///     let worker = task().named("worker").spawn(async {
///         let done = Shared::new(0).named("done");
///         done.set(1);
///         event!("that was it");
///     });
///     worker.await.expect("it returns");
/// });
/// let trace = outcome.trace.expect("the run was traced");
/// assert_eq!(trace.lanes().with_sites(false).to_string(), "\
/// t=0.000  worker main.1
///          write done = 1
///          say that was it
///          ends -> main
///          (not shown: main, 2 lines)
/// ");
/// ```
#[derive(Clone, Debug)]
#[must_use = "lanes are to be printed"]
pub struct Lanes<'a> {
    trace: &'a Trace,
    tasks: Option<Vec<TaskRef>>,
    /// What is said of a choice, by its number.
    marks: BTreeMap<usize, String>,
    /// What is said of an event, by its place in the trace.
    notes: BTreeMap<usize, String>,
    /// Places that the reader has been told of, such as `src/a.rs:14`.
    named: BTreeSet<String>,
    width: usize,
    lines_max: usize,
    has_sites: bool,
    known_file: Option<String>,
    callers: Option<&'a Callers>,
}

/// How many lanes there are unless the caller names the tasks.
const LANES_MAX: usize = 4;

/// How many there are if choices are about others than the finding.
const LANES_MOST: usize = 6;

impl<'a> Lanes<'a> {
    pub(super) fn new(trace: &'a Trace) -> Lanes<'a> {
        Lanes {
            trace,
            tasks: None,
            marks: BTreeMap::new(),
            notes: BTreeMap::new(),
            named: BTreeSet::new(),
            width: 100,
            lines_max: 60,
            has_sites: true,
            known_file: None,
            callers: None,
        }
    }

    /// Says something of a choice of the tape, on the rule that stands for it: `decisive: chance
    /// of failing 50 % -> 100 %`. The rule is there even if the choice is plain.
    pub fn mark(mut self, choice_number: usize, text: impl Into<String>) -> Lanes<'a> {
        self.marks.insert(choice_number, text.into());
        self
    }

    /// Says something of an event, behind its line: `<- overwrites 120`. The line stays, whatever
    /// else is left out, if the event has one and its task a lane.
    pub fn note(mut self, event_index: usize, text: impl Into<String>) -> Lanes<'a> {
        self.notes.insert(event_index, text.into());
        self
    }

    /// The tasks that get a lane, in this order. Otherwise they are the four at most that did
    /// something last, apart from spawning and joining.
    pub fn tasks(mut self, tasks: impl IntoIterator<Item = TaskRef>) -> Lanes<'a> {
        let mut chosen: Vec<TaskRef> = Vec::new();
        for task in tasks {
            if !chosen.contains(&task) {
                chosen.push(task);
            }
        }
        self.tasks = Some(chosen);
        self
    }

    /// The tasks of a finding get a lane, four at most: see [`Trace::involved`]. If it names none,
    /// it is as if nothing had been said.
    pub fn involving(self, finding: &Finding) -> Lanes<'a> {
        let mut involved = self.trace.involved(finding);
        involved.truncate(LANES_MAX);
        involved.sort();
        if involved.is_empty() { self } else { self.tasks(involved) }
    }

    /// The same, with a lane for each of those tasks as well, and for whoever aborts one of them or
    /// of the finding's: six at most, for which the finding's that matter least make room.
    pub(crate) fn concerning(self, finding: &Finding, others: &[TaskRef]) -> Lanes<'a> {
        let involved = self.trace.involved(finding);
        let shown = &involved[..involved.len().min(LANES_MAX)];
        if shown.is_empty() {
            return self;
        }
        let mut extra: Vec<TaskRef> = Vec::new();
        let aborters = self.trace.events.iter().filter_map(|event| match event.kind {
            EventKind::AbortRequested { task }
                if shown.contains(&task) || others.contains(&task) =>
            {
                event.task
            }
            _ => None,
        });
        for task in others.iter().copied().chain(aborters) {
            if !shown.contains(&task) && !extra.contains(&task) {
                extra.push(task);
            }
        }
        extra.truncate(LANES_MAX);
        let shown = &shown[..shown.len().min(LANES_MOST - extra.len())];
        let mut tasks: Vec<TaskRef> = shown.iter().chain(&extra).copied().collect();
        tasks.sort();
        self.tasks(tasks)
    }

    /// How many columns of characters there are, at least 40; 100 unless it is said. Longer lines
    /// are continued below.
    pub fn width(mut self, columns: usize) -> Lanes<'a> {
        self.width = columns.max(40);
        self
    }

    /// How many lines there are at the most, at least 8; 60 unless it is said. If there would be
    /// more, some in the middle are counted instead. What is marked or noted stays.
    pub fn lines_max(mut self, lines: usize) -> Lanes<'a> {
        self.lines_max = lines.max(8);
        self
    }

    /// Whether places in the source are printed; they are unless it is said.
    pub fn with_sites(mut self, shown: bool) -> Lanes<'a> {
        self.has_sites = shown;
        self
    }

    /// Says that the reader knows this file: its places are `:14`, and it is not named again.
    /// Otherwise that is the file with most of the places, and is named first.
    pub fn known_file(mut self, file: impl Into<String>) -> Lanes<'a> {
        self.known_file = Some(file.into());
        self
    }

    /// Says from where operations were called, behind their places: `:46 from :55 from :63`. And
    /// where guards were dropped, which have no place of their own.
    pub fn calling(mut self, callers: &'a Callers) -> Lanes<'a> {
        self.callers = Some(callers);
        self
    }

    /// The events of the lines that are shown, by their places in the trace.
    pub(crate) fn events(&self) -> BTreeSet<usize> {
        let lines = lines::lines(self.trace, &self.marks);
        let tasks = self.chosen(&lines);
        let (lines, _) = folding::fold(lines, &tasks, &self.notes);
        layout::shown(self, lines)
    }

    /// The file with most of the places, which is what their lines are of.
    pub(crate) fn main_file(&self) -> Option<String> {
        let common = layout::most_common(&lines::lines(self.trace, &self.marks));
        let mut sites = self.trace.events.iter().filter_map(|event| event.kind.site());
        let any = || sites.find(|site| site.is_known()).map(|site| site.0.file().to_owned());
        common.or_else(any)
    }

    /// Of each place that the finding names, the last line of each task stays, whatever else is
    /// left out.
    pub(crate) fn naming(mut self, finding: &Finding) -> Lanes<'a> {
        let texts = finding.story.iter().chain(&finding.evidence).chain([&finding.message]);
        for word in texts.flat_map(|text| text.split([' ', ',', ';', '(', ')'])) {
            let word = word.trim_end_matches(['.', ':']);
            let line = word.rsplit_once(':').map(|(_, line)| line);
            if line.is_some_and(|line| line.parse::<u32>().is_ok()) {
                self.named.insert(word.to_owned());
            }
        }
        self
    }

    /// The tasks that get a lane, and the lines of everybody.
    fn chosen(&self, lines: &[lines::Line]) -> Vec<TaskRef> {
        if let Some(tasks) = &self.tasks {
            return tasks.clone();
        }
        // When each task did something last.
        let mut acted: BTreeMap<TaskRef, usize> = BTreeMap::new();
        for line in lines {
            if let Some(task) = line.task
                && (line.is_action() || self.notes.contains_key(&line.event))
            {
                acted.insert(task, line.event);
            }
        }
        if acted.is_empty() {
            acted = lines.iter().filter_map(|line| Some((line.task?, line.event))).collect();
        }
        let mut latest: Vec<(TaskRef, usize)> = acted.into_iter().collect();
        latest.sort_by_key(|&(task, event)| (std::cmp::Reverse(event), task));
        latest.truncate(LANES_MAX);
        let mut tasks: Vec<TaskRef> = latest.into_iter().map(|(task, _)| task).collect();
        tasks.sort();
        tasks
    }
}

impl fmt::Display for Lanes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = lines::lines(self.trace, &self.marks);
        let tasks = self.chosen(&lines);
        let file = layout::most_common(&lines);
        let (lines, hidden) = folding::fold(lines, &tasks, &self.notes);
        f.write_str(&layout::lay_out(self, &tasks, lines, &hidden, file.as_deref()))
    }
}
