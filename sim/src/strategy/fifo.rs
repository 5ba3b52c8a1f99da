//! The plain strategy: always alternative 0.

use super::{Divergence, Point, Strategy};
use crate::streams::Streams;

/// What a first-in-first-out event loop would do: no deviation, no fault, the smallest data.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fifo;

impl Strategy for Fifo {
    fn choose(&mut self, _: &Point<'_>, _: &mut Streams) -> Result<u32, Box<Divergence>> {
        Ok(0)
    }
}
