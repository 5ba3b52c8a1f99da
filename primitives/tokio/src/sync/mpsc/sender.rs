//! The end that sends into a channel with a bound.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use tokio::sync::mpsc as real;
use tokio::sync::mpsc::error::{SendError, SendTimeoutError, TrySendError};
use unpick_sim::probe::{Access, is_inside_run};

use super::permit::{OwnedPermit, Permit, PermitIterator};
use super::unsent::{not_sent, unsent};
use super::weak::WeakSender;
use crate::sync::blocking::would_block;
use crate::sync::end::End;
use crate::sync::stamped::Stamped;
use crate::sync::waiting::{Announced, Waiting};
use crate::sync::waking::Call;

/// Sends messages into a channel: tokio's [`Sender`](real::Sender).
pub struct Sender<T> {
    pub(super) end: End,
    pub(super) inner: real::Sender<Stamped<T>>,
}

impl<T> Sender<T> {
    /// As tokio's [`send`](real::Sender::send).
    ///
    /// # Errors
    /// If the receiver is closed or gone: with the message.
    #[track_caller]
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> + use<'_, T> {
        let place = self.place(1, "send", Location::caller());
        async move {
            match place.await {
                Ok(mut places) => {
                    let place = places.next().expect("one was reserved");
                    self.end.object.observe();
                    place.send(Stamped::new(value));
                    Ok(())
                }
                Err(SendError(())) => Err(SendError(value)),
            }
        }
    }

    /// Waits for places, which is an operation of this name.
    fn place(
        &self,
        n: usize,
        name: &'static str,
        site: &'static Location<'static>,
    ) -> Announced<'_, impl Future<Output = Result<Places<'_, T>, SendError<()>>> + use<'_, T>>
    {
        let waiting = Waiting::for_object(name, site);
        Announced::new(&self.end.object, waiting, self.inner.reserve_many(n))
    }

    /// As tokio's [`closed`](real::Sender::closed).
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> + use<'_, T> {
        let waiting = Waiting::for_news("closed", Access::Read, Location::caller());
        Announced::new(&self.end.object, waiting, self.inner.closed())
    }

    /// As tokio's [`try_send`](real::Sender::try_send).
    ///
    /// # Errors
    /// If no place is free, or the receiver is closed or gone: with the message.
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let stamped = Stamped::new(message);
        if !is_inside_run() {
            return self.inner.try_send(stamped).map_err(not_sent);
        }
        self.end.object.immediate("try_send", Access::Change);
        self.end.object.observe();
        let _call = Call::begin();
        self.inner.try_send(stamped).map_err(not_sent)
    }

    /// As tokio's [`send_timeout`](real::Sender::send_timeout).
    ///
    /// # Errors
    /// If no place is free in time, or the receiver is closed or gone: with the message.
    #[track_caller]
    pub fn send_timeout(
        &self,
        value: T,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), SendTimeoutError<T>>> + use<'_, T> {
        let place = self.place(1, "send", Location::caller());
        async move {
            match crate::time::timeout(timeout, place).await {
                Ok(Ok(mut places)) => {
                    let place = places.next().expect("one was reserved");
                    self.end.object.observe();
                    place.send(Stamped::new(value));
                    Ok(())
                }
                Ok(Err(SendError(()))) => Err(SendTimeoutError::Closed(value)),
                Err(_) => Err(SendTimeoutError::Timeout(value)),
            }
        }
    }

    /// As tokio's [`blocking_send`](real::Sender::blocking_send).
    ///
    /// # Errors
    /// If the receiver is closed or gone: with the message.
    ///
    /// # Panics
    /// As tokio's; and inside of a run, if no place is free.
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        let stamped = Stamped::new(value);
        if !is_inside_run() {
            return self.inner.blocking_send(stamped).map_err(unsent);
        }
        self.end.object.immediate("blocking_send", Access::Change);
        self.end.object.observe();
        let _call = Call::begin();
        match self.inner.try_send(stamped) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(stamped)) => Err(SendError(stamped.message)),
            Err(TrySendError::Full(_)) => would_block("blocking_send", &self.end.object),
        }
    }

    /// As tokio's [`is_closed`](real::Sender::is_closed).
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.object.immediate("is_closed", Access::Read);
        self.inner.is_closed()
    }

    /// As tokio's [`reserve`](real::Sender::reserve).
    ///
    /// # Errors
    /// If the receiver is closed or gone.
    #[track_caller]
    pub fn reserve(&self) -> impl Future<Output = Result<Permit<'_, T>, SendError<()>>> {
        let waiting = Waiting::for_object("reserve", Location::caller());
        let reserve = Announced::new(&self.end.object, waiting, self.inner.reserve());
        async move { Ok(Permit::new(&self.end.object, reserve.await?)) }
    }

    /// As tokio's [`reserve_many`](real::Sender::reserve_many).
    ///
    /// # Errors
    /// If the receiver is closed or gone, or there are fewer places.
    #[track_caller]
    pub fn reserve_many(
        &self,
        n: usize,
    ) -> impl Future<Output = Result<PermitIterator<'_, T>, SendError<()>>> {
        let places = self.place(n, "reserve", Location::caller());
        async move { Ok(PermitIterator::new(&self.end.object, places.await?)) }
    }

    /// As tokio's [`reserve_owned`](real::Sender::reserve_owned).
    ///
    /// # Errors
    /// If the receiver is closed or gone.
    #[track_caller]
    pub fn reserve_owned(self) -> impl Future<Output = Result<OwnedPermit<T>, SendError<()>>> {
        let waiting = Waiting::for_object("reserve", Location::caller());
        async move {
            let Sender { end, inner } = self;
            let reserve = Announced::new(&end.object, waiting, inner.reserve_owned());
            let permit = reserve.await?;
            Ok(OwnedPermit::new(end, permit))
        }
    }

    /// As tokio's [`try_reserve`](real::Sender::try_reserve).
    ///
    /// # Errors
    /// If no place is free, or the receiver is closed or gone.
    #[track_caller]
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        self.end.object.immediate("try_reserve", Access::Change);
        Ok(Permit::new(&self.end.object, self.inner.try_reserve()?))
    }

    /// As tokio's [`try_reserve_many`](real::Sender::try_reserve_many).
    ///
    /// # Errors
    /// If fewer places are free, or the receiver is closed or gone.
    #[track_caller]
    pub fn try_reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        self.end.object.immediate("try_reserve", Access::Change);
        Ok(PermitIterator::new(&self.end.object, self.inner.try_reserve_many(n)?))
    }

    /// As tokio's [`try_reserve_owned`](real::Sender::try_reserve_owned).
    ///
    /// # Errors
    /// If no place is free, or the receiver is closed or gone: with the sender.
    #[track_caller]
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        let Sender { end, inner } = self;
        end.object.immediate("try_reserve", Access::Change);
        match inner.try_reserve_owned() {
            Ok(permit) => Ok(OwnedPermit::new(end, permit)),
            Err(TrySendError::Full(inner)) => Err(TrySendError::Full(Sender { end, inner })),
            Err(TrySendError::Closed(inner)) => Err(TrySendError::Closed(Sender { end, inner })),
        }
    }

    /// As tokio's [`same_channel`](real::Sender::same_channel).
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// As tokio's [`capacity`](real::Sender::capacity).
    #[track_caller]
    pub fn capacity(&self) -> usize {
        self.end.object.immediate("capacity", Access::Read);
        self.inner.capacity()
    }

    /// As tokio's [`downgrade`](real::Sender::downgrade).
    #[must_use = "Downgrade creates a WeakSender without destroying the original non-weak sender."]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender { object: self.end.object.clone(), inner: self.inner.downgrade() }
    }

    /// As tokio's [`max_capacity`](real::Sender::max_capacity).
    pub fn max_capacity(&self) -> usize {
        self.inner.max_capacity()
    }

    /// As tokio's [`strong_count`](real::Sender::strong_count).
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.end.object.immediate("strong_count", Access::Read);
        self.inner.strong_count()
    }

    /// As tokio's [`weak_count`](real::Sender::weak_count).
    pub fn weak_count(&self) -> usize {
        self.inner.weak_count()
    }
}

/// Places that tokio has reserved.
type Places<'a, T> = real::PermitIterator<'a, Stamped<T>>;

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender { end: self.end.clone(), inner: self.inner.clone() }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
