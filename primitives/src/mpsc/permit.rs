//! Places that are kept for messages to come.

use std::fmt;

use super::bounded::Sender;
use super::state::{GONE, Place, Shared};
use crate::probe::Access;

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
    place: Option<Place>,
}

impl<'a, T> Permit<'a, T> {
    pub(super) const fn new(sender: &'a Sender<T>, place: Place) -> Permit<'a, T> {
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
    pub fn send(mut self, message: T) {
        let place = self.place.take().expect("a permit has its place until it is used");
        send(&self.sender.shared, place, message);
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            give_back(&self.sender.shared, place);
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
    place: Option<Place>,
}

impl<T> OwnedPermit<T> {
    pub(super) const fn new(sender: Sender<T>, place: Place) -> OwnedPermit<T> {
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
        send(&sender.shared, place, message);
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

    fn take(&mut self) -> (Sender<T>, Place) {
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

#[track_caller]
fn send<T>(shared: &Shared<T>, place: Place, message: T) {
    shared.object.immediate("send", Access::Change);
    let sent = shared.lock().send_reserved(place, message);
    match sent {
        Ok(woken) => woken.wake(),
        Err(unreceived) => {
            shared.object.remark(|| GONE.into());
            drop(unreceived);
        }
    }
}

#[track_caller]
fn give_back<T>(shared: &Shared<T>, place: Place) {
    shared.object.immediate("release", Access::Change);
    shared.object.publish();
    let woken = shared.lock().release(place);
    woken.wake();
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Permit of {:?}>", self.sender)
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
