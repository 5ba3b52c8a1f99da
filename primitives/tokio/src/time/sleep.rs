//! Sleeping until an instant.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use unpick_sim::time::Instant as Virtual;

use super::{DELAY_MAX, Instant};
use crate::inside::is_inside;

/// Waits until `duration` has passed.
///
/// # Cancel safety
/// Dropping it cancels the timer and has no other effect.
///
/// # Panics
/// Outside of a run and of a runtime that has time turned on.
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(Instant::now() + duration.min(DELAY_MAX))
}

/// Waits until `deadline`.
///
/// # Cancel safety
/// Dropping it cancels the timer and has no other effect.
///
/// # Panics
/// Outside of a run and of a runtime that has time turned on.
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    let kind = if is_inside() {
        Kind::Run {
            sleep: unpick_sim::time::sleep_until(due(deadline)),
            deadline,
            has_begun: false,
        }
    } else {
        Kind::Tokio { sleep: tokio::time::sleep_until(deadline.into()) }
    };
    Sleep { kind }
}

/// When a timer for this instant is due: at the next whole millisecond.
fn due(deadline: Instant) -> Virtual {
    const TICK_NS: u64 = 1_000_000;
    let nanos = deadline.in_run().as_nanos();
    Virtual::from_nanos(nanos.checked_next_multiple_of(TICK_NS).unwrap_or(u64::MAX))
}

pin_project! {
    /// The future of [`sleep`] and [`sleep_until`].
    #[project(!Unpin)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct Sleep {
        #[pin]
        kind: Kind,
    }
}

pin_project! {
    #[project = KindProjection]
    #[derive(Debug)]
    enum Kind {
        Tokio { #[pin] sleep: tokio::time::Sleep },
        Run {
            sleep: unpick_sim::time::Sleep,
            deadline: Instant,
            // As in tokio, it is over only once it was polled or given a deadline.
            has_begun: bool,
        },
    }
}

impl Sleep {
    /// When it is over.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        match &self.kind {
            Kind::Tokio { sleep } => sleep.deadline().into(),
            Kind::Run { deadline, .. } => *deadline,
        }
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        match &self.kind {
            Kind::Tokio { sleep } => sleep.is_elapsed(),
            Kind::Run { sleep, has_begun, .. } => *has_begun && sleep.is_elapsed(),
        }
    }

    /// Gives it another deadline, whether it was over or not. It wakes whoever polled it last.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        match self.project().kind.project() {
            KindProjection::Tokio { sleep } => sleep.reset(deadline.into()),
            KindProjection::Run { sleep, deadline: kept, has_begun } => {
                sleep.reset(due(deadline));
                (*kept, *has_begun) = (deadline, true);
            }
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project().kind.project() {
            KindProjection::Tokio { sleep } => sleep.poll(cx),
            KindProjection::Run { sleep, has_begun, .. } => {
                *has_begun = true;
                Pin::new(sleep).poll(cx)
            }
        }
    }
}
