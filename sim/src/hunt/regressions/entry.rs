//! One entry of a regressions file, and its text.

use std::fmt::{self, Write};

use super::surroundings::{Surroundings, What, Who, place_all};
use crate::choice::{Choice, Label};
use crate::finding::{Finding, Kind};
use crate::seed::RunId;
use crate::tape::{Tape, Token};
use crate::trace::Trace;

/// A failure as it is kept: what it was, its tape, and what stands around each deviation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name of the finding's kind.
    pub(super) kind: String,
    /// Where it was, as `file:line`; empty if that is not known.
    pub(super) place: String,
    /// What the finding's signature says that it is about; empty if nothing.
    pub(super) about: String,
    /// The day on which it was found, as `2026-11-25`.
    pub(super) date: String,
    /// The version of Unpick that found it.
    pub(super) version: String,
    /// In which run of a hunt it was found, and by which strategy: `0x5eed/3 surw`; empty if that
    /// is not known. It is for people: another program has other runs.
    pub(super) run: String,
    pub(super) token: Token,
    pub(super) deviations: Vec<Deviation>,
}

/// A choice that was not plain, and what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deviation {
    pub(super) number: usize,
    pub(super) choice: Choice,
    pub(super) around: Surroundings,
}

impl Entry {
    /// The entry of a failure, from a traced run of it.
    #[must_use]
    pub fn new(finding: &Finding, tape: &Tape, trace: &Trace, date: impl Into<String>) -> Entry {
        let deviating = place_all(trace).into_iter().filter(|placed| !placed.choice.is_plain());
        let deviations = deviating.map(|placed| Deviation {
            number: placed.number,
            choice: placed.choice,
            around: placed.around,
        });
        Entry {
            kind: finding.kind.name().to_owned(),
            place: finding.place.as_ref().map(ToString::to_string).unwrap_or_default(),
            about: finding.signature().about().to_owned(),
            date: date.into(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run: String::new(),
            token: tape.token(),
            deviations: deviations.collect(),
        }
    }

    /// The entry, with the run of a hunt that it was found in, and that run's strategy.
    #[must_use]
    pub fn found_in(mut self, run: RunId, strategy: &str) -> Entry {
        self.run = format!("{run} {strategy}");
        self
    }

    /// In which run of a hunt it was found, and by which strategy; `None` if that is not known.
    pub(in crate::hunt) fn found(&self) -> Option<(RunId, &str)> {
        let (run, strategy) = self.run.split_once(' ')?;
        Some((run.parse().ok()?, strategy))
    }

    /// Whether this finding is the one that was kept, whatever lines the edit of a program moved.
    #[must_use]
    pub fn is_of(&self, finding: &Finding) -> bool {
        finding.kind.name() == self.kind && finding.signature().about() == self.about
    }

    /// Whether a replay ends the process that makes it, as far as is known.
    pub(in crate::hunt) fn ends_process(&self) -> bool {
        let kind = Kind::all().find(|kind| kind.name() == self.kind);
        kind.is_some_and(Kind::ends_process)
    }

    /// How many of its choices are not plain.
    pub(in crate::hunt) fn deviations(&self) -> usize {
        self.deviations.len()
    }

    /// The tape of a run that began as this one did.
    pub(in crate::hunt) fn tape_of(&self, choices: Vec<Choice>) -> Tape {
        let (switching, time) = (self.token.switching(), self.token.time());
        Tape { switching, time, choices }
    }

    /// Whether both keep the same bug: that at the same place, or, since an edit moves lines, one in
    /// the same file whose choices are the same.
    pub(super) fn is_like(&self, other: &Entry) -> bool {
        let file = |entry: &Entry| {
            entry.place.rsplit_once(':').map_or_else(String::new, |(file, _)| file.to_owned())
        };
        let choices = |entry: &Entry| {
            let deviations = entry.deviations.iter();
            deviations.map(|it| (it.choice, it.around.clone())).collect::<Vec<_>>()
        };
        let is_about_the_same = (&self.kind, &self.about) == (&other.kind, &other.about);
        let is_there = self.place == other.place
            || (file(self) == file(other) && choices(self) == choices(other));
        is_about_the_same && is_there
    }

    /// The entry in one line, to be pasted into the file.
    #[must_use]
    pub fn to_line(&self) -> String {
        let fields: Vec<String> = self.fields().map(|(name, text)| join(name, &text)).collect();
        fields.join("; ")
    }

    fn fields(&self) -> impl Iterator<Item = (&'static str, String)> {
        let head = [
            ("failure", self.kind.clone()),
            ("place", self.place.clone()),
            ("about", self.about.clone()),
            ("date", self.date.clone()),
            ("version", self.version.clone()),
            ("run", self.run.clone()),
            ("tape", self.token.to_string()),
        ];
        let head = head.into_iter().filter(|(_, text)| !text.is_empty());
        head.chain(self.deviations.iter().flat_map(Deviation::fields))
    }

    /// Reads the fields of one entry: each with the number of its line.
    pub(super) fn parse(fields: &[(usize, &str)]) -> Result<Entry, (usize, String)> {
        let mut deviations: Vec<Deviation> = Vec::new();
        let [mut kind, mut place, mut about, mut date, mut version, mut run] =
            std::array::from_fn::<String, 6, _>(|_| String::new());
        let mut token: Option<Token> = None;
        for &(line, field) in fields {
            let wrong = |text: String| (line, text);
            let (name, text) = field.split_once(' ').unwrap_or((field, ""));
            let text = decode(text).map_err(wrong)?;
            match name {
                "failure" => kind = text,
                "place" => place = text,
                "about" => about = text,
                "date" => date = text,
                "version" => version = text,
                "run" => run = text,
                "tape" => token = Some(text.parse().map_err(|error| wrong(format!("{error}")))?),
                "choice" => deviations.push(Deviation::parse(&text).map_err(wrong)?),
                _ => {
                    let Some(deviation) = deviations.last_mut() else {
                        return Err(wrong(format!(
                            "there is no field `{name}`; allowed: {FIELDS}"
                        )));
                    };
                    deviation.take(name, &text).map_err(wrong)?;
                }
            }
        }
        let line = fields.first().map_or(0, |&(line, _)| line);
        let Some(token) = token else {
            return Err((line, String::from("the entry has no field `tape`")));
        };
        if kind.is_empty() {
            return Err((line, String::from("the entry names no kind: `failure deadlock`")));
        }
        Ok(Entry { kind, place, about, date, version, run, token, deviations })
    }
}

/// What an entry may have, for error messages.
const FIELDS: &str = "failure, place, about, date, version, run, tape, choice, and after a choice task, before, after, nth, to, then";

/// The entry as a file has it: a line a field, all but the first indented.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (name, text)) in self.fields().enumerate() {
            let indent = match name {
                _ if number == 0 => "",
                "task" | "before" | "after" | "nth" | "to" | "then" => "    ",
                _ => "  ",
            };
            writeln!(f, "{indent}{}", join(name, &text))?;
        }
        Ok(())
    }
}

impl Deviation {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let Deviation { number, choice, around } = self;
        let Surroundings { task, before, after, nth, to, then } = around;
        let (label, taken, arity) = (choice.label(), choice.taken(), choice.arity());
        let mut fields = vec![("choice", format!("{number} {label} {taken}/{arity}"))];
        let who = |who: &Who| pair(&who.path, &who.name);
        let what = |what: &What| pair(&what.operation, &what.object);
        let around = [
            ("task", who(task)),
            ("before", what(before)),
            ("after", what(after)),
            ("nth", nth.to_string()),
            ("to", who(to)),
            ("then", what(then)),
        ];
        fields.extend(around.into_iter().filter(|(_, text)| !text.is_empty()));
        fields
    }

    /// Reads `4 schedule 1/3`.
    fn parse(text: &str) -> Result<Deviation, String> {
        let refuse = || {
            let labels: Vec<&str> = Label::ALL.iter().map(|label| label.name()).collect();
            format!(
                "`{text}` is no choice; allowed: a number, a label ({}), and the alternative taken \
                 out of how many, such as `4 schedule 1/3`",
                labels.join(", ")
            )
        };
        let mut words = text.split(' ');
        let (Some(number), Some(label), Some(taken), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(refuse());
        };
        let label = Label::ALL.into_iter().find(|known| known.name() == label);
        let taken = taken.split_once('/');
        let taken =
            taken.and_then(|(taken, arity)| Some((taken.parse().ok()?, arity.parse().ok()?)));
        match (number.parse(), label, taken) {
            (Ok(number), Some(label), Some((taken, arity)))
                if 0 < taken && taken < arity && arity <= Choice::ARITY_MAX =>
            {
                let choice = Choice::new(label, arity, taken);
                Ok(Deviation { number, choice, around: Surroundings::default() })
            }
            _ => Err(refuse()),
        }
    }

    /// Takes in a field that says what stands around the choice.
    fn take(&mut self, name: &str, text: &str) -> Result<(), String> {
        let (first, second) = text.split_once(' ').unwrap_or((text, ""));
        let (first, second) = (first.to_owned(), second.to_owned());
        let around = &mut self.around;
        match name {
            "task" => around.task = Who { path: first, name: second },
            "to" => around.to = Who { path: first, name: second },
            "before" => around.before = What { operation: first, object: second },
            "after" => around.after = What { operation: first, object: second },
            "then" => around.then = What { operation: first, object: second },
            "nth" => {
                around.nth =
                    text.parse().map_err(|_| format!("`nth {text}`: a number was expected"))?;
            }
            _ => return Err(format!("there is no field `{name}`; allowed: {FIELDS}")),
        }
        Ok(())
    }
}

fn pair(first: &str, second: &str) -> String {
    if second.is_empty() { first.to_owned() } else { format!("{first} {second}") }
}

fn join(name: &str, text: &str) -> String {
    let mut field = format!("{name} ");
    for letter in text.chars() {
        match letter {
            '%' | ';' | '\n' | '\r' => {
                let _ = write!(field, "%{:02x}", u32::from(letter));
            }
            _ => field.push(letter),
        }
    }
    field
}

/// Undoes what [`join`] does to `%`, `;` and line breaks.
fn decode(text: &str) -> Result<String, String> {
    let mut parts = text.trim().split('%');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        let Some(code) = code.filter(u8::is_ascii) else {
            return Err(format!(
                "`%{part}`: two hexadecimal digits below 80 were expected after `%`"
            ));
        };
        decoded.push(char::from(code));
        decoded.push_str(&part[2..]);
    }
    Ok(decoded)
}
