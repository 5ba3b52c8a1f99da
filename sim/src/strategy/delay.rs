//! Delay-bounded random search: the plain schedule, but for a few delays at random points
//! (after Emmi, Qadeer, Rakamarić, POPL 2011).

use super::{Divergence, Point, Strategy};
use crate::choice::Label;
use crate::streams::{Stream, Streams};

/// Takes plain schedule choices, but for `delays` of them, drawn among the first `length`, where
/// whoever would have come first is passed over. Where more than a few dozen turns are ready, more
/// than seven delays at the same point pass over some that are not the oldest.
///
/// The systematic form, which exhausts all schedules with so many deviations, is
/// [`Systematic::bounded`](super::Systematic::bounded).
#[derive(Clone, Debug)]
pub struct Delay {
    delays: u32,
    length: u32,
    /// Drawn at the first choice, ascending.
    delayed: Option<Vec<u32>>,
    points: u32,
}

impl Delay {
    /// Delays at `delays` out of `length` scheduling points.
    #[must_use]
    pub fn new(delays: u32, length: u32) -> Delay {
        Delay { delays, length: length.max(1), delayed: None, points: 0 }
    }
}

impl Strategy for Delay {
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>> {
        if point.label != Label::Schedule {
            return Ok(point.draw(streams));
        }
        let (delays, length) = (self.delays, self.length);
        let delayed = self.delayed.get_or_insert_with(|| {
            let mut delayed: Vec<u32> =
                (0..delays).map(|_| streams.below(Stream::Strategy, length)).collect();
            delayed.sort_unstable();
            delayed
        });
        let now = self.points;
        self.points += 1;
        let skips = delayed.iter().filter(|&&at| at == now).count() as u32;
        Ok(skips.min(point.arity - 1))
    }
}
