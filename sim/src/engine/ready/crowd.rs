//! Many turns: the oldest few in order, and the others in places that only have to be certain.
//!
//! Whoever takes one of the others takes it by its place, and the last one moves there: so taking
//! one costs a constant, however many there are. When one of the oldest is taken, the next oldest
//! moves up. Which that is, a queue of all arrivals knows, in which those that are gone are marked.

use super::FEW;

/// How many arrivals the queue has room for at the least.
const QUEUE_MIN: usize = 256;

/// A turn that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    key: u32,
    /// Its place in the queue of arrivals.
    arrival: u32,
}

/// The keys of turns.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// Invariant: the first [`FEW`] are the oldest, oldest first.
    members: Vec<Member>,
    /// Where among the members each key was put last, by key. It may have been taken out since.
    places: Vec<u32>,
    /// The key of each arrival.
    queue: Vec<u32>,
    /// A bit for each arrival: whether its key has been taken out. Of those that are among the
    /// oldest few it means nothing.
    gone: Vec<u64>,
    /// The first arrival that is not one of the oldest few, nor older than they.
    next: usize,
    /// How many arrivals the queue takes before it is packed.
    queue_max: usize,
}

impl Crowd {
    pub(super) const fn new() -> Crowd {
        Crowd {
            members: Vec::new(),
            places: Vec::new(),
            queue: Vec::new(),
            gone: Vec::new(),
            next: 0,
            queue_max: QUEUE_MIN,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Begins with these keys, oldest first: at least [`FEW`].
    pub(super) fn fill(&mut self, keys: &[u32]) {
        self.clear();
        keys.iter().for_each(|&key| self.push(key));
        self.next = FEW;
    }

    /// Adds a key.
    #[inline]
    pub(super) fn push(&mut self, key: u32) {
        if self.queue.len() >= self.queue_max {
            self.make_room();
        }
        let arrival = self.queue.len();
        if arrival.is_multiple_of(64) {
            self.gone.push(0);
        }
        self.queue.push(key);
        let place = self.members.len() as u32;
        self.members.push(Member { key, arrival: arrival as u32 });
        match self.places.get_mut(key as usize) {
            Some(at) => *at = place,
            None => self.add_place(key, place),
        }
    }

    /// The `k`-th key.
    ///
    /// # Panics
    /// If there are no more than `k` keys.
    #[inline]
    pub(super) fn get(&self, k: usize) -> u32 {
        self.members[k].key
    }

    /// Takes out the `k`-th key. There must be more than [`FEW`].
    ///
    /// # Panics
    /// If there are no more than `k` keys.
    #[inline]
    pub(super) fn take(&mut self, k: usize) -> u32 {
        if k < FEW {
            return self.take_oldest(k);
        }
        let Member { key, arrival } = self.take_out(k);
        self.gone[arrival as usize / 64] |= 1 << (arrival % 64);
        key
    }

    /// The place of a key; `None` if it is not there.
    #[inline]
    pub(super) fn rank(&self, key: u32) -> Option<usize> {
        let place = *self.places.get(key as usize)? as usize;
        self.members.get(place).is_some_and(|member| member.key == key).then_some(place)
    }

    /// All keys, the oldest few first.
    pub(super) fn keys(&self) -> impl Iterator<Item = u32> {
        self.members.iter().map(|member| member.key)
    }

    /// Forgets every key, and keeps the allocations.
    pub(super) fn clear(&mut self) {
        self.members.clear();
        self.queue.clear();
        self.gone.clear();
        self.next = 0;
    }

    /// Takes out one of the oldest few; the next oldest of the others joins them.
    fn take_oldest(&mut self, k: usize) -> u32 {
        let key = self.members[k].key;
        let next = self.next_oldest();
        let joining = self.take_out(self.places[self.queue[next] as usize] as usize);
        self.next = next + 1;
        for place in k..FEW - 1 {
            self.put(place, self.members[place + 1]);
        }
        self.put(FEW - 1, joining);
        key
    }

    /// The oldest arrival of the others.
    fn next_oldest(&self) -> usize {
        let mut word = self.next / 64;
        let mut there = !self.gone[word] & (u64::MAX << (self.next % 64));
        while there == 0 {
            word += 1;
            there = !self.gone[word];
        }
        word * 64 + there.trailing_zeros() as usize
    }

    /// Takes a member out of its place, to which the last one moves.
    #[inline]
    fn take_out(&mut self, place: usize) -> Member {
        let member = self.members.swap_remove(place);
        if let Some(moved) = self.members.get(place) {
            self.places[moved.key as usize] = place as u32;
        }
        member
    }

    #[inline]
    fn put(&mut self, place: usize, member: Member) {
        self.members[place] = member;
        self.places[member.key as usize] = place as u32;
    }

    #[cold]
    fn add_place(&mut self, key: u32, place: u32) {
        let least = key as usize + 1;
        self.places.resize(least.next_power_of_two(), 0);
        self.places[key as usize] = place;
    }

    /// Packs the queue, or doubles it if more than a quarter of it is still there: so packing
    /// costs each arrival a third of what it costs one that stays.
    #[cold]
    fn make_room(&mut self) {
        if self.members.len() > self.queue_max / 4 {
            self.queue_max *= 2;
            return;
        }
        let mut packed = 0;
        for arrival in self.next..self.queue.len() {
            if self.gone[arrival / 64] >> (arrival % 64) & 1 == 0 {
                let key = self.queue[arrival];
                self.members[self.places[key as usize] as usize].arrival = packed as u32;
                self.queue[packed] = key;
                packed += 1;
            }
        }
        self.queue.truncate(packed);
        self.gone.clear();
        self.gone.resize(packed.div_ceil(64), 0);
        self.next = 0;
    }

    /// Checks what is said above; for tests.
    #[cfg(test)]
    pub(super) fn check_invariants(&self) {
        let arrivals: Vec<u32> = self.members.iter().map(|member| member.arrival).collect();
        let few = &arrivals[..FEW.min(arrivals.len())];
        for (place, member) in self.members.iter().enumerate() {
            assert_eq!(self.rank(member.key), Some(place));
            if place >= FEW {
                assert_eq!(self.queue[member.arrival as usize], member.key);
                assert!(member.arrival as usize >= self.next, "only the oldest few are older");
            }
        }
        let others = (self.next..self.queue.len())
            .filter(|&arrival| self.gone[arrival / 64] >> (arrival % 64) & 1 == 0);
        assert_eq!(others.count(), arrivals.len() - few.len());
    }
}
