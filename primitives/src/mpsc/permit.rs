//! Places that are kept for messages to come.

use std::fmt;
use std::iter::FusedIterator;
use std::panic::Location;

use super::bounded::Sender;
use super::state::{GONE, Places, Shared};
use crate::probe::{Access, Stamp};
use crate::waiters::Wakeups;

/// A place that is kept for a message; dropping it gives the place to the next.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc;
///
/// let (sender, mut receiver) = mpsc::channel(1);
/// futures::executor::block_on(async {
///     let permit = sender.reserve().await.expect("it is open");
///     // Whatever it takes to make the message, there is a place for it.
///     permit.send("made late");
///     assert_eq!(receiver.recv().await, Some("made late"));
/// });
/// ```
#[must_use = "dropping the permit gives the place back"]
pub struct Permit<'a, T> {
    sender: &'a Sender<T>,
    // Invariant: there until the permit is used or dropped.
    place: Option<Places>,
}

impl<'a, T> Permit<'a, T> {
    pub(super) const fn new(sender: &'a Sender<T>, place: Places) -> Permit<'a, T> {
        Permit { sender, place: Some(place) }
    }

    /// Sends a message. If the receiver is gone, the message is dropped.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::mpsc::channel(1);
    /// sender.try_reserve().expect("one is free").send(1);
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// ```
    #[track_caller]
    pub fn send(self, message: T) {
        drop(self.send_from(Location::caller(), message));
    }

    /// The same, called at another site than the caller's. The message comes back if the receiver
    /// is gone.
    pub(super) fn send_from(
        mut self,
        site: &'static Location<'static>,
        message: T,
    ) -> Result<(), T> {
        let place = self.place.take().expect("a permit has its place until it is used");
        send(&self.sender.shared, place, site, message)
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            give_back(&self.sender.shared, place);
        }
    }
}

/// Places that are kept for messages, one permit after the other; dropping it gives those that are
/// left to the next.
///
/// # Examples
/// ```
/// let (sender, mut receiver) = unpick_primitives::mpsc::channel(3);
/// let permits = sender.try_reserve_many(3).expect("three are free");
/// assert_eq!(permits.len(), 3);
/// // All or none: each of them has its place.
/// for (permit, message) in permits.zip(["begin", "end"]) {
///     permit.send(message);
/// }
/// assert_eq!(sender.capacity(), 1, "one was left");
/// assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok("begin"), Ok("end")));
/// ```
#[must_use = "dropping the permits gives the places back"]
pub struct PermitIterator<'a, T> {
    sender: &'a Sender<T>,
    places: Places,
}

impl<'a, T> PermitIterator<'a, T> {
    pub(super) const fn new(sender: &'a Sender<T>, places: Places) -> PermitIterator<'a, T> {
        PermitIterator { sender, places }
    }
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Permit<'a, T>> {
        self.places.take_one().map(|place| Permit::new(self.sender, place))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.places.count(), Some(self.places.count()))
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}

impl<T> FusedIterator for PermitIterator<'_, T> {}

impl<T> Drop for PermitIterator<'_, T> {
    fn drop(&mut self) {
        if self.places.count() > 0 {
            give_back(&self.sender.shared, self.places.take());
        }
    }
}

/// A place that is kept for a message, with the sender that kept it; dropping it gives the place
/// to the next.
///
/// # Examples
/// ```
/// let (sender, mut receiver) = unpick_primitives::mpsc::channel(1);
/// futures::executor::block_on(async {
///     let permit = sender.reserve_owned().await.expect("it is open");
///     // It borrows nothing, so that it can go to another task.
///     let sender = std::thread::spawn(|| permit.send(1)).join().expect("it does not panic");
///     assert_eq!(receiver.recv().await, Some(1));
///     assert_eq!(sender.capacity(), 1);
/// });
/// ```
#[must_use = "dropping the permit gives the place back"]
pub struct OwnedPermit<T> {
    // Invariant: both are there until the permit is used or dropped.
    sender: Option<Sender<T>>,
    place: Option<Places>,
}

impl<T> OwnedPermit<T> {
    pub(super) const fn new(sender: Sender<T>, place: Places) -> OwnedPermit<T> {
        OwnedPermit { sender: Some(sender), place: Some(place) }
    }

    /// Sends a message, and returns the sender. If the receiver is gone, the message is dropped.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::mpsc::channel(1);
    /// let _sender = sender.try_reserve_owned().expect("one is free").send(1);
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// ```
    #[track_caller]
    pub fn send(mut self, message: T) -> Sender<T> {
        let (sender, place) = self.take();
        drop(send(&sender.shared, place, Location::caller(), message));
        sender
    }

    /// Gives the place back unused, and returns the sender.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// let sender = sender.try_reserve_owned().expect("one is free").release();
    /// assert_eq!(sender.capacity(), 1);
    /// ```
    #[track_caller]
    pub fn release(mut self) -> Sender<T> {
        let (sender, place) = self.take();
        give_back(&sender.shared, place);
        sender
    }

    /// Whether both are places in the same channel.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(2);
    /// let first = sender.clone().try_reserve_owned().expect("two are free");
    /// let second = sender.try_reserve_owned().expect("one is free");
    /// assert!(first.same_channel(&second));
    /// ```
    #[must_use]
    pub fn same_channel(&self, other: &OwnedPermit<T>) -> bool {
        other.sender.as_ref().is_some_and(|sender| self.same_channel_as_sender(sender))
    }

    /// Whether the place is in the channel that `sender` sends into.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::channel::<u8>(1);
    /// let permit = sender.clone().try_reserve_owned().expect("one is free");
    /// assert!(permit.same_channel_as_sender(&sender));
    /// ```
    #[must_use]
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.sender.as_ref().is_some_and(|own| own.same_channel(sender))
    }

    fn take(&mut self) -> (Sender<T>, Places) {
        let taken = self.sender.take().zip(self.place.take());
        taken.expect("a permit has its place until it is used")
    }
}

impl<T> Drop for OwnedPermit<T> {
    fn drop(&mut self) {
        if let (Some(sender), Some(place)) = (&self.sender, self.place.take()) {
            give_back(&sender.shared, place);
        }
    }
}

fn send<T>(
    shared: &Shared<T>,
    place: Places,
    site: &'static Location<'static>,
    message: T,
) -> Result<(), T> {
    shared.object.immediate_at("send", Access::Change, site);
    let sent = shared.lock().send_reserved(place, message, Stamp::here);
    if sent.is_err() {
        shared.object.remark(|| GONE.into());
    }
    sent.map(Wakeups::wake)
}

#[track_caller]
fn give_back<T>(shared: &Shared<T>, places: Places) {
    shared.object.immediate("release", Access::Change);
    shared.object.publish();
    let woken = shared.lock().release(places);
    woken.wake();
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Permit of {:?}>", self.sender)
    }
}

impl<T> fmt::Debug for PermitIterator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<PermitIterator of {:?} [left:{}]>", self.sender, self.places.count())
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sender {
            Some(sender) => write!(f, "<OwnedPermit of {sender:?}>"),
            None => f.write_str("<OwnedPermit [used]>"),
        }
    }
}
