//! Which run it is: a base seed and a run number, written `0x5eed/41`.

use std::fmt;
use std::str::FromStr;

/// Which run it is: its random streams follow from it. Within a hunt it remakes the run's strategy
/// and parameters as well, through [`Hunt::run_one`](crate::hunt::Hunt::run_one).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId {
    /// The hunt's base seed.
    pub seed: u64,
    /// The number of the run in its hunt, from 0.
    pub number: u64,
}

impl RunId {
    /// Run `number` of the hunt with base seed `seed`.
    #[must_use]
    pub const fn new(seed: u64, number: u64) -> RunId {
        RunId { seed, number }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}/{}", self.seed, self.number)
    }
}

/// Reads `0x5eed/41`, `24301/41`, or a seed alone, which is its run 0.
impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, RunIdError> {
        let error = || RunIdError { text: text.to_owned() };
        let (seed, number) = text.split_once('/').unwrap_or((text, "0"));
        let seed = match seed.strip_prefix("0x").or_else(|| seed.strip_prefix("0X")) {
            Some(digits) if !digits.starts_with('+') => u64::from_str_radix(digits, 16),
            Some(_) => return Err(error()),
            None => seed.parse(),
        };
        let seed = seed.map_err(|_| error())?;
        let number = number.parse().map_err(|_| error())?;
        Ok(RunId { seed, number })
    }
}

/// A text that names no run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunIdError {
    text: String,
}

impl fmt::Display for RunIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a seed; allowed: a seed such as `0x5eed` or `24301`, \
             or a seed and a run number such as `0x5eed/41`, each below 2^64",
            self.text
        )
    }
}

impl std::error::Error for RunIdError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_survives_print_and_parse() {
        for id in [RunId::new(0x5eed, 41), RunId::new(0, 0), RunId::new(u64::MAX, u64::MAX)] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert_eq!("24301".parse(), Ok(RunId::new(0x5eed, 0)));
    }

    #[test]
    fn a_text_that_is_no_run_id_is_named() {
        for text in ["", "seed", "0x", "0x5eed/", "1/2/3", "-1", "0x+1", "0x1_0000"] {
            let error = text.parse::<RunId>().expect_err("not a run id");
            assert!(error.to_string().starts_with(&format!("`{text}` is not a seed")));
        }
    }
}
