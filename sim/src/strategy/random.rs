//! The uniform random walk.

use super::{Divergence, Point, Strategy};
use crate::streams::Streams;

/// Draws each choice evenly among its alternatives, or by its weight if it has one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl Strategy for Random {
    #[inline]
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>> {
        Ok(streams.alternative(point.label, point.arity, point.weight))
    }

    fn is_random_walk(&self) -> bool {
        true
    }
}
