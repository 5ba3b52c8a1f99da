//! What each instruction does.

use super::{Instruction, Machine, Point, State, Status, Task, Turn, Wait};
use crate::support::programs::{CANCELLED, NANOS_PER_MILLI, mix};

/// What becomes of the running task after a part of an instruction.
enum Flow {
    /// The instruction is over.
    Next,
    /// The same instruction again: it was let through, or something is to be decided.
    Again,
    /// It waits.
    Rest,
}

impl State {
    /// Lets the running task do one part of an instruction.
    pub(super) fn advance(&mut self, machine: &Machine, task: usize) {
        let Some(instruction) = self.instruction(machine, task) else {
            let register = self.tasks[task].register;
            return self.end(task, Some(register));
        };
        let flow = self.perform(machine, task, instruction);
        match flow {
            Flow::Next => self.next_instruction(task),
            Flow::Again => {}
            Flow::Rest => self.rest(task),
        }
    }

    fn next_instruction(&mut self, task: usize) {
        self.tasks[task].at += 1;
        self.tasks[task].wait = Wait::Fresh;
    }

    fn perform(&mut self, machine: &Machine, task: usize, instruction: Instruction) -> Flow {
        let wait = self.tasks[task].wait;
        match instruction {
            Instruction::Spawn(body) => {
                let child = self.tasks.len();
                self.tasks.push(Task::new(child, body));
                self.queue.push(Turn::Resume(child));
                self.tasks[task].children.push(Some(child));
            }
            Instruction::Join(child) => return self.join(task, child),
            Instruction::Abort(victim) => self.abort(victim),
            Instruction::Yield => return self.give_way(task),
            Instruction::Sleep(millis) => return self.sleep(task, millis),
            Instruction::Read(variable) => {
                let value = self.variables[variable];
                self.take_in(task, value);
            }
            Instruction::Write(variable) => {
                self.variables[variable] = self.tasks[task].register.wrapping_add(1);
            }
            Instruction::Release => {
                let lock = self.tasks[task].held.pop().expect("a lock is taken before");
                self.release(lock);
            }
            Instruction::Draw(1) => self.take_in(task, 0),
            Instruction::Draw(bound) => {
                self.point = Point::Draw(bound);
                return Flow::Again;
            }
            Instruction::Send(channel) if machine.code.channels[channel].is_none() => {
                self.send(task, channel);
            }
            Instruction::Step
            | Instruction::Acquire(_)
            | Instruction::Send(_)
            | Instruction::Receive(_) => match wait {
                Wait::Fresh if machine.mode.is_preemptive => {
                    self.stall_or_choose(machine);
                    return Flow::Again;
                }
                Wait::Announced => return Flow::Rest,
                _ => return self.perform_announced(machine, task, instruction),
            },
        }
        Flow::Next
    }

    fn perform_announced(
        &mut self,
        machine: &Machine,
        task: usize,
        instruction: Instruction,
    ) -> Flow {
        let is_done = match instruction {
            Instruction::Acquire(lock) => self.acquire(task, lock),
            Instruction::Send(channel) => {
                let capacity = machine.code.channels[channel].unwrap_or(usize::MAX);
                self.send_bounded(task, channel, capacity)
            }
            Instruction::Receive(channel) => self.receive(task, channel),
            _ => true,
        };
        if is_done {
            return Flow::Next;
        }
        self.tasks[task].wait = Wait::Blocked;
        Flow::Rest
    }

    fn give_way(&mut self, task: usize) -> Flow {
        if self.tasks[task].wait == Wait::Blocked {
            return Flow::Next;
        }
        self.tasks[task].wait = Wait::Blocked;
        self.is_woken = true;
        Flow::Rest
    }

    fn sleep(&mut self, task: usize, millis: u64) -> Flow {
        if millis == 0 {
            return self.give_way(task);
        }
        match self.tasks[task].wait {
            Wait::Until(deadline) if deadline <= self.now_ns => Flow::Next,
            Wait::Until(_) => Flow::Rest,
            _ => {
                let deadline = self.now_ns + millis * NANOS_PER_MILLI;
                self.timers.push((deadline, task));
                self.tasks[task].wait = Wait::Until(deadline);
                Flow::Rest
            }
        }
    }

    fn join(&mut self, task: usize, child: usize) -> Flow {
        let Some(child) = self.tasks[task].children.get(child).copied().flatten() else {
            return Flow::Next;
        };
        if self.tasks[child].status != Status::Ended {
            self.tasks[child].joiner = Some(task);
            return Flow::Rest;
        }
        let result = self.tasks[child].result.unwrap_or(CANCELLED);
        self.take_in(task, result);
        let children = &mut self.tasks[task].children;
        children.iter_mut().filter(|other| **other == Some(child)).for_each(|other| *other = None);
        Flow::Next
    }

    fn abort(&mut self, victim: usize) {
        if victim == 0 || victim >= self.tasks.len() {
            return;
        }
        let task = &mut self.tasks[victim];
        if task.status == Status::Ended || task.is_aborted {
            return;
        }
        task.is_aborted = true;
        self.queue.retain(|turn| *turn != Turn::Grant(victim));
        self.wake(victim);
    }

    /// Drops an aborted task: first what it waits in, then what it holds.
    pub(super) fn drop_task(&mut self, task: usize, at: Option<Instruction>) {
        self.queue.retain(|turn| *turn != Turn::Grant(task));
        self.timers.retain(|&(_, owner)| owner != task);
        if self.tasks[task].wait == Wait::Blocked {
            self.stop_waiting(task, at);
        }
        while let Some(lock) = self.tasks[task].held.pop() {
            self.release(lock);
        }
        self.end(task, None);
    }

    pub(super) fn finish_draw(&mut self, value: u64) {
        let task = self.running.expect("only a running task draws");
        self.take_in(task, value);
        self.next_instruction(task);
    }

    pub(super) fn take_in(&mut self, task: usize, value: u64) {
        let register = &mut self.tasks[task].register;
        *register = mix(*register, value);
    }
}
