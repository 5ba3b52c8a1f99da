//! Deliberate breakages of the primitives: each is to be caught by the tests.

/// One breakage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutant {
    /// What is broken.
    pub(crate) name: &'static str,
    /// The file, below `primitives/src`.
    pub(crate) file: &'static str,
    /// What stands there, exactly once.
    pub(crate) original: &'static str,
    /// What is put in its place.
    pub(crate) broken: &'static str,
}

const fn mutant(
    name: &'static str,
    file: &'static str,
    original: &'static str,
    broken: &'static str,
) -> Mutant {
    Mutant { name, file, original, broken }
}

/// Every breakage.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "the queue wakes the last waiter",
        "waiters.rs",
        "self.grant(self.first, grant)",
        "self.grant(self.last, grant)",
    ),
    mutant(
        "a dropped waiter stays in the queue",
        "waiters.rs",
        "            self.unlink(key.0);\n",
        "",
    ),
    mutant(
        "a waker is not refreshed",
        "waiters.rs",
        "State::Waiting(old, _) => std::mem::replace(old, wakeup),",
        "State::Waiting(..) => wakeup,",
    ),
    mutant(
        "waking stops after the first",
        "waiters.rs",
        "while wakeups.len() < count",
        "while wakeups.len() < count.min(1)",
    ),
    mutant(
        "waking does not stop at the count",
        "waiters.rs",
        "while wakeups.len() < count",
        "while wakeups.len() < count.max(9)",
    ),
    mutant(
        "a cancelled waiter drops what it was granted",
        "instrumented.rs",
        "Removed::Granted(grant) => Some(pass_on(&mut state, grant)),",
        "Removed::Granted(_) => None,",
    ),
    mutant(
        "an operation is not announced",
        "instrumented.rs",
        "            ready!(operation.poll_announce(Some(&self.object), cx));\n",
        "            let _ = &operation;\n",
    ),
    mutant(
        "a lock is put back although somebody waits",
        "lock.rs",
        "match self.waiters.grant_first(value) {",
        "match Err::<crate::waiters::Wakeup, _>(value) {",
    ),
    mutant(
        "a guard's drop forgets to wake",
        "lock.rs",
        "base.object.release_to(std::mem::replace(&mut self.hold, Hold::none()), woken);",
        "base.object.release_to(std::mem::replace(&mut self.hold, Hold::none()), woken.filter(|_| false));",
    ),
    mutant(
        "an event wakes nobody",
        "event.rs",
        "        self.waiters.grant_all(())",
        "        Wakeups::none()",
    ),
    mutant(
        "an event wakes one only",
        "event.rs",
        "        self.waiters.grant_all(())",
        "        self.waiters.grant_up_to(1, ())",
    ),
    mutant("an event is set without being so", "event.rs", "        self.is_set = true;\n", ""),
    mutant(
        "a permit is not counted when it is released",
        "semaphore.rs",
        "        self.value += permits;\n",
        "",
    ),
    mutant(
        "a permit that was handed over is not taken",
        "semaphore.rs",
        "        self.value -= permits as usize;\n        Some(wakeup)",
        "        Some(wakeup)",
    ),
    mutant(
        "a newcomer overtakes at a semaphore",
        "semaphore.rs",
        "if self.value < permits as usize || !self.waiters.is_idle() {",
        "if self.value < permits as usize {",
    ),
    mutant(
        "a cancelled waiter of a semaphore keeps its permit",
        "semaphore.rs",
        "        self.value += permits as usize;\n        self.let_through()",
        "        self.let_through()",
    ),
    mutant(
        "a cancelled waiter of a semaphore wakes nobody",
        "semaphore.rs",
        "        self.value += permits as usize;\n        self.let_through()",
        "        self.value += permits as usize;\n        Wakeups::none()",
    ),
    mutant(
        "a bounded semaphore has no bound",
        "semaphore.rs",
        "if permits > self.bound - self.value {",
        "if permits > usize::MAX - self.value {",
    ),
    mutant(
        "a put wakes no getter",
        "queue.rs",
        "Ok(self.getters.grant_first(()).ok())",
        "Ok(None)",
    ),
    mutant(
        "a get wakes no putter",
        "queue.rs",
        "Ok((item, self.putters.grant_first(()).ok()))",
        "Ok((item, None))",
    ),
    mutant(
        "a queue has room for one more",
        "queue.rs",
        "self.items.count() >= self.maxsize",
        "self.items.count() > self.maxsize",
    ),
    mutant("a put does not count as unfinished", "queue.rs", "        self.unfinished += 1;\n", ""),
    mutant(
        "task_done does not count",
        "queue.rs",
        "self.unfinished = self.unfinished.checked_sub(1).ok_or(TaskDoneError)?;",
        "self.unfinished.checked_sub(1).ok_or(TaskDoneError)?;",
    ),
    mutant(
        "the last task_done wakes no joiner",
        "queue.rs",
        "0 => self.joiners.grant_all(()),",
        "0 => Wakeups::none(),",
    ),
    mutant(
        "a cancelled getter wakes no other",
        "queue.rs",
        "            _ => self.getters.grant_first(()).ok(),",
        "            _ => None,",
    ),
    mutant(
        "a cancelled putter wakes no other",
        "queue.rs",
        "            false => self.putters.grant_first(()).ok(),",
        "            false => None,",
    ),
    mutant(
        "a shutdown leaves getters waiting",
        "queue.rs",
        "        woken.append(self.getters.grant_all(()));\n",
        "",
    ),
    mutant(
        "a shutdown leaves putters waiting",
        "queue.rs",
        "        woken.append(self.putters.grant_all(()));\n",
        "",
    ),
    mutant(
        "a last-in-first-out queue is first in, first out",
        "queue/storage.rs",
        "        self.items.pop()\n",
        "        if self.items.is_empty() { None } else { Some(self.items.remove(0)) }\n",
    ),
    mutant(
        "a priority queue gives equal items in any order",
        "queue/storage.rs",
        ".then(self.number.cmp(&other.number))",
        ".then(other.number.cmp(&self.number))",
    ),
    mutant(
        "a condition releases its lock before it waits",
        "condition.rs",
        "if waiting.is_queued()\n                    && let",
        "if let",
    ),
    mutant(
        "a cancelled waiter of a condition passes nothing on",
        "condition.rs",
        "            self.condition.pass_on();\n",
        "",
    ),
    mutant(
        "a condition forgets that a waiter was notified",
        "condition.rs",
        "notified.is_some() || matches!",
        "matches!",
    ),
    mutant(
        "a barrier opens one too late",
        "barrier.rs",
        "if self.count < self.parties {",
        "if self.count <= self.parties {",
    ),
    mutant(
        "a barrier wakes nobody inside",
        "barrier.rs",
        "                let mut woken = self.inside.grant_all(());\n                woken.append(self.leave());",
        "                let woken = self.leave();",
    ),
    mutant(
        "a cancelled waiter of a barrier still counts",
        "barrier.rs",
        "                    (state.leave(), state.count)\n",
        "                    (Wakeups::none(), state.count)\n",
    ),
    mutant(
        "an aborted barrier is not broken",
        "barrier.rs",
        "        self.phase = Phase::Broken;\n",
        "",
    ),
    mutant(
        "a future can be resolved twice",
        "future.rs",
        "            if state.outcome.is_some() {\n",
        "            if false {\n",
    ),
    mutant(
        "a notification for nobody is not stored",
        "notify.rs",
        "    fn notify_one(&mut self) -> Wakeups {\n        let woken = Wakeups::from(self.waiters.grant_first(Reason::One).ok());\n        self.is_stored |= woken.len() == 0;",
        "    fn notify_one(&mut self) -> Wakeups {\n        let woken = Wakeups::from(self.waiters.grant_first(Reason::One).ok());",
    ),
    mutant(
        "a notification of all is stored",
        "notify.rs",
        "        self.broadcasts += 1;\n",
        "        self.broadcasts += 1;\n        self.is_stored = true;\n",
    ),
    mutant(
        "a cancelled waiter keeps its notification",
        "notify.rs",
        "Reason::One => self.notify_one(),",
        "Reason::One => Wakeups::none(),",
    ),
    mutant("readers do not count", "rwlock.rs", "                self.readers += 1;\n", ""),
    mutant(
        "a reader overtakes a writer",
        "rwlock.rs",
        "        if self.waiters.first_wants().is_some() {\n            return None;\n        }\n",
        "",
    ),
    mutant(
        "a writer does not wait for readers",
        "rwlock.rs",
        "            Side::Write if self.readers > 0 => None,\n",
        "",
    ),
    mutant(
        "a writer's release wakes nobody",
        "rwlock.rs",
        "            Side::Write => self.value = Some(value),\n        }\n        self.hand_over()",
        "            Side::Write => {\n                self.value = Some(value);\n                return Wakeups::none();\n            }\n        }\n        self.hand_over()",
    ),
    mutant(
        "a small want overtakes a big one at a semaphore",
        "semaphore.rs",
        "        if self.value < permits as usize {\n            return None;\n        }\n        let wakeup",
        "        if self.value == 0 {\n            return None;\n        }\n        let wakeup",
    ),
    mutant(
        "a cancelled big want holds up the small ones behind it",
        "semaphore/permit.rs",
        "passed_on.unwrap_or_else(|| base.lock().has_left())",
        "passed_on.unwrap_or_else(Wakeups::none)",
    ),
    mutant(
        "a part of a permit is counted twice",
        "semaphore/permit.rs",
        "self.permits = self.permits.checked_sub(permits)?;",
        "self.permits.checked_sub(permits)?;",
    ),
    mutant(
        "readers behind a writer that gave up keep waiting",
        "rwlock/guard.rs",
        "passed_on.unwrap_or_else(|| lock.base.lock().hand_over())",
        "passed_on.unwrap_or_else(crate::waiters::Wakeups::none)",
    ),
    mutant(
        "a sender that waits is not told of a place",
        "mpsc/state.rs",
        "match self.sending.grant_first(Grant::Place) {",
        "match Err::<Wakeup, _>(Grant::Place) {",
    ),
    mutant(
        "a cancelled sender keeps its place",
        "mpsc/state.rs",
        "Grant::Place => self.release(Place(())),",
        "Grant::Place => Wakeups::none(),",
    ),
    mutant(
        "a channel does not end with its last sender",
        "mpsc/state.rs",
        "            0 => self.wake_receiver(),",
        "            0 => Wakeups::none(),",
    ),
    mutant(
        "a channel ends although a place is reserved",
        "mpsc/state.rs",
        "self.senders == 0 || (self.is_closed() && self.reserved == 0)",
        "self.senders == 0 || self.is_closed()",
    ),
    mutant(
        "receiving many receives one too many",
        "mpsc/state.rs",
        "while received.len() < count",
        "while received.len() <= count",
    ),
    mutant(
        "a weak sender revives a channel",
        "mpsc/sender.rs",
        "        if state.senders() == 0 {\n            return None;\n        }\n",
        "",
    ),
    mutant(
        "a receiver that was polled by hand is polled on",
        "mpsc/receiver.rs",
        "        self.polling = None;\n",
        "",
    ),
    mutant(
        "a broadcast wakes one receiver only",
        "broadcast.rs",
        "(fallen, self.receiving.grant_all(()))",
        "(fallen, self.receiving.grant_up_to(1, ()))",
    ),
    mutant(
        "a receiver that goes still counts as one who reads",
        "broadcast.rs",
        "        self.receivers -= 1;\n",
        "",
    ),
    mutant(
        "a receiver that lags is not told how far",
        "broadcast.rs",
        "let missed = self.first - *next;",
        "let missed = 1;",
    ),
    mutant(
        "a change wakes nobody who watches",
        "watch.rs",
        "            state.changing.grant_all(())\n        };\n        drop(value);",
        "            Wakeups::none()\n        };\n        drop(value);",
    ),
    mutant(
        "a value that was waited for does not count as seen",
        "watch/receiver.rs",
        "                *seen = state.version;\n",
        "",
    ),
    mutant(
        "a value that is sent wakes no receiver",
        "oneshot.rs",
        "        self.stage = Stage::Over;\n        self.receiver.grant_all(())",
        "        self.stage = Stage::Over;\n        Wakeups::none()",
    ),
    mutant(
        "a sender that goes leaves the receiver waiting",
        "oneshot.rs",
        "                Stage::Open => state.end(None),",
        "                Stage::Open => Wakeups::none(),",
    ),
    mutant(
        "a closed receiver takes a value",
        "oneshot.rs",
        "            if state.stage == Stage::Closed {\n                return Err(value);\n            }\n",
        "",
    ),
    mutant(
        "a failed initializer leaves the others waiting",
        "once_cell.rs",
        "match self.waiters.grant_first(Entry::Turn) {",
        "match Err::<crate::waiters::Wakeup, _>(Entry::Turn) {",
    ),
    mutant(
        "a cell can be initialised twice",
        "once_cell.rs",
        "        if self.is_running {\n            return None;\n        }\n",
        "",
    ),
    mutant(
        "a cancelled token does not cancel its children",
        "cancellation_token.rs",
        "            nodes.extend(children.filter_map(Weak::upgrade));\n",
        "            drop(children);\n",
    ),
    mutant(
        "a child of a cancelled token is not cancelled",
        "cancellation_token.rs",
        "            node.base.get_mut().is_cancelled = true;\n",
        "",
    ),
    mutant(
        "a token that is dropped takes its place from another child",
        "cancellation_token.rs",
        "                self.places.len() - 1\n",
        "                0\n",
    ),
    mutant(
        "a receiver that was polled and closed waits for ever",
        "oneshot.rs",
        "let mut woken = self.receiver.grant_all(());",
        "let mut woken = Wakeups::none();",
    ),
    mutant(
        "a receiver that was polled by hand and closed waits for ever",
        "mpsc/state.rs",
        "        woken.append(self.closing.grant_all(()));\n        // The receiver itself may have been polled before; then it has to look again.\n        woken.append(self.wake_receiver());\n",
        "        woken.append(self.closing.grant_all(()));\n",
    ),
];
