//! Many turns: short lists one behind the other, counted by a tree of prefix sums.
//!
//! A chunk has up to 64 keys in a row. A node of the tree has for each of its 8 children how many
//! keys lie before that child within the node: so the child that has the k-th key is found, and
//! one less counted behind it, by looking at all 8 at once, without a branch that depends on k.
//! Nothing moves between chunks until they run out. Then they are packed to the front, or doubled
//! if they are more than half full, which costs a constant for each arrival on average.

/// How many keys a chunk has room for.
pub(super) const CHUNK: usize = 64;
/// How many children a node has.
const FAN: usize = 8;
/// Stands for no key: there is no turn with this one.
const NONE: u32 = u32::MAX;

/// A chunk's keys, oldest first, and behind them [`NONE`].
type Chunk = [u32; CHUNK];
/// For each child, how many keys the children before it have. Signed, because that is what the
/// commonest processors compare several of at once.
type Node = [i32; FAN];

/// The keys of turns, oldest first.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    chunks: Vec<Chunk>,
    /// How many chunks are in use: those from here on are empty.
    used: usize,
    /// The tree from its root, level by level; the children of node i are the nodes (at the lowest
    /// level, the chunks) from 8 i + 1 on. Invariant: what a node counts before a child is the sum
    /// over the chunks below its earlier children.
    nodes: Vec<Node>,
    /// How many levels of nodes there are.
    depth: u32,
    /// Which child the first chunk is, counted through all levels.
    first: usize,
    len: usize,
    /// The chunk that each key was put into last, by key; it may have been taken out since.
    at: Vec<u32>,
}

impl Chunks {
    pub(super) const fn new() -> Chunks {
        Chunks {
            chunks: Vec::new(),
            used: 0,
            nodes: Vec::new(),
            depth: 0,
            first: 0,
            len: 0,
            at: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a chunk full of keys behind all others.
    pub(super) fn append(&mut self, keys: &Chunk) {
        if self.used == self.chunks.len() {
            self.make_room();
        }
        let chunk = self.used;
        self.chunks[chunk] = *keys;
        self.used += 1;
        self.len += CHUNK;
        self.count(chunk, CHUNK as i32);
        let most = keys.iter().fold(0, |most, &key| key.max(most)) as usize;
        if most >= self.at.len() {
            self.at.resize(most + 1, 0);
        }
        for &key in keys {
            self.at[key as usize] = chunk as u32;
        }
    }

    /// The `k`-th key from the oldest, from 0.
    ///
    /// # Panics
    /// If there are no more than `k` keys.
    pub(super) fn get(&self, k: usize) -> u32 {
        self.check(k);
        let (mut node, mut k) = (0, k as i32);
        for _ in 0..self.depth {
            let counts = &self.nodes[node];
            let child = counts.iter().filter(|&&before| before <= k).count() - 1;
            k -= counts[child];
            node = node * FAN + 1 + child;
        }
        self.chunks[node - self.first][k as usize]
    }

    /// Takes out the `k`-th key from the oldest, from 0.
    ///
    /// # Panics
    /// If there are no more than `k` keys.
    #[inline]
    pub(super) fn take(&mut self, k: usize) -> u32 {
        self.check(k);
        let (mut node, mut k) = (0, k as i32);
        for _ in 0..self.depth {
            let counts = &mut self.nodes[node];
            // Minus one for each child that lies behind, of which one key less is before it.
            let mut behind = 0;
            for before in counts.iter_mut() {
                let change = -i32::from(*before > k);
                *before += change;
                behind += change;
            }
            let child = (FAN as i32 - 1 + behind) as usize;
            k -= counts[child];
            node = node * FAN + 1 + child;
        }
        let chunk = &mut self.chunks[node - self.first];
        self.len -= 1;
        take_out(chunk, k as usize)
    }

    /// Takes out a key; says whether it was there.
    pub(super) fn remove(&mut self, key: u32) -> bool {
        let Some((chunk, k)) = self.find(key) else { return false };
        take_out(&mut self.chunks[chunk], k);
        self.len -= 1;
        self.count(chunk, -1);
        true
    }

    /// How many keys are older than this one; `None` if it is not there.
    pub(super) fn rank(&self, key: u32) -> Option<usize> {
        let (chunk, k) = self.find(key)?;
        let mut node = chunk + self.first;
        let mut rank = k;
        while node > 0 {
            let child = (node - 1) % FAN;
            node = (node - 1) / FAN;
            rank += self.nodes[node][child] as usize;
        }
        Some(rank)
    }

    pub(super) fn contains(&self, key: u32) -> bool {
        self.find(key).is_some()
    }

    /// Hands out every key, oldest first, and keeps the allocations.
    pub(super) fn drain(&mut self, mut take: impl FnMut(u32)) {
        if self.len > 0 {
            let used = self.chunks[..self.used].iter();
            used.flatten().filter(|&&key| key != NONE).for_each(|&key| take(key));
        }
        self.clear();
    }

    /// Forgets every key, and keeps the allocations.
    pub(super) fn clear(&mut self) {
        if self.used > 0 {
            self.chunks[..self.used].fill([NONE; CHUNK]);
            self.nodes.fill([0; FAN]);
        }
        (self.used, self.len) = (0, 0);
    }

    #[inline]
    fn check(&self, k: usize) {
        assert!(k < self.len, "key {k} of {} was asked for; this is a bug in unpick", self.len);
    }

    /// The chunk of a key, and the how-manieth it is there.
    fn find(&self, key: u32) -> Option<(usize, usize)> {
        if self.len == 0 {
            return None;
        }
        let chunk = *self.at.get(key as usize)? as usize;
        let k = self.chunks[chunk].iter().position(|&other| other == key)?;
        Some((chunk, k))
    }

    /// Adds `change` to what is counted over a chunk.
    #[inline]
    fn count(&mut self, chunk: usize, change: i32) {
        let mut node = chunk + self.first;
        while node > 0 {
            let child = (node - 1) % FAN;
            node = (node - 1) / FAN;
            for (other, before) in self.nodes[node].iter_mut().enumerate() {
                *before += if other > child { change } else { 0 };
            }
        }
    }

    /// Packs the keys to the front, or doubles the number of chunks if they are more than half
    /// full.
    #[cold]
    fn make_room(&mut self) {
        let capacity = self.chunks.len();
        if self.len * 2 > capacity * CHUNK || capacity == 0 {
            let chunks = (capacity * 2).max(FAN);
            self.chunks.resize(chunks, [NONE; CHUNK]);
            while FAN.pow(self.depth) < chunks {
                self.depth += 1;
                self.first = self.first * FAN + 1;
            }
            self.nodes.resize(self.first / FAN + chunks.div_ceil(FAN), [0; FAN]);
        } else {
            self.pack();
        }
        self.recount();
    }

    fn pack(&mut self) {
        let mut packed = 0;
        for chunk in 0..self.used {
            let keys = std::mem::replace(&mut self.chunks[chunk], [NONE; CHUNK]);
            let keys = keys.into_iter().take_while(|&key| key != NONE);
            for key in keys {
                self.chunks[packed / CHUNK][packed % CHUNK] = key;
                self.at[key as usize] = (packed / CHUNK) as u32;
                packed += 1;
            }
        }
        self.used = packed.div_ceil(CHUNK);
    }

    fn recount(&mut self) {
        self.nodes.fill([0; FAN]);
        for chunk in 0..self.used {
            let keys = self.chunks[chunk].iter().filter(|&&key| key != NONE).count();
            self.count(chunk, keys as i32);
        }
    }
}

/// Takes the `k`-th key out of a chunk.
#[inline]
fn take_out(chunk: &mut Chunk, k: usize) -> u32 {
    let key = chunk[k];
    chunk.copy_within(k + 1.., k);
    chunk[CHUNK - 1] = NONE;
    key
}
