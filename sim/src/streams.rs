//! The random streams of a run: ChaCha8, one stream per label.
//!
//! The key is the run's (base seed, run number); the stream number is the label's. So drawing
//! data does not move the schedule, and every run of a hunt can be remade by itself.

use rand_chacha::rand_core::block::Generator;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_chacha::{ChaCha8Core, ChaCha8Rng};

use crate::choice::Label;
use crate::seed::RunId;

/// Which stream to draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Draws that decide a choice of this label.
    Choice(Label),
    /// Draws that a strategy makes for itself, such as priorities.
    Strategy,
    /// Draws of which faults a run has.
    Swarm,
}

/// How many streams there are beside the first.
const OTHERS: usize = 5;

impl Stream {
    const fn number(self) -> usize {
        match self {
            Stream::Choice(label) => label as usize,
            Stream::Strategy => 4,
            Stream::Swarm => 5,
        }
    }
}

/// The streams of one run, each made at its first draw.
#[derive(Debug)]
pub struct Streams {
    run: RunId,
    first: FirstStream,
    /// From number 1 on.
    others: [Option<ChaCha8Rng>; OTHERS],
}

/// How many words are generated at a time.
const WORDS: usize = 64;

/// Stream 0, that of schedule choices, from which nearly every run draws. It is what a generator
/// with this number gives, and is begun where it is: a generator is moved there, with all its words.
#[derive(Debug)]
struct FirstStream {
    /// There since the first draw.
    core: Option<ChaCha8Core>,
    words: [u32; WORDS],
    /// Which of the words is the next; beyond the last before the first draw.
    next: usize,
}

impl FirstStream {
    const fn new() -> FirstStream {
        FirstStream { core: None, words: [0; WORDS], next: WORDS }
    }

    #[inline(always)]
    fn word(&mut self, run: RunId) -> u32 {
        match self.words.get(self.next) {
            Some(&word) => {
                self.next += 1;
                word
            }
            None => self.refill(run),
        }
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self, run: RunId) -> u32 {
        let core = self.core.get_or_insert_with(|| ChaCha8Core::from_seed(key(run)));
        core.generate(&mut self.words);
        self.next = 1;
        self.words[0]
    }
}

impl Default for Streams {
    fn default() -> Self {
        Streams::new(RunId::default())
    }
}

impl Streams {
    /// The streams of run `run`.
    #[must_use]
    pub const fn new(run: RunId) -> Streams {
        Streams { run, first: FirstStream::new(), others: [const { None }; OTHERS] }
    }

    /// The base seed, which all runs of a hunt share.
    pub(crate) const fn base(&self) -> u64 {
        self.run.seed
    }

    /// Begins the streams of another run, in place.
    pub(crate) fn restart(&mut self, run: RunId) {
        self.run = run;
        (self.first.core, self.first.next) = (None, WORDS);
        for stream in &mut self.others {
            *stream = None;
        }
    }

    /// The next raw word of a stream, uniform over all `u32`.
    #[inline(always)]
    pub fn word(&mut self, stream: Stream) -> u32 {
        let Some(other) = stream.number().checked_sub(1) else { return self.first.word(self.run) };
        match &mut self.others[other] {
            Some(generator) => generator.next_u32(),
            None => self.first_word(other),
        }
    }

    #[cold]
    #[inline(never)]
    fn first_word(&mut self, other: usize) -> u32 {
        let mut generator = ChaCha8Rng::from_seed(key(self.run));
        generator.set_stream(other as u64 + 1);
        self.others[other].insert(generator).next_u32()
    }

    /// One of `arity` alternatives, from the stream of `label`: uniform, or with a weight one of
    /// those that are not plain, that many times out of 2^32.
    #[inline]
    pub fn alternative(&mut self, label: Label, arity: u32, weight: Option<u32>) -> u32 {
        let stream = Stream::Choice(label);
        match weight {
            None => self.below(stream, arity),
            Some(weight) if self.word(stream) >= weight => 0,
            Some(_) if arity == 2 => 1,
            Some(_) => 1 + self.below(stream, arity - 1),
        }
    }

    /// A number below `bound`, uniform, by Lemire's multiplication with rejection (2019).
    ///
    /// Ours rather than `rand`'s, so that no new version of it moves a seed.
    ///
    /// # Panics
    /// If `bound` is zero.
    #[inline(always)]
    pub fn below(&mut self, stream: Stream, bound: u32) -> u32 {
        assert!(bound > 0, "no number lies below zero");
        let mut product = u64::from(self.word(stream)) * u64::from(bound);
        if (product as u32) < bound {
            let threshold = bound.wrapping_neg() % bound;
            while (product as u32) < threshold {
                product = u64::from(self.word(stream)) * u64::from(bound);
            }
        }
        (product >> 32) as u32
    }
}

/// The key of all streams of a run.
fn key(run: RunId) -> [u8; 32] {
    let mut key = *b"________________unpick streams 1";
    key[..8].copy_from_slice(&run.seed.to_le_bytes());
    key[8..16].copy_from_slice(&run.number.to_le_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of these numbers moves every seed that anybody has written down.
    #[test]
    fn the_raw_streams_are_pinned() {
        let mut streams = Streams::new(RunId::new(0x5eed, 41));
        let schedule: Vec<u32> =
            (0..4).map(|_| streams.word(Stream::Choice(Label::Schedule))).collect();
        let data: Vec<u32> = (0..4).map(|_| streams.word(Stream::Choice(Label::Data))).collect();
        let strategy: Vec<u32> = (0..4).map(|_| streams.word(Stream::Strategy)).collect();
        assert_eq!([schedule, data, strategy], PINNED.map(Vec::from));
    }

    const PINNED: [[u32; 4]; 3] = [
        [2953744046, 1431594380, 1983255223, 1942498036],
        [3620366562, 1641696589, 4228799426, 77447611],
        [665390293, 4168169032, 3635899954, 276163155],
    ];

    #[test]
    fn every_stream_is_what_a_generator_with_its_number_gives() {
        let run = RunId::new(0x5eed, 41);
        let mut streams = Streams::new(RunId::new(7, 7));
        let choices = Label::ALL.map(Stream::Choice);
        for stream in choices.into_iter().chain([Stream::Strategy, Stream::Swarm]) {
            let mut generator = ChaCha8Rng::from_seed(key(run));
            generator.set_stream(stream.number() as u64);
            // What an earlier run has drawn is of no importance.
            streams.restart(RunId::new(7, 7));
            let _other = streams.word(stream);
            streams.restart(run);
            for number in 0..10 * WORDS {
                assert_eq!(streams.word(stream), generator.next_u32(), "{stream:?} {number}");
            }
        }
    }

    #[test]
    fn a_stream_is_not_moved_by_another() {
        let mut alone = Streams::new(RunId::new(1, 2));
        let mut beside = Streams::new(RunId::new(1, 2));
        for _ in 0..200 {
            beside.word(Stream::Choice(Label::Data));
            let stream = Stream::Choice(Label::Schedule);
            assert_eq!(alone.word(stream), beside.word(stream));
        }
    }

    #[test]
    fn bounded_draws_are_uniform() {
        let mut streams = Streams::new(RunId::new(7, 7));
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[streams.below(Stream::Strategy, 6) as usize] += 1;
        }
        assert!(counts.iter().all(|&count| (9_600..=10_400).contains(&count)), "{counts:?}");
    }
}
