//! A lock and a channel, instrumented through the probe API alone, as anybody could do it.

mod channel;
mod lock;

pub(crate) use channel::Channel;
pub(crate) use lock::Lock;
