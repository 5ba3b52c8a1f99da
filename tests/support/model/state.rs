//! The states of the model: who decides what, and what follows.
//!
//! The rules: a task runs until it waits. Under preemptive switching it may also be interrupted
//! before each operation that is announced (`step`, taking a lock, a transfer through a bounded
//! channel or from any channel); then it is at the end of the queue, and the decision says at
//! once who comes next. Otherwise any member of the queue comes next. An aborted task is dropped
//! when it comes next. The clock jumps to the next timer when the queue is empty, or, when it
//! may stall, before any of those decisions.

mod objects;
mod steps;

use std::collections::VecDeque;

use unpick::sim::choice::Label;

use super::code::{Code, Instruction};
use crate::support::programs::{End, Program, Summary};

/// How a program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    pub(crate) is_preemptive: bool,
    pub(crate) is_stalling: bool,
}

/// What is to be decided, or the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    /// Nothing: the machine goes on.
    None,
    /// Which member of the queue comes next.
    Turn,
    /// Whether the running task goes on (0), or who comes before it.
    Interruption,
    /// Whether the clock runs ahead; then the running task may be interrupted, or the next one
    /// is chosen if none is running.
    Stall,
    /// What the running task draws.
    Draw(u32),
    /// The end.
    Over(bool),
}

/// A member of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// The task is polled.
    Resume(usize),
    /// The operation that the task has announced is let through.
    Grant(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Idle,
    Queued,
    Running,
    Ended,
}

/// How far a task is with its current instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wait {
    /// It has not begun.
    Fresh,
    /// It was interrupted before it.
    Announced,
    /// It was let through.
    Passed,
    /// It waits in an object's queue, or was woken from there.
    Blocked,
    /// It sleeps.
    Until(u64),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Task {
    body: usize,
    at: usize,
    register: u64,
    children: Vec<Option<usize>>,
    status: Status,
    is_aborted: bool,
    wait: Wait,
    /// The locks that it holds, in the order of taking them.
    held: Vec<usize>,
    result: Option<u64>,
    joiner: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Holder(usize),
    /// A task that was handed it, and has not run since.
    Heir(usize),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Lock {
    owner: Option<Owner>,
    waiters: VecDeque<usize>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Channel {
    messages: VecDeque<u64>,
    senders: VecDeque<usize>,
    receivers: VecDeque<usize>,
}

/// A state of a program, at a point where something is to be decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    point: Point,
    tasks: Vec<Task>,
    queue: Vec<Turn>,
    running: Option<usize>,
    /// Whether the running task was woken since it began to run.
    is_woken: bool,
    /// Who was decided to come next.
    chosen: Option<Turn>,
    variables: Vec<u64>,
    locks: Vec<Lock>,
    channels: Vec<Channel>,
    now_ns: u64,
    /// Deadline and task, in the order of starting them.
    timers: Vec<(u64, usize)>,
}

/// A program as the model knows it.
pub(super) struct Machine {
    pub(super) code: Code,
    pub(super) mode: Mode,
}

impl Task {
    fn new(number: usize, body: usize) -> Task {
        Task {
            body,
            at: 0,
            register: number as u64,
            children: Vec::new(),
            status: Status::Queued,
            is_aborted: false,
            wait: Wait::Fresh,
            held: Vec::new(),
            result: None,
            joiner: None,
        }
    }
}

impl State {
    /// The first point of a program.
    pub(super) fn first(machine: &Machine, program: &Program) -> State {
        let mut state = State {
            point: Point::None,
            tasks: vec![Task::new(0, 0)],
            queue: vec![Turn::Resume(0)],
            running: None,
            is_woken: false,
            chosen: None,
            variables: vec![0; program.variables],
            locks: vec![Lock::default(); program.locks],
            channels: vec![Channel::default(); program.channels.len()],
            now_ns: 0,
            timers: Vec::new(),
        };
        state.go_on(machine);
        state
    }

    /// What is asked here: about what, and how many alternatives there are; `None` at the end.
    pub(super) fn question(&self) -> Option<(Label, u32)> {
        match self.point {
            Point::None | Point::Over(_) => None,
            Point::Turn => Some((Label::Schedule, self.queue.len() as u32)),
            Point::Interruption => Some((Label::Schedule, self.queue.len() as u32 + 1)),
            Point::Stall => Some((Label::Time, 2)),
            Point::Draw(bound) => Some((Label::Data, bound)),
        }
    }

    /// Decides what is asked, and goes on to the next point.
    pub(super) fn take(&mut self, machine: &Machine, alternative: u32) {
        let alternative = alternative as usize;
        match std::mem::replace(&mut self.point, Point::None) {
            Point::Turn => {
                let turn = self.queue.remove(alternative);
                self.enter(machine, turn);
            }
            Point::Interruption => self.interrupt(alternative),
            Point::Stall if alternative == 1 => {
                self.jump();
                self.stall_or_choose(machine);
            }
            Point::Stall => self.choose(machine),
            Point::Draw(_) => self.finish_draw(alternative as u64),
            Point::None | Point::Over(_) => unreachable!("nothing is asked here"),
        }
        self.go_on(machine);
    }

    /// What it has come to.
    pub(super) fn summary(&self) -> Summary {
        let is_finished = self.point == Point::Over(true);
        let unfinished = self.tasks[1..].iter().filter(|task| task.status != Status::Ended);
        Summary {
            end: if is_finished { End::Finished } else { End::Deadlock },
            variables: self.variables.clone(),
            results: self.tasks.iter().map(|task| task.result).collect(),
            unfinished: unfinished.count(),
            elapsed_ns: self.now_ns,
        }
    }

    fn go_on(&mut self, machine: &Machine) {
        while self.point == Point::None {
            match self.running {
                Some(task) => self.advance(machine, task),
                None => self.pick_next(machine),
            }
        }
        if self.point == Point::Over(true) && self.has_dead_tasks(machine) {
            self.point = Point::Over(false);
        }
    }

    /// Whether some tasks wait for locks and ends of one another, and of nobody else: whatever
    /// goes on without the main task, these never do.
    fn has_dead_tasks(&self, machine: &Machine) -> bool {
        let waits_for = |task: usize| {
            let Task { status, is_aborted, wait, ref children, .. } = self.tasks[task];
            if status != Status::Idle || is_aborted || self.queue.contains(&Turn::Grant(task)) {
                return None;
            }
            match (self.instruction(machine, task)?, wait) {
                (Instruction::Acquire(lock), Wait::Blocked) => match self.locks[lock].owner? {
                    Owner::Holder(holder) => Some(holder),
                    Owner::Heir(_) => None,
                },
                (Instruction::Join(child), _) => children.get(child).copied().flatten(),
                _ => None,
            }
        };
        // Everybody waits for one task at most: whoever walks in a circle is dead.
        (0..self.tasks.len()).any(|start| {
            let walk = std::iter::successors(Some(start), |&task| waits_for(task));
            walk.take(self.tasks.len() + 1).count() > self.tasks.len()
        })
    }

    /// Nobody is running.
    fn pick_next(&mut self, machine: &Machine) {
        if let Some(turn) = self.chosen.take()
            && let Some(place) = self.queue.iter().position(|other| *other == turn)
        {
            self.queue.remove(place);
            return self.enter(machine, turn);
        }
        if !self.queue.is_empty() {
            self.stall_or_choose(machine);
        } else if self.timers.is_empty() {
            self.point = Point::Over(false);
        } else {
            self.jump();
        }
    }

    fn stall_or_choose(&mut self, machine: &Machine) {
        if machine.mode.is_stalling && !self.timers.is_empty() {
            self.point = Point::Stall;
        } else {
            self.choose(machine);
        }
    }

    /// What is left once the clock stands.
    fn choose(&mut self, machine: &Machine) {
        match (self.running, self.queue.len()) {
            (Some(task), 0) => self.tasks[task].wait = Wait::Passed,
            (Some(_), _) => self.point = Point::Interruption,
            (None, 1) => {
                let turn = self.queue.remove(0);
                self.enter(machine, turn);
            }
            (None, _) => self.point = Point::Turn,
        }
    }

    fn interrupt(&mut self, alternative: usize) {
        let task = self.running.expect("only a running task is interrupted");
        if alternative == 0 {
            self.tasks[task].wait = Wait::Passed;
            return;
        }
        self.chosen = Some(self.queue[alternative - 1]);
        self.tasks[task].wait = Wait::Announced;
        self.queue.push(Turn::Grant(task));
        self.rest(task);
    }

    fn jump(&mut self) {
        let next = self.timers.iter().map(|&(deadline, _)| deadline).min();
        self.now_ns = next.expect("the clock jumps to a timer");
        let mut due: Vec<(u64, usize)> = self.timers.clone();
        due.retain(|&(deadline, _)| deadline <= self.now_ns);
        self.timers.retain(|&(deadline, _)| deadline > self.now_ns);
        due.sort_by_key(|&(deadline, _)| deadline);
        due.into_iter().for_each(|(_, task)| self.wake(task));
    }

    fn wake(&mut self, task: usize) {
        match self.tasks[task].status {
            Status::Idle => {
                self.tasks[task].status = Status::Queued;
                self.queue.push(Turn::Resume(task));
            }
            Status::Running => self.is_woken = true,
            Status::Queued | Status::Ended => {}
        }
    }

    fn enter(&mut self, machine: &Machine, turn: Turn) {
        let (Turn::Resume(task) | Turn::Grant(task)) = turn;
        self.queue.retain(|other| *other != Turn::Resume(task));
        self.tasks[task].status = Status::Running;
        self.is_woken = false;
        self.running = Some(task);
        if self.tasks[task].is_aborted {
            let at = self.instruction(machine, task);
            return self.drop_task(task, at);
        }
        if turn == Turn::Grant(task) {
            self.tasks[task].wait = Wait::Passed;
        }
    }

    /// The running task waits.
    fn rest(&mut self, task: usize) {
        self.running = None;
        self.tasks[task].status = Status::Idle;
        if self.is_woken {
            self.wake(task);
        }
    }

    fn end(&mut self, task: usize, result: Option<u64>) {
        self.running = None;
        self.tasks[task].status = Status::Ended;
        self.tasks[task].result = result;
        if let Some(joiner) = self.tasks[task].joiner.take() {
            self.wake(joiner);
        }
        if task == 0 {
            self.point = Point::Over(true);
        }
    }

    fn instruction(&self, machine: &Machine, task: usize) -> Option<Instruction> {
        let Task { body, at, .. } = self.tasks[task];
        machine.code.bodies[body].get(at).copied()
    }
}
