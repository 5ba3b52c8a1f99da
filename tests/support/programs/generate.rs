//! Programs from seeds.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Body, Op, Program};

/// How large a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// Two or three tasks of up to four operations: every interleaving can be enumerated.
    Small,
    /// Some tasks of some operations.
    Medium,
    /// Dozens of tasks, nested three deep.
    Large,
}

/// What is known of a program beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing: it may deadlock, abort anybody, and leave tasks behind.
    Free,
    /// It is correct by construction: locks are taken in one order, nothing is awaited under
    /// them but more locks and time, every message is received, every task is joined, nobody
    /// is aborted.
    Balanced,
}

/// The program of this seed.
pub(crate) fn generate(seed: u64, size: Size, form: Form) -> Program {
    let mut random = Random { generator: ChaCha8Rng::seed_from_u64(seed) };
    let limits = size.limits();
    let channels = (0..limits.channels).map(|_| match random.below(4) {
        0 | 1 => None,
        capacity => Some(capacity - 1),
    });
    let channels: Vec<Option<usize>> = channels.collect();
    let mut generator = Generator { random, form, limits, tasks: 1, channels: channels.len() };
    let main = match form {
        Form::Free => generator.free_main(),
        Form::Balanced => generator.balanced_main(),
    };
    Program { variables: limits.variables, locks: limits.locks, channels, main: main.into() }
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    tasks: usize,
    operations: usize,
    depth: usize,
    variables: usize,
    locks: usize,
    channels: usize,
}

impl Size {
    const fn limits(self) -> Limits {
        match self {
            Size::Small => {
                Limits { tasks: 3, operations: 4, depth: 1, variables: 2, locks: 2, channels: 2 }
            }
            Size::Medium => {
                Limits { tasks: 7, operations: 7, depth: 2, variables: 3, locks: 3, channels: 2 }
            }
            Size::Large => {
                Limits { tasks: 40, operations: 14, depth: 3, variables: 4, locks: 5, channels: 4 }
            }
        }
    }
}

struct Random {
    generator: ChaCha8Rng,
}

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        (self.generator.next_u64() % bound as u64) as usize
    }
}

struct Generator {
    random: Random,
    form: Form,
    limits: Limits,
    /// How many tasks there are.
    tasks: usize,
    channels: usize,
}

/// Where in a program an operation stands.
#[derive(Clone, Copy)]
struct Position {
    depth: usize,
    /// Locks below this one are held, or may be.
    locks_from: usize,
    /// How many locks are held.
    held: usize,
}

impl Position {
    const TOP: Position = Position { depth: 0, locks_from: 0, held: 0 };
}

impl Generator {
    /// Children first, so that nearly every program is concurrent; then whatever comes.
    fn free_main(&mut self) -> Vec<Op> {
        let mut children = 0;
        let mut body = Vec::new();
        for _ in 0..2 {
            body.push(self.spawn(Position::TOP));
            children += 1;
        }
        body.extend(self.body(Position::TOP, &mut children));
        for child in 0..children {
            if self.random.below(6) > 0 {
                body.push(Op::Join(child));
            }
        }
        body
    }

    fn body(&mut self, at: Position, children: &mut usize) -> Vec<Op> {
        let length = 1 + self.random.below(self.limits.operations);
        let mut body = Vec::new();
        for _ in 0..length {
            let op = self.op(at, children);
            body.push(op);
        }
        body
    }

    fn op(&mut self, at: Position, children: &mut usize) -> Op {
        loop {
            let is_free = self.form == Form::Free;
            return match self.random.below(20) {
                0 | 1 => Op::Yield,
                2 => Op::Sleep(self.random.below(4) as u64),
                3 | 4 => Op::Step,
                5 | 6 => Op::Read(self.random.below(self.limits.variables)),
                7..=9 => Op::Write(self.random.below(self.limits.variables)),
                10 | 11 | 15 => match self.lock(at, children) {
                    Some(op) => op,
                    None => continue,
                },
                12 | 13 if is_free && self.channels > 0 => {
                    Op::Send(self.random.below(self.channels))
                }
                14 if is_free && self.channels > 0 => Op::Receive(self.random.below(self.channels)),
                16 => Op::Draw(1 + self.random.below(3) as u32),
                17 if at.depth < self.limits.depth && self.tasks < self.limits.tasks => {
                    *children += 1;
                    self.spawn(Position { depth: at.depth + 1, ..Position::TOP })
                }
                18 if is_free && *children > 0 => Op::Join(self.random.below(*children)),
                19 if is_free => Op::Abort(1 + self.random.below(self.limits.tasks)),
                _ => continue,
            };
        }
    }

    fn lock(&mut self, at: Position, children: &mut usize) -> Option<Op> {
        let from = if self.form == Form::Free { 0 } else { at.locks_from };
        if from == self.limits.locks || at.held == 2 {
            return None;
        }
        let lock = from + self.random.below(self.limits.locks - from);
        let inside = Position { locks_from: lock + 1, held: at.held + 1, ..at };
        let length = self.random.below(3);
        let body: Vec<Op> = (0..length).map(|_| self.op(inside, children)).collect();
        Some(Op::Lock(lock, body.into()))
    }

    fn spawn(&mut self, at: Position) -> Op {
        self.tasks += 1;
        let mut children = 0;
        let mut body = self.body(at, &mut children);
        if self.form == Form::Balanced {
            body.extend((0..children).map(Op::Join));
        }
        Op::Spawn(body.into())
    }

    /// Workers that send, one receiver for each channel that receives as much and does nothing
    /// else but give way, and everybody is joined.
    fn balanced_main(&mut self) -> Vec<Op> {
        let workers = 2 + self.random.below(self.limits.tasks.min(6) - 1);
        let mut bodies: Vec<Vec<Op>> = Vec::new();
        for _ in 0..workers {
            self.tasks += 1;
            let mut children = 0;
            let mut body = self.body(Position { depth: 1, ..Position::TOP }, &mut children);
            body.extend((0..children).map(Op::Join));
            bodies.push(body);
        }
        let mut receivers: Vec<Body> = Vec::new();
        for channel in 0..self.channels {
            let mut receiver = Vec::new();
            for _ in 0..self.random.below(2 * workers) {
                let body = self.random.below(workers);
                let place = self.random.below(bodies[body].len() + 1);
                bodies[body].insert(place, Op::Send(channel));
                receiver.push(Op::Receive(channel));
                if self.random.below(3) == 0 {
                    receiver.push(Op::Yield);
                }
            }
            receivers.push(receiver.into());
        }
        let spawned = bodies.into_iter().map(Body::from).chain(receivers);
        let mut main: Vec<Op> = spawned.map(Op::Spawn).collect();
        let children = main.len();
        main.extend((0..children).map(Op::Join));
        main
    }
}
