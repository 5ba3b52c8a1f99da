//! What both kinds of channel share: messages, places, and who is still there.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::{SendError, TryRecvError, TrySendError};
use crate::instrumented::{Count, Instrumented, show};
use crate::probe::{Cause, Passage, Stamp};
use crate::waiters::{Waiters, Wakeup, Wakeups};

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

/// A place for a message that belongs to a sender: it counts as reserved.
pub(super) struct Place(());

/// What a sender that waits is granted.
#[derive(Clone, Copy)]
pub(super) enum Grant {
    /// A place, which counts as reserved.
    Place,
    /// The news that the channel is closed.
    Closed,
}

pub(super) struct State<T> {
    messages: VecDeque<Stamped<T>>,
    /// How many places are free; not counted in an unbounded channel.
    // Invariant: zero while a sender waits, since a place that becomes free is handed over.
    places: usize,
    capacity: Capacity,
    /// How many places belong to a sender that has not sent yet.
    reserved: usize,
    senders: usize,
    weak_senders: usize,
    stage: Stage,
    sending: Waiters<Grant>,
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

    pub(super) const fn sending(&mut self) -> &mut Waiters<Grant> {
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

    /// Reserves a place, if one is free: then nobody comes first.
    pub(super) fn try_reserve(&mut self) -> Result<Place, TrySendError<()>> {
        if self.is_closed() {
            return Err(TrySendError::Closed(()));
        }
        if self.places == 0 {
            return Err(TrySendError::Full(()));
        }
        self.places -= 1;
        self.reserved += 1;
        Ok(Place(()))
    }

    /// Reserves a place, or takes up what was granted. `None` if it has to be waited for.
    pub(super) fn reserve(
        &mut self,
        granted: Option<Grant>,
    ) -> Option<Result<Place, SendError<()>>> {
        match granted {
            Some(Grant::Place) => Some(Ok(Place(()))),
            Some(Grant::Closed) => Some(Err(SendError(()))),
            None => match self.try_reserve() {
                Ok(place) => Some(Ok(place)),
                Err(TrySendError::Closed(())) => Some(Err(SendError(()))),
                Err(TrySendError::Full(())) => None,
            },
        }
    }

    /// A sender was granted something, and dropped before it took it up.
    pub(super) fn pass_on(&mut self, grant: Grant) -> Wakeups {
        match grant {
            Grant::Place => self.release(Place(())),
            Grant::Closed => Wakeups::none(),
        }
    }

    /// Uses a reserved place. The message comes back if nobody can receive it any more.
    pub(super) fn send_reserved(&mut self, _place: Place, message: T) -> Result<Wakeups, T> {
        self.reserved -= 1;
        self.push(message)
    }

    /// Sends without a place: for unbounded channels.
    pub(super) fn send_unbounded(&mut self, message: T) -> Result<Wakeups, T> {
        if self.is_closed() {
            return Err(message);
        }
        self.push(message)
    }

    fn push(&mut self, message: T) -> Result<Wakeups, T> {
        if self.stage == Stage::Abandoned {
            return Err(message);
        }
        self.messages.push_back((message, Stamp::here()));
        Ok(self.wake_receiver())
    }

    /// Gives a reserved place back unused.
    pub(super) fn release(&mut self, _place: Place) -> Wakeups {
        self.reserved -= 1;
        let mut woken = Wakeups::from(self.free_place());
        if self.is_over() {
            woken.append(self.wake_receiver());
        }
        woken
    }

    /// Hands a place that became free to the first sender that waits.
    fn free_place(&mut self) -> Option<Wakeup> {
        match self.sending.grant_first(Grant::Place) {
            Ok(wakeup) => {
                self.reserved += 1;
                Some(wakeup)
            }
            Err(_) => {
                self.places += 1;
                None
            }
        }
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
                let freed = match self.capacity {
                    Capacity::Bounded(_) => self.free_place(),
                    Capacity::Unbounded => None,
                };
                Ok((message, Wakeups::from(freed)))
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
