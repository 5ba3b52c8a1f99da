//! Errors of what is really sent, as errors of the message.

use tokio::sync::mpsc::error::{SendError, TrySendError};

use crate::sync::stamped::Stamped;

pub(super) fn unsent<T>(SendError(stamped): SendError<Stamped<T>>) -> SendError<T> {
    SendError(stamped.message)
}

pub(super) fn not_sent<T>(error: TrySendError<Stamped<T>>) -> TrySendError<T> {
    match error {
        TrySendError::Full(stamped) => TrySendError::Full(stamped.message),
        TrySendError::Closed(stamped) => TrySendError::Closed(stamped.message),
    }
}
