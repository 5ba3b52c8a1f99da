//! The ready set: the same alternatives in the same order as the engine's own, so that the same
//! draws take the same turns.

use super::NONE;

/// How many turns are a list, in the order of their arrival.
const LIST: usize = 64;

/// How many places the list has: what is moved in blocks may reach beyond the last one.
const PLACES: usize = 128;

/// How many keys are moved at a time where one is taken out of the list.
const BLOCK: usize = 8;

/// How many of a crowd are in the order of their arrival.
const FEW: usize = 8;

/// The turns that can be taken next.
pub(super) struct Ready {
    len: usize,
    /// How many the list may have: none while there is a crowd.
    room: usize,
    list: [u32; PLACES],
    crowd: Crowd,
}

impl Ready {
    pub(super) const fn new() -> Ready {
        Ready { len: 0, room: LIST, list: [0; PLACES], crowd: Crowd::new() }
    }

    #[inline(always)]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds a turn, the youngest.
    #[inline(always)]
    pub(super) fn push(&mut self, key: u32) {
        if self.len < self.room {
            self.list[self.len % PLACES] = key;
            self.len += 1;
        } else {
            self.push_to_crowd(key);
        }
    }

    /// The turn that alternative `k` stands for.
    #[inline(always)]
    pub(super) fn get(&self, k: usize) -> u32 {
        if self.room > 0 { self.list[k % PLACES] } else { self.crowd.members[k].key }
    }

    /// Takes out the turn that alternative `k` stands for.
    #[inline(always)]
    pub(super) fn take(&mut self, k: usize) -> u32 {
        if self.room == 0 {
            return self.take_of_crowd(k);
        }
        let key = self.list[k % PLACES];
        let mut at = k;
        while at + 1 < self.len {
            let from = at % LIST;
            let mut block = [0; BLOCK];
            block.copy_from_slice(&self.list[from + 1..from + 1 + BLOCK]);
            self.list[from..from + BLOCK].copy_from_slice(&block);
            at += BLOCK;
        }
        self.len -= 1;
        key
    }

    /// Takes out a turn by its name, which is there.
    #[cold]
    pub(super) fn remove(&mut self, key: u32) {
        let is_it = |&k: &usize| self.get(k) == key;
        let place = (0..self.len).find(is_it).expect("the turn is there");
        self.take(place);
    }

    pub(super) fn clear(&mut self) {
        (self.len, self.room) = (0, LIST);
        self.crowd.clear();
    }

    #[inline(never)]
    fn push_to_crowd(&mut self, key: u32) {
        if self.room > 0 {
            self.gather();
        }
        self.crowd.push(key);
        self.len += 1;
    }

    #[inline(never)]
    fn take_of_crowd(&mut self, k: usize) -> u32 {
        let key = self.crowd.take(k);
        self.len -= 1;
        if self.len == FEW {
            self.disperse();
        }
        key
    }

    /// Makes a crowd of the list, which is full.
    #[cold]
    fn gather(&mut self) {
        self.crowd.clear();
        for place in 0..self.len {
            self.crowd.push(self.list[place]);
        }
        self.crowd.next = FEW;
        self.room = 0;
    }

    /// Puts the few that are left into the list.
    #[cold]
    fn disperse(&mut self) {
        for (place, member) in self.list.iter_mut().zip(&self.crowd.members) {
            *place = member.key;
        }
        self.room = LIST;
    }
}

#[derive(Clone, Copy)]
struct Member {
    key: u32,
    arrival: u32,
}

/// Many turns: the oldest few are the first alternatives, the place of any other one is filled by
/// the last when it is taken.
struct Crowd {
    members: Vec<Member>,
    /// Where who arrived is, by the number of the arrival; `NONE` once it is gone.
    places: Vec<u32>,
    /// Invariant: arrivals before this one are gone or among the oldest few.
    next: usize,
}

impl Crowd {
    const fn new() -> Crowd {
        Crowd { members: Vec::new(), places: Vec::new(), next: 0 }
    }

    fn clear(&mut self) {
        self.members.clear();
        self.places.clear();
        self.next = 0;
    }

    #[inline(always)]
    fn push(&mut self, key: u32) {
        if self.places.len() == self.places.capacity() {
            self.pack();
        }
        let (place, arrival) = (self.members.len() as u32, self.places.len() as u32);
        self.members.push(Member { key, arrival });
        self.places.push(place);
    }

    /// Forgets the arrivals that are gone, if that makes room.
    #[cold]
    #[inline(never)]
    fn pack(&mut self) {
        if self.members.len() * 2 > self.places.len() {
            self.places.reserve(self.places.len().max(256));
            return;
        }
        let mut kept = 0;
        for arrival in self.next..self.places.len() {
            let place = self.places[arrival];
            if place != NONE {
                self.members[place as usize].arrival = kept;
                self.places[kept as usize] = place;
                kept += 1;
            }
        }
        self.places.truncate(kept as usize);
        self.next = 0;
    }

    #[inline(always)]
    fn take(&mut self, k: usize) -> u32 {
        if k < FEW {
            return self.take_oldest(k);
        }
        let taken = self.members.swap_remove(k);
        if let Some(moved) = self.members.get(k) {
            self.places[moved.arrival as usize] = k as u32;
        }
        self.places[taken.arrival as usize] = NONE;
        taken.key
    }

    #[inline(never)]
    fn take_oldest(&mut self, k: usize) -> u32 {
        while self.places[self.next] == NONE {
            self.next += 1;
        }
        let place = self.places[self.next] as usize;
        self.next += 1;
        let joining = self.members.swap_remove(place);
        if let Some(moved) = self.members.get(place) {
            self.places[moved.arrival as usize] = place as u32;
        }
        let key = self.members[k].key;
        self.members.copy_within(k + 1..FEW, k);
        self.members[FEW - 1] = joining;
        key
    }
}
