//! What both kinds of channel share: messages, places, and who is still there.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::{TryRecvError, TrySendError};
use crate::instrumented::{Count, Instrumented, show};
use crate::probe::{Cause, Passage, Stamp};
use crate::waiters::{Waiters, Wakeups};

/// Who ends whose wait.
pub(super) static CAUSES: [Cause; 5] = [
    Cause { wait: "recv_many", by: &["send", "try_send", "drop sender"], owed: &[] },
    Cause { wait: "recv", by: &["send", "try_send", "drop sender"], owed: &[] },
    Cause {
        wait: "send",
        by: &["recv", "try_recv", "release", "close", "drop receiver"],
        owed: &[],
    },
    Cause {
        wait: "reserve",
        by: &["recv", "try_recv", "release", "close", "drop receiver"],
        owed: &[],
    },
    Cause { wait: "closed", by: &["close", "drop receiver"], owed: &[] },
];

/// What moves messages through a channel.
pub(super) static PASSAGE: Passage =
    Passage { takes: &["recv", "recv_many", "try_recv"], gives: &["send", "try_send"] };

/// A channel, as its senders and its receiver share it.
pub(super) type Shared<T> = Arc<Instrumented<State<T>>>;

/// A message, and what its sender had done.
pub(super) type Stamped<T> = (T, Stamp);

/// Places for messages that belong to a sender: they count as reserved.
pub(super) struct Places(usize);

impl Places {
    pub(super) const fn count(&self) -> usize {
        self.0
    }

    /// Takes one of them out.
    pub(super) fn take_one(&mut self) -> Option<Places> {
        self.0 = self.0.checked_sub(1)?;
        Some(Places(1))
    }

    /// Takes all of them out.
    pub(super) const fn take(&mut self) -> Places {
        Places(std::mem::replace(&mut self.0, 0))
    }
}

/// A sender is told that the channel is closed. What it had been granted goes to others.
pub(super) struct Refused(Wakeups);

impl Refused {
    /// Tells those to whom it makes a difference.
    pub(super) fn wake(self) {
        self.0.wake();
    }
}

/// What a sender that waits is granted.
#[derive(Clone, Copy)]
pub(super) enum Grant {
    /// So many places, which count as reserved.
    Places(usize),
    /// The news that the channel is closed.
    Closed,
}

pub(super) struct State<T> {
    messages: VecDeque<Stamped<T>>,
    /// How many places are free; not counted in an unbounded channel.
    // Invariant: fewer than the first sender that waits wants: they are handed over.
    places: usize,
    capacity: Capacity,
    /// How many places belong to senders that have not sent yet.
    reserved: usize,
    senders: usize,
    weak_senders: usize,
    stage: Stage,
    /// Senders that wait for so many places each.
    sending: Waiters<Grant, usize>,
    receiving: Waiters,
    /// Senders that wait for the channel to be closed.
    closing: Waiters,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Capacity {
    Bounded(usize),
    Unbounded,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Takes messages. Left when the receiver closes the channel, or goes.
    Open,
    /// Takes messages for places that were reserved before. Left when the receiver goes.
    Closed,
    /// Has no receiver.
    Abandoned,
}

/// What is said of a message that was sent to nobody.
pub(super) const GONE: &str = "nobody receives any more";

impl<T> State<T> {
    pub(super) const fn new(capacity: Capacity) -> State<T> {
        let places = match capacity {
            Capacity::Bounded(places) => places,
            Capacity::Unbounded => 0,
        };
        State {
            messages: VecDeque::new(),
            places,
            capacity,
            reserved: 0,
            senders: 1,
            weak_senders: 0,
            stage: Stage::Open,
            sending: Waiters::new(),
            receiving: Waiters::new(),
            closing: Waiters::new(),
        }
    }

    pub(super) const fn sending(&mut self) -> &mut Waiters<Grant, usize> {
        &mut self.sending
    }

    pub(super) const fn receiving(&mut self) -> &mut Waiters {
        &mut self.receiving
    }

    pub(super) const fn closing(&mut self) -> &mut Waiters {
        &mut self.closing
    }

    pub(super) fn is_closed(&self) -> bool {
        self.stage != Stage::Open
    }

    pub(super) const fn places(&self) -> usize {
        self.places
    }

    /// How many places there are.
    pub(super) const fn places_max(&self) -> usize {
        match self.capacity {
            Capacity::Bounded(places) => places,
            Capacity::Unbounded => usize::MAX,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(super) const fn senders(&self) -> usize {
        self.senders
    }

    pub(super) const fn weak_senders(&self) -> usize {
        self.weak_senders
    }

    /// Reserves so many places, if they are free and nobody comes first.
    pub(super) fn try_reserve(&mut self, count: usize) -> Result<Places, TrySendError<()>> {
        if self.is_closed() {
            return Err(TrySendError::Closed(()));
        }
        // Nobody comes before whoever wants none.
        let is_last = count > 0 && self.sending.first_wants().is_some();
        if count > self.places || is_last {
            return Err(TrySendError::Full(()));
        }
        self.places -= count;
        self.reserved += count;
        Ok(Places(count))
    }

    /// Reserves so many places, or takes up what was granted. `None` if they have to be waited for.
    pub(super) fn reserve(
        &mut self,
        count: usize,
        granted: Option<Grant>,
    ) -> Option<Result<Places, Refused>> {
        let places = match granted {
            Some(Grant::Places(count)) => Ok(Places(count)),
            Some(Grant::Closed) => return Some(Err(Refused(Wakeups::none()))),
            None if count > self.places_max() => Err(TrySendError::Closed(())),
            None => self.try_reserve(count),
        };
        match places {
            // It is too late for a sender that has not run since it was granted a place.
            Ok(places) if self.is_closed() => Some(Err(Refused(self.release(places)))),
            Ok(places) => Some(Ok(places)),
            Err(TrySendError::Closed(())) => Some(Err(Refused(Wakeups::none()))),
            Err(TrySendError::Full(())) => None,
        }
    }

    /// A sender was granted something, and dropped before it took it up.
    pub(super) fn pass_on(&mut self, grant: Grant) -> Wakeups {
        match grant {
            Grant::Places(count) => self.release(Places(count)),
            Grant::Closed => Wakeups::none(),
        }
    }

    /// Uses a reserved place. The message comes back if nobody can receive it any more.
    pub(super) fn send_reserved(
        &mut self,
        place: Places,
        message: T,
        stamp: impl FnOnce() -> Stamp,
    ) -> Result<Wakeups, T> {
        debug_assert_eq!(place.count(), 1, "a message takes one place");
        self.reserved -= 1;
        self.push(message, stamp)
    }

    /// Sends without a place: for unbounded channels.
    pub(super) fn send_unbounded(&mut self, message: T) -> Result<Wakeups, T> {
        if self.is_closed() {
            return Err(message);
        }
        self.push(message, Stamp::here)
    }

    fn push(&mut self, message: T, stamp: impl FnOnce() -> Stamp) -> Result<Wakeups, T> {
        if self.stage == Stage::Abandoned {
            return Err(message);
        }
        self.messages.push_back((message, stamp()));
        Ok(self.wake_receiver())
    }

    /// Gives reserved places back unused.
    pub(super) fn release(&mut self, places: Places) -> Wakeups {
        self.reserved -= places.count();
        let mut woken = self.free(places.count());
        if self.is_over() {
            woken.append(self.wake_receiver());
        }
        woken
    }

    fn free(&mut self, count: usize) -> Wakeups {
        self.places += count;
        self.hand_over()
    }

    /// Hands the first senders that wait the places that each wants, while there are as many.
    pub(super) fn hand_over(&mut self) -> Wakeups {
        let mut woken = Wakeups::none();
        while let Some(&count) = self.sending.first_wants()
            && count <= self.places
            && let Ok(wakeup) = self.sending.grant_first(Grant::Places(count))
        {
            self.places -= count;
            self.reserved += count;
            woken.push(wakeup);
        }
        woken
    }

    fn wake_receiver(&mut self) -> Wakeups {
        self.receiving.grant_all(())
    }

    /// Whether no message can come any more.
    fn is_over(&self) -> bool {
        self.senders == 0 || (self.is_closed() && self.reserved == 0)
    }

    /// Takes the oldest message, and hands its place on.
    pub(super) fn try_recv(&mut self) -> Result<(Stamped<T>, Wakeups), TryRecvError> {
        match self.messages.pop_front() {
            Some(message) => {
                let woken = match self.capacity {
                    Capacity::Bounded(_) => self.free(1),
                    Capacity::Unbounded => Wakeups::none(),
                };
                Ok((message, woken))
            }
            None if self.is_over() => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }

    /// Takes as many of the oldest messages as there are, `count` at the most and at least one.
    pub(super) fn try_recv_many(
        &mut self,
        count: usize,
    ) -> Result<(Vec<Stamped<T>>, Wakeups), TryRecvError> {
        let (first, mut woken) = self.try_recv()?;
        let mut received = vec![first];
        while received.len() < count
            && let Ok((message, freed)) = self.try_recv()
        {
            received.push(message);
            woken.append(freed);
        }
        Ok((received, woken))
    }

    /// Takes no more messages. Whoever waits for a place is told so.
    pub(super) fn close(&mut self) -> Wakeups {
        if self.stage == Stage::Open {
            self.stage = Stage::Closed;
        }
        let mut woken = self.sending.grant_all(Grant::Closed);
        woken.append(self.closing.grant_all(()));
        // The receiver itself may have been polled before; then it has to look again.
        woken.append(self.wake_receiver());
        woken
    }

    /// The receiver goes. What nobody receives comes back.
    pub(super) fn abandon(&mut self) -> (VecDeque<Stamped<T>>, Wakeups) {
        let woken = self.close();
        self.stage = Stage::Abandoned;
        (std::mem::take(&mut self.messages), woken)
    }

    pub(super) const fn add_sender(&mut self) {
        self.senders += 1;
    }

    pub(super) const fn add_weak_sender(&mut self) {
        self.weak_senders += 1;
    }

    pub(super) const fn remove_weak_sender(&mut self) {
        self.weak_senders -= 1;
    }

    pub(super) fn remove_sender(&mut self) -> Wakeups {
        self.senders -= 1;
        match self.senders {
            0 => self.wake_receiver(),
            _ => Wakeups::none(),
        }
    }
}

/// Shows an end of a channel, or a future of it.
pub(super) fn show_end<T>(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    shared: &Shared<T>,
) -> fmt::Result {
    let (messages, capacity, waiting, stage) = {
        let state = shared.lock();
        let waiting = Count("sending", state.sending.len());
        (state.messages.len(), state.capacity, waiting, state.stage)
    };
    let closed = if stage == Stage::Open { "" } else { ", closed" };
    match capacity {
        Capacity::Bounded(capacity) => {
            let details = format_args!("messages:{messages}/{capacity}{waiting}{closed}");
            show(f, kind, &shared.object, details)
        }
        Capacity::Unbounded => {
            show(f, kind, &shared.object, format_args!("messages:{messages}{closed}"))
        }
    }
}
