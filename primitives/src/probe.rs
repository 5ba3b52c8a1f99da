//! What the primitives tell the engine.
//!
//! With the feature `sim` it is the engine's own probe API. Without it, stand-ins with the same
//! methods do nothing, so that each primitive is written once.

#[cfg(not(feature = "sim"))]
mod absent;

#[cfg(not(feature = "sim"))]
pub(crate) use absent::{
    Access, Announced, Cause, Door, Effect, Entry, Hold, Mode, Object, Operation, Passage,
    Spurious, Stamp, Ticket, Wakeup, enter, is_inside_run,
};
#[cfg(feature = "sim")]
pub(crate) use unpick_sim::probe::{
    Access, Announced, Cause, Door, Effect, Entry, Hold, Mode, Object, Operation, Passage,
    Spurious, Stamp, Ticket, Wakeup, enter, is_inside_run,
};
