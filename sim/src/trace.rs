//! Traces: what happened in a run, event by event.

#[cfg(feature = "json")]
mod chrome;
mod diff;
mod dot;
mod event;
#[cfg(feature = "json")]
mod html;
mod involved;
#[cfg(feature = "json")]
pub mod jsonl;
mod lanes;
mod normal_form;
#[cfg(feature = "insta")]
pub mod snapshot;
#[cfg(feature = "json")]
mod spans;
mod tail;
mod text;
mod words;

pub use diff::{Diff, diff};
pub use dot::wait_graph;
pub use event::{
    Ending, Event, EventKind, LogLevel, Lost, ObjectRef, OperationRef, Side, Site, StepKind,
    Struck, TaskRef,
};
#[cfg(feature = "json")]
pub use html::Page;
pub use lanes::Lanes;
pub use normal_form::{Letter, NormalForm};
pub use text::Text;

use crate::finding::Place;
use crate::seed::RunId;
use crate::task::HANDED_OVER;

/// Everything that happened in one run, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Which run it was.
    pub run: RunId,
    /// The events, in order.
    pub events: Vec<Event>,
    /// The run's tasks: a [`TaskRef`] is a place in this list.
    pub tasks: Vec<TaskInfo>,
    /// The run's objects: an [`ObjectRef`] is a place in this list.
    pub objects: Vec<ObjectInfo>,
}

/// A task of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskInfo {
    /// Its path from the main task, such as `main.2.1`.
    pub path: String,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Where it was spawned; `None` for the main task.
    pub spawned: Option<Place>,
}

impl TaskInfo {
    /// Path and name, such as `main.2 reaper`.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{} {name}", self.path),
            None => self.path.clone(),
        }
    }
}

/// An object of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// What kind of object it is, such as `lock`.
    pub kind: &'static str,
    /// Kind and name, such as `lock db`; without a name, the how-manieth of its kind that its
    /// task made: `lock#2@main.1`.
    pub title: String,
    /// Where it was made.
    pub made: Place,
}

impl Trace {
    /// The trace as text, stable to the byte: see [`Text`].
    #[must_use]
    pub fn to_text(&self) -> String {
        Text::default().render(self)
    }

    /// The trace with a column for each task: see [`Lanes`].
    pub fn lanes(&self) -> Lanes<'_> {
        Lanes::new(self)
    }

    /// The trace whatever order independent things came in: see [`NormalForm`].
    #[must_use]
    pub fn normal_form(&self) -> NormalForm {
        NormalForm::of(self)
    }

    /// The last few things that each of these tasks did, oldest first, a line each: at most
    /// `lines` of a task. What came before is counted.
    #[must_use]
    pub fn tail(&self, tasks: &[TaskRef], lines: usize) -> String {
        tail::render(self, tasks, lines)
    }

    /// The trace in the Trace Event Format, which ui.perfetto.dev opens. Its axis is the number of
    /// the event, since virtual time mostly stands still; the virtual time is a counter beside.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn to_chrome(&self) -> String {
        chrome::render(self)
    }

    /// Whether the choice at this event moves a future to a task of its own: see
    /// [`hand_over`](crate::task::hand_over).
    pub(crate) fn is_handing_over(&self, choice: usize) -> bool {
        let is_move = |event: &Event| match event.kind {
            EventKind::Spawned { task: TaskRef(task), .. } => {
                self.tasks[task as usize].name.as_deref() == Some(HANDED_OVER)
            }
            _ => false,
        };
        self.events[choice + 1..].iter().take(3).any(is_move)
    }

    /// The task with this title, such as `main.2 reaper`, as findings name tasks.
    #[must_use]
    pub fn task_titled(&self, title: &str) -> Option<TaskRef> {
        let place = self.tasks.iter().position(|task| task.title() == title)?;
        Some(TaskRef(place as u32))
    }

    /// The trace as JSON Lines: see [`jsonl`].
    #[cfg(feature = "json")]
    #[must_use]
    pub fn to_jsonl(&self) -> String {
        jsonl::render(self)
    }

    /// A 64-bit FNV-1a hash of the text with all choices, to compare traces by.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let step =
            |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Text::default()
            .with_choices()
            .render(self)
            .as_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, step)
    }
}
