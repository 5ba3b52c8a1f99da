//! The uniform random walk.

use super::{Divergence, Point, Strategy};
use crate::streams::{Stream, Streams};

/// Draws each choice evenly among its alternatives, or by its weight if it has one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl Strategy for Random {
    #[inline]
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Divergence> {
        Ok(draw(point, streams))
    }
}

/// An alternative at random, from the stream of the point's label.
#[inline]
pub(crate) fn draw(point: &Point<'_>, streams: &mut Streams) -> u32 {
    let stream = Stream::Choice(point.label);
    match point.weight {
        None => streams.below(stream, point.arity),
        Some(weight) => u32::from(streams.word(stream) < weight),
    }
}
