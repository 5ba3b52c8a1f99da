//! Vector clocks: what happens before what (Mattern 1989).
//!
//! What is known of the first few tasks stands in a clock itself, which is all that most programs
//! have. What is known of the others is in a [tree](Tree) with shared branches rather than in a
//! list, so that handing it on costs nothing and joining two costs what differs between them.
//!
//! Most of what tasks tell one another is told twice (a guard that is dropped wakes the next in the
//! queue, and is then what that one observes), or takes the place of all that was known (the next to
//! have a lock knows nothing that its last holder does not). Both are seen from single entries,
//! because a clock with a task's entry has all that the task knew when it handed that entry on.
//! (Tree clocks, Mathur and others, ASPLOS 2022, go by that too; theirs are another tree.)

mod tree;

use self::tree::{LEAF, Tree, raise_to};
use super::super::TaskId;
use crate::trace::Side;

/// How far a task knows each task to be, by the task's number; missing entries are zero.
#[derive(Debug, Default)]
struct Clock {
    /// Of the first tasks.
    near: [u32; LEAF],
    /// Of all others.
    far: Tree,
}

impl Clock {
    /// How far it knows this task to be.
    #[inline]
    fn get(&self, task: TaskId) -> u32 {
        self.near.get(task.index()).copied().unwrap_or_else(|| self.far.get(task))
    }

    #[inline]
    fn set(&mut self, task: TaskId, at: u32) {
        match self.near.get_mut(task.index()) {
            Some(near) => *near = at,
            None => self.far.set(task, at),
        }
    }

    #[inline]
    fn join(&mut self, other: &Clock) {
        raise_to(&mut self.near, &other.near);
        self.far.join(&other.far);
    }

    /// Becomes the same as another one.
    #[inline]
    fn become_like(&mut self, other: &Clock) {
        self.near = other.near;
        self.far.become_like(&other.far);
    }

    fn clear(&mut self) {
        self.near = [0; LEAF];
        self.far = Tree::default();
    }
}

/// The how-manieth that a task has handed on of what it knows, from 1; zero is nothing. Each of
/// them has all that is in those before.
type Version = u32;

/// Whose knowledge a clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// Nobody's: nothing is in it. Left when something is published.
    Nobodys,
    /// Exactly what this task handed on then. Left when it is joined with what somebody tells who
    /// does not know all of it.
    Of(TaskId, Version),
    /// That of several tasks. Left when the object is forgotten.
    Several,
}

/// What a task knows.
#[derive(Debug)]
pub(super) struct Knowledge {
    /// How far it is itself: a number that goes up whenever it tells others something new, so that
    /// what it does after that is not known by them. From 1.
    own: u32,
    /// Whether anybody has asked for that number since it went up: then it has something to tell.
    is_asked_for: bool,
    /// Whether it was told something since that number went up: it has that to tell as well.
    has_learnt: bool,
    /// Where its last stamp is, among those that differ.
    stamp: u32,
    /// Invariant: its own entry is one less than `own`, and where any clock has an entry of it, that
    /// clock has all that it knew when it handed that entry on.
    clock: Clock,
}

impl Knowledge {
    fn nothing() -> Knowledge {
        let clock = Clock::default();
        Knowledge { own: 1, is_asked_for: false, has_learnt: false, stamp: 0, clock }
    }

    /// Whether what another task did when it was that far happened before what this one does now.
    #[inline]
    pub(super) fn knows(&self, other: TaskId, at: u32) -> bool {
        at <= self.clock.get(other)
    }

    /// How far its task is. It begins at 1, so that nobody knows of its first accesses without
    /// having been told.
    #[inline]
    pub(super) fn now(&mut self) -> u32 {
        self.is_asked_for = true;
        self.own
    }

    /// Makes what it knows ready to be handed on: whatever it does from here on is not part of it.
    #[inline]
    fn hand_on(&mut self, task: TaskId) -> Version {
        if self.is_asked_for | self.has_learnt {
            self.clock.set(task, self.own);
            self.own += 1;
            (self.is_asked_for, self.has_learnt) = (false, false);
        }
        self.own - 1
    }

    /// Is told what is in a clock. The task is its own.
    #[inline]
    fn learn(&mut self, task: TaskId, clock: &Clock, whose: Whose) {
        match whose {
            Whose::Nobodys => return,
            Whose::Of(other, version) if self.clock.get(other) >= version => return,
            Whose::Of(..) | Whose::Several => {}
        }
        // What it has learnt itself since it last handed something on, nobody knows.
        if !self.has_learnt && clock.get(task) == self.own - 1 {
            self.clock.become_like(clock);
        } else {
            self.clock.join(clock);
        }
        self.has_learnt = true;
    }
}

/// What was published through an object, or is stamped on messages.
#[derive(Debug)]
struct Published {
    whose: Whose,
    clock: Clock,
}

impl Published {
    fn nothing() -> Published {
        Published { whose: Whose::Nobodys, clock: Clock::default() }
    }

    /// Takes in what this task knows, which is as much as it has handed on.
    #[inline]
    fn publish(&mut self, task: TaskId, version: Version, clock: &Clock) {
        if self.clock.get(task) >= version {
            return;
        }
        match self.whose {
            Whose::Of(last, known) if clock.get(last) < known => {
                self.clock.join(clock);
                self.whose = Whose::Several;
            }
            Whose::Nobodys | Whose::Of(..) => {
                self.clock.become_like(clock);
                self.whose = Whose::Of(task, version);
            }
            Whose::Several => self.clock.join(clock),
        }
    }
}

/// Stamps of messages.
#[derive(Debug, Default)]
struct Stamps {
    /// The first message that was stamped.
    first: u64,
    /// Where the stamp of each message from there on is.
    places: Vec<u32>,
    /// Those that differ.
    stamps: Vec<Published>,
}

/// For how many tasks room is made at a time.
const ROOM: usize = 16;

/// The clocks of tasks, objects and messages.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    tasks: Vec<Knowledge>,
    /// By the object's index: what was published through it to everybody.
    objects: Vec<Published>,
    /// The same for what readers have published, which is for writers alone.
    readers: Vec<Published>,
    messages: Stamps,
}

impl Clocks {
    /// Forgets all, and keeps allocations.
    pub(super) fn clear(&mut self) {
        let Clocks { tasks, objects, readers, messages: Stamps { first, places, stamps } } = self;
        *first = 0;
        places.clear();
        stamps.clear();
        tasks.clear();
        objects.clear();
        readers.clear();
    }

    /// What a task knows.
    #[inline]
    pub(super) fn of(&mut self, task: TaskId) -> &mut Knowledge {
        self.make_room(task);
        &mut self.tasks[task.index()]
    }

    #[inline]
    fn make_room(&mut self, task: TaskId) {
        if self.tasks.len() <= task.index() {
            self.make_room_now(task);
        }
    }

    #[cold]
    #[inline(never)]
    fn make_room_now(&mut self, task: TaskId) {
        let room = (task.index() + 1).next_multiple_of(ROOM);
        self.tasks.resize_with(room, Knowledge::nothing);
    }

    /// What a task has done happens before what observes the object later. What it has done as a
    /// reader is of no concern to other readers.
    pub(super) fn publish(&mut self, task: TaskId, object: u32, by: Side) {
        self.make_room(task);
        let knowledge = &mut self.tasks[task.index()];
        let version = knowledge.hand_on(task);
        let published = match by {
            Side::Writer => &mut self.objects,
            Side::Reader => &mut self.readers,
        };
        if published.len() <= object as usize {
            published.resize_with(object as usize + 1, Published::nothing);
        }
        published[object as usize].publish(task, version, &knowledge.clock);
    }

    pub(super) fn observe(&mut self, task: TaskId, object: u32, by: Side) {
        self.make_room(task);
        let knowledge = &mut self.tasks[task.index()];
        if let Some(published) = self.objects.get(object as usize) {
            knowledge.learn(task, &published.clock, published.whose);
        }
        if by == Side::Writer
            && let Some(published) = self.readers.get(object as usize)
        {
            knowledge.learn(task, &published.clock, published.whose);
        }
    }

    /// Stamps a message. Invariant: numbers go up one by one, from whichever is the first.
    pub(super) fn stamp(&mut self, task: TaskId, message: u64) {
        self.make_room(task);
        let knowledge = &mut self.tasks[task.index()];
        let whose = Whose::Of(task, knowledge.hand_on(task));
        let Stamps { first, places, stamps } = &mut self.messages;
        if places.is_empty() {
            *first = message;
        }
        debug_assert_eq!(*first + places.len() as u64, message);
        if stamps.get(knowledge.stamp as usize).is_none_or(|last| last.whose != whose) {
            let mut new = Published::nothing();
            new.whose = whose;
            new.clock.become_like(&knowledge.clock);
            knowledge.stamp = stamps.len() as u32;
            stamps.push(new);
        }
        places.push(knowledge.stamp);
    }

    pub(super) fn observe_stamp(&mut self, task: TaskId, message: u64) {
        self.make_room(task);
        let Stamps { first, places, stamps } = &self.messages;
        let place = message.checked_sub(*first).and_then(|place| places.get(place as usize));
        if let Some(stamp) = place.and_then(|&place| stamps.get(place as usize)) {
            self.tasks[task.index()].learn(task, &stamp.clock, stamp.whose);
        }
    }

    /// One task tells another one what it knows.
    #[inline]
    fn tell(&mut self, from: TaskId, to: TaskId) {
        self.make_room(TaskId(from.0.max(to.0)));
        // Of oneself there is nothing to learn.
        if let Ok([teller, told]) = self.tasks.get_disjoint_mut([from.index(), to.index()]) {
            let whose = Whose::Of(from, teller.hand_on(from));
            told.learn(to, &teller.clock, whose);
        }
    }

    pub(super) fn spawn(&mut self, parent: TaskId, child: TaskId) {
        self.tell(parent, child);
    }

    pub(super) fn wake(&mut self, waker: TaskId, woken: TaskId) {
        self.tell(waker, woken);
    }

    pub(super) fn join(&mut self, task: TaskId, joined: TaskId) {
        self.tell(joined, task);
    }

    pub(super) fn forget(&mut self, object: u32) {
        for published in [&mut self.objects, &mut self.readers] {
            if let Some(published) = published.get_mut(object as usize) {
                published.whose = Whose::Nobodys;
                published.clock.clear();
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

    fn copy(clock: &Clock) -> Clock {
        let mut copy = Clock::default();
        copy.become_like(clock);
        copy
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
                        let theirs = (copy(&clocks[other]), maps[other].clone());
                        clocks[clock].join(&theirs.0);
                        for (task, at) in theirs.1 {
                            let mine = maps[clock].entry(task).or_default();
                            *mine = at.max(*mine);
                        }
                    }
                    Act::Copy(clock, other) => {
                        let theirs = copy(&clocks[other]);
                        clocks[clock].become_like(&theirs);
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
        Stamp(usize),
        /// The how-manieth of the stamps, from the last.
        ObserveStamp(usize, usize),
        Forget(u32),
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
            1 => (task.clone(), task.clone()).prop_map(|(task, joined)| Step::Join(task, joined)),
            1 => task.clone().prop_map(Step::Stamp),
            1 => (task, 0..3_usize).prop_map(|(task, back)| Step::ObserveStamp(task, back)),
            1 => (0..2_u32).prop_map(Step::Forget),
        ];
        proptest::collection::vec(step, 0..80)
    }

    /// The number of the first message that is stamped.
    const FIRST_STAMP: u64 = 7;

    proptest! {
        /// The model: each task knows a set of accesses.
        #[test]
        fn a_task_knows_what_it_was_told_and_no_more(steps in steps()) {
            let mut clocks = Clocks::default();
            let mut known: [BTreeSet<usize>; 4] = Default::default();
            let mut published: [BTreeSet<usize>; 2] = Default::default();
            let mut for_writers: [BTreeSet<usize>; 2] = Default::default();
            let mut accesses: Vec<(TaskId, u32)> = Vec::new();
            let mut stamps: Vec<BTreeSet<usize>> = Vec::new();
            // Two of the first ones, and two in different branches of a tree.
            let id = |task: usize| TaskId([0, 31, 32, 700][task]);
            for step in steps {
                match step {
                    Step::Access(task) => {
                        for (number, &(of, at)) in accesses.iter().enumerate() {
                            let knows = id(task) == of || clocks.of(id(task)).knows(of, at);
                            prop_assert_eq!(knows, known[task].contains(&number));
                        }
                        known[task].insert(accesses.len());
                        accesses.push((id(task), clocks.of(id(task)).now()));
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
                    Step::Stamp(task) => {
                        clocks.stamp(id(task), FIRST_STAMP + stamps.len() as u64);
                        stamps.push(known[task].clone());
                    }
                    Step::ObserveStamp(task, back) => {
                        let Some(place) = stamps.len().checked_sub(1 + back) else { continue };
                        clocks.observe_stamp(id(task), FIRST_STAMP + place as u64);
                        known[task].extend(&stamps[place]);
                    }
                    Step::Forget(object) => {
                        clocks.forget(object);
                        published[object as usize].clear();
                        for_writers[object as usize].clear();
                    }
                }
            }
        }
    }
}
