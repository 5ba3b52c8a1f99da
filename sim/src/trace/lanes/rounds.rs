//! What goes round in lines that are left out.

use super::super::{Site, TaskRef};
use super::lines::Line;

/// How many lines a round has at the most.
const LINES_MAX: usize = 32;

/// How often it comes at the least.
const TIMES_MIN: usize = 3;

/// What two lines have in common that say the same: whose they are, where, and the text but for
/// its numbers.
type Key = (Option<TaskRef>, Option<Site>, String);

/// Lines that are left out, as they come.
#[derive(Default)]
pub(super) struct Rounds {
    keys: Vec<Key>,
}

/// Lines that are the same again and again, up to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Round {
    /// How many lines there are each time.
    pub(super) lines: usize,
    pub(super) times: usize,
}

impl Rounds {
    pub(super) fn add(&mut self, line: &Line) {
        let text = line.text.chars().filter(|letter| !letter.is_ascii_digit()).collect();
        self.keys.push((line.task, line.site, text));
    }

    /// The shortest round that the lines end with, if there is one that has most of them.
    pub(super) fn find(&self) -> Option<Round> {
        let count = self.keys.len();
        let times_of = |lines: usize| {
            let pairs = self.keys.iter().rev().zip(self.keys.iter().rev().skip(lines));
            1 + pairs.take_while(|(later, earlier)| later == earlier).count() / lines
        };
        let rounds = (1..=LINES_MAX).map(|lines| Round { lines, times: times_of(lines) });
        rounds
            .filter(|round| round.times >= TIMES_MIN && round.lines * round.times * 2 > count)
            .min_by_key(|round| round.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Round, Rounds};
    use crate::trace::TaskRef;

    fn rounds(lines: &str) -> Option<Round> {
        let key = |line: char| -> Key { (Some(TaskRef(0)), None, line.to_string()) };
        Rounds { keys: lines.chars().map(key).collect() }.find()
    }

    #[test]
    fn what_comes_again_and_again_up_to_the_last_line_is_a_round() {
        assert_eq!(rounds("abcabcabc"), Some(Round { lines: 3, times: 3 }));
        assert_eq!(rounds("xyabcabcabc"), Some(Round { lines: 3, times: 3 }), "after others");
        assert_eq!(rounds("bcabcabcabc"), Some(Round { lines: 3, times: 3 }), "from its middle");
        assert_eq!(rounds("aaaaaa"), Some(Round { lines: 1, times: 6 }), "the shortest");
    }

    #[test]
    fn what_comes_twice_or_is_less_than_half_is_none() {
        assert_eq!(rounds("abcabc"), None);
        assert_eq!(rounds("abcabcabcx"), None, "it does not end with it");
        assert_eq!(rounds("qwertyuiopaaa"), None);
        assert_eq!(rounds(""), None);
    }
}
