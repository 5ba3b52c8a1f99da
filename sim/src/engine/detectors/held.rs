//! What each task holds while it accesses shared variables.
//!
//! What is held at one moment is a set with a number, so that it can be kept with each access at
//! no cost: sets that are alike have the same.

use std::panic::Location;
use std::ptr;

use super::super::{Core, TaskId};
use super::access::{Places, Record};

/// One thing that a task holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HeldObject {
    /// The hold's place in the engine's table.
    hold: u32,
    pub(super) object: u32,
    pub(super) site: &'static Location<'static>,
}

impl HeldObject {
    /// Whether it is the same at first sight: one place may have several addresses.
    #[inline]
    fn is_plainly(&self, other: &HeldObject) -> bool {
        let HeldObject { hold, object, site } = *self;
        hold == other.hold && object == other.object && ptr::eq(site, other.site)
    }
}

/// What a task holds at one moment: the number of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held(u32);

impl Held {
    pub(super) const NOTHING: Held = Held(0);
}

/// What one task holds now.
#[derive(Clone, Copy, Debug)]
struct Holding {
    /// The first and the last of its links.
    first: u32,
    last: u32,
    /// The set that this is, once somebody has asked.
    set: Option<Held>,
    /// How often the task has given something up.
    ends: u32,
}

/// The end of a list of links, and the head of an empty one.
const NIL: u32 = u32::MAX;

impl Holding {
    const NOTHING: Holding = Holding { first: NIL, last: NIL, set: Some(Held::NOTHING), ends: 0 };
}

/// Something that is held, and what the same task took next.
#[derive(Clone, Copy, Debug)]
struct Link {
    held: HeldObject,
    next: u32,
    /// How often the task had given something up when it took this.
    ends_before: u32,
}

/// What each task holds now, and every set of things that was held at an access.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    tasks: Vec<Holding>,
    links: Vec<Link>,
    /// Links that are not in use.
    free: Vec<u32>,
    /// By their numbers less 1: where each ends in `things`, and begins where that before it ends.
    sets: Vec<u32>,
    /// What is in the sets, one after the other.
    things: Vec<HeldObject>,
    /// The only thing that was held when somebody asked last who held one thing, and that set.
    alone: Option<(HeldObject, Held)>,
    /// The sets by a hash of what is in them, or behind. Invariant: a power of two, and at least
    /// twice as many places as there are sets.
    known: Vec<Held>,
}

/// How many places for known sets there are at the least: a power of two.
const KNOWN_MIN: usize = 16;

/// How many tasks there is room for at first.
const TASKS_MIN: usize = 16;

impl Holdings {
    /// Forgets all, and keeps allocations.
    pub(super) fn clear(&mut self) {
        let Holdings { tasks, links, free, sets, things, alone, known } = self;
        tasks.clear();
        links.clear();
        free.clear();
        sets.clear();
        things.clear();
        *alone = None;
        known.clear();
    }

    #[inline]
    pub(super) fn took(
        &mut self,
        task: TaskId,
        hold: u32,
        object: u32,
        site: &'static Location<'static>,
    ) {
        if self.tasks.len() <= task.index() {
            let tasks = (task.index() + 1).next_power_of_two().max(TASKS_MIN);
            self.tasks.resize(tasks, Holding::NOTHING);
        }
        let ends_before = self.tasks[task.index()].ends;
        let link = Link { held: HeldObject { hold, object, site }, next: NIL, ends_before };
        let place = match self.free.pop() {
            Some(place) => {
                self.links[place as usize] = link;
                place
            }
            None => {
                self.links.push(link);
                self.links.len() as u32 - 1
            }
        };
        let holding = &mut self.tasks[task.index()];
        match holding.last {
            NIL => holding.first = place,
            last => self.links[last as usize].next = place,
        }
        (holding.last, holding.set) = (place, None);
    }

    #[inline]
    pub(super) fn let_go(&mut self, task: TaskId, hold: u32) {
        let Some(holding) = self.tasks.get_mut(task.index()) else { return };
        let (mut before, mut at) = (NIL, holding.first);
        while at != NIL {
            let Link { held, next, .. } = self.links[at as usize];
            if held.hold == hold {
                holding.ends = holding.ends.wrapping_add(1);
                match before {
                    NIL => holding.first = next,
                    before => self.links[before as usize].next = next,
                }
                if next == NIL {
                    holding.last = before;
                }
                holding.set = if holding.first == NIL { Some(Held::NOTHING) } else { None };
                self.free.push(at);
                return;
            }
            (before, at) = (at, next);
        }
    }

    /// What a task holds now.
    #[inline]
    pub(super) fn of(&mut self, task: TaskId) -> Held {
        let Some(holding) = self.tasks.get(task.index()) else { return Held::NOTHING };
        match holding.set {
            Some(set) => set,
            None => self.number(task),
        }
    }

    /// The number of what a task holds, which is something.
    #[inline]
    fn number(&mut self, task: TaskId) -> Held {
        let Holding { first, last, .. } = self.tasks[task.index()];
        let only = self.links[first as usize].held;
        let set = match self.alone {
            Some((held, set)) if first == last && held.is_plainly(&only) => set,
            _ => {
                let set = self.look_up(first);
                if first == last {
                    self.alone = Some((only, set));
                }
                set
            }
        };
        self.tasks[task.index()].set = Some(set);
        set
    }

    /// The set that is in a list of links, which has a number from here on.
    #[inline(never)]
    fn look_up(&mut self, first: u32) -> Held {
        if self.known.len() < 2 * (self.sets.len() + 1) {
            self.make_room();
        }
        let mut place = hash(list(&self.links, first)) & (self.known.len() - 1);
        loop {
            let known = self.known[place];
            if known == Held::NOTHING {
                self.things.extend(list(&self.links, first));
                self.sets.push(self.things.len() as u32);
                let new = Held(self.sets.len() as u32);
                self.known[place] = new;
                return new;
            }
            if self.set(known).iter().copied().eq(list(&self.links, first)) {
                return known;
            }
            place = (place + 1) & (self.known.len() - 1);
        }
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        let places = (2 * self.known.len()).max(KNOWN_MIN);
        self.known.clear();
        self.known.resize(places, Held::NOTHING);
        for number in 1..=self.sets.len() as u32 {
            let mut place = hash(self.set(Held(number)).iter().copied()) & (places - 1);
            while self.known[place] != Held::NOTHING {
                place = (place + 1) & (places - 1);
            }
            self.known[place] = Held(number);
        }
    }

    /// What is in a set, oldest first.
    pub(super) fn set(&self, set: Held) -> &[HeldObject] {
        let Some(place) = set.0.checked_sub(1) else { return &[] };
        let begin = place.checked_sub(1).map_or(0, |before| self.sets[before as usize]);
        &self.things[begin as usize..self.sets[place as usize] as usize]
    }

    /// How often a task has given something up.
    #[inline]
    pub(super) fn ends(&self, task: TaskId) -> u32 {
        self.tasks.get(task.index()).map_or(0, |holding| holding.ends)
    }

    /// What the task of an access that was just made has held without a break since an earlier one.
    pub(super) fn throughout(&self, earlier: &Record) -> Option<HeldObject> {
        let holding = self.tasks.get(earlier.task.index())?;
        let then = self.set(earlier.held);
        // What was taken since then, it may have given up and taken again.
        let is_kept =
            |link: &Link| link.ends_before <= earlier.ends_before && then.contains(&link.held);
        links(&self.links, holding.first).find(is_kept).map(|link| link.held)
    }
}

/// A hash of what is held. It goes by addresses, which are others in each process: they decide
/// where a set is found, and nothing else.
fn hash(held: impl Iterator<Item = HeldObject>) -> usize {
    let hash = held.fold(0, |hash: usize, HeldObject { hold, object, site }| {
        let site = ptr::from_ref(site).addr() >> 3;
        hash.rotate_left(5) ^ site ^ (object as usize) << 1 ^ (hold as usize) << 3
    });
    hash ^ hash >> 7
}

/// What is in a list of links, oldest first.
fn list(all: &[Link], first: u32) -> impl Iterator<Item = HeldObject> {
    links(all, first).map(|link| link.held)
}

fn links(all: &[Link], first: u32) -> impl Iterator<Item = Link> {
    let mut at = first;
    std::iter::from_fn(move || {
        let link = *all.get(at as usize)?;
        at = link.next;
        Some(link)
    })
}

impl Core {
    /// Such as `holding lock a (:12)`, or `holding nothing`.
    pub(super) fn holding(&self, held: &[HeldObject], places: &mut Places) -> String {
        if held.is_empty() {
            return String::from("holding nothing");
        }
        let held = held.iter().map(|held| {
            format!("{} (taken at {})", self.object_title(held.object), places.show(held.site))
        });
        format!("holding {}", held.collect::<Vec<_>>().join(" and "))
    }
}
