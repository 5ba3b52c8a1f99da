//! Programs as flat code.

use crate::support::programs::{Op, Program};

/// One instruction of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Instruction {
    /// Spawns a task with this code.
    Spawn(usize),
    Join(usize),
    Abort(usize),
    Yield,
    Sleep(u64),
    Step,
    Read(usize),
    Write(usize),
    Acquire(usize),
    /// Releases the lock that was taken last.
    Release,
    Send(usize),
    Receive(usize),
    Draw(u32),
}

/// A program's code: one list for each task that it can spawn, the main one first.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) bodies: Vec<Vec<Instruction>>,
    /// The capacity of each channel.
    pub(super) channels: Vec<Option<usize>>,
}

impl Code {
    pub(super) fn of(program: &Program) -> Code {
        let mut code = Code { bodies: Vec::new(), channels: program.channels.clone() };
        code.add(&program.main);
        code
    }

    fn add(&mut self, body: &[Op]) -> usize {
        let number = self.bodies.len();
        self.bodies.push(Vec::new());
        let mut list = Vec::new();
        self.translate(body, &mut list);
        self.bodies[number] = list;
        number
    }

    fn translate(&mut self, body: &[Op], list: &mut Vec<Instruction>) {
        for op in body {
            let instruction = match op {
                Op::Spawn(body) => Instruction::Spawn(self.add(body)),
                Op::Join(child) => Instruction::Join(*child),
                Op::Abort(task) => Instruction::Abort(*task),
                Op::Yield => Instruction::Yield,
                Op::Sleep(millis) => Instruction::Sleep(*millis),
                Op::Step => Instruction::Step,
                Op::Read(variable) => Instruction::Read(*variable),
                Op::Write(variable) => Instruction::Write(*variable),
                Op::Lock(lock, body) => {
                    list.push(Instruction::Acquire(*lock));
                    self.translate(body, list);
                    Instruction::Release
                }
                Op::Send(channel) => Instruction::Send(*channel),
                Op::Receive(channel) => Instruction::Receive(*channel),
                Op::Draw(bound) => Instruction::Draw(*bound),
            };
            list.push(instruction);
        }
    }
}
