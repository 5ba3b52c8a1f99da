//! Locks and channels.

use super::{Instruction, Owner, State};

impl State {
    /// Takes a lock, or queues for it. Says whether it was taken.
    pub(super) fn acquire(&mut self, task: usize, lock: usize) -> bool {
        let state = &mut self.locks[lock];
        if state.owner.is_none() || state.owner == Some(Owner::Heir(task)) {
            state.owner = Some(Owner::Holder(task));
            self.tasks[task].held.push(lock);
            return true;
        }
        if !state.waiters.contains(&task) {
            state.waiters.push_back(task);
        }
        false
    }

    /// Hands a lock over to whoever waits for it longest.
    pub(super) fn release(&mut self, lock: usize) {
        let next = self.locks[lock].waiters.pop_front();
        self.locks[lock].owner = next.map(Owner::Heir);
        if let Some(next) = next {
            self.wake(next);
        }
    }

    pub(super) fn send(&mut self, task: usize, channel: usize) {
        let message = self.tasks[task].register;
        self.channels[channel].messages.push_back(message);
        self.channels[channel].senders.retain(|other| *other != task);
        let first = self.channels[channel].receivers.pop_front();
        if let Some(first) = first {
            self.wake(first);
        }
    }

    pub(super) fn send_bounded(&mut self, task: usize, channel: usize, capacity: usize) -> bool {
        let state = &mut self.channels[channel];
        if state.messages.len() < capacity {
            self.send(task, channel);
            return true;
        }
        if !state.senders.contains(&task) {
            state.senders.push_back(task);
        }
        false
    }

    pub(super) fn receive(&mut self, task: usize, channel: usize) -> bool {
        let state = &mut self.channels[channel];
        let Some(message) = state.messages.pop_front() else {
            if !state.receivers.contains(&task) {
                state.receivers.push_back(task);
            }
            return false;
        };
        state.receivers.retain(|other| *other != task);
        let first = state.senders.pop_front();
        self.take_in(task, message);
        if let Some(first) = first {
            self.wake(first);
        }
        true
    }

    /// A task that waits in an object's queue is dropped: it leaves the queue, or passes on
    /// what it was woken for.
    pub(super) fn stop_waiting(&mut self, task: usize, at: Option<Instruction>) {
        match at {
            Some(Instruction::Acquire(lock)) => {
                self.locks[lock].waiters.retain(|other| *other != task);
                if self.locks[lock].owner == Some(Owner::Heir(task)) {
                    self.release(lock);
                }
            }
            Some(Instruction::Send(channel)) => {
                self.leave(task, channel, |channel| &mut channel.senders);
            }
            Some(Instruction::Receive(channel)) => {
                self.leave(task, channel, |channel| &mut channel.receivers);
            }
            _ => {}
        }
    }

    fn leave(
        &mut self,
        task: usize,
        channel: usize,
        side: fn(&mut super::Channel) -> &mut std::collections::VecDeque<usize>,
    ) {
        let waiters = side(&mut self.channels[channel]);
        let place = waiters.iter().position(|other| *other == task);
        let next = match place {
            Some(place) => {
                waiters.remove(place);
                None
            }
            None => waiters.pop_front(),
        };
        if let Some(next) = next {
            self.wake(next);
        }
    }
}
