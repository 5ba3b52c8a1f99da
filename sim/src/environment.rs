//! What the environment asks of hunts: read here, and nowhere else.
//!
//! | variable | value | says |
//! |---|---|---|
//! | `UNPICK_SEED` | `0x5eed` | the base seed |
//! | | `0x5eed/41` | that run alone |
//! | | `random` | a base seed that is drawn, and printed |
//! | `UNPICK_TAPE` | `1pe:9@2=1~77ab03` | that tape alone, replayed strictly |
//! | `UNPICK_RUNS` | `5000`, `10x` | how many runs; how many times as many as otherwise |
//! | `UNPICK_TIME` | `30s`, `5m` | how long the runs of one hunt may take (`ms`, `s`, `m`, `h`) |
//! | `UNPICK_STRATEGY` | `pct(3)` | one strategy alone |
//! | `UNPICK_JOBS` | `2` | on how many OS threads |
//! | `UNPICK_SHARD` | `2/4` | which part of the runs, counted from 1 |
//! | `UNPICK_REPORT_DIR` | a folder | where reports are written |
//! | `UNPICK_REGRESSIONS` | a file, `off` | where failures are kept and replayed from first; nowhere |
//! | `UNPICK_TOKIO_TEST` | `hunt` | that tests under unpick-tokio's `#[tokio::test]` are hunts |
//!
//! It overrides what a test's attribute or a hunt's builder says, but for a seed in code: then the
//! hunt says that its variable was overruled. A value that makes no sense, and a variable
//! `UNPICK_…` that there is not, are errors: no test passes because its configuration was
//! misspelt. [`Hunt::run`](crate::hunt::Hunt::run) reads it, so does what proptest is given (`schedules()`, which
//! says what of it makes sense there), a [`Run`](crate::Run) never does, and
//! [`Hunt::environment`](crate::hunt::Hunt::environment) puts something else in its place.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::seed::RunId;
use crate::strategy::portfolio::Member;
use crate::tape::Token;

/// What the environment asks for. By default, nothing.
///
/// # Examples
/// ```
/// use unpick_sim::environment::{Environment, Runs};
///
/// let environment = Environment::read([("UNPICK_RUNS", "10x"), ("PATH", "/bin")]).unwrap();
/// assert_eq!(environment.runs, Some(Runs::Times(10)));
///
/// let error = Environment::read([("UNPICK_SHARD", "5/4")]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "UNPICK_SHARD=5/4: there is no such part; allowed: i/n, with i from 1 up to n, such as 2/4",
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `UNPICK_SEED`.
    pub seed: Option<Seed>,
    /// `UNPICK_TAPE`.
    pub tape: Option<Token>,
    /// `UNPICK_RUNS`.
    pub runs: Option<Runs>,
    /// `UNPICK_TIME`.
    pub time: Option<Duration>,
    /// `UNPICK_STRATEGY`.
    pub strategy: Option<Member>,
    /// `UNPICK_JOBS`.
    pub jobs: Option<usize>,
    /// `UNPICK_SHARD`: which one, from 1, of how many.
    pub shard: Option<(u64, u64)>,
    /// `UNPICK_REPORT_DIR`.
    pub report_dir: Option<PathBuf>,
    /// `UNPICK_REGRESSIONS`.
    pub regressions: Option<Regressions>,
    /// `UNPICK_TOKIO_TEST`: whether tests of tokio's are hunts.
    pub hunts_tokio_tests: bool,
}

/// What `UNPICK_SEED` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// This base seed.
    Base(u64),
    /// This run alone.
    Run(RunId),
    /// A base seed that is drawn.
    Random,
}

/// What `UNPICK_RUNS` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// So many runs.
    Exactly(u64),
    /// So many times as many as the hunt would make.
    Times(u64),
}

/// What `UNPICK_REGRESSIONS` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Regressions {
    /// Failures are kept nowhere, and none is replayed.
    Off,
    /// They are kept in this file.
    File(PathBuf),
}

/// Every variable that there is.
const NAMES: [&str; 10] = [
    "UNPICK_SEED",
    "UNPICK_TAPE",
    "UNPICK_RUNS",
    "UNPICK_TIME",
    "UNPICK_STRATEGY",
    "UNPICK_JOBS",
    "UNPICK_SHARD",
    "UNPICK_REPORT_DIR",
    "UNPICK_REGRESSIONS",
    TOKIO_TEST,
];

/// Says whether tests of tokio's are hunts.
const TOKIO_TEST: &str = "UNPICK_TOKIO_TEST";

/// Says what a process is to do that makes runs for another one, which sets it.
pub(crate) const WORKER: &str = "UNPICK_WORKER";

/// What this process is to do for another one, if it is there for that.
pub(crate) fn worker() -> Option<String> {
    std::env::var_os(WORKER).map(|orders| orders.to_string_lossy().into_owned())
}

/// Where a worker finds what hunts came to before the one that it is for.
pub(crate) const EARLIER: &str = "UNPICK_EARLIER";

/// The file with what hunts came to before, if this is a worker and there were any.
pub(crate) fn earlier() -> Option<PathBuf> {
    std::env::var_os(EARLIER).map(PathBuf::from)
}

/// Where a worker finds what is known of the trials that it is to make.
pub(crate) const TRIALS: &str = "UNPICK_TRIALS";

/// The file with what is known of trials, if this is a worker that is to make some.
pub(crate) fn trials() -> Option<PathBuf> {
    std::env::var_os(TRIALS).map(PathBuf::from)
}

/// Variables that begin so are ours.
const PREFIX: &str = "UNPICK_";

impl Environment {
    /// What these variables ask for. Those whose name does not begin with `UNPICK_` are nobody's
    /// business here.
    ///
    /// # Errors
    /// If a variable is unknown, or its value makes no sense: with what is allowed.
    pub fn read<N, V>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Environment, EnvironmentError>
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let mut environment = Environment::default();
        for (name, value) in variables {
            let name = name.into();
            let name = name.to_string_lossy();
            if name.starts_with(PREFIX) {
                environment.set(&name, value.into())?;
            }
        }
        Ok(environment)
    }

    /// What the environment of this process asks for.
    ///
    /// # Errors
    /// If a variable is unknown, or its value makes no sense: with what is allowed.
    pub fn of_process() -> Result<Environment, EnvironmentError> {
        let is_own = |name: &OsString| [WORKER, EARLIER, TRIALS].iter().any(|own| name == own);
        // The others are looked at no further: a hunt may be over in as long as that takes.
        let is_ours = |name: &OsString| name.as_encoded_bytes().starts_with(PREFIX.as_bytes());
        let ours = std::env::vars_os().filter(|(name, _)| is_ours(name) && !is_own(name));
        Environment::read(ours)
    }

    /// Whether the environment of this process asks that tests under unpick-tokio's
    /// `#[tokio::test]` be hunts. If it says nothing of them, nothing else of it is looked at.
    ///
    /// # Errors
    /// As of [`of_process`](Self::of_process).
    pub fn of_process_hunts_tokio_tests() -> Result<bool, EnvironmentError> {
        if std::env::var_os(TOKIO_TEST).is_none() {
            return Ok(false);
        }
        Environment::of_process().map(|environment| environment.hunts_tokio_tests)
    }

    fn set(&mut self, name: &str, value: OsString) -> Result<(), EnvironmentError> {
        match name {
            "UNPICK_REPORT_DIR" => self.report_dir = Some(path(name, value)?),
            "UNPICK_REGRESSIONS" if value == "off" => self.regressions = Some(Regressions::Off),
            "UNPICK_REGRESSIONS" => {
                self.regressions = Some(Regressions::File(path(name, value)?));
            }
            _ => self.set_text(name, &value.to_string_lossy())?,
        }
        Ok(())
    }

    fn set_text(&mut self, name: &str, value: &str) -> Result<(), EnvironmentError> {
        let refuse =
            |why: String| EnvironmentError { name: name.to_owned(), value: value.to_owned(), why };
        match name {
            "UNPICK_SEED" => self.seed = Some(seed(value).map_err(refuse)?),
            "UNPICK_TAPE" => {
                self.tape = Some(value.parse().map_err(|error| refuse(format!("{error}")))?);
            }
            "UNPICK_RUNS" => self.runs = Some(runs(value).map_err(refuse)?),
            "UNPICK_TIME" => self.time = Some(time(value).map_err(refuse)?),
            "UNPICK_STRATEGY" => {
                let member = Member::from_str(value).map_err(|error| refuse(error.to_string()));
                self.strategy = Some(member?);
            }
            "UNPICK_JOBS" => {
                let jobs = value.parse().ok().filter(|&jobs| jobs > 0);
                let why = || refuse(String::from("no number of jobs; allowed: a number from 1"));
                self.jobs = Some(jobs.ok_or_else(why)?);
            }
            "UNPICK_SHARD" => self.shard = Some(shard(value).map_err(refuse)?),
            TOKIO_TEST if value == "hunt" => self.hunts_tokio_tests = true,
            TOKIO_TEST => {
                return Err(refuse(String::from("no way to run them; allowed: `hunt`, or unset")));
            }
            _ => {
                let why = format!("there is no such variable; allowed: {}", NAMES.join(", "));
                return Err(refuse(why));
            }
        }
        Ok(())
    }
}

fn path(name: &str, value: OsString) -> Result<PathBuf, EnvironmentError> {
    if value.is_empty() {
        let why = String::from("no path; allowed: a path");
        return Err(EnvironmentError { name: name.to_owned(), value: String::new(), why });
    }
    Ok(PathBuf::from(value))
}

fn seed(value: &str) -> Result<Seed, String> {
    if value == "random" {
        return Ok(Seed::Random);
    }
    let id: RunId = value.parse().map_err(|error| format!("{error}, or `random`"))?;
    Ok(if value.contains('/') { Seed::Run(id) } else { Seed::Base(id.seed) })
}

fn runs(value: &str) -> Result<Runs, String> {
    let (number, is_factor) = match value.strip_suffix('x') {
        Some(number) => (number, true),
        None => (value, false),
    };
    match number.parse() {
        Ok(number) if number > 0 && is_factor => Ok(Runs::Times(number)),
        Ok(number) if number > 0 => Ok(Runs::Exactly(number)),
        _ => Err(String::from(
            "no number of runs; allowed: a number from 1 such as 5000, or how many times as many \
             as otherwise, such as 10x",
        )),
    }
}

/// The units of time, the longest name first where one ends like another.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

fn time(value: &str) -> Result<Duration, String> {
    let with_unit = UNITS.iter().find_map(|&(unit, millis)| {
        let number: u64 = value.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(millis)
    });
    match with_unit {
        Some(millis) if millis > 0 => Ok(Duration::from_millis(millis)),
        _ => Err(String::from(
            "no length of time; allowed: a number from 1 with a unit, such as 500ms, 30s, 5m or 2h",
        )),
    }
}

fn shard(value: &str) -> Result<(u64, u64), String> {
    let parts = value.split_once('/').and_then(|(ordinal, count)| {
        Some((ordinal.parse::<u64>().ok()?, count.parse::<u64>().ok()?))
    });
    parts.filter(|&(ordinal, count)| (1..=count).contains(&ordinal)).ok_or_else(|| {
        String::from("there is no such part; allowed: i/n, with i from 1 up to n, such as 2/4")
    })
}

/// A variable that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentError {
    name: String,
    value: String,
    why: String,
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}: {}", self.name, self.value, self.why)
    }
}

impl std::error::Error for EnvironmentError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str) -> Result<Environment, String> {
        Environment::read([(name, value)]).map_err(|error| error.to_string())
    }

    #[test]
    fn each_variable_says_what_its_table_says() {
        let none = Environment::default();
        let seed = |seed| Ok(Environment { seed: Some(seed), ..none.clone() });
        assert_eq!(one("UNPICK_SEED", "0x5eed"), seed(Seed::Base(0x5eed)));
        assert_eq!(one("UNPICK_SEED", "24301/41"), seed(Seed::Run(RunId::new(0x5eed, 41))));
        assert_eq!(one("UNPICK_SEED", "random"), seed(Seed::Random));
        let runs = |runs| Ok(Environment { runs: Some(runs), ..none.clone() });
        assert_eq!(one("UNPICK_RUNS", "5000"), runs(Runs::Exactly(5000)));
        assert_eq!(one("UNPICK_RUNS", "10x"), runs(Runs::Times(10)));
        for (text, millis) in [("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000)]
        {
            let time = Some(Duration::from_millis(millis));
            assert_eq!(one("UNPICK_TIME", text), Ok(Environment { time, ..none.clone() }));
        }
        let pct = Some("pct".parse().expect("there is such a strategy"));
        assert_eq!(
            one("UNPICK_STRATEGY", "pct"),
            Ok(Environment { strategy: pct, ..none.clone() })
        );
        let jobs = Some(2);
        assert_eq!(one("UNPICK_JOBS", "2"), Ok(Environment { jobs, ..none.clone() }));
        let shard = Some((2, 4));
        assert_eq!(one("UNPICK_SHARD", "2/4"), Ok(Environment { shard, ..none.clone() }));
        let hunts = Environment { hunts_tokio_tests: true, ..none.clone() };
        assert_eq!(one("UNPICK_TOKIO_TEST", "hunt"), Ok(hunts));
        assert_eq!(one("HOME", "/root"), Ok(none));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_is_allowed() {
        let refused = [
            ("UNPICK_SEED", "seed"),
            ("UNPICK_TAPE", "2pe:0"),
            ("UNPICK_RUNS", "0"),
            ("UNPICK_RUNS", "x"),
            ("UNPICK_RUNS", "0x"),
            ("UNPICK_TIME", "30"),
            ("UNPICK_TIME", "0s"),
            ("UNPICK_STRATEGY", "rnadom"),
            ("UNPICK_JOBS", "0"),
            ("UNPICK_JOBS", "two"),
            ("UNPICK_SHARD", "5/4"),
            ("UNPICK_SHARD", "0/4"),
            ("UNPICK_SHARD", "2"),
            ("UNPICK_REPORT_DIR", ""),
            ("UNPICK_REGRESSIONS", ""),
            ("UNPICK_TOKIO_TEST", "yes"),
            ("UNPICK_RNUS", "5"),
        ];
        for (name, value) in refused {
            let error = one(name, value).expect_err("it is refused");
            assert!(error.starts_with(&format!("{name}={value}: ")), "{error}");
            assert!(error.contains("allowed: ") || name == "UNPICK_TAPE", "{error}");
        }
        let unknown = one("UNPICK_RNUS", "5").expect_err("it is misspelt");
        assert!(unknown.contains("there is no such variable; allowed: UNPICK_SEED, UNPICK_TAPE,"));
    }
}
