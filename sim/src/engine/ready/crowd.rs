//! Many turns: the oldest few in order, and the others in places that only have to be certain.
//!
//! Whoever takes one of the others takes it by its place, and the last one moves there: so taking
//! one costs a constant, however many there are. When one of the oldest is taken, the next oldest
//! moves up. Which that is, a queue of all arrivals knows, in which those that are gone are marked.

use super::FEW;

/// For how many there is room at the least.
const ROOM_MIN: usize = 256;

/// A turn that is ready.
#[derive(Clone, Copy, Debug, Default)]
struct Member {
    key: u32,
    /// Its place in the queue of arrivals.
    arrival: u32,
}

/// The keys of turns.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// Invariant: the first [`FEW`] are the oldest, oldest first. Behind all there is room for more.
    members: Vec<Member>,
    /// How many members there are.
    len: usize,
    /// Where among the members each key was put last, by key. It may have been taken out since.
    places: Vec<u32>,
    /// The key of each arrival, and behind them room for more.
    queue: Vec<u32>,
    /// How many arrivals there were.
    arrivals: usize,
    /// A bit for each arrival: whether its key has been taken out. Of those that are among the
    /// oldest few it means nothing. Invariant: zero beyond the arrivals.
    gone: Vec<u64>,
    /// The first arrival that is not one of the oldest few, nor older than they.
    next: usize,
}

impl Crowd {
    pub(super) const fn new() -> Crowd {
        Crowd {
            members: Vec::new(),
            len: 0,
            places: Vec::new(),
            queue: Vec::new(),
            arrivals: 0,
            gone: Vec::new(),
            next: 0,
        }
    }

    /// How many keys there are.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.len
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
        let (arrival, place) = (self.arrivals, self.len);
        let room = (self.queue.get_mut(arrival), self.members.get_mut(place));
        if let (Some(last), Some(member)) = room
            && let Some(at) = self.places.get_mut(key as usize)
        {
            *last = key;
            *member = Member { key, arrival: arrival as u32 };
            *at = place as u32;
            (self.arrivals, self.len) = (arrival + 1, place + 1);
        } else {
            self.push_with_more_room(key);
        }
    }

    #[cold]
    #[inline(never)]
    fn push_with_more_room(&mut self, key: u32) {
        if key as usize >= self.places.len() {
            self.places.resize((key as usize + 1).next_power_of_two(), 0);
        }
        if self.len == self.members.len() {
            self.members.resize((self.len * 2).max(ROOM_MIN), Member::default());
        }
        if self.arrivals == self.queue.len() {
            self.make_room();
        }
        self.push(key);
    }

    /// The `k`-th key.
    ///
    /// # Panics
    /// If there are no more than `k` keys.
    #[inline]
    pub(super) fn get(&self, k: usize) -> u32 {
        self.members[..self.len][k].key
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
        let members = &self.members[..self.len];
        members.get(place).is_some_and(|member| member.key == key).then_some(place)
    }

    /// All keys, the oldest few first.
    pub(super) fn keys(&self) -> impl Iterator<Item = u32> {
        self.members[..self.len].iter().map(|member| member.key)
    }

    /// Forgets every key, and keeps the allocations.
    pub(super) fn clear(&mut self) {
        self.gone[..self.arrivals.div_ceil(64)].fill(0);
        (self.len, self.arrivals, self.next) = (0, 0, 0);
    }

    /// Takes out one of the oldest few; the next oldest of the others joins them.
    #[inline(never)]
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
        let members = &mut self.members[..self.len];
        let moved = members[self.len - 1];
        let member = std::mem::replace(&mut members[place], moved);
        // Of no meaning, if it is the last itself.
        self.places[moved.key as usize] = place as u32;
        self.len -= 1;
        member
    }

    #[inline]
    fn put(&mut self, place: usize, member: Member) {
        self.members[place] = member;
        self.places[member.key as usize] = place as u32;
    }

    /// Packs the queue, or doubles it if more than a quarter of it is still there: so packing
    /// costs each arrival a third of what it costs one that stays.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        let room = self.queue.len();
        if self.len >= room / 4 {
            let room = (room * 2).max(ROOM_MIN);
            self.queue.resize(room, 0);
            self.gone.resize(room / 64, 0);
            return;
        }
        let mut packed = 0;
        for arrival in self.next..self.arrivals {
            if self.gone[arrival / 64] >> (arrival % 64) & 1 == 0 {
                let key = self.queue[arrival];
                self.members[self.places[key as usize] as usize].arrival = packed as u32;
                self.queue[packed] = key;
                packed += 1;
            }
        }
        self.gone.fill(0);
        (self.arrivals, self.next) = (packed, 0);
    }

    /// Checks what is said above; for tests.
    #[cfg(test)]
    pub(super) fn check_invariants(&self) {
        let arrivals: Vec<u32> =
            self.members[..self.len].iter().map(|member| member.arrival).collect();
        let few = &arrivals[..FEW.min(arrivals.len())];
        for (place, member) in self.members[..self.len].iter().enumerate() {
            assert_eq!(self.rank(member.key), Some(place));
            if place >= FEW {
                assert_eq!(self.queue[member.arrival as usize], member.key);
                assert!(member.arrival as usize >= self.next, "only the oldest few are older");
            }
        }
        let others = (self.next..self.arrivals)
            .filter(|&arrival| self.gone[arrival / 64] >> (arrival % 64) & 1 == 0);
        assert_eq!(others.count(), arrivals.len() - few.len());
    }
}
