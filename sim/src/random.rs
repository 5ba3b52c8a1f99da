//! Data and faults drawn by the program under test, from the tape.

use std::convert::Infallible;
use std::panic::Location;

use rand::TryRng;

use crate::choice::{Choice, Label};
use crate::engine::{Question, expect_run};

/// A random generator whose every draw is a choice on the tape: it is replayed, and shrunk
/// towards zeros.
///
/// A word of data is drawn 16 bits at a time, the high ones first. Works with everything that
/// `rand` offers.
///
/// # Examples
/// ```
/// use rand::RngExt;
/// use unpick_sim::Run;
///
/// let roll = || async { unpick_sim::rng().random_range(1..=6) };
/// let first = Run::new().seed(7).execute(roll);
/// let again = Run::new().seed(7).execute(roll);
/// assert_eq!(first.result, again.result);
/// ```
#[must_use]
#[track_caller]
pub fn rng() -> SimRng {
    SimRng { site: Location::caller() }
}

/// The generator that [`rng`] gives. Using it outside of a run panics.
#[derive(Clone, Debug)]
pub struct SimRng {
    /// Where the program asked for it: what draws from it is in another library.
    site: &'static Location<'static>,
}

impl TryRng for SimRng {
    type Error = Infallible;

    #[track_caller]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from(self.draw_u16()) << 16 | u32::from(self.draw_u16()))
    }

    #[track_caller]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let high = self.try_next_u32()?;
        Ok(u64::from(high) << 32 | u64::from(self.try_next_u32()?))
    }

    #[track_caller]
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(2) {
            chunk.copy_from_slice(&self.draw_u16().to_be_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl SimRng {
    #[track_caller]
    fn draw_u16(&self) -> u16 {
        let question = Question { label: Label::Data, arity: 1 << 16, weight: None };
        expect_run("sim::rng", |core| core.choose_at(question, self.site)) as u16
    }
}

/// Draws a number below `bound`; the plain one is 0.
///
/// # Panics
/// Outside of a run, or if `bound` is zero or above 2^30.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, pick};
///
/// let outcome = Run::new().plain().execute(|| async { pick(10) });
/// assert_eq!(outcome.result, Ok(0));
/// ```
#[track_caller]
pub fn pick(bound: usize) -> usize {
    let allowed = 1..=Choice::ARITY_MAX as usize;
    assert!(allowed.contains(&bound), "sim::pick draws below {bound}; allowed: 1 to 2^30");
    let question = Question { label: Label::Data, arity: bound as u32, weight: None };
    let site = Location::caller();
    expect_run("sim::pick", |core| core.choose_at(question, site)) as usize
}

/// Says yes with a probability; plainly, no. A fault: something that may go wrong.
///
/// # Panics
/// Outside of a run, or if `probability` is not between 0 and 1.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, chance};
///
/// let outcome = Run::new().plain().execute(|| async { chance(0.99) });
/// assert_eq!(outcome.result, Ok(false));
/// ```
#[track_caller]
pub fn chance(probability: f64) -> bool {
    match u32::try_from(weight("sim::chance", probability)) {
        Ok(0) => expect_run("sim::chance", |_| false),
        Ok(weight) => {
            let question = Question { label: Label::Fault, arity: 2, weight: Some(weight) };
            let site = Location::caller();
            expect_run("sim::chance", |core| core.choose_at(question, site)) == 1
        }
        Err(_) => expect_run("sim::chance", |_| true),
    }
}

/// A probability as a weight: out of 2^32.
#[track_caller]
#[expect(clippy::float_arithmetic, reason = "one multiplication by a power of two, which is exact")]
pub(crate) fn weight(what: &str, probability: f64) -> u64 {
    let allowed = (0.0..=1.0).contains(&probability);
    assert!(allowed, "{what} got the probability {probability}; allowed: 0 to 1");
    (probability * 4_294_967_296.0) as u64
}
