//! Lockstep: every task one operation at a time, in turn.

use super::{Divergence, Point, Strategy};
use crate::choice::Label;
use crate::streams::Streams;

/// Gives way before every operation, to the turn that has been ready longest: so that all tasks
/// go forward together. One run of it finds what needs all of them to be half-way at once, such
/// as philosophers who each hold one fork.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lockstep;

impl Strategy for Lockstep {
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>> {
        Ok(match point.label {
            Label::Schedule => u32::from(point.in_place.is_some()),
            _ => point.draw(streams),
        })
    }
}
