//! What makes two findings the same bug.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Blocked, Finding, Kind, Place, Wait};

/// What two findings have in common when they are the same bug: the kind, the place, what it is
/// about, and the shape of the tasks that wait.
///
/// Nothing in it depends on numbers that another schedule moves:
/// - of a panic's or an error's message the first line counts, with every number replaced by
///   `#`, so that `left: 1` and `left: 2` of one assertion are one bug, and two assertions are two;
/// - an object without a name is its kind (`lock#2@main.1` is `lock`);
/// - of tasks that wait it is operation, object and place that count, not who or how many. If some
///   of them wait for one another in a ring, only those count: who is stuck behind the ring does
///   not matter.
///
/// # Examples
/// ```
/// use unpick_sim::Run;
///
/// let fails = |balance: u32| Run::new().execute(move || async move {
///     assert_eq!(balance, 100, "the balance is {balance}");
/// });
/// let [left, right] = [fails(90), fails(80)].map(|outcome| outcome.result.unwrap_err());
/// assert_ne!(left, right);
/// assert_eq!(left.signature(), right.signature());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature {
    kind: Kind,
    place: Option<Place>,
    about: String,
    /// Invariant: ascending, none twice; each ascending in itself.
    blocked: Vec<Vec<Waiting>>,
}

/// What one task waits for, whoever it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Waiting {
    /// Such as `acquire`; empty for an unknown future.
    operation: &'static str,
    /// Kind and name, or the kind alone.
    object: Option<String>,
    /// Where it waits; for an unknown future where its task was spawned.
    place: Option<Place>,
}

impl Signature {
    /// The signature of a finding.
    #[must_use]
    pub fn of(finding: &Finding) -> Signature {
        let about = match (finding.kind, &finding.subject) {
            (Kind::Panic | Kind::Error | Kind::Property | Kind::Crash | Kind::Hang, _) => {
                without_numbers(first_line(&finding.message))
            }
            (_, Some(subject)) => without_number(subject),
            (_, None) => String::new(),
        };
        let shapes: BTreeSet<Vec<Waiting>> = core(&finding.blocked).map(shape).collect();
        let (kind, place) = (finding.kind, finding.place.clone());
        Signature { kind, place, about, blocked: shapes.into_iter().collect() }
    }

    /// The kind of the findings that have it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What it is about: a subject, or a message without its numbers; empty if that is not known.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// The same without lines of source files, which an edit of the program moves.
    #[must_use]
    pub fn without_lines(&self) -> Signature {
        let lineless = |place: &Place| Place { file: place.file.clone(), line: 0, column: 0 };
        let blocked = self.blocked.iter().map(|shape| {
            let waits = shape.iter().map(|waiting| Waiting {
                place: waiting.place.as_ref().map(lineless),
                ..waiting.clone()
            });
            waits.collect::<Vec<Waiting>>()
        });
        Signature {
            kind: self.kind,
            place: self.place.as_ref().map(lineless),
            about: self.about.clone(),
            blocked: blocked.collect::<BTreeSet<_>>().into_iter().collect(),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if !self.about.is_empty() {
            write!(f, " ({})", self.about)?;
        }
        if let Some(place) = &self.place {
            write!(f, " at {place}")?;
        }
        for (number, shape) in self.blocked.iter().enumerate() {
            f.write_str(if number == 0 { ": " } else { "; " })?;
            for (number, waiting) in shape.iter().enumerate() {
                write!(f, "{}{waiting}", if number == 0 { "" } else { " or " })?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = if self.operation.is_empty() { "unknown" } else { self.operation };
        f.write_str(operation)?;
        if let Some(object) = &self.object {
            write!(f, " {object}")?;
        }
        if let Some(place) = &self.place {
            write!(f, " at {place}")?;
        }
        Ok(())
    }
}

/// The tasks that wait for one another in rings; all of them if there is no ring.
fn core(blocked: &[Blocked]) -> impl Iterator<Item = &Blocked> {
    let tasks = blocked.iter().enumerate();
    let numbers: BTreeMap<&str, usize> =
        tasks.map(|(number, blocked)| (blocked.task.as_str(), number)).collect();
    let mut edges: Vec<(usize, usize)> = Vec::new();
    for (from, blocked) in blocked.iter().enumerate() {
        let holders = blocked.waits.iter().flat_map(|wait| &wait.holders);
        let holders = holders.filter_map(|holder| numbers.get(holder.task.as_str()));
        edges.extend(holders.map(|&to| (from, to)));
    }
    // Whoever waits for none of the others, or is waited for by none, is in no ring. Each round
    // takes at least one edge away.
    loop {
        let mut ends = vec![(false, false); blocked.len()];
        for &(from, to) in &edges {
            ends[from].0 = true;
            ends[to].1 = true;
        }
        let before = edges.len();
        edges.retain(|&(from, to)| ends[from] == (true, true) && ends[to] == (true, true));
        if edges.len() == before {
            break;
        }
    }
    let mut inside = vec![edges.is_empty(); blocked.len()];
    for (from, to) in edges {
        (inside[from], inside[to]) = (true, true);
    }
    blocked.iter().zip(inside).filter(|(_, inside)| *inside).map(|(blocked, _)| blocked)
}

fn shape(blocked: &Blocked) -> Vec<Waiting> {
    if blocked.waits.is_empty() {
        return vec![Waiting { operation: "", object: None, place: blocked.spawned.clone() }];
    }
    let waits = blocked.waits.iter().map(|Wait { operation, object, place, .. }| Waiting {
        operation,
        object: object.as_deref().map(without_number),
        place: Some(place.clone()),
    });
    waits.collect::<BTreeSet<Waiting>>().into_iter().collect()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The title of an object that has no name is its kind and a number: `lock#2@main.1`. What is
/// left is the kind.
fn without_number(title: &str) -> String {
    let is_named = title.contains(' ');
    let kind = title.split_once('#').filter(|_| !is_named).map(|(kind, _)| kind);
    kind.unwrap_or(title).to_owned()
}

/// Every number is `#`: those that stand alone, hexadecimal or not, and those in words.
fn without_numbers(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let end = rest.find(|letter| is_word(letter) != is_word(first)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if first.is_ascii_digit() {
            plain.push('#');
        } else {
            let mut was_digit = false;
            for letter in word.chars() {
                if !letter.is_ascii_digit() {
                    plain.push(letter);
                } else if !was_digit {
                    plain.push('#');
                }
                was_digit = letter.is_ascii_digit();
            }
        }
        rest = after;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Holder;
    use crate::time::Instant;

    fn place(line: u32) -> Place {
        Place { file: String::from("src/pool.rs"), line, column: 1 }
    }

    fn waits(task: &str, object: &str, line: u32, holders: &[&str]) -> Blocked {
        let holder = |task: &&str| Holder {
            task: (*task).to_owned(),
            place: place(1),
            since: Instant::START,
        };
        let wait = Wait {
            operation: "acquire",
            object: Some(object.to_owned()),
            place: place(line),
            since: Instant::START,
            holders: holders.iter().map(holder).collect(),
            holders_more: 0,
        };
        Blocked { task: task.to_owned(), spawned: None, waits: vec![wait] }
    }

    fn deadlock(blocked: Vec<Blocked>) -> Signature {
        let mut finding = Finding::new(Kind::Deadlock, "stuck", Instant::START);
        finding.blocked = blocked;
        finding.signature()
    }

    #[test]
    fn numbers_are_left_out_of_messages() {
        for (text, plain) in [
            ("left 10, right 0x7f2a", "left #, right #"),
            ("worker12 of main.3.1 took 1.5 s", "worker# of main.#.# took #.# s"),
            ("nothing here", "nothing here"),
        ] {
            assert_eq!(without_numbers(text), plain);
        }
    }

    #[test]
    fn two_assertions_are_two_bugs() {
        let panic = |line, message: &str| {
            let mut finding = Finding::new(Kind::Panic, message, Instant::START);
            finding.place = Some(place(line));
            finding.signature()
        };
        assert_eq!(panic(3, "got 1\n left: a"), panic(3, "got 2\n left: b"));
        assert_ne!(panic(3, "got 1"), panic(4, "got 1"));
        assert_ne!(panic(3, "got 1"), panic(3, "missed 1"));
    }

    #[test]
    fn a_ring_is_the_same_whoever_is_stuck_behind_it() {
        let ring = || {
            vec![
                waits("main.1", "lock a", 3, &["main.2"]),
                waits("main.2", "lock b", 4, &["main.1"]),
            ]
        };
        let mut more = ring();
        more.push(waits("main.3", "lock a", 9, &["main.2"]));
        assert_eq!(deadlock(ring()), deadlock(more));
        let renumbered = vec![
            waits("main.7", "lock b", 4, &["main.9"]),
            waits("main.9", "lock a", 3, &["main.7"]),
        ];
        assert_eq!(deadlock(ring()), deadlock(renumbered));
        let elsewhere = vec![
            waits("main.1", "lock a", 5, &["main.2"]),
            waits("main.2", "lock b", 4, &["main.1"]),
        ];
        assert_ne!(deadlock(ring()), deadlock(elsewhere.clone()));
        assert_eq!(deadlock(ring()).without_lines(), deadlock(elsewhere).without_lines());
    }

    #[test]
    fn without_a_ring_all_that_wait_count() {
        let one = || waits("main.1", "notify ready", 3, &[]);
        let other = waits("main.2", "queue#2@main.1", 8, &[]);
        assert_ne!(deadlock(vec![one()]), deadlock(vec![one(), other.clone()]));
        let renumbered = waits("main.5", "queue#7", 8, &[]);
        assert_eq!(deadlock(vec![one(), other]), deadlock(vec![renumbered, one()]));
    }

    #[test]
    fn it_prints_in_one_line() {
        let text = deadlock(vec![waits("main.1", "lock#2@main.1", 3, &["main.1"])]).to_string();
        assert_eq!(text, "deadlock: acquire lock at src/pool.rs:3");
    }
}
