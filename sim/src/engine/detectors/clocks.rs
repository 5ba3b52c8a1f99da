//! Vector clocks: what happens before what (Mattern 1989).
//!
//! A clock is a tree with shared branches rather than a list, so that handing one on costs
//! nothing and joining two costs what differs between them: a program with many tasks does not
//! pay for all of them at every operation. (Tree clocks, Mathur and others, ASPLOS 2022, have
//! that aim too; theirs are another tree.)

use std::rc::Rc;

use super::super::TaskId;
use crate::trace::Side;

const LEAF_BITS: u32 = 5;
const INNER_BITS: u32 = 4;
const LEAF: usize = 1 << LEAF_BITS;
const INNER: usize = 1 << INNER_BITS;

/// A part of a clock; one that is missing is all zeros.
#[derive(Clone, Debug)]
enum Node {
    /// How far that many tasks, one after the other, are known to be.
    Leaf([u32; LEAF]),
    /// Parts of the next lower height.
    Inner([Link; INNER]),
}

type Link = Option<Rc<Node>>;

/// How far a task knows each task to be, by the task's number; missing entries are zero.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    root: Link,
    /// How many levels of inner nodes are above the leaves.
    height: u32,
}

/// Which child of an inner node of this height (from 1) has a task.
const fn child(task: u32, height: u32) -> usize {
    (task >> (LEAF_BITS + INNER_BITS * (height - 1))) as usize & (INNER - 1)
}

impl Clock {
    /// How far it knows this task to be.
    pub(crate) fn get(&self, task: TaskId) -> u32 {
        if !self.has_room_for(task.0) {
            return 0;
        }
        let (mut link, mut height) = (&self.root, self.height);
        while let Some(node) = link {
            match &**node {
                Node::Leaf(entries) => return entries[task.index() & (LEAF - 1)],
                Node::Inner(children) => {
                    link = &children[child(task.0, height)];
                    height -= 1;
                }
            }
        }
        0
    }

    fn has_room_for(&self, task: u32) -> bool {
        let bits = LEAF_BITS + INNER_BITS * self.height;
        bits >= u32::BITS || task >> bits == 0
    }

    fn raise(&mut self) {
        if let Some(root) = self.root.take() {
            let mut children: [Link; INNER] = Default::default();
            children[0] = Some(root);
            self.root = Some(Rc::new(Node::Inner(children)));
        }
        self.height += 1;
    }

    fn set(&mut self, task: TaskId, at: u32) {
        while !self.has_room_for(task.0) {
            self.raise();
        }
        let (mut link, mut height) = (&mut self.root, self.height);
        loop {
            let node = link.get_or_insert_with(|| Rc::new(empty(height)));
            match Rc::make_mut(node) {
                Node::Leaf(entries) => {
                    entries[task.index() & (LEAF - 1)] = at;
                    return;
                }
                Node::Inner(children) => {
                    link = &mut children[child(task.0, height)];
                    height -= 1;
                }
            }
        }
    }

    fn join(&mut self, other: &Clock) {
        while self.height < other.height {
            self.raise();
        }
        let (mut link, mut height) = (&mut self.root, self.height);
        while height > other.height {
            let node = link.get_or_insert_with(|| Rc::new(empty(height)));
            let Node::Inner(children) = Rc::make_mut(node) else { return };
            link = &mut children[0];
            height -= 1;
        }
        join_links(link, &other.root);
    }
}

fn empty(height: u32) -> Node {
    match height {
        0 => Node::Leaf([0; LEAF]),
        _ => Node::Inner(Default::default()),
    }
}

/// Brings one part up to another of the same height. What is equal afterwards is shared, so that
/// it is skipped next time.
fn join_links(mine: &mut Link, theirs: &Link) {
    let Some(theirs) = theirs else { return };
    let Some(node) = mine else {
        *mine = Some(Rc::clone(theirs));
        return;
    };
    if Rc::ptr_eq(node, theirs) {
        return;
    }
    let is_behind = match (&**node, &**theirs) {
        (Node::Leaf(here), Node::Leaf(there)) => {
            if is_below(there, here) {
                return;
            }
            is_below(here, there)
        }
        _ => false,
    };
    if is_behind {
        *node = Rc::clone(theirs);
        return;
    }
    match (Rc::make_mut(node), &**theirs) {
        (Node::Leaf(here), Node::Leaf(there)) => {
            for (here, there) in here.iter_mut().zip(there) {
                *here = (*here).max(*there);
            }
        }
        (Node::Inner(here), Node::Inner(there)) => {
            for (here, there) in here.iter_mut().zip(there) {
                join_links(here, there);
            }
            let same = |(here, there): (&Link, &Link)| match (here, there) {
                (Some(here), Some(there)) => Rc::ptr_eq(here, there),
                (None, None) => true,
                _ => false,
            };
            if here.iter().zip(there).all(same) {
                *node = Rc::clone(theirs);
            }
        }
        _ => unreachable!("parts of one height are of one kind; a bug in unpick"),
    }
}

/// Whether no entry of the one is above the other's. Looks at all of them, which takes less than
/// stopping early, because several are compared at once.
fn is_below(one: &[u32; LEAF], other: &[u32; LEAF]) -> bool {
    one.iter().zip(other).fold(true, |is_below, (one, other)| is_below & (one <= other))
}

/// What a task knows.
#[derive(Debug)]
struct Knowledge {
    /// How far it is itself: a number that goes up whenever it tells others of it, so that what
    /// it does after that is not known by them.
    own: u32,
    /// Whether anybody has asked for that number since it went up: only then it has to be told.
    is_asked_for: bool,
    /// Invariant: its own entry is at most `own`, and is brought up to it when it is handed on.
    others: Clock,
}

/// For how many tasks room is made at a time.
const ROOM: usize = 16;

/// The clocks of tasks, objects and messages.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    tasks: Vec<Knowledge>,
    /// By the object's index: what was published through it to everybody.
    objects: Vec<Clock>,
    /// The same for what readers have published, which is for writers alone.
    readers: Vec<Clock>,
    /// The first message that was stamped, and the clock of each from there on.
    messages: (u64, Vec<Clock>),
}

impl Clocks {
    /// Forgets all, and keeps allocations.
    pub(super) fn clear(&mut self) {
        let Clocks { tasks, objects, readers, messages: (first_message, messages) } = self;
        *first_message = 0;
        tasks.clear();
        objects.clear();
        readers.clear();
        messages.clear();
    }

    /// Whether the task with this clock entry happened before what this task does now.
    pub(super) fn knows(&mut self, task: TaskId, of: TaskId, at: u32) -> bool {
        task == of || at <= self.of(task).others.get(of)
    }

    /// How far a task is. It begins at 1, so that nobody knows of its first accesses without
    /// having been told.
    pub(super) fn now(&mut self, task: TaskId) -> u32 {
        let knowledge = self.of(task);
        knowledge.is_asked_for = true;
        knowledge.own
    }

    fn of(&mut self, task: TaskId) -> &mut Knowledge {
        if self.tasks.len() <= task.index() {
            let fresh = || Knowledge { own: 1, is_asked_for: false, others: Clock::default() };
            self.tasks.resize_with((task.index() + 1).next_multiple_of(ROOM), fresh);
        }
        &mut self.tasks[task.index()]
    }

    /// What a task knows, to be handed on: whatever it does from here on is not part of it.
    fn hand_on(&mut self, task: TaskId) -> Clock {
        let knowledge = self.of(task);
        if std::mem::take(&mut knowledge.is_asked_for) {
            knowledge.others.set(task, knowledge.own);
            knowledge.own += 1;
        }
        knowledge.others.clone()
    }

    fn learn(&mut self, task: TaskId, clock: &Clock) {
        self.of(task).others.join(clock);
    }

    /// What a task has done happens before what observes the object later. What it has done as a
    /// reader is of no concern to other readers.
    pub(super) fn publish(&mut self, task: TaskId, object: u32, by: Side) {
        let clock = self.hand_on(task);
        let clocks = match by {
            Side::Writer => &mut self.objects,
            Side::Reader => &mut self.readers,
        };
        if clocks.len() <= object as usize {
            clocks.resize_with(object as usize + 1, Clock::default);
        }
        clocks[object as usize].join(&clock);
    }

    pub(super) fn observe(&mut self, task: TaskId, object: u32, by: Side) {
        if let Some(published) = self.objects.get(object as usize).cloned() {
            self.learn(task, &published);
        }
        if by == Side::Writer
            && let Some(published) = self.readers.get(object as usize).cloned()
        {
            self.learn(task, &published);
        }
    }

    /// Stamps a message. Invariant: numbers go up one by one, from whichever is the first.
    pub(super) fn stamp(&mut self, task: TaskId, message: u64) {
        let clock = self.hand_on(task);
        let (first, clocks) = &mut self.messages;
        if clocks.is_empty() {
            *first = message;
        }
        debug_assert_eq!(*first + clocks.len() as u64, message);
        clocks.push(clock);
    }

    pub(super) fn observe_stamp(&mut self, task: TaskId, message: u64) {
        let (first, clocks) = &self.messages;
        let place = message.checked_sub(*first).and_then(|place| clocks.get(place as usize));
        if let Some(stamped) = place.cloned() {
            self.learn(task, &stamped);
        }
    }

    pub(super) fn spawn(&mut self, parent: TaskId, child: TaskId) {
        let clock = self.hand_on(parent);
        self.learn(child, &clock);
    }

    pub(super) fn wake(&mut self, waker: TaskId, woken: TaskId) {
        let clock = self.hand_on(waker);
        self.learn(woken, &clock);
    }

    pub(super) fn join(&mut self, task: TaskId, joined: TaskId) {
        let clock = self.hand_on(joined);
        self.learn(task, &clock);
    }

    pub(super) fn forget(&mut self, object: u32) {
        for clocks in [&mut self.objects, &mut self.readers] {
            if let Some(clock) = clocks.get_mut(object as usize) {
                *clock = Clock::default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Act {
        Set(usize, u32, u32),
        Join(usize, usize),
        Copy(usize, usize),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        // Numbers of tasks on both sides of where a clock grows.
        let task = prop_oneof![0..40_u32, 500..530_u32, 8190..8200_u32, 0..200_000_u32];
        let clock = 0..4_usize;
        let act = prop_oneof![
            3 => (clock.clone(), task, 1..9_u32).prop_map(|(c, t, at)| Act::Set(c, t, at)),
            2 => (clock.clone(), clock.clone()).prop_map(|(c, other)| Act::Join(c, other)),
            1 => (clock.clone(), clock).prop_map(|(c, other)| Act::Copy(c, other)),
        ];
        proptest::collection::vec(act, 0..60)
    }

    proptest! {
        #[test]
        fn clocks_behave_like_maps(acts in acts()) {
            let mut clocks: [Clock; 4] = Default::default();
            let mut maps: [BTreeMap<u32, u32>; 4] = Default::default();
            let mut tasks = vec![0, 31, 32, 511, 512, 8191, 8192];
            for act in acts {
                match act {
                    Act::Set(clock, task, at) => {
                        clocks[clock].set(TaskId(task), at);
                        maps[clock].insert(task, at);
                        tasks.push(task);
                    }
                    Act::Join(clock, other) => {
                        let theirs = (clocks[other].clone(), maps[other].clone());
                        clocks[clock].join(&theirs.0);
                        for (task, at) in theirs.1 {
                            let mine = maps[clock].entry(task).or_default();
                            *mine = at.max(*mine);
                        }
                    }
                    Act::Copy(clock, other) => {
                        clocks[clock] = clocks[other].clone();
                        maps[clock] = maps[other].clone();
                    }
                }
                for (clock, map) in clocks.iter().zip(&maps) {
                    for &task in &tasks {
                        let at = map.get(&task).copied().unwrap_or(0);
                        prop_assert_eq!(clock.get(TaskId(task)), at);
                    }
                }
            }
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Access(usize),
        Publish(usize, u32, Side),
        Observe(usize, u32, Side),
        Wake(usize, usize),
        Join(usize, usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let task = 0..4_usize;
        let side = || prop_oneof![Just(Side::Writer), Just(Side::Reader)];
        let step = prop_oneof![
            4 => task.clone().prop_map(Step::Access),
            2 => (task.clone(), 0..2_u32, side())
                .prop_map(|(task, object, by)| Step::Publish(task, object, by)),
            2 => (task.clone(), 0..2_u32, side())
                .prop_map(|(task, object, by)| Step::Observe(task, object, by)),
            1 => (task.clone(), task.clone()).prop_map(|(task, woken)| Step::Wake(task, woken)),
            1 => (task.clone(), task).prop_map(|(task, joined)| Step::Join(task, joined)),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        /// The model: each task knows a set of accesses.
        #[test]
        fn a_task_knows_what_it_was_told_and_no_more(steps in steps()) {
            let mut clocks = Clocks::default();
            let mut known: [BTreeSet<usize>; 4] = Default::default();
            let mut published: [BTreeSet<usize>; 2] = Default::default();
            let mut for_writers: [BTreeSet<usize>; 2] = Default::default();
            let mut accesses: Vec<(TaskId, u32)> = Vec::new();
            let id = |task: usize| TaskId(task as u32);
            for step in steps {
                match step {
                    Step::Access(task) => {
                        for (number, &(of, at)) in accesses.iter().enumerate() {
                            let knows = clocks.knows(id(task), of, at);
                            prop_assert_eq!(knows, known[task].contains(&number));
                        }
                        known[task].insert(accesses.len());
                        accesses.push((id(task), clocks.now(id(task))));
                    }
                    Step::Publish(task, object, by) => {
                        clocks.publish(id(task), object, by);
                        for_writers[object as usize].extend(&known[task]);
                        if by == Side::Writer {
                            published[object as usize].extend(&known[task]);
                        }
                    }
                    Step::Observe(task, object, by) => {
                        clocks.observe(id(task), object, by);
                        known[task].extend(match by {
                            Side::Writer => &for_writers[object as usize],
                            Side::Reader => &published[object as usize],
                        });
                    }
                    Step::Wake(task, other) | Step::Join(other, task) if task != other => {
                        match step {
                            Step::Wake(..) => clocks.wake(id(task), id(other)),
                            _ => clocks.join(id(other), id(task)),
                        }
                        let told = known[task].clone();
                        known[other].extend(told);
                    }
                    Step::Wake(..) | Step::Join(..) => {}
                }
            }
        }
    }
}
