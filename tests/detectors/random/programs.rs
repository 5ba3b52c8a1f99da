//! Programs as data, and how they are made up.

use std::rc::Rc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

pub(crate) type Body = Rc<[Op]>;

/// How many things of each kind a program has.
pub(crate) const THINGS: usize = 2;
/// How many shared variables.
pub(crate) const VARIABLES: usize = 4;

/// One thing that a task does.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Get(usize),
    Set(usize),
    Update(usize),
    Yield,
    Step,
    Sleep(u64),
    Lock(usize, Body),
    ReadLock(usize, Body),
    WriteLock(usize, Body),
    Permit(usize, Body),
    Set1(usize),
    Wait(usize),
    Notify(usize),
    NotifyAll(usize),
    Notified(usize),
    Put(usize),
    Take(usize),
    Meet(usize),
    Spawn(Body),
    Join,
}

#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) tasks: Vec<Body>,
}

/// What a program is mostly made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mix {
    /// Everything.
    Even,
    /// Accesses, and points at which others come in.
    Accesses,
}

pub(crate) fn generate(seed: u64, mix: Mix) -> Program {
    let mut generator = Generator { random: ChaCha8Rng::seed_from_u64(seed), mix, spawned: 0 };
    let tasks = 2 + generator.below(3);
    let length = if mix == Mix::Even { 6 } else { 14 };
    Program { tasks: (0..tasks).map(|_| generator.body(length, 0)).collect() }
}

struct Generator {
    random: ChaCha8Rng,
    mix: Mix,
    spawned: usize,
}

impl Generator {
    fn below(&mut self, bound: usize) -> usize {
        (self.random.next_u64() % bound as u64) as usize
    }

    fn body(&mut self, length: usize, depth: usize) -> Body {
        let length = 1 + self.below(length);
        (0..length).map(|_| self.op(depth)).collect()
    }

    fn op(&mut self, depth: usize) -> Op {
        let thing = self.below(THINGS);
        // Some variables are used more than others.
        let variable = self.below(VARIABLES).min(self.below(VARIABLES));
        let kind = self.below(if depth < 2 { 26 } else { 19 });
        match kind {
            10..=18 if self.mix == Mix::Accesses => Op::Step,
            0..=2 => Op::Get(variable),
            3..=5 => Op::Set(variable),
            6 => Op::Update(variable),
            7 => Op::Yield,
            8 => Op::Step,
            9 => Op::Sleep(self.below(3) as u64),
            10 => Op::Set1(thing),
            11 => Op::Wait(thing),
            12 => Op::Notify(thing),
            13 => Op::NotifyAll(thing),
            14 => Op::Notified(thing),
            15 => Op::Put(thing),
            16 => Op::Take(thing),
            17 => Op::Meet(thing),
            18 => Op::Join,
            19 | 20 => Op::Lock(thing, self.body(4, depth + 1)),
            21 => Op::ReadLock(thing, self.body(3, depth + 1)),
            22 => Op::WriteLock(thing, self.body(3, depth + 1)),
            23 => Op::Permit(thing, self.body(3, depth + 1)),
            _ if self.spawned < 4 => {
                self.spawned += 1;
                Op::Spawn(self.body(5, depth + 1))
            }
            _ => Op::Step,
        }
    }
}
