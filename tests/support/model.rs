//! What programs may do, said a second time: a small-step semantics with explicit states,
//! written without the engine.
//!
//! A [`State`] stands at a point where something is to be decided. [`State::take`] decides it
//! and goes on to the next such point. So the same state machine can be searched exhaustively
//! ([`explore`]), and be led along the tape of a run of the engine ([`follow`]).

mod code;
mod search;
mod state;

pub(crate) use search::{Explored, divergence, explore, follow};
pub(crate) use state::Mode;
