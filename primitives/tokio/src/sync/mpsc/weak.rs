//! Ends that could send, which do not keep the channel open.

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc as real;
use unpick_sim::probe::{Access, Object};

use super::sender::Sender;

use super::unbounded::UnboundedSender;
use crate::sync::end::End;
use crate::sync::stamped::Stamped;

/// A weak sender, which does the same for both kinds of channel.
macro_rules! weak {
    ($(#[$docs:meta])* $name:ident, $strong:ident, $shown:literal) => {
        $(#[$docs])*
        pub struct $name<T> {
            pub(super) object: Arc<Object>,
            pub(super) inner: real::$name<Stamped<T>>,
        }

        impl<T> $name<T> {
            #[doc = concat!("As tokio's [`upgrade`](real::", $shown, "::upgrade).")]
            #[track_caller]
            pub fn upgrade(&self) -> Option<$strong<T>> {
                self.object.immediate("upgrade", Access::Change);
                let inner = self.inner.upgrade()?;
                Some($strong { end: End::sender(self.object.clone()), inner })
            }

            #[doc = concat!("As tokio's [`strong_count`](real::", $shown, "::strong_count).")]
            #[track_caller]
            pub fn strong_count(&self) -> usize {
                self.object.immediate("strong_count", Access::Read);
                self.inner.strong_count()
            }

            #[doc = concat!("As tokio's [`weak_count`](real::", $shown, "::weak_count).")]
            pub fn weak_count(&self) -> usize {
                self.inner.weak_count()
            }
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                $name { object: self.object.clone(), inner: self.inner.clone() }
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(f)
            }
        }
    };
}

weak! {
    /// Becomes a sender while there are others: tokio's [`WeakSender`](real::WeakSender).
    WeakSender, Sender, "WeakSender"
}

weak! {
    /// Becomes a sender while there are others: tokio's
    /// [`WeakUnboundedSender`](real::WeakUnboundedSender).
    WeakUnboundedSender, UnboundedSender, "WeakUnboundedSender"
}
